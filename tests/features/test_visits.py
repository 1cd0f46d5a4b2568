"""Visits, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.features.builder import build_features
from tests.features import redo

SNAPSHOT = "2025-07-01"

ORDERS = {"order_id": [1, 2, 3], "ordered_at": ["2024-08-01", "2025-05-01", "2025-06-01"], "amount": [30, 50, 20]}
COLUMNS = ["visited_at", "pages", "added_to_cart"]
ROWS = [
    ("2025-07-01 00:00:00", 50, 9),  # not known yet
    ("2025-06-20 10:00:00", 3, 0),  # 11 days before
    ("2025-06-01 00:00:00", 4, 2),  # 30 days before, inside
    ("2025-05-31 23:59:59", 5, None),  # inside 60
    ("2025-04-02 00:00:00", 7, 1),  # 90 days before, inside
    ("2025-01-02 00:00:00", 2, 1),  # 180 days before, inside
    ("2024-07-01 00:00:00", 1, 1),  # 365 days before, inside
    ("2024-06-30 23:59:59", 9, 1),  # outside
]

EXPECTED = {
    "visits_30d": 2.0,
    "visits_60d": 3.0,
    "visits_90d": 4.0,
    "visits_180d": 5.0,
    "visits_365d": 6.0,
    "days_since_last_visit": 11.0,
    "visits_with_cart_30d": 1.0,
    "visits_with_cart_90d": 2.0,
    "days_since_last_visit_with_cart": 30.0,
    "pages_90d": 19.0,  # 3 + 4 + 5 + 7
    "pages_mean_90d": 4.75,
    "visits_90d_share_of_365d": 4 / 6,
    "visits_per_order_90d": 2.0,  # 4 visits, 2 orders
}
REDO = {
    r"visits_.*": redo.rows(),
    "days_since_last_visit(_with_cart)?": redo.days_since("visited_at"),
    "pages_90d": redo.total("pages"),
    "pages_mean_90d": redo.mean("pages"),
}


def shop_of(rows: list[tuple], **orders: object) -> Shop:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.assign(customer_id="ann")
    return read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann", **orders), "visits": table})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["visits", "frequency"]).loc["ann"]


@pytest.mark.slow
def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(ROWS))[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


@pytest.mark.slow
def test_without_carts_in_the_data_nothing_is_said_of_them() -> None:
    shop = read(
        {
            "orders": pd.DataFrame(ORDERS).assign(customer_id="ann"),
            "visits": pd.DataFrame({"customer_id": ["ann"], "visited_at": ["2025-06-30"]}),
        }
    )
    names = list(build_features(shop, SNAPSHOT, families=["visits"]))
    assert "visits_30d" in names
    assert not [name for name in names if "cart" in name or "pages" in name]
