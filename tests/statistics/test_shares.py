"""Intervals of shares: published values, hand-computed ones, and laws."""

from __future__ import annotations

import numpy as np
import pytest

from churnml.statistics.shares import newcombe, wilson


def test_wilson_gives_the_published_intervals() -> None:
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
    low, high = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    np.testing.assert_allclose(low, [0.2553, 0.0624, 0.0000, 0.0061], atol=5e-5)
    np.testing.assert_allclose(high, [0.3662, 0.1605, 0.1611, 0.1718], atol=5e-5)


def test_newcombe_gives_the_published_intervals() -> None:
    # Newcombe 1998, "Interval estimation for the difference between independent proportions", table II, method 10.
    low, high = newcombe([56, 9, 6, 5, 0, 0], [70, 10, 7, 56, 10, 10], [48, 3, 2, 0, 0, 0], [80, 10, 7, 29, 20, 10])
    np.testing.assert_allclose(low, [0.0524, 0.1705, 0.0582, -0.0381, -0.1611, -0.2775], atol=5e-5)
    np.testing.assert_allclose(high, [0.3339, 0.8090, 0.8062, 0.1926, 0.2775, 0.2775], atol=5e-5)


def test_the_other_way_round_it_is_the_negative() -> None:
    low, high = newcombe(7, 30, 40, 90)
    other_low, other_high = newcombe(40, 90, 7, 30)
    assert (low, high) == (pytest.approx(-other_high), pytest.approx(-other_low))


def test_shares_of_nothing_are_nan_without_a_warning() -> None:
    assert np.isnan(wilson([0], [0])).all()
    assert np.isnan(newcombe([3], [4], [0], [0])).all()
    assert all(end.size == 0 for end in wilson([], []))


def test_intervals_hold_their_share_and_stay_within_bounds() -> None:
    n = np.repeat(np.arange(1, 40), 40)
    hits = np.minimum(np.tile(np.arange(40), 39), n)
    low, high = wilson(hits, n)
    assert ((low >= 0) & (low <= hits / n) & (hits / n <= high) & (high <= 1) & (low < high)).all()
    low, high = newcombe(hits, n, hits[::-1], n[::-1])
    difference = hits / n - hits[::-1] / n[::-1]
    assert ((low >= -1) & (low <= difference) & (difference <= high) & (high <= 1) & (low < high)).all()


def test_they_hold_the_truth_in_about_95_of_100_draws() -> None:
    rng = np.random.default_rng(4)
    hits, other = rng.binomial(60, 0.3, 20_000), rng.binomial(45, 0.2, 20_000)
    low, high = newcombe(hits, 60, other, 45)
    assert ((low <= 0.1) & (high >= 0.1)).mean() == pytest.approx(0.95, abs=0.012)
