"""Scratch folders: what a killed process left goes, what a live one uses and what is no folder of ours stays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from churnml.data.files import whole_file, whole_folder
from churnml.data.lock import lock
from churnml.data.scratch import Scratch, sweep

PREAMBLE = "from pathlib import Path; from churnml.data import files, scratch; out = Path('out')"
WRITERS = {
    "a folder that is new": (
        "with files.whole_folder(out) as at: (at / 'big').write_text('half'); print(flush=True); input()"
    ),
    "a folder that is there": (
        "out.mkdir(); (out / 'mine').touch()\n"
        "with files.whole_folder(out) as at: (at / 'big').write_text('half'); print(flush=True); input()"
    ),
    "a file": "with files.whole_file(out) as at: at.write_text('half'); print(flush=True); input()",
    "the middle of the move": (
        "move = files.os.replace\n"
        "def replace(one, other): move(one, other); print(flush=True); input()\n"
        "files.os.replace = replace\n"
        "with files.whole_folder(out) as at: (at / 'a').touch(); (at / 'b').touch()"
    ),
}


@contextmanager
def writing(folder: Path, writer: str) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that stands in the middle of writing."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"{PREAMBLE}\n{WRITERS[writer]}"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def scratch_of(folder: Path) -> list[Path]:
    return sorted(folder.rglob(".churnml-*"))


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
def test_the_next_run_removes_what_a_killed_one_left(writer: str, tmp_path: Path) -> None:
    with writing(tmp_path, writer) as killed:
        killed.kill()
        killed.wait()
        assert len(scratch_of(tmp_path)) == 1
    write = whole_file if writer == "a file" else whole_folder
    with write(tmp_path / "out") as scratch:
        (scratch if writer == "a file" else scratch / "done").write_text("whole", encoding="utf-8")
    assert scratch_of(tmp_path) == []
    assert (tmp_path / "out" / "mine").exists() == (writer == "a folder that is there")


@pytest.mark.slow
@pytest.mark.parametrize("writer", WRITERS)
def test_a_live_run_keeps_its_folder(writer: str, tmp_path: Path) -> None:
    with writing(tmp_path, writer) as live:
        kept = scratch_of(tmp_path)
        assert len(kept) == 1
        for parent in (tmp_path, tmp_path / "out"):
            sweep(parent)
        assert scratch_of(tmp_path) == kept
        live.communicate(b"\n\n")
        assert live.returncode == 0
    assert scratch_of(tmp_path) == []


def empty(folder: Path) -> None:
    folder.mkdir()


def with_another_text(folder: Path) -> None:
    folder.mkdir()
    (folder / ".owner").write_text("me", encoding="utf-8")


def with_a_pipe(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / ".owner")


def link(folder: Path) -> None:
    left = folder.with_name("elsewhere")
    left_behind(left)
    folder.symlink_to(left)


def plain_file(folder: Path) -> None:
    folder.write_text("mine", encoding="utf-8")


def left_behind(folder: Path) -> None:
    """Make what a dead process leaves."""
    scratch = Scratch(folder.parent)
    held, scratch._lock = scratch._lock, None
    assert held is not None
    os.close(held)
    scratch._home.rename(folder)


@pytest.mark.parametrize("make", [empty, with_another_text, with_a_pipe, link, plain_file])
@pytest.mark.parametrize("name", ["churnml-abc", ".churnml-abc"])
def test_what_looks_alike_but_is_not_ours_stays(make: Callable[[Path], None], name: str, tmp_path: Path) -> None:
    make(tmp_path / name)
    sweep(tmp_path)
    assert (tmp_path / name).exists()


def test_files_that_people_put_into_a_folder_that_was_left_stay(tmp_path: Path) -> None:
    left_behind(tmp_path / "churnml-abc")
    (tmp_path / "churnml-abc" / "notes.txt").write_text("mine", encoding="utf-8")
    sweep(tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["churnml-abc", "notes.txt"]
    left_behind(tmp_path / "churnml-def")
    sweep(tmp_path)
    assert not (tmp_path / "churnml-def").exists()
    sweep(tmp_path / "missing")


def test_a_lock_is_held_once_and_not_on_a_file_that_was_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = lock(tmp_path / "file")
    assert first is not None
    assert lock(tmp_path / "file") is None
    os.close(first)

    def taken_away(file: Path) -> os.stat_result:
        raise FileNotFoundError

    monkeypatch.setattr(os, "stat", taken_away)
    assert lock(tmp_path / "file") is None


def test_the_file_of_an_owner_is_never_readable_by_others(tmp_path: Path) -> None:
    with whole_file(tmp_path / "secret", mode=0o600) as scratch:
        assert scratch.stat().st_mode & 0o777 == 0o600
        scratch.write_text("x", encoding="utf-8")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_there_needs_no_right_to_write_beside_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with whole_folder(out) as scratch:  # such as a volume of a container, which is a disk of its own
        assert scratch.is_relative_to(out)
    with whole_file(out / "features.parquet") as file:
        assert file.is_relative_to(out)
        file.touch()
