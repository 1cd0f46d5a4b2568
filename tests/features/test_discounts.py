"""Discounts, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.errors import InputError
from churnml.features.builder import build_features
from tests.features import redo

pytestmark = pytest.mark.slow

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
    "orders_discounted_total": 3.0,
    "orders_until_last_discount": 4.0,  # of 30 June, 1 July and 2 April
    "discount_last_order_day": 0.0,
    "discount_depth_max_share_365d": 0.2,  # 15 / 75; on 2 April 5 / 35
    "orders_discounted_share_365d": 0.4,  # 2 of 5
    "discount_ended_usual_share": 0.75,  # 3 of the 4 up to the last discount, before 2 at the full price
    "discount_depth_share_365d": 0.1,  # 20 / (20 + 60 + 30 + 1 + 40 + 49)
    "discount_depth_last_order_day_share": 0.0,  # 0 / 49
    "discount_depth_last_to_usual_ratio": 0.0,
}
REDO = {
    "orders_at_full_price_since_discount": redo.total("since_discount"),
    "orders_until_last_discount": redo.total("until_discount"),
    r"orders_discounted_.*": redo.rows(),
    r"discount_sum_365d|discount_last_order_day": redo.total("discount"),
    "discount_depth_max_share_365d": redo.largest("depth"),
    "days_since_last_discounted_order": redo.days_since("ordered_at"),
}


def features_of(orders: list[tuple]) -> pd.Series:
    table = pd.DataFrame(orders, columns=["ordered_at", "amount", "discount", "cancelled_at"])
    shop = read({"orders": table.assign(order_id=range(len(table)), customer_id="ann")})
    return build_features(shop, SNAPSHOT, families=["discounts", "frequency", "monetary"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(ORDERS)[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12)


def test_who_never_had_a_discount_did_not_lose_one() -> None:
    found = features_of([("2025-05-01", 10, 0, None), ("2025-06-01", 10, None, None)])
    assert pd.isna(found["orders_at_full_price_since_discount"])
    assert pd.isna(found["days_since_last_discounted_order"])
    assert pd.isna(found["orders_until_last_discount"])
    assert pd.isna(found["discount_ended_usual_share"])
    assert pd.isna(found["discount_depth_last_to_usual_ratio"])  # 0 / 0
    assert found["orders_discounted_share_365d"] == found["discount_depth_share_365d"] == 0
    assert found["discount_depth_max_share_365d"] == 0


def test_a_discount_that_goes_on_has_no_order_after_it() -> None:
    found = features_of([("2025-05-01", 90, 10, None), ("2025-06-01 08:00", 80, 20, None)])
    assert found["orders_at_full_price_since_discount"] == 0
    assert pd.isna(found["discount_ended_usual_share"])
    assert found["discount_last_order_day"] == 20
    assert found["discount_depth_last_order_day_share"] == 0.2  # 20 / 100
    assert found["discount_depth_last_to_usual_ratio"] == pytest.approx(0.2 / 0.15)  # 30 / 200


def test_the_orders_of_the_last_day_count_together() -> None:
    orders = [("2025-06-01 00:00:00", 60, 20, None), ("2025-06-01 23:59:59", 20, 0, None), ("2025-05-31", 1, 9, None)]
    found = features_of(orders)
    assert found["discount_last_order_day"] == 20
    assert found["discount_depth_last_order_day_share"] == 0.2  # 20 / (60 + 20 + 20)
    assert found["orders_at_full_price_since_discount"] == 1


def test_an_order_that_is_wholly_reduced_is_reduced_by_all() -> None:
    found = features_of([("2025-06-01", 0, 25, None), ("2025-05-01", 0, 0, None)])
    assert found["discount_depth_max_share_365d"] == found["discount_depth_share_365d"] == 1
    assert pd.isna(features_of([("2025-06-01", 0, 0, None)])["discount_depth_max_share_365d"])  # 0 / 0


def test_a_surcharge_is_no_discount() -> None:
    with pytest.raises(InputError, match="A discount is what was taken off, 0 or more"):
        features_of([("2025-06-01", 30, -40, None), ("2025-05-01", 30, 10, None)])


def test_without_discounts_in_the_data_nothing_is_said_of_them() -> None:
    orders = pd.DataFrame({"order_id": [1], "customer_id": "ann", "ordered_at": ["2025-06-01"], "amount": 1})
    assert list(build_features(read({"orders": orders}), SNAPSHOT, families=["discounts"])) == []
