"""Referrals: whether another customer brought this one.

What other customers do is no feature: parts and samples of a shop hold some of them only.
"""

from __future__ import annotations

import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import Aggregate, Family, Source, count


def _referred(history: History) -> ir.Table:
    customers = history.table("customers")
    return customers.filter((customers.referred_by != customers.customer_id).fill_null(False))


REFERRED = Source("referred", table="customers", event_time="signed_up_at", rows=_referred)
"""Customers whom another one brought."""

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
    ),
)
