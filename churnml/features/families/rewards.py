"""Rewards: the customer's points and tier."""

from __future__ import annotations

import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import Aggregate, Family, Source, count, days_since_last, distinct, total


def _points(history: History) -> ir.Table:
    table = history.table("rewards")
    points = table.points.cast("decimal(18,4)")
    return table.mutate(points=points, redeemed=-points)


def _tiers(history: History) -> ir.Table:
    table = history.table("rewards")
    named = table.filter(table.tier.notnull())
    moments = named.group_by("customer_id", "changed_at").aggregate(tier=named.tier.max(), tiers=named.tier.nunique())
    # Which of several tiers of one moment came last is not told, and no order of their names would say it.
    held = moments.filter(moments.tiers == 1).drop("tiers")
    held = held.mutate(first_held_at=held.changed_at.min().over(group_by=["customer_id", "tier"]))
    before, first_before = (
        column.lag().over(group_by="customer_id", order_by="changed_at") for column in (held.tier, held.first_held_at)
    )
    return held.mutate(
        changed=(held.tier != before).fill_null(False), back=(held.first_held_at < first_before).fill_null(False)
    )


POINTS = Source("points", table="rewards", event_time="changed_at", rows=_points)
"""Changes of the points; those that are redeemed or expire are negative, and positive in ``redeemed``."""

TIERS = Source("tiers", table="rewards", event_time="changed_at", rows=_tiers)
"""The tier at each moment that names one, whether it is another one than before, and whether it was had before that.

Tiers are names without an order, so up and down are not told, nor taken from the points, which shops count in many
ways. What is told is the order in which a customer came to their tiers: they go ``back`` to one that they first had
before the one that they leave. For who began at the bottom that is a fall. A moment that names several tiers is left
out.
"""

FAMILY = Family(
    name="rewards",
    concept="rewards",
    actionable=True,
    features=(
        Aggregate(
            name="points_balance",
            unit="points",
            describe="Points that are left: earned minus redeemed and expired, since the start of the data; negative "
            "where some were earned before",
            source=POINTS,
            reduce=total("points"),
            fill=0,
            speaks_if=lambda value: value >= 0,
            tells="low",
        ),
        *(
            Aggregate(
                name=f"points_earned_{days}d",
                unit="points",
                describe=f"Points earned in the {days} days before the snapshot",
                source=POINTS,
                reduce=total("points"),
                only=lambda change: change.points > 0,
                window_days=days,
                fill=0,
                tells="low",
            )
            for days in (90, 365)
        ),
        *(
            Aggregate(
                name=f"points_redeemed_{days}d",
                unit="points",
                describe=f"Points redeemed or expired in the {days} days before the snapshot",
                source=POINTS,
                reduce=total("redeemed"),
                only=lambda change: change.points < 0,
                window_days=days,
                fill=0,
                tells="low",
            )
            for days in (90, 365)
        ),
        Aggregate(
            name="days_since_last_points_earned",
            unit="days",
            describe="Days from the last points earned to the snapshot; null without any",
            source=POINTS,
            reduce=days_since_last("changed_at"),
            only=lambda change: change.points > 0,
        ),
        Aggregate(
            name="days_since_last_points_redeemed",
            unit="days",
            describe="Days from the last points redeemed or expired to the snapshot; null without any",
            source=POINTS,
            reduce=days_since_last("changed_at"),
            only=lambda change: change.points < 0,
        ),
        Aggregate(
            name="tiers_total",
            unit="number",
            describe="Different tiers that the customer has had since the start of the data",
            source=POINTS,
            reduce=distinct("tier"),
            needs=("tier",),
            fill=0,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="tier_changes_365d",
            unit="number",
            describe="Changes to another tier in the 365 days before the snapshot",
            source=TIERS,
            reduce=count(),
            only=lambda tier: tier.changed,
            needs=("tier",),
            window_days=365,
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="tier_changes_back_365d",
            headline=1,
            unit="number",
            describe="Changes to a tier that the customer first had before the one that was left, in the 365 days "
            "before the snapshot",
            source=TIERS,
            reduce=count(),
            only=lambda tier: tier.back,
            needs=("tier",),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="days_since_last_tier_change",
            unit="days",
            describe="Days from the last change to another tier to the snapshot; null without one",
            source=TIERS,
            reduce=days_since_last("changed_at"),
            only=lambda tier: tier.changed,
            needs=("tier",),
        ),
    ),
)
