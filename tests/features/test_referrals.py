"""Referrals, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.features.builder import build_features
from tests.features import redo

pytestmark = pytest.mark.slow

SNAPSHOT = "2025-07-01"
# ann brought bob, cem and dan; bob brought ann, and eve herself.
CUSTOMERS = {"ann": "bob", "bob": "ann", "cem": "ann", "dan": "ann", "eve": "eve"}
ORDERS = [
    ("ann", "2025-06-01", None),
    ("ann", "2025-06-20", "2025-06-21"),  # cancelled
    ("bob", "2024-12-01 10:00", None),
    ("cem", "2025-07-01", None),  # not known yet
    ("dan", "2025-01-01", None),
    ("eve", "2025-01-01", None),
]
EXPECTED = {"was_referred": 1.0}
OF_OTHERS = {"bob": (1,), "dan": (1,), "eve": (0,)}
REDO = {
    "was_referred": redo.rows(),
}


def shop_of(orders: list[tuple[str, str, str | None]] = ORDERS) -> Shop:
    table = pd.DataFrame(orders, columns=["customer_id", "ordered_at", "cancelled_at"])
    table = table.assign(order_id=range(len(table)), amount=10)
    customers = pd.DataFrame({"customer_id": list(CUSTOMERS), "referred_by": list(CUSTOMERS.values())})
    return read({"orders": table, "customers": customers})


def features_of(shop: Shop) -> pd.DataFrame:
    return build_features(shop, SNAPSHOT, families=["referrals"])


def test_values_are_those_computed_by_hand() -> None:
    found = features_of(shop_of())
    assert found.loc["ann"].to_dict() == EXPECTED
    others = found.drop(index="ann").astype(object).where(found.notna(), None)
    assert {name: tuple(row) for name, row in zip(others.index, others.to_numpy(), strict=True)} == OF_OTHERS


def test_who_orders_on_the_day_or_later_changes_nothing() -> None:
    later = [*ORDERS, ("bob", "2025-07-01", None), ("cem", "2025-07-20", None)]
    pd.testing.assert_frame_equal(features_of(shop_of()), features_of(shop_of(later)))


def test_a_shop_that_does_not_tell_who_referred_whom_has_none_of_it() -> None:
    orders = shop_of().tables["orders"].to_pandas()
    bare = read({"orders": orders, "customers": pd.DataFrame({"customer_id": list(CUSTOMERS)})})
    assert not set(REDO) & set(build_features(bare, SNAPSHOT).columns)
