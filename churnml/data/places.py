"""Places of folders and files: a path, or an address for which a scratch folder stands in while one works on it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from churnml.data.engines.addresses import without_password
from churnml.data.engines.object_store import Location, is_stored, locate
from churnml.data.lock import held
from churnml.data.remembered import cache_folder
from churnml.data.scratch import Scratch
from churnml.errors import ChurnmlError, InputError

_MARKS = ("run.json", "_churnml.json")
"""Names of the files that mark a list and a partition of features as complete."""
LOCK = ".churnml.lock"
"""File in the folder of a list that the process which writes there keeps locked."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one works.

    Attributes
    ----------
    path : Path
        Path of the folder or file on this machine.
    address : str or None
        Address for which it stands in, as people may read it; None where it is the place itself.
    """

    path: Path
    address: str | None = None

    def shown(self, path: Path) -> Path | str:
        """Return where a path lies for people: at the address for which its folder stands in."""
        if self.address is None:
            return path
        within = path.relative_to(self.path).as_posix() if path.is_relative_to(self.path) else None
        if within is None:  # beside a file
            return f"{self.address.rpartition('/')[0]}/{path.name}"
        return self.address if within == "." else f"{self.address.rstrip('/')}/{within}"


def below(folder: str | Path, name: str) -> str:
    """Return the place of a name within a folder, which may be an address with options behind it.

    Examples
    --------
    >>> below("demo", "shop"), below("s3://bucket/demo/?region=eu-central-1", "shop")
    ('demo/shop', 's3://bucket/demo/shop?region=eu-central-1')
    """
    if not is_stored(folder):
        return str(Path(folder) / name)
    address, sign, options = str(folder).partition("?")
    return f"{address.rstrip('/')}/{name}{sign}{options}"


def path_of(place: Place | None) -> Path | None:
    """Return the path of a place; None of none."""
    return None if place is None else place.path


@contextmanager
def at_place(place: str | Path) -> Iterator[Place]:
    """Work on a folder or file, whether it is a path or an address.

    Of an address all files are copied into a scratch folder, and when the block ends without an error, what changed in
    it is copied back: whole files, those that mark an output as complete last. In between they are not there, so that
    what was interrupted is not taken for complete.

    Parameters
    ----------
    place : str or Path
        Path, or address such as ``s3://bucket/folder``; what has a suffix there and is no folder is a file.

    Raises
    ------
    InputError
        Where the address is not known, or access to it is denied.
    OutsideError
        Where the store does not answer, or fails.
    """
    if not is_stored(place):
        yield Place(path=Path(place))
        return
    location = locate(str(place))
    with Scratch() as scratch:
        path = scratch / (location.name or "folder")
        is_file = location.is_file
        if is_file is None:
            is_file = bool(PurePosixPath(location.name).suffix)
        elif is_file:
            location.fetch_file(path)
        if not is_file:
            path.mkdir()
            location.fetch(location.files(), path)
        before = _states(scratch)
        with _said_of(location.shown, path):
            yield Place(path=path, address=location.shown)
        _put_back(location, scratch, before)


@contextmanager
def optional_place(place: str | Path | None) -> Iterator[Place | None]:
    """Work on a folder or file, as in `at_place`, or on none."""
    if place is None:
        yield None
    else:
        with at_place(place) as opened:
            yield opened


@contextmanager
def locked_place(place: str | Path, wait_seconds: float = 0.0) -> Iterator[Place]:
    """Work on a folder, as in `at_place`, while no other process does.

    The lock lies in the folder, or for an address in the user's cache, where it holds among the processes of one
    machine alone.

    Raises
    ------
    LockedError
        Where another process holds it for longer.
    """
    if not is_stored(place):
        with held(Path(place) / LOCK, wait_seconds):
            yield Place(path=Path(place))
        return
    name = hashlib.sha256(str(place).rstrip("/").encode()).hexdigest()[:32]
    file = cache_folder() / "locks" / f"{name}.lock"
    with held(file, wait_seconds, without_password(place)), at_place(place) as opened:
        yield opened


def _states(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Return by what one sees whether a file was changed, by its name."""
    states = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            told = os.stat(file)
            states[file.relative_to(folder).as_posix()] = (told.st_ino, told.st_size, told.st_mtime_ns)
    return states


def _put_back(location: Location, scratch: Path, before: dict[str, tuple[int, int, int]]) -> None:
    after = _states(scratch)
    changed = {name for name, state in after.items() if before.get(name) != state}
    removed = before.keys() - after.keys()
    above = location.path.removesuffix(location.name)
    for name in sorted(filter(_is_mark, (changed & before.keys()) | removed)):
        location.delete(above + name)
    # Of a list, the mark of its day comes before that of the folder.
    for name in sorted(changed, key=lambda name: (_is_mark(name), -name.count("/"), name)):
        location.write(scratch / name, above + name)
    for name in sorted(name for name in removed if not _is_mark(name)):
        location.delete(above + name)


def _is_mark(name: str) -> bool:
    return PurePosixPath(name).name in _MARKS


@contextmanager
def _said_of(address: str, path: Path) -> Iterator[None]:
    """Let errors name the address where they would name the folder that stands in for it."""
    try:
        yield
    except ChurnmlError as error:
        error.args = tuple(str(one).replace(str(path), address) for one in error.args)
        if isinstance(error, InputError):
            error.failures = [failure.replace(str(path), address) for failure in error.failures]
        raise
