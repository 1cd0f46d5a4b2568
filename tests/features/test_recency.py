"""Recency, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.features.builder import build_features
from tests.features import redo

pytestmark = pytest.mark.slow

SNAPSHOT = "2024-03-01"  # the day after a leap day

# Orders of ann: (ordered_at, cancelled_at).
ORDERS = [
    ("2023-03-01 00:00:00", None),
    ("2023-11-05 09:30:00", None),
    ("2024-02-29 23:59:59", None),  # known: one second before the snapshot
    ("2024-03-01 00:00:00", None),  # not known yet
]

EXPECTED = {
    "days_since_last_order": 1.0,  # 29 February to 1 March
    "days_since_first_order": 366.0,  # 1 March 2023 to 1 March 2024, over 29 February
}

REDO = {
    r"days_since_last_order": redo.days_since("ordered_at"),
    r"days_since_first_order": redo.days_since("ordered_at", pd.Series.min),
}


def features_of(orders: list[tuple[str, str | None]]) -> pd.Series:
    table = pd.DataFrame(orders, columns=["ordered_at", "cancelled_at"]).assign(customer_id="ann", amount=10)
    table["cancelled_at"] = pd.to_datetime(table["cancelled_at"], format="ISO8601")
    shop = read({"orders": table.assign(order_id=range(len(table)))})
    return build_features(shop, SNAPSHOT, families=["recency"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(ORDERS).to_dict() == EXPECTED


@pytest.mark.parametrize(
    ("last", "days"),
    [
        ("2024-02-29 00:00:00", 1),  # the difference of dates: the hour does not count
        ("2024-02-28 23:59:59", 2),
        ("2024-02-01 12:00:00", 29),  # 29 days of February 2024
        ("2023-12-31 23:59:59", 61),  # 1 + 31 + 29
    ],
)
def test_days_are_the_difference_of_dates(last: str, days: int) -> None:
    found = features_of([("2023-06-01", None), (last, None)])
    assert found["days_since_last_order"] == days


@pytest.mark.parametrize(
    ("cancelled_at", "days"),
    [
        ("2024-02-29 23:59:59", 10),  # cancelled as known: the order before counts, 20 February to 1 March
        ("2024-03-01 00:00:00", 1),  # cancelled at the snapshot, which is not known yet
        (None, 1),
    ],
)
def test_a_cancelled_order_counts_until_its_cancellation_is_known(cancelled_at: str | None, days: int) -> None:
    found = features_of([("2024-02-20 08:00:00", None), ("2024-02-29 08:00:00", cancelled_at)])
    assert found["days_since_last_order"] == days


def test_one_order_is_first_and_last() -> None:
    assert features_of([("2024-01-31 10:00:00", None)]).to_list() == [30.0, 30.0]  # 1 + 29
