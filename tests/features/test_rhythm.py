"""Rhythm, computed by hand."""

from __future__ import annotations

from math import sqrt

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.features.builder import build_features
from tests.features import redo

SNAPSHOT = "2025-05-01"

# Order days of ann: 1 January (twice), 11 January, 20 February, 12 March and 30 March.
ORDERS = [
    "2025-01-01 08:00:00",
    "2025-01-01 23:59:59",
    "2025-01-11 00:00:00",
    "2025-02-20 12:00:00",
    "2025-03-12 12:00:00",
    "2025-03-30 12:00:00",
    "2025-05-01 00:00:00",  # not known yet
]

# The gaps are 10, 40 (20 days of January and 20 of February), 20 (8 and 12) and 18 days: mean 88 / 4, median
# (18 + 20) / 2. Their squared distances from 22 are 144, 324, 4 and 16, together 488. Last order day to snapshot: 32
# days (1 and 30 and 1); first: 120 days (31 + 28 + 31 + 30).
EXPECTED = {
    "order_days_total": 5.0,
    "gap_mean_days": 22.0,
    "gap_median_days": 19.0,
    "gap_deviation_days": sqrt(488 / 3),
    "gap_max_days": 40.0,
    "gap_last_days": 18.0,
    "gap_earlier_median_days": 20.0,  # of 10, 40 and 20
    "pace_days": 19.0,  # four gaps: the own ones
    "overdue_ratio": 32 / 19,
    "overdue_against_longest_ratio": 32 / 40,
    "gap_last_to_median_ratio": 18 / 19,
    # Three gaps of 20 days and two of 19, the median of the shop, in which there is nobody else.
    "gap_last_to_usual_ratio": pytest.approx(18 / (20**0.6 * 19**0.4), rel=1e-12),
    "order_days_per_30_days": 5 * 30 / 120,
}

REDO = {
    r"order_days_total": redo.rows(),
    r"gap_mean_days": redo.mean("gap_days"),
    r"gap_median_days": redo.median("gap_days"),
    r"gap_deviation_days": redo.deviation("gap_days"),
    r"gap_max_days": redo.largest("gap_days"),
    r"gap_last_days": redo.largest("gap_days"),
    r"gap_earlier_median_days": redo.median("gap_days"),
}


def features_of(orders: list[str]) -> pd.Series:
    table = pd.DataFrame({"ordered_at": pd.to_datetime(orders, format="ISO8601"), "customer_id": "ann", "amount": 10})
    shop = read({"orders": table.assign(order_id=range(len(table)))})
    return build_features(shop, SNAPSHOT, families=["rhythm", "recency"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(ORDERS)[list(EXPECTED)].to_dict() == EXPECTED


@pytest.mark.slow
@pytest.mark.parametrize("orders", [["2025-04-01 10:00"], ["2025-04-01 00:00", "2025-04-01 23:59:59"]])
def test_one_order_day_has_no_gaps(orders: list[str]) -> None:
    found = features_of(orders)
    assert found["order_days_total"] == 1
    assert found["order_days_per_30_days"] == 1  # 1 x 30 / 30 days since 1 April
    gaps = [name for name in EXPECTED if not name.startswith("order_days")]
    assert found[gaps].isna().all()


def test_two_order_days_have_a_gap_but_no_deviation() -> None:
    found = features_of(["2025-04-01", "2025-04-11"])
    assert found["gap_mean_days"] == found["gap_median_days"] == found["gap_max_days"] == found["gap_last_days"] == 10
    assert found["overdue_ratio"] == 20 / 10  # 11 April to 1 May; the gap is the only one of the shop
    assert pd.isna(found["gap_deviation_days"])
    assert found[["gap_earlier_median_days", "gap_last_to_usual_ratio"]].isna().all()


def customers_with_gaps(gaps: list[list[int]]) -> Shop:
    """Make a shop of customers who first order on 1 January and come back after so many days."""
    rows = [
        (f"{place:03d}", pd.Timestamp("2025-01-01") + pd.Timedelta(days=sum(own[:number])))
        for place, own in enumerate(gaps)
        for number in range(len(own) + 1)
    ]
    table = pd.DataFrame(rows, columns=["customer_id", "ordered_at"]).assign(amount=10, order_id=range(len(rows)))
    return read({"orders": table})


def test_with_fewer_than_three_gaps_the_pace_is_the_shops_after_as_many_orders() -> None:
    # 21 come back after 40 days and never again; 20 after 30, and then after 12 days, five of these after 20 more days,
    # one of these after 2. After one order day that makes gaps of 20 x 30 and 21 x 40, after two 20 x 12, after three
    # 5 x 20, too few: the median of all 66 stands for them, in order 20 x 12, 5 x 20, 20 x 30, 21 x 40.
    gaps = [[]] + [[40]] * 21 + [[30, 12]] * 15 + [[30, 12, 20]] * 4 + [[30, 12, 20, 2]]
    found = build_features(customers_with_gaps(gaps), SNAPSHOT, families=["rhythm"])["pace_days"]
    assert found.iloc[[0, 1, 22]].tolist() == [40, 12, 30]
    # From three gaps on, the pace is the own median: of 30, 12 and 20, and of 30, 12, 20 and 2.
    assert found.iloc[[40, 41]].tolist() == [20, 16]
    # Without one of those who came back twice, gaps after two order days are too few as well.
    found = build_features(customers_with_gaps(gaps[:22] + gaps[23:]), SNAPSHOT, families=["rhythm"])["pace_days"]
    assert found.iloc[1] == 30


def test_where_nobody_came_back_there_is_no_pace() -> None:
    assert build_features(customers_with_gaps([[], []]), SNAPSHOT, families=["rhythm"])["pace_days"].isna().all()


def test_equal_gaps_have_a_deviation_of_0() -> None:
    found = features_of(["2025-04-01", "2025-04-08", "2025-04-15", "2025-04-22"])
    assert found["gap_deviation_days"] == 0
    assert found["gap_mean_days"] == 7


def test_a_gap_over_midnight_is_one_day() -> None:
    found = features_of(["2025-04-01 23:59:59", "2025-04-02 00:00:00"])
    assert found["gap_mean_days"] == 1


def test_the_first_order_yesterday_is_a_day_ago() -> None:
    found = features_of(["2025-04-30 23:59:59"])
    assert found["order_days_per_30_days"] == 30  # 1 x 30 / 1
