"""Customer value: what customers brought so far, and what to expect of them if they stay."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from churnml.data.history import History
from churnml.data.population import eligible
from churnml.definition import ChurnDefinition
from churnml.features.families.buy_till_you_die import fit
from churnml.statistics.bgnbd import BGNBD, expected_orders_if_alive
from churnml.statistics.figure import Figure, ratio
from churnml.statistics.gamma_gamma import expected_spend, fit_gamma_gamma
from churnml.statistics.logodds import Floats

YEAR_DAYS = 365


def expected_customer_value(history: History, definition: ChurnDefinition, value_days: int = YEAR_DAYS) -> pd.DataFrame:
    """Estimate how often every eligible customer orders over the days ahead if they stay, and for how much.

    Orders of one day count as one. How many order days to expect of them, given that they are a customer at the
    snapshot (they may still leave later), is said by the BG/NBD model that the buy-till-you-die features use, fitted on
    the shop as known; their mean value by a gamma-gamma model, fitted on the amounts of all order days but the first of
    the eligible customers, as far as these are above 0. The amounts are those of orders that are not cancelled; returns
    are not taken off, as the model knows only amounts above 0.

    `churnml.analytics.value.expected_value` answers the same question another way, and is what the list is sorted by
    where no model learned the value: it draws their *net spend* of the last 365 days (less returns) towards the shop's.
    It needs no model of how customers behave, works with a single order and takes returns off, but cannot tell many
    small orders from few large ones. Take that one for the money at risk of one customer; take this one where the
    two parts matter (who orders often, who orders dear), for histories longer than a year, and for the mean over
    many customers, where the shop's returns are few. This one rests on two assumptions: that customers order at a
    steady pace, and that how much one spends has nothing to do with how often they order.

    Parameters
    ----------
    history : History
        The shop as known on the snapshot.
    definition : ChurnDefinition
        Definition of leaving, which says who is eligible.
    value_days : int, optional
        Number of days ahead whose orders count.

    Returns
    -------
    pandas DataFrame
        By ``customer_id`` (sorted): ``orders_expected`` (order days), ``order_value_expected`` (money per order day)
        and ``expected_value``, their product (money). Null where there is nothing to fit on (nobody ordered on two
        days), where the model of spend has no mean (see `churnml.statistics.gamma_gamma.expected_spend`), and of
        subscribers who never ordered.
    """
    orders = history.uncancelled_orders
    days = orders.group_by("customer_id", day=orders.ordered_at.date()).aggregate(amount=orders.amount.sum())
    numbers = days.group_by("customer_id").aggregate(
        days=days.count().cast("float64"),
        since=history.days_since(days.day.min().cast("timestamp")).cast("float64"),
        amount=days.amount.sum().cast("float64"),
        first=days.amount.argmin(days.day).cast("float64"),
    )
    customers = eligible(history, definition).select("customer_id").left_join(numbers, "customer_id")
    frame = customers.drop("customer_id_right").order_by("customer_id").to_pandas().set_index("customer_id")
    fitted = fit(history, definition)
    model = None if fitted is None else fitted.model
    days, since, amount, first = (frame[name].to_numpy() for name in ("days", "since", "amount", "first"))
    return expect_value(model, days, since, amount, first, value_days).set_index(frame.index)


def expect_value(
    model: BGNBD | None,
    order_days: Floats,
    since_first: Floats,
    amount: Floats,
    first_amount: Floats,
    value_days: int = YEAR_DAYS,
) -> pd.DataFrame:
    """Estimate orders, order value and value of customers over the days ahead; see `expected_customer_value`.

    Parameters
    ----------
    model : BGNBD or None
        Model of the customers' order days; None where none could be fitted.
    order_days, since_first : array of float, shape (n,)
        Number of days with an order, and days since the first of them; null for customers who never ordered.
    amount, first_amount : array of float, shape (n,)
        Money of all order days, and of the first one; null for customers who never ordered.
    value_days : int, optional
        Number of days ahead whose orders count.
    """
    repeat, spent = order_days - 1, amount - first_amount
    mean = np.divide(spent, repeat, out=np.full(len(repeat), np.nan), where=repeat > 0)
    paid = mean > 0
    of_spend = fit_gamma_gamma(repeat[paid], mean[paid])
    unknown = np.full(len(repeat), np.nan)
    orders = unknown if model is None else expected_orders_if_alive(model, repeat, since_first, value_days)
    value = unknown if of_spend is None else expected_spend(of_spend, repeat, mean)
    return pd.DataFrame({"orders_expected": orders, "order_value_expected": value, "expected_value": orders * value})


@dataclass(frozen=True)
class HistoricValue:
    """Revenue per customer and year times how long customers stay, and what it is made of.

    Attributes
    ----------
    amount : float
        Money of the orders of the last 365 days that are not cancelled.
    buyers : int
        Number of customers who placed orders in the last 365 days that are not cancelled.
    lifetime_days : int
        Days from the first to the last order, added up over all customers.
    customers : int
        Number of customers who ever placed an order that is not cancelled, as known before the snapshot.
    revenue_per_customer : float
        ``amount / buyers`` (money per year).
    lifetime_years : float
        ``lifetime_days / customers / 365``.
    value, low, high : float
        ``revenue_per_customer * lifetime_years`` (money) and its 95 % interval. All null where nobody ordered in the
        last 365 days; the interval also with one customer alone.
    """

    amount: float
    buyers: int
    lifetime_days: int
    customers: int
    revenue_per_customer: float
    lifetime_years: float
    value: float
    low: float
    high: float


def historic_customer_value(history: History) -> HistoricValue:
    """Compute the historic customer value: the mean revenue of a customer and year times the mean lifetime.

    A lifetime goes from the first order to the last one known, so that it is 0 for one order, too short for customers
    who are still there, and cannot be longer than the data. It is an old rule of thumb; to look ahead, take
    `expected_customer_value`.

    The interval is clustered by customer, as the same ones make the revenue and the lifetime. With ``R`` the revenue
    per buyer, ``L`` the mean lifetime in years, ``b`` the share of buyers among all customers, and a customer's own
    amount ``s`` (0 if not a buyer, when also ``i`` is 0 and not 1) and lifetime ``l``, they move ``R L`` by ``d =
    L (s - R i) / b + R (l - L)`` over the number ``n`` of customers; the standard error is the root of
    ``sum(d^2) / n / (n - 1)`` (the delta method for a product of a ratio and a mean, Cochran 1977, "Sampling
    techniques", section 6).

    Parameters
    ----------
    history : History
        The shop as known on the snapshot.

    Returns
    -------
    HistoricValue
        Value, its interval and its parts.
    """
    orders = history.uncancelled_orders
    recent = history.within(orders.ordered_at, YEAR_DAYS)
    by = orders.group_by("customer_id").aggregate(
        amount=orders.amount.sum(where=recent).cast("float64").fill_null(0.0),
        bought=orders.count(where=recent).cast("float64"),
        since_first=history.days_since(orders.ordered_at.min()).cast("float64"),
        since_last=history.days_since(orders.ordered_at.max()).cast("float64"),
    )
    frame = by.order_by("customer_id").drop("customer_id").to_pandas()
    amount, bought = frame["amount"].to_numpy(), frame["bought"].to_numpy() > 0
    days = (frame["since_first"] - frame["since_last"]).to_numpy()
    revenue, years = historic_figures(amount, bought, days)
    value = revenue * years
    low, high = value.interval
    return HistoricValue(
        math.fsum(amount),
        int(bought.sum()),
        int(days.sum()),
        len(frame),
        revenue.value,
        years.value,
        value.value,
        float(np.maximum(low, 0.0)),
        high,
    )


def historic_figures(amount: Floats, bought: ArrayLike, lifetime_days: Floats) -> tuple[Figure, Figure]:
    """Compute the two factors of the historic customer value from customers.

    Parameters
    ----------
    amount : array of float, shape (n,)
        Money of each customer's orders of the last 365 days; 0 for customers who did not buy then.
    bought : array-like of bool, shape (n,)
        Whether the customer bought in the last 365 days.
    lifetime_days : array of float, shape (n,)
        Days from the first to the last order of each customer; null for customers who never ordered.

    Returns
    -------
    revenue, lifetime : Figure
        Revenue per customer and year in money, and lifetime in years.
    """
    known = ~np.isnan(lifetime_days)
    years = ratio(np.where(known, lifetime_days, 0.0) / YEAR_DAYS, known)
    # Also who had a lifetime of 0 counts.
    return ratio(amount, bought), Figure(years.value, years.moved, int(known.sum()))
