"""Reviews, computed by hand."""

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
COLUMNS = ["submitted_at", "rating", "scale"]
ROWS = [
    ("2025-07-01 00:00:00", 1, 5),  # not known yet
    ("2025-06-01 12:00:00", 6, 10),  # 3 stars: 5 x 6 / 10
    ("2025-06-01 12:00:00", 5, None),  # 5 stars; of one second with the last, the lower counts as the last
    ("2025-04-02 00:00:00", 2, 5),  # 90 days before, inside; low
    ("2024-07-01 00:00:00", 1, 5),  # 365 days before, inside; low
    ("2024-06-30 23:59:59", 1, 5),  # outside
]

EXPECTED = {
    "reviews_90d": 3.0,
    "reviews_365d": 4.0,
    "reviews_low_90d": 1.0,
    "reviews_low_365d": 2.0,
    "days_since_last_review": 30.0,
    "review_stars_mean_365d": 2.75,  # (3 + 5 + 2 + 1) / 4
    "review_stars_min_365d": 1.0,
    "review_stars_last": 3.0,
    "review_stars_last_against_mean": 0.25,  # 3 - 2.75
}
REDO = {
    r"reviews_.*": redo.rows(),
    "days_since_last_review": redo.days_since("submitted_at"),
    "review_stars_mean_365d": redo.mean("stars"),
    "review_stars_min_365d": lambda rows, now: float(rows["stars"].min()),
    "review_stars_last": redo.last("stars", by="review_rank"),
}


def shop_of(rows: list[tuple], **orders: object) -> Shop:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.assign(review_id=range(len(table)), customer_id="ann")
    return read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann", **orders), "reviews": table})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["reviews", "recency"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(ROWS))[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


def test_without_a_review_stars_are_null() -> None:
    found = features_of(shop_of([("2025-07-02", 1, 5)]))[list(EXPECTED)]
    assert (found.dropna() == 0).all()
    assert set(found.index[found.isna()]) == {name for name in EXPECTED if "star" in name or "since" in name}


def test_the_last_review_is_that_with_the_latest_time_however_the_rows_lie() -> None:
    assert features_of(shop_of(ROWS[::-1]))["review_stars_last"] == 3
