"""Which process a run in MLflow belongs to, and whether that process has ended without saying so."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import psutil

_HOST, _BOOT, _PID, _STARTED = (f"churnml.{key}" for key in ("host", "boot", "pid", "started"))
_FIRST_NAMESPACE = "pid:[4026531836]"
"""What Linux calls the processes of a machine itself, not those of a container."""
_ENDED = ("Z", "X")


def tags_of_this_process() -> dict[str, str]:
    """Return the tags with which a run says whose it is: the host and its processes, its start, and the process."""
    return {
        _HOST: f"{socket.gethostname()} {_read('/etc/machine-id')} {_namespace()}",
        _BOOT: _read("/proc/sys/kernel/random/boot_id"),
        _PID: str(os.getpid()),
        _STARTED: _started(os.getpid()) or "",
    }


def has_ended(tags: Mapping[str, str]) -> bool:
    """Check whether the process of these tags has ended for certain.

    Of another host's processes, and those of another container, nothing is certain.
    """
    ours = tags_of_this_process()
    if tags.get(_HOST) != ours[_HOST] or not tags.get(_PID, "").isdigit():
        return False
    if tags.get(_BOOT) != ours[_BOOT]:
        # Two containers on two machines may look alike; a machine that was started anew does not.
        return _namespace() == _FIRST_NAMESPACE
    pid = int(tags[_PID])
    if not psutil.pid_exists(pid):
        return True
    started = _started(pid)
    # Where the time of the start is not known, another process with the same number is taken for the same.
    return started == "" or (started is not None and bool(tags.get(_STARTED)) and started != tags[_STARTED])


def _started(pid: int) -> str | None:
    """Return the ticks from the start of the machine to that of a process: no clock that is set moves them.

    The text is empty for a process that has ended, and None where the system does not say.
    """
    try:
        state, *fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        )
    except (OSError, ValueError):
        return None
    return "" if state in _ENDED else fields[18]


def _namespace() -> str:
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""
