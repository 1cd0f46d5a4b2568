"""Visits: whether the customer still comes to look."""

from __future__ import annotations

import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import WINDOWS, Aggregate, Derived, Family, Source, count, days_since_last, mean, total


def _visits(history: History) -> ir.Table:
    table = history.table("visits")
    return table.mutate(pages=table.pages.cast("decimal(18,4)"))


VISITS = Source("visits", table="visits", event_time="visited_at", rows=_visits)

FAMILY = Family(
    name="visits",
    concept="visits",
    actionable=False,
    features=(
        *(
            Aggregate(
                name=f"visits_{days}d",
                unit="visits",
                describe=f"Visits in the {days} days before the snapshot",
                source=VISITS,
                reduce=count(),
                window_days=days,
                fill=0,
                tells="low",
            )
            for days in WINDOWS
        ),
        Aggregate(
            name="days_since_last_visit",
            headline=1,
            unit="days",
            describe="Days from the last visit to the snapshot; null without one",
            source=VISITS,
            reduce=days_since_last("visited_at"),
        ),
        *(
            Aggregate(
                name=f"visits_with_cart_{days}d",
                unit="visits",
                describe=f"Visits in the {days} days before the snapshot that put something into the cart",
                source=VISITS,
                reduce=count(),
                only=lambda visit: visit.added_to_cart > 0,
                needs=("added_to_cart",),
                window_days=days,
                fill=0,
                tells="low",
            )
            for days in (30, 90)
        ),
        Aggregate(
            name="days_since_last_visit_with_cart",
            unit="days",
            describe="Days from the last visit that put something into the cart to the snapshot; null without one",
            source=VISITS,
            reduce=days_since_last("visited_at"),
            only=lambda visit: visit.added_to_cart > 0,
            needs=("added_to_cart",),
        ),
        Aggregate(
            name="pages_90d",
            unit="pages",
            describe="Pages looked at in the visits of the last 90 days",
            source=VISITS,
            reduce=total("pages"),
            needs=("pages",),
            window_days=90,
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="pages_mean_90d",
            unit="pages",
            describe="Mean pages of a visit in the last 90 days; null without a visit",
            source=VISITS,
            reduce=mean("pages"),
            needs=("pages",),
            window_days=90,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Derived(
            name="visits_90d_share_of_365d",
            unit="share",
            describe="Share of the visits of the last 365 days that fall into the last 90 days",
            inputs=("visits_90d", "visits_365d"),
            compute=lambda recent, year: recent / year,
            tells="low",
        ),
        Derived(
            name="visits_per_order_90d",
            unit="ratio",
            describe="Visits over orders of the last 90 days: how often the customer looks for each time of buying",
            inputs=("visits_90d", "orders_90d"),
            compute=lambda visits, orders: visits / orders,
        ),
    ),
)
