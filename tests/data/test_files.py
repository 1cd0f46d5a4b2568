"""Writing results whole or not at all."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from churnml.data import files
from churnml.data.files import whole_folder
from churnml.errors import InputError, OutsideError


def listing(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_nothing_is_left_or_changed_when_the_block_raises(tmp_path: Path, error: type[BaseException]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "ranking.csv").write_text("old", encoding="utf-8")

    def write() -> None:
        with whole_folder(out, owned=["ranking.csv", "gone.csv"], last="run.json") as scratch:
            (scratch / "ranking.csv").write_text("new", encoding="utf-8")
            raise error

    with pytest.raises(error):
        write()
    assert listing(tmp_path) == {"out/ranking.csv": "old"}


def test_folders_above_go_again_when_the_block_raises(tmp_path: Path) -> None:
    def write() -> None:
        with whole_folder(tmp_path / "a" / "b" / "out"):
            raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        write()
    assert list(tmp_path.iterdir()) == []


def test_files_appear_others_stay_and_leftovers_go(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    (out / "orders.parquet").mkdir(parents=True)
    (out / "orders.parquet" / "part").write_text("old", encoding="utf-8")
    (out / "charts").write_text("once a file", encoding="utf-8")
    (out / "notes.txt").write_text("mine", encoding="utf-8")
    (out / "worklist.csv").write_text("old", encoding="utf-8")
    (out / "truth").mkdir()
    (out / "truth" / "old.csv").write_text("old", encoding="utf-8")
    (out / "link").symlink_to(tmp_path)
    with whole_folder(out, owned=["worklist.csv", "truth", "link", "never.csv"]) as scratch:
        (scratch / "orders.parquet").write_text("new", encoding="utf-8")
        (scratch / "charts").mkdir()
        (scratch / "charts" / "a.png").write_text("new", encoding="utf-8")
    assert listing(tmp_path) == {
        "deep/out/orders.parquet": "new",
        "deep/out/charts/a.png": "new",
        "deep/out/notes.txt": "mine",
    }


def test_the_marking_file_goes_first_and_comes_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.json").write_text("old", encoding="utf-8")
    (out / "leftover").write_text("old", encoding="utf-8")
    seen = []

    def replace(source: Path, target: Path) -> None:
        seen.append((target.name, (out / "run.json").exists(), (out / "leftover").exists()))
        os.rename(source, target)

    monkeypatch.setattr(files.os, "replace", replace)
    with whole_folder(out, owned=["leftover"], last="run.json") as scratch:
        for name in ("zebra.csv", "run.json", "a.csv"):
            (scratch / name).write_text("new", encoding="utf-8")
    assert seen == [("a.csv", False, False), ("zebra.csv", False, False), ("run.json", False, False)]
    assert listing(out) == {"zebra.csv": "new", "run.json": "new", "a.csv": "new"}


def test_a_file_cannot_be_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(f"{out}: is a file, but a folder is needed. Name another `out`.")):
        whole_folder(out).__enter__()
    with pytest.raises(InputError, match="cannot be written"):
        whole_folder(out / "below").__enter__()


def test_a_file_that_is_in_use_gives_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def replace(source: Path, target: Path) -> None:
        raise PermissionError(13, "Permission denied", str(target))

    monkeypatch.setattr(files.os, "replace", replace)

    def write() -> None:
        with whole_folder(tmp_path / "out") as scratch:
            (scratch / "worklist.xlsx").write_text("new", encoding="utf-8")

    with pytest.raises(OutsideError, match=re.escape("worklist.xlsx: failed (Permission denied). Close programs")):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
