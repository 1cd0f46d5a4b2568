from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.loyalty import NO_TIER, compute_next_tiers, compute_points, compute_tier_moves, next_tiers
from churnml.data.history import History
from churnml.data.reading import read

DAY = date(2025, 6, 1)
# customer, day, points, tier
CHANGES = [
    ("a", "2024-06-01", 300, "basic"),  # 365 days before
    ("a", "2025-05-02", 100, "silver"),  # 30 days before
    ("a", "2025-05-31", -150, "silver"),
    ("b", "2025-03-23", 50, "basic"),  # 70 days before
    ("b", "2025-05-01", 20, "basic"),  # 31 days before
    ("c", "2024-05-31", 900, "gold"),  # 366 days before
    ("d", "2025-05-20", 500, "silver"),
    ("a", "2025-06-01", 999, "gold"),  # on the day
]
STEPS = {"gold": 500.0, "silver": 200.0}


@pytest.fixture(scope="module")
def history() -> History:
    rewards = pd.DataFrame(CHANGES, columns=["customer_id", "changed_at", "points", "tier"])
    rewards["changed_at"] = pd.to_datetime(rewards["changed_at"])
    orders = rewards[["customer_id", "changed_at"]].rename(columns={"changed_at": "ordered_at"})
    orders = orders.assign(order_id=orders.index.astype(str), amount=1.0)
    return History(read({"orders": orders, "rewards": rewards.assign(kind="x")}), DAY)


def test_points_are_added_up_by_period(history: History) -> None:
    found = compute_points(history, 30, 2)
    assert list(found["period_end"]) == [date(2025, 5, 2), DAY]
    before, newest = found.to_dict("records")
    # Up to 2 May: b earned 20 on 1 May; the balance holds 300 + 50 + 20 + 900.
    assert [before[name] for name in ("earned", "spent", "earners", "spenders", "balance")] == [20, 0, 1, 0, 1270]
    # Since: a earned 100 and spent 150, d earned 500.
    assert [newest[name] for name in ("earned", "spent", "earners", "spenders", "balance")] == [600, 150, 2, 1, 1720]


def test_moves_go_from_the_tier_of_before_to_that_of_now(history: History) -> None:
    found = compute_tier_moves(history, 30, 1).set_index(["before", "after"])
    assert found["customers"].to_dict() == {
        ("basic", "basic"): 1,
        ("basic", "silver"): 1,
        ("gold", "gold"): 1,
        (NO_TIER, "silver"): 1,
    }
    assert found["share"].to_list() == [0.5, 0.5, 1, 1]


def test_the_way_to_the_next_tier_is_by_the_points_of_a_year(history: History) -> None:
    found = next_tiers(history, STEPS)
    # a: 300 + 100 in 365 days; 100 are left, at 400 / 365 a day 91.25 days, so 92.
    assert found.loc["a", ["earned", "next_tier", "points", "days"]].to_list() == [400, "gold", 100, 92]
    # b: 70 since 70 days ago, one a day; 130 are left.
    assert found.loc["b", ["earned", "next_tier", "points", "days"]].to_list() == [70, "silver", 130, 130]
    # c earned nothing in these days, so nobody knows when; d has the highest tier by exactly its points.
    assert found.loc["c", ["earned", "next_tier", "points"]].to_list() == [0, "silver", 200]
    assert np.isnan(found.loc["c", "days"])
    assert found.loc["d", ["next_tier", "points", "days"]].isna().all()


def test_who_is_near_is_counted_by_tier(history: History) -> None:
    found = compute_next_tiers(history, STEPS | {"first": 75.0})
    assert found["tier"].to_list() == ["first", "silver", "gold"]
    first, silver, gold = found.to_dict("records")
    # b lacks 5 and c 75 of the first; b has them in 5 days.
    assert (first["customers"], first["median_points"], first["near"], first["median_days"]) == (2, 40, 1, 5)
    assert (silver["customers"], gold["customers"]) == (0, 1)
    assert (gold["median_points"], gold["near"]) == (100, 0)


def test_a_shop_without_rewards_or_steps_tells_nothing(history: History) -> None:
    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "ordered_at": ["2025-05-01"], "amount": [1.0]})
    bare = History(read({"orders": orders}), DAY)
    assert compute_points(bare, 30, 2).empty
    assert compute_tier_moves(bare, 30, 2).empty
    assert compute_next_tiers(bare, STEPS).empty
    assert compute_next_tiers(history, {}).empty
