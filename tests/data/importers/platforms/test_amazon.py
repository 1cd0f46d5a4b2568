"""Amazon: reports separated by tabs, lines added up."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.data.importers.platforms.conftest import Imports, sample

NEW_ORDERS = sample("amazon/orders.txt")
SHIPMENTS = sample("amazon/shipments.txt")


def test_lines_of_an_order_are_added_up(imports: Imports) -> None:
    shop = imports("amazon", {"orders.txt": NEW_ORDERS})
    # 19.76 + 4.99 - 2.00 + 8.00; without the tax of each line.
    assert shop.column("orders", "amount", "order_id") == {"111-1": Decimal("30.7500"), "111-2": Decimal("9.8800")}
    assert shop.column("orders", "discount", "order_id")["111-1"] == Decimal("2.0000")
    assert shop.column("orders", "ordered_at", "order_id")["111-1"] == datetime(2024, 4, 2, 6, 30, tzinfo=UTC)
    # 19.76 / 2
    assert {(row["order_id"], row["product_id"]): row["unit_price"] for row in shop.rows["order_items"]} == {
        ("111-1", "HAT"): Decimal("9.8800"),
        ("111-1", "CAP"): Decimal("8.0000"),
        ("111-2", "HAT"): Decimal("9.8800"),
    }
    assert "deliveries" not in shop.rows
    shop.check()


def test_fulfilled_shipments_give_deliveries(imports: Imports) -> None:
    shop = imports("amazon", {"shipments.txt": SHIPMENTS})
    assert shop.column("orders", "amount", "order_id") == {"222-1": Decimal("16.5000")}
    assert shop.rows["deliveries"] == [
        {
            "order_id": "222-1",
            "promised_at": datetime(2024, 4, 6, tzinfo=UTC),
            "shipped_at": datetime(2024, 4, 3, tzinfo=UTC),
        }
    ]
    shop.check()
