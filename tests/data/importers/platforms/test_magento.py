"""Magento: grids and tables."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.data.importers.platforms.conftest import ANN, BOB, Imports, samples

GRID = samples("magento/grids")
TABLES = samples("magento/tables")


def test_grids(imports: Imports) -> None:
    shop = imports("magento", GRID)
    assert shop.column("orders", "amount", "order_id") == {
        "000000001": Decimal("1219.4000"),
        "000000002": Decimal("20.0000"),
    }
    # 12 AM is midnight.
    assert shop.column("orders", "ordered_at", "order_id") == {
        "000000001": datetime(2024, 1, 5, 15, 15, 22),
        "000000002": datetime(2024, 1, 6),
    }
    (memo,) = shop.rows["returns"]
    assert (memo["customer_id"], memo["amount"], memo["returned_at"]) == (
        BOB,
        Decimal("20.0000"),
        datetime(2024, 1, 20, 8),
    )
    assert shop.report.left_out == {"orders that were not paid": 1, "cancelled orders, as no time says when": 1}
    shop.check()


def test_tables(imports: Imports) -> None:
    shop = imports("magento", TABLES)
    first, second = shop.rows["orders"]
    assert (first["customer_id"], first["amount"], first["discount"], first["discount_code"]) == (
        ANN,
        Decimal("27.0000"),
        Decimal("3.0000"),
        "TEN",
    )
    assert second["cancelled_at"] == datetime(2024, 1, 6, 12, tzinfo=UTC)
    # The variant's own line repeats the line of the shirt.
    assert shop.column("order_items", "quantity", "product_id") == {"SHIRT-M": 2.0, "SOCK": 1.0}
    assert shop.column("customers", "signed_up_at", "customer_id")[ANN] == datetime(2022, 12, 1, tzinfo=UTC)
    shop.check()
