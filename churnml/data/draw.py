"""Drawing whole customers by a hash of their ids, which says the same on every engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import ibis
import ibis.expr.types as ir
import pandas as pd
from ibis.util import gen_name

from churnml.data.parts import let_go
from churnml.data.shop import Sample, Shop

_DIGITS = 12


def place_of(customer_id: ir.StringColumn, seed: int | None = None) -> ir.StringColumn:
    """Compute the place of a customer among all, as hexadecimal digits that depend on their id and a seed alone."""
    return _md5(customer_id if seed is None else ibis.literal(f"{seed} ") + customer_id)


def place_below(share: float) -> str:
    """Return the place (see ``place_of``) below which a share of all customers lies."""
    return f"{int(share * 16**_DIGITS):0{_DIGITS}x}"


@contextmanager
def draw(shop: Shop, share: float, seed: int) -> Iterator[Shop]:
    """Draw a share of the customers, each with all rows, and let them go afterwards.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are drawn.
    share : float
        Share of the customers to draw, above 0; from 1 on the shop itself is given.
    seed : int
        Seed of the draw; whether a customer is drawn depends on nothing else but their own id.

    Yields
    ------
    Shop
        The rows of these customers, stored on the engine where it stores tables. Its ``whole`` is the shop given.
    """
    if share >= 1:
        yield shop
        return
    below = place_below(share)

    def is_drawn(table: ir.Table) -> ir.Table:
        return table.filter(place_of(table.customer_id, seed) < below)

    with _keeping(shop, is_drawn, list(shop.tables)) as drawn:
        sample = dataclasses.replace(shop, tables=drawn, sample=Sample(shop, share, seed))
        try:
            yield sample
        finally:
            let_go(sample)


@contextmanager
def only(shop: Shop, customers: Sequence[str], tables: Sequence[str]) -> Iterator[Shop]:
    """Keep some customers alone, each with all rows of some tables, and let them go afterwards.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are kept.
    customers : sequence of str
        Ids of the customers.
    tables : sequence of str
        Names of the tables that are kept, as far as the shop has them; orders are always.

    Yields
    ------
    Shop
        The rows of these customers, where the engine can join with the ids; otherwise the shop itself.
    """
    ids = shop.engine.beside(pd.DataFrame({"customer_id": pd.Series(list(customers), dtype="str")}))
    if ids is None:
        yield shop
        return
    names = [name for name in shop.tables if name in tables or name == "orders"]
    with _keeping(shop, lambda table: table.semi_join(ids, "customer_id"), names) as kept:
        yield dataclasses.replace(shop, tables=kept)


@contextmanager
def _keeping(shop: Shop, choose: Callable[[ir.Table], ir.Table], names: Sequence[str]) -> Iterator[dict[str, ir.Table]]:
    mark = gen_name("drawn")
    drawn = {"orders": shop.engine.keep(f"{mark}_orders", choose(shop.tables["orders"]), stored=True)}
    try:
        for name in names:
            if name == "orders":
                continue
            table = shop.tables[name]
            kept = choose(table) if "customer_id" in table.columns else table.semi_join(drawn["orders"], "order_id")
            drawn[name] = shop.engine.keep(f"{mark}_{name}", kept, stored=True)
        yield drawn
    finally:
        for name in drawn:
            shop.engine.forget(f"{mark}_{name}")


@ibis.udf.scalar.builtin(name="md5")  # type: ignore[untyped-decorator]
def _md5(text: str) -> str:  # type: ignore[empty-body]
    """Hash a text, alike on every engine."""
