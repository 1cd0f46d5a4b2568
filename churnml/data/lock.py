"""Locks of files: one process at a time in a folder, and who it is.

The system lets go of such a lock when its process ends, however it ends, so that nothing has to be cleaned up after a
SIGKILL. On a network file system it may hold among the processes of one machine alone.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from churnml.errors import LockedError
from churnml.failures import outside_told

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_BEYOND_CONTENT = 1 << 30
"""Windows locks bytes, which nobody else can read then: one that no file of ours reaches."""
_HELD = {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
_LOOK_AGAIN_SECONDS = 0.1
_log = logging.getLogger(__name__)


def lock(file: Path, *, flags: int = os.O_RDWR | os.O_CREAT) -> int | None:
    """Lock a file, which is made where it is missing, until its number is closed or the process ends.

    Parameters
    ----------
    file : Path
        File to lock.
    flags : int, optional
        Flags with which it is opened.

    Returns
    -------
    int or None
        The number of the open file; None where another process holds it, or took it away meanwhile, or the file system
        has no locks.

    Raises
    ------
    OSError
        Where the file cannot be opened.
    """
    handle = os.open(file, flags if sys.platform == "win32" else flags | os.O_CLOEXEC, 0o600)
    try:
        if _lock_open(handle) and os.path.samestat(os.fstat(handle), os.stat(file)):
            return handle
    except OSError:
        pass
    os.close(handle)
    return None


@contextmanager
def held(file: Path, wait_seconds: float = 0.0, place: str | None = None) -> Iterator[None]:
    """Hold a lock for a block; the file says who holds it, and goes with the block.

    Parameters
    ----------
    file : Path
        File to lock. Folders above it that are missing are made, and go again where nothing came into them.
    wait_seconds : float, optional
        Seconds to wait for another process; 0 does not.
    place : str, optional
        What is held, for people; None means the folder of the file.

    Raises
    ------
    LockedError
        Where another process holds it for longer.
    OutsideError
        Where the file cannot be made.
    """
    new = [folder for folder in file.parents if not folder.exists()]
    with outside_told(file.parent):
        handle = _wait_for(file, time.monotonic() + wait_seconds, place or str(file.parent))
    try:
        yield
    finally:
        if handle is not None:
            with suppress(OSError):
                file.unlink()  # while it is held, so that nobody waits for a file that is gone without seeing it
            os.close(handle)
        for folder in new:
            with suppress(OSError):  # kept as soon as it holds something
                folder.rmdir()


def _wait_for(file: Path, until: float, place: str) -> int | None:
    """Return the number of the locked file; None where the file system has no locks, which is said."""
    while True:
        # Who held it may have taken away the folder, if it was made for the lock alone.
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = lock(file)
        except FileNotFoundError:
            continue
        if handle is not None:
            owner = {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "since": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            }
            try:
                os.ftruncate(handle, 0)
                os.write(handle, json.dumps(owner).encode())
            except BaseException:
                os.close(handle)
                raise
            return handle
        if not _has_locks(file):
            _log.warning(f"{place}: its file system has no locks, so that nothing keeps two runs apart there.")
            return None
        if time.monotonic() >= until:
            raise LockedError(
                f"{place}: another run holds it ({_owner(file)}). Wait until it has ended, name the seconds to "
                "`wait` for it, or name another `out`."
            )
        time.sleep(_LOOK_AGAIN_SECONDS)


def _has_locks(file: Path) -> bool:
    """Tell a lock that is held from a file system that has none."""
    try:
        handle = os.open(file, os.O_RDWR)
    except FileNotFoundError:  # let go meanwhile
        return True
    try:
        _lock_open(handle)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _lock_open(handle: int) -> bool:
    """Lock an open file; False where another process holds it.

    Raises
    ------
    OSError
        Where the file system has no locks.
    """
    try:
        if sys.platform == "win32":
            os.lseek(handle, _BEYOND_CONTENT, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            os.lseek(handle, 0, os.SEEK_SET)
        else:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True


def _owner(file: Path) -> str:
    """Say who holds a lock, as far as its file tells: it may just have been let go, or not be written yet."""
    try:
        owner = json.loads(file.read_text(encoding="utf-8"))
        return f"process {owner['pid']} on {owner['host']}, since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "a process that has just begun"
