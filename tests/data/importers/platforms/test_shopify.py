"""Shopify: several lines of an order, offsets of times, cancellations, consent."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.data.importers.platforms.conftest import ANN, BOB, CEM, Imports, sample

ORDERS = sample("shopify/orders_export_1.csv")
CUSTOMERS = sample("shopify/customers_export.csv")


def test_an_order_of_several_lines_is_one_order_with_the_first_lines_total(imports: Imports) -> None:
    shop = imports("shopify", {"orders_export_1.csv": ORDERS})
    assert shop.column("orders", "amount", "order_id") == {
        "#1001": Decimal("45.0000"),
        "#1002": Decimal("30.0000"),
        "#1003": Decimal("1250.5000"),
    }
    assert shop.column("orders", "customer_id", "order_id") == {"#1001": ANN, "#1002": ANN, "#1003": BOB}
    # Half past midnight in Istanbul is half past nine in the evening of the day before.
    assert shop.column("orders", "ordered_at", "order_id")["#1003"] == datetime(2024, 3, 2, 21, 30, tzinfo=UTC)
    assert shop.column("orders", "cancelled_at", "order_id")["#1002"] == datetime(2024, 3, 2, 9, tzinfo=UTC)
    first = shop.rows["orders"][0]
    assert (first["discount"], first["discount_code"], first["channel"], first["currency"]) == (
        Decimal("5.0000"),
        "SPRING",
        "web",
        "TRY",
    )
    # 2 mugs of the first line and 1 of the third; a scarf without a number is known by its name.
    assert {(row["order_id"], row["product_id"]): row["quantity"] for row in shop.rows["order_items"]} == {
        ("#1001", "MUG"): 3.0,
        ("#1001", "PLATE"): 1.0,
        ("#1002", "Scarf"): 1.0,
        ("#1003", "LAMP"): 1.0,
    }
    shop.check()


def test_what_is_left_out_and_what_has_no_date_is_said(imports: Imports) -> None:
    report = imports("shopify", {"orders_export_1.csv": ORDERS}).report
    assert report.left_out == {"lines of orders whose payment was voided or has expired": 1}
    # 250.50 + 30.00
    assert report.notes == (
        "Orders with refunded money, which the export gives without a date, so that there are no returns: 2 (280.50).",
    )


def test_consent_is_that_of_the_customers_or_of_the_newest_order(imports: Imports) -> None:
    alone = imports("shopify", {"orders_export_1.csv": ORDERS})
    assert alone.column("customers", "contactable", "customer_id") == {ANN: False, BOB: True}
    assert list(alone.rows["customers"][0]) == ["customer_id", "contactable"]
    both = imports("shopify", {"customers_export.csv": CUSTOMERS}, carry=["email", "phone", "name"])
    ann = next(row for row in both.rows["customers"] if row["customer_id"] == ANN)
    assert ann == {
        "customer_id": ANN,
        "contactable": True,
        "email": "ann@example.com",
        "phone": "+905551112233",
        "name": "Ann A",
    }
    assert len(both.rows["customers"]) == 3
    assert CEM not in both.column("customers", "contactable", "customer_id")
    both.check()
