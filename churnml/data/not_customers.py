"""Ids that a shop says are no customers, such as the one under which all guests order: their rows have no customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from churnml.data.contract import TABLES
from churnml.data.door import as_type


def without(raw: Mapping[str, ir.Table], ids: Sequence[str]) -> dict[str, ir.Table]:
    """Empty the customer of the rows that have one of these ids; rows about a customer stay for ``forgotten``."""
    return {
        name: table.mutate(
            customer_id=ibis.ifelse(_is_one(table, name, ids), ibis.null(table.customer_id.type()), table.customer_id)
        )
        if ids and name != "customers" and "customer_id" in table.columns
        else table
        for name, table in raw.items()
    }


def forgotten(customers: ir.Table, ids: Sequence[str]) -> ir.Table:
    """Leave out the rows of ``customers`` that have one of these ids."""
    if not ids or "customer_id" not in customers.columns:
        return customers
    return customers.filter(~_is_one(customers, "customers", ids))


def count_rows_of(raw: Mapping[str, ir.Table], ids: Sequence[str]) -> list[str]:
    """Say how many rows of each table have one of these ids, and which id has no order."""
    notes = []
    for name, table in raw.items():
        if not ids or "customer_id" not in table.columns:
            continue
        found = table.select(id=as_type(table, TABLES[name].column["customer_id"]))
        counts = found.filter(found.id.isin(ids)).group_by("id").aggregate(rows=lambda rows: rows.count()).to_pandas()
        listed = dict(sorted(zip(counts["id"], counts["rows"], strict=True)))
        if listed:
            named = ", ".join(listed)
            notes.append(f"{name}: {sum(listed.values()):,} rows of {named}, named by not_customers, are left out.")
        if name == "orders" and (absent := sorted(set(ids) - set(listed))):
            notes.append(f"orders: {', '.join(absent)}: named by not_customers, but without an order.")
    return notes


def _is_one(table: ir.Table, name: str, ids: Sequence[str]) -> ir.BooleanValue:
    return as_type(table, TABLES[name].column["customer_id"]).isin(ids).fill_null(False)
