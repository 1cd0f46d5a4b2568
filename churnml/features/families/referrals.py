"""Referrals: whether another customer brought this one, whom they brought, and whether who brought them orders."""

from __future__ import annotations

import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import Aggregate, Family, Source, count, days_since_last


def _referred(history: History) -> ir.Table:
    customers = history.table("customers")
    return customers.filter((customers.referred_by != customers.customer_id).fill_null(False))


def _brought(history: History) -> ir.Table:
    """Return the first order of each customer whom another one brought, as a row of who brought them."""
    # Customers without a day of sign-up are visible always; by their orders nobody is known too early.
    orders = history.uncancelled_orders
    first = orders.group_by(buyer=orders.customer_id).aggregate(ordered_at=orders.ordered_at.min())
    referred = _referred(history).select(referred_id="customer_id", customer_id="referred_by")
    return referred.inner_join(first, referred.referred_id == first.buyer).drop("buyer")


def _last_order_of_referrer(history: History) -> ir.Table:
    """Return the last order of who brought a customer, as a row of the customer."""
    orders = history.uncancelled_orders
    last = orders.group_by(buyer=orders.customer_id).aggregate(ordered_at=orders.ordered_at.max())
    referred = _referred(history).select("customer_id", "referred_by")
    return referred.inner_join(last, referred.referred_by == last.buyer).drop("buyer")


REFERRED = Source("referred", table="customers", event_time="signed_up_at", rows=_referred)
"""Customers whom another one brought."""

BROUGHT = Source("brought", table="customers", event_time="ordered_at", rows=_brought)
"""Customers whom a customer brought and who have ordered, with the time of their first order."""

REFERRER = Source("referrer", table="customers", event_time="ordered_at", rows=_last_order_of_referrer)
"""Who brought a customer, with the time of their last order that is not cancelled."""

FAMILY = Family(
    name="referrals",
    concept="referrals",
    actionable=False,
    features=(
        Aggregate(
            name="was_referred",
            unit="number",
            describe="1 where another customer brought this one, else 0",
            source=REFERRED,
            reduce=count(),
            needs=("referred_by",),
            fill=0,
        ),
        Aggregate(
            name="customers_referred",
            unit="number",
            describe="Customers whom this one brought and who ordered before the snapshot",
            source=BROUGHT,
            reduce=count(),
            needs=("referred_by",),
            fill=0,
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="days_since_last_order_of_referrer",
            unit="days",
            describe="Days from the last order of who brought the customer to the snapshot; null where nobody did",
            source=REFERRER,
            reduce=days_since_last("ordered_at"),
            needs=("referred_by",),
            tells="high",
        ),
    ),
)
