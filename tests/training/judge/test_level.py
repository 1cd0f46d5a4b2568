"""The level: which churn rate is assumed, how wide its interval is, by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnml.definition import ChurnDefinition
from churnml.models.card import LevelPart
from churnml.statistics.logodds import sigmoid
from churnml.training.judge.level import assume, choose_level
from churnml.words.findings import say_level

DEFINITION = ChurnDefinition(horizon_days=30)
# The first weeks are a third of 30 days, rounded up to whole weeks.
FIRST_WEEKS = 14
FIRST = np.datetime64("2023-01-01")


def rates_of(rates: list[float], customers: int = 10_000) -> pd.DataFrame:
    """Give snapshots 30 days apart."""
    days = FIRST + 30 * np.arange(len(rates))
    return pd.DataFrame(
        {"snapshot_date": days.astype(str), "customers": [customers] * len(rates), "churn_rate": np.array(rates)}
    )


def day(number: int) -> np.datetime64:
    return FIRST + 30 * number


def rates_on(
    days: Sequence[np.datetime64], levels: Sequence[float], customers: list[int] | None = None
) -> pd.DataFrame:
    """Give snapshots with churn rates of such log-odds; of so many customers that half a one more is nothing."""
    return pd.DataFrame(
        {
            "snapshot_date": np.array(days).astype(str),
            "customers": customers or [10**9] * len(days),
            "churn_rate": sigmoid(levels),
        }
    )


def levels_of(levels: Sequence[float]) -> pd.DataFrame:
    """Give snapshots 30 days apart with churn rates of such log-odds."""
    return rates_on([day(number) for number in range(len(levels))], levels)


def partials_of(firsts: dict[int, float], seen: dict[int, float]) -> pd.DataFrame:
    """Give log-odds of the first weeks of snapshots, and of those first weeks that end on snapshots, by number."""
    days = [day(number) for number in firsts] + [day(number) - FIRST_WEEKS for number in seen]
    return rates_on(days, [*firsts.values(), *seen.values()])


def test_without_past_days_the_mean_of_all_snapshots_is_assumed() -> None:
    # Half a customer on both sides: (2.5 / 5) and (.5 / 5), log-odds 0 and log(1 / 9); both weigh the same. On the
    # newest day nothing else was known, which no error tells of: snapshot 1 follows 0 by a day too few.
    rates = rates_of([0.5, 0.0], customers=4).assign(snapshot_date=["2023-01-01", "2023-01-30"])
    low = np.log(1 / 9)
    found = choose_level(rates, day(4), DEFINITION, tested_forward=False)
    assert (found.kind, found.tested_forward) == ("none", False)
    assert found.rate == pytest.approx(sigmoid(low / 2))
    assert found.spread == pytest.approx(-low / 2)
    # Both lie within one window: t(.95, 1) = 6.3138.
    ends = sigmoid([low / 2 + 6.31375 * low / 2, low / 2 - 6.31375 * low / 2])
    assert (found.low, found.high) == pytest.approx(tuple(ends), abs=1e-5)
    assert found.newest == 0.0
    assert found.last_year is None
    assert found.partial_day is None


def test_the_first_weeks_are_a_third_in_whole_weeks() -> None:
    assert DEFINITION.first_weeks.horizon_days == FIRST_WEEKS


def test_a_rate_that_drifts_is_told_by_the_newest() -> None:
    found = choose_level(rates_of([0.2 + 0.03 * number for number in range(12)]), day(12), DEFINITION)
    assert found.kind == "trailing"
    # Known by day 12 is snapshot 11, whose window ended on that day: .2 + .03 * 11.
    assert found.rate == pytest.approx(0.53, abs=1e-4)
    assert found.low < 0.53 < found.high


def test_a_rate_that_comes_back_every_year_is_told_by_last_year() -> None:
    # 12 snapshots of 30 days are 360 days: near enough to a year.
    season = [0.5 + 0.3 * np.sin(2 * np.pi * number / 12) for number in range(36)]
    found = choose_level(rates_of(season), day(36), DEFINITION)
    assert found.kind == "last_year"
    assert found.rate == pytest.approx(season[24], abs=1e-3)
    assert found.last_year == pytest.approx(season[24], abs=1e-3)


def test_rates_that_jump_at_random_are_met_by_their_mean() -> None:
    rng = np.random.default_rng(3)
    assert choose_level(rates_of(rng.uniform(0.3, 0.7, 40).tolist()), day(40), DEFINITION).kind == "none"


def followed(gain: float) -> str:
    """Give the kind that is assumed after three past days, the last of which gains so much by the newest rate."""
    # Log-odds 0, 2, 2 and z. Squared errors of the mean less those of the newest rate, by day:
    # (0 - 2)^2 - (0 - 2)^2 = 0; (1 - 2)^2 - (2 - 2)^2 = 1; (4/3 - z)^2 - (2 - z)^2 = 4 z / 3 - 20 / 9.
    levels = [0.0, 2.0, 2.0, (gain + 20 / 9) * 3 / 4]
    return choose_level(levels_of(levels), day(4), DEFINITION).kind


def test_the_newest_rate_is_followed_where_it_gains_more_than_one_standard_error() -> None:
    # The mean of three gains is their standard error where their products of two add up to 0: 0 + 0 + 1 g = 0.
    assert followed(0.02) == "trailing"
    assert followed(-0.02) == "none"


def test_where_all_ways_tell_the_same_it_is_the_first() -> None:
    rates, flat = levels_of([0.0] * 12), dict.fromkeys(range(12), -1.0)
    assert choose_level(rates, day(12), DEFINITION).kind == "none"
    assert choose_level(rates, day(12), DEFINITION, partials_of(flat, flat | {12: -1.0})).kind == "partial"


def test_two_past_days_tell_no_level() -> None:
    assert choose_level(levels_of([0.0, 2.0, 4.0]), day(3), DEFINITION).kind == "none"
    assert choose_level(levels_of([0.0, 2.0, 4.0, 6.0]), day(4), DEFINITION).kind == "trailing"


def test_no_outcome_is_used_before_it_is_known() -> None:
    found = choose_level(rates_of([0.5] * 8 + [0.9]), day(8), DEFINITION)
    assert found.rate == pytest.approx(0.5, abs=1e-6)
    assert found.spread == pytest.approx(0.0, abs=1e-6)
    assert found.newest_day == str(day(7))


def test_the_partial_outcome_moves_the_mean_by_what_the_first_weeks_tell() -> None:
    # Log-odds of the first weeks 1 and 2, of the windows 0 and .5: gaps -1 and -1.5. Three times as many customers
    # stand on the second one: (-1 - 3 x 1.5) / 4 = -1.375. The newest first weeks told 2.5: 1.125. The usual ones are
    # (1 + 3 x 2) / 4 = 1.75.
    rates = rates_on([day(0), day(1)], [0.0, 0.5], [10**9, 3 * 10**9])
    found = choose_level(rates, day(3), DEFINITION, partials_of({0: 1.0, 1: 2.0}, {3: 2.5}))
    assert found.kind == "partial"
    assert found.rate == pytest.approx(sigmoid(1.125), abs=1e-6)
    assert found.partial == pytest.approx(sigmoid(2.5), abs=1e-6)
    assert found.partial_usual == pytest.approx(sigmoid(1.75), abs=1e-6)
    assert (found.partial_day, found.partial_days) == (str(day(3) - FIRST_WEEKS), FIRST_WEEKS)


def test_first_weeks_begin_after_the_lead() -> None:
    lead = ChurnDefinition(horizon_days=30, lead_days=5)
    partials = rates_on([day(0), day(2) - FIRST_WEEKS - 5], [1.0, 2.0])
    found = choose_level(levels_of([0.0]), day(2), lead, partials)
    assert found.rate == pytest.approx(sigmoid(1.0), abs=1e-6)
    assert found.partial_day == str(day(2) - FIRST_WEEKS - 5)


def test_without_the_newest_first_weeks_another_way_is_taken() -> None:
    found = choose_level(levels_of([0.0, 1.0]), day(2), DEFINITION, partials_of({0: 1.0, 1: 2.0}, {0: 1.0, 1: 1.0}))
    assert found.kind == "none"
    assert found.partial is None


def test_without_partial_outcomes_none_is_followed() -> None:
    # Of a window of a week the first week is all: the snapshot's own rate is no partial outcome.
    week = ChurnDefinition(horizon_days=7)
    assert choose_level(rates_on([FIRST, FIRST + 1], [0.0, 1.0]), FIRST + 7, week).kind == "none"


def test_a_partial_outcome_that_misleads_is_left_after_three_days() -> None:
    # The windows always say 0, the first weeks jump by 3.
    jumps = {0: 0.0, 1: 3.0, 2: 0.0, 3: 3.0, 4: 0.0}
    assert choose_level(levels_of([0.0] * 3), day(3), DEFINITION, partials_of(jumps, jumps)).kind == "partial"
    assert choose_level(levels_of([0.0] * 4), day(4), DEFINITION, partials_of(jumps, jumps)).kind == "none"


def test_every_way_that_can_tell_is_given() -> None:
    # Gaps -1 and -1, so 1 - 1 = 0; the mean .5 and the newest 1.
    found = assume(levels_of([0.0, 1.0]), day(2), DEFINITION, partials_of({0: 1.0, 1: 2.0}, {2: 1.0}))
    assert found == pytest.approx({"partial": 0.5, "none": 0.622459, "trailing": 0.731059}, abs=1e-6)
    assert assume(levels_of([0.0]), day(0), DEFINITION) == {}


def test_the_interval_is_that_of_the_errors_on_past_days() -> None:
    # The mean was chosen on each past day: it was off by 0 - 2, 1 - 2, 4/3 - 2, and on the last the newest rate was
    # chosen, which had gained 0, 1 and 4 x 2 / 3 - 20 / 9 = .4444 by then: 2 - 2.5.
    found = choose_level(levels_of([0.0, 2.0, 2.0, 2.0, 2.5]), day(5), DEFINITION)
    spread = np.sqrt((4 + 1 + 4 / 9 + 1 / 4) / 4)
    assert found.kind == "trailing"
    assert found.tested_forward
    assert found.coverage == 0.9
    assert found.spread == pytest.approx(spread, abs=1e-6)
    assert found.rate == pytest.approx(sigmoid(2.5), abs=1e-6)
    # From day 1 to day 4 lie 90 days: 90 // 30 + 1 = 4 windows, t(.95, 4) = 2.13185.
    assert (found.low, found.high) == pytest.approx(
        tuple(sigmoid([2.5 - 2.13185 * spread, 2.5 + 2.13185 * spread])), abs=1e-5
    )


@pytest.mark.parametrize(("gap", "quantile"), [(59, 2.91999), (60, 2.35336), (61, 2.35336)])
def test_windows_that_overlap_count_once(gap: int, quantile: float) -> None:
    # Past days 30 and 30 + gap: 59 // 30 + 1 = 2 windows, 60 // 30 + 1 = 3. Off by 0 - 1 and, the mean of 0 and 1,
    # .5 - 1.5.
    days = [FIRST, FIRST + 30, FIRST + 30 + gap]
    found = choose_level(rates_on(days, [0.0, 1.0, 1.5]), FIRST + 200, DEFINITION)
    assert found.spread == pytest.approx(1.0, abs=1e-6)
    middle = (0 + 1 + 1.5) / 3
    assert (found.low, found.high) == pytest.approx(tuple(sigmoid([middle - quantile, middle + quantile])), abs=1e-5)


def test_one_past_day_tells_an_interval() -> None:
    found = choose_level(levels_of([0.0, 0.5]), day(2), DEFINITION)
    assert found.spread == pytest.approx(0.5, abs=1e-6)
    assert found.low == pytest.approx(sigmoid(0.25 - 6.31375 * 0.5), abs=1e-5)


def test_the_mean_counts_customers() -> None:
    # (2 + .5) / (4 + 1) is a half, log-odds 0; (0 + .5) / (8 + 1) has log(1 / 17): (4 x 0 + 8 x log(1 / 17)) / 12.
    rates = rates_of([0.5, 0.0]).assign(customers=[4, 8])
    assert choose_level(rates, day(2), DEFINITION).rate == pytest.approx(sigmoid(8 * np.log(1 / 17) / 12))


@pytest.mark.parametrize(
    ("days_before", "seen"), [([344], None), ([345], 0), ([385], 0), ([386], None), ([380, 351], 1), ([379, 350], 0)]
)
def test_last_year_is_the_nearest_snapshot_within_20_days_of_a_year_before(
    days_before: list[int], seen: int | None
) -> None:
    # 380 and 351 days before are 15 and 14 off, 379 and 350 are 14 and 15 off.
    snapshots = [day(40) - before for before in days_before] + [day(39)]
    found = choose_level(rates_on(snapshots, [0.0, 1.0, 2.0][: len(snapshots)]), day(40), DEFINITION)
    assert found.last_year_day == (None if seen is None else str(snapshots[seen]))
    assert found.newest_day == str(day(39))
    if seen is None:
        assert found.last_year is None
    else:
        assert found.last_year == pytest.approx(sigmoid(float(seen)), abs=1e-6)


def test_without_a_snapshot_a_year_before_another_way_is_taken_though_the_season_told_best() -> None:
    numbers = [number for number in range(36) if number not in (23, 24, 25)]
    season = [3.0 * np.sin(2 * np.pi * number / 12) for number in numbers]
    rates = rates_on([day(number) for number in numbers], season)
    assert choose_level(rates, day(34), DEFINITION).kind == "last_year"
    assert choose_level(rates, day(36), DEFINITION).kind == "trailing"


def test_the_sentence_says_what_is_known_and_what_is_assumed() -> None:
    # Snapshot 12 of 2023-12-27 is known on day 13, 2024-01-26; a year before that is 2023-01-26, nearest snapshot 1.
    found = choose_level(rates_of([0.5, 0.4] + [0.5] * 11), day(13), DEFINITION)
    assert say_level(found.to_card(0.0), "en") == (
        f"For Jan 26, 2024 we assume that {found.rate:.0%} of the customers leave (90% interval: {found.low:.0%} to "
        f"{found.high:.0%}). Of the customers of Dec 27, 2023, the newest day whose outcome was known then, 50% left, "
        "and of those of Jan 31, 2023 40%."
    )
    assert (found.newest_day, found.last_year_day) == ("2023-12-27", "2023-01-31")


def test_the_sentence_rounds_the_interval_to_points() -> None:
    found = choose_level(rates_of([0.5, 0.0], customers=4), day(4), DEFINITION)
    rounded = replace(found, rate=0.904, low=0.796, high=0.951).to_card(0.0)
    assert "90% of the customers leave (90% interval: 80% to 95%)" in say_level(rounded, "en")


def test_an_earlier_card_told_a_wider_interval() -> None:
    told = choose_level(rates_of([0.5] * 4), day(5), DEFINITION).to_card(0.0).to_json()
    del told["coverage"]
    assert "(95% interval: 50% to 50%)" in say_level(LevelPart.from_json(told), "en")


def test_without_a_snapshot_a_year_before_the_sentence_is_shorter() -> None:
    found = choose_level(rates_of([0.5] * 4), day(5), DEFINITION, tested_forward=False)
    assert say_level(found.to_card(0.0), "en") == (
        "For May 31, 2023 we assume that 50% of the customers leave (90% interval: 50% to 50%). Of the customers of "
        "Apr 1, 2023, the newest day whose outcome was known then, 50% left; not tested forward."
    )
    assert found.last_year_day is None


def test_the_sentence_names_the_partial_outcome_that_is_followed() -> None:
    found = choose_level(levels_of([0.0, 0.0]), day(2), DEFINITION, partials_of({0: 1.0, 1: 1.0}, {2: 2.0}))
    # The first weeks that ended on 2023-03-02 began on 2023-02-16; log-odds 2 and 1 are 88 % and 73 %.
    assert "; of those of Feb 16, 2023, 88% had not come back after 14 days (73% on average before)." in say_level(
        found.to_card(0.0), "en"
    )
