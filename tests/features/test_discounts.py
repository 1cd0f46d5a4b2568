"""Discounts, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.shop import read
from churnml.features.builder import build_features
from tests.features import redo

SNAPSHOT = "2025-07-01"

# (ordered_at, amount paid, discount, cancelled_at)
ORDERS = [
    ("2024-06-30 23:59:59", 10, 5, None),  # outside of 365 days
    ("2024-07-01 00:00:00", 60, 15, None),  # 365 days before, inside
    ("2025-04-02 00:00:00", 30, 5, None),  # 90 days before, inside
    ("2025-04-02 00:00:00", 1, None, None),  # with the last one on discount, not after it
    ("2025-05-01 10:00:00", 40, 0, None),
    ("2025-06-01 10:00:00", 49, None, None),
    ("2025-06-02 10:00:00", 10, 9, "2025-06-03"),  # cancelled
    ("2025-07-01 00:00:00", 10, 9, None),  # not known yet
]

EXPECTED = {
    "orders_discounted_90d": 1.0,
    "orders_discounted_365d": 2.0,
    "discount_sum_365d": 20.0,
    "days_since_last_discounted_order": 90.0,
    "orders_at_full_price_since_discount": 2.0,  # 1 May and 1 June
    "orders_discounted_share_365d": 0.4,  # 2 of 5
    "discount_depth_share_365d": 0.1,  # 20 / (20 + 60 + 30 + 1 + 40 + 49)
}
REDO = {
    r"orders_.*": redo.rows(),
    "discount_sum_365d": redo.total("discount"),
    "days_since_last_discounted_order": redo.days_since("ordered_at"),
}


def features_of(orders: list[tuple]) -> pd.Series:
    table = pd.DataFrame(orders, columns=["ordered_at", "amount", "discount", "cancelled_at"])
    shop = read({"orders": table.assign(order_id=range(len(table)), customer_id="ann")})
    return build_features(shop, SNAPSHOT, families=["discounts", "frequency", "monetary"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(ORDERS)[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12)


def test_who_never_had_a_discount_paid_full_price_all_along() -> None:
    found = features_of([("2025-05-01", 10, 0, None), ("2025-06-01", 10, None, None)])
    assert found["orders_at_full_price_since_discount"] == 2
    assert found["orders_discounted_share_365d"] == found["discount_depth_share_365d"] == 0
    assert pd.isna(found["days_since_last_discounted_order"])


def test_without_discounts_in_the_data_nothing_is_said_of_them() -> None:
    orders = pd.DataFrame({"order_id": [1], "customer_id": "ann", "ordered_at": ["2025-06-01"], "amount": 1})
    assert list(build_features(read({"orders": orders}), SNAPSHOT, families=["discounts"])) == []
