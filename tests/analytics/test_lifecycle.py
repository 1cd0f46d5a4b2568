from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.lifecycle import (
    STAGES,
    ShopLife,
    against_own_pace,
    count_moves,
    count_standings,
    lifecycle_stages,
)
from churnml.definition import ChurnDefinition


def test_overdue_and_lost_go_by_the_customers_own_pace() -> None:
    X = pd.DataFrame(
        {
            "days_since_last_order": [20.0, 21.0, 90.0, 91.0, 150.0, 151.0, 26.0],
            "pace_days": [20.0, 20.0, 20.0, 20.0, 50.0, 50.0, 20.0],
        },
        index=list("abcdefg"),
    )
    found = against_own_pace(X, ChurnDefinition(horizon_days=90))
    assert found.pace_days.to_dict() == {"a": 20, "b": 20, "c": 20, "d": 20, "e": 50, "f": 50, "g": 20}
    assert found.overdue.to_dict() == {"a": False, "b": True, "c": True, "d": True, "e": True, "f": True, "g": True}
    # Lost after the greater of 90 days and three paces: 90, or 150 for a pace of 50.
    assert found.lost.to_dict() == {"a": False, "b": False, "c": False, "d": True, "e": False, "f": True, "g": False}


def test_a_shop_in_which_nobody_came_back_takes_the_horizon_for_a_pace() -> None:
    X = pd.DataFrame({"days_since_last_order": [90.0, 91.0], "pace_days": [float("nan")] * 2})
    found = against_own_pace(X, ChurnDefinition(horizon_days=90))
    assert list(found.overdue) == [False, True]


def stage_of(**features: float) -> str:
    """Give the stage of a customer who ordered nine times in 400 days, every 20 days, among nine who are worth more."""
    usual = {
        "days_since_last_order": 5.0,
        "pace_days": 20.0,
        "days_since_first_order": 400.0,
        "order_days_total": 9.0,
        "gap_last_days": 20.0,
    }
    X = pd.DataFrame([{**usual, **features}] * 10)
    value = pd.Series([1.0] + [2.0] * 9)
    return str(lifecycle_stages(X, value, ChurnDefinition(horizon_days=90)).iloc[0])


def test_stages_go_by_pace_value_and_age() -> None:
    # Pace 20 days everywhere, horizon 90: overdue after 20, at risk after 40, lapsed after 90, lost after 180.
    days = [5, 5, 5, 21, 41, 91, 181, 5, 5, 5, 5]
    X = pd.DataFrame(
        {
            "days_since_last_order": [float(day) for day in days],
            "pace_days": 20.0,
            "days_since_first_order": [90.0, 91.0, 91.0, *[400.0] * 8],
            "order_days_total": [2.0, 3.0, 4.0, *[9.0] * 8],
            "gap_last_days": [20.0] * 7 + [91.0, 20.0, 90.0, 20.0],
        }
    )
    value = pd.Series([10.0] * 10 + [500.0])
    found = lifecycle_stages(X, value, ChurnDefinition(horizon_days=90))
    assert list(found) == [
        *("new", "active", "loyal", "slowing", "at risk", "lapsed", "lost", "won back", "loyal", "loyal", "VIP"),
    ]
    assert set(found) == set(STAGES)


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (20, "loyal"),
        (21, "slowing"),
        (40, "slowing"),
        (40.5, "at risk"),
        (90, "at risk"),
        (90.5, "lapsed"),
        (180, "lapsed"),
        (180.5, "lost"),
    ],
)
def test_a_stage_begins_after_its_last_day(days: float, stage: str) -> None:
    # Pace 20, horizon 90: overdue after 20, at risk after 2 x 20, lapsed after 90 (more than 3 x 20), lost after 180.
    assert stage_of(days_since_last_order=days) == stage


def test_a_slower_pace_moves_every_stage() -> None:
    # Pace 40: at risk after 80, lapsed after 3 x 40 = 120, lost after 240.
    slower = [
        stage_of(pace_days=40.0, days_since_last_order=after) for after in (80.0, 80.5, 120.0, 120.5, 240.0, 240.5)
    ]
    assert slower == ["slowing", "at risk", "at risk", "lapsed", "lapsed", "lost"]


def test_nobody_is_a_vip_who_is_worth_nothing() -> None:
    X = pd.DataFrame(
        {
            "days_since_last_order": [5.0],
            "pace_days": [20.0],
            "days_since_first_order": [50.0],
            "order_days_total": [2.0],
            "gap_last_days": [20.0],
        }
    )
    assert list(lifecycle_stages(X, pd.Series([0.0]), ChurnDefinition())) == ["new"]


def test_the_vip_are_the_tenth_worth_most() -> None:
    # Of 100 the best ten are above 90 %: rank 91 of 100 is .91, rank 90 is .9.
    usual = {"days_since_last_order": 5.0, "pace_days": 20.0, "days_since_first_order": 400.0}
    X = pd.DataFrame([{**usual, "order_days_total": 9.0, "gap_last_days": 20.0}] * 100)
    found = lifecycle_stages(X, pd.Series([float(value) for value in range(1, 101)]), ChurnDefinition())
    assert list(found) == ["loyal"] * 90 + ["VIP"] * 10
    # A single customer is the best tenth if they are worth anything.
    assert list(lifecycle_stages(X[:1], pd.Series([0.5]), ChurnDefinition())) == ["VIP"]
    assert list(lifecycle_stages(X[:1], pd.Series([0.0]), ChurnDefinition())) == ["loyal"]


def test_one_order_makes_no_vip() -> None:
    assert stage_of_best(order_days_total=2.0) == "VIP"
    assert stage_of_best(order_days_total=1.0) == "active"


def stage_of_best(order_days_total: float) -> str:
    usual = {"days_since_last_order": 5.0, "pace_days": 20.0, "days_since_first_order": 400.0, "gap_last_days": 20.0}
    X = pd.DataFrame([{**usual, "order_days_total": order_days_total}])
    return str(lifecycle_stages(X, pd.Series([9.0]), ChurnDefinition(horizon_days=90)).iloc[0])


def standing(*stages: str | None) -> pd.DataFrame:
    return pd.DataFrame({"stage": pd.Categorical(stages, categories=["a", "b", "c"])})


def test_standings_are_counted_day_by_day() -> None:
    first, second = date(2025, 1, 1), date(2025, 2, 1)
    found = count_standings({first: standing("a", "a", "c", None), second: standing(None, None, None, None)}, "stage")
    assert list(found.columns) == ["snapshot_date", "stage", "customers", "share"]
    assert list(found.snapshot_date) == [first] * 3 + [second] * 3
    assert list(found.stage) == ["a", "b", "c"] * 2
    assert list(found.customers) == [2, 0, 1, 0, 0, 0]
    # Of the three who were eligible; where nobody was, nobody's share is 0.
    assert list(found.share) == [2 / 3, 0.0, 1 / 3, 0.0, 0.0, 0.0]
    assert list(found.index) == list(range(6))
    assert list(count_standings({first: standing("b", None)}, "stage").share) == [0.0, 1.0, 0.0]


def test_moves_are_counted_from_one_day_to_the_next() -> None:
    days = [date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)]
    on = dict(
        zip(
            days,
            [
                standing("a", "a", "a", "b", None, None),
                standing("a", "b", None, "c", "c", None),
                standing("a", "b", None, "c", "c", None),
            ],
            strict=True,
        )
    )
    found = count_moves(on, "stage")
    first = found[found.period_start == days[0]]
    assert (first.period_end == days[1]).all()
    moves = zip(first.before, first.after, first.customers, first.share, strict=True)
    assert sorted(moves) == [
        *(("a", "a", 1, 1 / 3), ("a", "b", 1, 1 / 3), ("a", "inactive", 1, 1 / 3)),
        *(("b", "c", 1, 1.0), ("no customer", "c", 1, 1.0)),
    ]
    second = found[found.period_start == days[1]]
    moves = zip(second.before, second.after, second.customers, second.share, strict=True)
    assert sorted(moves) == [("a", "a", 1, 1.0), ("b", "b", 1, 1.0), ("c", "c", 2, 1.0)]
    assert list(found.index) == list(range(8))
    assert (found.customers.dtype, found.share.dtype) == ("int64", "float64")
    # A single day has no moves, but the columns.
    assert list(count_moves({days[0]: on[days[0]]}, "stage").columns) == list(found.columns)


def test_what_tells_stages_of_all_tells_each_by_themselves() -> None:
    # Twenty values: those of the 19th and 20th place have 95 and 100 of 100 below or at them, the 18th has 90.
    value = pd.Series([*range(1, 19), 30.0, 40.0])
    life = ShopLife.of(value)
    assert life.vip_from == 30.0
    # Three share the mean place 19 of 20, which is above nine tenths.
    assert ShopLife.of(pd.Series([*range(1, 18), 30.0, 30.0, 30.0])).vip_from == 30.0
    # Two share the places 18 and 19 of 20, in the middle 18.5; three the places 17 to 19, in the middle 18.
    assert ShopLife.of(pd.Series([*range(1, 18), 30.0, 30.0, 40.0])).vip_from == 30.0
    assert ShopLife.of(pd.Series([*range(1, 17), 30.0, 30.0, 30.0, 40.0])).vip_from == 40.0
    # All are alike: their mean place is in the middle.
    assert ShopLife.of(pd.Series([5.0] * 10)).vip_from == np.inf
    assert ShopLife.of(pd.Series([np.nan])).vip_from == np.inf
    X = pd.DataFrame(
        {
            "days_since_last_order": 15.0,
            "pace_days": [10.0, 20.0],
            "days_since_first_order": 400.0,
            "order_days_total": 2.0,
            "gap_last_days": 5.0,
        }
    )
    definition = ChurnDefinition(horizon_days=90)
    worth = pd.Series([30.0, 29.9])
    told = [lifecycle_stages(X.iloc[[at]], worth.iloc[[at]], definition, life).iloc[0] for at in (0, 1)]
    assert told == ["VIP", "active"]
    assert against_own_pace(X, definition)["overdue"].tolist() == [True, False]
