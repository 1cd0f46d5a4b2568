"""The level: which churn rate is assumed, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnml.definition import ChurnDefinition
from churnml.statistics.logodds import sigmoid
from churnml.training.judge.level import choose_level
from churnml.words.findings import say_level

DEFINITION = ChurnDefinition(horizon_days=30)
FIRST = np.datetime64("2023-01-01")


def rates_of(rates: list[float], customers: int = 10_000) -> pd.DataFrame:
    """Give snapshots 30 days apart."""
    days = FIRST + 30 * np.arange(len(rates))
    return pd.DataFrame(
        {"snapshot_date": days.astype(str), "customers": [customers] * len(rates), "churn_rate": np.array(rates)}
    )


def day(number: int) -> np.datetime64:
    return FIRST + 30 * number


def test_without_folds_the_mean_of_all_snapshots_is_assumed() -> None:
    # Half a customer on both sides: (2.5 / 5) and (.5 / 5), log-odds 0 and log(1 / 9); both weigh the same.
    low = np.log(1 / 9)
    found = choose_level(rates_of([0.5, 0.0], customers=4), day(4), [], DEFINITION)
    assert (found.kind, found.tested_forward) == ("none", False)
    assert found.rate == pytest.approx(sigmoid(low / 2))
    assert found.spread == pytest.approx(-low / 2)
    assert found.newest == 0.0
    assert found.last_year is None


def test_a_rate_that_drifts_is_told_by_the_newest() -> None:
    rates = rates_of([0.2 + 0.03 * number for number in range(12)])
    folds = [day(number) for number in range(4, 11)]
    found = choose_level(rates, day(12), folds, DEFINITION)
    assert found.kind == "trailing"
    # Known by day 12 is snapshot 11, whose window ended on that day: .2 + .03 * 11.
    assert found.rate == pytest.approx(0.53, abs=1e-4)
    assert found.low < 0.53 < found.high


def test_a_rate_that_comes_back_every_year_is_told_by_last_year() -> None:
    # 12 snapshots of 30 days are 360 days: near enough to a year.
    season = [0.5 + 0.3 * np.sin(2 * np.pi * number / 12) for number in range(36)]
    found = choose_level(rates_of(season), day(36), [day(number) for number in range(20, 35)], DEFINITION)
    assert found.kind == "last_year"
    assert found.rate == pytest.approx(season[24], abs=1e-3)
    assert found.last_year == pytest.approx(season[24], abs=1e-3)


def test_rates_that_jump_at_random_are_met_by_their_mean() -> None:
    rng = np.random.default_rng(3)
    found = choose_level(
        rates_of(rng.uniform(0.3, 0.7, 40).tolist()), day(40), [day(number) for number in range(14, 39)], DEFINITION
    )
    assert found.kind == "none"


def followed(gain: float) -> str:
    """Give the kind of level that is assumed after three folds, the last of which gains so much by the newest rate."""
    # Log-odds 0, 1, 2, 2 and z of so many customers that half a one more is nothing. Squared errors of the mean less
    # those of the newest rate, by fold: (.5 - 2)^2 - (1 - 2)^2 = 1.25; (1 - 2)^2 - (2 - 2)^2 = 1;
    # (1.25 - z)^2 - (2 - z)^2 = 1.5 z - 2.4375.
    levels = [0.0, 1.0, 2.0, 2.0, (gain + 2.4375) / 1.5]
    rates = rates_of(sigmoid(levels).tolist(), customers=10**9)
    return choose_level(rates, day(5), [day(2), day(3), day(4)], DEFINITION).kind


def test_the_newest_rate_is_followed_where_it_gains_more_than_one_standard_error() -> None:
    # The mean of three gains is their standard error where their products of two add up to 0: 1.25 + 2.25 g = 0,
    # g = -.5556.
    assert followed(-0.54) == "trailing"
    assert followed(-0.57) == "none"


def test_where_all_ways_tell_the_same_it_is_the_mean() -> None:
    assert (
        choose_level(rates_of([0.5] * 12), day(12), [day(number) for number in range(4, 11)], DEFINITION).kind == "none"
    )


def test_two_folds_tell_no_level() -> None:
    rates = rates_of(sigmoid([0.0, 1.0, 2.0, 3.0]).tolist())
    assert choose_level(rates, day(4), [day(2), day(3)], DEFINITION).kind == "none"
    assert choose_level(rates, day(4), [day(2), day(3), day(3)], DEFINITION).kind == "trailing"


def test_no_outcome_is_used_before_it_is_known() -> None:
    rates = rates_of([0.5] * 8 + [0.9])
    found = choose_level(rates, day(8), [day(6)], DEFINITION)
    assert found.rate == pytest.approx(0.5, abs=1e-6)


def test_the_sentence_says_what_is_known_and_what_is_assumed() -> None:
    # Snapshot 12 of 2023-12-27 is known on day 13, 2024-01-26; a year before that is 2023-01-26, nearest snapshot 1.
    found = choose_level(rates_of([0.5, 0.4] + [0.5] * 11), day(13), [day(12)], DEFINITION)
    known = "of the customers of Dec 27, 2023, the newest day whose outcome was known then, 50% left"
    between = f"{found.low:.0%} to {found.high:.0%}"
    assert say_level(found.to_card(0.0), "en") == (
        f"For Jan 26, 2024 we assume that {found.rate:.0%} of the customers leave ({between}): {known}, and of those "
        "of Jan 31, 2023 40%."
    )
    assert (found.newest_day, found.last_year_day) == ("2023-12-27", "2023-01-31")


def test_the_sentence_rounds_the_interval_to_points() -> None:
    found = choose_level(rates_of([0.5, 0.0], customers=4), day(4), [], DEFINITION)
    rounded = replace(found, rate=0.904, low=0.796, high=0.951).to_card(0.0)
    assert "90% of the customers leave (80% to 95%)" in say_level(rounded, "en")


def test_without_a_snapshot_a_year_before_the_sentence_is_shorter() -> None:
    found = choose_level(rates_of([0.5] * 4), day(5), [], DEFINITION)
    assert say_level(found.to_card(0.0), "en") == (
        "For May 31, 2023 we assume that 50% of the customers leave (50% to 50%): of the customers of Apr 1, 2023, the "
        "newest day whose outcome was known then, 50% left; not tested forward."
    )
    assert found.last_year_day is None


def rates_on(days: list[np.datetime64], levels: list[float], customers: list[int] | None = None) -> pd.DataFrame:
    """Give snapshots with churn rates of such log-odds; of so many customers that half a one more is nothing."""
    return pd.DataFrame(
        {
            "snapshot_date": np.array(days).astype(str),
            "customers": customers or [10**9] * len(days),
            "churn_rate": sigmoid(levels),
        }
    )


def test_the_interval_is_that_of_the_errors_on_the_folds() -> None:
    # The newest rate is off by 1 - 2, 2 - 2 and 2 - 2 on the folds: the spread is sqrt(1 / 3); it gains 1.25, 1, .5625.
    rates = rates_on([day(number) for number in range(5)], [0.0, 1.0, 2.0, 2.0, 2.0])
    found = choose_level(rates, day(5), [day(2), day(3), day(4)], DEFINITION)
    assert found.kind == "trailing"
    assert found.tested_forward
    assert found.spread == pytest.approx(np.sqrt(1 / 3), abs=1e-6)
    assert found.rate == pytest.approx(sigmoid(2.0), abs=1e-6)
    assert (found.low, found.high) == pytest.approx(tuple(sigmoid([2 - 1.96 / 3**0.5, 2 + 1.96 / 3**0.5])), abs=1e-6)


def test_two_folds_tell_no_interval() -> None:
    # Each of the known log-odds -1, 0 and 1 is taken for a draw around their mean 0: sqrt(2 / 3). The folds are off by
    # (-1 + 0) / 2 - 1 and -1 - 0.
    rates = rates_on([day(number) for number in range(3)], [-1.0, 0.0, 1.0])
    found = choose_level(rates, day(3), [day(1), day(2)], DEFINITION)
    assert found.kind == "none"
    assert found.rate == pytest.approx(0.5, abs=1e-6)
    assert found.spread == pytest.approx(np.sqrt(2 / 3), abs=1e-6)


def test_the_mean_counts_customers() -> None:
    # (2 + .5) / (4 + 1) is a half, log-odds 0; (0 + .5) / (8 + 1) has log(1 / 17): (4 x 0 + 8 x log(1 / 17)) / 12.
    rates = rates_of([0.5, 0.0]).assign(customers=[4, 8])
    found = choose_level(rates, day(2), [], DEFINITION)
    assert found.rate == pytest.approx(sigmoid(8 * np.log(1 / 17) / 12))


@pytest.mark.parametrize(
    ("days_before", "seen"), [([344], None), ([345], 0), ([385], 0), ([386], None), ([380, 351], 1), ([379, 350], 0)]
)
def test_last_year_is_the_nearest_snapshot_within_20_days_of_a_year_before(
    days_before: list[int], seen: int | None
) -> None:
    # 380 and 351 days before are 15 and 14 off, 379 and 350 are 14 and 15 off.
    snapshots = [day(40) - before for before in days_before] + [day(39)]
    found = choose_level(rates_on(snapshots, [0.0, 1.0, 2.0][: len(snapshots)]), day(40), [], DEFINITION)
    assert found.last_year_day == (None if seen is None else str(snapshots[seen]))
    assert found.newest_day == str(day(39))
    if seen is None:
        assert found.last_year is None
    else:
        assert found.last_year == pytest.approx(sigmoid(float(seen)), abs=1e-6)


def test_without_a_snapshot_a_year_before_the_mean_is_assumed_though_the_season_told_best() -> None:
    numbers = [number for number in range(36) if number not in (23, 24, 25)]
    season = [3.0 * np.sin(2 * np.pi * number / 12) for number in numbers]
    rates = rates_on([day(number) for number in numbers], season)
    folds = [day(number) for number in range(26, 34)]
    assert choose_level(rates, day(34), folds, DEFINITION).kind == "last_year"
    found = choose_level(rates, day(36), folds, DEFINITION)
    assert found.kind == "none"
    assert found.rate == pytest.approx(sigmoid(np.mean(season)), abs=1e-6)
