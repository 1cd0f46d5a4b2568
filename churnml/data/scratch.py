"""Scratch folders: where results are made before they take their place, and what killed processes left of them.

A scratch folder holds a marker that its process keeps locked. The system lets go of the lock when the process ends,
however it ends, so a marker of ours without a lock tells a folder that nobody will come back to. Numbers of processes
cannot tell it: they are given again, and mean others in another container.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from churnml.data.lock import lock

_PREFIX = "churnml-"
_MARKER = ".owner"
_FILES = "files"
_SAID = b"A scratch folder of churnml. It goes with the process that locks this file.\n"


class Scratch:
    """An empty folder for work in progress, which is removed when the block ends.

    Parameters
    ----------
    parent : str or Path, optional
        Folder in which it is made; None means the system's folder for temporary files. Folders of processes that are
        dead are removed from it on the way.
    hidden : bool, optional
        Whether its name begins with a dot, so that readers of folders pass over it.
    """

    def __init__(self, parent: str | Path | None = None, *, hidden: bool = False) -> None:
        parent = Path(tempfile.gettempdir() if parent is None else parent)
        sweep(parent)
        self._home = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}" if hidden else _PREFIX, dir=parent))
        self._lock: int | None = None
        try:
            self._lock = _locked_marker(self._home)
            self.path = self._home / _FILES
            self.path.mkdir()
        except BaseException:
            self.remove()
            raise

    def remove(self) -> None:
        """Remove the folder with all that it holds."""
        shutil.rmtree(self._home, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Path:
        """Return the folder."""
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the folder."""
        self.remove()


def sweep(parent: Path) -> None:
    """Remove the scratch folders that processes left which ended before they could, such as by SIGKILL.

    A folder without our marker is somebody else's, whatever its name; one whose marker is locked is in use.
    """
    with suppress(OSError):  # a folder that is not there, or may not be listed, holds nothing that we could remove
        for entry in sorted(parent.iterdir()):
            if entry.name.removeprefix(".").startswith(_PREFIX) and stat.S_ISDIR(entry.lstat().st_mode):
                _remove_if_left(entry)


def _locked_marker(home: Path) -> int | None:
    """Put the marker into a folder, under its name only once it is locked; none where there are no locks."""
    unmarked = home / f"{_MARKER}.new"
    handle = lock(unmarked)
    if handle is not None:
        os.write(handle, _SAID)
        unmarked.rename(home / _MARKER)
    return handle


def _remove_if_left(home: Path) -> None:
    marker = home / _MARKER
    with suppress(OSError):
        # Windows has no such locks: there, nothing is taken for left.
        if os.name != "posix" or not stat.S_ISREG(marker.lstat().st_mode) or marker.read_bytes() != _SAID:
            return
        handle = lock(marker, flags=os.O_RDONLY)
        if handle is None:
            return
        try:
            # The marker goes last, so that a sweep which is killed too leaves what the next one knows.
            shutil.rmtree(home / _FILES, ignore_errors=True)
            marker.unlink()
            home.rmdir()
        finally:
            os.close(handle)
