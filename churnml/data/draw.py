"""Drawing whole customers by a hash of their ids, which says the same on every engine."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import ibis
import ibis.expr.types as ir
from ibis.util import gen_name

from churnml.data.shop import Sample, Shop

_DIGITS = 12


def place_of(customer_id: ir.StringColumn, seed: int | None = None) -> ir.StringColumn:
    """Compute the place of a customer among all, as hexadecimal digits that depend on their id and a seed alone."""
    return _md5(customer_id if seed is None else ibis.literal(f"{seed} ") + customer_id)


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
    below = f"{int(share * 16**_DIGITS):0{_DIGITS}x}"
    orders = shop.tables["orders"]
    kept = orders.filter(place_of(orders.customer_id, seed) < below)
    mark = gen_name("drawn")
    drawn = {"orders": shop.engine.keep(f"{mark}_orders", kept, stored=True)}
    for name, table in shop.tables.items():
        if name == "orders":
            continue
        if "customer_id" in table.columns:
            kept = table.filter(place_of(table.customer_id, seed) < below)
        else:
            kept = table.semi_join(drawn["orders"], "order_id")
        drawn[name] = shop.engine.keep(f"{mark}_{name}", kept, stored=True)
    try:
        yield dataclasses.replace(shop, tables=drawn, sample=Sample(shop, share, seed))
    finally:
        for name in drawn:
            shop.engine.forget(f"{mark}_{name}")


@ibis.udf.scalar.builtin(name="md5")  # type: ignore[untyped-decorator]
def _md5(text: str) -> str:  # type: ignore[empty-body]
    """Hash a text, alike on every engine."""
