"""What a customer is worth if she stays."""

from __future__ import annotations

import pandas as pd

from churnml.data.history import History
from churnml.data.population import eligible
from churnml.definition import ChurnDefinition

_WINDOW_DAYS = 365
_PRIOR_YEARS = 0.5
_DAYS_A_YEAR = 365.0


def expected_value(history: History, definition: ChurnDefinition, value_days: int) -> pd.Series:
    """Estimate the net value of every eligible customer over the days ahead, if she stays.

    Her yearly rate is drawn towards the shop's: with net spend ``s`` (orders that are not cancelled, less returns)
    over the last 365 days, ``t`` the part of these years in which she was a customer, ``m`` the shop's net spend per
    customer-year and half a year of prior weight ``k``, the value is ``value_days / 365 * (s + k m) / (t + k)``: the
    mean of a gamma-Poisson rate with that prior (Efron and Morris 1973 on shrinkage).

    Parameters
    ----------
    history
        The shop as known on the snapshot.
    definition
        Who is eligible.
    value_days
        Days ahead that are counted.

    Returns
    -------
    pandas Series
        Money by ``customer_id`` (sorted), 0 or more.
    """
    orders = history.uncancelled_orders
    recent = history.within(orders.ordered_at, _WINDOW_DAYS)
    spent = orders.group_by("customer_id").aggregate(
        spent=orders.amount.sum(where=recent), since=history.days_since(orders.ordered_at.min())
    )
    table = (
        eligible(history, definition).select("customer_id").left_join(spent, "customer_id").drop("customer_id_right")
    )
    if history.shop.has("returns"):
        returns = history.table("returns")
        returned = returns.group_by("customer_id").aggregate(
            returned=returns.amount.sum(where=history.within(returns.returned_at, _WINDOW_DAYS))
        )
        table = table.left_join(returned, "customer_id").drop("customer_id_right")
    numbers = {name: table[name].cast("float64").fill_null(0.0) for name in table.columns if name != "customer_id"}
    frame = table.select("customer_id", **numbers).order_by("customer_id").to_pandas().set_index("customer_id")
    net = frame.spent - (frame.returned if "returned" in frame else 0.0)
    years = frame.since.clip(upper=_WINDOW_DAYS) / _DAYS_A_YEAR
    shop_rate = net.sum() / years.sum() if years.sum() else 0.0
    value = value_days / _DAYS_A_YEAR * (net + _PRIOR_YEARS * shop_rate) / (years + _PRIOR_YEARS)
    return pd.Series(value.clip(lower=0.0), name="expected_value")
