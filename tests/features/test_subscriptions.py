"""Subscriptions, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.features.builder import build_features
from tests.features import redo
from tests.said import write

pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize(
    ("ended_at", "running", "days"),
    [("2025-07-01 00:00:00", 0, None), ("2025-07-01 00:00:01", 1, 0), ("2025-07-02", 1, 1)],
)
def test_a_subscription_runs_until_its_planned_end(ended_at: str, running: int, days: int | None) -> None:
    found = features_of(shop_of([("2025-01-01", ended_at, None, 1)]))
    assert found["subscriptions_running"] == running
    assert pd.isna(found["days_to_subscription_end"]) if days is None else found["days_to_subscription_end"] == days
    assert found["subscriptions_cancelled_share"] == 0  # what ends as planned was not cancelled


def test_of_several_running_subscriptions_the_oldest_start_and_the_first_end_count() -> None:
    rows = [("2025-01-01", "2025-12-31", None, 1), ("2025-03-01", "2025-07-05", None, 2), ("2025-05-01", None, None, 4)]
    found = features_of(shop_of(rows))
    assert found["days_since_subscription_start"] == 181
    assert found["days_to_subscription_end"] == 4
    assert found["subscription_price_sum"] == 7


def test_who_never_subscribed_has_counts_of_0_and_null_days() -> None:
    shop = shop_of([("2025-07-01", None, None, 1)])  # not known yet
    found = features_of(shop)[list(EXPECTED)]
    null = [name for name in EXPECTED if "days" in name or "share" in name]
    assert list(found.index[found.isna()]) == null
    assert (found.drop(null) == 0).all()


def test_without_cancellations_in_the_data_nothing_is_said_of_them() -> None:
    table = pd.DataFrame({"subscription_id": [1], "customer_id": "ann", "started_at": ["2025-01-01"]})
    shop = read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann"), "subscriptions": table})
    found = build_features(shop, SNAPSHOT, families=["subscriptions"])
    assert list(found) == ["subscriptions_running", "days_since_subscription_start", "subscriptions_total"]


def test_an_end_within_the_day_is_not_said_to_be_in_0_days() -> None:
    row = {"days_to_subscription_end": 0.0}
    assert write("days_to_subscription_end", row, "en") == "A subscription ends within the day"
    assert write("days_to_subscription_end", row, "tr") == "Bir abonelik gün içinde bitiyor"
