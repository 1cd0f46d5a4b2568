"""The population stability index and the bins that it counts in."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, wasserstein_distance

from churnml.statistics.drift import bin_edges, count_in_bins, density_ratio, domain_auroc, psi, wasserstein


def test_earlier_rows_stand_for_a_day_by_how_much_more_common_they_are() -> None:
    rng = np.random.default_rng(4)
    before = (rng.random(4_000) < 0.2).astype(float)[:, None]  # one in five is of the kind
    now = (rng.random(2_000) < 0.6).astype(float)[:, None]  # three in five are now
    weights = density_ratio(now, before, rng.random(2_000), rng.random(4_000))
    of_kind = before[:, 0] == 1
    assert weights[of_kind].mean() == pytest.approx(0.6 / 0.2, rel=0.1)
    assert weights[~of_kind].mean() == pytest.approx(0.4 / 0.8, rel=0.1)
    # Weighted, they are as the day is.
    assert np.average(of_kind, weights=weights) == pytest.approx(0.6, abs=0.03)
    assert np.isnan(density_ratio(now[:50], before, rng.random(50), rng.random(4_000))).all()


def test_bins_hold_tenths_and_a_value_of_many_has_one_of_its_own() -> None:
    values = np.arange(100.0)
    edges = bin_edges(values)
    assert edges.tolist() == [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]
    assert count_in_bins(values, edges).tolist() == [10] * 10 + [0]
    # Six of 100 are more than a twentieth, five are not.
    for copies, apart in ((6, True), (5, False)):
        many = np.concatenate([np.arange(100.0 - copies), np.full(copies, 33.0) + 0.5])
        assert (33.5 in bin_edges(many)) == apart
    counts = count_in_bins([0.0] * 80 + [1.0] * 15 + [np.nan] * 5, bin_edges([0.0] * 80 + [1.0] * 20))
    # Below 0, exactly 0, between, exactly 1, above, null.
    assert counts.tolist() == [0, 80, 0, 15, 0, 5]
    assert bin_edges([np.nan, np.nan]).size == 0
    assert count_in_bins([1.0, np.nan], []).tolist() == [1, 1]


@pytest.mark.parametrize("seed", range(20))
def test_it_is_not_below_zero_symmetric_and_finite(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 50, 12), rng.integers(0, 3, 12)
    assert psi(a, b) > 0
    assert psi(a, b) == pytest.approx(psi(b, a), rel=1e-12)
    assert psi(a, a) == 0.0
    assert np.isfinite(psi(a, np.zeros(12)))


@pytest.mark.parametrize("transform", [np.exp, lambda x: 3 * x - 7, lambda x: x**3])
def test_a_monotone_transformation_changes_nothing(transform: object) -> None:
    rng = np.random.default_rng(3)
    before, now = rng.normal(size=3_000).round(1), rng.normal(0.2, 1, 3_000).round(1)
    found = [
        psi(count_in_bins(how(now), edges), count_in_bins(how(before), edges))
        for how in (lambda x: x, transform)
        for edges in [bin_edges(how(before))]  # type: ignore[operator]
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_random_halves_stay_below_the_noise_that_the_theory_gives() -> None:
    rng = np.random.default_rng(4)
    values = rng.gamma(2.0, 3.0, 4_000)
    edges = bin_edges(values)
    for _ in range(200):
        first = rng.permutation(len(values)) < 2_000
        apart = psi(count_in_bins(values[first], edges), count_in_bins(values[~first], edges))
        assert apart < chi2.ppf(0.9999, 9) * (1 / 2_000 + 1 / 2_000)


def test_the_mean_distance_is_in_the_unit_of_the_values() -> None:
    # Sorted, 1, 2 and 6 lie 0, 1 and 2 from 1, 3 and 4; nulls are no values.
    assert wasserstein([6.0, 1.0, np.nan, 2.0], [1.0, 3.0, 4.0]) == pytest.approx(1.0)
    days = np.random.default_rng(0).normal(size=50)
    assert wasserstein(days + 2.1, days) == pytest.approx(2.1)
    assert np.isnan(wasserstein([np.nan], [1.0]))
    rng = np.random.default_rng(1)
    now, before = rng.integers(0, 6, 40).astype(np.float64), rng.exponential(2.0, 70)
    assert wasserstein(now, before) == pytest.approx(wasserstein_distance(now, before), rel=1e-12)
    assert wasserstein(before, now) == pytest.approx(wasserstein(now, before), rel=1e-12)


def test_a_classifier_tells_days_apart_by_what_no_feature_shows_alone_and_by_no_customer() -> None:
    rng = np.random.default_rng(1)
    own, hashes = rng.normal(size=(800, 4)), rng.random(800)
    # The same customers with numbers that only they have: on both days they are alike.
    assert domain_auroc(own, own, hashes, hashes) == pytest.approx(0.5, abs=0.01)
    others = rng.normal(size=(700, 4))
    assert domain_auroc(own, others, hashes, rng.random(700)) == pytest.approx(0.5, abs=0.06)
    # Each alone is as before, and two always have the same sign now.
    together = others.copy()
    together[:, 1] = np.abs(others[:, 1]) * np.sign(others[:, 0])
    assert domain_auroc(together, own, rng.random(700), hashes) > 0.65
    assert np.isnan(domain_auroc(own[:150], own, hashes[:150], hashes))
