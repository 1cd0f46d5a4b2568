from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.reading import read

pytestmark = pytest.mark.slow

ORDERS = pd.DataFrame(
    {
        "order_id": ["1", "2", "3"],
        "customer_id": ["a", "a", "b"],
        "ordered_at": ["2025-01-05", "2025-02-01", "2025-03-01"],
        "amount": [10.0, 12.5, 8.0],
        "cancelled_at": [None, "2025-03-01", None],
    }
)
RETURNS = pd.DataFrame({"return_id": ["1"], "customer_id": ["a"], "returned_at": ["2025-01-20"], "amount": [1]})
DAY = date(2025, 3, 1)


def of(orders: pd.DataFrame, names: list[str] | None = None, **tables: pd.DataFrame) -> str:
    return fingerprint(History(read({"orders": orders, **tables}), DAY), names)


def test_the_order_of_rows_and_later_rows_and_times_change_nothing() -> None:
    known = ORDERS[ORDERS.ordered_at < "2025-03-01"].assign(cancelled_at=pd.Series([None, None], dtype="str"))
    assert of(ORDERS) == of(ORDERS[::-1]) == of(known)


def test_a_known_change_changes_it() -> None:
    assert of(ORDERS.assign(amount=[10.01, 12.5, 8.0])) != of(ORDERS)
    assert of(ORDERS.assign(customer_id=["b", "a", "b"])) != of(ORDERS)
    assert of(ORDERS, returns=RETURNS) != of(ORDERS)


def test_tables_that_are_not_named_are_not_looked_at() -> None:
    assert of(ORDERS, ["orders"], returns=RETURNS) == of(ORDERS)


def test_values_belong_to_their_row_and_column() -> None:
    exchanged = ORDERS.assign(customer_id=["b", "a", "a"])
    assert of(exchanged) != of(ORDERS)
    one, other = (RETURNS.assign(reason=given) for given in (["late"], [None]))
    assert len({of(ORDERS, returns=returns) for returns in (one, other, RETURNS.assign(reason=["1"]))}) == 3
    channel, currency = ORDERS.assign(channel="EUR", currency="USD"), ORDERS.assign(channel="USD", currency="EUR")
    assert of(channel) != of(currency)


def test_a_column_of_the_shops_own_may_be_of_any_type() -> None:
    customers = pd.DataFrame({"customer_id": ["a", "b"], "floors": [3, 12]})
    found = {of(ORDERS, customers=customers.astype({"floors": kind})) for kind in ("int8", "int64", "str")}
    assert len(found) == 1
    assert found != {of(ORDERS, customers=customers.assign(floors=[3, 13]))}
