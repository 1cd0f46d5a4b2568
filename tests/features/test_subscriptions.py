"""Subscriptions, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.shop import Shop, read
from churnml.features.builder import build_features
from tests.features import redo

SNAPSHOT = "2025-07-01"

ORDERS = {"order_id": [1, 2, 3], "ordered_at": ["2024-08-01", "2025-05-01", "2025-06-01"], "amount": [30, 50, 20]}
COLUMNS = ["started_at", "ended_at", "cancelled_at", "price"]
ROWS = [
    ("2025-07-01 00:00:00", None, None, 1),  # not known yet
    ("2025-01-01", "2025-07-11", None, 9.5),  # runs, ends in 10 days
    ("2025-03-01", None, "2025-07-01", 5),  # runs: cancelled later
    ("2024-01-01", "2025-07-01", None, 7),  # ended with the start of the day
    ("2024-05-01", None, "2024-07-01 00:00:00", 3),  # cancelled 365 days before, inside
    ("2024-05-01", None, "2024-06-30 23:59:59", 3),  # cancelled 366 days before
]

EXPECTED = {
    "subscriptions_running": 2.0,
    "subscription_price_sum": 14.5,  # 9.5 + 5
    "days_since_subscription_start": 181.0,  # 1 January to 1 July
    "days_to_subscription_end": 10.0,
    "subscriptions_total": 5.0,
    "subscriptions_cancelled": 2.0,
    "subscriptions_cancelled_365d": 1.0,
    "days_since_last_subscription_cancelled": 365.0,
    "subscriptions_cancelled_share": 0.4,  # 2 / 5
}
REDO = {
    r"subscriptions_(running|total|cancelled.*)": redo.rows(),
    "subscription_price_sum": redo.total("price"),
    "days_since_subscription_start": redo.days_since("started_at", pd.Series.min),
    "days_to_subscription_end": lambda rows, now: -redo.days_since("ended_at", pd.Series.min)(rows, now),
    "days_since_last_subscription_cancelled": redo.days_since("cancelled_at"),
}


def shop_of(rows: list[tuple], **orders: object) -> Shop:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.assign(subscription_id=range(len(table)), customer_id="ann")
    return read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann", **orders), "subscriptions": table})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["subscriptions", "recency"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(ROWS))[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


def test_a_subscription_without_a_planned_end_has_no_days_to_it() -> None:
    found = features_of(shop_of([("2025-01-01", None, None, 1), ("2025-01-02", "2025-02-01", None, 1)]))
    assert found["subscriptions_running"] == 1
    assert pd.isna(found["days_to_subscription_end"])
