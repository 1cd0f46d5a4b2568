"""What cannot be: conditions on rows, and what the door leaves out where the check found them to be few."""

from __future__ import annotations

from collections.abc import Collection

import ibis
import ibis.expr.types as ir

from churnml.data.contract import Table


def lies_before(time: ir.Value, start: ir.Value) -> ir.BooleanValue:
    """Check whether a time lies on a day before another one; clocks of several systems disagree on less than a day."""
    return (time.date() < start.date()).fill_null(False)


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
    if contract.event_time is None and orders is not None and "ordered_at" not in known:
        table = table.left_join(orders.select("order_id", "ordered_at"), "order_id")
    gone: ir.BooleanValue = ibis.literal(False)
    values = {}
    for name in sorted(columns):
        column = contract.column[name]
        if column.bounds is not None:
            gone = gone | (table[name] < column.bounds.minimum).fill_null(False)
        if column.not_before is not None:
            before = lies_before(table[name], table[column.not_before.column])
            if column.not_before.goes == "row":
                gone = gone | before
            else:
                values[name] = ibis.ifelse(before, ibis.null(table[name].type()), table[name])
    return table.filter(~gone).mutate(**values).select(*known)
