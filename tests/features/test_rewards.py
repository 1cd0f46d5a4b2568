"""Rewards, computed by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.features.builder import build_features
from tests.features import redo
from tests.said import write

pytestmark = pytest.mark.slow

SNAPSHOT = "2025-07-01"

ORDERS = {"order_id": [1, 2, 3], "ordered_at": ["2024-08-01", "2025-05-01", "2025-06-01"], "amount": [30, 50, 20]}
COLUMNS = ["changed_at", "kind", "points", "tier"]
ROWS = [
    ("2024-06-30 23:59:59", "earned", 100, "basic"),  # outside of 365 days
    ("2024-07-01 00:00:00", "earned", 40, "silver"),  # 365 days before, inside; up
    ("2025-01-10 00:00:00", "redeemed", -50, "silver"),
    ("2025-03-01 08:00:00", "earned", 10.5, "gold"),  # up
    ("2025-04-02 00:00:00", "earned", 5, "silver"),  # 90 days before, inside; back to silver
    ("2025-06-01 00:00:00", "expired", -20, None),  # 30 days before; without a tier
    ("2025-07-01 00:00:00", "earned", 99, "gold"),  # not known yet
]

EXPECTED = {
    "points_balance": 85.5,  # 100 + 40 - 50 + 10.5 + 5 - 20
    "points_earned_90d": 5.0,
    "points_earned_365d": 55.5,  # 40 + 10.5 + 5
    "points_redeemed_90d": 20.0,
    "points_redeemed_365d": 70.0,
    "days_since_last_points_earned": 90.0,
    "days_since_last_points_redeemed": 30.0,
    "tiers_total": 3.0,
    "tier_changes_365d": 3.0,
    "tier_changes_back_365d": 1.0,
    "days_since_last_tier_change": 90.0,
}
REDO = {
    r"points_(balance|earned_.*)": redo.total("points"),
    r"points_redeemed_.*": redo.total("redeemed"),
    r"days_since_.*": redo.days_since("changed_at"),
    "tiers_total": lambda rows, now: float(rows["tier"].nunique()),
    r"tier_changes_.*": redo.rows(),
}


def shop_of(rows: list[tuple], **orders: object) -> Shop:
    table = pd.DataFrame(rows, columns=COLUMNS)
    table = table.assign(customer_id="ann")
    return read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann", **orders), "rewards": table})


def features_of(shop: Shop) -> pd.Series:
    return build_features(shop, SNAPSHOT, families=["rewards", "recency"]).loc["ann"]


def test_values_are_those_computed_by_hand() -> None:
    assert features_of(shop_of(ROWS))[list(EXPECTED)].to_dict() == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


def test_the_first_tier_is_no_change() -> None:
    found = features_of(shop_of([("2025-06-01", "earned", 1, "basic")]))
    assert found["tiers_total"] == 1
    assert found["tier_changes_365d"] == 0
    assert pd.isna(found["days_since_last_tier_change"])


@pytest.mark.parametrize(
    ("tiers", "changes", "back"),
    [
        ("abc", 2, 0),
        ("abcb", 3, 1),
        ("abcbc", 4, 1),  # up again is no step back
        ("abca", 3, 1),
        ("cba", 2, 0),  # where she began higher than the data, a fall cannot be told
        ("aabb", 1, 0),
    ],
)
def test_a_change_goes_back_to_a_tier_that_came_before_the_one_left(tiers: str, changes: int, back: int) -> None:
    found = features_of(shop_of([(f"2025-0{month}-01", "earned", 1, tier) for month, tier in enumerate(tiers, 1)]))
    assert found["tier_changes_365d"] == changes
    assert found["tier_changes_back_365d"] == back


@pytest.mark.parametrize("swapped", [False, True])
def test_a_moment_with_several_tiers_does_not_say_which_came_last(swapped: bool) -> None:
    # No order of the names may decide, which differs between engines (B, a).
    both = [("2025-06-01", "earned", 1, "a"), ("2025-06-01", "bonus", 1, "B")]
    rows = [("2025-05-01", "earned", 1, "c"), *(both[::-1] if swapped else both)]
    found = features_of(shop_of([*rows, ("2025-06-20", "earned", 1, "c")]))
    assert found["tiers_total"] == 3
    assert found["tier_changes_365d"] == 0  # from c to c, as far as is told
    found = features_of(shop_of([*rows, ("2025-06-20", "earned", 1, "B")]))
    assert found["tier_changes_365d"] == 1
    assert found["days_since_last_tier_change"] == 11


def test_several_changes_of_one_moment_with_one_tier_are_one() -> None:
    rows = [("2025-05-01", "earned", 9, "a"), ("2025-06-01", "earned", 4, "b"), ("2025-06-01", "redeemed", -3, "b")]
    found = features_of(shop_of(rows))
    assert found["points_balance"] == 10
    assert found["tier_changes_365d"] == 1


def test_who_never_had_points_has_0_of_them() -> None:
    found = features_of(shop_of([("2025-07-01", "earned", 1, "a")]))[list(EXPECTED)]  # not known yet
    since = [name for name in EXPECTED if "days_since" in name]
    assert list(found.index[found.isna()]) == since
    assert (found.drop(since) == 0).all()


def test_without_kinds_the_sign_decides_and_without_tiers_nothing_is_said_of_them() -> None:
    table = pd.DataFrame({"customer_id": "ann", "changed_at": ["2025-06-01", "2025-06-02"], "points": [5, -2]})
    shop = read({"orders": pd.DataFrame(ORDERS).assign(customer_id="ann"), "rewards": table})
    found = build_features(shop, SNAPSHOT, families=["rewards"]).loc["ann"]
    assert list(found.index) == [name for name in EXPECTED if "tier" not in name]
    assert found["points_earned_90d"] == 5
    assert found["points_redeemed_90d"] == 2


def test_points_that_expired_are_not_said_to_be_redeemed() -> None:
    expired = {"points_redeemed_90d": 20.0}
    assert write("points_redeemed_90d", expired, "en") == "20 points redeemed or expired in the last 90 days"
    assert (
        write("points_redeemed_90d", {"points_redeemed_90d": 0.0}, "en")
        == "No points redeemed or expired in the last 90 days"
    )


def test_a_balance_below_0_is_not_spoken_of() -> None:
    assert write("points_balance", {"points_balance": -3.0}, "en") is None
