"""Subscriptions: what runs, when it ends, and what was cancelled."""

from __future__ import annotations

from churnml.features.family import Aggregate, Derived, Family, Source, count, days_since_first, days_since_last, total

RUNNING = Source(
    "running_subscriptions",
    table="subscriptions",
    event_time="started_at",
    rows=lambda history: history.running_subscriptions,
)
"""Subscriptions that are neither cancelled nor at their planned end."""

SUBSCRIPTIONS = Source(
    "subscriptions",
    table="subscriptions",
    event_time="cancelled_at",
    rows=lambda history: history.table("subscriptions"),
)
"""All subscriptions, by the time of their cancellation."""

FAMILY = Family(
    name="subscriptions",
    concept="subscription",
    actionable=True,
    features=(
        Aggregate(
            name="subscriptions_running",
            unit="subscriptions",
            describe="Subscriptions that run at the snapshot",
            source=RUNNING,
            reduce=count(),
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="subscription_price_sum",
            unit="money",
            describe="Price of the subscriptions that run at the snapshot",
            source=RUNNING,
            reduce=total("price"),
            needs=("price",),
            fill=0,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="days_since_subscription_start",
            unit="days",
            describe="Days from the start of the oldest running subscription to the snapshot; null without one",
            source=RUNNING,
            reduce=days_since_first("started_at"),
            tells="low",
        ),
        Aggregate(
            name="days_to_subscription_end",
            headline=1,
            unit="days",
            describe="Days from the snapshot to the first planned end of a running subscription; null without one",
            source=RUNNING,
            reduce=lambda rows, where, history: -history.days_since(rows.ended_at.min(where=where)),
            needs=("ended_at",),
            speaks_if=lambda value: 0 <= value <= 60,
            tells="low",
        ),
        Aggregate(
            name="subscriptions_total",
            unit="subscriptions",
            describe="Subscriptions since the start of the data",
            source=SUBSCRIPTIONS,
            reduce=count(),
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="subscriptions_cancelled",
            unit="subscriptions",
            describe="Subscriptions that were cancelled since the start of the data",
            source=SUBSCRIPTIONS,
            reduce=count(),
            only=lambda subscription: subscription.cancelled_at.notnull(),
            needs=("cancelled_at",),
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="subscriptions_cancelled_365d",
            unit="subscriptions",
            describe="Subscriptions cancelled in the 365 days before the snapshot",
            source=SUBSCRIPTIONS,
            reduce=count(),
            needs=("cancelled_at",),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="days_since_last_subscription_cancelled",
            unit="days",
            describe="Days from the last cancellation of a subscription to the snapshot; null without one",
            source=SUBSCRIPTIONS,
            reduce=days_since_last("cancelled_at"),
            needs=("cancelled_at",),
            speaks_if=lambda value: value <= 365,
            tells="low",
        ),
        Derived(
            name="subscriptions_cancelled_share",
            unit="share",
            describe="Share of the subscriptions so far that were cancelled; null without one",
            inputs=("subscriptions_cancelled", "subscriptions_total"),
            compute=lambda cancelled, all_: cancelled / all_,
            speaks_if=lambda value: value > 0,
        ),
    ),
)
