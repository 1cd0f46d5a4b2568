"""Complaints, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.builder import build_features
from tests.features import redo

pytestmark = pytest.mark.slow

SNAPSHOT = "2025-07-01"

# Complaints of ann: (opened_at, resolved_at).
COMPLAINTS = [
    ("2025-07-01 00:00:00", None),  # not known yet
    ("2025-06-01 00:00:00", None),  # 30 days before, inside; open for 30 days
    ("2025-05-31 23:59:59", "2025-06-03 00:00:00"),  # 3 days
    ("2025-05-02 00:00:00", "2025-05-02 10:00:00"),  # 60 days before, inside; 0 days
    ("2025-04-02 00:00:00", "2025-07-01 00:00:00"),  # 90 days before, inside; open as far as is known
    ("2025-01-02 00:00:00", "2025-01-10 09:00:00"),  # 180 days before, inside; 8 days
    ("2024-07-01 00:00:00", "2024-07-11 09:00:00"),  # 365 days before, inside; 10 days
    ("2024-06-30 23:59:59", None),  # outside of all windows; open for 366 days
]
# And of each: first_response_at, topic, order_id.
MORE = [
    (None, "late", 4),
    (None, "late", 4),
    ("2025-06-01 00:00:00", "late", None),  # 1 day
    (None, None, None),
    ("2025-07-01 00:00:00", "quality", 3),  # not known yet
    ("2025-01-05 09:00:00", "late", 2),  # 3 days
    ("2024-07-03 00:00:00", "quality", 0),  # 2 days; an order of 366 days ago
    ("2024-07-01 00:00:00", "late", None),  # opened outside of all windows
]
ORDERS = ["2024-06-30", "2024-09-01", "2024-12-01", "2025-03-01", "2025-06-01"]  # four of them within 365 days

EXPECTED = {
    "complaints_30d": 1.0,
    "complaints_60d": 3.0,
    "complaints_90d": 4.0,
    "complaints_180d": 5.0,
    "complaints_365d": 6.0,
    "complaints_open": 3.0,  # of 1 June, 2 April and 30 June 2024
    "complaint_open_max_days": 366.0,  # 30 June 2024 to 1 July 2025
    "complaint_open_after_last_order_max_days": 30.0,  # after 1 June, of each that is open
    "complaint_last_open_days": 30.0,  # that of 1 June
    "days_since_last_complaint": 30.0,
    "complaint_resolution_mean_days_365d": 5.25,  # (3 + 0 + 8 + 10) / 4
    "complaints_overdue": 3.0,  # the same three
    "complaints_unanswered": 2.0,  # of 1 June and 2 April
    "complaint_response_mean_days_365d": 2.0,  # (1 + 3 + 2) / 3
    "complaints_with_topic_365d": 5.0,
    "complaint_topics_365d": 2.0,  # late, quality
    "orders_complained_365d": 3.0,  # orders 4, 3 and 2
    "orders_complained_share_365d": 0.75,  # 3 / 4
    "complaints_repeated_topic_365d": 3.0,  # 5 - 2
    "complaint_open_to_usual_ratio": 366 / 5.5,  # resolved after 0, 3, 8 and 10 days: median 5.5
    "complaints_per_order_365d": 1.5,  # 6 / 4
}

REDO = {
    "complaint_response_mean_days_365d": redo.mean("response_days"),
    "complaint_topics_365d": lambda rows, now: float(rows["topic"].nunique()),
    "orders_complained_365d": redo.rows(),
    r"complaints_.*": redo.rows(),
    "complaint_open_after_last_order_max_days": redo.largest("open_after_days"),
    "complaint_last_open_days": redo.last("was_open_days", by="complaint_rank"),
    r"complaint_open_max_days": redo.days_since("opened_at", pd.Series.min),
    r"days_since_last_complaint": redo.days_since("opened_at"),
    r"complaint_resolution_mean_days_365d": redo.mean("resolution_days"),
}


def shop_of(
    complaints: list[tuple[str, str | None]],
    orders: list[str] = ORDERS,
    customer: str = "ann",
    more: list[tuple[str | None, str | None, int | None]] | None = None,
) -> Shop:
    table = pd.DataFrame({"ordered_at": pd.to_datetime(orders), "customer_id": "ann", "amount": 10})
    made = pd.DataFrame(complaints, columns=["opened_at", "resolved_at"]).apply(pd.to_datetime, format="ISO8601")
    made = made.assign(complaint_id=range(len(made)), customer_id=customer)
    made[["first_response_at", "topic", "order_id"]] = more or [(None, None, None)] * len(made)
    return read({"orders": table.assign(order_id=range(len(table))), "complaints": made})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["complaints", "frequency"]).loc["ann", list(EXPECTED)]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(COMPLAINTS, more=MORE)).to_dict() == EXPECTED


def test_without_a_complaint_counts_are_0_and_days_null() -> None:
    found = features_of(shop_of([("2025-06-01", None)], customer="bob"))
    days = {"complaint_open_max_days", "days_since_last_complaint", "complaint_resolution_mean_days_365d"}
    days |= {"complaint_response_mean_days_365d", "complaint_open_to_usual_ratio"}
    days |= {"complaint_open_after_last_order_max_days", "complaint_last_open_days"}
    assert set(found.index[found.isna()]) == days
    assert (found.drop(list(days)) == 0).all()


@pytest.mark.parametrize(
    ("resolved_at", "open_complaints", "resolution"),
    [("2025-06-30 23:59:59", 0, 20), ("2025-07-01 00:00:00", 1, None), (None, 1, None)],
)
def test_a_complaint_is_open_until_its_resolution_is_known(
    resolved_at: str | None, open_complaints: int, resolution: float | None
) -> None:
    found = features_of(shop_of([("2025-06-10 12:00:00", resolved_at)]))
    assert found["complaints_open"] == open_complaints
    if resolution is None:
        assert found["complaint_open_max_days"] == 21  # 10 June to 1 July
        assert pd.isna(found["complaint_resolution_mean_days_365d"])
    else:
        assert pd.isna(found["complaint_open_max_days"])
        assert found["complaint_resolution_mean_days_365d"] == resolution


@pytest.mark.parametrize(
    ("opened_at", "resolved_at", "after", "last"),
    [
        ("2025-05-20", "2025-06-11 08:00:00", 10, 22),  # the last order is of 1 June: 1 to 11 June, 20 May to 11 June
        ("2025-06-10 23:59:59", "2025-06-15", 5, 5),
        ("2025-06-10", None, 21, 21),  # up to 1 July
        ("2025-05-20", "2025-06-01 09:00:00", None, 12),  # resolved on the day of the order
        ("2025-05-20", "2025-05-25", None, 5),
    ],
)
def test_a_complaint_counts_from_the_last_order_on(
    opened_at: str, resolved_at: str | None, after: float | None, last: float
) -> None:
    found = features_of(shop_of([("2025-01-01", "2025-01-31"), (opened_at, resolved_at)]))
    assert found["complaint_last_open_days"] == last
    if after is None:
        assert pd.isna(found["complaint_open_after_last_order_max_days"])
    else:
        assert found["complaint_open_after_last_order_max_days"] == after


def test_an_order_that_somebody_else_complains_about_is_not_hers() -> None:
    # Nor could it be told where a large shop is parted by customer.
    found = features_of(shop_of([("2025-06-10", None)] * 2, customer="bob", more=[(None, None, 4), (None, None, 3)]))
    assert found["orders_complained_365d"] == found["orders_complained_share_365d"] == 0


def test_an_order_with_two_complaints_is_one_order() -> None:
    found = features_of(shop_of([("2025-06-10", None)] * 2, more=[(None, None, 4), (None, None, 4)]))
    assert found["orders_complained_365d"] == 1
    assert found["orders_complained_share_365d"] == 0.25  # 1 / 4
    assert found["complaints_repeated_topic_365d"] == 0  # nulls are no topic


@pytest.mark.parametrize(("opened_at", "overdue"), [("2025-06-24", 0), ("2025-06-23 23:59:59", 1)])
def test_a_complaint_is_overdue_after_more_than_7_days(opened_at: str, overdue: int) -> None:
    assert features_of(shop_of([(opened_at, None)]))["complaints_overdue"] == overdue  # 7 and 8 days


def test_a_resolved_complaint_is_not_unanswered() -> None:
    found = features_of(shop_of([("2025-06-01", "2025-06-05"), ("2025-06-01", "2025-07-01")]))
    assert found["complaints_unanswered"] == 1  # that which is resolved later


def test_a_shop_that_resolves_within_the_day_has_no_usual_time() -> None:
    found = features_of(shop_of([("2025-06-01 08:00", "2025-06-01 10:00"), ("2025-06-05", None)]))
    assert found["complaint_open_max_days"] == 26
    assert pd.isna(found["complaint_open_to_usual_ratio"])  # 26 / 0


def test_complaints_over_no_orders_are_null() -> None:
    # Eligible by an order of 500 days ago.
    shop = shop_of([("2025-06-10", None)], orders=["2024-02-17"])
    longer = ChurnDefinition(active_days=600)
    found = build_features(shop, SNAPSHOT, longer, families=["complaints", "frequency"]).loc["ann"]
    assert found["complaints_365d"] == 1
    assert pd.isna(found["complaints_per_order_365d"])  # 1 / 0


def test_without_resolutions_in_the_data_nothing_is_said_to_be_open() -> None:
    orders = pd.DataFrame({"order_id": [1], "ordered_at": ["2025-06-01"], "customer_id": "ann", "amount": 10})
    complaints = pd.DataFrame({"complaint_id": [1], "customer_id": "ann", "opened_at": ["2025-06-10"]})
    shop = read({"orders": orders, "complaints": complaints})
    found = build_features(shop, SNAPSHOT, families=["complaints"])
    assert [name for name in found if "open" in name or "resolution" in name] == []
    assert found.loc["ann", "days_since_last_complaint"] == 21
