"""Fitting a value on rows whose value is known."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from churnml.models.rows import TrainingFrame
from churnml.models.value import LEFT, NEEDED, PACE, SHAPES, STAYED, LearnedValue
from churnml.training.value.fit import fit_value

DAYS = np.array(["2024-01-01", "2024-02-01", "2024-03-01"], dtype="datetime64[D]")
AS_OF = np.datetime64("2024-09-01")
REACH = 90


def draw(customers: int = 3_000, left: float = 0.2, growth: float = 1.0) -> TrainingFrame:
    """Draw rows: who stays spends 3 x pace x 50 in 180 days on average, who left a fifth of it from day 90 on."""
    rng = np.random.default_rng(3)
    rows = customers * len(DAYS)
    who = np.tile(np.arange(customers), len(DAYS))
    snapshots = np.repeat(DAYS, customers)
    pace = np.round(1 + rng.gamma(2.0, 1.0, customers), 3)[who]
    orders = rng.poisson(4 * pace).astype(float) + 1
    X = pd.DataFrame(dict.fromkeys(NEEDED, 0.0), index=range(rows))
    X = X.assign(
        order_days_total=orders,
        orders_total=orders,
        orders_365d=orders,
        days_since_first_order=400.0,
        days_since_last_order=rng.integers(1, 200, rows).astype(float),
        amount_sum_90d=12.0 * orders,
        amount_sum_365d=50.0 * orders,
        amount_sum_total=50.0 * orders,
    ).assign(**{PACE[0]: pace * 0.5, PACE[1]: 0.5})
    churned = (rng.random(rows) < 0.5).astype(float)
    mean = 150.0 * pace * growth ** np.searchsorted(DAYS, snapshots)
    first = rng.gamma(1.0, 0.5 * mean) * (1 - churned)
    second = rng.gamma(1.0, 0.5 * mean) * np.where(churned == 1, 2 * left, 1.0)
    spend = {90: first, 180: first + second, 365: np.full(rows, np.nan)}
    return TrainingFrame(X, churned, who, (who + 0.5) / customers, snapshots, spend=spend)


def said_over_spent(value_of: LearnedValue, rows: TrainingFrame, outcome: str) -> float:
    held = rows.churned == (outcome == LEFT)
    said = value_of.predict(rows.X.loc[held])[outcome].sum()
    return float(said / rows.spend[180][held].sum())


@pytest.mark.parametrize("candidate", SHAPES)
def test_both_values_are_right_in_total(candidate: str) -> None:
    rows = draw()
    value = fit_value(rows, candidate, 180, REACH, AS_OF)
    assert value is not None
    assert said_over_spent(value, rows, STAYED) == pytest.approx(1.0, abs=0.04)
    assert said_over_spent(value, rows, LEFT) == pytest.approx(1.0, abs=0.06)
    # The level is that of the days that were learned from; it goes half the way to the newest.
    assert value.growth == pytest.approx(1.0, abs=0.04)


def test_a_known_value_is_found() -> None:
    rows = draw(10_000)
    value = fit_value(rows, "pace", 180, REACH, AS_OF)
    assert value is not None
    # The pace that is expected of who orders is .5 pace / .5, and all orders cost 50: 3 x 50 x pace.
    assert value.stayed["log_pace"] == pytest.approx(1.0, abs=0.05)
    said = value.predict(rows.X)
    pace = rows.X[PACE[0]] * 2
    np.testing.assert_allclose(said[STAYED], 150 * pace, rtol=0.06)
    np.testing.assert_allclose(said[LEFT] / said[STAYED], 0.2, rtol=0.15)


def test_days_are_carried_as_spend_grows() -> None:
    value = fit_value(draw(), "pace", 180, REACH, AS_OF)
    assert value is not None
    # Half of it is spent in the first 90 days by who stays, and nothing by who left. No year is over.
    assert value.carried[STAYED] == pytest.approx({90: 0.5, 180: 1.0}, abs=0.02)
    assert value.carried[LEFT] == {90: 0.0, 180: 1.0}
    assert value.factor(365) == pytest.approx(1 + 185 / 180, abs=0.05)


def test_a_longer_time_is_learned_from_those_who_are_old_enough() -> None:
    rows = draw()
    old = rows.snapshots == DAYS[0]
    spend = {**rows.spend, 365: np.where(old, 1.6 * rows.spend[180], np.nan)}
    value = fit_value(dataclasses.replace(rows, spend=spend), "pace", 180, REACH, np.datetime64("2025-01-01"))
    assert value is not None
    assert value.carried[STAYED][365] == pytest.approx(1.6)
    assert value.carried[LEFT][365] == pytest.approx(1.6)


def test_growth_goes_half_the_way_to_the_newest_days() -> None:
    value = fit_value(draw(10_000, growth=1.2), "pace", 180, REACH, AS_OF)
    assert value is not None
    # The days' levels are 1, 1.2 and 1.44, their mean 1.213: the newest is 1.187 times that, half the way its root.
    assert value.growth == pytest.approx(np.sqrt(1.44 / ((1 + 1.2 + 1.44) / 3)), abs=0.02)


def test_who_left_brings_nothing_where_nobody_came_back() -> None:
    value = fit_value(draw(left=0.0), "pace", 180, REACH, AS_OF)
    assert value is not None
    assert value.left == {}
    assert (value.predict(draw(100).X)[LEFT] == 0).all()


def test_where_few_came_back_they_differ_by_one_number() -> None:
    rows = draw()
    few = (rows.churned == 1) & (rows.customers >= 40)
    spend = {days: np.where(few, 0.0, spent) for days, spent in rows.spend.items()}
    value = fit_value(dataclasses.replace(rows, spend=spend), "pace", 180, REACH, AS_OF)
    assert value is not None
    assert list(value.left) == ["constant"]


def test_only_what_is_known_on_the_day_counts() -> None:
    rows = draw()
    day = DAYS[1] + 180
    later = rows.snapshots + 180 > day
    changed = {180: np.where(later, 1e6, rows.spend[180]), 90: rows.spend[90], 365: rows.spend[365]}
    found, other = (
        fit_value(dataclasses.replace(rows, spend=spend), "regression", 180, REACH, day)
        for spend in (rows.spend, changed)
    )
    assert found == other


def test_money_has_no_unit() -> None:
    rows = draw()
    X = rows.X.assign(**{name: 100 * rows.X[name] for name in rows.X if name.startswith("amount")})
    cents = dataclasses.replace(rows, X=X, spend={days: 100 * spent for days, spent in rows.spend.items()})
    euros, hundred = (fit_value(each, "regression", 180, REACH, AS_OF) for each in (rows, cents))
    assert euros is not None
    assert hundred is not None
    np.testing.assert_allclose(hundred.predict(X), 100 * euros.predict(rows.X), rtol=1e-5)


def test_too_few_who_stayed_teach_nothing() -> None:
    rows = draw(100)
    kept = (rows.churned == 1) | (rows.customers < 10)
    assert fit_value(rows.take(kept), "pace", 180, REACH, AS_OF) is None
    nothing = dataclasses.replace(rows, spend={days: 0 * spent for days, spent in rows.spend.items()})
    assert fit_value(nothing, "pace", 180, REACH, AS_OF) is None
