"""Writing results whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

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
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file, but a folder is needed. Name another --out.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror}). Name another --out.") from error
    try:
        yield scratch
        out.mkdir(exist_ok=True)
        written = sorted((path.name for path in scratch.iterdir()), key=lambda name: (name == last, name))
        for name in written:
            target = out / name
            if target.is_dir():
                shutil.rmtree(target)
            os.replace(scratch / name, target)
        for name in set(owned) - set(written):
            (out / name).unlink(missing_ok=True)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
