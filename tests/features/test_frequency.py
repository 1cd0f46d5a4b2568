"""Frequency, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from churnml.features.builder import build_features
from tests.features import redo

SNAPSHOT = "2025-07-01"

# Orders of ann at both sides of every window's border: (ordered_at, cancelled_at).
ORDERS = [
    ("2025-07-01 00:00:00", None),  # not known yet
    ("2025-06-24 00:00:00", None),  # 7 days before, inside
    ("2025-06-23 23:59:59", None),
    ("2025-06-20 12:00:00", "2025-06-21"),  # cancelled
    ("2025-06-17 00:00:00", None),  # 14 days before, inside
    ("2025-06-16 23:59:59", None),
    ("2025-06-01 00:00:00", None),  # 30 days before, inside
    ("2025-05-31 23:59:59", None),
    ("2025-05-02 00:00:00", None),  # 60 days before, inside
    ("2025-05-01 23:59:59", None),
    ("2025-04-02 00:00:00", None),  # 90 days before, inside
    ("2025-04-01 23:59:59", None),
    ("2025-01-02 00:00:00", None),  # 180 days before, inside
    ("2025-01-01 23:59:59", None),
    ("2024-07-01 00:00:00", None),  # 365 days before, inside
    ("2024-06-30 23:59:59", None),
    ("2023-07-02 00:00:00", None),  # 730 days before, inside: 2024 has a 29 February
    ("2023-07-01 23:59:59", None),
    ("2022-07-02 00:00:00", None),  # 1,095 days before, inside
    ("2022-07-01 23:59:59", None),
]

EXPECTED = {
    "orders_7d": 1.0,
    "orders_14d": 3.0,
    "orders_30d": 5.0,
    "orders_60d": 7.0,
    "orders_90d": 9.0,
    "orders_180d": 11.0,
    "orders_365d": 13.0,
    "orders_730d": 15.0,
    "orders_1095d": 17.0,
    "orders_total": 18.0,
    "orders_90d_share_of_365d": 9 / 13,
}

REDO = {
    r"orders_.*": redo.rows(),
}


def features_of(orders: list[tuple[str, str | None]], **definition: int) -> pd.Series:
    table = pd.DataFrame(orders, columns=["ordered_at", "cancelled_at"]).assign(customer_id="ann", amount=10)
    table["cancelled_at"] = pd.to_datetime(table["cancelled_at"], format="ISO8601")
    shop = read({"orders": table.assign(order_id=range(len(table)))})
    return build_features(shop, SNAPSHOT, ChurnDefinition(**definition), families=["frequency"]).loc["ann"]


@pytest.mark.slow
def test_values_are_those_computed_by_hand() -> None:
    assert features_of(ORDERS, horizon_days=28, active_days=1095).to_dict() == EXPECTED


@pytest.mark.slow
@pytest.mark.parametrize(
    ("horizon_days", "active_days", "without"),
    [
        (28, 1095, set()),
        (29, 1094, {"orders_7d", "orders_1095d"}),
        (56, 730, {"orders_7d", "orders_1095d"}),
        (57, 729, {"orders_7d", "orders_14d", "orders_730d", "orders_1095d"}),
        (90, 180, {"orders_7d", "orders_14d", "orders_730d", "orders_1095d"}),  # 365 days are always there
    ],
)
def test_scaled_windows_lie_between_a_quarter_of_the_horizon_and_the_active_days(
    horizon_days: int, active_days: int, without: set[str]
) -> None:
    found = features_of(ORDERS, horizon_days=horizon_days, active_days=active_days)
    assert set(found.index) == set(EXPECTED) - without


def test_orders_of_the_same_moment_are_all_counted() -> None:
    found = features_of([("2025-06-10 10:00:00", None)] * 3)
    assert found["orders_30d"] == 3
    assert found["orders_total"] == 3


def test_nothing_in_a_window_is_0() -> None:
    found = features_of([("2024-08-01", None), ("2024-09-01", None)])
    assert found["orders_180d"] == 0
    assert found["orders_90d_share_of_365d"] == 0  # 0 / 2


@pytest.mark.slow
def test_the_share_of_no_orders_is_null() -> None:
    # Eligible by an order of 500 days ago: none in 365 days, 0 / 0.
    found = features_of([("2024-02-17", None)], active_days=600)
    assert found["orders_365d"] == 0
    assert found["orders_total"] == 1
    assert found.isna().to_dict() == {name: name == "orders_90d_share_of_365d" for name in found.index}


@pytest.mark.slow
@pytest.mark.parametrize(("cancelled_at", "orders"), [("2025-06-30 23:59:59", 1), ("2025-07-01 00:00:00", 2)])
def test_a_cancellation_at_the_snapshot_is_not_known_yet(cancelled_at: str, orders: int) -> None:
    found = features_of([("2025-06-10", None), ("2025-06-29", cancelled_at)])
    assert found["orders_30d"] == orders
