from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.value import expected_value, spend_rate, value_at_rate
from churnml.data.history import History
from churnml.data.reading import read
from churnml.features.builder import build_features
from tests.data.unchecked import unchecked

ORDERS = pd.DataFrame(
    {
        "order_id": ["1", "2", "3", "4", "5"],
        "customer_id": ["a", "a", "b", "b", "c"],
        "ordered_at": ["2023-01-01", "2024-12-01", "2024-07-02", "2024-10-01", "2024-11-01"],
        "amount": [1_000, 100, 60, 40, 50],
        "cancelled_at": [None, None, None, "2024-10-02", None],
    }
)
RETURNS = pd.DataFrame({"return_id": ["r"], "customer_id": ["c"], "returned_at": ["2024-12-24"], "amount": [500]})
DAY = date(2025, 1, 1)


# Of the orders, by hand: days since the first one, and what was spent since 2024-01-02 and not cancelled.
X = pd.DataFrame(
    {"days_since_first_order": [731.0, 183.0, 61.0], "amount_sum_365d": [100.0, 60.0, 50.0]}, index=["a", "b", "c"]
)


def value_of(value_days: int = 365, **tables: pd.DataFrame) -> pd.Series:
    return expected_value(X, History(unchecked({"orders": ORDERS, **tables}), DAY), value_days)


@pytest.mark.slow
def test_the_features_are_those_counted_by_hand() -> None:
    built = build_features(read({"orders": ORDERS}), DAY, families=["recency", "frequency", "monetary"])
    pd.testing.assert_frame_equal(built[list(X)], X, check_names=False, check_index_type=False)


def value_by_features(
    spent: dict[str, float | None], days: dict[str, float | None], returns: pd.DataFrame
) -> pd.Series:
    """Give the values for a year of customers with such spend and so many days since their first order."""
    X = pd.DataFrame({"days_since_first_order": days, "amount_sum_365d": spent}, dtype="float64")
    return expected_value(X, History(unchecked({"orders": ORDERS, "returns": returns}), DAY), 365)


def test_value_is_the_yearly_net_spend_drawn_towards_the_shop() -> None:
    found = value_of()
    # Net spend of the last 365 days (from 2024-01-02): a 100, b 60 (40 was cancelled), c 50.
    # Years as a customer: a min(731, 365)/365 = 1; b 183/365; c 61/365. Shop's rate m = 210 / (1 + 244/365).
    m = 210 / (1 + 244 / 365)
    assert found["a"] == pytest.approx((100 + 0.5 * m) / 1.5)
    assert found["b"] == pytest.approx((60 + 0.5 * m) / (183 / 365 + 0.5))
    assert found["c"] == pytest.approx((50 + 0.5 * m) / (61 / 365 + 0.5))


def test_returns_are_taken_off_and_value_is_never_negative() -> None:
    assert value_of(returns=RETURNS)["c"] == 0.0


def test_a_return_after_the_snapshot_changes_nothing() -> None:
    late = RETURNS.assign(returned_at="2025-01-01")
    pd.testing.assert_series_equal(value_of(returns=late), value_of())


def test_value_grows_with_the_days_that_are_counted() -> None:
    year, month = (value_of(days) for days in (365, 30))
    assert list(month * 365 / 30) == pytest.approx(list(year))


def test_a_customer_of_whom_nothing_is_known_is_worth_what_the_shop_earns_with_one() -> None:
    # One spends 100 in two years, of which one counts: the shop's rate is 100, and (0 + .5 x 100) / (0 + .5) = 100.
    found = value_by_features({"a": 100.0, "b": None}, {"a": 730.0, "b": None}, RETURNS)
    assert found["a"] == pytest.approx((100 + 0.5 * 100) / 1.5)
    assert found["b"] == pytest.approx(100.0)
    assert list(value_by_features({"b": None}, {"b": None}, RETURNS)) == [0.0]


def test_returns_of_a_year_count() -> None:
    # 365 days before 1 January 2025 is 2 January 2024: the first of these returns is too old, the second counts.
    returns = pd.DataFrame(
        {
            "return_id": ["1", "2"],
            "customer_id": ["a", "b"],
            "returned_at": ["2024-01-01 23:59", "2024-01-02 00:00"],
            "amount": [60, 60],
        }
    )
    # Net 100 and 40 in a year each: the rate is 70, (100 + 35) / 1.5 = 90 and (40 + 35) / 1.5 = 50.
    found = value_by_features({"a": 100.0, "b": 100.0}, {"a": 365.0, "b": 366.0}, returns)
    assert found.to_dict() == pytest.approx({"a": 90.0, "b": 50.0})


def test_a_return_without_an_amount_takes_nothing_off() -> None:
    returns = RETURNS.assign(customer_id="a", amount=None)
    found = value_by_features({"a": 100.0}, {"a": 365.0}, returns)
    assert found.to_dict() == pytest.approx({"a": 100.0})


def test_a_shop_of_a_known_rate_values_each_customer_by_themselves() -> None:
    returned = pd.Series({"a": 0.0, "b": 10.0, "c": 0.0})
    rate = spend_rate(X, returned)
    assert rate == pytest.approx((100 + 50 + 50) / (1 + 183 / 365 + 61 / 365))
    whole = value_at_rate(X, returned, rate, 365)
    assert whole["b"] == pytest.approx((50 + 0.5 * rate) / (183 / 365 + 0.5))
    for name in X.index:
        assert value_at_rate(X.loc[[name]], returned.loc[[name]], rate, 365).tolist() == [whole[name]]
    assert spend_rate(X.assign(days_since_first_order=np.nan), returned) == 0
