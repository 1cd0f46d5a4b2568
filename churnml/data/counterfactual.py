"""The same shop with another future: what a day cannot know is taken away, changed or added, and all else is left."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

import ibis
import ibis.expr.types as ir

from churnml.data.contract import RECORDED_AT, TABLES, Table
from churnml.data.shop import Shop

_MARK = "audit-"


@dataclasses.dataclass(frozen=True)
class Counterfactual:
    """A shop that must look the same on the day.

    Attributes
    ----------
    name : str
        Description of what was done, in words.
    shop : Shop
        Changed shop, which must look the same on the day.
    changed : dict of str to int
        Number of rows that were added, changed or left out, by table.
    """

    name: str
    shop: Shop
    changed: dict[str, int]


def counterfactuals(shop: Shop, snapshot_date: date) -> Iterator[Counterfactual]:
    """Make shops that differ from a given one only in what is not known at the start of a day.

    Parameters
    ----------
    shop : Shop
        Shop that is changed.
    snapshot_date : date
        Day at whose start the shops must look alike.

    Yields
    ------
    Counterfactual
        Changed shops: one with later rows and times left out, one with them changed and others added, one with rows of
        the past that reach the warehouse on the day itself, and, where customers have attributes, one with these
        updated.
    """
    now = ibis.timestamp(datetime.combine(snapshot_date, time.min))
    later = ibis.timestamp(datetime.combine(snapshot_date, time.min) + timedelta(days=40))

    def without(contract: Table, table: ir.Table) -> ir.Table:
        return _with_late_times(contract, table.filter(~_begins_later(shop, contract, table, now)), now, None)

    def changed(contract: Table, table: ir.Table) -> ir.Table:
        known = without(contract, table)
        return _with_late_times(contract, known, now, later).union(_copies(contract, table, now, None))

    def recorded(contract: Table, table: ir.Table) -> ir.Table:
        stamped = table if RECORDED_AT.name in table.columns else table.mutate(recorded_at=ibis.null(now.type()))
        return stamped.union(_copies(contract, stamped, None, now))

    yield _made("later rows and times left out", shop, without)
    yield _made("later rows added, later times changed", shop, changed)
    yield _made("rows of the past that arrive late added", shop, recorded)
    attributes = attributes_of(shop)
    if attributes:
        customers = shop.tables["customers"]
        updated = {name: _updated(customers[name]) for name in attributes}
        tables = {**shop.tables, "customers": customers.mutate(**updated)}
        yield Counterfactual(
            f"attributes of customers updated ({', '.join(attributes)})",
            dataclasses.replace(shop, tables=tables),
            {"customers": int(customers.count().to_pandas())},
        )


def attributes_of(shop: Shop) -> list[str]:
    """List the columns of customers that no time says when they became known, in the order of the table."""
    if "customers" not in shop.tables:
        return []
    known = {*TABLES["customers"].column, RECORDED_AT.name}
    return [name for name in shop.tables["customers"].columns if name not in known]


def _made(name: str, shop: Shop, change: Callable[[Table, ir.Table], ir.Table]) -> Counterfactual:
    tables = {table: change(TABLES[table], rows) for table, rows in shop.tables.items()}
    changed = {}
    for table, rows in shop.tables.items():
        before, after = int(rows.count().to_pandas()), int(tables[table].count().to_pandas())
        if before != after:
            changed[table] = abs(after - before)
    return Counterfactual(name, dataclasses.replace(shop, tables=tables), changed)


def _begins_later(shop: Shop, contract: Table, table: ir.Table, now: ir.TimestampScalar) -> ir.BooleanValue:
    if contract.event_time is not None:
        begins = (table[contract.event_time] >= now).fill_null(False)
    else:
        orders = shop.tables["orders"]
        begins = table.order_id.isin(orders.filter(orders.ordered_at >= now).order_id)
    if RECORDED_AT.name in table.columns:
        begins = begins | (table[RECORDED_AT.name] >= now).fill_null(False)
    return begins


def _late_times(contract: Table) -> list[str]:
    return [column.name for column in contract.columns if column.type == "time" and column.name != contract.event_time]


def _with_late_times(
    contract: Table, table: ir.Table, now: ir.TimestampScalar, instead: ir.TimestampScalar | None
) -> ir.Table:
    """Change times that are not known yet, and what becomes known with them too."""
    late = {name: table[name].isnull() | (table[name] >= now) for name in _late_times(contract)}
    changed: dict[str, ir.Value] = {}
    for name, unknown in late.items():
        other = ibis.null(table[name].type()) if instead is None else instead.cast(table[name].type())
        changed[name] = ibis.ifelse(unknown, other, table[name])
    for column in contract.columns:
        if column.known_with is not None:
            value = table[column.name]
            other = ibis.null(value.type()) if instead is None else ibis.literal(f"{_MARK}later")
            changed[column.name] = ibis.ifelse(late[column.known_with], other, value)
    return table.mutate(**changed) if changed else table


def _copies(
    contract: Table, table: ir.Table, begins: ir.TimestampScalar | None, recorded: ir.TimestampScalar | None
) -> ir.Table:
    """Copy all rows under new keys, beginning or recorded at a moment; customers are nobody else's copies."""
    changed: dict[str, ir.Value] = {}
    key = contract.key[0]
    if table[key].type().is_string() and (key != "customer_id" or contract.name == "customers"):
        changed[key] = ibis.literal(_MARK) + table[key]
    if contract.event_time is None:
        # The copy belongs to the copied order.
        changed["order_id"] = ibis.literal(_MARK) + table.order_id
    elif begins is not None:
        changed[contract.event_time] = begins.cast(table[contract.event_time].type())
    if recorded is not None:
        changed[RECORDED_AT.name] = recorded.cast(table[RECORDED_AT.name].type())
    return table.mutate(**changed).select(table.columns)


def _updated(value: ir.Value) -> ir.Value:
    """Change a value as a later update might; null becomes known."""
    kind = value.type()
    if kind.is_string():
        return value.fill_null("") + ibis.literal(" (updated)")
    if kind.is_numeric():
        return (value.fill_null(0) * 2 + 1).cast(kind)
    if kind.is_boolean():
        return ~value.fill_null(False)
    if kind.is_temporal():
        return ibis.null(kind)
    return value
