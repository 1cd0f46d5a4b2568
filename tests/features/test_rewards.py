"""Rewards, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.shop import Shop, read
from churnml.features.builder import build_features
from tests.features import redo

SNAPSHOT = "2025-07-01"

ORDERS = {"order_id": [1, 2, 3], "ordered_at": ["2024-08-01", "2025-05-01", "2025-06-01"], "amount": [30, 50, 20]}
COLUMNS = ["changed_at", "kind", "points", "tier"]
ROWS = [
    ("2024-06-30 23:59:59", "earned", 100, "basic"),  # outside of 365 days
    ("2024-07-01 00:00:00", "earned", 40, "silver"),  # 365 days before, inside; up
    ("2025-01-10 00:00:00", "redeemed", -50, "silver"),
    ("2025-03-01 08:00:00", "earned", 10.5, "gold"),  # up
    ("2025-04-02 00:00:00", "earned", 5, "silver"),  # 90 days before, inside; back to silver
    ("2025-06-01 00:00:00", "expired", -20, None),  # 30 days before; without a tier
    ("2025-07-01 00:00:00", "earned", 99, "gold"),  # not known yet
]

EXPECTED = {
    "points_balance": 85.5,  # 100 + 40 - 50 + 10.5 + 5 - 20
    "points_earned_90d": 5.0,
    "points_earned_365d": 55.5,  # 40 + 10.5 + 5
    "points_redeemed_90d": 20.0,
    "points_redeemed_365d": 70.0,
    "days_since_last_points_earned": 90.0,
    "days_since_last_points_redeemed": 30.0,
    "tiers_total": 3.0,
    "tier_changes_365d": 3.0,
    "tier_falls_365d": 1.0,
    "days_since_last_tier_change": 90.0,
}
REDO = {
    r"points_(balance|earned_.*)": redo.total("points"),
    r"points_redeemed_.*": redo.total("redeemed"),
    r"days_since_.*": redo.days_since("changed_at"),
    "tiers_total": lambda rows, now: float(rows["tier"].nunique()),
    r"tier_(changes|falls)_365d": redo.rows(),
}


def shop_of(rows: list[tuple], **orders: object) -> Shop:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.assign(customer_id="ann")
    return read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann", **orders), "rewards": table})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["rewards", "recency"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(ROWS))[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


def test_the_first_tier_is_no_change() -> None:
    found = features_of(shop_of([("2025-06-01", "earned", 1, "basic")]))
    assert found["tiers_total"] == 1
    assert found["tier_changes_365d"] == 0
    assert pd.isna(found["days_since_last_tier_change"])
