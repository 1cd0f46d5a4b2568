"""WooCommerce: an extension's export with a row per item, and its own tables."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.data.importers.platforms.conftest import ANN, BOB, Imports, sample, samples

EXPORT = sample("woocommerce/orders.csv")
TABLES = samples("woocommerce/tables")


def test_an_export_with_a_row_per_item(imports: Imports) -> None:
    shop = imports("woocommerce", {"orders.csv": EXPORT})
    assert shop.column("orders", "amount", "order_id") == {"501": Decimal("38.0000"), "504": Decimal("9.5000")}
    assert shop.column("orders", "ordered_at", "order_id")["501"] == datetime(2024, 5, 1, 9, 15)
    assert shop.column("orders", "discount_code", "order_id") == {"501": "TWO", "504": None}
    assert {(row["order_id"], row["product_id"]): row["unit_price"] for row in shop.rows["order_items"]} == {
        ("501", "MUG"): Decimal("10.0000"),
        ("501", "Gift card"): Decimal("20.0000"),
        ("504", "BAG"): Decimal("9.5000"),
    }
    assert shop.report.left_out == {
        "lines of orders that were not paid": 1,
        "lines of cancelled orders, as no time says when": 1,
    }
    assert shop.report.notes == (
        "Lines of orders with refunded money, which the export gives without a date: 1 (9.50).",
    )
    shop.check()


def test_its_tables_say_when_orders_were_cancelled_and_paid_back(imports: Imports) -> None:
    shop = imports("woocommerce", TABLES)
    assert shop.column("orders", "customer_id", "order_id") == {"10": ANN, "11": BOB}
    assert shop.column("orders", "cancelled_at", "order_id") == {
        "10": None,
        "11": datetime(2024, 6, 2, 11, tzinfo=UTC),
    }
    (refund,) = shop.rows["returns"]
    # A refund names no customer; it has that of its order.
    assert (refund["customer_id"], refund["order_id"], refund["amount"]) == (ANN, "10", Decimal("5.5000"))
    # 25.50 for 3 pieces; lines of refunds and of orders that are left out are none.
    assert [(row["order_id"], row["quantity"], row["unit_price"]) for row in shop.rows["order_items"]] == [
        ("10", 3.0, Decimal("8.5000")),
        ("11", 1.0, Decimal("12.0000")),
    ]
    assert shop.column("customers", "signed_up_at", "customer_id") == {
        ANN: datetime(2023, 1, 5, 10, tzinfo=UTC),
        BOB: None,
    }
    assert shop.report.left_out == {"orders that were not paid": 1, "lines of refunds": 1}
    shop.check()


def test_customers_may_have_the_numbers_of_the_shop(imports: Imports) -> None:
    shop = imports("woocommerce", TABLES, customer_ids="platform")
    # 0 is a guest for WooCommerce, and no number.
    assert shop.column("orders", "customer_id", "order_id") == {"10": "3", "11": BOB}
