from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.analytics.value import expected_value
from churnml.data.history import History
from churnml.data.shop import read
from churnml.definition import ChurnDefinition

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


def test_value_is_the_yearly_net_spend_drawn_towards_the_shop() -> None:
    history = History(read({"orders": ORDERS}), date(2025, 1, 1))
    found = expected_value(history, ChurnDefinition(), value_days=365)
    # Net spend of the last 365 days (from 2024-01-02): a 100, b 60 (40 was cancelled), c 50.
    # Years as a customer: a min(731, 365)/365 = 1; b 183/365; c 61/365. Shop's rate m = 210 / (1 + 244/365).
    m = 210 / (1 + 244 / 365)
    assert found["a"] == pytest.approx((100 + 0.5 * m) / 1.5)
    assert found["b"] == pytest.approx((60 + 0.5 * m) / (183 / 365 + 0.5))
    assert found["c"] == pytest.approx((50 + 0.5 * m) / (61 / 365 + 0.5))


def test_returns_are_taken_off_and_value_is_never_negative() -> None:
    history = History(read({"orders": ORDERS, "returns": RETURNS}), date(2025, 1, 1))
    assert expected_value(history, ChurnDefinition(), 365)["c"] == 0.0


def test_a_return_after_the_snapshot_changes_nothing() -> None:
    late = RETURNS.assign(returned_at="2025-01-01")
    day, definition = date(2025, 1, 1), ChurnDefinition()
    with_return = expected_value(History(read({"orders": ORDERS, "returns": late}), day), definition, 365)
    without = expected_value(History(read({"orders": ORDERS}), day), definition, 365)
    pd.testing.assert_series_equal(with_return, without)


def test_value_grows_with_the_days_that_are_counted() -> None:
    history = History(read({"orders": ORDERS}), date(2025, 1, 1))
    year, month = (expected_value(history, ChurnDefinition(), days) for days in (365, 30))
    assert list(month * 365 / 30) == pytest.approx(list(year))
