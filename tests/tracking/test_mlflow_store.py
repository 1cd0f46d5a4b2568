"""The first start of a store: whole or not at all, and once, however many begin at the same time."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from churnml.tracking.mlflow_store import _make_store

STEPS = 5


class Client:
    """Makes tables step by step, as MLflow does, and fails like it where a step was done before."""

    begun = 0
    breaks_at = STEPS + 1

    def __init__(self, address: str) -> None:
        self.file = address.removeprefix("sqlite:///")

    def search_experiments(self, max_results: int) -> None:
        type(self).begun += 1
        for step in range(STEPS):
            if step == self.breaks_at:
                raise KeyboardInterrupt
            with closing(sqlite3.connect(self.file)) as store:
                store.execute(f"CREATE TABLE step_{step} (x)")
            time.sleep(0.01)


@pytest.fixture
def mlflow(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.setattr(Client, "begun", 0)
    return SimpleNamespace(MlflowClient=Client)


def tables(file: Path) -> int:
    with closing(sqlite3.connect(file)) as store:
        return len(store.execute("SELECT name FROM sqlite_master").fetchall())


def test_two_first_runs_make_it_once(mlflow: SimpleNamespace, tmp_path: Path) -> None:
    file = tmp_path / "models" / "mlflow.db"
    both = [threading.Thread(target=_make_store, args=(mlflow, f"sqlite:///{file}")) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert Client.begun == 1
    assert tables(file) == STEPS
    assert [path.name for path in file.parent.iterdir()] == ["mlflow.db"]


def test_one_that_is_stopped_leaves_nothing_and_the_next_makes_it(
    mlflow: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "models" / "mlflow.db"
    monkeypatch.setattr(Client, "breaks_at", 3)
    with pytest.raises(KeyboardInterrupt):
        _make_store(mlflow, f"sqlite:///{file}")
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(Client, "breaks_at", STEPS + 1)
    _make_store(mlflow, f"sqlite:///{file}")
    assert tables(file) == STEPS


@pytest.mark.parametrize(
    "address", ["http://mlflow:5000", "sqlite:///:memory:", "postgresql://host/mlflow", "databricks"]
)
def test_other_stores_are_left_to_mlflow(address: str, mlflow: SimpleNamespace) -> None:
    _make_store(mlflow, address)
    assert Client.begun == 0
