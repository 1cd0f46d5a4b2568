"""Rhythm: the customer's own pace, whether they slow down, and how far they are behind it.

One or two gaps tell a pace badly: until there are three, the pace is the shop's, of customers with as few orders.

Slowing down between orders that came (pace) is one thing, an order that has not come (recent orders) another: who was
slow already before the last order is told apart from who only has not been seen since.
"""

from __future__ import annotations

from dataclasses import dataclass

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
_FEW = (1, 2, 3)  # order days with fewer than three gaps
_LEAST_GAPS = 20


@dataclass(frozen=True, kw_only=True)
class ShopGaps:
    """Days between two order days in a shop, of all customers.

    Attributes
    ----------
    usual : float
        Median of all gaps.
    after : tuple of float
        Median of the gaps after the first, the second and the third order day; where fewer than 20 customers came back
        after so many, that of all three together.
    """

    usual: float
    after: tuple[float, ...]


def shop_gaps(history: History, definition: ChurnDefinition) -> ShopGaps | None:
    """Find the gaps of the shop as known on a day; None where nobody ordered on two days."""
    row = on_its_day(history, _count_gaps).to_pandas().iloc[0]
    if not row["usual"] > 0:
        return None
    after = [row[f"after_{days}" if row[f"gaps_after_{days}"] >= _LEAST_GAPS else "after_few"] for days in _FEW]
    return ShopGaps(usual=float(row["usual"]), after=tuple(map(float, after)))


def _count_gaps(history: History) -> ir.Table:
    rows = ORDER_DAYS.rows(history)
    gap, before = rows.gap_days.cast("float64"), rows.days_before
    numbers: dict[str, ir.Value] = {
        "usual": gap.quantile(0.5),
        "after_few": gap.quantile(0.5, where=before.between(1, _FEW[-1])),
    }
    for days in _FEW:
        numbers[f"after_{days}"] = gap.quantile(0.5, where=before == days)
        numbers[f"gaps_after_{days}"] = rows.count(where=before == days)
    return rows.aggregate(**numbers)


def _pace(shop: ShopGaps, own: Floats, order_days: Floats) -> Floats:
    few = [order_days == days for days in _FEW]
    return np.select([*few, order_days > _FEW[-1]], [*shop.after, own], np.nan)


def _last_to_usual(shop: ShopGaps, last: Floats, before: Floats, order_days: Floats) -> Floats:
    # Two or three gaps alone tell a customer's pace badly: those of the shop make up for what they do not know.
    gaps = order_days - 2
    usual = (gaps * np.log(before) + _GAPS_OF_THE_SHOP * np.log(shop.usual)) / (gaps + _GAPS_OF_THE_SHOP)
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
            name="pace_days",
            concept="order history",
            unit="days",
            describe="Median days between two order days from three of these gaps on; with fewer, the median of the "
            "shop's gaps after as many order days; null where nobody in the shop came back",
            inputs=("gap_median_days", "order_days_total"),
            fit=shop_gaps,
            compute=_pace,
        ),
        Derived(
            name="overdue_ratio",
            concept="recent orders",
            headline=1,
            tells="any",
            unit="ratio",
            describe="Days since the last order over the pace in days",
            inputs=("days_since_last_order", "pace_days", "order_days_total"),
            compute=lambda since, pace, _: since / pace,
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
            fit=shop_gaps,
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
