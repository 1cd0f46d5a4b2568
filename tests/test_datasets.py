"""Shops to learn with: made once, and the same every time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from churnml import datasets
from churnml.errors import InputError

MASTER = "00001 19970101 1 11.77\n00002 19970112 1 12.00\n00002 19970112 5 77.00\n"


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("CHURNML_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "datasets"


@pytest.mark.slow
def test_a_simulated_shop_is_simulated_once(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    first = datasets.load_simulated("subscription", customers=40, seed=3)
    assert first.tables["customers"].count().execute() >= 40
    assert "subscriptions" in first.tables
    monkeypatch.setattr(datasets, "simulate", lambda *_, **__: pytest.fail("is there already"))
    again = datasets.load_simulated("subscription", customers=40, seed=3)
    assert again.tables["orders"].amount.sum().execute() == first.tables["orders"].amount.sum().execute()
    assert len(list(cache.iterdir())) == 1


def test_a_public_dataset_is_imported_anew_where_its_file_changes(tmp_path: Path, cache: Path) -> None:
    file = tmp_path / "CDNOW_master.txt"
    file.write_text(MASTER)
    assert datasets.load_imported("cdnow", file).tables["orders"].count().execute() == 3
    assert datasets.load_imported("cdnow", tmp_path).tables["orders"].count().execute() == 3
    file.write_text(f"{MASTER}00003 19970102 2 20.76\n")
    assert datasets.load_imported("cdnow", file).tables["orders"].count().execute() == 4
    # The folder of the first two calls holds the same file as the first.
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize(("name", "said"), [("cdnow", "is not there, or cannot be read"), ("nothing", "is not there")])
def test_what_is_not_there_is_refused(name: str, said: str, tmp_path: Path, cache: Path) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        datasets.load_imported(name, tmp_path / "nowhere.txt")
    assert not cache.exists()


def test_a_failed_import_leaves_nothing(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "CDNOW_master.txt").write_text("1 2\n")
    with pytest.raises(InputError, match="line 1 has 2 fields"):
        datasets.load_imported("cdnow", tmp_path / "CDNOW_master.txt")
    assert list(cache.iterdir()) == []
