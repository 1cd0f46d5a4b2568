"""What probabilities expect of themselves: worked out by hand, by brute force over pairs, and by drawing."""

from __future__ import annotations

import numpy as np
import pytest

from churnml.statistics.expected import (
    expected_auroc,
    expected_brier,
    expected_interval,
    expected_lift,
    expected_log_loss,
    weighted_auroc,
)
from churnml.statistics.metrics import auroc, brier_score, lift_at, log_loss


def by_pairs(z: np.ndarray, up: np.ndarray, down: np.ndarray) -> float:
    """Add up over all pairs of two different rows."""
    won = pairs = 0.0
    for i in range(len(z)):
        for j in range(len(z)):
            if i != j:
                pairs += up[i] * down[j]
                won += up[i] * down[j] * (1.0 if z[i] > z[j] else 0.5 if z[i] == z[j] else 0.0)
    return won / pairs


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_brute_force_over_pairs_gives(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = rng.integers(1, 10, rng.integers(2, 50)) / 10  # with ties
    assert expected_auroc(p) == pytest.approx(by_pairs(p, p, 1 - p), abs=1e-12)
    y, w = (rng.random(len(p)) < p).astype(float), rng.uniform(0.5, 10, len(p))
    if 0 < y.sum() < len(y):
        assert weighted_auroc(y, p, w) == pytest.approx(by_pairs(p, w * y, w * (1 - y)), abs=1e-12)
        assert weighted_auroc(y, p, np.full(len(p), 3.0)) == pytest.approx(auroc(y, p), abs=1e-12)


def test_a_constant_tells_nobody_apart_and_the_order_of_rows_does_not_matter() -> None:
    assert expected_auroc(np.full(100, 0.3)) == pytest.approx(0.5, abs=1e-12)
    p = np.random.default_rng(0).random(500)
    assert expected_auroc(p) == pytest.approx(expected_auroc(p[::-1]), abs=1e-12)
    assert expected_auroc([0.0, 1.0]) == 1.0
    for nothing in ([], [0.4], [1.0, 1.0]):
        assert np.isnan(expected_auroc(nothing))


def test_what_is_expected_is_what_happens_on_average() -> None:
    rng = np.random.default_rng(1)
    p = rng.beta(1, 2, 2_000)
    drawn = (rng.random((1_000, len(p))) < p).astype(float)
    z = np.log(p / (1 - p))
    for happened, expected in (
        ([auroc(y, p) for y in drawn], expected_auroc(p)),
        ([log_loss(y, z) for y in drawn], expected_log_loss(p)),
        ([brier_score(y, p) for y in drawn], expected_brier(p)),
        ([lift_at(y, p, 200) for y in drawn], expected_lift(p, 200)),
    ):
        off = np.abs(np.array(happened) - expected) / np.std(happened)
        assert (off < 3).mean() >= 0.99
        # The mean of 1,000 draws, within four of its standard errors and the 1 / n of a ratio of expectations.
        assert np.mean(happened) == pytest.approx(expected, abs=4 * np.std(happened) / np.sqrt(1_000) + 1e-3)


def test_an_error_of_the_level_widens_the_interval_of_the_rate() -> None:
    p = np.full(10_000, 0.5)
    low, high = expected_interval(p, lambda y: float(y.mean()), spread=0.2)
    # .2 of log-odds at one half are .05 of a share: 1.96 of them to each side, and next to nothing from chance.
    assert (low, high) == pytest.approx((0.40, 0.60), abs=0.025)
    assert all(map(np.isnan, expected_interval(p[:5], lambda y: float("nan"))))
