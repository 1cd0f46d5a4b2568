"""How a person redoes a number from the rows that its trace shows; the family tests pick from these."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd

Redo = Callable[[pd.DataFrame, pd.Timestamp], float]


def rows() -> Redo:
    """Count the rows."""
    return lambda rows, now: float(len(rows))


def total(column: str) -> Redo:
    """Add up a column exactly."""
    return lambda rows, now: float(sum(map(Decimal, rows[column].dropna().astype(str)), Decimal(0)))


def mean(column: str) -> Redo:
    """Add up a column exactly, and divide by the number of its values."""

    def redo(rows: pd.DataFrame, now: pd.Timestamp) -> float:
        known = rows[column].dropna()
        return float(sum(map(Decimal, known.astype(str)))) / len(known) if len(known) else np.nan

    return redo


def median(column: str) -> Redo:
    return lambda rows, now: float(rows[column].astype("float64").median())


def deviation(column: str) -> Redo:
    return lambda rows, now: float(rows[column].astype("float64").std())


def largest(column: str) -> Redo:
    return lambda rows, now: float(rows[column].max())


def last(column: str, by: str) -> Redo:
    """Take the value of the row with the greatest ``by``."""
    return lambda rows, now: float(rows.sort_values(by, kind="stable")[column].astype("float64").iloc[-1])


def days_since(column: str, which: Callable[[pd.Series], pd.Timestamp] = pd.Series.max) -> Redo:
    """Count the days from the newest (or the oldest) time to the snapshot."""

    def redo(rows: pd.DataFrame, now: pd.Timestamp) -> float:
        found = which(rows[column])
        return np.nan if pd.isna(found) else float((now - found.normalize()).days)

    return redo
