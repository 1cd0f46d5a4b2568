"""Customers who are not one: ids written in several ways, and ids with too many orders to be one customer's."""

from __future__ import annotations

import json
from collections.abc import Collection

import ibis.expr.types as ir

from churnml.data.checks.alike import alike_within, said_alike
from churnml.data.checks.counts import count_of
from churnml.data.checks.report import EXAMPLES, short
from churnml.data.contract import ORDERS
from churnml.data.door import through_the_door

# The customer with the most orders has 1.1 % of them in Online Retail II, 0.3 % in CDNOW, less in Olist and DataCo. In
# a shop of a few hundred orders a customer may have more, but hardly so many.
_SHARE = 0.02
_ORDERS = 20


def check_customers(orders: ir.Table, plain: Collection[str]) -> list[str]:
    """Name ids of customers that look like those of others, and ids that look like those of many."""
    ids = orders.select(id=through_the_door(orders, ORDERS.column["customer_id"], plain)).drop_null("id")
    counted = ids.group_by("id").aggregate(orders=ids.count())
    return [*_in_several_ways(counted.select("id")), *_of_many(counted)]


def _in_several_ways(ids: ir.Table) -> list[str]:
    pairs = alike_within(ids)
    if pairs.empty:
        return []
    return [
        f"orders.customer_id: ids are the same as another, {said_alike(pairs)}, and count as different customers. "
        "Write them alike if they are one."
    ]


def _of_many(counted: ir.Table) -> list[str]:
    most = counted.order_by(counted.orders.desc(), counted.id).limit(EXAMPLES).to_pandas()
    most = most[most["orders"] >= _ORDERS]
    total = count_of(counted.orders.sum()) if len(most) else 0
    many = most[most["orders"] >= _SHARE * total]
    return [
        f"orders.customer_id: {short(id_)} has {count:,} of {total:,} orders ({count / total:.0%}). If it stands for "
        f"guests, leave them out by tables.orders.not_customers: [{json.dumps(id_, ensure_ascii=False)}] in the config."
        for id_, count in zip(many["id"], many["orders"], strict=True)
    ]
