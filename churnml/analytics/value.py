"""What a customer is worth if they stay, by a simple rule: where there is no model that learned it."""

from __future__ import annotations

import pandas as pd

from churnml.data.history import History

VALUE = ("days_since_first_order", "amount_sum_365d")
"""The features that tell what they brought, and for how long."""
_WINDOW_DAYS = 365  # that of the amounts
_PRIOR_YEARS = 0.5
_DAYS_A_YEAR = 365.0


def expected_value(X: pd.DataFrame, history: History, value_days: int) -> pd.Series:
    """Estimate the net value of every eligible customer over the days ahead, if they stay.

    Their yearly rate is drawn towards the shop's: with net spend ``s`` (orders that are not cancelled, less returns)
    over the last 365 days, ``t`` the part of these years in which they were a customer, ``m`` the shop's net spend per
    customer-year and half a year of prior weight ``k``, the value is ``value_days / 365 * (s + k m) / (t + k)``: the
    mean of a gamma-Poisson rate with that prior (Efron and Morris 1973 on shrinkage). It counts the first order
    as one of the time that it opens, so it is too high for customers with one order day; `churnml.models.value` learns
    better.

    Parameters
    ----------
    X : pandas DataFrame
        Features of all eligible customers, with the columns ``VALUE``.
    history : History
        The shop as known on their snapshot, which shows the returns.
    value_days : int
        Number of days ahead whose orders count.

    Returns
    -------
    pandas Series
        Money with the index of ``X``, 0 or more.
    """
    since, spent = (X[name].fillna(0.0) for name in VALUE)
    net = spent - _returned(history).reindex(X.index, fill_value=0.0)
    years = since.clip(upper=_WINDOW_DAYS) / _DAYS_A_YEAR
    shop_rate = net.sum() / years.sum() if years.sum() else 0.0
    value = value_days / _DAYS_A_YEAR * (net + _PRIOR_YEARS * shop_rate) / (years + _PRIOR_YEARS)
    return pd.Series(value.clip(lower=0.0), name="expected_value")


def _returned(history: History) -> pd.Series:
    """Add up what customers sent back, by ``customer_id``."""
    if not history.shop.has("returns"):
        return pd.Series(dtype="float64")
    returns = history.table("returns")
    recent = returns.filter(history.within(returns.returned_at, _WINDOW_DAYS))
    amounts = recent.group_by("customer_id").aggregate(returned=recent.amount.sum().cast("float64").fill_null(0.0))
    frame: pd.DataFrame = amounts.to_pandas().set_index("customer_id")
    return frame["returned"]
