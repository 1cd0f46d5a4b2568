"""Key figures of a shop, period by period and by segment, with what changed and whether that is noise."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.analytics.concentration import UNITS, top_figure
from churnml.analytics.customer_value import historic_figures
from churnml.analytics.lifecycle import NO_CUSTOMER
from churnml.analytics.periods import LookBack, Period
from churnml.analytics.segments import SEGMENTS
from churnml.statistics.figure import Figure, ratio
from churnml.statistics.shares import wilson

COLUMNS = ("value", "low", "high", "change", "change_low", "change_high", "is_noise")
Places = NDArray[np.intp]


@dataclass(frozen=True)
class Kpi:
    """A key figure: its name, its unit (share, number, money or days) and how to compute it."""

    name: str
    unit: str
    compute: Callable[[Period], Figure]
    by_segment: bool = True  # not where it looks back further than to the start of the period
    counts_customers: bool = False  # a share of customers, each of whom is in it or not


def _churn(period: Period) -> Figure:
    return ratio(period.churned, period.eligible)


def _retention(period: Period) -> Figure:
    return ratio(period.eligible & ~period.churned, period.eligible)


def _balance(period: Period) -> Figure:
    start = period.active_year_ago.astype(np.int8)
    return ratio(start - period.active, start)


def _gross_revenue(period: Period) -> Figure:
    return ratio(np.minimum(period.amount, period.amount_before), period.amount_before)


def _net_revenue(period: Period) -> Figure:
    return ratio(period.amount * (period.amount_before > 0), period.amount_before)


def _repeat(period: Period) -> Figure:
    return ratio(period.orders_so_far >= 2, period.orders_so_far >= 1)


def _frequency(period: Period) -> Figure:
    return ratio(period.orders, period.orders > 0)


def _order_value(period: Period) -> Figure:
    return ratio(period.amount / UNITS, period.orders)


def _between(period: Period) -> Figure:
    return ratio(period.gap_days, period.gaps)


def _top_quarter(period: Period) -> Figure:
    return top_figure(period.amount_year)


def _historic(period: Period) -> Figure:
    bought = period.amount_year >= 0
    revenue, years = historic_figures(np.where(bought, period.amount_year / UNITS, 0.0), bought, period.lifetime_days)
    return revenue * years


def _expected(period: Period) -> Figure:
    known = ~np.isnan(period.expected_value)
    return ratio(np.where(known, period.expected_value, 0.0), known)


_DECLARED = (
    Kpi(
        "churn_rate",
        "share",
        _churn,
        counts_customers=True,
    ),
    Kpi("retention_rate", "share", _retention, counts_customers=True),
    Kpi(
        "annual_churn_by_balance",
        "share",
        _balance,
        by_segment=False,
    ),
    Kpi(
        "gross_revenue_retention",
        "share",
        _gross_revenue,
    ),
    Kpi(
        "net_revenue_retention",
        "share",
        _net_revenue,
    ),
    Kpi(
        "repeat_customer_rate",
        "share",
        _repeat,
        counts_customers=True,
    ),
    Kpi("purchase_frequency", "number", _frequency),
    Kpi("average_order_value", "money", _order_value),
    Kpi(
        "days_between_orders",
        "days",
        _between,
    ),
    Kpi(
        "top_quarter_revenue_share",
        "share",
        _top_quarter,
    ),
    Kpi(
        "historic_customer_value",
        "money",
        _historic,
    ),
    Kpi(
        "expected_customer_value",
        "money",
        _expected,
    ),
)
KPIS = {kpi.name: kpi for kpi in _DECLARED}
"""The key figures by name, in the order in which they are shown."""
UNITS_OF = {name: kpi.unit for name, kpi in KPIS.items()}
"""The unit of each key figure: share, number, money or days."""


def compute_kpis(back: LookBack) -> pd.DataFrame:
    """Compute the key figures of every period.

    Intervals and changes let all that one customer did hang together, and know that the same customers are in two
    periods; those of shares of customers are Wilson's. That of the expected value is one of the mean over customers,
    with the models of the period taken as they are. A change is noise where its 95 % interval holds 0.

    Parameters
    ----------
    back : LookBack
        Periods of the shop, as from `churnml.analytics.periods.look_back`.

    Returns
    -------
    pandas DataFrame
        ``kpi`` (in the order of ``KPIS``), ``period_start``, ``period_end`` (oldest first), ``value``, ``low``,
        ``high`` (95 %), ``change`` (against the period before), ``change_low``, ``change_high``, ``is_noise`` (nullable
        boolean). Null where there is nothing to compute from, and the change in the oldest period.
    """
    rows = [
        {"kpi": name, "period_start": period.start, "period_end": period.end, **_shown(kpi, figure, before)}
        for name, kpi in KPIS.items()
        for period, figure, before in _with_the_one_before([(p, kpi.compute(p)) for p in back.periods])
    ]
    return _table(rows, ["kpi", "period_start", "period_end"])


def compute_kpis_by_segment(back: LookBack) -> pd.DataFrame:
    """Compute the key figures of the customers of each RFM segment, in the periods for which the segments are known.

    A customer is in the segment in which they stood when the period began, so that what they did in it does not choose
    where they are counted; who was not a customer then is under ``NO_CUSTOMER``.

    Parameters
    ----------
    back : LookBack
        Periods of the shop, as from `churnml.analytics.periods.look_back`.

    Returns
    -------
    pandas DataFrame
        ``segment``, then the columns of `compute_kpis`, and ``customers``: those of the segment when the period began.
        A change is one of the figure, with whoever is in the segment at either time.
    """
    known = [period for period in back.periods if period.start in back.standings]
    members = {period.start: _members(back, period.start) for period in known}
    names = [*SEGMENTS, NO_CUSTOMER] if known else []
    rows = []
    for segment in names:
        of = [members[period.start][segment] for period in known]
        parts = [period.of(places) for period, places in zip(known, of, strict=True)]
        for name, kpi in KPIS.items():
            if not kpi.by_segment:
                continue
            figures = [
                (period, _spread(kpi.compute(part), places, len(back.customers)))
                for period, part, places in zip(known, parts, of, strict=True)
            ]
            rows += [
                {
                    "segment": segment,
                    "kpi": name,
                    "period_start": period.start,
                    "period_end": period.end,
                    "customers": len(places),
                    **_shown(kpi, figure, before),
                }
                for (period, figure, before), places in zip(_with_the_one_before(figures), of, strict=True)
            ]
    return _table(rows, ["segment", "kpi", "period_start", "period_end", "customers"])


def _members(back: LookBack, day: date) -> dict[str, Places]:
    """Return the places of those in each segment on a day."""
    segments = back.standings[day]["segment"].cat
    codes = segments.codes.to_numpy()
    names = [*enumerate(segments.categories), (-1, NO_CUSTOMER)]
    return {str(name): np.flatnonzero(codes == code) for code, name in names}


def _spread(figure: Figure, places: Places, customers: int) -> Figure:
    """Return a figure of some customers as one of all, whom the others do not move."""
    moved = np.zeros(customers)
    moved[places] = figure.moved
    return replace(figure, moved=moved)


def _with_the_one_before(figures: list[tuple[Period, Figure]]) -> list[tuple[Period, Figure, Figure | None]]:
    befores: list[Figure | None] = [None, *(figure for _, figure in figures[:-1])]
    return [(period, figure, before) for (period, figure), before in zip(figures, befores, strict=True)]


def _shown(kpi: Kpi, figure: Figure, before: Figure | None) -> dict[str, object]:
    low, high = figure.interval
    if kpi.counts_customers:
        # Nobody or everybody is no certainty, which Wilson's interval knows.
        low, high = (float(end) for end in wilson(figure.value * figure.counted, figure.counted))
    shown = dict.fromkeys(COLUMNS, np.nan) | {"value": figure.value, "low": low, "high": high, "is_noise": pd.NA}
    if before is not None:
        change = figure - before
        low, high = change.interval
        is_noise = pd.NA if np.isnan(low) else bool(low <= 0 <= high)
        shown |= {"change": change.value, "change_low": low, "change_high": high, "is_noise": is_noise}
    return shown


def _table(rows: list[dict[str, object]], first: list[str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=[*first, *COLUMNS])
    return table.astype({"is_noise": "boolean"} | dict.fromkeys(COLUMNS[:-1], "float64"))
