"""Orders from a table with a row for each of their lines: one row per order, and the lines as its items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from churnml.config import TableSource
from churnml.data.checks.counts import counts_of
from churnml.data.checks.report import EXAMPLES
from churnml.data.contract import ORDER_ITEMS, ORDERS, RECORDED_AT, Column
from churnml.data.door import as_type, value_of

_EXACT = "decimal(18,4)"
_VALUE, _UNREAD, _DIFFERENT, _REPEATED = "churnml value ", "churnml unread ", "churnml different ", "churnml repeated"
_ONE_VALUE = ("customer_id", "currency")
_OF_LINES = ("amount", "discount")
# From so many orders with several lines on, the same amount on all lines of nearly all of them is no chance.
_ENOUGH, _NEARLY_ALL = 20, 0.95


@dataclass(frozen=True, kw_only=True)
class OrderLines:
    """What a table of lines holds.

    Attributes
    ----------
    orders : Ibis table
        One row per order; ``judge_orders`` reads and removes the counts in it.
    items : Ibis table or None
        Lines as ``order_items``; None where they do not say product, quantity and price.
    """

    orders: ir.Table
    items: ir.Table | None


def split_lines(raw: ir.Table, source: TableSource) -> OrderLines:
    """Make orders and their items of lines.

    The time of an order is that of its first line, and it is cancelled when all of its lines are. With ``total: first``
    its amount stands in its lines, on the first or on all; with ``sum`` it is added up, of quantities and prices where
    the lines have no amount. A value that cannot be read stays in the order, so that the check names it.

    Parameters
    ----------
    raw : Ibis table
        Lines with the contract's names, their texts as the contract writes them.
    source : TableSource
        Settings of ``orders``.
    """
    lines = raw if source.same_lines == "add" else raw.distinct()
    names = [name for name in ORDER_ITEMS.column if name in raw.columns]
    items = _items(lines, names) if set(ORDER_ITEMS.required) <= set(names) else None
    if "order_id" not in raw.columns:
        return OrderLines(orders=lines, items=items)
    brought = [column for column in (*ORDERS.columns, RECORDED_AT) if column.name in raw.columns]
    values = {_VALUE + column.name: as_type(lines, column) for column in brought}
    unread = {_UNREAD + column.name: _unread(lines, column) for column in brought if column.name != "order_id"}
    if "amount" not in raw.columns and {"quantity", "unit_price"} <= set(names):
        brought.append(ORDERS.column["amount"])
        values[_VALUE + "amount"] = _worth(lines)
        unread[_UNREAD + "amount"] = ibis.coalesce(
            *(_unread(lines, ORDER_ITEMS.column[name]) for name in ("quantity", "unit_price"))
        )
    looked = lines.mutate(**values, **unread)
    aggregates: dict[str, ir.Value] = {}
    for column in (column for column in brought if column.name != "order_id"):
        value, broken = looked[_VALUE + column.name], looked[_UNREAD + column.name].max()
        aggregates[column.name] = ibis.coalesce(broken, _of_order(value, column.name, source).cast("string"))
        if column.name not in ("recorded_at", "cancelled_at"):
            is_total = column.name in _OF_LINES and source.total == "first"
            aggregates[_DIFFERENT + column.name] = (value.nullif(0) if is_total else value).nunique()
    aggregates[_REPEATED] = looked.count() > 1
    return OrderLines(orders=looked.group_by(order_id=looked[_VALUE + "order_id"]).aggregate(**aggregates), items=items)


def _items(lines: ir.Table, names: Sequence[str]) -> ir.Table:
    """Return the lines as items; lines of one product at one price are one, unless a number tells them apart."""
    items = lines.select(*names)
    if ORDER_ITEMS.line in names:
        return items
    values = {_VALUE + name: _written(items, ORDER_ITEMS.column[name]) for name in ORDER_ITEMS.key}
    quantity = ORDER_ITEMS.column["quantity"]
    looked = items.mutate(
        **values, **{_VALUE + "quantity": as_type(items, quantity), _UNREAD + "quantity": _unread(items, quantity)}
    )
    total = looked[_VALUE + "quantity"].cast(_EXACT).sum().cast("string")
    added: dict[str, ir.Value] = {"quantity": ibis.coalesce(looked[_UNREAD + "quantity"].max(), total)}
    if "category" in names:
        added["category"] = looked.category.min()
    grouped = looked.group_by(**{name: looked[_VALUE + name] for name in ORDER_ITEMS.key}).aggregate(**added)
    return grouped.select(*names)


def _written(lines: ir.Table, column: Column) -> ir.StringValue:
    """Return a value as text in one way of writing; as it stands where it cannot be read."""
    return ibis.coalesce(as_type(lines, column).cast("string"), value_of(lines, column).cast("string"))


def judge_orders(orders: ir.Table, source: TableSource) -> tuple[ir.Table, list[str], list[str]]:
    """Say in which orders the lines do not agree, and take what tells it out of the table.

    Parameters
    ----------
    orders : Ibis table
        Orders of ``split_lines``.
    source : TableSource
        Settings of ``orders``.

    Returns
    -------
    orders : Ibis table
        Orders with the contract's columns alone.
    failures, notes : list of str
        Sentences with counts, examples and what to set.
    """
    columns = [name.removeprefix(_DIFFERENT) for name in orders.columns if name.startswith(_DIFFERENT)]
    if not columns:
        return orders, [], []
    counts = {column: (orders[_DIFFERENT + column] > 1).sum() for column in columns}
    several = orders[_REPEATED]
    counts["several"] = several.sum()
    if "amount" in columns:
        counts["same"] = (several & (orders[_DIFFERENT + "amount"] == 1)).sum()
    found = counts_of(orders.aggregate(**counts))
    failures, notes = [], []
    for column in (column for column in columns if found[column]):
        where = f"orders.{column}: the lines of {found[column]:,} orders differ ({_examples(orders, column)})."
        if column in _ONE_VALUE:
            failures.append(f"{where} Look whether {column} and order_id are the right columns.")
        elif column in _OF_LINES and source.total == "first":
            failures.append(f"{where} Set tables.orders.total: sum where each line has its own.")
        elif column not in _OF_LINES:
            notes.append(f"{where} {'The earliest' if column == 'ordered_at' else 'The first by letter'} is taken.")
    if _looks_repeated(found, source):
        notes.append(
            f"orders.amount: of {found['several']:,} orders with several lines, {found['same']:,} have the same amount "
            "on all. If it is that of the order, set tables.orders.total: first."
        )
    kept = [name for name in orders.columns if not name.startswith((_DIFFERENT, _REPEATED))]
    return orders.select(*kept), failures, notes


def _of_order(value: ir.Value, column: str, source: TableSource) -> ir.Value:
    """Return the value of an order of those of its lines."""
    if column in _OF_LINES and source.total == "first":
        return ibis.coalesce(value.nullif(0).max(), value.max())
    if column == "amount":
        return ibis.ifelse(value.isnull().sum() == 0, value.sum(), ibis.null(_EXACT))
    if column == "cancelled_at" and source.total == "sum":
        return ibis.ifelse(value.isnull().sum() == 0, value.max(), ibis.null("timestamp"))
    if column == "discount":
        return value.sum()
    return value.max() if column in (*_ONE_VALUE, "cancelled_at", "recorded_at") else value.min()


def _unread(lines: ir.Table, column: Column) -> ir.StringValue:
    """Return the text of a value that cannot be read; null where it can."""
    given = value_of(lines, column)
    is_unread = given.notnull() & as_type(lines, column).isnull()
    return ibis.ifelse(is_unread, given.cast("string"), ibis.null("string"))


def _worth(lines: ir.Table) -> ir.DecimalValue:
    quantity, price = (as_type(lines, ORDER_ITEMS.column[name]).cast(_EXACT) for name in ("quantity", "unit_price"))
    return (quantity * price).cast(_EXACT)


def _examples(orders: ir.Table, column: str) -> str:
    rows = orders.filter(orders[_DIFFERENT + column] > 1)
    ids = rows.select(id=rows.order_id).order_by("id").limit(EXAMPLES + 1).to_pandas()["id"]
    return "order_id " + ", ".join(ids[:EXAMPLES].astype(str)) + (", ..." if len(ids) > EXAMPLES else "")


def _looks_repeated(found: Mapping[str, int], source: TableSource) -> bool:
    several = found["several"]
    return source.total == "sum" and several >= _ENOUGH and found.get("same", 0) >= _NEARLY_ALL * several
