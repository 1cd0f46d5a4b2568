"""Season, computed by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.definition import ChurnDefinition
from churnml.features.available import learnable
from churnml.features.builder import build_features
from tests.features import redo

pytestmark = pytest.mark.slow

SNAPSHOT = "2025-07-01"

# A year (365 days) ago is 1 July 2024; the 90 days that followed end on 28 September, those before begin on 2 April.
ORDERS = [
    "2023-06-01 10:00:00",  # 761 days back: 31 days back in the year
    "2023-07-30 10:00:00",  # 702 days back: 337, in the coming quarter
    "2024-04-01 23:59:59",  # 456 days back, outside: 91
    "2024-04-02 00:00:00",  # 455 days back, inside the past quarter: 90
    "2024-06-30 23:59:59",  # 366 days back, inside the past quarter: 1
    "2024-07-01 00:00:00",  # 365 days back, in the coming one for windows; in the year it is this very day: 0
    "2024-07-02 00:00:00",  # 364 days back
    "2024-09-28 23:59:59",  # 276 days back, inside
    "2024-09-29 00:00:00",  # 275 days back: the first day after the 90 of the window; 275 in the year
    "2025-06-01 10:00:00",  # 30 days back
    "2025-07-01 00:00:00",  # not known yet
]

EXPECTED = {
    "orders_year_ago_coming_90d": 3.0,  # 1 July, 2 July, 28 September
    "orders_year_ago_past_90d": 2.0,  # 2 April, 30 June
    "order_days_coming_quarter": 4.0,  # 337, 364, 276 and 275 days back in the year
    "order_days_coming_quarter_share": 0.4,  # of ten order days
}
REDO = {r"orders_.*|order_days_.*": redo.rows()}


def test_values_are_those_computed_by_hand() -> None:
    orders = pd.DataFrame({"ordered_at": ORDERS, "customer_id": "ann", "amount": 1})
    found = build_features(read({"orders": orders.assign(order_id=range(len(orders)))}), SNAPSHOT).loc["ann"]
    assert found[list(EXPECTED)].to_dict() == EXPECTED


@pytest.mark.parametrize(("first", "there"), [("2023-07-02", True), ("2023-07-03", False)])
def test_the_family_is_off_below_two_years_of_history(first: str, there: bool) -> None:
    orders = pd.DataFrame({"order_id": [1, 2], "ordered_at": [first, "2025-06-01"], "customer_id": "ann", "amount": 1})
    shop = read({"orders": orders})
    features, off = learnable(shop, ChurnDefinition(), None, date.fromisoformat(SNAPSHOT))
    # A model may learn from them all the same, where the folds prefer it: they stand last.
    assert [name for name in off if name in EXPECTED] == ([] if there else list(EXPECTED))
    assert set(EXPECTED) <= {feature.name for feature in features}
    assert [feature.name for feature in features[len(features) - len(off) :]] == off
    assert set(EXPECTED) <= set(build_features(shop, SNAPSHOT))
    assert learnable(shop, ChurnDefinition(), ["season", "rhythm"], date.fromisoformat(SNAPSHOT))[1] == [], (
        "chosen by name it is on"
    )
