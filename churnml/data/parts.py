"""Parts of a large shop: ranges of customers that are small enough to be computed in bounded memory."""

from __future__ import annotations

import dataclasses

import ibis.expr.types as ir

from churnml.data.shop import Shop

_DRAWN = 20_000


def parts_of(shop: Shop) -> list[Shop]:
    """Split a shop into parts by customer, in the order of their ids.

    Parameters
    ----------
    shop : Shop
        Shop to part.

    Returns
    -------
    list of Shop
        Shops of customers apart, each with about so many orders as the engine can hold; the shop itself where that is
        enough. Where the borders lie depends on a draw, what the parts hold together does not.
    """
    most = shop.engine.orders_at_once
    orders = shop.tables["orders"]
    count = int(orders.count().to_pandas())
    if most is None or count <= most:
        return [shop]
    drawn = (
        orders.select("customer_id").sample(min(1.0, _DRAWN / count)).order_by("customer_id").to_pandas().customer_id
    )
    number = -(-count // most)
    borders = sorted({str(drawn[len(drawn) * part // number]) for part in range(1, number)}) if len(drawn) else []
    return [_between(shop, low, high) for low, high in zip([None, *borders], [*borders, None], strict=True)]


def _between(shop: Shop, low: str | None, high: str | None) -> Shop:
    def chosen(table: ir.Table) -> ir.Table:
        if "customer_id" not in table.columns:
            return table  # it begins with its order
        if low is not None:
            table = table.filter(table.customer_id >= low)
        return table if high is None else table.filter(table.customer_id < high)

    return dataclasses.replace(shop, tables={name: chosen(table) for name, table in shop.tables.items()})
