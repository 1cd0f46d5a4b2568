"""The timeline of customers: what happened to them, as known on a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ibis
import ibis.expr.types as ir
import pandas as pd

from churnml.data.history import History
from churnml.data.lateness import late, measure_of

COLUMNS = ("customer_id", "at", "kind", "number", "detail")
COLUMN_OF_DETAIL = {
    "complaint": "complaints.topic",
    "return": "returns.reason",
    "contact": "contacts.campaign",
    "subscription": "subscriptions.plan",
    "subscription_cancelled": "subscriptions.plan",
}
"""Kinds whose detail is a text of the shop, with the column that it stands in."""


def timeline(history: History, customers: Sequence[str], at_most: int = 40, *, shared_by: int = 1) -> pd.DataFrame:
    """Return the newest events of customers.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    customers : sequence of str
        Ids of the customers whose events are shown.
    at_most : int, optional
        Number of the newest events that are kept for each.
    shared_by : int, optional
        Number of customers that a topic, reason, campaign or plan needs; one of fewer is null: free text may name
        somebody.

    Returns
    -------
    pandas DataFrame
        ``customer_id``, ``at`` (time), ``kind``, ``number`` and ``detail`` (null where there is none), oldest first
        for each customer. Kinds, with what their number and detail are: ``order`` and ``order_cancelled`` (amount),
        ``delivery`` (how late, negative is early; detail: ``hours`` or ``minutes`` where lateness is measured by the
        clock, otherwise days are meant), ``complaint`` (detail: topic), ``complaint_resolved`` (days that
        it was open), ``return`` (amount; detail: reason), ``review`` (rating; detail: the best that is possible),
        ``contact`` (detail: campaign), ``subscription`` (price; detail: plan), ``subscription_cancelled``.
    """
    wanted = ibis.memtable(pd.DataFrame({"customer_id": pd.Series(list(customers), dtype="str")}))
    parts = []
    for table, kind, build in _KINDS:
        if not history.shop.has(table):
            continue
        rows = build(history, history.table(table))
        if rows is None:
            continue
        chosen = rows.select(
            customer_id=rows.customer_id,
            at=rows.at,
            number=rows.number.cast("float64"),
            detail=rows.detail.cast("string"),
        )
        found = chosen.drop_null(["at"]).semi_join(wanted, "customer_id").to_pandas()
        if kind in COLUMN_OF_DETAIL and shared_by > 1:
            holders = chosen.group_by("detail").aggregate(customers=chosen.customer_id.nunique())
            shared = holders.filter(holders.customers >= shared_by).to_pandas()["detail"]
            found["detail"] = found["detail"].where(found["detail"].isin(shared.dropna()))
        parts.append(found.assign(kind=kind))
    events = pd.concat(parts, ignore_index=True)[list(COLUMNS)]
    events["detail"] = events["detail"].astype("str")
    # The order in which things happened, and for those of one moment an order that never changes.
    events = events.sort_values(["customer_id", "at", "kind", "number", "detail"], ignore_index=True)
    newest: pd.DataFrame = events.groupby("customer_id", sort=False).tail(at_most)
    return newest.reset_index(drop=True)


def _orders(history: History, orders: ir.Table) -> ir.Table:
    return orders.mutate(at=orders.ordered_at, number=orders.amount, detail=_nothing())


def _cancelled_orders(history: History, orders: ir.Table) -> ir.Table:
    return orders.mutate(at=orders.cancelled_at, number=orders.amount, detail=_nothing())


def _deliveries(history: History, deliveries: ir.Table) -> ir.Table | None:
    measure = measure_of(history)
    detail = _nothing() if measure == "days" else ibis.literal(measure)
    return deliveries.mutate(at=deliveries.delivered_at, number=late(deliveries, measure), detail=detail)


def _complaints(history: History, complaints: ir.Table) -> ir.Table:
    return complaints.mutate(at=complaints.opened_at, number=_no_number(), detail=complaints.topic)


def _resolved(history: History, complaints: ir.Table) -> ir.Table:
    open_days = complaints.resolved_at.date().delta(complaints.opened_at.date(), unit="day")
    return complaints.mutate(at=complaints.resolved_at, number=open_days, detail=_nothing())


def _returns(history: History, returns: ir.Table) -> ir.Table:
    return returns.mutate(at=returns.returned_at, number=returns.amount, detail=returns.reason)


def _reviews(history: History, reviews: ir.Table) -> ir.Table:
    return reviews.mutate(at=reviews.submitted_at, number=reviews.rating, detail=reviews.scale)


def _contacts(history: History, contacts: ir.Table) -> ir.Table:
    sent = history.sent_contacts
    return sent.mutate(at=sent.sent_at, number=_no_number(), detail=sent.campaign)


def _subscriptions(history: History, subscriptions: ir.Table) -> ir.Table:
    return subscriptions.mutate(at=subscriptions.started_at, number=subscriptions.price, detail=subscriptions.plan)


def _ended(history: History, subscriptions: ir.Table) -> ir.Table:
    return subscriptions.mutate(at=subscriptions.cancelled_at, number=_no_number(), detail=subscriptions.plan)


def _nothing() -> ir.Value:
    return ibis.null("string")


def _no_number() -> ir.Value:
    return ibis.null("float64")


_KINDS: tuple[tuple[str, str, Callable[[History, ir.Table], ir.Table | None]], ...] = (
    ("orders", "order", _orders),
    ("orders", "order_cancelled", _cancelled_orders),
    ("deliveries", "delivery", _deliveries),
    ("complaints", "complaint", _complaints),
    ("complaints", "complaint_resolved", _resolved),
    ("returns", "return", _returns),
    ("reviews", "review", _reviews),
    ("contacts", "contact", _contacts),
    ("subscriptions", "subscription", _subscriptions),
    ("subscriptions", "subscription_cancelled", _ended),
)
