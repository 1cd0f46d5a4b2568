"""Selection: what is said of the gate's rows was chosen without their outcomes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from churnml.models.candidates.base import FitSettings
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import sigmoid
from churnml.statistics.metrics import auroc_within
from churnml.training.choose.calibration import calibration_slope, lasting_slope
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.selection import choose, predict
from churnml.training.rows.folds import Apart, Forward, judged_rows
from churnml.training.rows.study import Study
from tests.drawn import study_of

pytestmark = pytest.mark.slow

MakeFrame = Callable[..., TrainingFrame]
SETTINGS = FitSettings(7, 1)


def study_with(frame: TrainingFrame) -> Study:
    return study_of(frame, horizon_days=60, seed=7, fold_rows=100_000)


def spread(moved: np.ndarray, rows: np.ndarray, frame: TrainingFrame) -> float:
    return max(float(np.ptp(moved[rows & (frame.snapshots == day)])) for day in frame.days)


def turned(frame: TrainingFrame, rows: np.ndarray) -> TrainingFrame:
    return dataclasses.replace(frame, churned=np.where(rows, 1 - frame.churned, frame.churned))


def test_each_part_of_the_customers_is_judged_by_what_was_chosen_without_it(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=500, snapshots=3, hidden=1.5)
    plan = study_with(frame).plan
    assert isinstance(plan, Apart)
    judged = judged_rows(plan.gates)
    one = choose(study_with(frame)).at_gate
    assert np.isfinite(one.by_choice).all()
    for part in range(4):
        at = plan.parts == part
        other = choose(study_with(turned(frame, at))).at_gate
        # With all outcomes of a part turned round, what is said of it stays but for the level of each day, which is one
        # for all parts; what is said of the others does not stay.
        for found, before in ((other.by_choice, one.by_choice), (other.rule, one.rule)):
            moved = found - before
            assert spread(moved, at[judged], frame.take(judged)) < 1e-9
            assert spread(moved, ~at[judged], frame.take(judged)) > 0.01


def test_parts_of_few_customers_stand_at_one_level(make_frame: MakeFrame) -> None:
    # Of 60 customers a part holds 15. Recency tells nearly all; with the rate of each part, who of them stays is lost.
    frame = make_frame(customers=60, snapshots=20, signal=6.0)
    study = study_with(frame)
    plan = study.plan
    assert isinstance(plan, Apart)
    judged = judged_rows(plan.gates)
    churned, recency = frame.churned[judged], frame.X.days_since_last_order.to_numpy()[judged]
    told = auroc_within(churned, choose(study).at_gate.rule, frame.snapshots[judged])
    assert told == pytest.approx(auroc_within(churned, recency, frame.snapshots[judged]), abs=0.005)


def test_forward_the_gate_is_predicted_by_the_recipe_that_was_chosen(make_frame: MakeFrame) -> None:
    frame = make_frame(hidden=1.5)
    plan = study_with(frame).plan
    assert isinstance(plan, Forward)
    choice = choose(study_with(frame))
    train, X = frame.take(plan.gate.train), frame.X.loc[plan.gate.test]
    for found, recipe in ((choice.at_gate.chosen, choice.chosen), (choice.at_gate.rule, choice.rule)):
        expected = recipe.calibrate(recipe.fit(train, SETTINGS).logodds(X), X)
        np.testing.assert_array_equal(found, expected)
    assert choice.rule.candidate == "recency_rule"
    assert (
        choice.chosen.candidate
        == choice.at_gate.candidate
        == choice.comparison.candidate[choice.comparison.chosen].item()
    )


def test_forward_a_recipe_has_the_part_of_its_slope_that_lasts(make_frame: MakeFrame) -> None:
    study = study_with(make_frame(hidden=1.5))
    choice = choose(study)
    of_folds = calibration_slope(choice.predictions, choice.chosen.candidate, study.embargo_days)
    assert of_folds > 1.1
    assert choice.chosen.slope == lasting_slope(of_folds)


def test_of_customers_kept_apart_the_whole_slope_is_used(make_frame: MakeFrame) -> None:
    study = study_with(make_frame(customers=500, snapshots=3, hidden=1.5))
    assert isinstance(study.plan, Apart)
    choice = choose(study)
    assert choice.chosen.slope > 1.1
    assert choice.chosen.slope == calibration_slope(choice.predictions, choice.chosen.candidate, study.embargo_days)


def test_recipes_are_predicted_in_the_order_of_the_frame(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=500, snapshots=3)
    study, recipe = study_with(frame), Recipe(tuple(frame.X.columns))
    (found, again) = predict(study, study.plan.gates, [recipe, recipe])
    np.testing.assert_array_equal(found, again)
    judged = judged_rows(study.plan.gates)
    for day in np.unique(frame.snapshots[judged]):
        whole, shifts = frame.snapshots == day, []
        churned = frame.churned[whole]
        assert sigmoid(found[(frame.snapshots == day)[judged]]).mean() == pytest.approx(churned.mean(), abs=2e-3)
        for fold in study.plan.gates:
            alone = recipe.fit(frame.take(fold.train), SETTINGS).logodds(frame.X.loc[whole])
            at = fold.test & whole
            moved = found[at[judged]] - alone[at[whole]]
            assert moved == pytest.approx(moved[0], abs=1e-9)
            shifts.append(moved[0] + alone.mean())
        # Over all customers of the day, each fit says the same on average.
        assert shifts == pytest.approx([shifts[0]] * 4, abs=1e-9)
