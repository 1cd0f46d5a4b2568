"""Law 6: the same numbers on every engine, for every feature."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pandas as pd
import pytest

from churnml.data.history import History
from churnml.data.population import eligible, exclusions, labels, resolve_day
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.available import available
from churnml.features.builder import build, build_features
from churnml.features.family_catalogue import catalogue
from churnml.features.store import write_feature_file, write_features
from tests.conftest import ONE_BY_ONE, SPARK
from tests.engine_shops import SHOPS, on_duckdb, tables_of

EngineShop = Callable[[str, int], tuple[Shop, str]]
ENGINES = ("postgres", "spark")
every_shop = pytest.mark.parametrize("shop", range(len(SHOPS)), ids=lambda shop: f"shop{shop}")
every_engine = pytest.mark.parametrize("engine", ENGINES)


def all_features(shop: Shop, snapshot: date) -> pd.DataFrame:
    """Build every feature, by whichever measure."""
    return build(History(shop, snapshot), ChurnDefinition(), available(shop))


@cache
def built_on_duckdb(shop: int) -> pd.DataFrame:
    return all_features(on_duckdb(shop), SHOPS[shop][1])


@pytest.fixture(scope="module")
def built_on(engine_shop: EngineShop) -> Callable[[str, int], pd.DataFrame]:
    """Gives all features of a shop on an engine, which are built once for all families together."""
    return cache(lambda engine, shop: all_features(engine_shop(engine, shop)[0], SHOPS[shop][1]))


@pytest.mark.slow
@every_engine
@every_shop
@pytest.mark.parametrize("family", list(catalogue().families))
def test_every_engine_gives_the_same_numbers(
    family: str, shop: int, engine: str, built_on: Callable[[str, int], pd.DataFrame]
) -> None:
    expected, found = built_on_duckdb(shop), built_on(engine, shop)
    assert list(found.index) == list(expected.index)
    assert list(found) == list(expected)
    for feature in catalogue().families[family].features:
        if feature.name in expected:
            np.testing.assert_allclose(
                found[feature.name], expected[feature.name], rtol=1e-9, atol=1e-12, err_msg=feature.name
            )


@pytest.mark.slow
@every_engine
def test_every_engine_knows_the_same_population_and_labels(engine: str, engine_shop: EngineShop) -> None:
    snapshot, definition = SHOPS[0][1], ChurnDefinition(horizon_days=45)
    shops = [on_duckdb(0), engine_shop(engine, 0)[0]]
    one, other = (eligible(History(s, snapshot), definition).order_by("customer_id").to_pandas() for s in shops)
    pd.testing.assert_frame_equal(one, other, check_dtype=False)
    one, other = (labels(s, snapshot, definition, resolve_day(s, None, 45)) for s in shops)
    pd.testing.assert_series_equal(one, other, check_dtype=False, check_index_type=False)
    assert exclusions(History(shops[0], snapshot), definition) == exclusions(History(shops[1], snapshot), definition)


@pytest.mark.slow
@every_engine
def test_every_engine_writes_the_same_partitions(engine: str, engine_shop: EngineShop, tmp_path: Path) -> None:
    shop, snapshot = engine_shop(engine, 0)[0], SHOPS[0][1]
    features = available(shop, ["recency", "monetary", "rhythm", "buy_till_you_die"], definition=ChurnDefinition())
    days = [snapshot - timedelta(days=30), snapshot]
    partitions = write_features(shop, days, ChurnDefinition(), features, tmp_path)
    for partition in partitions:
        key, part = sorted(path.name for path in partition.path.iterdir())  # nothing else of the engine is left
        assert key == "_churnml.json"
        assert fnmatch(part, "part-00000*.parquet")
        expected = build_features(on_duckdb(0), partition.snapshot_date)[[feature.name for feature in features]]
        pd.testing.assert_frame_equal(
            partition.read(), expected, rtol=1e-9, atol=1e-12, check_index_type=False, check_exact=False
        )
    assert [made.built for made in write_features(shop, days, ChurnDefinition(), features, tmp_path)] == [False, False]


@pytest.mark.slow
def test_spark_writes_a_part_for_each_of_its_partitions(
    engine_shop: EngineShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churnml.data.engines.spark._ROWS_PER_PART", 5)
    shop, snapshot = engine_shop("spark", 0)[0], SHOPS[0][1]
    features = available(shop, ["recency"])
    (made,) = write_features(shop, [snapshot], ChurnDefinition(), features, tmp_path)
    parts = [pd.read_parquet(path).customer_id for path in sorted(made.path.glob("*.parquet"))]
    assert len(parts) > 1
    assert all(part.is_monotonic_increasing for part in parts)
    assert sorted(pd.concat(parts)) == list(build_features(on_duckdb(0), snapshot).index)
    file = write_feature_file(shop, snapshot, ChurnDefinition(), features, tmp_path / "f.parquet")
    assert len(list(file.path.glob("part-*.parquet"))) == len(parts)
    pd.testing.assert_frame_equal(file.read(), made.read())


@pytest.mark.slow
@every_engine
def test_the_commands_take_an_address(engine: str, engine_shop: EngineShop, tmp_path: Path) -> None:
    source, day = engine_shop(engine, 0)[1], str(SHOPS[0][1])
    if engine == "spark":  # as it is by itself, on two cores, which takes long: tables of two kinds are enough
        for name in ("orders", "complaints"):
            tables_of(0)[name].to_parquet(tmp_path / f"{name}.parquet", index=False, coerce_timestamps="us")
        source = f"pyspark://{tmp_path}?{urlencode(SPARK)}"
    (tmp_path / "few.yaml").write_text("features:\n  families: [recency, monetary]\n")
    rest = [source, "--snapshot", day, "--config", "few.yaml"]
    commands = [["features", *rest, "--out", "out"], ["audit", *rest]]
    done = subprocess.run(
        [sys.executable, "-c", ONE_BY_ONE, json.dumps(commands)], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"snapshot_date={day}" in done.stdout
    assert done.stdout.rstrip().endswith("2 commands done")
