"""Out-of-fold predictions: which rows they stand beside, and what was known when."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import FitSettings
from churnml.models.rows import TrainingFrame
from churnml.training.choose.predictions import predict_folds
from churnml.training.choose.recipe import Recipe
from churnml.training.rows.folds import Fold
from tests.drawn import predictions_of, study_of

MakeFrame = Callable[..., TrainingFrame]
LOG3 = float(np.log(3))


# Of four customers with log-odds log(3) (75 %) three churned, of four with -log(3) one. A row that went as expected
# loses -log(.75) = .287682, one that did not -log(.25) = 1.386294; without a difference all lose log(2) = .693147.
CHURNED = [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]
RIGHT = [LOG3] * 4 + [-LOG3] * 4
FLAT = [0.0] * 8


def test_figures_of_each_fold() -> None:
    given = predictions_of(CHURNED * 2, {"right": [*RIGHT, *FLAT]}, folds=[0] * 8 + [1] * 8)
    assert given.figures("right") == [
        {"shape_loss": pytest.approx(0.562335, abs=1e-6), "auroc": 0.75},
        {"shape_loss": pytest.approx(0.693147, abs=1e-6), "auroc": 0.5},
    ]
    # Where only one outcome is there, an order is not defined and left out.
    assert list(predictions_of([1.0, 1.0], {"right": [0.0, 1.0]}).figures("right")[0]) == ["shape_loss"]


def test_predictions_stand_beside_their_rows(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=300, snapshots=4)
    folds = [Fold(str(day), frame.snapshots < day, frame.snapshots == day) for day in frame.days[1:]]
    seen: list[tuple[str, int, int]] = []
    study = study_of(frame, candidates=["recency_rule", "lightgbm"], progress=lambda *step: seen.append(step))
    found = predict_folds(study, folds, Recipe(tuple(frame.X.columns), trees=3))
    later = frame.snapshots > frame.days[0]
    np.testing.assert_array_equal(found.rows, np.flatnonzero(later))
    np.testing.assert_array_equal(found.churned, frame.churned[later])
    np.testing.assert_array_equal(found.customers, frame.customers[later])
    np.testing.assert_array_equal(found.snapshots, frame.snapshots[later])
    np.testing.assert_array_equal(found.folds, np.repeat([0, 1, 2], 300))
    np.testing.assert_array_equal(found.groups, np.repeat([0, 1, 2], 300))
    alone = CANDIDATES["recency_rule"]().fit(frame.take(folds[2].train), FitSettings(7, 1))
    np.testing.assert_array_equal(found.logodds["recency_rule"][600:], alone.logodds(frame.take(folds[2].test).X))
    assert seen[-1] == ("folds", 3, 3)
    assert len(seen) == 7


def test_a_fold_is_tested_on_whole_customers_up_to_a_number(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=300, snapshots=4)
    folds = [Fold("late", frame.snapshots < frame.days[2], frame.snapshots >= frame.days[2])]
    options = Recipe(tuple(frame.X.columns))
    study = study_of(frame, candidates=["recency_rule"], fold_rows=1_000)
    found = predict_folds(study, folds, options, 200)
    assert 150 < len(found.rows) < 250
    assert (np.unique(found.customers, return_counts=True)[1] == 2).all()
    np.testing.assert_array_equal(found.churned, frame.churned[found.rows])


def test_some_rows_keep_their_folds_and_trees_apart() -> None:
    given = predictions_of(CHURNED, {"lightgbm": RIGHT, "blend": FLAT}, folds=[0, 0, 1, 1, 2, 2, 3, 3])
    kept = given.take(np.array([False, True, False, False, True, True, False, True]))
    assert kept.rows.tolist() == [1, 4, 5, 7]
    assert kept.folds.tolist() == [0, 1, 1, 2]
    assert list(kept.logodds) == ["lightgbm"]
    assert kept.churned.tolist() == [CHURNED[at] for at in (1, 4, 5, 7)]


def test_outcomes_are_known_from_the_embargo_on() -> None:
    given = predictions_of(CHURNED, {"right": RIGHT}, folds=[0, 0, 1, 1, 2, 2, 3, 3])
    # Folds lie 30 days apart: of the third, 60 days after the first, the second is known after 30 days, not after 31.
    assert given.known_before(2, 30).tolist() == [True] * 4 + [False] * 4
    assert given.known_before(2, 31).tolist() == [True] * 2 + [False] * 6
    assert given.known_before(0, 30).tolist() == [False] * 8
    # Customers kept apart are known whatever the day.
    assert given.known_before(2, None).tolist() == [True] * 4 + [False] * 4


def test_all_that_a_fold_is_told_was_known_by_its_first_day() -> None:
    # The outcome of day 0 is known on day 20: after the first, and before the second snapshot of the next fold.
    given = dataclasses.replace(
        predictions_of([0.0, 1.0, 0.0], {"a": [0.0, 0.0, 0.0]}, folds=[0, 1, 1]),
        snapshots=np.datetime64("2025-01-01") + np.array([0, 10, 40]),
    )
    assert given.known_before(1, 20).tolist() == [False] * 3
    assert given.known_before(1, 10).tolist() == [True, False, False]
