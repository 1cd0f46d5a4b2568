"""Basket, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.features.builder import build_features
from tests.features import redo

SNAPSHOT = "2025-07-01"

ORDERS = {
    "order_id": [1, 2, 3, 4],
    "ordered_at": ["2024-06-30", "2024-07-01", "2025-06-01", "2025-06-10"],
    "amount": 10,
    "cancelled_at": [None, None, None, "2025-06-12"],
}
COLUMNS = ["order_id", "product_id", "quantity", "unit_price", "category"]
ROWS = [
    (1, "a", 9, 1, "x"),  # 366 days before
    (2, "a", 2, 1.5, "x"),  # 365 days before, inside
    (2, "b", 1, 4.5, "y"),
    (3, "b", 3, 5, "y"),
    (3, "c", 1.5, 9, None),
    (4, "d", 7, 1, "z"),  # cancelled
]

EXPECTED = {
    "items_90d": 4.5,  # 3 + 1.5
    "items_365d": 7.5,  # 2 + 1 + 4.5
    "products_365d": 3.0,  # a, b, c
    "categories_365d": 2.0,  # x, y
    "orders_with_items_365d": 2.0,
    "unit_price_mean_365d": 5.0,  # (1.5 + 4.5 + 5 + 9) / 4
    "quantity_max_365d": 3.0,
    "products_total": 3.0,
    "products_repeated": 2.0,  # a and b
    "products_repeated_share": 2 / 3,
    "items_per_order_365d": 3.75,  # 7.5 / 2
}
REDO = {
    r"items_.*": redo.total("quantity"),
    "products_365d": lambda rows, now: float(rows["product_id"].nunique()),
    "categories_365d": lambda rows, now: float(rows["category"].nunique()),
    "orders_with_items_365d": lambda rows, now: float(rows["order_id"].nunique()),
    "unit_price_mean_365d": redo.mean("unit_price"),
    "quantity_max_365d": redo.largest("quantity"),
    "products_(total|repeated)": redo.rows(),
}


def shop_of(rows: list[tuple], **orders: object) -> Shop:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.astype({"order_id": str})
    return read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann", **orders), "order_items": table})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["basket", "recency"]).loc["ann"]


@pytest.mark.slow
def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(ROWS))[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


@pytest.mark.slow
def test_an_order_without_lines_buys_nothing() -> None:
    found = features_of(shop_of([(9, "a", 1, 1, "x")]))[list(EXPECTED)]
    assert found["items_365d"] == found["products_total"] == 0
    assert pd.isna(found["products_repeated_share"])
    assert pd.isna(found["items_per_order_365d"])
