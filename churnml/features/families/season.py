"""Season: what the customer did a year ago around this day. Off below two years of history."""

from __future__ import annotations

import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import Aggregate, Derived, Family, Source, count
from churnml.features.sources import ORDER_DAYS, ORDERS

_YEAR = 365
_QUARTER = 90


def _days_of_the_year(history: History) -> ir.Table:
    days = ORDER_DAYS.rows(history)
    back = history.days_since(days.ordered_at) % _YEAR
    return days.mutate(days_back_in_year=back)


DAYS_OF_THE_YEAR = Source("days_of_the_year", table="orders", event_time="ordered_at", rows=_days_of_the_year)
"""Order days, with the days back to them without whole years (365 days); from 275 on: in the coming quarter."""

FAMILY = Family(
    name="season",
    concept="season",
    actionable=False,
    min_history_days=2 * _YEAR,
    features=(
        Aggregate(
            name="orders_year_ago_coming_90d",
            unit="orders",
            describe="Orders in the 90 days that followed this day a year (365 days) ago",
            source=ORDERS,
            reduce=count(),
            window_days=_QUARTER,
            ago_days=_YEAR - _QUARTER,
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="orders_year_ago_past_90d",
            unit="orders",
            describe="Orders in the 90 days before this day a year (365 days) ago",
            source=ORDERS,
            reduce=count(),
            window_days=_QUARTER,
            ago_days=_YEAR,
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="order_days_coming_quarter",
            unit="days",
            describe="Order days of all years in the 90 days that follow this day of the year",
            source=DAYS_OF_THE_YEAR,
            reduce=count(),
            only=lambda day: day.days_back_in_year > _YEAR - _QUARTER - 1,
            fill=0,
            tells="low",
        ),
        Derived(
            name="order_days_coming_quarter_share",
            unit="share",
            describe="Share of the customer's order days that lie in the 90 days that follow this day of the year",
            inputs=("order_days_coming_quarter", "order_days_total"),
            compute=lambda coming, all_: coming / all_,
            tells="low",
        ),
    ),
)
