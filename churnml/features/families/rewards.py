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
    held = (
        table.filter(table.tier.notnull()).group_by("customer_id", "changed_at").aggregate(tier=lambda t: t.tier.max())
    )
    before = held.tier.lag().over(group_by="customer_id", order_by="changed_at")
    first = held.changed_at.min().over(group_by=["customer_id", "tier"])
    return held.mutate(changed=(held.tier != before).fill_null(False), held_before=first < held.changed_at)


POINTS = Source("points", table="rewards", event_time="changed_at", rows=_points)
"""Changes of the points; those that are redeemed or expire are negative, and positive in ``redeemed``."""

TIERS = Source("tiers", table="rewards", event_time="changed_at", rows=_tiers)
"""The tier after each moment with a change, whether it is another one than before, and whether she had it earlier.

Tiers have no order that the data tells. Customers begin at the bottom, so a change back to a tier that she had before
is a fall.
"""

FAMILY = Family(
    name="rewards",
    concept="rewards",
    actionable=True,
    features=(
        Aggregate(
            name="points_balance",
            unit="points",
            describe="Points that are left: earned minus redeemed and expired, since the start of the data",
            source=POINTS,
            reduce=total("points"),
            fill=0,
            en="{value} left",
            tr="Kalan: {value}",
            tr_zero="Hiç puanı kalmadı",
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
                en=f"Earned {{value}} in the last {days} days",
                tr=f"Son {days} günde {{value}} kazandı",
                tr_zero=f"Son {days} günde {{value}} kazanmadı",
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
                en=f"Redeemed {{value}} in the last {days} days",
                tr=f"Son {days} günde {{value}} kullandı",
                tr_zero=f"Son {days} günde {{value}} kullanmadı",
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
            en="Earned no points for {value}",
            tr="{value}dür puan kazanmadı",
        ),
        Aggregate(
            name="days_since_last_points_redeemed",
            unit="days",
            describe="Days from the last points redeemed or expired to the snapshot; null without any",
            source=POINTS,
            reduce=days_since_last("changed_at"),
            only=lambda change: change.points < 0,
            en="Redeemed no points for {value}",
            tr="{value}dür puan kullanmadı",
        ),
        Aggregate(
            name="tiers_total",
            unit="number",
            describe="Different tiers that she has had; it grows as she climbs",
            source=TIERS,
            reduce=distinct("tier"),
            needs=("tier",),
            fill=0,
            en="Tiers reached so far: {value}",
            tr="Bugüne kadar ulaştığı seviye sayısı: {value}",
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
            en="Changes of tier in the last 365 days: {value}",
            tr="Son 365 gündeki seviye değişikliği sayısı: {value}",
            tells="low",
        ),
        Aggregate(
            name="tier_falls_365d",
            headline=1,
            unit="number",
            describe="Changes back to a tier that she had before, in the 365 days before the snapshot",
            source=TIERS,
            reduce=count(),
            only=lambda tier: tier.changed & tier.held_before,
            needs=("tier",),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
            en="Falls back to an earlier tier in the last 365 days: {value}",
            tr="Son 365 günde önceki bir seviyeye düşme sayısı: {value}",
        ),
        Aggregate(
            name="days_since_last_tier_change",
            unit="days",
            describe="Days from the last change to another tier to the snapshot; null without one",
            source=TIERS,
            reduce=days_since_last("changed_at"),
            only=lambda tier: tier.changed,
            needs=("tier",),
            en="No change of tier for {value}",
            tr="Seviyesi {value}dür değişmedi",
        ),
    ),
)
