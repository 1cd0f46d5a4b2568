"""Returns, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.features.builder import build_features
from tests.features import redo

pytestmark = pytest.mark.slow

SNAPSHOT = "2025-07-01"

# 100 ordered in the last 365 days, on three orders.
ORDERS = {"order_id": [1, 2, 3], "ordered_at": ["2024-08-01", "2025-05-01", "2025-06-01"], "amount": [30, 50, 20]}
COLUMNS = ["returned_at", "amount"]
ROWS = [
    ("2025-07-01 00:00:00", 99),  # not known yet
    ("2025-06-01 00:00:00", 20.5),  # 30 days before, inside
    ("2025-05-31 23:59:59", 10),  # inside 60
    ("2025-04-02 00:00:00", 5.25),  # 90 days before, inside
    ("2025-04-01 23:59:59", 4),  # inside 180
    ("2024-07-01 00:00:00", 0.25),  # 365 days before, inside
    ("2024-06-30 23:59:59", 70),  # outside
]

EXPECTED = {
    "returns_30d": 1.0,
    "returns_60d": 2.0,
    "returns_90d": 3.0,
    "returns_180d": 4.0,
    "returns_365d": 5.0,
    "return_amount_sum_90d": 35.75,  # 20.5 + 10 + 5.25
    "return_amount_sum_365d": 40.0,  # 35.75 + 4 + 0.25
    "days_since_last_return": 30.0,
    "returns_per_order_365d": 5 / 3,
    "return_amount_to_spend_ratio_365d": 0.4,  # 40 / 100
}
REDO = {
    r"returns_\d+d": redo.rows(),
    r"return_amount_sum_.*": redo.total("amount"),
    "days_since_last_return": redo.days_since("returned_at"),
}


def shop_of(rows: list[tuple], **orders: object) -> Shop:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.assign(return_id=range(len(table)), customer_id="ann")
    return read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann", **orders), "returns": table})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["returns", "frequency", "monetary"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(ROWS))[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


def test_without_a_return_counts_are_0_and_days_null() -> None:
    found = features_of(shop_of([("2025-07-02", 1)]))[list(EXPECTED)]
    assert list(found.index[found.isna()]) == ["days_since_last_return"]
    assert (found.dropna() == 0).all()


def test_what_comes_back_from_older_orders_may_be_more_than_was_spent() -> None:
    found = features_of(shop_of([("2025-06-15", 250)]))
    assert found["return_amount_to_spend_ratio_365d"] == 2.5
