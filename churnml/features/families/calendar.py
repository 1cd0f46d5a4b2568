"""Calendar: where the day lies in the year; the same for all customers. Off below two years of history.

Candidates may learn from it that customers differ in one season and hardly do in another. It tells snapshots apart, so
it helps only where one of about this day a year ago was learnt from; see ``churnml.training.choose.options``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from churnml.data.history import History
from churnml.definition import ChurnDefinition
from churnml.features.family import Derived, Family

_YEAR_DAYS = 365.25


def angle(history: History, definition: ChurnDefinition) -> float:
    """Return the day as an angle of the year, in radians; a year of 365.25 days is a full turn, from 1 January 1970."""
    days = (np.datetime64(history.snapshot_date, "D") - np.datetime64("1970-01-01", "D")).astype(int)
    return float(2 * np.pi * days / _YEAR_DAYS)


def sine(angle: float) -> NDArray[np.float64]:
    """Return the sine of an angle."""
    return np.asarray(np.sin(angle), dtype=np.float64)


def cosine(angle: float) -> NDArray[np.float64]:
    """Return the cosine of an angle."""
    return np.asarray(np.cos(angle), dtype=np.float64)


FAMILY = Family(
    name="calendar",
    concept="calendar",
    actionable=False,
    min_history_days=2 * 365,
    features=(
        Derived(
            name="day_of_year_sine",
            unit="number",
            describe="Sine of the day's angle in the year, a full turn of 365.25 days from 1 January 1970",
            inputs=(),
            fit=angle,
            compute=sine,
        ),
        Derived(
            name="day_of_year_cosine",
            unit="number",
            describe="Cosine of the day's angle in the year, a full turn of 365.25 days from 1 January 1970",
            inputs=(),
            fit=angle,
            compute=cosine,
        ),
    ),
)
