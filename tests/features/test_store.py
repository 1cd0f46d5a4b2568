"""Feature files: whole partitions, resumed after a kill, the same bytes however often a run was broken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.scratch import Scratch
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.available import available
from churnml.features.builder import build_features
from churnml.features.store import own_store, write_features, write_snapshot
from tests.random_shop import Maker

SNAPSHOTS = [date(2025, 1, 31) + timedelta(days=30 * number) for number in range(4)]
DEFINITION = ChurnDefinition()


@pytest.fixture(scope="module")
def random_shop() -> Shop:
    return read(Maker(5, date(2025, 5, 1), 20).tables())


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.slow
def test_partitions_hold_what_is_built_in_memory(random_shop: Shop, tmp_path: Path) -> None:
    features = available(random_shop, None, SNAPSHOTS[0], DEFINITION)
    for made in write_features(random_shop, SNAPSHOTS[:2], DEFINITION, features, tmp_path):
        assert made.built
        expected = build_features(random_shop, made.snapshot_date)[[feature.name for feature in features]]
        pd.testing.assert_frame_equal(made.read(), expected, check_exact=True, check_index_type=False)
        assert made.rows == len(expected)
        assert made.path == tmp_path / f"snapshot_date={made.snapshot_date}"


@pytest.mark.slow
def test_what_is_there_is_not_built_again(random_shop: Shop, tmp_path: Path) -> None:
    features = available(random_shop, ["recency"])
    write_features(random_shop, SNAPSHOTS[:2], DEFINITION, features, tmp_path)
    again = write_features(random_shop, SNAPSHOTS[:3], DEFINITION, features, tmp_path)
    assert [made.built for made in again] == [False, False, True]


def later_rows(tables: dict[str, pd.DataFrame]) -> None:
    orders = tables["orders"]
    tables["orders"] = orders[orders["ordered_at"] < pd.Timestamp(SNAPSHOTS[0])]


def earlier_rows(tables: dict[str, pd.DataFrame]) -> None:
    tables["orders"].loc[tables["orders"]["ordered_at"].idxmin(), "amount"] += 1


@pytest.mark.slow
@pytest.mark.parametrize(("change", "built"), [(later_rows, False), (earlier_rows, True)])
def test_only_rows_that_were_known_make_a_partition_anew(
    change: Callable[[dict[str, pd.DataFrame]], None], built: bool, tmp_path: Path
) -> None:
    tables = Maker(5, date(2025, 5, 1), 5).tables()
    shop = read({"orders": tables["orders"]})
    features = available(shop, ["recency", "monetary"])
    write_features(shop, SNAPSHOTS[:1], DEFINITION, features, tmp_path)
    change(tables)
    changed = read({"orders": tables["orders"]})
    assert write_features(changed, SNAPSHOTS[:1], DEFINITION, features, tmp_path)[0].built == built


@pytest.mark.slow
def test_other_features_or_another_definition_make_a_partition_anew(random_shop: Shop, tmp_path: Path) -> None:
    recency, monetary = available(random_shop, ["recency"]), available(random_shop, ["monetary"])
    write_features(random_shop, SNAPSHOTS[:1], DEFINITION, recency, tmp_path)
    assert write_features(random_shop, SNAPSHOTS[:1], DEFINITION, monetary, tmp_path)[0].built
    shorter = ChurnDefinition(active_days=90)
    (made,) = write_features(random_shop, SNAPSHOTS[:1], shorter, monetary, tmp_path)
    assert made.built
    assert list(made.read()) == [feature.name for feature in monetary]


@pytest.mark.parametrize("damage", [lambda part: part.write_bytes(part.read_bytes()[:-9]), Path.unlink])
def test_a_damaged_partition_is_made_anew(damage: Callable[[Path], object], random_shop: Shop, tmp_path: Path) -> None:
    features = available(random_shop, ["recency"])
    (made,) = write_features(random_shop, SNAPSHOTS[:1], DEFINITION, features, tmp_path)
    before = bytes_of(tmp_path)
    damage(made.path / "part-00000.parquet")
    assert write_features(random_shop, SNAPSHOTS[:1], DEFINITION, features, tmp_path)[0].built
    assert bytes_of(tmp_path) == before


def test_an_error_leaves_what_was_there(random_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    features = available(random_shop, ["recency"])
    write_features(random_shop, SNAPSHOTS[:1], DEFINITION, features, tmp_path)
    before = bytes_of(tmp_path)
    monkeypatch.setattr("churnml.features.store.derive", lambda *_, **__: 1 / 0)
    history = History(random_shop, SNAPSHOTS[0])
    with pytest.raises(ZeroDivisionError):
        write_snapshot(history, ChurnDefinition(active_days=30), features, tmp_path / f"snapshot_date={SNAPSHOTS[0]}")
    assert bytes_of(tmp_path) == before


@pytest.mark.slow
def test_rows_are_sorted_and_grouped_the_same_whatever_the_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churnml.data.engines.engine.ROWS_PER_GROUP", 7)
    shop = read(Maker(5, date(2025, 5, 1), 40).tables())
    features = available(shop, ["recency"])
    (made,) = write_features(shop, SNAPSHOTS[:1], DEFINITION, features, tmp_path)
    found = pq.read_table(made.path / "part-00000.parquet").to_pandas()
    assert list(found["customer_id"]) == sorted(found["customer_id"])


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_bytes(simulated: Path, tmp_path: Path) -> None:
    # Which features are built plays no part in how partitions come to be; few are compiled sooner, in each of six runs.
    few = tmp_path / "few.yaml"
    few.write_text("features:\n  families: [recency, monetary, rhythm, buy_till_you_die]\n")
    options = [option for day in SNAPSHOTS for option in ("--snapshot", str(day))]
    options += ["--config", str(few)]

    def start(out: str) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "churnml.cli",
            "features",
            str(simulated),
            *options,
            "--out",
            str(tmp_path / out),
        ]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    undisturbed = start("whole")
    _, err = undisturbed.communicate()
    assert undisturbed.returncode == 0, err
    expected = bytes_of(tmp_path / "whole")

    finished: list[set[str]] = []
    for delay in (0.0, 0.05, 0.2, 0.4):  # seconds after one more partition is there
        broken = start("broken")
        while broken.poll() is None and len(list((tmp_path / "broken").glob("snapshot_date=*"))) <= len(finished):
            time.sleep(0.01)
        time.sleep(delay)
        os.kill(broken.pid, signal.SIGKILL)
        broken.communicate()
        finished.append({path.name for path in (tmp_path / "broken").glob("snapshot_date=*")})
    resumed = start("broken")
    out, err = resumed.communicate()
    assert resumed.returncode == 0, err
    assert out.count("was there already") >= len(finished[-1]) - 1
    found = bytes_of(tmp_path / "broken")
    assert {name: content for name, content in found.items() if not name.startswith(".")} == expected
    assert set(found) == set(expected), "nothing half-written is left"


def test_the_folder_of_a_run_that_still_writes_is_left_alone(random_shop: Shop, tmp_path: Path) -> None:
    with Scratch(tmp_path, hidden=True) as live:
        (live / "part-00000.parquet").write_text("half", encoding="utf-8")
        write_features(random_shop, SNAPSHOTS[:1], DEFINITION, available(random_shop, ["recency"]), tmp_path)
        assert (live / "part-00000.parquet").exists()
    assert [path.name for path in tmp_path.iterdir()] == [f"snapshot_date={SNAPSHOTS[0]}"]


def test_a_store_goes_when_its_run_is_done_or_refused_and_stays_when_it_breaks(tmp_path: Path) -> None:
    store = tmp_path / "models" / "features" / "abc"

    def run(error: Exception | None) -> None:
        with own_store(store) as held:
            assert held == store
            (held / "partition").mkdir(exist_ok=True)
            if error is not None:
                raise error

    with pytest.raises(MemoryError):
        run(MemoryError())
    assert (store / "partition").is_dir()
    run(None)
    assert [path.name for path in tmp_path.rglob("*")] == ["models"]
    (tmp_path / "models").rmdir()
    with pytest.raises(InputError):
        run(InputError("too short"))
    assert list(tmp_path.iterdir()) == []


def test_two_runs_do_not_take_each_others_store_away(tmp_path: Path) -> None:
    with own_store(tmp_path / "store") as first:
        (first / "partition").mkdir()
        with own_store(tmp_path / "store") as second:
            assert second != first
            (second / "partition").mkdir()
        assert not second.exists()
        assert (first / "partition").exists()
    assert not first.exists()
