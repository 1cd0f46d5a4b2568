"""The rows of orders that aggregates of several families read; a family with rows of its own declares them itself."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import Source


def _orders(history: History) -> ir.Table:
    return history.uncancelled_orders


def days_with_orders(history: History, placed: ir.Table) -> ir.Table:
    """Return one row per customer and day of some orders; see ``ORDER_DAYS``."""
    days = placed.group_by("customer_id", order_day=placed.ordered_at.date()).aggregate(
        orders=placed.count(), amount=placed.amount.sum()
    )
    before, after, earlier = (
        value.over(group_by="customer_id", order_by="order_day")
        for value in (days.order_day.lag(), days.order_day.lead(), ibis.row_number())
    )
    return days.mutate(
        ordered_at=days.order_day.cast("timestamp"),
        gap_days=days.order_day.delta(before, unit="day"),
        is_last=after.isnull(),
        days_before=earlier,
    )


ORDERS = Source("orders", table="orders", event_time="ordered_at", rows=_orders)
"""Orders that are not cancelled."""

ORDER_DAYS = Source(
    "order_days",
    table="orders",
    event_time="ordered_at",
    rows=lambda history: days_with_orders(history, history.uncancelled_orders),
)
"""One row per customer and day with an order: its amount, days since the order day before, how many there are before,
and if it is the last."""
