"""Folds: which rows a candidate learns from, and on which later (or other) rows it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.training.frame import TrainingFrame

MIN_CLASS = 500
TOO_FEW = 50
_GATE_SHARE = 0.3
_PARTS = 3


@dataclass(frozen=True)
class Fold:
    """Rows to learn from and rows to be judged on, as masks over a training frame, with a name for people."""

    name: str
    train: NDArray[np.bool_]
    test: NDArray[np.bool_]


@dataclass(frozen=True)
class Plan:
    """How candidates are compared.

    Attributes
    ----------
    choice
        Folds on which the candidate and its calibration are chosen, oldest first.
    gate
        The fold on which the chosen one is judged; no choice fold knows its outcomes.
    forward
        Whether all folds look forward in time. Where the history is too short they are customer-disjoint parts of the
        same snapshots instead, and the level of the prediction is not tested forward.
    """

    choice: Sequence[Fold]
    gate: Fold
    forward: bool


def plan_folds(frame: TrainingFrame, definition: ChurnDefinition, at_most: int) -> Plan:
    """Plan choice folds and gate.

    A forward fold trains on snapshots whose label window ended by the fold's snapshot (the embargo) and tests on that
    snapshot. The gate is the newest snapshot, and no choice fold has a label window that ends after it. Where the
    embargoed rows of the gate hold fewer than 500 churned or 500 kept, or no fold is clear of the gate, customers are
    split instead: 30 % for the gate, the others in three parts.

    Parameters
    ----------
    frame
        All labelled rows.
    definition
        Gives the label window.
    at_most
        Use only so many of the newest choice folds.

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
    if choice and min(_classes(frame, gate.train)) >= MIN_CLASS:
        return Plan(choice[-at_most:], gate, forward=True)
    return _disjoint_customers(frame)


def _forward_fold(frame: TrainingFrame, day: np.datetime64, definition: ChurnDefinition) -> Fold:
    return Fold(str(day), frame.snapshots + definition.reach_days <= day, frame.snapshots == day)


def _disjoint_customers(frame: TrainingFrame) -> Plan:
    in_gate = frame.hashes < _GATE_SHARE
    part = np.minimum((frame.hashes - _GATE_SHARE) / (1 - _GATE_SHARE) * _PARTS, _PARTS - 1).astype(int)
    choice = [
        Fold(f"customers, part {index + 1} of {_PARTS}", ~in_gate & (part != index), ~in_gate & (part == index))
        for index in range(_PARTS)
    ]
    gate = Fold("customers kept apart", ~in_gate, in_gate)
    if any(min(_classes(frame, rows)) == 0 for fold in (*choice, gate) for rows in (fold.train, fold.test)):
        raise _too_small(frame)
    return Plan(choice, gate, forward=False)


def _too_small(frame: TrainingFrame) -> InputError:
    churned, kept = _classes(frame, np.ones(len(frame), dtype=bool))
    customers = len(np.unique(frame.customers))
    return InputError(
        f"The shop is too small to learn from: {customers:,} customers, seen on {len(frame.days)} snapshots, churned "
        f"{churned:,} times and stayed {kept:,} times, but at least {TOO_FEW} of each are needed, and of enough "
        "customers to split. Bring more history or more customers, or choose another --horizon."
    )


def _classes(frame: TrainingFrame, rows: NDArray[np.bool_]) -> tuple[int, int]:
    churned = int(frame.churned[rows].sum())
    return churned, int(rows.sum()) - churned
