"""WooCommerce: the order exports of its extensions, and its own tables of orders as files.

Documented by "Customer/Order/Coupon Export" (WooCommerce), by "Advanced Order Export for WooCommerce" (WordPress.org)
and by WooCommerce's "High-Performance Order Storage". Only the tables say when an order was cancelled or paid back.
"""

from __future__ import annotations

import ibis
from ibis import _

from churnml.data.importers.platforms.declared import (
    Derivation,
    Export,
    Platform,
    column,
    full_name,
    needed,
    per_piece,
    where,
)

_NEVER_PAID = [f"{prefix}{status}" for prefix in ("", "wc") for status in ("failed", "checkoutdraft", "draft", "trash")]
_CANCELLED = ["cancelled", "wccancelled"]

ORDERS = Export(
    where="an order export extension's CSV, a row per item",
    key="order",
    email="email",
    phone="phone",
    customer="user",
    fields={
        "order": needed("order_id", "Order ID", "Order Number"),
        "created": needed("Order Date", "date", "date_created", kind="time"),
        "status": needed("Order Status", "status", kind="code"),
        "total": needed("Order Total Amount", "order_total", "Order Total", kind="money"),
        "discount": column("Cart Discount Amount", "discount_total", kind="money"),
        "refunded": column("Order Refund Amount", "refunded_total", "Refunded Total", kind="money"),
        "currency": column("Order Currency", "order_currency", "currency"),
        "code": column("Coupon Code", "coupon_code", "coupons"),
        "email": column("Email (Billing)", "billing_email", "Billing Email", kind="email"),
        "phone": column("Phone (Billing)", "billing_phone", "Billing Phone", kind="phone"),
        "user": column("customer_id", "Customer User ID", "customer_user", "Customer ID"),
        "sku": column("SKU", "item_sku", "Product SKU"),
        "product": column("item_product_id", "Product ID", "item_id", "Item Name", "item_name", "Product Name"),
        "quantity": column("Quantity (- Refund)", "Quantity", "item_quantity", kind="number"),
        "price": column("Item Cost", "item_price", "Product Current Price", kind="money"),
        "line": column("item_total", "Order Line Total", kind="money"),
        "first": column("First Name (Billing)", "billing_first_name"),
        "last": column("Last Name (Billing)", "billing_last_name"),
        "city": column("City (Billing)", "billing_city"),
        "zip": column("Postcode (Billing)", "billing_postcode"),
        "country": column("Country Code (Billing)", "billing_country"),
    },
    left_out={
        "lines of orders that were not paid": _.status.isin(_NEVER_PAID),
        "lines of cancelled orders, as no time says when": _.status.isin(_CANCELLED),
    },
    noted={"Lines of orders with refunded money, which the export gives without a date": (_.refunded > 0, _.refunded)},
)
STORED = Export(
    where="table wc_orders",
    table="wc_orders",
    key="order",
    email="email",
    customer="user",
    is_utc=True,
    fields={
        "order": needed("id"),
        "status": needed("status", kind="code"),
        "type": needed("type", kind="code"),
        "currency": column("currency"),
        "total": needed("total_amount", kind="money"),
        "user": column("customer_id"),
        "email": column("billing_email", kind="email"),
        "created": needed("date_created_gmt", kind="time"),
        "changed": needed("date_updated_gmt", kind="time"),
        "parent": needed("parent_order_id"),
    },
    left_out={
        "orders that were not paid": _.status.isin(_NEVER_PAID),
        "rows that are neither orders nor refunds": ~_.type.isin(["shoporder", "shoporderrefund"]),
    },
)
ITEMS = Export(
    where="table wc_order_product_lookup",
    table="wc_order_product_lookup",
    key="order",
    fields={
        "order": needed("order_id"),
        "product": needed("product_id"),
        "quantity": needed("product_qty", kind="number"),
        "line": needed("product_gross_revenue", kind="money"),
    },
    left_out={"lines of refunds": _.quantity <= 0},
)
CUSTOMERS = Export(
    where="table wc_customer_lookup",
    table="wc_customer_lookup",
    key="email",
    email="email",
    customer="user",
    is_utc=True,
    fields={
        "email": needed("email", kind="email"),
        "user": needed("user_id"),
        "registered": needed("date_registered", kind="time"),
        "first": column("first_name"),
        "last": column("last_name"),
        "city": column("city"),
        "zip": column("postcode"),
        "country": column("country"),
    },
)
_PERSONAL = {"name": full_name(_["first"], _["last"]), "city": "city", "zip": "zip", "country": "country"}
PLATFORM = Platform(
    title="WooCommerce",
    exports={"orders": ORDERS, "wc_orders": STORED, "items": ITEMS, "customers": CUSTOMERS},
    needs=("orders", "wc_orders"),
    derivations=(
        Derivation(
            table="orders",
            export="orders",
            columns={
                "order_id": "order",
                "customer_id": "customer",
                "ordered_at": "created",
                "amount": "total",
                "discount": "discount",
                "discount_code": "code",
                "currency": "currency",
            },
        ),
        Derivation(
            table="orders",
            export="wc_orders",
            columns={
                "order_id": where(_.type == "shoporder", _.order),
                "customer_id": "customer",
                "ordered_at": "created",
                "amount": "total",
                "currency": "currency",
                "cancelled_at": where(_.status.isin(_CANCELLED), _.changed),
            },
        ),
        Derivation(
            table="order_items",
            export="orders",
            columns={
                "order_id": "order",
                "product_id": ibis.coalesce(_.sku, _["product"]),
                "quantity": "quantity",
                "unit_price": ibis.coalesce(_.price, per_piece(_.line, _.quantity)),
            },
            reduced={"quantity": "sum"},
            needs=("quantity",),
        ),
        Derivation(
            table="order_items",
            export="items",
            columns={
                "order_id": "order",
                "product_id": "product",
                "quantity": "quantity",
                "unit_price": per_piece(_.line, _.quantity),
            },
            reduced={"quantity": "sum"},
        ),
        Derivation(
            table="returns",
            export="wc_orders",
            columns={
                "return_id": where(_.type == "shoporderrefund", _.order),
                "customer_id": "customer",
                "returned_at": "created",
                "amount": _.total.abs(),
                "order_id": "parent",
            },
        ),
        Derivation(
            table="customers",
            export="customers",
            columns={"customer_id": "customer", "signed_up_at": "registered"},
            reduced={"signed_up_at": "min"},
            carried={"email": "email", **_PERSONAL},
        ),
        Derivation(
            table="customers",
            export="orders",
            columns={"customer_id": "customer"},
            newest="created",
            carried={"email": "email", "phone": "phone", **_PERSONAL},
        ),
        Derivation(
            table="customers",
            export="wc_orders",
            columns={"customer_id": "customer"},
            newest="created",
            carried={"email": "email"},
        ),
    ),
)
