"""Delivery, computed by hand."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.builder import build, build_features
from churnml.features.families.delivery import FAMILY
from tests.features import redo
from tests.said import write

pytestmark = pytest.mark.slow

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

BY_DATE = {
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

# Orders of bob, all placed on 30 June 2025 at 17:00 but where a day is named: (ordered_at, promised_at, delivered_at).
QUICK = [
    ("2025-06-30 17:00:00", "2025-06-30 17:30:00", "2025-06-30 17:55:30.9"),  # 25.5 minutes late; waited 55.5
    ("2025-06-30 12:00:00", "2025-06-30 12:30:00", "2025-06-30 12:30:00.7"),  # within the second: on time; waited 30
    ("2025-06-30 23:50:00", "2025-07-01 00:20:00", "2025-07-01 00:10:00"),  # not known to be delivered; 20 ahead
    ("2025-06-30 23:00:00", "2025-06-30 23:40:00", None),  # 20 minutes past its promise
    ("2025-05-01 19:00:00", "2025-05-01 19:45:00", "2025-05-01 19:30:00"),  # 61 days before: 15 early; waited 30
    ("2024-12-31 23:30:00", "2024-12-31 23:58:00", "2025-01-01 00:28:00"),  # 181 days before: 30 late; waited 58
]

# Of the features that a shop has by the clock only, in minutes; in hours they are the same over 60.
MINUTES = {
    "delivery_delay_mean_minutes_30d": 12.75,  # (25.5 + 0) / 2
    "delivery_delay_mean_minutes_60d": 12.75,
    "delivery_delay_mean_minutes_90d": 3.5,  # (25.5 + 0 - 15) / 3
    "delivery_delay_mean_minutes_180d": 3.5,
    "delivery_delay_mean_minutes_365d": 10.125,  # (25.5 + 0 - 15 + 30) / 4
    "delivery_delay_max_minutes_180d": 25.5,
    "delivery_delay_last_minutes": 25.5,
    "delivery_delay_before_last_minutes": 0.0,
    "order_under_way_past_promise_max_minutes": 20.0,
    "order_to_delivery_mean_minutes_180d": 38.5,  # (55.5 + 30 + 30) / 3
    "order_to_delivery_mean_minutes_365d": 43.375,  # (55.5 + 30 + 30 + 58) / 4
    "order_to_delivery_last_minutes": 55.5,
    "delivery_delay_last_two_max_minutes": 25.5,
    "delivery_delay_last_two_min_minutes": 0.0,
    "delivery_delay_trend_minutes": -6.625,  # 3.5 - 10.125
}
BY_CLOCK = {
    "deliveries_late_by_clock_30d": 1.0,
    "deliveries_late_by_clock_60d": 1.0,
    "deliveries_late_by_clock_90d": 1.0,
    "deliveries_late_by_clock_180d": 1.0,
    "deliveries_late_by_clock_365d": 2.0,
    "days_since_last_late_delivery_by_clock": 1.0,  # 30 June to 1 July
    "orders_under_way_late_by_clock": 1.0,
    "delivery_late_share_by_clock_90d": 1 / 3,
    "delivery_late_share_by_clock_365d": 0.5,  # 2 / 4
}
SHARED = {"deliveries_365d": 4.0, "orders_under_way": 2.0, "deliveries_90d": 3.0}
EXPECTED = {
    feature.name: {**BY_DATE, **BY_CLOCK, **MINUTES}.get(
        feature.name, MINUTES.get(feature.name.replace("hours", "minutes"), 0.0) / 60
    )
    for feature in FAMILY.features
}


def over(redo_seconds: redo.Redo, seconds: int) -> redo.Redo:
    return lambda rows, now: redo_seconds(rows, now) / seconds


REDO = {
    r"deliveries_.*|orders_under_way.*|orders_not_shipped": redo.rows(),
    r"order_to_delivery_mean_days_.*": redo.mean("waited_days"),
    r"delivery_delay_mean_days_.*": redo.mean("delay_days"),
    r"delivery_delay_(max|last|before_last)_days.*": redo.largest("delay_days"),
    r"order_to_delivery_last_days": redo.largest("waited_days"),
    r"order_not_shipped_max_days": redo.days_since("ordered_at", pd.Series.min),
    r"days_since_last_late_delivery.*": redo.days_since("delivered_at"),
    r"order_under_way_past_promise_max_days": redo.largest("past_promise_days"),
    **{
        pattern.format(unit): over(way(column), seconds)
        for unit, seconds in (("hours", 3600), ("minutes", 60))
        for pattern, way, column in (
            ("order_to_delivery_mean_{}_.*", redo.mean, "waited_seconds"),
            ("delivery_delay_mean_{}_.*", redo.mean, "delay_seconds"),
            ("delivery_delay_(max|last|before_last)_{}.*", redo.largest, "delay_seconds"),
            ("order_to_delivery_last_{}", redo.largest, "waited_seconds"),
            ("order_under_way_past_promise_max_{}", redo.largest, "past_promise_seconds"),
        )
    },
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
    assert features_of(shop_of(DELIVERIES)).to_dict() == BY_DATE


def test_a_cancelled_order_is_neither_late_nor_under_way() -> None:
    cancelled = [("2025-06-01", "2025-06-10"), ("2025-06-01", None)]
    shop = shop_of([*DELIVERIES, *cancelled], [None] * len(DELIVERIES) + ["2025-06-15", "2025-06-15"])
    assert features_of(shop).to_dict() == BY_DATE


def test_a_cancellation_at_the_snapshot_is_not_known_yet() -> None:
    found = features_of(shop_of([("2025-06-28", None)], ["2025-07-01 00:00:00"]))
    assert found["orders_under_way_late"] == 1
    assert found["order_under_way_past_promise_max_days"] == 3


def test_without_a_delivery_counts_are_0_and_delays_null() -> None:
    found = features_of(shop_of([("2025-07-03", None)]))
    assert found["orders_under_way"] == 1
    assert found["order_under_way_past_promise_max_days"] == -2
    missing = {name for name in BY_DATE if re.search("delay|since|share|order_to_delivery", name)}
    assert found["order_not_shipped_max_days"] == 395  # ordered on 1 June 2024
    assert set(found.index[found.isna()]) == missing
    counts = [name for name in BY_DATE if name.startswith("deliveries")]
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


# --- by the clock --------------------------------------------------------------------------------------------------


def quick_shop(rows: list[tuple[str, str, str | None]]) -> Shop:
    """Make a shop in which bob placed an order for each delivery."""
    made = pd.DataFrame(rows, columns=["ordered_at", "promised_at", "delivered_at"]).apply(
        pd.to_datetime, format="ISO8601"
    )
    made["order_id"] = range(len(made))
    orders = made[["order_id", "ordered_at"]].assign(customer_id="bob", amount=10)
    return read({"orders": orders, "deliveries": made[["order_id", "promised_at", "delivered_at"]]})


def test_a_shop_that_delivers_within_minutes_is_measured_by_the_clock() -> None:
    found = build_features(quick_shop(QUICK), SNAPSHOT, families=["delivery"]).loc["bob"]
    assert found.to_dict() == pytest.approx({**MINUTES, **BY_CLOCK, **SHARED}, rel=1e-15)


def test_hours_and_minutes_are_the_same_seconds() -> None:
    history = History(quick_shop(QUICK), pd.Timestamp(SNAPSHOT).date())
    features = [feature for feature in FAMILY.features if "shipped" not in feature.name]
    found = build(history, ChurnDefinition(), features).loc["bob"]
    for name, minutes in MINUTES.items():
        assert found[name] == pytest.approx(minutes, rel=1e-15), name
        assert found[name.replace("minutes", "hours")] == pytest.approx(minutes / 60, rel=1e-15), name
    assert found["deliveries_late_365d"] == 1, "by the date only that of New Year's Eve is late"


def test_a_shop_that_delivers_within_hours_is_measured_in_hours() -> None:
    # Promised by 12:00, 15:00 and 18:00; 1.5 hours early, 2 hours late, and on the day before, 20 hours early.
    rows = [
        ("2025-06-27 09:00", "2025-06-28 12:00", "2025-06-28 10:30"),
        ("2025-06-28 09:00", "2025-06-29 15:00", "2025-06-29 17:00"),
        ("2025-06-29 09:00", "2025-06-30 18:00", "2025-06-29 22:00"),
    ]
    found = build_features(quick_shop(rows), SNAPSHOT, families=["delivery"]).loc["bob"]
    assert found["delivery_delay_mean_hours_30d"] == pytest.approx((-1.5 + 2 - 20) / 3, rel=1e-15)
    assert found["deliveries_late_by_clock_30d"] == 1
    assert not [name for name in found.index if "minutes" in name or "delay_mean_days" in name]


@pytest.mark.parametrize(
    ("value", "english", "turkish"),
    [
        (25.0, "The last delivery came 25 minutes late", "Son teslimat 25 dakika gecikti"),
        (25.6, "The last delivery came 26 minutes late", "Son teslimat 26 dakika gecikti"),
        (1.0, "The last delivery came 1 minute late", "Son teslimat 1 dakika gecikti"),
        (90.0, "The last delivery came 90 minutes late", "Son teslimat 90 dakika gecikti"),
        (3600.0, "The last delivery came 2.5 days late", "Son teslimat 2,5 gün gecikti"),  # 60 hours
        (0.9, None, None),
        (-25.0, None, None),
    ],
)
def test_minutes_are_said_as_people_do(value: float, english: str | None, turkish: str | None) -> None:
    row = {"delivery_delay_last_minutes": value}
    assert write("delivery_delay_last_minutes", row, "en") == english
    assert write("delivery_delay_last_minutes", row, "tr") == turkish


@pytest.mark.parametrize(
    ("row", "english", "turkish"),
    [
        (
            {"delivery_delay_mean_hours_90d": 1.54},
            "Deliveries of the last 90 days came 1.5 hours late on average",
            "Son 90 gündeki teslimatlar ortalama 1,5 saat gecikti",
        ),
        (
            {"order_under_way_past_promise_max_hours": 1.0},
            "An order under way is 1 hour past its promised time",
            "Yoldaki bir sipariş şimdiden 1 saat gecikti",
        ),
        (
            {"orders_under_way_late_by_clock": 2},
            "2 orders still under way past the promised time",
            "2 sipariş söz verilen saat geçtiği hâlde hâlâ yolda",
        ),
        (
            {"delivery_delay_last_two_min_minutes": 12.0, "delivery_delay_last_two_max_minutes": 4320.0},
            "The last two deliveries came 12 minutes and 3 days late",
            "Son iki teslimat 12 dakika ve 3 gün gecikti",
        ),
    ],
)
def test_lateness_by_the_clock_is_said_in_its_unit(row: dict[str, float], english: str, turkish: str) -> None:
    name = next(iter(row))
    assert write(name, row, "en") == english
    assert write(name, row, "tr") == turkish
