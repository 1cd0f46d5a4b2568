"""The table contract: which tables a shop may bring, their columns, keys and times.

A row exists from its table's event time on. A column of type ``time`` becomes known at the moment that it names, so
a later value is null for an earlier day; a ``plan`` is known from the row's start; a column with ``known_with``
becomes known together with that time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from churnml.data.bounds import (
    CLICKS,
    ITEMS,
    LINE_PRICE,
    PAID,
    PAID_BACK,
    POINTS,
    PRICE,
    RATING,
    SCALE,
    TAKEN_OFF,
    Bounds,
)

ColumnType = Literal["id", "text", "flag", "number", "money", "time", "plan"]


@dataclass(frozen=True, kw_only=True)
class NotBefore:
    """A time that cannot lie on a day before another one.

    Attributes
    ----------
    column : str
        Name of the column with the other time; ``ordered_at`` is that of the order which the row names.
    goes : {'value', 'row'}
        Part that is left out where the time lies before it, as long as such rows are few: only the value, or the row
        where its absence would say something false, such as that a complaint is open. Where the other time is not that
        at which the row begins, the other one is left out (of an order, its name): it was known earlier.
    """

    column: str
    goes: Literal["value", "row", "other"]

    @property
    def is_of_order(self) -> bool:
        """Whether the other time is that of an order."""
        return self.column == _ORDERED


@dataclass(frozen=True)
class Column:
    """One column of a table: its type after the door, when its value becomes known, and what it may be.

    Attributes
    ----------
    name : str
        Name of the column.
    type : {'id', 'text', 'flag', 'number', 'money', 'time', 'plan'}
        Type after the door. A time is unknown before it has come; a plan is a time that is known from the start.
    required : bool
        Whether a source must bring the column.
    known_with : str or None
        Name of the time column with which the value becomes known; None where it is known with the row.
    bounds : Bounds or None
        Range of a number or an amount; None for other types.
    at_most : str or None
        Name of the column that says how large a number may be; None where none does.
    default : float or None
        Number that an empty cell is taken for; None leaves it null.
    values : tuple of str
        Texts that are allowed; empty allows all.
    not_before : tuple of NotBefore
        Other times that this one follows; empty where there is none.
    """

    name: str
    type: ColumnType
    required: bool = False
    known_with: str | None = None
    bounds: Bounds | None = None
    at_most: str | None = None
    default: float | None = None
    values: tuple[str, ...] = ()
    not_before: tuple[NotBefore, ...] = ()


@dataclass(frozen=True)
class Table:
    """One table of the contract.

    ``event_time`` is the column at which a row begins to exist. Where it is None, the rows begin with the order that
    ``order_id`` names. ``attributes`` says that columns outside the contract are kept. ``line`` is an optional column
    that belongs to the key where it was brought; ``adds`` is the number of which several lines may be added up.
    """

    name: str
    key: tuple[str, ...]
    event_time: str | None
    columns: tuple[Column, ...]
    attributes: bool = False
    line: str | None = None
    adds: str | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that must be there."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def column(self) -> dict[str, Column]:
        """The declared columns by name."""
        return {column.name: column for column in self.columns}


def _must(name: str, type_: ColumnType, **more: Any) -> Column:
    return Column(name=name, type=type_, required=True, **more)


def _may(name: str, type_: ColumnType, **more: Any) -> Column:
    return Column(name=name, type=type_, **more)


def _after(column: str, goes: Literal["value", "row", "other"]) -> NotBefore:
    return NotBefore(column=column, goes=goes)


_ORDERED = "ordered_at"
RECORDED_AT = _may("recorded_at", "time")

ORDERS = Table(
    "orders",
    key=("order_id",),
    event_time="ordered_at",
    columns=(
        _must("order_id", "id"),
        _must("customer_id", "id"),
        _must("ordered_at", "time"),
        _must("amount", "money", bounds=PAID),
        _may("discount", "money", bounds=TAKEN_OFF),
        _may("discount_code", "text"),
        _may("channel", "text"),
        _may("currency", "text"),
        _may("cancelled_at", "time", not_before=(_after(_ORDERED, "row"),)),
    ),
)
ORDER_ITEMS = Table(
    "order_items",
    key=("order_id", "product_id", "unit_price"),
    event_time=None,
    columns=(
        _must("order_id", "id"),
        _must("product_id", "id"),
        _must("quantity", "number", bounds=ITEMS),
        _must("unit_price", "money", bounds=LINE_PRICE),
        _may("line_id", "id"),
        _may("category", "text"),
    ),
    line="line_id",
    adds="quantity",
)
CUSTOMERS = Table(
    "customers",
    key=("customer_id",),
    event_time="signed_up_at",
    columns=(
        _must("customer_id", "id"),
        _may("signed_up_at", "time"),
        _may("contactable", "flag"),
        _may("referred_by", "id"),
    ),
    attributes=True,
)
DELIVERIES = Table(
    "deliveries",
    key=("order_id",),
    event_time=None,
    columns=(
        _must("order_id", "id"),
        _must("promised_at", "plan", not_before=(_after(_ORDERED, "row"),)),
        _may("shipped_at", "time", not_before=(_after(_ORDERED, "value"),)),
        _may("delivered_at", "time", not_before=(_after(_ORDERED, "row"), _after("shipped_at", "other"))),
    ),
)
COMPLAINTS = Table(
    "complaints",
    key=("complaint_id",),
    event_time="opened_at",
    columns=(
        _must("complaint_id", "id"),
        _must("customer_id", "id"),
        _must("opened_at", "time", not_before=(_after(_ORDERED, "other"),)),
        _may("order_id", "id"),
        _may("first_response_at", "time", not_before=(_after("opened_at", "value"),)),
        _may("resolved_at", "time", not_before=(_after("opened_at", "row"),)),
        _may("topic", "text"),
        _may("severity", "text"),
        _may("text", "text"),
    ),
)
RETURNS = Table(
    "returns",
    key=("return_id",),
    event_time="returned_at",
    columns=(
        _must("return_id", "id"),
        _must("customer_id", "id"),
        _must("returned_at", "time", not_before=(_after(_ORDERED, "other"),)),
        _must("amount", "money", bounds=PAID_BACK),
        _may("order_id", "id"),
        _may("product_id", "id"),
        _may("reason", "text"),
        _may("refunded_at", "time", not_before=(_after("returned_at", "value"),)),
    ),
)
REVIEWS = Table(
    "reviews",
    key=("review_id",),
    event_time="submitted_at",
    columns=(
        _must("review_id", "id"),
        _must("customer_id", "id"),
        _must("submitted_at", "time", not_before=(_after(_ORDERED, "other"),)),
        _must("rating", "number", bounds=RATING, at_most="scale"),
        _may("order_id", "id"),
        _may("scale", "number", bounds=SCALE, default=5),
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
        _may("pages", "number", bounds=CLICKS),
        _may("added_to_cart", "number", bounds=CLICKS),
    ),
)
REWARDS = Table(
    "rewards",
    key=("customer_id", "changed_at", "kind"),
    event_time="changed_at",
    columns=(
        _must("customer_id", "id"),
        _must("changed_at", "time"),
        _must("points", "number", bounds=POINTS),
        _may("kind", "text"),
        _may("tier", "text"),
    ),
    adds="points",
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
        _may("opened_at", "time", not_before=(_after("sent_at", "value"),)),
        _may("clicked_at", "time", not_before=(_after("sent_at", "value"), _after("opened_at", "other"))),
        _may("redeemed_at", "time", not_before=(_after("sent_at", "value"),)),
        _may("arm", "text", values=("treatment", "control")),
        _may("offer", "text"),
        _may("cost", "money", bounds=PRICE),
        _may("outcome", "text"),
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
        _may("ended_at", "plan", not_before=(_after("started_at", "row"),)),
        _may("cancelled_at", "time", not_before=(_after("started_at", "row"),)),
        _may("plan", "text"),
        _may("price", "money", bounds=PRICE),
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


_NO_LETTERS = re.compile(r"[\W_]+")


def plain_name(name: str) -> str:
    """Return a name of a table or column without capitals, and with a line for blanks and dashes.

    Examples
    --------
    >>> plain_name(" Order-Items")
    'order_items'
    """
    return _NO_LETTERS.sub("_", name.strip().casefold())
