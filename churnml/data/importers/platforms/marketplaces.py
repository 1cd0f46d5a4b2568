"""Turkish marketplaces: what their order reports have in common.

Their reports have a line per product, decimal commas, the day first, and are Excel files or text in cp1254. A status
says how a line ended and not when: cancelled lines are left out, and returned ones are counted.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis
from ibis import _

from churnml.data.importers.platforms.declared import Derivation, Export, Field, Platform, Value, column

_CANCELLED = ["iptal", "iptaledildi", "siparisiptal", "iptaledilen", "tedarikedilemedi", "tedariksureciiptali"]
_RETURNED = ["iade", "iadeedildi", "iadeedilen", "teslimedilemedi"]
PERSONAL: Mapping[str, Field] = {
    "email": column("E-Posta", "Alıcı Mail Adresi", "Müşteri E-posta", "Alıcı E-posta", "E-mail", kind="email"),
    "phone": column("Telefon", "Alıcı Telefon", "Cep Telefonu", "Müşteri Telefon", kind="phone"),
    "number": column("Müşteri No", "Müşteri Numarası", "Müşteri ID", "Alıcı No"),
    "name": column("Alıcı", "Müşteri Adı", "Alıcı Adı", "Müşteri"),
    "city": column("İl", "Şehir", "Teslimat İli"),
    "country": column("Ülke"),
}


def marketplace(
    title: str, where: str, fields: Mapping[str, Field], amount: Value, unit_price: Value, discount: Value
) -> Platform:
    """Declare a marketplace by the columns of its order report.

    Parameters
    ----------
    title : str
        Name of the marketplace.
    where : str
        Place where the report is exported.
    fields : mapping of str to Field
        Columns of the report beside those that name the customer: order, created, status, product, quantity and money.
    amount, unit_price, discount : expression
        What was paid for a line, what one piece costs, and what was taken off a line.
    """
    report = Export(
        where=where,
        key="order",
        email="email",
        phone="phone",
        customer="number",
        decimal=",",
        day_first=True,
        encoding="cp1254",
        fields={**PERSONAL, "category": column("Kategori", "Ürün Kategorisi"), **fields},
        left_out={"cancelled lines, as no time says when": _.status.isin(_CANCELLED)},
        noted={"Lines that came back, which the report gives without a date": (_.status.isin(_RETURNED), amount)},
    )
    return Platform(
        title=title,
        exports={"orders": report},
        needs=("orders",),
        derivations=(
            Derivation(
                table="orders",
                export="orders",
                columns={
                    "order_id": "order",
                    "customer_id": "customer",
                    "ordered_at": "created",
                    "amount": amount,
                    "discount": discount,
                    "channel": ibis.literal(title),
                    "currency": ibis.literal("TRY"),
                },
                reduced={"amount": "sum", "discount": "sum"},
            ),
            Derivation(
                table="order_items",
                export="orders",
                columns={
                    "order_id": "order",
                    "product_id": "product",
                    "quantity": "quantity",
                    "unit_price": unit_price,
                    "category": "category",
                },
                reduced={"quantity": "sum"},
            ),
            Derivation(
                table="customers",
                export="orders",
                columns={"customer_id": "customer"},
                newest="created",
                carried={name: name for name in ("email", "phone", "name", "city", "country")},
            ),
        ),
    )
