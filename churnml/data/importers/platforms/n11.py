"""N11: the order report of its seller panel.

Its columns are not documented in public: those of Turkish order reports are taken by any of their titles.
"""

from __future__ import annotations

import ibis
from ibis import _

from churnml.data.importers.platforms.declared import column, needed, or_zero, per_piece
from churnml.data.importers.platforms.marketplaces import marketplace

_TOTAL = ibis.coalesce(_.total, (_.price * _.quantity).round(4).cast("decimal(18, 4)") - or_zero(_.off))
PLATFORM = marketplace(
    "N11",
    where="Siparişlerim > Excel'e aktar",
    fields={
        "order": needed("Sipariş Numarası", "Sipariş No"),
        "created": needed("Sipariş Tarihi", "Tarih", kind="time"),
        "status": needed("Sipariş Durumu", "Durum", "Statü", kind="code"),
        "product": needed("Mağaza Ürün Kodu", "Stok Kodu", "Ürün Kodu", "Ürün No"),
        "quantity": needed("Adet", "Miktar", kind="number"),
        "price": needed("Birim Fiyat", "Ürün Fiyatı", "Satış Fiyatı", "Fiyat", kind="money"),
        "total": column(
            "Faturalanacak Tutar", "Mağaza Faturalama Tutarı", "Ödenen Tutar", "Toplam Tutar", kind="money"
        ),
        "off": column("Mağaza İndirimi", "Satıcı İndirimi", "İndirim Tutarı", kind="money"),
    },
    amount=_TOTAL,
    unit_price=ibis.coalesce(_.price, per_piece(_TOTAL, _.quantity)),
    discount=or_zero(_.off),
)
