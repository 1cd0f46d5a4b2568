"""What cannot be: conditions on rows, and what the door leaves out where the check found them to be few."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import ibis
import ibis.expr.types as ir

from churnml.data.contract import NotBefore, Table

LATEST = datetime(2100, 1, 1)
"""From here on a time stands for "never", such as 9999-12-31; only rows themselves cannot begin there."""


def lies_before(time: ir.Value, start: ir.Value) -> ir.BooleanValue:
    """Check whether a time lies on a day before another one; clocks of several systems disagree on less than a day."""
    return ((time.date() < start.date()) & (start < ibis.literal(LATEST))).fill_null(False)


def lies_first_before(time: ir.Value, starts: Mapping[NotBefore, ir.Value]) -> dict[NotBefore, ir.BooleanValue]:
    """Find which of several other times a time lies before, the first of them alone: the others may well be right."""
    found: dict[NotBefore, ir.BooleanValue] = {}
    for rule, start in starts.items():
        before = lies_before(time, start)
        for earlier in found.values():
            before = before & ~earlier
        found[rule] = before
    return found


def leave_out(table: ir.Table, contract: Table, columns: Collection[str], orders: ir.Table | None = None) -> ir.Table:
    """Leave out the values that cannot be, or their rows, as the contract says.

    Parameters
    ----------
    table : Ibis table
        Table in the contract's types.
    contract : Table
        Contract of the table.
    columns : collection of str
        Names of the columns in which the check found impossible values.
    orders : Ibis table, optional
        Orders in the contract's types, where rows begin with an order.
    """
    if not columns:
        return table
    known = list(table.columns)
    rules = {name: _rules(contract, name, orders) for name in sorted(columns)}
    if orders is not None and any(rule.column not in known for of_column in rules.values() for rule in of_column):
        table = table.left_join(orders.select("order_id", "ordered_at"), "order_id")
    gone: ir.BooleanValue = ibis.literal(False)
    values: dict[str, ir.Value] = {}
    for name, of_column in rules.items():
        column = contract.column[name]
        if name == contract.event_time:
            gone = gone | table[name].isnull()
        if column.bounds is not None:
            gone = gone | (table[name] < column.bounds.minimum).fill_null(False)
        for rule, before in lies_first_before(table[name], {rule: table[rule.column] for rule in of_column}).items():
            if rule.goes == "row":
                gone = gone | before
            else:
                emptied = name if rule.goes == "value" else other_of(rule)
                value = values.get(emptied, table[emptied])
                values[emptied] = ibis.ifelse(before, ibis.null(value.type()), value)
    return table.filter(~gone).mutate(**values).select(*known)


def other_of(rule: NotBefore) -> str:
    """Name the column that holds the other time of a row, or names the order whose time it is."""
    return "order_id" if rule.is_of_order else rule.column


def _rules(contract: Table, name: str, orders: ir.Table | None) -> list[NotBefore]:
    return [rule for rule in contract.column[name].not_before if rule.column in contract.column or orders is not None]
