"""Amazon: the order reports of Seller Central.

Documented by Amazon as "Order Reports" and "Amazon Fulfilled Shipments Report": a line per item, separated by tabs,
with the offset of each time. The report of all orders names no buyer, so it is not enough. Amounts are without the tax
that the report names apart; in Europe prices hold theirs.
"""

from __future__ import annotations

from ibis import _

from churnml.data.importers.platforms.declared import Derivation, Export, Platform, column, needed, or_zero, per_piece

ORDERS = Export(
    where="Orders > Order Reports, or Fulfilled Shipments, with buyer-email",
    key="order",
    email="email",
    phone="phone",
    fields={
        "order": needed("order-id", "amazon-order-id"),
        "created": needed("purchase-date", kind="time"),
        "shipped": column("shipment-date", kind="time"),
        "promised": column("estimated-arrival-date", kind="time"),
        "email": needed("buyer-email", kind="email"),
        "phone": column("buyer-phone-number", kind="phone"),
        "name": column("buyer-name", "recipient-name"),
        "city": column("ship-city"),
        "zip": column("ship-postal-code"),
        "country": column("ship-country"),
        "sku": needed("sku"),
        "quantity": needed("quantity-purchased", "quantity-shipped", "quantity", kind="number"),
        "currency": column("currency"),
        "price": needed("item-price", kind="money"),
        "shipping": column("shipping-price", kind="money"),
        "wrap": column("gift-wrap-price", kind="money"),
        "item_off": column("item-promotion-discount", kind="money"),
        "shipping_off": column("ship-promotion-discount", kind="money"),
        "status": column("order-status", "item-status", kind="code"),
        "channel": column("sales-channel"),
    },
    left_out={"lines of cancelled orders, as no time says when": _.status.isin(["cancelled", "canceled"])},
)
# Some reports give what was taken off as a negative number.
_OFF = or_zero(_.item_off).abs() + or_zero(_.shipping_off).abs()
PLATFORM = Platform(
    title="Amazon",
    exports={"orders": ORDERS},
    needs=("orders",),
    derivations=(
        Derivation(
            table="orders",
            export="orders",
            columns={
                "order_id": "order",
                "customer_id": "customer",
                "ordered_at": "created",
                "amount": _.price + or_zero(_.shipping) + or_zero(_.wrap) - _OFF,
                "discount": _OFF,
                "channel": "channel",
                "currency": "currency",
            },
            reduced={"amount": "sum", "discount": "sum"},
        ),
        Derivation(
            table="order_items",
            export="orders",
            columns={
                "order_id": "order",
                "product_id": "sku",
                "quantity": "quantity",
                "unit_price": per_piece(_.price, _.quantity),
            },
            reduced={"quantity": "sum"},
        ),
        Derivation(
            table="deliveries",
            export="orders",
            columns={"order_id": "order", "promised_at": "promised", "shipped_at": "shipped"},
            reduced={"promised_at": "max", "shipped_at": "max"},
            needs=("promised",),
        ),
        Derivation(
            table="customers",
            export="orders",
            columns={"customer_id": "customer"},
            newest="created",
            carried={
                "email": "email",
                "phone": "phone",
                "name": "name",
                "city": "city",
                "zip": "zip",
                "country": "country",
            },
        ),
    ),
)
