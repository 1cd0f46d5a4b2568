"""Law 6 for analytics: the same numbers on every engine."""

from __future__ import annotations

from dataclasses import astuple
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from churnml.analytics.cohorts import compute_cohorts
from churnml.analytics.concentration import compute_concentration
from churnml.analytics.customer_value import expected_customer_value, historic_customer_value
from churnml.analytics.overview import analyse
from churnml.data.history import History
from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from tests.random_shop import Maker
from tests.servers import load_postgres

DAY = date(2024, 3, 1)


def figures(source: object) -> list[pd.DataFrame]:
    shop = read(source)
    history = History(shop, DAY)
    overview = analyse(shop, DAY, ChurnDefinition(horizon_days=60)).tables()
    return [
        *(overview[name] for name in ("kpis", "kpis_by_segment", "lifecycle", "transitions", "segments", "migration")),
        compute_cohorts(history),
        compute_concentration(history),
        pd.DataFrame([astuple(historic_customer_value(history))]),
        expected_customer_value(history, ChurnDefinition()),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_every_engine_gives_the_same_figures(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    tables, address = Maker(1, DAY, 25).tables(), request.getfixturevalue(engine)
    if engine == "postgres":
        source = load_postgres(address, "law6_analytics", tables)
    else:
        for name, table in tables.items():
            table.to_parquet(tmp_path / f"{name}.parquet", index=False, coerce_timestamps="us")
        source = address.replace("pyspark://", f"pyspark://{tmp_path}")
    for found, expected in zip(figures(source), figures(tables), strict=True):
        assert len(expected)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-12)
