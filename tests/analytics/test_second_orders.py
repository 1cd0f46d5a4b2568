"""Second orders by the month of the first one, by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd

from churnml.analytics.second_orders import compute_second_orders
from churnml.data.history import History
from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from churnml.statistics.shares import wilson

DEFINITION = ChurnDefinition(horizon_days=30)


# Day: April 20th, 2025; a horizon before it is March 21st.
ORDERS = pd.DataFrame(
    [
        ("ann", "2025-01-31 23:00", None),
        ("ann", "2025-03-01", None),  # 29 days later: the last day that counts
        ("bob", "2025-01-01", None),
        ("bob", "2025-01-31", None),  # 30 days later
        ("cem", "2025-01-10 08:00", None),
        ("cem", "2025-01-10 20:00", None),  # on the same day
        ("dan", "2025-01-05", "2025-01-06"),  # cancelled: dan begins in March
        ("dan", "2025-03-21", None),
        ("dan", "2025-03-22", None),
        ("eve", "2025-03-22", None),  # too young
        ("eve", "2025-03-23", None),
        ("fay", "2025-03-02", None),
        ("fay", "2025-03-10", "2025-04-20"),  # cancelled on the day, which is not known yet
        ("gil", "2025-04-21", None),  # not known yet
    ],
    columns=["customer_id", "ordered_at", "cancelled_at"],
).assign(order_id=range(14), amount=10)
TIMES = {name: pd.to_datetime(ORDERS[name], format="ISO8601") for name in ("ordered_at", "cancelled_at")}
TABLES = {"orders": ORDERS.assign(**TIMES)}


def test_second_orders_by_hand() -> None:
    found = compute_second_orders(History(read(TABLES), date(2025, 4, 20)), DEFINITION)
    counted = found[["month", "customers", "returned", "is_complete"]].to_numpy().tolist()
    assert counted == [[date(2025, 1, 1), 3, 1, True], [date(2025, 3, 1), 2, 2, False]]
    assert found["second_order_rate"].tolist() == [1 / 3, 1.0]
    assert found.loc[0, ["low", "high"]].tolist() == list(wilson(1, 3))
    # On April 30th, all of March have had their 30 days; fay's second order is known to be cancelled.
    later = compute_second_orders(History(read(TABLES), date(2025, 4, 30)), DEFINITION)
    assert later.iloc[-1][["customers", "returned", "is_complete"]].tolist() == [3, 2, True]
    assert not compute_second_orders(History(read(TABLES), date(2025, 4, 29)), DEFINITION)["is_complete"].iloc[-1]


def test_the_thirteen_newest_months_are_told() -> None:
    months = pd.date_range("2023-01-01", periods=20, freq="MS")
    orders = pd.DataFrame({"customer_id": months.astype(str), "ordered_at": months}).assign(
        order_id=range(20), amount=1
    )
    found = compute_second_orders(History(read({"orders": orders}), date(2024, 9, 1)), DEFINITION)
    assert found["month"].tolist() == list(months[-13:].date)
    early = compute_second_orders(History(read({"orders": orders}), date(2023, 1, 30)), DEFINITION)
    assert len(early) == 0
    assert list(early) == list(found)
