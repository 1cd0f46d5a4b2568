"""Folds: which rows a candidate learns from, and on which later (or other) rows it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.models.rows import TrainingFrame
from churnml.words.findings import APART

MIN_CLASS = 500
TOO_FEW = 50
_PARTS = 4


@dataclass(frozen=True)
class Fold:
    """Rows to learn from and rows to be judged on, as masks over a training frame, with a name; see ``say_fold``."""

    name: str
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


@dataclass(frozen=True)
class Forward:
    """Folds that look forward in time.

    Attributes
    ----------
    choice : sequence of Fold
        Folds on which the candidate and its calibration are chosen, oldest first.
    gate : Fold
        Fold on which the chosen one is judged; no choice fold knows its outcomes.
    """

    choice: Sequence[Fold]
    gate: Fold
    forward: ClassVar[bool] = True

    @property
    def gates(self) -> Sequence[Fold]:
        """The folds whose tested rows are those of the gate."""
        return [self.gate]

    @property
    def gate_name(self) -> str:
        """Name of the gate: its day."""
        return self.gate.name


@dataclass(frozen=True)
class Apart:
    """Parts of the customers, on the same snapshots, where the history is too short to look forward.

    Each part is judged by what was chosen without its customers, as in nested cross-validation (Varma and Simon 2006,
    "Bias in error estimation when using cross-validation for model selection", BMC Bioinformatics 7). The level of the
    prediction is not tested forward.

    Attributes
    ----------
    parts : array of int, shape (rows,)
        Number of each row's part; -1 for rows beyond what is needed to judge.
    choice : sequence of Fold
        Folds, one per part: learnt from the other parts, tested on it.
    gates : sequence of Fold
        The same, tested on the newest snapshots only; see `plan_folds`.
    pairs : mapping of tuple of 2 int to Fold
        Folds, one per pair of parts: learnt from the others, tested on both. Each of the two is what the choice that
        the other one is judged by is made on.
    """

    parts: NDArray[np.int64]
    choice: Sequence[Fold]
    gates: Sequence[Fold]
    pairs: Mapping[tuple[int, int], Fold]
    forward: ClassVar[bool] = False

    @property
    def gate_name(self) -> str:
        """Name of the gate; see ``churnml.words.findings.say_fold``."""
        return APART


Plan = Forward | Apart


def judged_rows(folds: Sequence[Fold]) -> NDArray[np.bool_]:
    """Return the rows that folds are tested on, as a mask over the training frame."""
    rows: NDArray[np.bool_] = np.logical_or.reduce([fold.test for fold in folds])
    return rows


def plan_folds(frame: TrainingFrame, definition: ChurnDefinition, at_most: int, most_rows: int) -> Plan:
    """Plan choice folds and gate.

    A forward fold trains on snapshots whose label window ended by the fold's snapshot (the embargo) and tests on that
    snapshot. The gate is the newest snapshot, and no choice fold has a label window that ends after it. Where the
    embargoed rows of each fold that is clear of the gate hold fewer than 500 churned or 500 kept, customers are kept
    apart instead, in four parts by their seeded hashes. They are judged on the snapshots whose label windows overlap
    with the newest one's: what is told of customers years ago, when less was known of them, is not what is told today.
    Where these hold fewer than 50 who churned or stayed, the snapshots before them are judged on too.

    Parameters
    ----------
    frame : TrainingFrame
        All labelled rows.
    definition : ChurnDefinition
        Definition of leaving, which says how long the label window is.
    at_most : int
        Greatest number of forward folds; the newest are kept.
    most_rows : int
        Greatest number of rows to keep apart, of whole customers.

    Raises
    ------
    InputError
        Where fewer than 50 rows churned or stayed, or the customers are too few to be split.
    """
    churned, kept = _classes(frame, np.ones(len(frame), dtype=bool))
    if min(churned, kept) < TOO_FEW:
        raise _too_small(frame)
    gate = _forward_fold(frame, frame.days[-1], definition)
    choice = [
        fold
        for day in frame.days[:-1]
        if day + definition.reach_days <= frame.days[-1]
        and min(_classes(frame, (fold := _forward_fold(frame, day, definition)).train)) >= MIN_CLASS
    ]
    if choice:  # The gate learns from all that they learn from, and more.
        return Forward(choice[-at_most:], gate)
    return _keep_apart(frame, definition.reach_days, most_rows)


def _forward_fold(frame: TrainingFrame, day: np.datetime64, definition: ChurnDefinition) -> Fold:
    return Fold(str(day), frame.snapshots + definition.reach_days <= day, frame.snapshots == day)


def _keep_apart(frame: TrainingFrame, reach_days: int, most_rows: int) -> Apart:
    used = frame.drawn(most_rows)
    part = np.where(used, (frame.hashes * _PARTS).astype(np.int64), -1)

    def fold(*tested: int) -> Fold:
        test = np.isin(part, tested)
        numbers = "+".join(str(one + 1) for one in tested)
        return Fold(f"{APART} {numbers}/{_PARTS}", used & ~test, test)

    choice = [fold(one) for one in range(_PARTS)]
    pairs = {pair: fold(*pair) for pair in combinations(range(_PARTS), 2)}
    if any(min(_classes(frame, rows)) == 0 for fold in (*choice, *pairs.values()) for rows in (fold.train, fold.test)):
        raise _too_small(frame)
    recent = _recent(frame, used, reach_days)
    return Apart(part, choice, [replace(fold, test=fold.test & recent) for fold in choice], pairs)


def _recent(frame: TrainingFrame, used: NDArray[np.bool_], reach_days: int) -> NDArray[np.bool_]:
    """Return the rows of the newest snapshots, on which customers kept apart are judged, as a mask."""
    overlapping = frame.days[frame.days > frame.days[-1] - reach_days][0]
    starts = frame.days[frame.days <= overlapping][::-1]
    enough = [day for day in starts if min(_classes(frame, used & (frame.snapshots >= day))) >= TOO_FEW]
    recent: NDArray[np.bool_] = frame.snapshots >= (enough[0] if enough else frame.days[0])
    return recent


def _too_small(frame: TrainingFrame) -> InputError:
    churned, kept = _classes(frame, np.ones(len(frame), dtype=bool))
    customers = len(np.unique(frame.customers))
    return InputError(
        f"The shop is too small to learn from: {customers:,} customers, seen on {len(frame.days)} snapshots, churned "
        f"{churned:,} times and stayed {kept:,} times, but at least {TOO_FEW} of each are needed, and of enough "
        "customers to split. Bring more history or more customers, or choose another `horizon_days`."
    )


def _classes(frame: TrainingFrame, rows: NDArray[np.bool_]) -> tuple[int, int]:
    churned = int(frame.churned[rows].sum())
    return churned, int(rows.sum()) - churned
