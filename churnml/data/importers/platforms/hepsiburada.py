"""Hepsiburada: the order report of its merchant panel (Siparişler > Excel'e aktar).

A report has the price to be billed of the line (``Faturalandırılacak Satış Fiyatı``) or, later, of one piece
(``Faturalandırılacak Birim Satış Fiyatı``).
"""

from __future__ import annotations

import ibis
from ibis import _

from churnml.data.importers.platforms.declared import column, needed, or_zero, per_piece
from churnml.data.importers.platforms.marketplaces import marketplace

_BILLED = ibis.coalesce(_.billed_piece * _.quantity, _.billed).round(4).cast("decimal(18, 4)")
PLATFORM = marketplace(
    "Hepsiburada",
    where="Siparişler > Excel'e aktar",
    fields={
        "order": needed("Sipariş Numarası"),
        "created": needed("Sipariş Tarihi", kind="time"),
        "status": needed("Paket Durumu", "Durum", "Sipariş Durumu", kind="code"),
        "product": needed("Satıcı Stok Kodu", "Hepsiburada Ürün Kodu"),
        "quantity": needed("Adet", kind="number"),
        "billed": column("Faturalandırılacak Satış Fiyatı", kind="money"),
        "billed_piece": column("Faturalandırılacak Birim Satış Fiyatı", kind="money"),
        "listed": column("Birim Listeleme Fiyatı", kind="money"),
    },
    amount=_BILLED,
    unit_price=ibis.coalesce(_.listed, per_piece(_BILLED, _.quantity)),
    discount=(or_zero(_.listed * _.quantity) - _BILLED).clip(lower=0),
)
