"""Sequences of looks: the published formula, and that looking often claims no more than it should."""

from __future__ import annotations

import math

import numpy as np
import pytest

from churnml.statistics.sequences import mixture_half_width


def test_the_boundary_is_the_published_one() -> None:
    # Howard, Ramdas, McAuliffe and Sekhon 2021, equation 14, as savvi and ville have it: sqrt((V + r) log((V + r) /
    # (r a^2))), with r = V* / (-log a^2 + log(1 - log a^2)): 100 / (5.9915 + log 6.9915) = 12.6
    r = 100 / (-math.log(0.05**2) + math.log(1 - math.log(0.05**2)))
    assert r == pytest.approx(12.6, abs=0.05)
    for variance in (1.0, 50.0, 100.0, 1e4):
        by_hand = math.sqrt((variance + r) * math.log((variance + r) / (r * 0.05**2)))
        assert mixture_half_width(variance, 100.0) == pytest.approx(by_hand)


def test_it_is_narrowest_for_its_size_where_it_was_planned() -> None:
    at_plan = mixture_half_width(100.0, 100.0)
    assert at_plan < mixture_half_width(100.0, 20.0)
    assert at_plan < mixture_half_width(100.0, 500.0)


def test_looking_at_every_step_misses_rarely() -> None:
    rng = np.random.default_rng(6)
    sums = np.abs(rng.normal(size=(2_000, 300)).cumsum(axis=1))
    bounds = np.array([mixture_half_width(step, 100.0) for step in range(1, 301)])
    misses = (sums > bounds).any(axis=1).mean()
    fixed = (sums > 1.96 * np.sqrt(np.arange(1, 301))).any(axis=1).mean()
    assert misses <= 0.05
    assert fixed > 0.35
