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
                en=f"{{value}} in the last {days} days",
                tr=f"Son {days} günde {{value}} yaptı",
                tr_zero=f"Son {days} günde {{value}} yapmadı",
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
            en="No visit for {value}",
            tr="{value}dür ziyaret etmedi",
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
                en=f"{{value}} with something put into the cart in the last {days} days",
                tr=f"Son {days} günde sepete ürün eklediği {{value}} yaptı",
                tr_zero=f"Son {days} günde sepete ürün eklediği {{value}} yapmadı",
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
            en="Put nothing into the cart for {value}",
            tr="{value}dür sepete ürün eklemedi",
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
            en="Looked at {value} in the last 90 days",
            tr="Son 90 günde {value} gezdi",
            tr_zero="Son 90 günde {value} gezmedi",
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
            en="Looks at {value} in a visit of the last 90 days on average",
            tr="Son 90 gündeki ziyaretlerinde ortalama {value} gezdi",
            tells="low",
        ),
        Derived(
            name="visits_90d_share_of_365d",
            unit="share",
            describe="Share of the visits of the last 365 days that fall into the last 90 days",
            inputs=("visits_90d", "visits_365d"),
            compute=lambda recent, year: recent / year,
            en="{visits_90d} in the last 90 days, {visits_365d} in the last 365",
            tr="Son 90 günde {visits_90d}, son 365 günde {visits_365d} yaptı",
            tr_zero="Son 90 günde {visits_90d} yapmadı, son 365 günde {visits_365d} yaptı",
            tells="low",
        ),
        Derived(
            name="visits_per_order_90d",
            unit="ratio",
            describe="Visits over orders of the last 90 days: how often she looks for each time that she buys",
            inputs=("visits_90d", "orders_90d"),
            compute=lambda visits, orders: visits / orders,
            en="{visits_90d} for {orders_90d} in the last 90 days",
            tr="Son 90 günde {orders_90d} için {visits_90d} yaptı",
        ),
    ),
)
