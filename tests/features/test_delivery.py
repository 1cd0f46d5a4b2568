"""Delivery, computed by hand."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from churnml.data.shop import Shop, read
from churnml.features.builder import build_features
from churnml.features.sentences import write
from tests.features import redo

SNAPSHOT = "2025-07-01"

# Orders of ann, all placed on 1 June 2024 but the last: (promised_at, delivered_at).
DELIVERIES = [
    ("2025-05-30 18:00:00", "2025-06-01 00:00:00"),  # 30 days before, inside: 2 days late
    ("2025-05-31 08:00:00", "2025-05-31 23:59:59"),  # the promised day: 0
    ("2025-05-01 23:59:59", "2025-05-02 00:00:00"),  # 60 days before, inside: 1 late
    ("2025-04-07 00:00:00", "2025-04-02 00:00:00"),  # 90 days before, inside: 5 early
    ("2024-12-26 00:00:00", "2025-01-02 00:00:00"),  # 180 days before, inside: 7 late (5 of December and 2)
    ("2024-06-21 00:00:00", "2024-07-01 00:00:00"),  # 365 days before, inside: 10 late
    ("2024-06-10 00:00:00", "2024-06-30 23:59:59"),  # outside of all windows: 20 late
    ("2025-06-25 12:00:00", "2025-07-01 00:00:00"),  # not known to be delivered: 6 days past its promise
    ("2025-07-03 12:00:00", None),  # 2 days ahead
    ("2025-07-01 00:00:00", None),  # promised for the snapshot: not late
]

EXPECTED = {
    "deliveries_late_30d": 1.0,
    "deliveries_late_60d": 2.0,
    "deliveries_late_90d": 2.0,
    "deliveries_late_180d": 3.0,
    "deliveries_late_365d": 4.0,
    "delivery_delay_mean_days_30d": 2.0,
    "delivery_delay_mean_days_60d": 1.0,  # (2 + 0 + 1) / 3
    "delivery_delay_mean_days_90d": -0.5,  # (3 - 5) / 4
    "delivery_delay_mean_days_180d": 1.0,  # (-2 + 7) / 5
    "delivery_delay_mean_days_365d": 2.5,  # (5 + 10) / 6
    "delivery_delay_max_days_180d": 7.0,
    "delivery_delay_last_days": 2.0,  # that of 1 June
    "delivery_delay_before_last_days": 0.0,  # that of 31 May
    "days_since_last_late_delivery": 30.0,  # 1 June to 1 July
    "deliveries_365d": 6.0,
    "orders_under_way": 3.0,
    "orders_under_way_late": 1.0,
    "order_under_way_past_promise_max_days": 6.0,  # 25 June to 1 July
    # Days from 1 June 2024: 365, 364, 335, 305 and 215, and 30 to 1 July 2024.
    "order_to_delivery_mean_days_180d": 316.8,  # 1584 / 5
    "order_to_delivery_mean_days_365d": 269.0,  # 1614 / 6
    "order_to_delivery_last_days": 365.0,  # that of 1 June 2025
    "deliveries_90d": 4.0,
    "orders_not_shipped": 2.0,  # the last two
    "order_not_shipped_max_days": 395.0,  # 1 June 2024 to 1 July 2025: 365 and 30
    "delivery_delay_last_two_max_days": 2.0,
    "delivery_delay_last_two_min_days": 0.0,
    "delivery_delay_trend_days": -3.0,  # -0.5 - 2.5
    "delivery_late_share_90d": 0.5,  # 2 / 4
    "delivery_late_share_365d": 4 / 6,
}

REDO = {
    r"deliveries_.*|orders_under_way.*|orders_not_shipped": redo.rows(),
    r"order_to_delivery_mean_days_.*": redo.mean("waited_days"),
    r"delivery_delay_mean_days_.*": redo.mean("delay_days"),
    r"delivery_delay_max_days_.*": redo.largest("delay_days"),
    r"delivery_delay_last_days": redo.last("delay_days", by="delivery_rank"),
    r"delivery_delay_before_last_days": redo.largest("delay_days"),
    r"order_to_delivery_last_days": redo.last("waited_days", by="waited_rank"),
    r"order_not_shipped_max_days": redo.days_since("ordered_at", pd.Series.min),
    r"days_since_last_late_delivery": redo.days_since("delivered_at"),
    r"order_under_way_past_promise_max_days": redo.largest("past_promise_days"),
}


def shop_of(deliveries: list[tuple[str, str | None]], cancelled: list[str | None] | None = None) -> Shop:
    """Make a shop in which ann placed an order for each delivery, and one more that was never sent."""
    count = len(deliveries)
    orders = pd.DataFrame({"order_id": range(count + 1), "customer_id": "ann", "amount": 10})
    orders["ordered_at"] = pd.to_datetime(["2024-06-01"] * count + ["2025-06-20"])
    orders["cancelled_at"] = pd.to_datetime([*(cancelled or [None] * count), None])
    made = pd.DataFrame(deliveries, columns=["promised_at", "delivered_at"]).apply(pd.to_datetime, format="ISO8601")
    # All that arrived, or will, was shipped a day after the order.
    made["shipped_at"] = pd.Timestamp("2024-06-02")
    made["shipped_at"] = made["shipped_at"].where(made["delivered_at"].notna())
    return read({"orders": orders, "deliveries": made.assign(order_id=range(count))})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["delivery"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(DELIVERIES)).to_dict() == EXPECTED


def test_a_cancelled_order_is_neither_late_nor_under_way() -> None:
    cancelled = [("2025-06-01", "2025-06-10"), ("2025-06-01", None)]
    shop = shop_of([*DELIVERIES, *cancelled], [None] * len(DELIVERIES) + ["2025-06-15", "2025-06-15"])
    assert features_of(shop).to_dict() == EXPECTED


def test_a_cancellation_at_the_snapshot_is_not_known_yet() -> None:
    found = features_of(shop_of([("2025-06-28", None)], ["2025-07-01 00:00:00"]))
    assert found["orders_under_way_late"] == 1
    assert found["order_under_way_past_promise_max_days"] == 3


def test_without_a_delivery_counts_are_0_and_delays_null() -> None:
    found = features_of(shop_of([("2025-07-03", None)]))
    assert found["orders_under_way"] == 1
    assert found["order_under_way_past_promise_max_days"] == -2
    missing = {name for name in EXPECTED if re.search("delay|since|share|order_to_delivery", name)}
    assert found["order_not_shipped_max_days"] == 395  # ordered on 1 June 2024
    assert set(found.index[found.isna()]) == missing
    counts = [name for name in EXPECTED if name.startswith("deliveries")]
    assert (found[counts] == 0).all()


def test_with_all_delivered_nothing_is_under_way() -> None:
    found = features_of(shop_of([("2025-06-03", "2025-06-02")]))
    assert found["orders_under_way"] == found["orders_under_way_late"] == 0
    assert pd.isna(found["order_under_way_past_promise_max_days"])
    assert found["delivery_delay_last_days"] == -1
    assert pd.isna(found["days_since_last_late_delivery"])


@pytest.mark.parametrize("swapped", [False, True])
def test_the_last_delivery_is_that_with_the_latest_time(swapped: bool) -> None:
    # The last came on 10 June at night, 3 days early, with another at the same second, 2 days late; the others,
    # later than promised by more, came before.
    deliveries = [
        ("2025-06-06", "2025-06-10 08:00"),
        ("2025-06-13", "2025-06-10 22:00"),
        ("2025-06-08", "2025-06-10 22:00"),
        ("2025-05-01", "2025-06-09"),
    ]
    found = features_of(shop_of(deliveries[::-1] if swapped else deliveries))
    assert found["delivery_delay_last_days"] == 2
    assert found["delivery_delay_max_days_180d"] == 39  # 30 days of May and 9 of June


@pytest.mark.parametrize("swapped", [False, True])
def test_of_deliveries_of_one_second_the_one_waited_for_longest_is_taken(swapped: bool) -> None:
    # Promised and delivered alike, but ordered 10 and 4 days before.
    ordered = ["2025-06-01", "2025-06-07"][:: -1 if swapped else 1]
    orders = pd.DataFrame({"order_id": [1, 2], "ordered_at": ordered, "customer_id": "ann", "amount": 10})
    deliveries = pd.DataFrame({"order_id": [1, 2], "promised_at": "2025-06-10", "delivered_at": "2025-06-11 09:00"})
    found = features_of(read({"orders": orders, "deliveries": deliveries}))
    assert found["order_to_delivery_last_days"] == 10
    assert found["order_to_delivery_mean_days_180d"] == 7


def test_what_is_delivered_without_a_time_of_shipping_was_shipped() -> None:
    orders = pd.DataFrame({"order_id": [1, 2], "ordered_at": "2025-06-20", "customer_id": "ann", "amount": 10})
    deliveries = pd.DataFrame({"order_id": [1, 2], "promised_at": "2025-06-25", "shipped_at": [None, "2025-07-01"]})
    found = features_of(read({"orders": orders, "deliveries": deliveries.assign(delivered_at=["2025-06-24", None])}))
    assert found["orders_not_shipped"] == 1  # the second one, whose shipping is not known yet
    assert found["order_not_shipped_max_days"] == 11


def test_a_trend_of_early_deliveries_is_not_said_to_be_late() -> None:
    row = {"delivery_delay_trend_days": 2.0, "delivery_delay_mean_days_90d": -1.0, "delivery_delay_mean_days_365d": -3}
    said = "Average delivery delay (early is negative): -1 day in the last 90 days, -3 days in the last 365"
    assert write("delivery_delay_trend_days", row, "en") == said


def test_without_delivery_times_nothing_is_said_of_deliveries() -> None:
    orders = pd.DataFrame({"order_id": [1], "ordered_at": ["2025-06-01"], "customer_id": "ann", "amount": 10})
    shop = read({"orders": orders, "deliveries": pd.DataFrame({"order_id": [1], "promised_at": ["2025-06-05"]})})
    assert list(build_features(shop, SNAPSHOT, families=["delivery"])) == []


def test_two_late_deliveries_are_said_in_one_sentence() -> None:
    # Of 3 deliveries the last two came 9 (1 to 10 June) and 6 days late; two of one second count by their delay.
    found = features_of(
        shop_of([("2025-05-20", "2025-05-20"), ("2025-06-01", "2025-06-10"), ("2025-06-05", "2025-06-11")])
    )
    assert found["delivery_delay_last_days"] == 6
    assert found["delivery_delay_before_last_days"] == 9
    row = {str(name): value for name, value in found.items()}
    name = "delivery_delay_last_two_min_days"
    assert write(name, row, "en") == "The last two deliveries came 6 and 9 days late"
    assert write(name, row, "tr") == "Son iki teslimat 6 ve 9 gün gecikti"
    together = features_of(shop_of([("2025-06-05", "2025-06-10"), ("2025-06-01", "2025-06-10")]))
    assert (together["delivery_delay_last_days"], together["delivery_delay_before_last_days"]) == (9, 5)
    assert pd.isna(features_of(shop_of([("2025-06-05", "2025-06-10")]))["delivery_delay_before_last_days"])
