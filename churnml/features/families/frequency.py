"""Frequency: how many orders the customer placed."""

from churnml.features.family import SCALED_WINDOWS, WINDOWS, Aggregate, Derived, Family, count
from churnml.features.sources import ORDERS

FAMILY = Family(
    name="frequency",
    concept="order history",
    actionable=False,
    note="Windows of 7 and 14 days are there where they are a quarter of the horizon or more, those of 730 and 1,095 "
    "days where a customer may have been silent for so long and still be eligible.",
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
                scaled=days in SCALED_WINDOWS,
                fill=0,
                tells="low",
            )
            for days in sorted((*SCALED_WINDOWS, *WINDOWS))
        ),
        Aggregate(
            name="orders_total",
            unit="orders",
            describe="Orders since the start of the data",
            source=ORDERS,
            reduce=count(),
            fill=0,
            tells="low",
        ),
        Derived(
            name="orders_90d_share_of_365d",
            concept="recent orders",
            unit="share",
            describe="Share of the orders of the last 365 days that fall into the last 90 days",
            inputs=("orders_90d", "orders_365d"),
            compute=lambda recent, year: recent / year,
            tells="low",
        ),
    ),
)
