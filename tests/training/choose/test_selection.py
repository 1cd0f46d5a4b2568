"""Selection: what is said of the gate's rows was chosen without their outcomes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from churnml.definition import ChurnDefinition
from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import FitSettings
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import sigmoid
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.selection import AtGate, Selection, predict, select
from churnml.training.rows.folds import Apart, Forward, plan_folds

pytestmark = pytest.mark.slow

MakeFrame = Callable[..., TrainingFrame]
DEFINITION = ChurnDefinition(horizon_days=60)
SETTINGS = FitSettings(7, 1)


def selected(frame: TrainingFrame, plan: Forward | Apart) -> tuple[Selection, AtGate]:
    options = Recipe(tuple(frame.X.columns))
    return select(frame, plan, list(CANDIDATES), options, SETTINGS, 100_000, DEFINITION.reach_days)


def spread(moved: np.ndarray, rows: np.ndarray, frame: TrainingFrame) -> float:
    return max(float(np.ptp(moved[rows & (frame.snapshots == day)])) for day in frame.days)


def turned(frame: TrainingFrame, rows: np.ndarray) -> TrainingFrame:
    return dataclasses.replace(frame, churned=np.where(rows, 1 - frame.churned, frame.churned))


def test_each_part_of_the_customers_is_judged_by_what_was_chosen_without_it(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=500, snapshots=3, hidden=1.5)
    plan = plan_folds(frame, DEFINITION, 6, most_rows=1_000_000)
    assert isinstance(plan, Apart)
    _, one = selected(frame, plan)
    assert np.isfinite(one.chosen).all()
    for part in range(4):
        at = plan.parts == part
        _, other = selected(turned(frame, at), plan)
        # With all outcomes of a part turned round, what is said of it stays but for the level of each day, which is one
        # for all parts; what is said of the others does not stay.
        for found, before in ((other.chosen, one.chosen), (other.rule, one.rule)):
            assert spread(found - before, at, frame) < 1e-9
            assert spread(found - before, ~at, frame) > 0.01


def test_forward_the_gate_is_predicted_by_the_recipe_that_was_chosen(make_frame: MakeFrame) -> None:
    frame = make_frame(hidden=1.5)
    plan = plan_folds(frame, DEFINITION, 6, most_rows=1_000_000)
    assert isinstance(plan, Forward)
    selection, at_gate = selected(frame, plan)
    train, X = frame.take(plan.gate.train), frame.X.loc[plan.gate.test]
    for found, recipe in ((at_gate.chosen, selection.chosen), (at_gate.rule, selection.rule)):
        expected = recipe.calibrate(recipe.fit(train, SETTINGS).logodds(X), X)
        np.testing.assert_array_equal(found, expected)
    assert selection.rule.candidate == "recency_rule"
    assert selection.chosen.candidate == selection.comparison.candidate[selection.comparison.chosen].iloc[0]


def test_recipes_are_predicted_in_the_order_of_the_frame(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=500, snapshots=3)
    plan = plan_folds(frame, DEFINITION, 6, most_rows=1_000_000)
    recipe = Recipe(tuple(frame.X.columns))
    (found, again) = predict(frame, plan.gates, [recipe, recipe], SETTINGS, 100_000)
    np.testing.assert_array_equal(found, again)
    for fold in plan.gates:
        alone = recipe.fit(frame.take(fold.train), SETTINGS).logodds(frame.X.loc[fold.test])
        for day in frame.days:
            at, churned = frame.snapshots[fold.test] == day, frame.churned[frame.snapshots == day]
            moved = found[fold.test][at] - alone[at]
            assert moved == pytest.approx(moved[0], abs=1e-9)
            assert sigmoid(found[fold.test][at]).mean() == pytest.approx(churned.mean(), abs=2e-3)
