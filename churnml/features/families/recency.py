"""Recency: how long ago the customer ordered."""

from churnml.features.family import Aggregate, Family, days_since_first, days_since_last
from churnml.features.sources import ORDERS

FAMILY = Family(
    name="recency",
    concept="recent orders",
    actionable=False,
    features=(
        Aggregate(
            name="days_since_last_order",
            headline=2,
            unit="days",
            describe="Days from the date of the last order to the snapshot",
            source=ORDERS,
            reduce=days_since_last("ordered_at"),
        ),
        Aggregate(
            name="days_since_first_order",
            concept="order history",
            unit="days",
            describe="Days from the date of the first order in the data to the snapshot",
            source=ORDERS,
            reduce=days_since_first("ordered_at"),
            tells="low",
        ),
    ),
)
