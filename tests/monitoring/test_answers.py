"""Answers: which numbers are an alarm, something to watch, or not known."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from churnml.campaigns.kept_lists import Manifest
from churnml.definition import ChurnDefinition
from churnml.monitoring.answers import Limits, judge_level, judge_relation, judge_skill
from churnml.monitoring.matured import COLUMNS, PastList
from churnml.monitoring.replay import Baseline, ReplayedDay
from churnml.monitoring.residuals import Scan

DAY = date(2025, 1, 1)
PLAIN = Limits(baseline=None, per_year=0.5, looks_per_year=12)


def row(**changes: object) -> dict[str, object]:
    usual: dict[str, object] = dict.fromkeys(COLUMNS, 0.0)
    usual |= {"snapshot_date": DAY, "measure_on": DAY + timedelta(days=90), "group": "left alone", "segment": "all"}
    usual |= {"basis": "ledger", "customers": 500, "churned": 200, "auroc": 0.8, "auroc_expected": 0.81}
    usual |= {"gain": -0.1, "gain_99": -0.2, "level_error": 0.1, "level_low": -0.3, "level_high": 0.3}
    return {**usual, **changes}


def table(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS))


def baseline_of(aurocs: list[float], relations: list[float]) -> Limits:
    days = tuple(
        ReplayedDay(
            day=DAY + timedelta(days=30 * at), auroc=a, auroc_expected=0.8, gain=-0.1, relation=z, relation_year=None
        )
        for at, (a, z) in enumerate(zip(aurocs, relations, strict=True))
    )
    baseline = Baseline(as_of=DAY, model_version="m", days=days)
    return Limits(baseline=baseline, per_year=0.5, looks_per_year=12)


@pytest.mark.parametrize(
    ("changes", "grade"),
    [
        ({}, "pass"),
        ({"gain_99": 0.001}, "fail"),
        ({"gain_99": 0.001, "basis": "no consent"}, "warn"),
        ({"gain_99": 0.001, "group": "all"}, "unknown"),
        ({"gain_99": 0.001, "churned": 49}, "unknown"),
        ({"gain_99": 0.001, "churned": 451}, "unknown"),
    ],
)
def test_no_better_than_the_rule_is_an_alarm_where_it_can_be_told(changes: dict[str, object], grade: str) -> None:
    (answer,) = judge_skill(table(row(**changes)), PLAIN)
    assert (answer.name, answer.grade) == ("skill", grade)
    assert answer.do == ("retrain" if grade in ("fail", "warn") else "")


def test_an_auroc_below_what_the_replay_shows_is_an_alarm() -> None:
    limits = baseline_of([0.8, 0.81, 0.79, 0.8, 0.8, 0.82], [1.0] * 6)
    # 1 - AUROC: .18 to .21; the least spread of a tenth gives .2 exp(.246) = .256, so .744 of AUROC.
    for auroc, grade in ((0.76, "pass"), (0.74, "fail")):
        _, answer = judge_skill(table(row(auroc=auroc)), limits)
        assert (answer.name, answer.grade) == ("auroc", grade)
        assert answer.bound == pytest.approx(0.744, abs=0.001)
        assert answer.false_alarms_per_year == 0.0


def test_two_lists_apart_whose_level_is_off_the_same_way_are_an_alarm() -> None:
    later = {"snapshot_date": DAY + timedelta(days=90), "measure_on": DAY + timedelta(days=180)}
    off, low = {"level_error": 0.4}, {"level_error": -0.4}
    for rows, grade in (
        ([row()], "pass"),
        ([row(**off)], "warn"),
        ([row(**off), row(**later)], "pass"),
        ([row(**off), row(**later, **off)], "fail"),
        ([row(**low), row(**later, **off)], "warn"),
        ([row(**off), row(**{**later, "snapshot_date": DAY + timedelta(days=60)}, **off)], "warn"),
        ([row(**off, basis="no consent"), row(**later, **off, basis="no consent")], "warn"),
    ):
        (answer,) = judge_level(table(*rows))
        assert answer.grade == grade
        assert answer.count == len(rows)
    assert judge_level(table(row(group="all"))) == []


def past(basis: str = "ledger") -> PastList:
    definition = ChurnDefinition()
    return PastList(
        day=DAY,
        measure_on=DAY + timedelta(days=90),
        manifest=Manifest(definition=definition),
        rows=pd.DataFrame(),
        basis=basis,  # type: ignore[arg-type]
    )


def test_a_relation_is_held_against_the_replay_and_without_one_only_watched() -> None:
    found = Scan(z=7.0, customers=83, said=0.64, seen=0.97, path=(("days_since_discount", "<=", 12.0),))
    limits = baseline_of([0.8] * 8, [1.0, 2.0, 1.5, 2.5, 0.5, 1.8, 2.2, -0.5])
    for scanned, known, grade in (
        (found, PLAIN, "warn"),
        (found, limits, "fail"),
        (Scan(z=5.0, customers=83, said=0.6, seen=0.7), PLAIN, "pass"),
        (Scan(z=np.nan), limits, "unknown"),
    ):
        assert judge_relation(scanned, past(), known).grade == grade
    assert judge_relation(found, past("no consent"), limits).grade == "warn"
    answer = judge_relation(found, past(), limits)
    # Median 1.65, median deviation .7 (at least 1 / 1.4826 is taken): 1.65 + 2.46 x 1.04.
    assert answer.bound == pytest.approx(1.65 + 2.46 * 1.4826 * 0.7, abs=0.2)
    assert answer.examples == ({"feature": "days_since_discount", "side": "<=", "value": 12.0},)
