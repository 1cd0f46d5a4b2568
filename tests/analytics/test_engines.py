"""Law 6 for analytics: the same numbers on every engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from functools import cache

import pandas as pd
import pytest

from churnml.analytics.cohorts import compute_cohorts
from churnml.analytics.customer_value import expected_customer_value, historic_customer_value
from churnml.analytics.overview import analyse
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from tests.engine_shops import SHOPS, on_duckdb

# Its customers have a city, and some of them began badly, so that every table has something to tell.
SHOP, DAY = 0, SHOPS[0][1]


def figures(shop: Shop) -> dict[str, pd.DataFrame]:
    history = History(shop, DAY)
    return analyse(shop, DAY, ChurnDefinition(horizon_days=60)).tables() | {
        "all cohorts": compute_cohorts(history),
        "historic value": pd.DataFrame([astuple(historic_customer_value(history))]),
        "expected value": expected_customer_value(history, ChurnDefinition()),
    }


@cache
def expected() -> dict[str, pd.DataFrame]:
    return figures(on_duckdb(SHOP))


@pytest.mark.slow
def test_every_table_of_the_shop_tells_something() -> None:
    tables = expected()
    few = {"historic value", "faults", "fault_customers", "next_tiers"}  # faults have a test with all that they look at
    assert all(len(table) > 1 for name, table in tables.items() if name not in few)
    assert set(tables["groups"]["group"]) == {"tier", "channel", "first product", "first category", "city"}
    assert (tables["first_experience"]["customers"] > 0).all()
    assert (tables["reasons"]["churned"] + tables["reasons"]["stayed"] > 0).sum() >= 5
    assert (tables["experience"][["late_share", "complaint_rate", "return_rate", "ratings"]] > 0).any().all()


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_every_engine_gives_the_same_figures(engine: str, engine_shop: Callable[[str, int], tuple[Shop, str]]) -> None:
    found = figures(engine_shop(engine, SHOP)[0])
    assert list(found) == list(expected())
    for name, table in expected().items():
        pd.testing.assert_frame_equal(found[name], table, rtol=1e-9, atol=1e-12, obj=name)
