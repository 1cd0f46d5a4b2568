"""Nights of the batch job: what is there is left alone, the past can be made up, and one run works at a time."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from unittest import mock

import openpyxl
import pytest

from churnml import cli
from churnml.campaigns.kept_lists import days_in
from churnml.data.lock import held
from churnml.data.places import LOCK
from churnml.data.simulator import simulate
from churnml.tracking import runs

pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported:UserWarning:openpyxl")
SETTINGS = """
reporting: {periods: 0, rows: 50}
snapshots: {at_most: 3}
features: {families: [recency]}
training: {candidates: [recency_rule], folds: 1, bootstrap_draws: 20, fade_days: 0}
monitoring: {notify: {command: [tee, -a, told.json]}}
"""
FIRST, NEXT, PAST = "2025-06-10", "2025-06-30", "2025-04-20"


@dataclass(frozen=True)
class Night:
    """How a command ended, what it said, and the bytes and times of all files before and after it."""

    code: int
    out: str
    err: str
    before: dict[str, tuple[bytes, int]]
    after: dict[str, tuple[bytes, int]]

    def changed(self) -> set[str]:
        """Give the files that are new, gone or written."""
        return {name for name in {*self.before, *self.after} if self.before.get(name) != self.after.get(name)}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty working folder, with a shop and settings."""
    folder = tmp_path_factory.mktemp("nights")
    simulate(folder / "shop", customers=400, seed=11, kind="textbook", jobs=1)
    (folder / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.setattr(runs, "_log_plots_and_card", lambda *_: None)
        patch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", "false")
        yield folder


@pytest.fixture(scope="module")
def nights(place: Path) -> dict[str, Night]:
    """A first night, the same again, a later one, one with a sheet that people wrote into, and one of the past."""
    made = {name: night(place, "--snapshot", day) for name, day in (("first", FIRST), ("again", FIRST), ("next", NEXT))}
    sheet = place / "list" / "worklist.xlsx"
    book = openpyxl.load_workbook(sheet)
    page = book.worksheets[0]
    titles = {cell.value: cell.column for row in page.iter_rows(max_row=12) for cell in row}
    last = max(cell.row for row in page.iter_rows() for cell in row if cell.value is not None)
    page.cell(last, titles["Note"], "called")
    book.save(sheet)
    made["written"] = night(place)
    made |= {name: night(place, "--snapshot", PAST) for name in ("past", "past again")}
    made["forced"] = night(place, "--force", "--keep", "1")
    return made


def night(place: Path, *options: str) -> Night:
    """Run the job in this process."""
    before, out, err = files_of(place), StringIO(), StringIO()
    arguments = ["churnml", "run", "shop", "--out", "list", "--config", "settings.yaml", *options]
    with (
        mock.patch.object(sys, "argv", arguments),
        redirect_stdout(out),
        redirect_stderr(err),
        pytest.raises(SystemExit) as stopped,
    ):
        cli.main()
    return Night(int(stopped.value.code or 0), out.getvalue(), err.getvalue(), before, files_of(place))


def files_of(place: Path) -> dict[str, tuple[bytes, int]]:
    paths = [path for path in place.rglob("*") if path.is_file() and "shop" not in path.parts]
    return {
        path.relative_to(place).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in paths
        # SQLite's own, by reading, and what MLflow writes whenever it opens a model.
        if path.name not in ("mlflow.db-wal", "mlflow.db-shm", "registered_model_meta")
    }


@pytest.mark.slow
def test_a_night_ends_with_a_list_and_tells_of_it_without_customers(nights: dict[str, Night]) -> None:
    first = nights["first"]
    assert first.code == 0, first.err
    assert {"list/worklist.xlsx", "list/run.json", f"list/lists/{FIRST}/run.json"} <= set(first.after)
    told = json.loads(first.after["told.json"][0])
    assert {name: told[name] for name in ("event", "verdict", "exit_code", "snapshot_date")} == {
        "event": "run",
        "verdict": "done",
        "exit_code": 0,
        "snapshot_date": FIRST,
    }
    ids = first.after["list/ranking.csv"][0].decode().splitlines()[1].split(",")[1]
    assert ids.startswith("C")
    assert ids not in first.after["told.json"][0].decode()
    manifest = json.loads(first.after["list/run.json"][0])
    written = datetime.fromisoformat(manifest["written_on"])
    assert written.tzinfo == UTC
    assert not any(name.endswith((LOCK, ".churnml-store.lock")) for name in first.after)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["again", "past again"])
def test_the_same_night_again_changes_no_file(name: str, nights: dict[str, Night]) -> None:
    assert nights[name].code == 0
    assert "is there already" in nights[name].out
    assert not nights[name].changed()


@pytest.mark.slow
def test_the_next_night_uses_the_model_that_is_young_enough(nights: dict[str, Night]) -> None:
    assert nights["next"].code == 0, nights["next"].err
    models = [json.loads(nights[name].after["list/run.json"][0])["model"] for name in ("first", "next")]
    assert models[0] == models[1]
    assert models[0]["as_of"] == FIRST


@pytest.mark.slow
def test_what_people_wrote_is_taken_though_nothing_else_is_new(nights: dict[str, Night]) -> None:
    assert "is there already" not in nights["written"].out
    assert b"called" in nights["written"].after["list/outcomes.parquet"][0]


@pytest.mark.slow
def test_a_list_of_the_past_is_made_by_a_model_of_then_and_replaces_nothing(nights: dict[str, Night]) -> None:
    past = nights["past"]
    assert past.code == 0, past.err
    manifest = json.loads(past.after[f"list/lists/{PAST}/run.json"][0])
    assert manifest["model"]["as_of"] == PAST
    changed = {name for name in past.changed() if name.startswith("list/") and name != "list/outcomes.parquet"}
    assert all(name.startswith(f"list/lists/{PAST}/") for name in changed)
    # The champion stays: the night after takes it.
    assert json.loads(nights["forced"].after["list/run.json"][0])["model"]["as_of"] == FIRST


@pytest.mark.slow
def test_force_makes_it_anew_with_the_same_bytes(nights: dict[str, Night]) -> None:
    forced = nights["forced"]
    assert forced.code == 0, forced.err
    assert "list/run.json" in forced.changed()
    for name in ("ranking.parquet", "ranking.csv", "worklist.csv"):
        assert forced.after[f"list/{name}"][0] == forced.before[f"list/{name}"][0]


@pytest.mark.slow
def test_keep_drops_old_days_but_none_whose_outcome_is_open(nights: dict[str, Night], place: Path) -> None:
    # PAST + 90 days of horizon is 2025-07-19, after NEXT: nothing may go yet.
    assert [day.isoformat() for day in days_in(place / "list" / "lists")] == [PAST, FIRST, NEXT]


@pytest.mark.slow
def test_while_another_run_works_there_it_ends_with_code_5_and_changes_nothing(
    nights: dict[str, Night], place: Path
) -> None:
    with held(place / "list" / LOCK):
        locked = night(place)
    assert locked.code == 5
    assert f"process {os.getpid()} on" in locked.err
    assert "--wait" in locked.err
    assert locked.err.count("\n") == 1
    assert not locked.changed() - {f"list/{LOCK}"}


@pytest.mark.slow
def test_a_failure_is_told_by_its_code_alone(
    nights: dict[str, Night], place: Path, break_disk: Callable[[], None]
) -> None:
    break_disk()
    failed = night(place, "--force")
    assert failed.code == 6
    assert failed.err.count("\n") == 1
    assert failed.after["told.json"][0].endswith(b'"The run ended without a list (exit code 6). Its log says why."}')
    assert {name for name in failed.changed() if name.startswith(("list/", "models/"))} == set()


@pytest.fixture
def break_disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Give a function from which on no page can be written."""

    def full(*arguments: object, **more: object) -> None:
        raise OSError(28, "No space left on device", "list/report.html")

    return lambda: monkeypatch.setattr("churnml.reporting.files.render_page", full)
