"""Shopify: the exports of orders and customers.

Documented by Shopify as "Exporting orders to a CSV file" and "Exporting customer lists". An order has a line for each
of its products; what belongs to the order stands in the first of them alone.
"""

from __future__ import annotations

import ibis
from ibis import _

from churnml.data.importers.platforms.declared import Derivation, Export, Platform, column, full_name, needed

ORDERS = Export(
    where="Orders > Export (CSV)",
    key="name",
    email="email",
    phone="phone",
    filled=("email", "phone", "paid", "cancelled", "_person"),
    fields={
        "name": needed("Name"),
        "email": column("Email", kind="email"),
        "phone": column("Phone", "Billing Phone", "Shipping Phone", kind="phone"),
        "paid": column("Financial Status", kind="code"),
        "created": needed("Created at", kind="time"),
        "cancelled": column("Cancelled at", kind="time"),
        "accepts": column("Accepts Marketing", kind="flag"),
        "currency": column("Currency"),
        "total": needed("Total", kind="money"),
        "discount": column("Discount Amount", kind="money"),
        "code": column("Discount Code"),
        "refunded": column("Refunded Amount", kind="money"),
        "channel": column("Source"),
        "quantity": needed("Lineitem quantity", kind="number"),
        "product": needed("Lineitem name"),
        "sku": column("Lineitem sku"),
        "price": needed("Lineitem price", kind="money"),
        "billed": column("Billing Name"),
        "city": column("Billing City", "Shipping City"),
        "zip": column("Billing Zip", "Shipping Zip"),
        "country": column("Billing Country", "Shipping Country"),
    },
    left_out={
        "lines of orders whose payment was voided or has expired": _.paid.isin(["voided", "expired"])
        & _.cancelled.isnull()
    },
    noted={
        "Orders with refunded money, which the export gives without a date, so that there are no returns": (
            _.refunded > 0,
            _.refunded,
        )
    },
)
CUSTOMERS = Export(
    where="Customers > Export (CSV)",
    key="email",
    email="email",
    phone="phone",
    fields={
        "email": needed("Email", kind="email"),
        "phone": column("Phone", "Default Address Phone", kind="phone"),
        "accepts": needed("Accepts Email Marketing", "Accepts Marketing", kind="flag"),
        "orders": needed("Total Orders", kind="number"),
        "first": column("First Name"),
        "last": column("Last Name"),
        "city": column("Default Address City", "City"),
        "zip": column("Default Address Zip", "Zip"),
        "country": column("Default Address Country Code", "Country Code", "Country"),
    },
)
PLATFORM = Platform(
    title="Shopify",
    exports={"orders": ORDERS, "customers": CUSTOMERS},
    needs=("orders",),
    derivations=(
        Derivation(
            table="orders",
            export="orders",
            columns={
                "order_id": "name",
                "customer_id": "customer",
                "ordered_at": "created",
                "amount": "total",
                "discount": "discount",
                "discount_code": "code",
                "channel": "channel",
                "currency": "currency",
                "cancelled_at": "cancelled",
            },
        ),
        Derivation(
            table="order_items",
            export="orders",
            columns={
                "order_id": "name",
                "product_id": ibis.coalesce(_["sku"], _["product"]),
                "quantity": "quantity",
                "unit_price": "price",
            },
            reduced={"quantity": "sum"},
        ),
        Derivation(
            table="customers",
            export="customers",
            columns={"customer_id": "customer", "contactable": "accepts"},
            carried={
                "email": "email",
                "phone": "phone",
                "name": full_name(_["first"], _["last"]),
                "city": "city",
                "zip": "zip",
                "country": "country",
            },
        ),
        Derivation(
            table="customers",
            export="orders",
            columns={"customer_id": "customer", "contactable": "accepts"},
            newest="created",
            carried={
                "email": "email",
                "phone": "phone",
                "name": "billed",
                "city": "city",
                "zip": "zip",
                "country": "country",
            },
        ),
    ),
)
