"""What customers spent after a day: orders that stand, less returns."""

from __future__ import annotations

from datetime import timedelta

import ibis.expr.types as ir
import pandas as pd

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.data.template import on_its_day
from churnml.days import Day, parse_day


def net_spend(shop: Shop, snapshot_date: Day, days: int, data_end: Day, customers: pd.Index) -> pd.Series:
    """Add up what customers spend in ``[snapshot, snapshot + days)``.

    Parameters
    ----------
    shop : Shop
        Shop whose orders and returns are added up.
    snapshot_date : date or str
        First day that counts.
    days : int
        Number of days that count.
    data_end : date or str
        Day at which the data ends: nothing on or after it is known.
    customers : pandas Index
        Ids of the customers who are asked about.

    Returns
    -------
    pandas Series
        Money by ``customer_id``: the amounts of their orders, as far as these are not cancelled by the end of the
        window, less what they send back in it. 0 without either; null where the window ends after the data.
    """
    start = parse_day(snapshot_date)
    if start + timedelta(days=days) > parse_day(data_end, "data_end"):
        return pd.Series(float("nan"), index=customers, name="net_spend")
    frame = shop.engine.frame(on_its_day(History(shop, start), _net_spend_by_id, days))
    spent = pd.Series(frame.net_spend.to_numpy(dtype="float64"), index=pd.Index(frame.customer_id), name="net_spend")
    return spent.reindex(customers, fill_value=0.0)


def _net_spend_by_id(then: History, days: int) -> ir.Table:
    later = then.later(days)
    orders = later.uncancelled_orders
    moved = orders.filter(later.within(orders.ordered_at, days)).select("customer_id", "amount")
    if then.shop.has("returns"):
        returns = later.table("returns")
        returns = returns.filter(later.within(returns.returned_at, days))
        moved = moved.union(returns.select("customer_id", amount=-returns.amount))
    spent = moved.group_by("customer_id").aggregate(net_spend=moved.amount.sum().cast("float64").fill_null(0.0))
    return spent.order_by("customer_id")
