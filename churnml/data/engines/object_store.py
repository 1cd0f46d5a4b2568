"""Object stores: folders and files at an address such as ``s3://``, read and written with the user's own credentials.

Arrow reaches S3, Google Cloud Storage and Azure by itself; what fsspec knows besides comes with an extra.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from churnml.data.engines.addresses import without_password
from churnml.data.engines.inside import is_inside
from churnml.errors import ChurnmlError, InputError, MissingExtraError, OutsideError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

_OF_DATABASES = {"postgres", "postgresql", "pyspark", "mysql", "mariadb"}
_OF_ARROW = {"s3", "gs", "gcs", "abfs", "abfss"}
_OF_WEB = {"http", "https"}
_SHOWN = 3
_AT_ONCE = 8
"""Files that are copied at a time, each in pieces of a megabyte."""
_KEYS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE and ~/.aws/credentials",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, or gcloud auth application-default login",
    "abfss": "AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or az login",
}
_KEYS |= {"gcs": _KEYS["gs"], "abfs": _KEYS["abfss"]}
_DENIED = re.compile(
    r"ACCESS_DENIED|SIGNATURE|INVALID_ACCESS_KEY|INVALID_CLIENT_TOKEN|EXPIRED_TOKEN|UNAUTHENTICATED|PERMISSION_DENIED"
    r"|Unauthorized|Forbidden|credential|Authenti|Authoriz|UnsupportedAlgorithm|HTTP status 40[013]|\b40[13]\b",
    re.IGNORECASE,
)
_NO_BUCKET = re.compile(
    r"NO_SUCH_BUCKET|Bucket '.*' not found|bucket.* does not exist|ContainerNotFound", re.IGNORECASE
)


def is_stored(place: object) -> bool:
    """Tell whether a place is an address of files, and neither a path nor a database.

    Examples
    --------
    >>> is_stored("s3://shop/2025"), is_stored("exports/2025"), is_stored("mysql://db/shop")
    (True, False, False)
    """
    return isinstance(place, str) and "://" in place and urlsplit(place).scheme.lower() not in _OF_DATABASES


@dataclass(frozen=True, kw_only=True)
class Location:
    """A folder or file of an object store.

    Attributes
    ----------
    shown : str
        Address as people may read it.
    scheme : str
        What the address begins with, such as ``s3``.
    system : Arrow file system
        File system that the address speaks of.
    path : str
        Path within it.
    """

    shown: str
    scheme: str
    system: FileSystem
    path: str

    @property
    def name(self) -> str:
        """Name of the file or folder."""
        return PurePosixPath(unquote(urlsplit(self.path).path) if self.scheme in _OF_WEB else self.path).name

    @property
    def is_file(self) -> bool | None:
        """Whether it is a file; None where there is nothing."""
        from pyarrow.fs import FileType

        if self.scheme in _OF_WEB:  # which does not tell
            return bool(PurePosixPath(self.name).suffix)
        with self.failing():
            kind = self.system.get_file_info(self.path).type
        return None if kind == FileType.NotFound else kind == FileType.File

    def files(self) -> list[str]:
        """Return the names of the files below it, in their order.

        Raises
        ------
        InputError
            Where a name leads out of the folder: stores allow it, and a copy would be written to wherever it leads.
        OutsideError
            Where the store does not answer, or fails.
        """
        from pyarrow.fs import FileSelector, FileType

        with self.failing():
            selector = FileSelector(self.path, allow_not_found=True, recursive=True)
            listed = [info.path for info in self.system.get_file_info(selector) if info.type == FileType.File]
        names = {path.removeprefix(self.path).strip("/") for path in listed}
        astray = [name for name in sorted(names) if not is_inside(Path(), Path(name))]
        if astray:
            raise InputError(
                f"{self.shown}: names lead out of the folder ({', '.join(astray[:_SHOWN])}). Rename what is called so "
                "there, or name another folder."
            )
        # A folder may be kept as an empty object of its name.
        return sorted(names - {str(folder) for name in names for folder in PurePosixPath(name).parents})

    def fetch(self, names: Collection[str], folder: Path) -> None:
        """Copy files below it into a folder, under their names."""
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with self.failing(), ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda name: self._fetch(self.below(name), folder / name), names))

    def fetch_file(self, file: Path) -> None:
        """Copy it, where it is a file."""
        with self.failing():
            self._fetch(self.path, file)

    def below(self, name: str) -> str:
        """Return the path of a file below it."""
        return f"{self.path.rstrip('/')}/{name}"

    def write(self, source: Path, path: str) -> None:
        """Copy a file to a path of the store, where it appears whole or not at all."""
        from pyarrow.fs import LocalFileSystem, copy_files

        with self.failing():
            if self.scheme not in _OF_ARROW:  # others have folders, and no file without
                self.system.create_dir(str(PurePosixPath(path).parent), recursive=True)
            copy_files(str(source), path, source_filesystem=LocalFileSystem(), destination_filesystem=self.system)

    def delete(self, path: str) -> None:
        """Remove a file of the store."""
        with self.failing():
            self.system.delete_file(path)

    @contextmanager
    def failing(self) -> Iterator[None]:
        """Make what a store refuses one sentence.

        Raises
        ------
        InputError
            Where it is not there, or may not be looked at.
        OutsideError
            Where the store does not answer, or fails.
        """
        try:
            yield
        except ChurnmlError:
            raise
        except Exception as error:  # of many kinds, by store
            raise _told(error, self.shown, self.scheme) from error

    def _fetch(self, path: str, file: Path) -> None:
        from pyarrow.fs import LocalFileSystem, copy_files

        copy_files(path, str(file), source_filesystem=self.system, destination_filesystem=LocalFileSystem())


def locate(address: str) -> Location:
    """Find the file system of an address.

    Parameters
    ----------
    address : str
        Address; its path stands as it is, and what follows a question mark are options such as ``region``.

    Raises
    ------
    InputError
        Where the address is of no kind that is known.
    MissingExtraError
        Where its kind needs a package that is not installed.
    OutsideError
        Where the store does not answer.
    """
    from pyarrow.fs import FileSystem, FSSpecHandler, PyFileSystem

    shown, scheme = without_password(address), urlsplit(address).scheme.lower()
    if scheme not in _OF_ARROW:
        files, path = _fsspec(address, scheme, shown)
        return Location(shown=shown, scheme=scheme, system=PyFileSystem(FSSpecHandler(files)), path=path)
    beginning, _, options = address.partition("?")
    server, _, path = beginning.partition("://")[2].partition("/")
    try:
        # Arrow wants a path without spaces and signs of an address.
        written = f"{scheme}://{server}/{quote(path.strip('/'))}{'?' if options else ''}{options}"
        system, within = FileSystem.from_uri(written)
    except Exception as error:  # of many kinds, by store
        raise _told(error, shown, scheme) from error
    return Location(shown=shown, scheme=scheme, system=system, path=within.rstrip("/"))


def _fsspec(address: str, scheme: str, shown: str) -> tuple[Any, str]:
    """Return the file system of fsspec that an address speaks of, and the path within it."""
    try:
        import fsspec
        from fsspec.core import url_to_fs
    except ImportError as missing:
        if scheme in _OF_WEB:
            raise MissingExtraError(f"Reading {scheme}:// addresses", "cloud") from missing
        raise InputError(f"{_unknown(scheme)}, or install churnml[cloud], which knows more kinds.") from missing
    if scheme not in fsspec.available_protocols():
        raise InputError(f"{_unknown(scheme)}.")
    try:
        files, path = url_to_fs(address)
    except ImportError as missing:
        raise InputError(f"{shown}: cannot be reached. {missing}.") from missing
    return files, str(path).rstrip("/")


def _unknown(scheme: str) -> str:
    return (
        f"{scheme}://: files are not read from such an address. Give a folder, a database's address such as "
        "postgres://user@host/database, one of a store such as s3://bucket/folder"
    )


def _told(error: Exception, shown: str, scheme: str) -> ChurnmlError:
    said = without_password(next(iter(str(error).splitlines()), "") or type(error).__name__)[:300].rstrip(".")
    if isinstance(error, NotImplementedError):
        return InputError(f"{shown}: nothing can be written there. Name a folder, or a bucket.")
    if isinstance(error, FileNotFoundError):
        return InputError(f"{shown}: there is no such file or folder. Correct the address.")
    if _NO_BUCKET.search(said):
        return InputError(f"{shown}: there is no such bucket. Correct the address.")
    if _DENIED.search(said) or isinstance(error, PermissionError):
        keys = f" ({_KEYS[scheme]})" if scheme in _KEYS else ""
        return InputError(f"{shown}: access is denied ({said}). Look at your credentials{keys}, and at their rights.")
    return OutsideError(f"{shown}: failed ({said}). Look whether it can be reached, and run it again.")
