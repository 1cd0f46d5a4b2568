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
    ("2025-06-24 00:00:00", 0.0625),  # 7 days before, inside
    ("2025-06-23 23:59:59", 0.125),
    ("2025-06-17 00:00:00", 0.25),  # 14 days before, inside
    ("2025-06-16 23:59:59", 0.5),
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
    ("2023-07-02 00:00:00", 1024),  # 730 days before, inside: 2024 has a 29 February
    ("2023-07-01 23:59:59", 2048),
    ("2022-07-02 00:00:00", 4096),  # 1,095 days before, inside
    ("2022-07-01 23:59:59", 8192),
    ("2025-07-01 00:00:00", 16384),  # not known yet
]

EXPECTED = {
    "amount_sum_7d": 0.0625,
    "amount_sum_14d": 0.4375,  # 0.0625 + 0.125 + 0.25
    "amount_sum_30d": 1.9375,  # 0.4375 + 0.5 + 1
    "amount_sum_60d": 7.9375,  # 1.9375 + 2 + 4
    "amount_sum_90d": 31.9375,  # 7.9375 + 8 + 16
    "amount_sum_180d": 127.9375,  # 31.9375 + 32 + 64
    "amount_sum_365d": 511.9375,  # 127.9375 + 128 + 256
    "amount_sum_730d": 2047.9375,  # 511.9375 + 512 + 1024
    "amount_sum_1095d": 8191.9375,  # 2047.9375 + 2048 + 4096
    "amount_sum_total": 16383.9375,  # 8191.9375 + 8192
    "amount_mean_365d": 511.9375 / 13,  # 13 orders in 365 days
    "amount_max_365d": 256.0,
    "amount_last_order_day": 0.0625,  # 24 June
    "amount_last_to_mean_ratio": 0.0625 / (511.9375 / 13),
}

REDO = {
    r"amount_sum_.*": redo.total("amount"),
    r"amount_mean_365d": redo.mean("amount"),
    r"amount_max_365d": redo.largest("amount"),
    r"amount_last_order_day": redo.total("amount"),
}


def features_of(orders: list[tuple[str, float]], **definition: int) -> pd.Series:
    table = pd.DataFrame(orders, columns=["ordered_at", "amount"]).assign(customer_id="ann")
    shop = read({"orders": table.assign(order_id=range(len(table)))})
    return build_features(shop, SNAPSHOT, ChurnDefinition(**definition), families=["monetary"]).loc["ann"]


@pytest.mark.slow
def test_values_are_those_computed_by_hand() -> None:
    assert features_of(ORDERS, horizon_days=28, active_days=1095).to_dict() == EXPECTED


@pytest.mark.slow
def test_a_quarter_and_a_year_have_no_scaled_windows() -> None:
    scaled = {f"amount_sum_{days}d" for days in (7, 14, 730, 1095)}
    assert set(features_of(ORDERS).index) == set(EXPECTED) - scaled


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
    assert found.isna().to_dict() == {name: name == "amount_last_to_mean_ratio" for name in found.index}


@pytest.mark.slow
def test_sums_of_no_orders_are_0_and_means_are_null() -> None:
    found = features_of([("2024-02-17", 20)], active_days=600)  # 500 days before
    assert found["amount_sum_365d"] == 0
    assert found["amount_sum_total"] == 20
    assert found["amount_last_order_day"] == 20
    missing = {"amount_mean_365d", "amount_max_365d", "amount_last_to_mean_ratio"}
    assert set(found.index[found.isna()]) == missing
