"""Selection: what is said of the gate's rows was chosen without their outcomes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from churnml.definition import ChurnDefinition
from churnml.training.candidates import CANDIDATES
from churnml.training.candidates.base import FitSettings
from churnml.training.folds import Apart, Forward, plan_folds
from churnml.training.frame import TrainingFrame
from churnml.training.recipe import Recipe
from churnml.training.selection import AtGate, Selection, predict, select

MakeFrame = Callable[..., TrainingFrame]
DEFINITION = ChurnDefinition(horizon_days=60)
SETTINGS = FitSettings(7, 1)


def selected(frame: TrainingFrame, plan: Forward | Apart) -> tuple[Selection, AtGate]:
    options = Recipe(tuple(frame.X.columns))
    return select(frame, plan, list(CANDIDATES), options, SETTINGS, 100_000, DEFINITION.reach_days)


def turned(frame: TrainingFrame, rows: np.ndarray) -> TrainingFrame:
    return dataclasses.replace(frame, churned=np.where(rows, 1 - frame.churned, frame.churned))


def test_each_part_of_the_customers_is_judged_by_what_was_chosen_without_it(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=500, snapshots=3, hidden=1.5)
    plan = plan_folds(frame, DEFINITION, 6)
    assert isinstance(plan, Apart)
    _, one = selected(frame, plan)
    assert np.isfinite(one.chosen).all()
    for part in range(4):
        at = plan.parts == part
        _, other = selected(turned(frame, at), plan)
        # With all outcomes of a part turned round, what is said of it stays, and what is said of the others does not.
        np.testing.assert_array_equal(other.chosen[at], one.chosen[at])
        np.testing.assert_array_equal(other.rule[at], one.rule[at])
        assert np.abs(other.chosen[~at] - one.chosen[~at]).mean() > 0.01


def test_forward_the_gate_is_predicted_by_the_recipe_that_was_chosen(make_frame: MakeFrame) -> None:
    frame = make_frame(hidden=1.5)
    plan = plan_folds(frame, DEFINITION, 6)
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
    plan = plan_folds(frame, DEFINITION, 6)
    recipe = Recipe(tuple(frame.X.columns))
    (found, again) = predict(frame, plan.gates, [recipe, recipe], SETTINGS, 100_000)
    np.testing.assert_array_equal(found, again)
    for fold in plan.gates:
        expected = recipe.fit(frame.take(fold.train), SETTINGS).logodds(frame.X.loc[fold.test])
        assert found[fold.test] == pytest.approx(expected, abs=1e-12)
