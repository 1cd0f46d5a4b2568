"""Basket: what the customer buys, and how much at once."""

from __future__ import annotations

import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import Aggregate, Derived, Family, Source, count, distinct, largest, mean, total

_EXACT = "decimal(18,4)"


def _items(history: History) -> ir.Table:
    table = history.table("order_items")
    table = table.filter(~table.order_cancelled)
    return table.mutate(quantity=table.quantity.cast(_EXACT))


def _products(history: History) -> ir.Table:
    items = _items(history)
    return items.group_by("customer_id", "product_id").aggregate(
        ordered_at=items.ordered_at.max(), orders=items.order_id.nunique()
    )


ITEMS = Source("order_items", table="order_items", event_time="ordered_at", rows=_items)
"""Lines of orders that are not cancelled."""

PRODUCTS = Source("products", table="order_items", event_time="ordered_at", rows=_products)
"""One row per customer and product: when it was last ordered, and on how many orders."""

FAMILY = Family(
    name="basket",
    concept="range",
    actionable=False,
    features=(
        *(
            Aggregate(
                name=f"items_{days}d",
                unit="items",
                describe=f"Items ordered in the {days} days before the snapshot, by quantity",
                source=ITEMS,
                reduce=total("quantity"),
                window_days=days,
                fill=0,
                tells="low",
            )
            for days in (90, 365)
        ),
        Aggregate(
            name="products_365d",
            unit="products",
            describe="Different products ordered in the 365 days before the snapshot",
            source=ITEMS,
            reduce=distinct("product_id"),
            window_days=365,
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="categories_365d",
            unit="categories",
            describe="Different categories ordered from in the 365 days before the snapshot",
            source=ITEMS,
            reduce=distinct("category"),
            needs=("category",),
            window_days=365,
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="orders_with_items_365d",
            unit="orders",
            describe="Orders of the last 365 days whose lines are known",
            source=ITEMS,
            reduce=distinct("order_id"),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="unit_price_mean_365d",
            unit="money",
            describe="Mean price of the lines ordered in the 365 days before the snapshot; null without one",
            source=ITEMS,
            reduce=mean("unit_price"),
            window_days=365,
            tells="low",
        ),
        Aggregate(
            name="quantity_max_365d",
            unit="items",
            describe="Largest quantity of a line in the 365 days before the snapshot; null without one",
            source=ITEMS,
            reduce=largest("quantity"),
            window_days=365,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="products_total",
            unit="products",
            describe="Different products ordered since the start of the data",
            source=PRODUCTS,
            reduce=count(),
            fill=0,
            tells="low",
        ),
        Aggregate(
            name="products_repeated",
            unit="products",
            describe="Different products that were on more than one order",
            source=PRODUCTS,
            reduce=count(),
            only=lambda product: product.orders > 1,
            fill=0,
            tells="low",
        ),
        Derived(
            name="products_repeated_share",
            unit="share",
            describe="Share of the customer's products that were on more than one order; null without a product",
            inputs=("products_repeated", "products_total"),
            compute=lambda repeated, all_: repeated / all_,
            tells="low",
        ),
        Derived(
            name="items_per_order_365d",
            unit="ratio",
            describe="Items over the orders of the last 365 days whose lines are known",
            inputs=("items_365d", "orders_with_items_365d"),
            compute=lambda items, orders: items / orders,
            tells="low",
        ),
    ),
)
