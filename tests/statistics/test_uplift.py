"""Figures of a ranking by effect: by hand, beside another library, and with errors that hold."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import ArrayLike

from churnml.statistics.figure import Figure
from churnml.statistics.uplift import autoc, auuc, doubly_robust, list_value, mean_effect, qini

Rank = Callable[..., Figure]


def test_scores_by_hand_and_their_mean() -> None:
    # effect .1 and .4 expected alone: listed .1 + (y - .5) / .8, held out .1 - (y - .4) / .2
    scores = doubly_robust([True, True, False, False], [1, 0, 1, 0], [0.2] * 4, [0.4] * 4, 0.1)
    assert scores.round(6).tolist() == [0.725, -0.525, -2.9, 2.1]
    assert mean_effect(scores).value == pytest.approx(-0.15)


def test_qini_autoc_and_auuc_by_hand() -> None:
    scores, ranking = [4.0, 0.0, 2.0, -2.0], [0.9, 0.5, 0.7, 0.1]
    # Places from the bottom are 7/8, 3/8, 5/8, 1/8: (3.5 + 0 + 1.25 - .25) / 4 = 1.125, less half the mean of 1.
    assert qini(scores, ranking).value == pytest.approx(0.625)
    assert auuc(scores, ranking).value == pytest.approx(1.125)
    # Quarters weigh -4 (b log b - a log a): 1.3863, .0000, -.5233, -.8630.
    places = [
        -4 * (b * np.log(b) - a * np.log(a)) if a else -np.log(b)
        for a, b in ((0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1))
    ]
    assert autoc(scores, ranking).value == pytest.approx((4 * places[0] + 2 * places[1] - 2 * places[3]) / 4)
    assert list_value(scores, [True, False, True, False]).value == pytest.approx(1.5)


@pytest.mark.parametrize("rank", [qini, autoc])
def test_a_ranking_of_equals_is_worth_nothing_and_its_reverse_the_opposite(rank: Rank) -> None:
    rng = np.random.default_rng(1)
    scores, ranking = rng.normal(size=50), rng.normal(size=50)
    assert rank(scores, np.zeros(50)).value == pytest.approx(0.0, abs=1e-12)
    assert rank(np.ones(50), ranking).value == pytest.approx(0.0, abs=1e-12)
    assert qini(scores, ranking).value == pytest.approx(-qini(scores, -ranking).value)


@pytest.mark.parametrize("rank", [qini, autoc, auuc])
def test_influences_add_up_to_nothing_and_are_the_derivative(rank: Rank) -> None:
    rng = np.random.default_rng(2)
    scores, ranking = rng.normal(1.0, 1.0, 400), np.round(rng.normal(size=400), 1)
    figure = rank(scores, ranking)
    assert figure.moved.sum() == pytest.approx(0.0, abs=1e-12)
    # A customer who counts a little more moves the figure by her influence times that.
    for at in (0, 17, 399):
        weights = np.ones(400)
        weights[at] += 1e-4
        slope = (rank(scores, ranking, weights).value - figure.value) / 1e-4
        assert slope == pytest.approx(figure.moved[at], abs=3e-6)


@pytest.mark.parametrize("rank", [qini, autoc, auuc])
def test_weights_count_customers_several_times(rank: Rank) -> None:
    rng = np.random.default_rng(3)
    scores, ranking, times = rng.normal(size=60), rng.integers(0, 9, 60), rng.integers(1, 4, 60)
    repeated: list[ArrayLike] = [np.repeat(values, times) for values in (scores, ranking)]
    assert rank(scores, ranking, times).value == pytest.approx(rank(*repeated).value, abs=1e-12)


@pytest.mark.parametrize("rank", [qini, autoc])
def test_the_error_is_the_spread_over_repeated_draws(rank: Rank) -> None:
    rng = np.random.default_rng(4)
    draws = []
    for _ in range(300):
        ranking = rng.random(300)
        draws.append(rank(ranking + rng.normal(size=300), ranking))
    spread = np.std([draw.value for draw in draws])
    # The standard error of a standard deviation of 300 draws is 4 %.
    assert np.mean([draw.error for draw in draws]) == pytest.approx(spread, rel=0.13)
    # The effect grows with the place: the integral of F^2 is 1/3, less 1/4; that of -u log u - u / ... is 1/4.
    assert np.mean([draw.value for draw in draws]) == pytest.approx(1 / 12 if rank is qini else 1 / 4, abs=0.03)


def test_as_scikit_uplift_where_arms_are_of_one_size() -> None:
    # sklift.metrics.uplift_curve 0.5.1 on y, uplift, treatment below gives gains per listed customer whose area, by
    # trapezoids from (0, 0) over n, is AREA:
    #     import numpy as np; from sklift.metrics import uplift_curve
    #     x, gains = uplift_curve(y, order, w); area = np.trapezoid(gains, x) / len(y) ** 2
    rng = np.random.default_rng(5)
    n = 4_000
    w, order = np.tile([1, 0], n // 2), rng.permutation(n).astype(float)
    y = (rng.random(n) < 0.3 + 0.2 * w * order / n).astype(float)
    scores = doubly_robust(w, y, [0.5] * n, [0.0] * n, 0.0)
    assert auuc(scores, order).value == pytest.approx(AREA, abs=0.003)


AREA = 0.0586677
