"""PrestaShop: its tables, as its SQL Manager or a database tool exports them.

Documented by PrestaShop as "SQL Manager"; the columns are those of its database. The list of orders in the back office
names no customer, so it is not enough. Amounts are with taxes.
"""

from __future__ import annotations

from ibis import _

from churnml.data.importers.platforms.declared import Derivation, Export, Platform, column, full_name, needed, where

ORDERS = Export(
    where="SQL Manager > Export of ps_orders",
    table="orders",
    key="order",
    customer="number",
    fields={
        "order": needed("id_order"),
        "number": needed("id_customer"),
        "currency": column("id_currency"),
        "state": needed("current_state", kind="code"),
        "total": needed("total_paid_tax_incl", "total_paid", kind="money"),
        "discount": column("total_discounts_tax_incl", "total_discounts", kind="money"),
        "created": needed("date_add", kind="time"),
        "changed": needed("date_upd", kind="time"),
    },
    # The states that every shop begins with: 6 is cancelled, 8 an error of payment.
    left_out={"orders whose payment failed": _.state == "8"},
)
ITEMS = Export(
    where="ps_order_detail",
    table="order_detail",
    key="order",
    fields={
        "order": needed("id_order"),
        "product": needed("product_id"),
        "quantity": needed("product_quantity", kind="number"),
        "price": needed("unit_price_tax_incl", kind="money"),
    },
)
SLIPS = Export(
    where="ps_order_slip",
    table="order_slip",
    key="slip",
    customer="number",
    fields={
        "slip": needed("id_order_slip"),
        "order": needed("id_order"),
        "number": needed("id_customer"),
        "products": needed("total_products_tax_incl", "amount", kind="money"),
        "shipping": column("total_shipping_tax_incl", kind="money"),
        "created": needed("date_add", kind="time"),
    },
)
CUSTOMERS = Export(
    where="ps_customer",
    table="customer",
    key="number",
    email="email",
    customer="number",
    fields={
        "number": needed("id_customer"),
        "email": needed("email", kind="email"),
        "newsletter": column("newsletter", kind="flag"),
        "created": needed("date_add", kind="time"),
        "first": needed("firstname"),
        "last": column("lastname"),
    },
)
PLATFORM = Platform(
    title="PrestaShop",
    exports={"orders": ORDERS, "items": ITEMS, "slips": SLIPS, "customers": CUSTOMERS},
    needs=("orders",),
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
                "currency": "currency",
                "cancelled_at": where(_.state == "6", _.changed),
            },
        ),
        Derivation(
            table="order_items",
            export="items",
            columns={"order_id": "order", "product_id": "product", "quantity": "quantity", "unit_price": "price"},
            reduced={"quantity": "sum"},
        ),
        Derivation(
            table="returns",
            export="slips",
            columns={
                "return_id": "slip",
                "customer_id": "customer",
                "returned_at": "created",
                "amount": _.products + _.shipping.fill_null(0),
                "order_id": "order",
            },
        ),
        Derivation(
            table="customers",
            export="customers",
            columns={"customer_id": "customer", "signed_up_at": "created", "contactable": "newsletter"},
            reduced={"signed_up_at": "min", "contactable": "max"},
            carried={"email": "email", "name": full_name(_["first"], _["last"])},
        ),
    ),
)
