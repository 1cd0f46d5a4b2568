"""Buy till you die: what a BG/NBD model of the shop, fitted on each snapshot, expects of a customer's pace.

Orders of one day count once and time is in days. One-time buyers are alive by the model's assumption, so that their
probability of being alive says nothing and is null. Whoever is there from the start of the data may have bought before
it, so their first order there is not their first: they are left out of the fit where enough others remain.
"""

from __future__ import annotations

from dataclasses import dataclass

import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from churnml.data.draw import place_of
from churnml.data.history import History
from churnml.data.template import on_its_day
from churnml.definition import ChurnDefinition
from churnml.features.family import Derived, Family
from churnml.features.sources import days_with_orders
from churnml.statistics.bgnbd import BGNBD, expected_orders, fit_bgnbd, no_order_probability, probability_alive

Floats = NDArray[np.float64]

MOST_CUSTOMERS = 50_000
"""At most so many customers, the first by the hash of their ids, are fitted on."""
_SHARE_AT_START = 1 / 3  # of the days of data: whoever begins in them may have begun before
_LEAST_CUSTOMERS = 1_000
_LEAST_SHARE = 0.2


@dataclass(frozen=True)
class Fitted:
    """A model of the shop, and the days ahead that its features look at."""

    model: BGNBD
    horizon_days: int
    lead_days: int


def fit(history: History, definition: ChurnDefinition) -> Fitted | None:
    """Fit BG/NBD on at most 50,000 customers who ordered before the snapshot; None where nobody ordered twice."""
    table = on_its_day(history, _count_histories, MOST_CUSTOMERS).to_pandas().to_numpy(dtype=np.float64)
    order_days, since_first, since_last, customers = table.T
    since_start = (history.snapshot_date - history.first_day).days
    model = fit_histories(order_days, since_first, since_last, customers, since_start)
    return None if model is None else Fitted(model, definition.horizon_days, definition.lead_days)


def _count_histories(history: History, most: int) -> ir.Table:
    """Count at most so many drawn customers with the same days with orders, and days since the first and the last."""
    orders = history.uncancelled_orders
    drawn = orders.select("customer_id").distinct()
    drawn = drawn.mutate(place=place_of(drawn.customer_id)).order_by("place", "customer_id").limit(most)
    days = days_with_orders(history, orders.semi_join(drawn, "customer_id"))
    histories = days.group_by("customer_id").aggregate(
        days=days.count(),
        since_first=history.days_since(days.ordered_at.min()),
        since_last=history.days_since(days.ordered_at.max()),
    )
    counted = histories.group_by("days", "since_first", "since_last").aggregate(customers=histories.count())
    return counted.order_by("days", "since_first", "since_last")


def fit_histories(
    order_days: Floats, since_first: Floats, since_last: Floats, customers: Floats, since_start: int
) -> BGNBD | None:
    """Fit BG/NBD on customers who may have ordered before the data begins; None where nobody ordered twice.

    Parameters
    ----------
    order_days, since_first, since_last : array of float, shape (n,)
        Number of days with an order, and days since the first and the last of them.
    customers : array of float, shape (n,)
        Number of customers that each history stands for.
    since_start : int
        Number of days since the start of the data.
    """
    new = since_first < since_start * (1 - _SHARE_AT_START)
    enough = max(_LEAST_CUSTOMERS, _LEAST_SHARE * customers.sum())
    kept = new if customers[new].sum() >= enough and (order_days[new] > 1).any() else np.ones(len(new), dtype=bool)
    return fit_bgnbd(order_days[kept] - 1, (since_first - since_last)[kept], since_first[kept], customers[kept])


def _no_order(fitted: Fitted, order_days: Floats, since_first: Floats, since_last: Floats) -> Floats:
    history = _history(order_days, since_first, since_last)
    return no_order_probability(fitted.model, *history, horizon=fitted.horizon_days, lead=fitted.lead_days)


def _expected(fitted: Fitted, order_days: Floats, since_first: Floats, since_last: Floats) -> Floats:
    history = _history(order_days, since_first, since_last)
    return expected_orders(fitted.model, *history, horizon=fitted.horizon_days, lead=fitted.lead_days)


def _alive(fitted: Fitted, order_days: Floats, since_first: Floats, since_last: Floats) -> Floats:
    alive = probability_alive(fitted.model, *_history(order_days, since_first, since_last))
    return np.where(order_days > 1, alive, np.nan)


def _history(order_days: Floats, since_first: Floats, since_last: Floats) -> tuple[Floats, Floats, Floats]:
    """Return repeat purchases, time of the last and age; all unknown for a subscriber who never ordered."""
    return np.where(order_days > 0, order_days - 1, np.nan), since_first - since_last, since_first


INPUTS = ("order_days_total", "days_since_first_order", "days_since_last_order")

FAMILY = Family(
    name="buy_till_you_die",
    concept="recent orders",
    actionable=False,
    features=(
        Derived(
            name="btyd_no_order_probability",
            unit="probability",
            describe="Probability of no order in the horizon (after the lead time) by the BG/NBD model of the shop",
            inputs=INPUTS,
            fit=fit,
            compute=_no_order,
        ),
        Derived(
            name="btyd_expected_orders",
            unit="number",
            describe="Order days expected in the horizon (after the lead time) by the BG/NBD model of the shop",
            inputs=INPUTS,
            fit=fit,
            compute=_expected,
            tells="low",
        ),
        Derived(
            name="btyd_alive_probability",
            unit="probability",
            describe="Probability of still being a customer by the BG/NBD model of the shop; null with one order day",
            inputs=INPUTS,
            fit=fit,
            compute=_alive,
            tells="low",
        ),
    ),
)
