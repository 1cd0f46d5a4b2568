"""Complaints: how often the customer complained, and how well she was answered."""

from __future__ import annotations

import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import WINDOWS, Aggregate, Derived, Family, Source, count, days_since_last, largest, mean


def _complaints(history: History) -> ir.Table:
    table = history.table("complaints")
    resolution = table.resolved_at.date().delta(table.opened_at.date(), unit="day")
    return table.mutate(open_days=history.days_since(table.opened_at), resolution_days=resolution)


COMPLAINTS = Source("complaints", table="complaints", event_time="opened_at", rows=_complaints)
"""Complaints: days that each has been open, or took to be resolved."""

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
                en=f"{{value}} in the last {days} days",
                tr=f"Son {days} günde {{value}} iletti",
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
            en="{value} still open",
            tr="{value}i hâlâ açık",
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
            en="A complaint has been open for {value}",
            tr="Bir şikâyeti {value}dür açık",
        ),
        Aggregate(
            name="days_since_last_complaint",
            unit="days",
            describe="Days from the last complaint to the snapshot; null without one",
            source=COMPLAINTS,
            reduce=days_since_last("opened_at"),
            speaks_if=lambda value: value <= 90,
            en="Last complained {value} ago",
            tr="Son şikâyetinin üzerinden {value} geçti",
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
            en="Complaints of the last 365 days took {value} to be resolved on average",
            tr="Son 365 gündeki şikâyetleri ortalama {value}de çözüldü",
            speaks_if=lambda value: value >= 1,
        ),
        Derived(
            name="complaints_per_order_365d",
            unit="ratio",
            describe="Complaints opened over orders placed in the last 365 days; null without an order",
            inputs=("complaints_365d", "orders_365d"),
            compute=lambda complaints, orders: complaints / orders,
            en="{complaints_365d} and {orders_365d} in the last 365 days",
            tr="Son 365 günde {orders_365d}e karşılık {complaints_365d} iletti",
            speaks_if=lambda value: value > 0,
        ),
    ),
)
