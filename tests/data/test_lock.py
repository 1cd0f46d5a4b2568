"""Locks: one process at a time, and the other is told which."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from churnml.data.lock import held
from churnml.errors import LockedError, OutsideError

HOLDER = """
import pathlib, sys
from churnml.data.lock import held
with held(pathlib.Path(sys.argv[1])):
    print(flush=True)
    input()
"""


def holder(file: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"\n"
    return process


def test_the_other_is_told_who_holds_it_and_gets_it_when_let_go(tmp_path: Path) -> None:
    file = tmp_path / "list" / ".lock"
    process = holder(file)
    who = f"{file.parent}: another run holds it (process {process.pid} on {socket.gethostname()}, since "
    with pytest.raises(LockedError, match=re.escape(who) + r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\)\. Wait .* `wait`"):
        held(file).__enter__()
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()
    with held(file, wait_seconds=60):
        assert file.exists()
    process.communicate()
    assert not file.exists()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    file = tmp_path / ".lock"
    process = holder(file)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert file.exists()
    with held(file):
        pass
    assert not file.exists()


def test_it_holds_within_a_process_and_goes_with_an_error(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "list" / ".lock"

    def work() -> None:
        with held(file):
            with pytest.raises(LockedError):
                held(file).__enter__()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert not list(tmp_path.iterdir()), "folders that were made for it go with it"


def test_where_the_file_system_has_no_locks_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(handle: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with held(tmp_path / ".lock"):
        assert "its file system has no locks" in caplog.text


def test_a_full_disk_is_no_other_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(handle: int, content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(OutsideError, match="No space left on device"), held(tmp_path / ".lock"):
        pass
