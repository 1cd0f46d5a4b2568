"""Folds: the embargo on the exact day, the gate on the newest snapshot, customers apart where history is short."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.models.rows import TrainingFrame
from churnml.training.rows.folds import Apart, Fold, Forward, Plan, judged_rows, plan_folds

MakeFrame = Callable[..., TrainingFrame]


def planned(frame: TrainingFrame, definition: ChurnDefinition, at_most: int) -> Plan:
    return plan_folds(frame, definition, at_most, most_rows=1_000_000)


def trained_on(frame: TrainingFrame, fold: Fold) -> list[str]:
    return np.unique(frame.snapshots[fold.train]).astype(str).tolist()


def test_the_embargo_is_half_open_on_the_exact_day(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=2_000, snapshots=7, every_days=30)
    # A window of 60 days from 2024-01-01 ends before 2024-03-01, the third snapshot: that one may learn from it.
    exact = planned(frame, ChurnDefinition(horizon_days=60), 6)
    assert isinstance(exact, Forward)
    assert exact.gate.name == "2024-06-29"
    assert trained_on(frame, exact.gate) == ["2024-01-01", "2024-01-31", "2024-03-01", "2024-03-31", "2024-04-30"]
    assert [fold.name for fold in exact.choice] == ["2024-03-01", "2024-03-31", "2024-04-30"]
    assert trained_on(frame, exact.choice[0]) == ["2024-01-01"]
    # One more day, as horizon or as lead, and the window ends on the third snapshot's own day.
    for definition in (ChurnDefinition(horizon_days=61), ChurnDefinition(horizon_days=60, lead_days=1)):
        later = planned(frame, definition, 6)
        assert isinstance(later, Forward)
        assert trained_on(frame, later.gate) == ["2024-01-01", "2024-01-31", "2024-03-01", "2024-03-31"]
        assert [fold.name for fold in later.choice] == ["2024-03-31"]
        assert trained_on(frame, later.choice[0]) == ["2024-01-01"]


@settings(max_examples=40)
@given(
    every=st.integers(1, 60),
    snapshots=st.integers(1, 9),
    horizon=st.integers(1, 120),
    lead=st.integers(0, 20),
    at_most=st.integers(1, 6),
)
def test_no_fold_knows_what_comes_later(
    make_frame: MakeFrame, every: int, snapshots: int, horizon: int, lead: int, at_most: int
) -> None:
    frame = make_frame(customers=1_300, snapshots=snapshots, every_days=every, levels=[0.0] * snapshots)
    definition = ChurnDefinition(horizon_days=horizon, lead_days=lead)
    plan = planned(frame, definition, at_most)
    reach = definition.reach_days
    for fold in (*plan.choice, *plan.gates):
        assert not (fold.train & fold.test).any()
        assert fold.train.any()
        assert fold.test.any()
    if isinstance(plan, Forward):
        newest = frame.days[-1]
        assert len(plan.choice) <= at_most
        assert plan.choice[-1].test.sum() == 1_300
        assert (frame.snapshots[plan.gate.test] == newest).all()
        for fold in plan.choice:
            # What is chosen on it was known on the day of the gate.
            assert frame.snapshots[fold.test].max() + reach <= newest
        for fold in (*plan.choice, plan.gate):
            assert frame.snapshots[fold.train].max() + reach <= frame.snapshots[fold.test].min()
    else:
        # The four parts hold every row once, and no customer is in two of them.
        np.testing.assert_array_equal(np.sum([fold.test for fold in plan.choice], axis=0), 1)
        # They are judged on the newest snapshots: those whose windows overlap with the newest one's, which hold more
        # than 50 who left and who stayed.
        newest = frame.snapshots > frame.days[-1] - reach
        np.testing.assert_array_equal(judged_rows(plan.gates), newest)
        for part, (fold, gate) in enumerate(zip(plan.choice, plan.gates, strict=True)):
            np.testing.assert_array_equal(gate.train, fold.train)
            np.testing.assert_array_equal(gate.test, fold.test & newest)
            np.testing.assert_array_equal(fold.test, plan.parts == part)
            assert not set(frame.customers[fold.train]) & set(frame.customers[fold.test])
        # Of each pair of parts, the others tell.
        assert list(plan.pairs) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
        for pair, fold in plan.pairs.items():
            np.testing.assert_array_equal(fold.test, np.isin(plan.parts, pair))
            np.testing.assert_array_equal(fold.train, ~fold.test)


def test_of_many_rows_only_some_are_kept_apart(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=1_000, snapshots=3)
    plan = plan_folds(frame, ChurnDefinition(), 6, most_rows=1_500)
    assert isinstance(plan, Apart)
    used = judged_rows(plan.choice)
    assert 1_200 < used.sum() < 1_800
    for fold in (*plan.choice, *plan.pairs.values()):
        # Whole customers, and nobody beyond them.
        np.testing.assert_array_equal(fold.train | fold.test, used)
    assert np.unique(plan.parts).tolist() == [-1, 0, 1, 2, 3]
    np.testing.assert_array_equal(np.isin(frame.customers, frame.customers[used]), used)


def test_customers_apart_are_judged_on_as_many_snapshots_as_hold_50_of_each(make_frame: MakeFrame) -> None:
    # Snapshots every 30 days and a window of 60: the newest two overlap. Each holds 40 who left, and 20 who stayed.
    frame = make_frame(customers=60, snapshots=6)
    frame.churned[:] = np.arange(len(frame)) % 3 > 0
    for window, first in ((60, 3), (30, 3), (61, 3), (120, 2), (3650, 0)):
        plan = planned(frame, ChurnDefinition(horizon_days=window), 6)
        assert isinstance(plan, Apart)
        np.testing.assert_array_equal(judged_rows(plan.gates), frame.snapshots >= frame.days[first])
    # Of a third of the customers, about 7 stayed on each: fewer than 50 on all six.
    plan = plan_folds(frame, ChurnDefinition(horizon_days=60), 6, most_rows=120)
    used = judged_rows(plan.choice)
    assert (frame.churned[used] == 0).sum() < 50
    np.testing.assert_array_equal(judged_rows(plan.gates), used)
    # 20 on each of the last three are 60. Of 50, none is too few; of 49, a fourth snapshot is needed.
    stayed = np.flatnonzero((frame.churned == 0) & (frame.snapshots >= frame.days[3]))
    for gone, first in ((10, 3), (11, 2)):
        frame.churned[stayed[:gone]] = 1.0
        plan = planned(frame, ChurnDefinition(horizon_days=60), 6)
        np.testing.assert_array_equal(judged_rows(plan.gates), frame.snapshots >= frame.days[first])


def test_below_500_churned_or_kept_customers_are_split(make_frame: MakeFrame) -> None:
    # A window of 60 days, snapshots every 30: the gate, the fifth, learns from three, the one choice fold from one.
    frame = make_frame(customers=1_200, snapshots=5, levels=[0.0] * 5)
    first = frame.snapshots == frame.days[0]
    definition = ChurnDefinition(horizon_days=60)
    for value in (0.0, 1.0):
        for count, forward in ((500, True), (499, False)):
            frame.churned[first] = 1.0 - value
            frame.churned[np.flatnonzero(first)[:count]] = value
            assert planned(frame, definition, 6).forward is forward


def test_the_newest_folds_are_used(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=1_300, snapshots=9)
    plan = planned(frame, ChurnDefinition(horizon_days=30), 2)
    assert [fold.name for fold in plan.choice] == frame.days[-3:-1].astype(str).tolist()


@pytest.mark.parametrize("few", [0.0, 1.0])
def test_too_small_a_shop_is_refused_with_the_remedy(make_frame: MakeFrame, few: float) -> None:
    frame = make_frame(customers=100, snapshots=3)
    frame.churned[:] = 1 - few
    frame.churned[:49] = few
    message = "The shop is too small to learn from: 100 customers, seen on 3 snapshots, churned "
    with pytest.raises(InputError, match=re.escape(message) + ".*Bring more history or more customers"):
        planned(frame, ChurnDefinition(), 6)
    frame.churned[49] = few
    assert not planned(frame, ChurnDefinition(), 6).forward


def test_few_customers_on_many_snapshots_are_refused(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=2, snapshots=200)
    with pytest.raises(InputError, match="too small to learn from: 2 customers"):
        planned(frame, ChurnDefinition(horizon_days=3650), 6)


def test_a_part_without_customers_who_left_is_refused(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=400, snapshots=2)
    frame.churned[:] = frame.hashes < 0.25
    with pytest.raises(InputError, match="too small to learn from: 400 customers"):
        planned(frame, ChurnDefinition(), 6)


def test_an_empty_frame_is_refused(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=10, snapshots=1)
    with pytest.raises(InputError, match="too small to learn from: 0 customers"):
        planned(frame.take(np.zeros(10, dtype=bool)), ChurnDefinition(), 6)


def test_parts_are_quarters_of_the_hashes(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=400, snapshots=2)
    plan = planned(frame, ChurnDefinition(), 6)
    assert isinstance(plan, Apart)
    np.testing.assert_array_equal(plan.parts, np.searchsorted([0.25, 0.5, 0.75], frame.hashes, side="right"))
    assert [fold.name for fold in plan.choice] == ["apart 1/4", "apart 2/4", "apart 3/4", "apart 4/4"]
    assert plan.pairs[1, 3].name == "apart 2+4/4"
    assert plan.gate_name == "apart"


def test_the_refusal_counts_customers_and_outcomes(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=100, snapshots=3)
    frame.churned[:] = 0.0
    frame.churned[:49] = 1.0
    with pytest.raises(InputError) as caught:
        planned(frame, ChurnDefinition(), 6)
    assert str(caught.value).startswith(
        "The shop is too small to learn from: 100 customers, seen on 3 snapshots, churned 49 times and stayed 251 "
        "times, but at least 50 of each are needed, and of enough customers to split."
    )
