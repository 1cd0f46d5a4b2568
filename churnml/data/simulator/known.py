"""Leaving out what a shop does not know yet on a day."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnml.data.contract import TABLES, Table
from churnml.data.simulator.columns import plain


def known_by(tables: dict[str, pa.Table], until: int) -> dict[str, pa.Table]:
    """Leave out rows that begin at or after a time, empty times that come then, and customers without an order before.

    Parameters
    ----------
    tables : dict of str to Arrow table
        Tables of the contract by name, and the truth about them.
    until : int
        Second since 1970 at which the data end.

    Returns
    -------
    dict of str to Arrow table
        The same tables, as the shop knows them then.
    """
    end = pa.scalar(np.datetime64(until, "s").astype("datetime64[us]").item(), pa.timestamp("us"))
    orders = tables["orders"].filter(pc.less(tables["orders"]["ordered_at"], end))
    of_known = {name: pc.unique(plain(orders[name])) for name in ("order_id", "customer_id")}
    known = {}
    for name, table in tables.items():
        for column, values in of_known.items():
            if column in table.column_names:
                table = table.filter(pc.is_in(plain(table[column]), value_set=values))
        known[name] = _in_time(table, TABLES[name], end) if name in TABLES else table
    return known


def _in_time(table: pa.Table, contract: Table, end: pa.Scalar) -> pa.Table:
    if contract.event_time is not None:
        table = table.filter(pc.less(table[contract.event_time], end))
    later = {
        column.name: pc.fill_null(pc.greater_equal(table[column.name], end), False)
        for column in contract.columns
        if column.type == "time" and column.name in table.column_names
    }
    for column in contract.columns:
        unknown = later.get(column.known_with or column.name)
        if unknown is not None and column.name in table.column_names and pc.any(unknown).as_py():
            values = plain(table[column.name])
            emptied = pc.if_else(unknown, pa.scalar(None, values.type), values)
            place = table.column_names.index(column.name)
            table = table.set_column(place, column.name, emptied.cast(table[column.name].type))
    return table
