"""What moved: profiles whose counts are planted."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from churnml.models.profile import Profile, Spread
from churnml.monitoring.answers import Limits, judge_drift
from churnml.monitoring.drift import heaviest, measure_features, replay_drift, steady_features
from churnml.monitoring.looks import Look
from churnml.statistics.alarms import deviations_of
from churnml.statistics.drift import psi

FIRST = date(2023, 1, 1)


def spread_of(shares: list[float], weight: float, noise: int = 0) -> Spread:
    """Make a feature of 1,000 customers a day, of which so many lie above 5; noise moves a few of them."""
    rng = np.random.default_rng(noise)
    highs = [round(1_000 * share + rng.normal(0, 15)) for share in shares]
    return Spread(
        edges=(5.0,),
        counts=tuple((1_000 - high, high, 0) for high in highs),
        means=tuple(high / 100 for high in highs),
        weight=weight,
        shap=(-0.5, 0.5, 0.0),
    )


def profile_of(last: float, weight: float = 0.5, days: int = 36) -> Profile:
    """Make a profile of months with a season in ``seasonal`` and a last day that differs in ``moved``."""
    season = [0.5 + 0.2 * np.sin(2 * np.pi * at * 30 / 365) for at in range(days)]
    return Profile(
        days=tuple(FIRST + timedelta(days=30 * at) for at in range(days)),
        features={
            "seasonal": spread_of(season, 0.5, 1),
            "moved": spread_of([0.3] * (days - 1) + [last], weight, 2),
            "beside": spread_of([0.3] * (days - 1) + [last], weight / 5, 3),
            "unused": spread_of([0.3] * (days - 1) + [0.9], 0.0, 4),
        },
        predictions=spread_of(season, 0.0, 5),
    )


TABLES = {"seasonal": "orders", "moved": "deliveries", "beside": "deliveries", "unused": "visits"}
STEADY = {"seasonal", "moved", "beside"}
LIMITS = Limits(baseline=None, per_year=0.5, looks_per_year=12)


def test_numbers_are_those_of_the_counts() -> None:
    profile = profile_of(0.6)
    table = measure_features(profile, TABLES, STEADY).set_index("feature")
    moved, counts = table.loc["moved"], profile.features["moved"].counts
    assert moved["psi_year"] == psi(counts[35], counts[23])  # 12 times 30 days are 360
    assert moved["psi_month"] == psi(counts[35], np.sum(counts[32:35], axis=0))
    assert moved["weighted"] == pytest.approx(0.5 * moved["psi_year"])
    # From .3 to .6 of the customers: .3 more of them at +.5 instead of -.5.
    assert moved["moved_logodds"] == pytest.approx(0.3, abs=0.04)
    assert (moved["mean"], moved["mean_before"]) == (counts[35][1] / 100, counts[23][1] / 100)
    assert moved["null_share"] == 0
    assert heaviest(table.reset_index()) == ["moved", "seasonal"]  # one of each table, none without weight


def test_the_season_is_no_drift_against_the_same_time_last_year() -> None:
    replayed = replay_drift(profile_of(0.3), FIRST, STEADY)
    known = replayed.dropna()
    assert len(known) == 36 - 12
    assert known["weighted_year"].max() < 0.02 < known["weighted_month"].max()
    # Before there was a year to look back on, nothing is compared with it.
    assert replay_drift(profile_of(0.3), FIRST + timedelta(days=365), STEADY)["weighted_year"].count() == 36 - 25


def test_a_feature_without_weight_cannot_raise_an_alarm() -> None:
    assert replay_drift(profile_of(0.3), FIRST, STEADY)["weighted_year"].iloc[-1] < 0.01


@pytest.mark.parametrize(
    ("last", "above", "grade"),
    [(0.3, [], "pass"), (0.43, [], "pass"), (0.43, ["drift.weighted"], "warn"), (0.7, [], "warn")],
)
def test_it_is_watched_at_the_second_look_or_when_it_is_strong(last: float, above: list[str], grade: str) -> None:
    profile = profile_of(last)
    looks = [Look(day=date(2025, 11, 1), open=frozenset(), above=frozenset(above))]
    answers, numbers = judge_drift(
        replay_drift(profile, FIRST, STEADY), measure_features(profile, TABLES, STEADY), LIMITS, looks
    )
    drift, predictions = answers
    assert (drift.grade, predictions.grade) == (grade, "pass")
    assert drift.do == ("watch" if grade == "warn" else "")
    assert drift.examples[0]["distance"] == "–"
    assert drift.examples[0]["feature"] == ("moved" if last > 0.3 else drift.examples[0]["feature"])
    assert numbers["drift.weighted"] == drift.number
    assert (drift.number > drift.bound) == (last > 0.3)
    assert drift.count == 12  # of 23 days with a year before: the newest
    assert drift.false_alarms_per_year is not None


def test_features_have_a_limit_for_one_look_and_a_lower_one_for_two() -> None:
    # Logarithms within .05 of 0: the least deviation of .1 is assumed around a median of 0. Either way may raise
    # a quarter of an alarm a year: a chance of .25 / (12 * 6) = .347 % a look.
    history = np.exp(np.linspace(-0.05, 0.05, 12)).tolist()
    soon, late = LIMITS.above_soon(history), LIMITS.above(history)
    assert np.log(soon.alone) == pytest.approx(0.1 * norm.isf(0.25 / 72))
    assert np.log(soon.value) == pytest.approx(0.1 * deviations_of(0.25, 12, 2 / 3))
    assert late.value < soon.value < soon.alone < late.alone == 3 * late.value
    assert (soon.replayed, soon.alarms_per_year, soon.most_per_year) == (12, 0.0, late.most_per_year)
    # A look alone is enough for features, and not for predictions, whose own limit it passes as well.
    past = {f"{name}_{by}": history for name in ("weighted", "predictions") for by in ("year", "month")}
    now = pd.DataFrame({name: [*numbers, 1.35] for name, numbers in past.items()})
    table = measure_features(profile_of(0.3), TABLES, STEADY)
    grades = [answer.grade for answer in judge_drift(now, table, LIMITS, [])[0]]
    assert grades == ["warn", "pass"]


def test_a_short_history_says_that_it_cannot_tell() -> None:
    profile = profile_of(0.3, days=4)
    answers, _ = judge_drift(
        replay_drift(profile, FIRST, STEADY), measure_features(profile, TABLES, STEADY), LIMITS, []
    )
    assert {answer.grade for answer in answers} == {"unknown"}


def test_what_moves_every_year_by_itself_is_left_out() -> None:
    profile = profile_of(0.3)
    days = len(profile.days)
    clock = Spread(
        edges=(0.0,),
        counts=tuple((1_000, 0, 0) if at % 12 < 5 else (0, 1_000, 0) for at in range(days)),
        means=(None,) * days,
        weight=0.2,
        shap=(0.0, 0.0, 0.0),
    )
    grows = spread_of([0.1 + 0.02 * at for at in range(days)], 0.1, 6)
    features = {**profile.features, "clock": clock, "grows": grows}
    profile = profile.model_copy(update={"features": features})
    # A feature that the model does not look at is no news either.
    assert steady_features(profile, FIRST) == STEADY
    # Against a year before there is nothing yet, and against the days before a step of .02 is chance.
    young = profile.model_copy(
        update={
            "days": profile.days[:10],
            "features": {
                name: one.model_copy(update={"counts": one.counts[:10], "means": one.means[:10]})
                for name, one in features.items()
            },
        }
    )
    assert steady_features(young, FIRST) >= {"moved", "beside"}
    assert "clock" not in steady_features(young, FIRST)
    weighted = measure_features(profile, TABLES, STEADY).set_index("feature")["weighted"]
    assert (weighted["grows"], weighted["clock"]) == (0, 0)
    assert weighted["moved"] > 0


def test_the_last_day_tells_nothing_of_what_is_usual() -> None:
    assert "moved" in steady_features(profile_of(0.9), FIRST)
