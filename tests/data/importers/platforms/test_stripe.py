"""Stripe: payments, refunds and subscriptions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from tests.data.importers.platforms.conftest import ANN, BOB, Imports, samples

FILES = samples("stripe")


def test_payments_refunds_and_subscriptions(imports: Imports) -> None:
    shop = imports("stripe", FILES)
    # The address of cus_2 stands in the file of customers alone.
    assert shop.column("orders", "customer_id", "order_id") == {"ch_1": ANN, "ch_2": ANN, "ch_4": BOB}
    assert sum(shop.column("orders", "amount", "order_id").values()) == Decimal("44.0000")
    assert shop.rows["orders"][0]["ordered_at"] == datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    (refund,) = shop.rows["returns"]
    assert (refund["return_id"], refund["order_id"], refund["amount"]) == ("ch_2-refund", "ch_2", Decimal("7.5000"))
    (subscription,) = shop.rows["subscriptions"]
    assert subscription["cancelled_at"] == datetime(2024, 2, 19, tzinfo=UTC)
    assert (subscription["plan"], subscription["cancel_reason"]) == ("basic", "too_expensive")
    assert "ended_at" not in subscription
    assert shop.report.left_out == {"payments that were not made": 1, "subscriptions that never began": 1}
    assert shop.report.notes == (
        "Payments with refunded money and no date of it, so that there is no return: 1 (6.00).",
    )
    shop.check()
