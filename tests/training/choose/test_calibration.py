"""Calibration: used only where it helps on later folds, for all customers and by segment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnml.models.segments import Segment, membership
from churnml.statistics.logodds import sigmoid
from churnml.training.choose.calibration import (
    calibration_slope,
    fit_offsets,
    fit_slope,
    lasting_slope,
    segment_offsets,
)
from churnml.training.choose.predictions import Predictions
from churnml.training.choose.segments import find_segments
from tests.drawn import predictions_of


def folded(strength: list[float], said: list[float], rows: int = 4_000, seed: int = 0) -> Predictions:
    """Draw folds 30 days apart in which the truth is ``strength`` and the prediction ``said`` times a number."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(len(strength), rows))
    churned = (rng.random(z.shape) < sigmoid(np.array(strength)[:, None] * z)).astype(float)
    folds = np.repeat(np.arange(len(strength)), rows)
    return predictions_of(
        churned.ravel().tolist(),
        {"model": (np.array(said)[:, None] * z).ravel().tolist()},
        folds=folds.tolist(),
        customers=np.tile(np.arange(rows), len(strength)).tolist(),
    )


def test_an_overconfident_candidate_gets_a_slope_below_one() -> None:
    # It says twice what is true.
    assert calibration_slope(folded([1.0] * 4, [2.0] * 4), "model", 30) == pytest.approx(0.5, abs=0.05)


def test_a_timid_candidate_gets_a_slope_above_one() -> None:
    assert calibration_slope(folded([1.0] * 4, [0.5] * 4), "model", 30) == pytest.approx(2.0, abs=0.2)


@pytest.mark.parametrize(
    ("slope", "share"),
    [
        # The square of its logarithm is no more than .2 squared: what lasts has .12 squared, of .0544 together.
        (1.1, 0.0144 / 0.0544),
        # .0688 is .0288 more than .04, and that share of it lasts.
        (1.3, 0.0288 / 0.0688),
        # .4805 is .4405 more.
        (0.5, 0.4405 / 0.4805),
    ],
)
def test_of_a_slope_the_part_is_kept_that_lasts(slope: float, share: float) -> None:
    assert lasting_slope(slope) == pytest.approx(slope**share, abs=1e-4)
    assert lasting_slope(1 / slope) == pytest.approx(1 / lasting_slope(slope), abs=1e-5)
    assert lasting_slope(1.0) == 1.0


def test_calibration_that_does_not_help_later_is_not_used() -> None:
    # Overconfident on the first fold, timid on the second: the factor of the one is wrong for the other.
    assert calibration_slope(folded([1.0, 1.0], [2.0, 0.5]), "model", 30) == 1.0


def test_one_fold_is_not_enough_for_calibration() -> None:
    assert calibration_slope(folded([1.0], [2.0]), "model", 30) == 1.0
    assert calibration_slope(folded([1.0], [2.0]), "model", None) == 1.0


def test_calibration_learns_only_from_outcomes_that_were_known() -> None:
    # Folds lie 30 days apart. With windows of 31 days only the third may learn from the first; with 61 days none may.
    overconfident = folded([1.0] * 3, [2.0] * 3)
    assert calibration_slope(overconfident, "model", 60) < 0.6
    assert calibration_slope(overconfident, "model", 61) == 1.0
    # Customers kept apart share the day, and need no embargo.
    assert calibration_slope(overconfident, "model", None) < 0.6


def test_a_slope_is_fitted_within_groups() -> None:
    given = folded([1.0, 1.0], [2.0, 2.0])
    lifted = given.logodds["model"] + 3.0 * given.folds
    plain = fit_slope(given.churned, given.logodds["model"], given.groups)
    assert fit_slope(given.churned, lifted, given.groups) == pytest.approx(plain, abs=1e-3)
    assert plain == pytest.approx(0.5, abs=0.05)


def test_constant_predictions_need_no_slope() -> None:
    assert fit_slope(np.array([1.0, 0.0]), np.array([2.0, 2.0]), np.array([0, 0])) == 1.0


# --- segments


def split(offsets: list[float], rows: int = 4_000) -> tuple[Predictions, np.ndarray]:
    """Draw folds in which every second customer stands ``offsets`` log-odds above what is said."""
    given = folded([1.0] * len(offsets), [1.0] * len(offsets), rows)
    member = np.tile(np.arange(rows) % 2, len(offsets)).astype(float)
    rng = np.random.default_rng(5)
    truth = given.logodds["model"] + np.repeat(offsets, rows) * member
    given.churned[:] = rng.random(len(truth)) < sigmoid(truth)
    return given, member[:, None]


SEGMENT = [Segment("odd", "number", 1.0, None)]


def test_a_segment_that_is_off_on_every_fold_is_moved() -> None:
    given, members = split([0.8] * 4)
    (found,) = segment_offsets(given, given.logodds["model"], members, SEGMENT, 30)
    assert found.offset == pytest.approx(0.8, abs=0.1)


def test_a_segment_that_is_right_stays_nearly_where_it_is() -> None:
    given, members = split([0.0] * 4)
    (found,) = segment_offsets(given, given.logodds["model"], members, SEGMENT, 30)
    assert found.offset == pytest.approx(0.0, abs=0.08)


def test_an_offset_that_does_not_last_is_not_used() -> None:
    given, members = split([0.8, -0.8])
    (found,) = segment_offsets(given, given.logodds["model"], members, SEGMENT, 30)
    assert found.offset == 0.0


def test_the_offset_by_hand() -> None:
    # 4,000 said log-odds 0: of 2,000 members 3/4 left, log(3), of the others half. The level takes what all share.
    churned = np.tile([1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0], 500)
    members = np.tile([1.0] * 4 + [0.0] * 4, 500)[:, None]
    found = fit_offsets(churned, np.zeros(4_000), members, np.zeros(4_000, dtype=np.int64))
    assert found[0] == pytest.approx(np.log(3), abs=0.06)


def test_who_belongs_to_a_segment() -> None:
    X = pd.DataFrame(
        {
            "order_days_total": [1.0, 2.0, 1.0, np.nan],
            "days_since_first_order": [89.0, 90.0, np.nan, 5.0],
            "amount_sum_365d": [0.0, 10.0, 20.0, 1000.0],
        }
    )
    segments = find_segments(X)
    assert [segment.name for segment in segments] == ["one-time buyers", "first order within 90 days", "top spenders"]
    assert membership(X, segments).tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 0], [0, 1, 1]]
    assert find_segments(X[[]]) == []
