"""Writing results whole or not at all, and reading single files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pandas as pd

from churnml.errors import InputError


@contextmanager
def whole_folder(out: str | Path, owned: Iterable[str] = (), last: str | None = None) -> Iterator[Path]:
    """Give a scratch folder whose files move into ``out`` when the block ends without an error.

    Parameters
    ----------
    out
        The folder to fill; made where it is missing. Other files in it stay.
    owned
        Names that belong to this output: those that the block did not write again are removed from ``out``, so that
        no file of an earlier run is taken for one of this.
    last
        Name of the file that moves last and so marks the output as complete.

    Raises
    ------
    InputError
        Where ``out`` is a file, or cannot be written.
    """
    out = Path(out)
    refusal = "Close programs that use it, or name another --out."
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file, but a folder is needed. Name another --out.")
    made: list[Path] = []
    try:
        made = _make_parents(out)
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror}). {refusal}") from error
    try:
        yield scratch
        try:
            _move(scratch, out, set(owned), last)
        except OSError as error:
            raise InputError(f"{error.filename or out}: cannot be written ({error.strerror}). {refusal}") from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        for folder in made:
            with suppress(OSError):  # kept as soon as it holds something
                folder.rmdir()


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


def _make_parents(out: Path) -> list[Path]:
    """Make the folders above ``out``; give those that were missing, the innermost first."""
    made = [folder for folder in out.parents if not folder.exists()]
    out.parent.mkdir(parents=True, exist_ok=True)
    return made


def _move(scratch: Path, out: Path, owned: set[str], last: str | None) -> None:
    """Move all into place; from the first change to the last, the file that marks an output as complete is gone."""
    out.mkdir(exist_ok=True)
    written = sorted((path.name for path in scratch.iterdir()), key=lambda name: (name == last, name))
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
