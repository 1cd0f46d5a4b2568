"""Contacts, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.features.builder import build_features
from tests.features import redo

pytestmark = pytest.mark.slow

SNAPSHOT = "2025-07-01"

ORDERS = {"order_id": [1, 2, 3], "ordered_at": ["2024-08-01", "2025-05-01", "2025-06-01"], "amount": [30, 50, 20]}
COLUMNS = ["sent_at", "opened_at", "clicked_at", "arm", "cost"]
ROWS = [
    ("2024-06-30 23:59:59", "2024-07-02", None, None, 1),  # outside of 365 days, opened 364 days before
    ("2024-07-01 00:00:00", None, None, "treatment", 0.25),  # 365 days before, inside
    ("2025-04-01 00:00:00", "2025-04-03", "2025-04-03", None, 0.5),  # opened 89 days before
    ("2025-04-02 00:00:00", None, None, None, None),  # 90 days before, inside
    ("2025-06-01 00:00:00", "2025-07-01", "2025-07-01", None, 0.25),  # 30 days before; opened later
    ("2025-06-10 00:00:00", "2025-06-10", None, "control", 9),  # was not sent
    ("2025-06-25 00:00:00", None, None, "treatment", 1),
    ("2025-07-01 00:00:00", None, None, None, 1),  # not known yet
]

EXPECTED = {
    "contacts_30d": 2.0,
    "contacts_90d": 3.0,
    "contacts_180d": 4.0,
    "contacts_365d": 5.0,
    "contacts_opened_90d": 0.0,
    "contacts_opened_180d": 1.0,
    "contacts_opened_365d": 1.0,
    "contacts_clicked_365d": 1.0,
    "days_since_last_contact": 6.0,
    "days_since_last_contact_opened": 89.0,
    "contacts_since_last_opened": 3.0,  # 2 April, 1 June and 25 June
    "contact_cost_sum_365d": 2.0,  # 0.25 + 0.5 + 0.25 + 1
    "contacts_opened_share_180d": 0.25,  # 1 of 4
    "contacts_opened_share_365d": 0.2,
    "contacts_clicked_share_365d": 0.2,
}
REDO = {
    r"contacts_.*": redo.rows(),
    "days_since_last_contact": redo.days_since("sent_at"),
    "days_since_last_contact_opened": redo.days_since("opened_at"),
    "contact_cost_sum_365d": redo.total("cost"),
}


def shop_of(rows: list[tuple], **orders: object) -> Shop:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.assign(contact_id=range(len(table)), customer_id="ann", campaign="c")
    return read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann", **orders), "contacts": table})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["contacts", "recency"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(ROWS))[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


def test_who_opened_nothing_left_all_unopened() -> None:
    found = features_of(shop_of([("2025-06-01", None, None, None, 1), ("2025-06-02", None, None, None, 1)]))
    assert found["contacts_since_last_opened"] == 2
    assert found["contacts_opened_share_365d"] == 0
    assert pd.isna(found["days_since_last_contact_opened"])


def test_who_was_sent_nothing_has_no_share() -> None:
    found = features_of(shop_of([("2025-06-01", None, None, "control", 1)]))
    assert found["contacts_365d"] == 0
    assert pd.isna(found["contacts_opened_share_365d"])
    assert pd.isna(found["days_since_last_contact"])


def test_messages_of_the_moment_of_the_last_opened_one_were_not_sent_after_it() -> None:
    rows = [
        ("2025-06-01 10:00", "2025-06-02", None, None, 1),
        ("2025-06-01 10:00", None, None, None, 1),
        ("2025-06-01 10:01", None, None, None, 1),
        ("2025-05-01 10:00", "2025-06-20", None, None, 1),  # opened last, but sent before
    ]
    found = features_of(shop_of(rows))
    assert found["contacts_since_last_opened"] == 1
    assert found["days_since_last_contact_opened"] == 11


def test_without_an_arm_everything_was_sent() -> None:
    table = pd.DataFrame({"contact_id": [1, 2], "customer_id": "ann", "campaign": "c", "sent_at": "2025-06-01"})
    shop = read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann"), "contacts": table})
    found = build_features(shop, SNAPSHOT, families=["contacts"])
    sent = ["contacts_30d", "contacts_90d", "contacts_180d", "contacts_365d", "days_since_last_contact"]
    assert list(found) == sent
    assert list(found.loc["ann"]) == [2, 2, 2, 2, 30]
