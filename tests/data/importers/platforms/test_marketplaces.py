"""Trendyol, Hepsiburada and N11: Turkish titles, decimal commas, cp1254 and spreadsheets."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest

from tests.data.importers.platforms.conftest import ANN, BOB, Imports, sample

TRENDYOL = sample("trendyol/siparisler.csv")
HEPSIBURADA = [
    ("Sipariş Numarası", "Sipariş Tarihi", "Alıcı", "Alıcı Mail Adresi", "Şehir", "Satıcı Stok Kodu", "Kategori"),
    ("Adet", "Birim Listeleme Fiyatı", "Faturalandırılacak Birim Satış Fiyatı", "Paket Durumu"),
]
SOLD = [
    ("4001", datetime(2024, 2, 1, 10, 15), "Ann A", "ann@example.com", "Ankara", "FINCAN", "Mutfak"),
    (3, 100.125, 95.5, "Teslim Edildi"),
]
N11 = sample("n11/siparis.txt")


def test_trendyol_in_cp1254(imports: Imports) -> None:
    shop = imports("trendyol", {"siparisler.csv": TRENDYOL}, carry=["city"])
    assert shop.column("orders", "amount", "order_id") == {
        "900001": Decimal("2349.5000"),
        "900002": Decimal("149.9000"),
    }
    # 100.00 + 50.50 of the line that was delivered.
    assert shop.column("orders", "discount", "order_id")["900001"] == Decimal("150.5000")
    assert shop.column("orders", "ordered_at", "order_id")["900002"] == datetime(2024, 3, 2, 9)
    assert shop.column("order_items", "unit_price", "product_id") == {
        "FINCAN": Decimal("1250.0000"),
        "ŞAPKA": Decimal("149.9000"),
    }
    assert shop.column("customers", "city", "customer_id") == {ANN: "İstanbul", BOB: "Muğla"}
    assert {row["currency"] for row in shop.rows["orders"]} == {"TRY"}
    assert shop.report.left_out == {"cancelled lines, as no time says when": 1}
    assert shop.report.notes == ("Lines that came back, which the report gives without a date: 1 (149.90).",)
    shop.check()


def test_hepsiburada_as_a_spreadsheet_below_a_title(imports: Imports) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in (("Siparişler",), (), (*HEPSIBURADA[0], *HEPSIBURADA[1]), (*SOLD[0], *SOLD[1])):
        book.active.append(row)
    content = BytesIO()
    book.save(content)
    shop = imports("hepsiburada", {"siparisler.xlsx": content.getvalue()})
    (order,) = shop.rows["orders"]
    # 3 x 95.50; 3 x 100.125 - 286.50 = 13.875 were taken off.
    assert (order["order_id"], order["amount"], order["discount"]) == ("4001", Decimal("286.5000"), Decimal("13.8750"))
    assert order["ordered_at"] == datetime(2024, 2, 1, 10, 15)
    (item,) = shop.rows["order_items"]
    assert (item["quantity"], item["unit_price"], item["category"]) == (3.0, Decimal("100.1250"), "Mutfak")
    shop.check()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_n11_in_any_encoding(encoding: str, imports: Imports) -> None:
    shop = imports("n11", {"siparis.txt": N11.decode().encode(encoding)})
    (order,) = shop.rows["orders"]
    # 2 x 1664.10 - 28.20
    assert (order["customer_id"], order["amount"]) == (ANN, Decimal("3300.0000"))
    assert order["ordered_at"] == datetime(2024, 4, 5, 8)
