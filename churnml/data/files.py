"""Writing results whole or not at all, and reading single files."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

from churnml.data.scratch import Scratch, sweep
from churnml.errors import InputError
from churnml.failures import outside_failure, outside_told


@contextmanager
def whole_folder(
    out: str | Path, owned: Iterable[str] = (), last: str | None = None, added_to: str | None = None
) -> Iterator[Path]:
    """Open a scratch folder whose files move into ``out`` when the block ends without an error.

    Parameters
    ----------
    out : str or Path
        Folder to fill; made where it is missing. Other files in it stay.
    owned : iterable of str, optional
        Names that belong to this output: those that the block did not write again are removed from ``out``, so that no
        file of an earlier run is taken for one of this.
    last : str, optional
        Name of the file that moves last and so marks the output as complete.
    added_to : str, optional
        Name of a folder in ``out`` to which what the block wrote below that name is added; what else it holds stays.

    Raises
    ------
    InputError
        Where ``out`` is a file, or cannot be written.
    OutsideError
        Where the disk is full, read-only or gone, or the right to write is missing.
    """
    out = Path(out)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file, but a folder is needed. Name another `out`.")
    with _beside(out) as scratch, outside_told(out):
        yield scratch
        with _refused(out):
            _move(scratch, out, set(owned), last, added_to)


@contextmanager
def whole_file(out: str | Path, mode: int | None = None) -> Iterator[Path]:
    """Open a path whose file takes the place of ``out`` when the block ends without an error.

    Parameters
    ----------
    out : str or Path
        File to write; folders above it are made where they are missing.
    mode : int, optional
        Permissions of the file, from before anything is written to it; None means those of every new file.

    Raises
    ------
    InputError
        Where it cannot be written.
    OutsideError
        Where the disk is full, read-only or gone, or the right to write is missing.
    """
    out = Path(out)
    with _beside(out) as scratch, outside_told(out):
        if mode is not None:
            (scratch / out.name).touch(mode)
        yield scratch / out.name
        with _refused(out):
            os.replace(scratch / out.name, out)


def read_table(file: str | Path) -> pd.DataFrame:
    """Read a Parquet or CSV file; of CSV all columns are text.

    Raises
    ------
    InputError
        Where it cannot be read.
    """
    path = Path(file)
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=str)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Name a Parquet or CSV file.") from error


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Return a scratch folder within a folder that is there, else beside what will be there; tell what is refused."""
    sweep(out.parent)
    made: list[Path] = []
    try:
        with _refused(out):
            made = _make_parents(out)
            # A folder may be all that one may write to, and lie on a disk of its own.
            scratch = Scratch(out if out.is_dir() else out.parent, hidden=True)
        with scratch as folder:
            yield folder
    finally:
        for above in made:
            with suppress(OSError):  # kept as soon as it holds something
                above.rmdir()


@contextmanager
def _refused(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        failure = outside_failure(error, out)
        if failure is not None:
            raise failure from error
        raise InputError(
            f"{error.filename or out}: cannot be written ({error.strerror}). Close programs that use it, or name "
            "another `out`."
        ) from error


def _make_parents(out: Path) -> list[Path]:
    """Make the folders above ``out``; give those that were missing, the innermost first."""
    made = [folder for folder in out.parents if not folder.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    return made


def _move(scratch: Path, out: Path, owned: set[str], last: str | None, added_to: str | None) -> None:
    """Move all into place; from the first change to the last, the file that marks an output as complete is gone."""
    out.mkdir(exist_ok=True)
    names = [path.name for path in scratch.iterdir() if path.name != added_to]
    if added_to is not None and (scratch / added_to).is_dir():
        (out / added_to).mkdir(exist_ok=True)
        names += [f"{added_to}/{path.name}" for path in (scratch / added_to).iterdir()]
    written = sorted(names, key=lambda name: (name == last, name))
    if last is not None and (last in written or last in owned):
        _remove(out / last)
    for name in sorted(owned - set(written)):
        _remove(out / name)
    for name in written:
        if (scratch / name).is_dir() or (out / name).is_dir():
            _remove(out / name)
        os.replace(scratch / name, out / name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
