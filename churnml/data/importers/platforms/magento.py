"""Magento and Adobe Commerce: the grids of orders, credit memos and customers, and the tables behind them as files.

Documented by Adobe Commerce as "Orders workspace", "Credit memos" and "Export". A grid names no products; of the
tables, ``sales_order_item`` does. Amounts are those in the base currency.
"""

from __future__ import annotations

import ibis
from ibis import _

from churnml.data.importers.platforms.declared import Derivation, Export, Platform, column, full_name, needed, where

_UNPAID = ["pendingpayment", "paymentreview", "fraud"]
_CANCELLED = ["canceled", "cancelled"]

GRID = Export(
    where="Sales > Orders > Export (CSV)",
    key="order",
    email="email",
    fields={
        "order": needed("ID", "Order #"),
        "created": needed("Purchase Date", kind="time"),
        "total": needed("Grand Total (Base)", kind="money"),
        "status": needed("Status", kind="code"),
        "email": needed("Customer Email", kind="email"),
        "channel": column("Purchase Point"),
        "name": column("Customer Name", "Bill-to Name"),
    },
    left_out={
        "orders that were not paid": _.status.isin(_UNPAID),
        "cancelled orders, as no time says when": _.status.isin(_CANCELLED),
    },
)
MEMO_GRID = Export(
    where="Sales > Credit Memos > Export",
    key="memo",
    fields={
        "memo": needed("Credit Memo"),
        "created": needed("Created", kind="time"),
        "order": needed("Order"),
        "total": needed("Refunded", "Refunded (Base)", kind="money"),
    },
)
CUSTOMER_GRID = Export(
    where="Customers > All Customers > Export",
    key="number",
    email="email",
    phone="phone",
    customer="number",
    fields={
        "number": needed("ID"),
        "email": needed("Email", kind="email"),
        "phone": column("Phone", kind="phone"),
        "since": needed("Customer Since", kind="time"),
        "group": column("Group"),
        "name": column("Name"),
        "city": column("City"),
        "zip": column("ZIP"),
        "country": column("Country"),
    },
)
ORDERS = Export(
    where="table sales_order",
    table="sales_order",
    key="order",
    email="email",
    customer="number",
    is_utc=True,
    fields={
        "order": needed("entity_id"),
        "created": needed("created_at", kind="time"),
        "changed": needed("updated_at", kind="time"),
        "total": needed("base_grand_total", kind="money"),
        "discount": column("base_discount_amount", kind="money"),
        "code": column("coupon_code"),
        "status": needed("status", kind="code"),
        "currency": column("base_currency_code"),
        "channel": column("store_name"),
        "email": needed("customer_email", kind="email"),
        "number": column("customer_id"),
        "first": column("customer_firstname"),
        "last": column("customer_lastname"),
    },
    left_out={"orders that were not paid": _.status.isin(_UNPAID)},
)
ITEMS = Export(
    where="table sales_order_item",
    table="sales_order_item",
    key="order",
    fields={
        "order": needed("order_id"),
        "sku": needed("sku"),
        "quantity": needed("qty_ordered", kind="number"),
        "price": needed("base_price_incl_tax", "base_price", kind="money"),
        "parent": column("parent_item_id"),
    },
    left_out={"lines of the parts of a bundle or a variant, which its own line has": _.parent.notnull()},
)
MEMOS = Export(
    where="table sales_creditmemo",
    table="sales_creditmemo",
    key="memo",
    is_utc=True,
    fields={
        "memo": needed("entity_id"),
        "order": needed("order_id"),
        "created": needed("created_at", kind="time"),
        "total": needed("base_grand_total", kind="money"),
    },
)
CUSTOMERS = Export(
    where="table customer_entity",
    table="customer_entity",
    key="number",
    email="email",
    customer="number",
    is_utc=True,
    fields={
        "number": needed("entity_id"),
        "email": needed("email", kind="email"),
        "since": needed("created_at", kind="time"),
        "group": column("group_id"),
        "first": needed("firstname"),
        "last": column("lastname"),
    },
)
_RETURN = {"return_id": "memo", "returned_at": "created", "amount": "total", "order_id": "order"}
PLATFORM = Platform(
    title="Magento and Adobe Commerce",
    exports={
        "orders": GRID,
        "memos": MEMO_GRID,
        "customers": CUSTOMER_GRID,
        "sales_order": ORDERS,
        "sales_order_item": ITEMS,
        "sales_creditmemo": MEMOS,
        "customer_entity": CUSTOMERS,
    },
    needs=("orders", "sales_order"),
    derivations=(
        Derivation(
            table="orders",
            export="orders",
            columns={
                "order_id": "order",
                "customer_id": "customer",
                "ordered_at": "created",
                "amount": "total",
                "channel": "channel",
            },
        ),
        Derivation(
            table="orders",
            export="sales_order",
            columns={
                "order_id": "order",
                "customer_id": "customer",
                "ordered_at": "created",
                "amount": "total",
                "discount": _.discount.abs(),
                "discount_code": "code",
                "channel": "channel",
                "currency": "currency",
                "cancelled_at": where(_.status.isin(_CANCELLED), _.changed),
            },
        ),
        Derivation(
            table="order_items",
            export="sales_order_item",
            columns={"order_id": "order", "product_id": "sku", "quantity": "quantity", "unit_price": "price"},
            reduced={"quantity": "sum"},
        ),
        Derivation(table="returns", export="memos", columns={**_RETURN, "customer_id": ibis.null("string")}),
        Derivation(table="returns", export="sales_creditmemo", columns={**_RETURN, "customer_id": ibis.null("string")}),
        Derivation(
            table="customers",
            export="customers",
            columns={"customer_id": "customer", "signed_up_at": "since", "group": "group"},
            reduced={"signed_up_at": "min"},
            carried={
                "email": "email",
                "phone": "phone",
                "name": "name",
                "city": "city",
                "zip": "zip",
                "country": "country",
            },
        ),
        Derivation(
            table="customers",
            export="customer_entity",
            columns={"customer_id": "customer", "signed_up_at": "since", "group": "group"},
            reduced={"signed_up_at": "min"},
            carried={"email": "email", "name": full_name(_["first"], _["last"])},
        ),
        Derivation(
            table="customers",
            export="orders",
            columns={"customer_id": "customer"},
            newest="created",
            carried={"email": "email", "name": "name"},
        ),
        Derivation(
            table="customers",
            export="sales_order",
            columns={"customer_id": "customer"},
            newest="created",
            carried={"email": "email", "name": full_name(_["first"], _["last"])},
        ),
    ),
)
