"""Parts of a large shop: ranges of customers that are small enough to be computed in bounded memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

import ibis.expr.types as ir
from ibis.util import gen_name

from churnml.data.shop import Shop

_DRAWN = 20_000
_MANY_PARTS = 10
"""Beyond so many parts it takes longer to look for the rows of each than to sort all rows once."""
_STORED = "stored by customer"


def parts_of(shop: Shop, names: Collection[str], *, often: bool = False) -> list[Shop]:
    """Split a shop into parts by customer, in the order of their ids.

    Parameters
    ----------
    shop : Shop
        Shop to part.
    names : collection of str
        Names of the tables that are read of the parts, beside the orders.
    often : bool, optional
        Whether they are read for many days, so that it pays to sort the rows by customer once.

    Returns
    -------
    list of Shop
        Shops of customers apart, each with about so many orders as the engine can hold; one shop where that is enough.
        Where the borders lie depends on a draw, what the parts hold together does not. The rows of many parts, and of
        what is read often, are stored sorted by customer, until the shop goes or `let_go` is called.
    """
    most = shop.engine.orders_at_once
    if most is None:
        return [shop]
    count = int(shop.tables["orders"].count().to_pandas())
    borders = _borders(shop, count, most) if count > most else []
    sorts = often or len(borders) >= _MANY_PARTS
    if not borders and not sorts:
        return [shop]
    stored = _by_customer(shop, {"orders", *names} & set(shop.tables)) if sorts else {}
    return [_between(shop, stored, low, high) for low, high in zip([None, *borders], [*borders, None], strict=True)]


def let_go(shop: Shop) -> None:
    """Drop what was stored of a shop for its parts, which are of no use any more."""
    for name in shop.answers.pop(_STORED, {}).values():
        shop.engine.forget(name)


def _borders(shop: Shop, count: int, most: int) -> list[str]:
    orders = shop.tables["orders"]
    drawn = (
        orders.select("customer_id").sample(min(1.0, _DRAWN / count)).order_by("customer_id").to_pandas().customer_id
    )
    number = -(-count // most)
    return sorted({str(drawn[len(drawn) * part // number]) for part in range(1, number)}) if len(drawn) else []


def _by_customer(shop: Shop, names: Collection[str]) -> dict[str, ir.Table]:
    """Store tables sorted by customer, each once; rows that begin with their order carry its customer beside."""
    stored: dict[str, str] = shop.answers.setdefault(_STORED, {})
    owners = shop.tables["orders"].select("order_id", "customer_id")
    for name in sorted(set(names) - set(stored)):
        table = shop.tables[name]
        owned = table if "customer_id" in table.columns else table.inner_join(owners, "order_id")
        mark = gen_name("by_customer")
        shop.engine.keep(mark, owned.order_by("customer_id"), stored=True)
        stored[name] = mark
    return {name: shop.engine.backend.table(stored[name]) for name in names}


def _between(shop: Shop, stored: dict[str, ir.Table], low: str | None, high: str | None) -> Shop:
    def chosen(name: str) -> ir.Table:
        table = stored.get(name, shop.tables[name])
        if "customer_id" not in table.columns:
            return table  # it begins with its order
        if low is not None:
            table = table.filter(table.customer_id >= low)
        if high is not None:
            table = table.filter(table.customer_id < high)
        return table.select(shop.tables[name].columns) if name in stored else table

    return dataclasses.replace(shop, tables={name: chosen(name) for name in shop.tables})
