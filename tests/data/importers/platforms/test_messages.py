"""Klaviyo, Zendesk and Freshdesk: messages and tickets that meet the orders of another platform."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.data.importers.platforms.conftest import ANN, BOB, Imports, sample
from tests.data.importers.platforms.test_shopify import ORDERS

EVENTS = sample("klaviyo/events.csv")
ZENDESK = sample("zendesk/tickets.csv")
FRESHDESK = sample("freshdesk/tickets.csv")


def test_the_events_of_a_message_are_one_contact(imports: Imports) -> None:
    imports("shopify", {"orders.csv": ORDERS})
    shop = imports("klaviyo", {"events.csv": EVENTS})
    assert set(shop.rows) == {"orders", "order_items", "customers", "contacts"}
    ann, bob = sorted(shop.rows["contacts"], key=lambda row: row["customer_id"] != ANN)
    assert ann == {
        "contact_id": f"{ANN}-M1",
        "customer_id": ANN,
        "campaign": "Spring",
        "sent_at": datetime(2024, 3, 5, 8, tzinfo=UTC),
        "opened_at": datetime(2024, 3, 5, 8, 30, tzinfo=UTC),
        "clicked_at": datetime(2024, 3, 5, 8, 31, tzinfo=UTC),
    }
    assert (bob["customer_id"], bob["opened_at"]) == (BOB, None)
    assert shop.report.left_out == {
        "events other than of messages": 1,
        "rows of contacts without sent_at": 1,
    }
    shop.check()


def test_tickets_of_zendesk(imports: Imports) -> None:
    imports("shopify", {"orders.csv": ORDERS})
    shop = imports("zendesk", {"tickets.csv": ZENDESK})
    first, second = shop.rows["complaints"]
    # 90 minutes after nine.
    assert first == {
        "complaint_id": "9001",
        "customer_id": ANN,
        "opened_at": datetime(2024, 3, 2, 9),
        "order_id": None,
        "first_response_at": datetime(2024, 3, 2, 10, 30),
        "resolved_at": datetime(2024, 3, 3, 15),
        "topic": "Problem",
        "severity": "High",
        "text": "Where is it?",
    }
    assert (second["first_response_at"], second["resolved_at"]) == (None, None)
    assert shop.report.left_out == {"tickets that were deleted or marked as spam": 1}
    shop.check()


def test_tickets_of_freshdesk(imports: Imports) -> None:
    imports("shopify", {"orders.csv": ORDERS})
    shop = imports("freshdesk", {"tickets.csv": FRESHDESK})
    (ticket,) = shop.rows["complaints"]
    assert ticket["customer_id"] == ANN
    assert ticket["first_response_at"] == datetime(2024, 3, 2, 9, 45)
    assert ticket["resolved_at"] == datetime(2024, 3, 4, 10)
    assert (ticket["topic"], ticket["severity"], ticket["text"]) == ("Delivery", "Urgent", "Late")
    assert shop.report.left_out == {"rows of complaints without customer_id": 1}
    shop.check()


@pytest.mark.parametrize("platform", ["klaviyo", "zendesk", "freshdesk"])
def test_they_bring_no_customers(platform: str, imports: Imports) -> None:
    files = {"klaviyo": EVENTS, "zendesk": ZENDESK, "freshdesk": FRESHDESK}
    assert "customers" not in imports(platform, {"export.csv": files[platform]}).rows
