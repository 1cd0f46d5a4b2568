"""Limits from the past, and how often they would have raised an alarm."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from churnml.statistics.alarms import (
    alarms_over,
    deviations_of,
    enough_deviations,
    episodes,
    false_alarms_per_year,
    limit,
    replayed_alarms,
)


def test_a_limit_needs_four_numbers_and_some_spread() -> None:
    assert np.isnan(limit([1.0, 2.0, 3.0, np.nan], 2.0))
    # All alike: a spread of a tenth is taken, so that 2 deviations are exp(.2).
    assert limit([5.0] * 4, 2.0) == pytest.approx(5 * np.exp(0.2))
    assert limit(np.exp([0.0, 1.0, 2.0, 3.0, 40.0]), 1.0) == pytest.approx(
        np.exp(2 + 1.4826)
    )  # one outlier does not count
    assert limit([0.0, 0.0, 0.0, 0.0], 2.0) >= 0.0


def test_limits_rise_with_rarer_alarms_and_more_looks() -> None:
    assert deviations_of(0.5, 12) < deviations_of(0.5, 52) < deviations_of(0.1, 52)
    # .5 / (12 x 6) = .00694, of a normal number above 2.4601.
    assert deviations_of(0.5, 12) == pytest.approx(2.4601, abs=1e-4)


def test_two_looks_in_a_row_need_a_lower_limit_each_and_more_so_where_they_are_independent() -> None:
    one, alike = deviations_of(0.5, 12), deviations_of(0.5, 12, 1 - 1e-9)
    assert alike == pytest.approx(one, abs=1e-3)  # the second tells nothing
    assert deviations_of(0.5, 12, 0.0) == pytest.approx(norm.isf(np.sqrt(0.5 / 72)), abs=1e-6)
    # Counted over pairs that share two thirds: 2 of 3 numbers are in both sums.
    parts = np.random.default_rng(2).normal(size=(1_000_000, 4))
    first, second = parts[:, :3].sum(axis=1) / np.sqrt(3), parts[:, 1:].sum(axis=1) / np.sqrt(3)
    bound = deviations_of(0.5, 12, 2 / 3)
    assert ((first > bound) & (second > bound)).mean() == pytest.approx(0.5 / 72, abs=3e-4)


def test_an_alarm_lasts_two_looks_or_is_strong() -> None:
    assert alarms_over([2.0, 2.0, 0.5, 2.0, 3.0, 3.1], [1.0] * 6) == [False, True, False, False, True, True]
    assert alarms_over([2.0, 3.1], [float("nan")] * 2) == [False, False]
    assert episodes([True, True, False, True]) == 2
    assert episodes([]) == 0


def test_the_replay_compares_each_look_with_the_others_alone() -> None:
    rng = np.random.default_rng(0)
    quiet = np.exp(rng.normal(0, 0.3, 24)).tolist()
    assert not any(replayed_alarms(quiet, 3.0))
    assert replayed_alarms([*quiet, 50.0], 3.0)[-1]


def test_deviations_grow_until_the_past_is_quiet_enough() -> None:
    rng = np.random.default_rng(5)
    heavy = np.exp(rng.standard_t(2, 40)).tolist()
    assert episodes(replayed_alarms(heavy, 0.5)) > 1
    grown = enough_deviations(heavy, 0.5, 1)
    assert grown > 0.5
    assert episodes(replayed_alarms(heavy, grown)) <= 1
    assert enough_deviations(heavy, 0.5, 40) == 0.5


def test_what_no_alarm_in_two_years_of_months_proves() -> None:
    # Wilson for 0 of 24: 3.84 / (24 + 3.84) = .138 of a look, 12 of which are a year.
    assert false_alarms_per_year(0, 24, 12) == pytest.approx((0.0, 12 * 0.13799), abs=1e-3)
    assert false_alarms_per_year(3, 36, 12)[0] == 1.0
    assert np.isnan(false_alarms_per_year(0, 0, 12)).all()
