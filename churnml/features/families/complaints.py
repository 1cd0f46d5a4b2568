"""Complaints: how often the customer complained, and how well they were answered."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from churnml.data.history import History
from churnml.data.template import on_its_day
from churnml.definition import ChurnDefinition
from churnml.features.family import (
    WINDOWS,
    Aggregate,
    Derived,
    Family,
    Source,
    at_last,
    count,
    days_since_last,
    distinct,
    largest,
    mean,
)

_OVERDUE_DAYS = 7
_QUICK_DAYS = 3  # what is resolved in less is nothing to speak of
_MORE_THAN_ANY_DAYS = 10_000_000  # more than there are between any two dates
_YEAR = 365


def _complaints(history: History) -> ir.Table:
    table = history.table("complaints")
    resolution = table.resolved_at.date().delta(table.opened_at.date(), unit="day")
    response = table.first_response_at.date().delta(table.opened_at.date(), unit="day")
    was_open = resolution.fill_null(history.days_since(table.opened_at))
    return table.mutate(
        open_days=history.days_since(table.opened_at),
        resolution_days=resolution,
        response_days=response,
        was_open_days=was_open,
        complaint_rank=was_open + _MORE_THAN_ANY_DAYS * table.opened_at.epoch_seconds(),
    )


def _complaints_and_last_order(history: History) -> ir.Table:
    table, orders = _complaints(history), history.uncancelled_orders
    last = orders.group_by("customer_id").aggregate(last_ordered_at=orders.ordered_at.max())
    table = table.left_join(last, "customer_id").drop("customer_id_right")
    resolved_since = history.days_since(table.resolved_at).fill_null(0)
    both_since = ibis.least(table.open_days, history.days_since(table.last_ordered_at))
    return table.mutate(open_after_days=both_since - resolved_since)


def _complained_orders(history: History) -> ir.Table:
    named = history.table("complaints").select("customer_id", "order_id").distinct()
    return history.uncancelled_orders.semi_join(named, ["customer_id", "order_id"])


def usual_resolution_days(history: History, definition: ChurnDefinition) -> float | None:
    """Find how many days the shop took in the median to resolve the complaints of the last year; None without any."""
    usual = on_its_day(history, _usual_resolution).to_pandas().days[0]
    return float(usual) if usual is not None and usual > 0 else None


def _usual_resolution(history: History) -> ir.Table:
    table = _complaints(history)
    resolved = table.filter(table.resolution_days.notnull() & history.within(table.opened_at, _YEAR))
    return resolved.aggregate(days=resolved.resolution_days.cast("float64").quantile(0.5))


COMPLAINTS = Source("complaints", table="complaints", event_time="opened_at", rows=_complaints)
"""Complaints: days that each has been open, took to be answered, or took to be resolved.

``complaint_rank`` puts them in the order of their opening, and those of one second in that of the days they were open.
"""

COMPLAINTS_AND_LAST_ORDER = Source(
    "complaints_and_last_order", table="complaints", event_time="opened_at", rows=_complaints_and_last_order
)
"""Complaints with the days that each was open after the customer's last order; not above 0 where it was not."""

COMPLAINED_ORDERS = Source("complained_orders", table="complaints", event_time="ordered_at", rows=_complained_orders)
"""Orders that are not cancelled and that a complaint of the same customer names."""

FAMILY = Family(
    name="complaints",
    concept="complaints",
    actionable=True,
    features=(
        *(
            Aggregate(
                name=f"complaints_{days}d",
                unit="complaints",
                describe=f"Complaints opened in the {days} days before the snapshot",
                source=COMPLAINTS,
                reduce=count(),
                window_days=days,
                fill=0,
                speaks_if=lambda value: value > 0,
            )
            for days in WINDOWS
        ),
        Aggregate(
            name="complaints_open",
            unit="complaints",
            describe="Complaints that are not resolved at the snapshot",
            source=COMPLAINTS,
            reduce=count(),
            only=lambda complaint: complaint.resolved_at.isnull(),
            needs=("resolved_at",),
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="complaint_open_max_days",
            headline=1,
            tells="any",
            unit="days",
            describe="Days that the oldest open complaint has been open; null without one",
            source=COMPLAINTS,
            reduce=largest("open_days"),
            only=lambda complaint: complaint.resolved_at.isnull(),
            needs=("resolved_at",),
        ),
        Aggregate(
            name="complaint_open_after_last_order_max_days",
            headline=2,
            tells="any",
            unit="days",
            describe="Most days that a complaint was open after the last order; null where none was",
            source=COMPLAINTS_AND_LAST_ORDER,
            reduce=largest("open_after_days"),
            only=lambda complaint: complaint.open_after_days > 0,
            needs=("resolved_at",),
            speaks_if=lambda value: value >= _QUICK_DAYS,
        ),
        Aggregate(
            name="complaint_last_open_days",
            headline=3,
            tells="any",
            unit="days",
            describe="Days that the last complaint was open, up to now where it still is; of several at the same "
            "second the longest",
            source=COMPLAINTS,
            reduce=at_last("was_open_days", "complaint_rank"),
            needs=("resolved_at",),
            speaks_if=lambda value: value >= _QUICK_DAYS,
        ),
        Aggregate(
            name="days_since_last_complaint",
            unit="days",
            describe="Days from the last complaint to the snapshot; null without one",
            source=COMPLAINTS,
            reduce=days_since_last("opened_at"),
            speaks_if=lambda value: value <= 90,
            tells="low",
        ),
        Aggregate(
            name="complaint_resolution_mean_days_365d",
            unit="days",
            describe="Mean days from opening to resolution of the complaints opened in the last 365 days and resolved",
            source=COMPLAINTS,
            reduce=mean("resolution_days"),
            only=lambda complaint: complaint.resolved_at.notnull(),
            needs=("resolved_at",),
            window_days=365,
            speaks_if=lambda value: value >= 1,
        ),
        Aggregate(
            name="complaints_overdue",
            unit="complaints",
            describe=f"Complaints that have been open for more than {_OVERDUE_DAYS} days at the snapshot",
            source=COMPLAINTS,
            reduce=count(),
            only=lambda complaint: complaint.resolved_at.isnull() & (complaint.open_days > _OVERDUE_DAYS),
            needs=("resolved_at",),
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="complaints_unanswered",
            unit="complaints",
            describe="Complaints without a first response at the snapshot that are not resolved either",
            source=COMPLAINTS,
            reduce=count(),
            only=lambda complaint: complaint.resolved_at.isnull() & complaint.first_response_at.isnull(),
            needs=("first_response_at", "resolved_at"),
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="complaint_response_mean_days_365d",
            unit="days",
            describe="Mean days from opening to first response of the complaints opened in the last 365 days and "
            "answered",
            source=COMPLAINTS,
            reduce=mean("response_days"),
            only=lambda complaint: complaint.first_response_at.notnull(),
            needs=("first_response_at",),
            window_days=365,
            speaks_if=lambda value: value >= 1,
        ),
        Aggregate(
            name="complaints_with_topic_365d",
            unit="complaints",
            describe="Complaints opened in the last 365 days that name a topic",
            source=COMPLAINTS,
            reduce=count(),
            only=lambda complaint: complaint.topic.notnull(),
            needs=("topic",),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="complaint_topics_365d",
            unit="topics",
            describe="Different topics of the complaints opened in the last 365 days",
            source=COMPLAINTS,
            reduce=distinct("topic"),
            needs=("topic",),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="orders_complained_365d",
            unit="orders",
            describe="Orders of the last 365 days that the customer complained about",
            source=COMPLAINED_ORDERS,
            reduce=count(),
            needs=("order_id",),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Derived(
            name="orders_complained_share_365d",
            unit="share",
            describe="Share of the orders of the last 365 days with a complaint of the customer; null without an order",
            inputs=("orders_complained_365d", "orders_365d"),
            compute=lambda complained, orders: complained / orders,
            window_days=365,
            speaks_if=lambda value: value > 0,
        ),
        Derived(
            name="complaints_repeated_topic_365d",
            unit="complaints",
            describe="Complaints of the last 365 days on a topic that the customer had complained about in them before",
            inputs=("complaints_with_topic_365d", "complaint_topics_365d"),
            compute=lambda complaints, topics: complaints - topics,
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Derived(
            name="complaint_open_to_usual_ratio",
            unit="ratio",
            describe="Days that the oldest open complaint has been open over the median days that the shop took to "
            "resolve those of the last 365 days; null without either",
            inputs=("complaint_open_max_days",),
            fit=usual_resolution_days,
            compute=lambda usual, days: days / usual,
            speaks_if=lambda value: value > 1,
        ),
        Derived(
            name="complaints_per_order_365d",
            unit="ratio",
            describe="Complaints opened over orders placed in the last 365 days; null without an order",
            inputs=("complaints_365d", "orders_365d"),
            compute=lambda complaints, orders: complaints / orders,
            speaks_if=lambda value: value > 0,
        ),
    ),
)
