"""Blending: weights from what was known or from other customers, and members that tell something."""

from __future__ import annotations

import numpy as np
import pytest

from churnml.models.candidates.blend import find_weights, weighted_sum
from churnml.statistics.logodds import Floats
from churnml.training.choose.blending import beats_chance, with_blend
from churnml.training.choose.predictions import Predictions
from tests.drawn import predictions_of

LOG3 = float(np.log(3))
# As in test_choice: RIGHT is right of six in eight; WEAK of five.
CHURNED = [1.0, 1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]
RIGHT = [LOG3] * 4 + [-LOG3] * 4
WEAK = [LOG3, LOG3, -LOG3, -LOG3, -LOG3, -LOG3, -LOG3, LOG3]
FLAT = [0.0] * 8
# Each half of the customers, and each fifth, holds the eight as often.
CUSTOMERS = [10 * (row // 80) + row // 8 % 10 for row in range(800)]


def weights_on(given: Predictions, rows: Floats) -> dict[str, float]:
    """Find weights from some rows of a single snapshot."""
    members = {name: np.asarray(values)[rows] for name, values in given.logodds.items()}
    return find_weights(given.churned[rows], members, np.zeros(len(rows), dtype=np.int64))


def test_the_blend_of_a_fold_knows_what_was_known_before_it() -> None:
    members = {"rfm_logistic": RIGHT * 100, "spline_logistic": WEAK * 100}
    given = predictions_of(CHURNED * 100, members, customers=CUSTOMERS, folds=[0] * 400 + [1] * 400)
    blended = with_blend(given, 30)
    both = {name: np.array(values) for name, values in members.items()}
    # The weights of the second fold are those that were best on the first.
    weights = weights_on(given, np.arange(400))
    assert weights["rfm_logistic"] > 0.52
    np.testing.assert_allclose(blended.logodds["blend"][400:], weighted_sum(weights, both)[400:])
    assert blended.weights == find_weights(given.churned, both, given.groups)


@pytest.mark.parametrize("days", [30, 31])
def test_before_which_nothing_is_known_the_weights_come_from_the_other_fifths_of_the_customers(days: int) -> None:
    # What a member tells differs from fifth to fifth, so that each has weights of its own.
    rng = np.random.default_rng(1)
    sure = 1 + np.array(CUSTOMERS) % 5 + rng.random(800)
    members = {"rfm_logistic": np.array(RIGHT * 100) * sure, "spline_logistic": np.array(WEAK * 100) / sure}
    given = predictions_of(CHURNED * 100, members, customers=CUSTOMERS, folds=[0] * 400 + [1] * 400)
    found = with_blend(given, days).logodds["blend"]
    # After 31 days the first fold is not known by the second: these are first folds both.
    first = given.folds == 0 if days == 30 else given.folds >= 0
    told = []
    for part in range(5):
        at = first & (given.customers % 5 == part)
        others = np.flatnonzero(first & (given.customers % 5 != part))
        members_there = {name: values[others] for name, values in members.items()}
        weights = find_weights(given.churned[others], members_there, given.groups[others])
        told.append(weights["rfm_logistic"])
        np.testing.assert_allclose(found[at], weighted_sum(weights, members)[at])
    assert np.ptp(told) > 0.001


def test_the_blend_of_customers_kept_apart_knows_all_others() -> None:
    members = {"rfm_logistic": np.array(RIGHT * 100), "spline_logistic": np.array(WEAK * 100)}
    given = predictions_of(CHURNED * 100, members, customers=CUSTOMERS, folds=[0] * 200 + [1] * 600)
    found = with_blend(given, None).logodds["blend"]
    for fold, others in ((slice(0, 200), slice(200, 800)), (slice(200, 800), slice(0, 200))):
        weights = weights_on(given, np.arange(800)[others])
        np.testing.assert_allclose(found[fold], weighted_sum(weights, members)[fold])


def test_a_member_that_tells_nothing_of_other_customers_does_not_enter() -> None:
    turned = [-value for value in RIGHT]
    for useless in (FLAT * 100, turned * 100):
        members = {"bg_nbd": useless, "rfm_logistic": RIGHT * 100, "spline_logistic": WEAK * 100}
        blended = with_blend(
            predictions_of(CHURNED * 100, members, customers=CUSTOMERS, folds=[0] * 400 + [1] * 400), 30
        )
        assert set(blended.weights) == {"rfm_logistic", "spline_logistic"}
    # Where none tells anything, none is left out: something must be said, and the gate judges it.
    members = {"bg_nbd": FLAT * 100, "rfm_logistic": turned * 100}
    given = predictions_of(CHURNED * 100, members, customers=CUSTOMERS, folds=[0] * 800)
    assert with_blend(given, 30).weights == {"bg_nbd": 1.0}


def test_half_of_the_customers_fits_the_slope_and_the_other_half_judges_it() -> None:
    churned, right, groups = np.array(CHURNED * 4), np.array(RIGHT * 4), np.zeros(32, dtype=np.int64)
    halves = 2 * np.arange(32) + np.repeat([0, 1], 16)  # both hold the eight twice
    assert beats_chance(churned, right, groups, halves)
    assert not beats_chance(churned, 0 * right, groups, halves)
    assert not beats_chance(churned, -right, groups, halves)
    # What is right of the one half and wrong of the other by as much: the slope of each hurts the other.
    assert not beats_chance(churned, np.repeat([1.0, -1.0], 16) * right, groups, halves)
    # One half at its own slope of 1 would gain .131, more than the .075 that the other, right of 9 in 16, loses by it;
    # at the slope of .23 that the other half wants it gains .055.
    nine = np.tile(2 * np.array(CHURNED) - 1, 2) * LOG3
    nine[[0, 3, 5, 8, 10, 12, 15]] *= -1
    assert not beats_chance(churned, np.concatenate([right[:16], nine]), groups, halves)
    assert not beats_chance(churned, np.concatenate([nine, right[:16]]), groups, halves)
    # The slope of 3 that a half without a miss gets is too sure of the other half.
    assert not beats_chance(churned, right, groups, np.arange(32))


def test_one_member_is_no_blend() -> None:
    given = predictions_of(CHURNED, {"recency_rule": FLAT, "rfm_logistic": RIGHT})
    assert with_blend(given, 30) is given
