"""Monetary, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from churnml.features.builder import build_features
from tests.features import redo

SNAPSHOT = "2025-07-01"

# Orders of ann at both sides of every window's border; each amount is twice the one before, so a sum names its orders.
ORDERS = [
    ("2025-06-01 00:00:00", 1),  # 30 days before, inside
    ("2025-05-31 23:59:59", 2),
    ("2025-05-02 00:00:00", 4),  # 60 days before, inside
    ("2025-05-01 23:59:59", 8),
    ("2025-04-02 00:00:00", 16),  # 90 days before, inside
    ("2025-04-01 23:59:59", 32),
    ("2025-01-02 00:00:00", 64),  # 180 days before, inside
    ("2025-01-01 23:59:59", 128),
    ("2024-07-01 00:00:00", 256),  # 365 days before, inside
    ("2024-06-30 23:59:59", 512),
    ("2025-07-01 00:00:00", 1024),  # not known yet
]

EXPECTED = {
    "amount_sum_30d": 1.0,
    "amount_sum_60d": 7.0,  # 1 + 2 + 4
    "amount_sum_90d": 31.0,  # 7 + 8 + 16
    "amount_sum_180d": 127.0,  # 31 + 32 + 64
    "amount_sum_365d": 511.0,  # 127 + 128 + 256
    "amount_sum_total": 1023.0,  # 511 + 512
    "amount_mean_365d": 511 / 9,  # nine orders in 365 days
    "amount_max_365d": 256.0,
    "amount_last_order_day": 1.0,  # 1 June
    "amount_last_to_mean_ratio": 1 / (511 / 9),
}

REDO = {
    r"amount_sum_.*": redo.total("amount"),
    r"amount_mean_365d": redo.mean("amount"),
    r"amount_max_365d": redo.largest("amount"),
    r"amount_last_order_day": redo.total("amount"),
}


def features_of(orders: list[tuple[str, float]], active_days: int = 365) -> pd.Series:
    table = pd.DataFrame(orders, columns=["ordered_at", "amount"]).assign(customer_id="ann")
    shop = read({"orders": table.assign(order_id=range(len(table)))})
    return build_features(shop, SNAPSHOT, ChurnDefinition(active_days=active_days), families=["monetary"]).loc["ann"]


@pytest.mark.slow
def test_values_are_those_computed_by_hand() -> None:
    assert features_of(ORDERS).to_dict() == EXPECTED


@pytest.mark.slow
def test_sums_are_those_of_decimals_not_of_doubles() -> None:
    found = features_of([("2025-06-10", 0.1), ("2025-06-11", 0.2), ("2025-06-12", 0.3)])
    assert 0.1 + 0.2 + 0.3 != 0.6
    assert found["amount_sum_30d"] == 0.6
    assert found["amount_mean_365d"] == 0.6 / 3


def test_orders_of_the_last_day_are_added_up() -> None:
    found = features_of([("2025-05-01 10:00", 30), ("2025-06-10 09:00", 5.5), ("2025-06-10 21:00", 4.5)])
    assert found["amount_last_order_day"] == 10  # 5.5 + 4.5
    assert found["amount_mean_365d"] == 40 / 3
    assert found["amount_last_to_mean_ratio"] == 10 / (40 / 3)


def test_orders_of_nothing_have_a_mean_of_0_but_no_ratio() -> None:
    found = features_of([("2025-05-01", 0), ("2025-06-10", 0)])
    assert found["amount_sum_365d"] == 0
    assert found["amount_mean_365d"] == 0
    assert found.isna().to_dict() == {name: name == "amount_last_to_mean_ratio" for name in EXPECTED}


@pytest.mark.slow
def test_sums_of_no_orders_are_0_and_means_are_null() -> None:
    found = features_of([("2024-02-17", 20)], active_days=600)  # 500 days before
    assert found["amount_sum_365d"] == 0
    assert found["amount_sum_total"] == 20
    assert found["amount_last_order_day"] == 20
    missing = {"amount_mean_365d", "amount_max_365d", "amount_last_to_mean_ratio"}
    assert set(found.index[found.isna()]) == missing
