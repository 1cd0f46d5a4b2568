"""A shop on an object store: the files of its tables are copied once, and read like those of a folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from churnml.data.engines.iceberg import data_files
from churnml.data.engines.layout import NOTES, lay_out
from churnml.data.engines.object_store import locate
from churnml.errors import InputError


def fetch(address: str, names: Mapping[str, str], folder: Path, remedy: str) -> Path:
    """Copy the files that hold the tables of a shop, or the file that an address names.

    Parameters
    ----------
    address : str
        Address of a folder or file.
    names : mapping of str to str
        Name that the files have for each contract table.
    folder : Path
        Folder to which they are copied.
    remedy : str
        Text that says what may be brought instead of an address where nothing is.

    Returns
    -------
    Path
        Path of the copy. Files that hold no rows of a table are there, and empty.

    Raises
    ------
    InputError
        Where nothing is there, or access is denied.
    OutsideError
        Where the store does not answer, or fails.
    """
    location = locate(address)
    is_file = location.is_file
    path = folder / (location.name or "folder")
    if is_file:
        folder.mkdir(parents=True, exist_ok=True)
        location.fetch_file(path)
        return path
    listed = [] if is_file is None else location.files()
    if not listed:
        raise InputError(f"{location.shown}: there is no such file or folder. {remedy}")
    for name in listed:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).touch()
    # By their notes tables of some formats say which of their files hold rows.
    location.fetch([name for name in listed if NOTES & {*PurePosixPath(name).parts[:-1]}], path)
    wanted: list[Path] = []
    for files in lay_out(path, names).tables.values():
        wanted += data_files(files[0].path) if files[0].is_iceberg else [file.path for file in files]
    location.fetch([file.relative_to(path).as_posix() for file in wanted], path)
    return path
