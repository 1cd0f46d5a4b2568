"""Learning a value: candidates are compared on folds, the chosen one is judged on rows apart and fitted on all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.models.card import ValuePart
from churnml.models.rows import TrainingFrame, salted
from churnml.models.value import LEFT, NEEDED, PACE, RETURNED, SHAPES, STAYED, LearnedValue
from churnml.statistics.bootstrap import paired_difference
from churnml.statistics.loglinear import tweedie_deviance
from churnml.statistics.logodds import Floats
from churnml.training.rows.spend import longest_known
from churnml.training.rows.study import Study
from churnml.training.value.fit import fit_value
from churnml.training.value.judge import Judged, judge_value

_MOST_ROWS = 30_000
_MOST_NEWEST = 10_000
_LEAST_FOLDS = 3
_PARTS = 4


@dataclass(frozen=True)
class _Fold:
    """Rows that a value is learned from, with the day up to which they are known, and those it is held against."""

    train: NDArray[np.bool_]
    test: NDArray[np.bool_]
    day: np.datetime64


@dataclass(frozen=True)
class _Tested:
    """What each candidate says of a fold's rows: for both outcomes, spend over the days that were learned."""

    rows: TrainingFrame
    spent: Floats
    said: Mapping[str, pd.DataFrame]

    def by(self, candidate: str) -> Judged:
        """Hold what a candidate says against what was spent."""
        said = self.said[candidate]
        return Judged(self.rows, self.spent, said[STAYED].to_numpy(), said[LEFT].to_numpy())


def learn_value(study: Study) -> tuple[LearnedValue | None, ValuePart | None]:
    """Learn what customers spend who stay and who leave.

    Candidates are compared on folds that look forward, the newest of which judges the chosen one; where there are fewer
    than three, on parts of the customers, each of which is judged by what is chosen on the others.

    Parameters
    ----------
    study : Study
        Labelled rows with their spend, and settings of the training.

    Returns
    -------
    value, part : tuple of LearnedValue and ValuePart, or of None
        The value and what the card says of it; None where features are missing or too few customers stayed.
    """
    frame, day, reach = study.frame, np.datetime64(study.as_of), study.definition.reach_days
    if not frame.spend or not set(NEEDED) <= set(frame.X.columns):
        return None, None
    days = longest_known(frame, reach, day)
    rows = _sample(frame, max(days, reach), day)
    names = [name for name, shape in SHAPES.items() if not shape.reads_pace or set(PACE) <= set(rows.X.columns)]
    folds = _forward(rows, max(days, reach), day, study.asked.folds)
    forward = len(folds) >= _LEAST_FOLDS
    if not forward:
        folds = _apart(rows, max(days, reach), day)
    tested = [one for fold in folds if (one := _test(rows, fold, names, days, reach)) is not None]
    if len(tested) < 2:
        return None, None
    comparison = _compare(tested[:-1] if forward else tested, names)
    chosen = _chosen(comparison)
    value = fit_value(rows, chosen, days, reach, day)
    if value is None:
        return None, None
    judged = [tested[-1].by(chosen)]
    if not forward:
        judged = [one.by(_chosen(_compare([*tested[:at], *tested[at + 1 :]], names))) for at, one in enumerate(tested)]
    known = rows.snapshots + max(days, reach) <= day
    told = {
        "candidate": chosen,
        "days": days,
        "value_days": study.value_days,
        "ratio": value.factor(study.value_days),
        "ratio_known": study.value_days in value.carried[STAYED],
        "growth": value.growth,
        "rows": int((known & (rows.churned == 0)).sum()),
        "comparison": comparison.to_dict("records"),
        "forward": forward,
        **judge_value(judged, forward, study.asked.bootstrap_draws, study.seed),
    }
    return value, ValuePart.from_json(told)


def _sample(frame: TrainingFrame, wait_days: int, day: np.datetime64) -> TrainingFrame:
    """Draw customers of both outcomes among the rows whose spend is known, and among those of the newest day."""
    known, newest = frame.snapshots + wait_days <= day, frame.snapshots == frame.days[-1]
    drawn = np.zeros(len(frame), dtype=bool)
    for outcome in (0, 1):
        for among, most in ((known, _MOST_ROWS), (newest & ~known, _MOST_NEWEST)):
            rows = among & (frame.churned == outcome)
            if rows.any():
                drawn |= frame.drawn(most, rows)
    at = np.flatnonzero(drawn)
    read = [name for name in (*NEEDED, *PACE, RETURNED) if name in frame.X]
    # Column by column: all features of these rows would need their memory once more.
    return TrainingFrame(
        pd.DataFrame({name: frame.X[name].to_numpy()[at] for name in read}),
        frame.churned[at],
        frame.customers[at],
        frame.hashes[at],
        frame.snapshots[at],
        spend={days: spent[at] for days, spent in frame.spend.items()},
    )


def _forward(rows: TrainingFrame, wait_days: int, day: np.datetime64, at_most: int) -> list[_Fold]:
    known = [one for one in rows.days if one + wait_days <= day]
    return [_Fold(rows.snapshots < one, rows.snapshots == one, one) for one in known if known[0] + wait_days <= one][
        -at_most:
    ]


def _apart(rows: TrainingFrame, wait_days: int, day: np.datetime64) -> list[_Fold]:
    part = (salted(rows.hashes, "value") * _PARTS).astype(np.int64)
    known = rows.snapshots + wait_days <= day
    return [_Fold(part != one, (part == one) & known, day) for one in range(_PARTS)]


def _test(rows: TrainingFrame, fold: _Fold, names: Sequence[str], days: int, reach: int) -> _Tested | None:
    """Fit the candidates on a fold; None where too few customers stayed in it."""
    train, test = rows.take(fold.train), rows.take(fold.test)
    fitted = {name: fit_value(train, name, days, reach, fold.day) for name in names}
    said = {name: value.predict(test.X) for name, value in fitted.items() if value is not None}
    stayed = test.churned == 0
    if len(said) < len(names) or not test.spend[days][stayed].sum() > 0:
        return None
    return _Tested(test, test.spend[days], said)


def _chosen(comparison: pd.DataFrame) -> str:
    return str(comparison["candidate"][comparison["chosen"]].iloc[0])


def _compare(tested: Sequence[_Tested], names: Sequence[str]) -> pd.DataFrame:
    """Compare candidates by their deviance on those who stayed, after one factor per fold and day."""
    losses: dict[str, list[Floats]] = {name: [] for name in names}
    customers = []
    for one in tested:
        customers.append(one.rows.customers[one.rows.churned == 0])
        for name in names:
            held = one.by(name).stayed
            losses[name].append(tweedie_deviance(np.maximum(held.spent, 0.0), held.if_stayed * held.factors))
    rows = {name: np.concatenate(parts) for name, parts in losses.items()}
    best = min(names, key=lambda name: float(rows[name].mean()))
    who = np.concatenate(customers)
    found = []
    for name in names:
        behind, error = paired_difference(rows[name], rows[best], who)
        found.append(
            {
                "candidate": name,
                "deviance": float(rows[name].mean()),
                "behind": behind,
                "behind_error": error if np.isfinite(error) else None,
            }
        )
    table = pd.DataFrame(found)
    within = table["behind"] <= table["behind_error"].fillna(0.0)
    return table.assign(chosen=np.arange(len(table)) == int(np.argmax(within.to_numpy())))
