"""Trendyol: the order report of its seller panel (Siparişler > Excel ile indir)."""

from __future__ import annotations

from ibis import _

from churnml.data.importers.platforms.declared import column, needed, or_zero
from churnml.data.importers.platforms.marketplaces import marketplace

PLATFORM = marketplace(
    "Trendyol",
    where="Sipariş İşlemleri > Excel",
    fields={
        "order": needed("Sipariş Numarası"),
        "created": needed("Sipariş Tarihi", kind="time"),
        "status": needed("Sipariş Statüsü", kind="code"),
        "product": needed("Stok Kodu", "Barkod"),
        "quantity": needed("Adet", kind="number"),
        "price": needed("Birim Fiyatı", kind="money"),
        "billed": needed("Faturalanacak Tutar", kind="money"),
        "off": column("İndirim Tutarı", kind="money"),
        "platform_off": column("Trendyol İndirim Tutarı", kind="money"),
    },
    amount=_.billed,
    unit_price=_.price,
    discount=or_zero(_.off) + or_zero(_.platform_off),
)
