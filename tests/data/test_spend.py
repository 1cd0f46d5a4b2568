"""Net spend after a day, by hand: orders, returns, cancellations, and windows that are not over."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnml.data.shop import Shop
from churnml.data.spend import net_spend
from tests.data.unchecked import unchecked

DAY = date(2025, 1, 1)
END = date(2025, 6, 1)
WHO = pd.Index(["a", "b", "c", "d"])
ORDERS = pd.DataFrame(
    {
        "order_id": list("12345678"),
        "customer_id": ["a", "a", "a", "a", "b", "b", "c", "e"],
        "ordered_at": [
            *("2024-12-31 23:59:59", "2025-01-01 00:00:00", "2025-01-30 23:59:59", "2025-01-31 00:00:00"),
            *("2025-01-10", "2025-01-20", "2025-01-12", "2025-01-12"),
        ],
        "amount": [1_000.0, 10.0, 5.5, 700.0, 40.0, 20.0, 30.0, 9.0],
        # Cancelled within the window, after it, and not at all.
        "cancelled_at": [None, None, None, None, "2025-01-30 12:00", "2025-02-10", None, None],
    }
)
RETURNS = pd.DataFrame(
    {
        "return_id": list("1234"),
        "customer_id": ["a", "c", "c", "d"],
        "returned_at": ["2024-12-31", "2025-01-20", "2025-01-31", "2025-01-05"],
        "amount": [3.0, 45.0, 100.0, None],
    }
)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return unchecked({"orders": ORDERS, "returns": RETURNS})


def test_spend_is_what_was_ordered_less_what_came_back(shop: Shop) -> None:
    found = net_spend(shop, DAY, 30, END, WHO)
    # a: 10 + 5.5, as the orders at the edges lie before and after [1 Jan, 31 Jan).
    # b: the first was cancelled by the end of the window; the second only later, so 20 stands.
    # c: 30 - 45, as the second return lies after. d: sent something back of no known amount.
    assert found.to_dict() == {"a": 15.5, "b": 20.0, "c": -15.0, "d": 0.0}
    assert found.index.equals(WHO)


def test_without_returns_orders_alone_count() -> None:
    assert net_spend(unchecked({"orders": ORDERS}), DAY, 30, END, WHO).tolist() == [15.5, 20.0, 30.0, 0.0]


def test_a_window_that_is_not_over_is_not_known(shop: Shop) -> None:
    assert net_spend(shop, DAY, 30, date(2025, 1, 31), WHO).notna().all()
    assert net_spend(shop, DAY, 31, date(2025, 1, 31), WHO).isna().all()


def test_rows_after_the_window_change_nothing(shop: Shop) -> None:
    orders = ORDERS.assign(cancelled_at=ORDERS["cancelled_at"].where(ORDERS["order_id"] != "3", "2025-01-31 00:00"))
    more = ORDERS.tail(1).assign(order_id="9", customer_id="a", ordered_at="2025-01-31")
    later = unchecked({"orders": pd.concat([orders, more]), "returns": RETURNS})
    np.testing.assert_array_equal(net_spend(later, DAY, 30, END, WHO), net_spend(shop, DAY, 30, END, WHO))


def test_who_is_not_asked_about_is_left_out(shop: Shop) -> None:
    assert "e" not in net_spend(shop, DAY, 30, END, WHO).index
    assert net_spend(shop, DAY, 30, END, pd.Index(["e"])).tolist() == [9.0]
