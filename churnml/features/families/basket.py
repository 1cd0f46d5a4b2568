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
                en=f"{{value}} in the last {days} days",
                tr=f"Son {days} günde {{value}} aldı",
                tr_zero=f"Son {days} günde {{value}} almadı",
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
            en="{value} in the last 365 days",
            tr="Son 365 günde {value} aldı",
            tr_zero="Son 365 günde {value} almadı",
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
            en="{value} in the last 365 days",
            tr="Son 365 günde {value} denedi",
            tr_zero="Son 365 günde {value} denemedi",
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
            en="{value} with known lines in the last 365 days",
            tr="Son 365 günde satırları bilinen {value} verdi",
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
            en="Products ordered in the last 365 days cost {value} on average",
            tr="Son 365 günde aldığı ürünlerin ortalama fiyatı {value}",
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
            en="Ordered up to {value} of one product in the last 365 days",
            tr="Son 365 günde bir üründen en çok {value} aldı",
            tells="low",
        ),
        Aggregate(
            name="products_total",
            unit="products",
            describe="Different products ordered since the start of the data",
            source=PRODUCTS,
            reduce=count(),
            fill=0,
            en="{value} so far",
            tr="Bugüne kadar {value} aldı",
            tr_zero="Bugüne kadar {value} almadı",
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
            en="{value} ordered more than once",
            tr="Birden çok kez aldığı: {value}",
            tr_zero="Birden çok kez {value} almadı",
            tells="low",
        ),
        Derived(
            name="products_repeated_share",
            unit="share",
            describe="Share of her products that were on more than one order; null without a product",
            inputs=("products_repeated", "products_total"),
            compute=lambda repeated, all_: repeated / all_,
            en="Ordered {products_repeated:number} of {products_total} more than once",
            tr="{products_total} içinden {products_repeated:number} tanesini birden çok kez aldı",
            tr_zero="{products_total} içinden hiçbirini birden çok kez almadı",
            tells="low",
        ),
        Derived(
            name="items_per_order_365d",
            unit="ratio",
            describe="Items over the orders of the last 365 days whose lines are known",
            inputs=("items_365d", "orders_with_items_365d"),
            compute=lambda items, orders: items / orders,
            en="{items_365d} on {orders_with_items_365d} in the last 365 days",
            tr="Son 365 günde {orders_with_items_365d} ile {items_365d} aldı",
            tells="low",
        ),
    ),
)
