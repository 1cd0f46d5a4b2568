"""Rhythm: the customer's own pace, whether they slow down, and how far they are behind it.

Slowing down between orders that came (pace) is one thing, an order that has not come (recent orders) another: who was
slow already before the last order is told apart from who only has not been seen since.
"""

from __future__ import annotations

import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from churnml.data.history import History
from churnml.data.template import on_its_day
from churnml.definition import ChurnDefinition
from churnml.features.family import Aggregate, Derived, Family, count, deviation, largest, mean, median
from churnml.features.sources import ORDER_DAYS

Floats = NDArray[np.float64]

_SLOW = 1.5
_GAPS_OF_THE_SHOP = 2


def shop_gap_days(history: History, definition: ChurnDefinition) -> float | None:
    """Find the median days between two order days of all customers; None where nobody ordered on two days."""
    usual = on_its_day(history, _usual_gap).to_pandas().days[0]
    return float(usual) if usual is not None and usual > 0 else None


def _usual_gap(history: History) -> ir.Table:
    rows = ORDER_DAYS.rows(history)
    return rows.aggregate(days=rows.gap_days.cast("float64").quantile(0.5))


def _last_to_usual(shop_gap: float, last: Floats, before: Floats, order_days: Floats) -> Floats:
    # Two or three gaps alone tell a customer's pace badly: those of the shop make up for what they do not know.
    gaps = order_days - 2
    usual = (gaps * np.log(before) + _GAPS_OF_THE_SHOP * np.log(shop_gap)) / (gaps + _GAPS_OF_THE_SHOP)
    return np.asarray(last / np.exp(usual))


FAMILY = Family(
    name="rhythm",
    concept="pace",
    actionable=True,
    features=(
        Aggregate(
            name="order_days_total",
            concept="order history",
            unit="days",
            describe="Days with an order since the start of the data",
            source=ORDER_DAYS,
            reduce=count(),
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="gap_mean_days",
            concept="order history",
            unit="days",
            describe="Mean days between two order days; null with one order day",
            source=ORDER_DAYS,
            reduce=mean("gap_days"),
        ),
        Aggregate(
            name="gap_median_days",
            concept="order history",
            unit="days",
            describe="Median days between two order days; null with one order day",
            source=ORDER_DAYS,
            reduce=median("gap_days"),
        ),
        Aggregate(
            name="gap_deviation_days",
            concept="order history",
            unit="days",
            describe="Sample standard deviation of the days between two order days; null with fewer than three",
            source=ORDER_DAYS,
            reduce=deviation("gap_days"),
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="gap_max_days",
            concept="order history",
            unit="days",
            describe="Longest time between two order days; null with one order day",
            source=ORDER_DAYS,
            reduce=largest("gap_days"),
        ),
        Aggregate(
            name="gap_last_days",
            concept="order history",
            unit="days",
            describe="Days between the last two order days; null with one order day",
            source=ORDER_DAYS,
            reduce=largest("gap_days"),
            only=lambda day: day.is_last,
        ),
        Aggregate(
            name="gap_earlier_median_days",
            concept="order history",
            unit="days",
            describe="Median days between two order days, the last two left out; null with fewer than three order days",
            source=ORDER_DAYS,
            reduce=median("gap_days"),
            only=lambda day: ~day.is_last,
        ),
        Derived(
            name="overdue_ratio",
            concept="recent orders",
            headline=1,
            tells="any",
            unit="ratio",
            describe="Days since the last order over the median days between two order days",
            inputs=("days_since_last_order", "gap_median_days"),
            compute=lambda since, usual: since / usual,
            speaks_if=lambda value: value > 1,
        ),
        Derived(
            name="overdue_against_longest_ratio",
            concept="recent orders",
            unit="ratio",
            describe="Days since the last order over the longest time between two order days",
            inputs=("days_since_last_order", "gap_max_days"),
            compute=lambda since, longest: since / longest,
            speaks_if=lambda value: value > 1,
        ),
        Derived(
            name="gap_last_to_median_ratio",
            unit="ratio",
            describe="Days between the last two order days over the median",
            inputs=("gap_last_days", "gap_median_days"),
            compute=lambda last, usual: last / usual,
            speaks_if=lambda value: value >= _SLOW,
        ),
        Derived(
            name="gap_last_to_usual_ratio",
            headline=1,
            tells="any",
            unit="ratio",
            describe="Days between the last two order days over the usual ones: the median of those before, drawn "
            "towards the shop's median as if two gaps of that length were among them (geometric mean); "
            "null with fewer than three order days",
            inputs=("gap_last_days", "gap_earlier_median_days", "order_days_total"),
            fit=shop_gap_days,
            compute=_last_to_usual,
            speaks_if=lambda value: value >= _SLOW,
        ),
        Derived(
            name="order_days_per_30_days",
            concept="order history",
            unit="ratio",
            describe="Order days per 30 days since the first order",
            inputs=("order_days_total", "days_since_first_order"),
            compute=lambda days, since: days * 30 / since,
            tells="low",
        ),
    ),
)
