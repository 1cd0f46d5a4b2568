"""How many new customers order a second time, by the month of their first order."""

from __future__ import annotations

import pandas as pd

from churnml.data.history import History
from churnml.definition import ChurnDefinition
from churnml.statistics.shares import wilson

MONTHS = 13
"""Newest months that are told."""


def compute_second_orders(history: History, definition: ChurnDefinition) -> pd.DataFrame:
    """Show how many of the customers whose first order lies in a month ordered on a later day within a horizon of it.

    Only customers whose first order lies at least one horizon back are asked, so that each had the same time; cancelled
    orders count nowhere. The customers of the first month of the data may have ordered before it began.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    definition : ChurnDefinition
        Definition of leaving, whose horizon is the time for the second order.

    Returns
    -------
    pandas DataFrame
        A row for each of the 13 newest months with such customers, oldest first: ``month`` (its first day),
        ``customers``, ``returned``, ``second_order_rate``, ``low``, ``high`` (Wilson), and ``is_complete``: false where
        some of the month's first orders are too young.
    """
    orders = history.uncancelled_orders
    days = orders.select("customer_id", days_ago=history.days_since(orders.ordered_at)).distinct()
    first = days.group_by("customer_id").aggregate(began=days.days_ago.max())
    later = days.inner_join(first, "customer_id")
    after = later.began - later.days_ago
    back = later.filter(after.between(1, definition.horizon_days - 1)).select("customer_id").distinct().mutate(back=1)
    asked = first.filter(first.began >= definition.horizon_days).left_join(back, "customer_id")
    counted = asked.group_by("began").aggregate(customers=asked.count(), returned=asked.back.fill_null(0).sum())
    rows = counted.order_by("began").to_pandas().astype("int64")
    day = pd.Timestamp(history.snapshot_date)
    began = (day - pd.to_timedelta(rows["began"], unit="D")).dt.to_period("M").dt.to_timestamp().rename("month")
    table = rows.groupby(began)[["customers", "returned"]].sum().reset_index().tail(MONTHS).reset_index(drop=True)
    table["second_order_rate"] = table["returned"] / table["customers"]
    table["low"], table["high"] = wilson(table["returned"], table["customers"])
    youngest = day - pd.Timedelta(days=definition.horizon_days)
    ends = table["month"] + pd.offsets.MonthEnd(1)
    second_orders: pd.DataFrame = table.assign(month=table["month"].dt.date, is_complete=ends <= youngest)
    return second_orders
