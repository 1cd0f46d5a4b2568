"""Frequency: how many orders the customer placed."""

from churnml.features.family import WINDOWS, Aggregate, Derived, Family, count
from churnml.features.sources import ORDERS

FAMILY = Family(
    name="frequency",
    concept="order history",
    actionable=False,
    features=(
        *(
            Aggregate(
                name=f"orders_{days}d",
                concept="recent orders",
                unit="orders",
                describe=f"Orders in the {days} days before the snapshot",
                source=ORDERS,
                reduce=count(),
                window_days=days,
                fill=0,
                en=f"{{value}} in the last {days} days",
                tr=f"Son {days} günde {{value}} verdi",
                tr_zero=f"Son {days} günde {{value}} vermedi",
                tells="low",
            )
            for days in WINDOWS
        ),
        Aggregate(
            name="orders_total",
            unit="orders",
            describe="Orders since the start of the data",
            source=ORDERS,
            reduce=count(),
            fill=0,
            en="{value} so far",
            tr="Bugüne kadar {value} verdi",
            tr_zero="Bugüne kadar {value} vermedi",
            tells="low",
        ),
        Derived(
            name="orders_90d_share_of_365d",
            concept="recent orders",
            unit="share",
            describe="Share of the orders of the last 365 days that fall into the last 90 days",
            inputs=("orders_90d", "orders_365d"),
            compute=lambda recent, year: recent / year,
            en="{orders_90d} in the last 90 days, {orders_365d} in the last 365",
            tr="Son 90 günde {orders_90d}, son 365 günde {orders_365d} verdi",
            tr_zero="Son 90 günde {orders_90d} vermedi, son 365 günde {orders_365d} verdi",
            tells="low",
        ),
    ),
)
