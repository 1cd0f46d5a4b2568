"""Segments in which calibration is looked at, and corrected where it pays: one-time buyers, say."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.statistics.logodds import Floats, add_up


@dataclass(frozen=True)
class Segment:
    """Customers with a feature in a half-open range, and what is added to their log-odds.

    Attributes
    ----------
    name : str
        Name of the segment that people read.
    feature : str
        Name of the feature that decides who belongs to the segment.
    low, high : float or None
        Bounds of the feature's range ``[low, high)``; None has no end.
    offset : float
        Correction in log-odds; 0 where none pays.
    """

    name: str
    feature: str
    low: float | None
    high: float | None
    offset: float = 0.0

    def members(self, X: pd.DataFrame) -> NDArray[np.bool_]:
        """Compute which rows belong to the segment, shape (rows,); a row without a value does not."""
        values = X[self.feature].to_numpy(dtype=np.float64)
        inside: NDArray[np.bool_] = np.isfinite(values)
        if self.low is not None:
            inside &= values >= self.low
        if self.high is not None:
            inside &= values < self.high
        return inside

    def to_card(self) -> dict[str, Any]:
        """Return the segment as JSON-ready values."""
        return dataclasses.asdict(self)


def membership(X: pd.DataFrame, segments: Sequence[Segment]) -> Floats:
    """Compute which rows belong to which segments, 1.0 or 0.0, shape (rows, segments)."""
    columns = [segment.members(X).astype(np.float64) for segment in segments]
    return np.column_stack(columns) if columns else np.zeros((len(X), 0))


def calibrated(logodds: Floats, X: pd.DataFrame, slope: float, segments: Sequence[Segment]) -> Floats:
    """Apply a slope and the offsets of segments to a candidate's log-odds, shape (rows,)."""
    offsets = np.array([segment.offset for segment in segments])
    return slope * logodds + add_up(membership(X, segments) * offsets)
