"""What a customer is worth if they stay, by a simple rule: where there is no model that learned it."""

from __future__ import annotations

import ibis.expr.types as ir
import pandas as pd

from churnml.data.history import History

VALUE = ("days_since_first_order", "amount_sum_365d")
"""The features that tell what they brought, and for how long."""
_WINDOW_DAYS = 365  # that of the amounts
_PRIOR_YEARS = 0.5
_DAYS_A_YEAR = 365.0


def expected_value(X: pd.DataFrame, history: History, value_days: int) -> pd.Series:
    """Estimate the net value of every eligible customer over the days ahead, if they stay; see `value_at_rate`.

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
    returned = returned_of(history).to_pandas().set_index("customer_id")["returned"] if has_returns(history) else None
    known = pd.Series(0.0, X.index) if returned is None else returned.reindex(X.index, fill_value=0.0)
    return value_at_rate(X, known, spend_rate(X, known), value_days)


def spend_rate(X: pd.DataFrame, returned: pd.Series) -> float:
    """Compute the shop's net spend per customer-year, from ``VALUE`` of all customers and what they sent back."""
    net, years = _net(X, returned), _years(X)
    return float(net.sum() / years.sum()) if years.sum() else 0.0


def value_at_rate(X: pd.DataFrame, returned: pd.Series, shop_rate: float, value_days: int) -> pd.Series:
    """Estimate the net value of customers over the days ahead, if they stay, in a shop of a known rate.

    Their yearly rate is drawn towards the shop's: with net spend ``s`` (orders that are not cancelled, less returns)
    over the last 365 days, ``t`` the part of these years in which they were a customer, ``m`` the shop's net spend per
    customer-year and half a year of prior weight ``k``, the value is ``value_days / 365 * (s + k m) / (t + k)``: the
    mean of a gamma-Poisson rate with that prior (Efron and Morris 1973 on shrinkage). It counts the first order
    as one of the time that it opens, so it is too high for customers with one order day; `churnml.models.value` learns
    better.

    Parameters
    ----------
    X : pandas DataFrame
        Features of customers, with the columns ``VALUE``.
    returned : pandas Series
        Money that they sent back in the last 365 days, same index.
    shop_rate : float
        Net spend per customer-year of the shop, as from ``spend_rate``.
    value_days : int
        Number of days ahead whose orders count.

    Returns
    -------
    pandas Series
        Money with the index of ``X``, 0 or more.
    """
    value = value_days / _DAYS_A_YEAR * (_net(X, returned) + _PRIOR_YEARS * shop_rate) / (_years(X) + _PRIOR_YEARS)
    return pd.Series(value.clip(lower=0.0), name="expected_value")


def _net(X: pd.DataFrame, returned: pd.Series) -> pd.Series:
    net: pd.Series = X[VALUE[1]].fillna(0.0) - returned
    return net


def _years(X: pd.DataFrame) -> pd.Series:
    years: pd.Series = X[VALUE[0]].fillna(0.0).clip(upper=_WINDOW_DAYS) / _DAYS_A_YEAR
    return years


def has_returns(history: History) -> bool:
    """Check whether the shop tells what was sent back."""
    return history.shop.has("returns")


def returned_of(history: History) -> ir.Table:
    """Add up what customers sent back in the last 365 days: ``customer_id, returned``."""
    returns = history.table("returns")
    recent = returns.filter(history.within(returns.returned_at, _WINDOW_DAYS))
    return recent.group_by("customer_id").aggregate(returned=recent.amount.sum().cast("float64").fill_null(0.0))
