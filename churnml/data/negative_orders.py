"""Orders with an amount below 0: what was given back, as rows of ``returns``."""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir

from churnml.data.checks.counts import counts_of
from churnml.data.contract import ORDER_ITEMS, ORDERS
from churnml.data.door import as_type


def without_returns(raw: Mapping[str, ir.Table]) -> tuple[dict[str, ir.Table], list[str], list[str]]:
    """Make rows of ``returns`` of the orders with an amount below 0, and leave out their lines.

    Parameters
    ----------
    raw : mapping of str to Ibis table
        Raw tables by their names in the contract.

    Returns
    -------
    tables : dict of str to Ibis table
        Tables, with ``returns`` where any order is one.
    failures, notes : list of str
        A sentence where the source has returns of its own; and how many orders became rows of returns.
    """
    orders = raw["orders"]
    if not set(ORDERS.required) <= set(orders.columns):
        return dict(raw), [], []
    if "returns" in raw:
        said = (
            "orders: tables.orders.negative says returns, but the source has a table of these. Leave out one of them."
        )
        return dict(raw), [said], []
    amount = as_type(orders, ORDERS.column["amount"])
    is_back = (amount < 0).fill_null(False)
    counts = counts_of(orders.aggregate(rows=orders.count(), back=is_back.sum()))
    if not counts["back"]:
        return dict(raw), [], []
    back = orders.filter(is_back)
    tables = {
        **raw,
        "orders": orders.filter(~is_back),
        "returns": back.select(
            return_id=back.order_id,
            customer_id=back.customer_id,
            returned_at=back.ordered_at,
            amount=-as_type(back, ORDERS.column["amount"]),
        ),
    }
    if "order_id" in (raw["order_items"].columns if "order_items" in raw else ()):
        ids = back.select(id=as_type(back, ORDERS.column["order_id"])).distinct()
        items = raw["order_items"]
        tables["order_items"] = items.filter(~as_type(items, ORDER_ITEMS.column["order_id"]).isin(ids.id))
    counted = f"{counts['back']:,} of {counts['rows']:,} orders"
    return tables, [], [f"orders: {counted} have an amount below 0 and are rows of returns."]
