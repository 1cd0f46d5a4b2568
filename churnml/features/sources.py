"""The rows that aggregates read: tables as known, or tables condensed to one row per customer and day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis.expr.types as ir

from churnml.data.history import History

_MORE_THAN_ANY_DELAY = 10_000_000  # days: more than there are between any two dates


@dataclass(frozen=True)
class Source:
    """Rows that a group-by reads.

    Attributes
    ----------
    table
        The contract table that the shop must have brought.
    rows
        Makes the rows of a history; they carry ``customer_id``.
    event_time
        The time by which windows choose rows.
    """

    table: str
    rows: Callable[[History], ir.Table]
    event_time: str


def orders(history: History) -> ir.Table:
    """Orders that are not cancelled."""
    return history.uncancelled_orders


def order_days(history: History) -> ir.Table:
    """One row per customer and day with an order: its amount, and the days since her order day before."""
    placed = history.uncancelled_orders
    days = placed.group_by("customer_id", order_day=placed.ordered_at.date()).aggregate(
        orders=placed.count(), amount=placed.amount.sum()
    )
    before = days.order_day.lag().over(group_by="customer_id", order_by="order_day")
    return days.mutate(ordered_at=days.order_day.cast("timestamp"), gap_days=days.order_day.delta(before, unit="day"))


def deliveries(history: History) -> ir.Table:
    """Deliveries of orders that are not cancelled: days late (negative is early), or days past the promise so far.

    ``delivery_rank`` puts them in the order of their delivery, and those of one second in the order of their delay.
    """
    table = history.table("deliveries")
    table = table.filter(~table.order_cancelled)
    delay = table.delivered_at.date().delta(table.promised_at.date(), unit="day")
    return table.mutate(
        delay_days=delay,
        delivery_rank=delay + _MORE_THAN_ANY_DELAY * table.delivered_at.epoch_seconds(),
        past_promise_days=history.days_since(table.promised_at),
    )


def complaints(history: History) -> ir.Table:
    """Complaints: days that each has been open, or took to be resolved."""
    table = history.table("complaints")
    resolution = table.resolved_at.date().delta(table.opened_at.date(), unit="day")
    return table.mutate(open_days=history.days_since(table.opened_at), resolution_days=resolution)


SOURCES: dict[str, Source] = {
    "orders": Source("orders", orders, "ordered_at"),
    "order_days": Source("orders", order_days, "ordered_at"),
    "deliveries": Source("deliveries", deliveries, "delivered_at"),
    "complaints": Source("complaints", complaints, "opened_at"),
}
