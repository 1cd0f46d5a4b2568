"""The table contract: which tables a shop may bring, their columns, keys and times.

A row exists from its table's event time on. A column of type ``time`` becomes known at the moment that it names, so
a later value is null for an earlier day; a ``plan`` is known from the row's start; a column with ``known_with``
becomes known together with that time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["id", "text", "flag", "number", "money", "time", "plan"]


@dataclass(frozen=True)
class Column:
    """One column of a table: its type after the door, and when its value becomes known."""

    name: str
    type: ColumnType
    required: bool = False
    known_with: str | None = None
    minimum: int | None = None


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    ``event_time`` is the column at which a row begins to exist. Where it is None, the rows begin with the order that
    ``order_id`` names. ``attributes`` says that columns outside the contract are kept.
    """

    name: str
    key: tuple[str, ...]
    event_time: str | None
    columns: tuple[Column, ...]
    attributes: bool = False

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def column(self) -> dict[str, Column]:
        """The declared columns by name."""
        return {column.name: column for column in self.columns}


def _must(name: str, type_: ColumnType, minimum: int | None = None) -> Column:
    return Column(name, type_, required=True, minimum=minimum)


def _may(name: str, type_: ColumnType, known_with: str | None = None, minimum: int | None = None) -> Column:
    return Column(name, type_, known_with=known_with, minimum=minimum)


RECORDED_AT = Column("recorded_at", "time")

ORDERS = Table(
    "orders",
    key=("order_id",),
    event_time="ordered_at",
    columns=(
        _must("order_id", "id"),
        _must("customer_id", "id"),
        _must("ordered_at", "time"),
        _must("amount", "money", minimum=0),
        _may("discount", "money"),
        _may("channel", "text"),
        _may("currency", "text"),
        _may("cancelled_at", "time"),
    ),
)
ORDER_ITEMS = Table(
    "order_items",
    key=("order_id", "product_id", "unit_price"),
    event_time=None,
    columns=(
        _must("order_id", "id"),
        _must("product_id", "id"),
        _must("quantity", "number"),
        _must("unit_price", "money"),
        _may("category", "text"),
    ),
)
CUSTOMERS = Table(
    "customers",
    key=("customer_id",),
    event_time="signed_up_at",
    columns=(_must("customer_id", "id"), _may("signed_up_at", "time"), _may("contactable", "flag")),
    attributes=True,
)
DELIVERIES = Table(
    "deliveries",
    key=("order_id",),
    event_time=None,
    columns=(
        _must("order_id", "id"),
        _must("promised_at", "plan"),
        _may("shipped_at", "time"),
        _may("delivered_at", "time"),
    ),
)
COMPLAINTS = Table(
    "complaints",
    key=("complaint_id",),
    event_time="opened_at",
    columns=(
        _must("complaint_id", "id"),
        _must("customer_id", "id"),
        _must("opened_at", "time"),
        _may("order_id", "id"),
        _may("first_response_at", "time"),
        _may("resolved_at", "time"),
        _may("topic", "text"),
        _may("severity", "text"),
    ),
)
RETURNS = Table(
    "returns",
    key=("return_id",),
    event_time="returned_at",
    columns=(
        _must("return_id", "id"),
        _must("customer_id", "id"),
        _must("returned_at", "time"),
        _must("amount", "money", minimum=0),
        _may("order_id", "id"),
        _may("reason", "text"),
    ),
)
REVIEWS = Table(
    "reviews",
    key=("review_id",),
    event_time="submitted_at",
    columns=(
        _must("review_id", "id"),
        _must("customer_id", "id"),
        _must("submitted_at", "time"),
        _must("rating", "number"),
        _may("order_id", "id"),
        _may("scale", "number"),
        _may("text", "text"),
    ),
)
VISITS = Table(
    "visits",
    key=("customer_id", "visited_at"),
    event_time="visited_at",
    columns=(
        _must("customer_id", "id"),
        _must("visited_at", "time"),
        _may("pages", "number"),
        _may("added_to_cart", "number"),
    ),
)
REWARDS = Table(
    "rewards",
    key=("customer_id", "changed_at", "kind"),
    event_time="changed_at",
    columns=(
        _must("customer_id", "id"),
        _must("changed_at", "time"),
        _must("points", "number"),
        _may("kind", "text"),
        _may("tier", "text"),
    ),
)
CONTACTS = Table(
    "contacts",
    key=("contact_id",),
    event_time="sent_at",
    columns=(
        _must("contact_id", "id"),
        _must("customer_id", "id"),
        _must("campaign", "text"),
        _must("sent_at", "time"),
        _may("opened_at", "time"),
        _may("clicked_at", "time"),
        _may("arm", "text"),
        _may("offer", "text"),
        _may("cost", "money", minimum=0),
    ),
)
SUBSCRIPTIONS = Table(
    "subscriptions",
    key=("subscription_id",),
    event_time="started_at",
    columns=(
        _must("subscription_id", "id"),
        _must("customer_id", "id"),
        _must("started_at", "time"),
        _may("ended_at", "plan"),
        _may("cancelled_at", "time"),
        _may("plan", "text"),
        _may("price", "money", minimum=0),
        _may("cancel_reason", "text", known_with="cancelled_at"),
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        ORDERS,
        ORDER_ITEMS,
        CUSTOMERS,
        DELIVERIES,
        COMPLAINTS,
        RETURNS,
        REVIEWS,
        VISITS,
        REWARDS,
        CONTACTS,
        SUBSCRIPTIONS,
    )
}
