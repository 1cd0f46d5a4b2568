"""Law 6: the same numbers on every engine, for every feature."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from churnml.data.history import History
from churnml.data.population import data_end, eligible, exclusions, labels
from churnml.data.shop import Shop, read
from churnml.definition import ChurnDefinition
from churnml.features.builder import build_features
from churnml.features.registry import families
from tests.random_shop import Maker, Tables
from tests.servers import load_postgres

# (seed, snapshot, customers): the day after a leap day, and a summer's day with few customers.
SHOPS = [(1, pd.Timestamp("2024-03-01").date(), 25), (3, pd.Timestamp("2025-06-30").date(), 3)]
ENGINES = ("postgres", "spark")
every_shop = pytest.mark.parametrize("shop", range(len(SHOPS)), ids=lambda shop: f"shop{shop}")
every_engine = pytest.mark.parametrize("engine", ENGINES)


@cache
def tables_of(shop: int) -> Tables:
    return Maker(*SHOPS[shop]).tables()


@cache
def on_duckdb(shop: int) -> tuple[Shop, pd.DataFrame]:
    found = read(tables_of(shop))
    return found, build_features(found, SHOPS[shop][1])


@pytest.fixture(scope="module")
def on_engines(
    postgres: str, spark: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, int], tuple[Shop, pd.DataFrame]]:
    """Read and build every shop on every engine."""
    made = {}
    for shop, (_, snapshot, _) in enumerate(SHOPS):
        folder = tmp_path_factory.mktemp("parquet")
        for name, table in tables_of(shop).items():
            table.to_parquet(folder / f"{name}.parquet", index=False, coerce_timestamps="us")
        sources = {
            "postgres": load_postgres(postgres, f"law6_{shop}", tables_of(shop)),
            "spark": spark.replace("pyspark://", f"pyspark://{folder}"),
        }
        for engine, source in sources.items():
            found = read(source)
            made[engine, shop] = found, build_features(found, snapshot)
    return made


@pytest.mark.slow
@every_engine
@every_shop
@pytest.mark.parametrize("family", list(families()))
def test_every_engine_gives_the_same_numbers(family: str, shop: int, engine: str, on_engines: dict) -> None:
    expected, found = on_duckdb(shop)[1], on_engines[engine, shop][1]
    assert list(found.index) == list(expected.index)
    assert list(found) == list(expected)
    for feature in families()[family].features:
        if feature.name in expected:
            np.testing.assert_allclose(
                found[feature.name], expected[feature.name], rtol=1e-9, atol=1e-12, err_msg=feature.name
            )


@pytest.mark.slow
@every_engine
def test_every_engine_knows_the_same_population_and_labels(engine: str, on_engines: dict) -> None:
    snapshot, definition = SHOPS[0][1], ChurnDefinition(horizon_days=45)
    shops = [on_duckdb(0)[0], on_engines[engine, 0][0]]
    one, other = (eligible(History(s, snapshot), definition).order_by("customer_id").to_pandas() for s in shops)
    pd.testing.assert_frame_equal(one, other, check_dtype=False)
    one, other = (labels(s, snapshot, definition, data_end(s, None, 45)) for s in shops)
    pd.testing.assert_series_equal(one, other, check_dtype=False, check_index_type=False)
    assert exclusions(History(shops[0], snapshot), definition) == exclusions(History(shops[1], snapshot), definition)
