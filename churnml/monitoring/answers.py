"""Answers of monitoring: numbers against their limits, with a grade and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import pandas as pd

from churnml.models.finding import Finding, Grade
from churnml.monitoring.drift import NEWEST, heaviest
from churnml.monitoring.looks import Look
from churnml.monitoring.matured import ENOUGH, LEFT_ALONE, PastList
from churnml.monitoring.replay import Baseline
from churnml.monitoring.residuals import Scan
from churnml.statistics.alarms import (
    FEWEST,
    LEAST_SPREAD,
    deviations_of,
    enough_deviations,
    episodes,
    false_alarms_per_year,
    limit,
    replayed_alarms,
)

RETRAIN, WATCH = "retrain", "watch"
"""Codes of the advice: train again; go on and look again."""
_MOVED: Final[tuple[tuple[Literal["drift", "predictions"], str], ...]] = (
    ("drift", "weighted"),
    ("predictions", "predictions"),
)
_STRONG = 3.0
# Looks are a month apart, windows of features mostly three or more, so that much of two looks is shared: on simulated
# shops they went together by .2 to .7. In 72 quiet looks (six shop-years) drift was never watched, predictions once.
_OF_LOOKS = 2 / 3
_FITTED = (
    24  # the first models of the replay know little and miss much: their scans would set a limit that none reaches
)
_OF_SCAN = 1.0  # the statistic of a scan has a standard deviation of about 1
_USUAL_SCAN = 6.0  # what the largest of 33 unchanged lists of a simulated shop stayed below


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A limit, and what the replay showed of it.

    Attributes
    ----------
    value : float
        The limit; nan where too little was replayed.
    alone : float
        Limit above which one look is enough; two in a row need to be above ``value``.
    replayed : int
        Number of past looks that it comes from.
    alarms_per_year, most_per_year : float
        Number of alarms a year in the replay, and the upper end of its 95 % interval.
    """

    value: float
    alone: float
    replayed: int
    alarms_per_year: float
    most_per_year: float

    @property
    def is_known(self) -> bool:
        """Whether there is one."""
        return bool(np.isfinite(self.value))


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How limits are computed: from past numbers, for so many false alarms a year.

    Attributes
    ----------
    baseline : Baseline or None
        Replay of the shop; None where it was not made.
    per_year : float
        Wished number of false alarms a year.
    looks_per_year : float
        Number of looks in a year.
    """

    baseline: Baseline | None
    per_year: float
    looks_per_year: float

    @classmethod
    def of(cls, baseline: Baseline | None, per_year: float, looks_per_year: float) -> Limits:
        """Name the settings."""
        return cls(baseline=baseline, per_year=per_year, looks_per_year=looks_per_year)

    def above(self, history: Sequence[float], least_spread: float = LEAST_SPREAD, *, at_once: bool = False) -> Limit:
        """Compute the limit above which a positive number is not usual, raised until the past was quiet enough."""
        past = [number for number in history if np.isfinite(number)]
        years = len(past) / self.looks_per_year
        deviations = enough_deviations(
            past,
            deviations_of(self.per_year, self.looks_per_year, None if at_once else _OF_LOOKS),
            self.per_year * years,
            least_spread,
            at_once=at_once,
        )
        alarms = episodes(replayed_alarms(past, deviations, least_spread, at_once=at_once))
        rate, most = false_alarms_per_year(alarms, len(past), self.looks_per_year)
        value = limit(past, deviations, least_spread)
        alone = value if at_once else _STRONG * value
        return Limit(value=value, alone=alone, replayed=len(past), alarms_per_year=rate, most_per_year=most)

    def above_soon(self, history: Sequence[float]) -> Limit:
        """Compute a limit for two looks in a row, and a higher one for a look alone.

        What grows slowly is told by two looks, what comes at once by one; each may raise half of the wished alarms.
        """
        half = replace(self, per_year=self.per_year / 2)
        twice, once = half.above(history), half.above(history, at_once=True)
        return replace(
            twice,
            alone=min(once.value, twice.alone),
            alarms_per_year=twice.alarms_per_year + once.alarms_per_year,
            most_per_year=max(twice.most_per_year, once.most_per_year),
        )


def judge_skill(matured: pd.DataFrame, limits: Limits) -> list[Finding]:
    """Say whether the newest judged list told leaving customers from staying ones better than a simple rule."""
    judged = _judged(matured)
    if judged.empty:
        return [Finding(grade="unknown", name="skill", number=0, bound=ENOUGH)]
    one = judged.iloc[-1]
    grade: Grade = "fail" if one["gain_99"] > 0 else "pass"
    details: dict[str, int | float | str] = {
        "day": str(one["snapshot_date"]),
        "auroc": float(one["auroc"]),
        "expected_auroc": float(one["auroc_expected"]),
        "customers": int(one["customers"]),
    }
    answers = [
        _at_most_watched(Finding(grade=grade, name="skill", number=float(one["gain"]), bound=0, details=details), one)
    ]
    replayed = [] if limits.baseline is None else [1.0 - day.auroc for day in limits.baseline.days]
    bound = limits.above(replayed, at_once=True)
    if bound.is_known:
        answers.append(
            _at_most_watched(
                Finding(
                    grade="fail" if 1.0 - one["auroc"] > bound.value else "pass",
                    name="auroc",
                    number=float(one["auroc"]),
                    bound=1.0 - bound.value,
                    details={"day": details["day"], "auroc": details["auroc"], "least_auroc": 1.0 - bound.value},
                    false_alarms_per_year=bound.alarms_per_year,
                ),
                one,
            )
        )
    return [_advised(answer, RETRAIN) for answer in answers]


def judge_relation(scanned: Scan, one: PastList, limits: Limits) -> Finding:
    """Say whether there are customers of whom more or fewer left than was said, beyond what is usual for the shop."""
    if not np.isfinite(scanned.z):
        return Finding(grade="unknown", name="relation", number=0, bound=ENOUGH)
    replayed = [] if limits.baseline is None else [day.scanned for day in limits.baseline.days[-_FITTED:]]
    # The logarithm of a limit of exp(z) is one of z, which may lie below 0.
    bound = limits.above(np.exp(np.minimum(replayed, 50.0)).tolist(), _OF_SCAN, at_once=True)
    largest = float(np.log(bound.value)) if bound.is_known else _USUAL_SCAN
    stands_out = scanned.z > largest
    grade: Grade = "pass" if not stands_out else "fail" if bound.is_known and one.basis != "no consent" else "warn"
    return _advised(
        Finding(
            grade=grade,
            name="relation",
            number=scanned.z,
            bound=largest,
            count=scanned.customers,
            details={"said_share": scanned.said, "seen_share": scanned.seen, "day": one.day.isoformat()},
            examples=tuple({"feature": name, "side": side, "value": value} for name, side, value in scanned.path),
            false_alarms_per_year=bound.alarms_per_year if bound.is_known else None,
        ),
        RETRAIN,
    )


def judge_level(matured: pd.DataFrame) -> list[Finding]:
    """Say whether the share who left lay within what the newest lists had said; two in a row outside are an alarm."""
    judged = _judged(matured).dropna(subset=["level_low", "level_high"])
    if judged.empty:
        return []
    one = judged.iloc[-1]
    apart = judged[judged["measure_on"] <= one["snapshot_date"]]
    outside = _outside(one)
    again = bool(outside) and len(apart) > 0 and _outside(apart.iloc[-1]) == outside
    inside = sum(not _outside(row) for _, row in judged.iterrows())
    grade: Grade = "fail" if again else "warn" if outside else "pass"
    return [
        _advised(
            _at_most_watched(
                Finding(
                    grade=grade,
                    name="level",
                    number=float(one["level_error"]),
                    bound=float(one["level_high"] if outside > 0 else one["level_low"]),
                    count=len(judged),
                    details={
                        "day": str(one["snapshot_date"]),
                        "said_share": float(one["said"]),
                        "seen_share": float(one["seen"]),
                        "inside": inside,
                    },
                ),
                one,
            ),
            RETRAIN,
        )
    ]


def judge_drift(
    replayed: pd.DataFrame, table: pd.DataFrame, limits: Limits, looks: Sequence[Look]
) -> tuple[list[Finding], dict[str, float]]:
    """Say whether features and predictions of the last day moved further than they did on earlier days.

    It needs two looks in a row, or one beyond a higher limit, and is never more than something to watch: what moved
    need not be wrong. For predictions, which move by themselves now and then, the higher limit is three times the
    other; for features it is set like any limit of one look.

    Returns
    -------
    answers : list of Finding
        Answers ``drift`` and ``predictions``.
    numbers : dict of str to float
        Numbers of the look and their limits, by name.
    """
    answers: list[Finding] = []
    numbers: dict[str, float] = {}
    now, past = replayed.iloc[-1], replayed.iloc[-1 - NEWEST : -1]
    for name, column in _MOVED:
        by = "year" if np.isfinite(now[f"{column}_year"]) and past[f"{column}_year"].count() >= FEWEST else "month"
        number, history = float(now[f"{column}_{by}"]), past[f"{column}_{by}"].tolist()
        bound = limits.above_soon(history) if name == "drift" else limits.above(history)
        numbers |= {f"drift.{column}": number, f"drift.{column}.limit": bound.value}
        if not np.isfinite(number) or not bound.is_known:
            answers.append(Finding(grade="unknown", name=name, number=0, bound=FEWEST))
            continue
        is_above = number > bound.value
        lasts = is_above and (number > bound.alone or bool(looks and f"drift.{column}" in looks[-1].above))
        examples = _moved(table) if name == "drift" else ()
        answers.append(
            _advised(
                Finding(
                    grade="warn" if lasts else "pass",
                    name=name,
                    number=number,
                    bound=bound.value,
                    count=bound.replayed,
                    details={"most": bound.most_per_year, "by": by},
                    examples=examples,
                    false_alarms_per_year=bound.alarms_per_year,
                ),
                WATCH,
            )
        )
    return answers, numbers


def _moved(table: pd.DataFrame) -> tuple[dict[str, int | float | str], ...]:
    rows = table.set_index("feature").loc[heaviest(table)]
    return tuple(
        {
            "feature": str(name),
            "table": row["table"] or "–",
            "moved": float(row["moved_logodds"]),
            "distance": "–" if np.isnan(row["distance"]) else float(row["distance"]),
        }
        for name, row in rows.iterrows()
    )


def _judged(matured: pd.DataFrame) -> pd.DataFrame:
    """Return the left alone of lists that hold enough of both outcomes, oldest first."""
    alone = matured[(matured["group"] == LEFT_ALONE) & (matured["segment"] == "all")]
    kept = alone["customers"] - alone["churned"]
    return alone[(alone["churned"] >= ENOUGH) & (kept >= ENOUGH)].sort_values("snapshot_date", kind="stable")


def _outside(one: pd.Series) -> int:
    """Return -1, 0 or 1: the share who left lay below, within or above what was said."""
    return int(one["level_error"] > one["level_high"]) - int(one["level_error"] < one["level_low"])


def _at_most_watched(answer: Finding, one: pd.Series) -> Finding:
    """Lower an alarm that rests on those without consent alone: they need not be like the others."""
    lower = answer.grade == "fail" and one["basis"] == "no consent"
    return answer.model_copy(update={"grade": "warn"}) if lower else answer


def _advised(answer: Finding, do: str) -> Finding:
    return answer if answer.grade in ("pass", "unknown") else answer.model_copy(update={"do": do})
