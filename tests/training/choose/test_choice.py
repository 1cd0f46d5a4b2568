"""The choice: compared by hand, the simplest within one standard error, and calibration only where it helps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.blend import find_weights
from churnml.models.rows import TrainingFrame
from churnml.training.choose.choice import better_than_chance, compare, predict_folds, with_blend
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


def test_candidates_are_compared_as_by_hand() -> None:
    table = compare(predictions_of(CHURNED, {"flat": FLAT, "right": RIGHT})).set_index("candidate")
    # (6 * .287682 + 2 * 1.386294) / 8 = .562335
    assert table.shape_loss["right"] == pytest.approx(0.562335, abs=1e-6)
    assert table.shape_loss["flat"] == pytest.approx(0.693147, abs=1e-6)
    # 16 pairs: 9 right, 1 wrong, 6 ties: (9 + 3) / 16.
    assert table.auroc["right"] == 0.75
    assert table.auroc["flat"] == 0.5
    assert table.behind["right"] == 0.0
    assert table.behind_error["right"] == 0.0
    # flat - right is .405465 six times and -.693147 twice: mean .130812, deviations .274653 and -.823959,
    # sum of squares 6 * .075434 + 2 * .678909 = 1.810424, error sqrt(8 / 7 * 1.810424) / 8 = .179803.
    assert table.behind["flat"] == pytest.approx(0.130812, abs=1e-6)
    assert table.behind_error["flat"] == pytest.approx(0.179803, abs=1e-6)
    # Here the flat one is what chance says.
    assert table.against_chance["flat"] == 0.0
    assert table.against_chance["right"] == pytest.approx(-0.130812, abs=1e-6)
    assert table.against_chance_error["right"] == pytest.approx(0.179803, abs=1e-6)
    # Behind by less than one error: the simpler one is chosen.
    assert table.chosen.to_dict() == {"flat": True, "right": False}


def test_beyond_one_standard_error_the_better_one_is_chosen() -> None:
    # Four times as many customers halve the error: .13 is more than .09.
    given = {"flat": FLAT * 4, "right": RIGHT * 4}
    table = compare(predictions_of(CHURNED * 4, given)).set_index("candidate")
    assert table.behind_error["flat"] < 0.131
    assert table.chosen.to_dict() == {"flat": False, "right": True}


def test_the_error_is_clustered_by_customer() -> None:
    # The same four rows of every customer tell no more than one of them: sums of a customer are four times as large.
    table = compare(
        predictions_of(CHURNED * 4, {"flat": FLAT * 4, "right": RIGHT * 4}, customers=[*range(8)] * 4)
    ).set_index("candidate")
    assert table.behind_error["flat"] == pytest.approx(0.179803, abs=1e-6)
    assert table.chosen["flat"]


def test_the_simplest_of_equals_is_chosen() -> None:
    table = compare(predictions_of(CHURNED, {"a": RIGHT, "b": RIGHT, "c": RIGHT}))
    assert table.chosen.tolist() == [True, False, False]
    assert table.candidate.tolist() == ["a", "b", "c"]


def test_the_level_of_a_fold_is_not_rewarded() -> None:
    lifted = [*RIGHT, *(value + 5 for value in RIGHT)]
    table = compare(
        predictions_of(CHURNED * 2, {"right": RIGHT * 2, "lifted": lifted}, folds=[0] * 8 + [1] * 8)
    ).set_index("candidate")
    assert table.shape_loss["lifted"] == pytest.approx(table.shape_loss["right"], abs=1e-12)
    assert table.auroc["lifted"] == table.auroc["right"]


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
    assert found.trees == {"lightgbm": [3, 3, 3]}
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
    given = dataclasses.replace(given, trees={"lightgbm": [10, 20, 30, 40]})
    kept = given.take(np.array([False, True, False, False, True, True, False, True]))
    assert kept.rows.tolist() == [1, 4, 5, 7]
    assert kept.folds.tolist() == [0, 1, 1, 2]
    assert kept.trees == {"lightgbm": [10, 30, 40]}
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


def test_the_blend_of_a_fold_knows_what_was_known_before_it() -> None:
    members = {"rfm_logistic": RIGHT * 100, "spline_logistic": FLAT * 100}
    given = predictions_of(CHURNED * 100, members, folds=[0] * 400 + [1] * 400)
    given = dataclasses.replace(given, trees={"lightgbm": [3, 4]})
    blended = with_blend(given, 30)
    right = np.array(RIGHT * 100)
    # Nothing is known before the first fold: half of each. Then come the weights that were best on it.
    np.testing.assert_allclose(blended.logodds["blend"][:400], right[:400] / 2)
    first = {name: np.array(values[:400]) for name, values in members.items()}
    weight = find_weights(given.churned[:400], first, np.zeros(400, dtype=np.int64))["rfm_logistic"]
    assert weight > 0.52
    np.testing.assert_allclose(blended.logodds["blend"][400:], weight * right[400:])
    assert blended.trees == {"lightgbm": [3, 4], "blend": [3, 4]}
    everything = {name: np.array(values) for name, values in members.items()}
    assert blended.weights == find_weights(given.churned, everything, given.groups)
    # One day more and the first fold is not known either.
    np.testing.assert_allclose(with_blend(given, 31).logodds["blend"], right / 2)


def test_the_blend_of_customers_kept_apart_knows_all_others() -> None:
    members = {"rfm_logistic": RIGHT * 100, "spline_logistic": FLAT * 100}
    given = predictions_of(CHURNED * 100, members, folds=[0] * 200 + [1] * 600)
    found = with_blend(given, None).logodds["blend"]
    for fold, others in ((slice(0, 200), slice(200, 800)), (slice(200, 800), slice(0, 200))):
        parts = {name: np.array(values[others]) for name, values in members.items()}
        weights = find_weights(given.churned[others], parts, np.zeros(len(parts["rfm_logistic"]), dtype=np.int64))
        np.testing.assert_allclose(found[fold], weights["rfm_logistic"] * np.array(RIGHT * 100)[fold])


def test_one_member_is_no_blend() -> None:
    given = predictions_of(CHURNED, {"recency_rule": FLAT, "rfm_logistic": RIGHT})
    assert with_blend(given, 30) is given


def test_better_than_chance_on_the_folds_is_by_more_than_one_standard_error() -> None:
    def found(rule: float, other: float, chosen: str) -> set[str]:
        table = pd.DataFrame(
            {
                "candidate": ["recency_rule", "lightgbm"],
                "against_chance": [rule, other],
                "against_chance_error": [0.01, 0.01],
            }
        )
        return better_than_chance(table.assign(chosen=table.candidate == chosen))

    assert found(-0.011, -0.02, "lightgbm") == {"chosen", "rule"}
    assert found(-0.011, -0.02, "recency_rule") == {"chosen", "rule"}
    assert found(-0.009, -0.02, "lightgbm") == {"chosen"}
    assert found(-0.011, 0.02, "lightgbm") == {"rule"}
    assert found(0.0, 0.0, "recency_rule") == set()
    # Exactly one standard error is not more than one.
    assert found(-0.01, -0.01, "lightgbm") == set()
