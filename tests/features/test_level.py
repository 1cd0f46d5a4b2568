"""Level: the shop's own churn rate, by hand."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.builder import build_features

SNAPSHOT = date(2025, 7, 1)
DEFINITION = ChurnDefinition(horizon_days=90, active_days=200)

# On the day 90 days before (2025-04-02), with an order in the 200 days up to it: ann (100 days back), bob (150), eve
# (290, the first day that counts). Of them bob ordered in the 90 days that followed: two of three left.
# A year before (365 days back), with an order in the 200 days up to it: dan (400) and eve (500), of whom eve ordered
# again within 90 days (290 days back): one of two left.
ORDERS = {"ann": [100], "bob": [150, 1], "eve": [500, 290], "dan": [400], "new": [5]}
# Half a customer is added on both sides: (2 + .5) / (3 + 1) and (1 + .5) / (2 + 1).
# The first third of 90 days, in whole weeks, is 35 days. On the day 35 days before (2025-05-27), with an order in the
# 200 days up to it: ann (65 days before that) and bob (115), of whom bob came back: one of two had not.
EXPECTED = {
    "shop_churned_share_newest": 0.625,
    "shop_churned_share_last_year": 0.5,
    "shop_churned_share_partial": 0.5,
}
REDO: dict[str, object] = {}


def shop_of(customers: dict[str, list[int]]) -> Shop:
    rows = [
        (name, pd.Timestamp(SNAPSHOT - timedelta(days=days))) for name, listed in customers.items() for days in listed
    ]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    return read({"orders": orders.assign(order_id=range(len(orders)), amount=10)})


def level_of(customers: dict[str, list[int]], definition: ChurnDefinition = DEFINITION) -> pd.DataFrame:
    return build_features(shop_of(customers), SNAPSHOT, definition, ["level"])


def test_values_by_hand() -> None:
    found = level_of(ORDERS)
    assert sorted(found.index) == ["ann", "bob", "new"]
    for name, value in EXPECTED.items():
        assert found[name].tolist() == pytest.approx([value] * 3, rel=1e-12)


def test_where_nobody_was_eligible_it_is_null() -> None:
    assert level_of({"ann": [30]}).isna().all(axis=None)


def test_an_outcome_that_is_not_known_yet_is_null() -> None:
    # A year and a day after the day a year ago lies after the snapshot.
    found = level_of(ORDERS, ChurnDefinition(horizon_days=366, active_days=400))
    assert found.shop_churned_share_last_year.isna().all()
    assert np.isfinite(found.shop_churned_share_newest).all()
