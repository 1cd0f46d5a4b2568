"""Features of customers as known on a day: families, their catalogue and the builder.

What a family of one's own is made of can be imported from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.lazy import lazily

if TYPE_CHECKING:
    from churnml.features.data_dictionary import dictionary
    from churnml.features.deliveries import DELIVERED, DELIVERIES
    from churnml.features.families.basket import ITEMS, PRODUCTS
    from churnml.features.families.complaints import COMPLAINED_ORDERS, COMPLAINTS, COMPLAINTS_AND_LAST_ORDER
    from churnml.features.families.contacts import CONTACTS
    from churnml.features.families.discounts import PRICED_ORDERS
    from churnml.features.families.returns import RETURNS
    from churnml.features.families.reviews import REVIEWS
    from churnml.features.families.rewards import POINTS, TIERS
    from churnml.features.families.subscriptions import RUNNING, SUBSCRIPTIONS
    from churnml.features.families.visits import VISITS
    from churnml.features.family import (
        Aggregate,
        Derived,
        Family,
        Feature,
        Source,
        Supplied,
        at_last,
        count,
        days_since_first,
        days_since_last,
        deviation,
        distinct,
        largest,
        mean,
        median,
        smallest,
        total,
    )
    from churnml.features.family_catalogue import Catalogue, catalogue
    from churnml.features.sources import ORDER_DAYS, ORDERS

_FAMILY = "churnml.features.family"
_OWN = "churnml.features.families"
_HOMES = {
    "Aggregate": _FAMILY,
    "Catalogue": "churnml.features.family_catalogue",
    "COMPLAINED_ORDERS": f"{_OWN}.complaints",
    "COMPLAINTS": f"{_OWN}.complaints",
    "COMPLAINTS_AND_LAST_ORDER": f"{_OWN}.complaints",
    "CONTACTS": f"{_OWN}.contacts",
    "DELIVERED": "churnml.features.deliveries",
    "DELIVERIES": "churnml.features.deliveries",
    "Derived": _FAMILY,
    "Family": _FAMILY,
    "Feature": _FAMILY,
    "ITEMS": f"{_OWN}.basket",
    "ORDERS": "churnml.features.sources",
    "ORDER_DAYS": "churnml.features.sources",
    "POINTS": f"{_OWN}.rewards",
    "PRICED_ORDERS": f"{_OWN}.discounts",
    "PRODUCTS": f"{_OWN}.basket",
    "RETURNS": f"{_OWN}.returns",
    "REVIEWS": f"{_OWN}.reviews",
    "RUNNING": f"{_OWN}.subscriptions",
    "SUBSCRIPTIONS": f"{_OWN}.subscriptions",
    "Source": _FAMILY,
    "Supplied": _FAMILY,
    "TIERS": f"{_OWN}.rewards",
    "VISITS": f"{_OWN}.visits",
    "at_last": _FAMILY,
    "catalogue": "churnml.features.family_catalogue",
    "count": _FAMILY,
    "days_since_first": _FAMILY,
    "days_since_last": _FAMILY,
    "deviation": _FAMILY,
    "dictionary": "churnml.features.data_dictionary",
    "distinct": _FAMILY,
    "largest": _FAMILY,
    "mean": _FAMILY,
    "median": _FAMILY,
    "smallest": _FAMILY,
    "total": _FAMILY,
}

__all__ = [
    "COMPLAINED_ORDERS",
    "COMPLAINTS",
    "COMPLAINTS_AND_LAST_ORDER",
    "CONTACTS",
    "DELIVERED",
    "DELIVERIES",
    "ITEMS",
    "ORDERS",
    "ORDER_DAYS",
    "POINTS",
    "PRICED_ORDERS",
    "PRODUCTS",
    "RETURNS",
    "REVIEWS",
    "RUNNING",
    "SUBSCRIPTIONS",
    "TIERS",
    "VISITS",
    "Aggregate",
    "Catalogue",
    "Derived",
    "Family",
    "Feature",
    "Source",
    "Supplied",
    "at_last",
    "catalogue",
    "count",
    "days_since_first",
    "days_since_last",
    "deviation",
    "dictionary",
    "distinct",
    "largest",
    "mean",
    "median",
    "smallest",
    "total",
]

__getattr__, __dir__ = lazily(__name__, _HOMES)
