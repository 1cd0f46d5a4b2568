"""PrestaShop: its tables, separated by semicolons."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from tests.data.importers.platforms.conftest import ANN, BOB, Imports, samples

FILES = samples("prestashop")


def test_orders_have_the_pseudonym_of_their_customers_address(imports: Imports) -> None:
    shop = imports("prestashop", FILES)
    assert shop.column("orders", "customer_id", "order_id") == {"1": ANN, "2": BOB}
    assert shop.column("orders", "amount", "order_id") == {"1": Decimal("28.5000"), "2": Decimal("10.0000")}
    assert shop.column("orders", "cancelled_at", "order_id") == {"1": None, "2": datetime(2024, 2, 2, 18)}
    assert shop.column("order_items", "quantity", "product_id") == {"20": 3.0, "21": 1.0}
    (slip,) = shop.rows["returns"]
    assert (slip["customer_id"], slip["amount"]) == (ANN, Decimal("12.0000"))
    assert shop.column("customers", "contactable", "customer_id") == {ANN: True, BOB: False}
    assert shop.report.left_out == {"orders whose payment failed": 1}
    shop.check()


def test_customers_may_have_their_numbers(imports: Imports) -> None:
    shop = imports("prestashop", FILES, customer_ids="platform", carry=["email"])
    assert shop.column("orders", "customer_id", "order_id") == {"1": "4", "2": "5"}
    assert shop.column("customers", "email", "customer_id") == {"4": "ann@example.com", "5": "bob@example.com"}
