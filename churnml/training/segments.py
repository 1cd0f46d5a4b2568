"""Segments in which calibration is looked at, and corrected where it pays: one-time buyers, new customers, VIPs."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.statistics.bootstrap import clustered_mean
from churnml.statistics.logodds import Floats, add_up, sigmoid
from churnml.statistics.metrics import shape_loss
from churnml.training.figures import auroc_within
from churnml.training.frame import TrainingFrame

_NEW_DAYS = 90.0
_VIP_SHARE = 0.1
_COLUMNS = ("segment", "rows", "predicted", "churned", "difference", "low", "high", "auroc", "shape_loss")


@dataclass(frozen=True)
class Segment:
    """Customers with a feature in a half-open range, and what is added to their log-odds.

    Attributes
    ----------
    name
        What people call them.
    feature
        The feature that tells.
    low, high
        Its range ``[low, high)``; None has no end.
    offset
        Correction in log-odds; 0 where none pays.
    """

    name: str
    feature: str
    low: float | None
    high: float | None
    offset: float = 0.0

    def members(self, X: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell who belongs to the segment, shape (rows,); who has no value does not."""
        values = X[self.feature].to_numpy(dtype=np.float64)
        inside: NDArray[np.bool_] = np.isfinite(values)
        if self.low is not None:
            inside &= values >= self.low
        if self.high is not None:
            inside &= values < self.high
        return inside

    def to_card(self) -> dict[str, Any]:
        """Give the segment as JSON-ready values."""
        return dataclasses.asdict(self)


def find_segments(X: pd.DataFrame, among: NDArray[np.bool_] | None = None) -> list[Segment]:
    """Give the segments that these features can tell.

    VIPs are the tenth with the highest spend of the last year, of all rows or among those of a mask.
    """
    segments = []
    if "order_days_total" in X:
        segments.append(Segment("one-time buyers", "order_days_total", None, 2.0))
    if "days_since_first_order" in X:
        segments.append(Segment("new customers", "days_since_first_order", None, _NEW_DAYS))
    if "amount_sum_365d" in X:
        spent = X["amount_sum_365d"].to_numpy(dtype=np.float64)
        spent = spent[np.isfinite(spent) if among is None else np.isfinite(spent) & among]
        if len(spent) and spent.max() > spent.min():
            segments.append(Segment("VIPs", "amount_sum_365d", float(np.quantile(spent, 1 - _VIP_SHARE)), None))
    return segments


def membership(X: pd.DataFrame, segments: Sequence[Segment]) -> Floats:
    """Give 1.0 where a row belongs to a segment, shape (rows, segments)."""
    columns = [segment.members(X).astype(np.float64) for segment in segments]
    return np.column_stack(columns) if columns else np.zeros((len(X), 0))


def calibrated(logodds: Floats, X: pd.DataFrame, slope: float, segments: Sequence[Segment]) -> Floats:
    """Apply a slope and the offsets of segments to a candidate's log-odds, shape (rows,)."""
    offsets = np.array([segment.offset for segment in segments])
    return slope * logodds + add_up(membership(X, segments) * offsets)


def segment_figures(test: TrainingFrame, logodds: Floats, segments: Sequence[Segment]) -> pd.DataFrame:
    """Hold predictions against outcomes, segment by segment.

    Parameters
    ----------
    test
        Judged rows.
    logodds
        Predictions whose level was refitted, so that what differs is the segment's own, shape (rows,).
    segments
        Whom to look at.

    Returns
    -------
    pandas DataFrame
        A row per segment with members: ``segment``, ``rows``, ``predicted`` (mean probability), ``churned`` (share),
        ``difference`` (churned minus predicted), and ``low`` and ``high``, its 95 % interval clustered by customer;
        ``auroc`` within snapshots and ``shape_loss``, nan where one outcome is missing.
    """
    found = []
    probability = sigmoid(logodds)
    for segment in segments:
        rows = segment.members(test.X)
        if not rows.any():
            continue
        difference, error = clustered_mean(test.churned[rows] - probability[rows], test.customers[rows])
        found.append(
            {
                "segment": segment.name,
                "rows": int(rows.sum()),
                "predicted": float(probability[rows].mean()),
                "churned": float(test.churned[rows].mean()),
                "difference": difference,
                "low": difference - 1.96 * error,
                "high": difference + 1.96 * error,
                "auroc": auroc_within(test.churned[rows], logodds[rows], test.snapshots[rows]),
                "shape_loss": shape_loss(test.churned[rows], logodds[rows], test.snapshots[rows])
                if len(np.unique(test.churned[rows])) > 1
                else float("nan"),
            }
        )
    return pd.DataFrame(found, columns=list(_COLUMNS))
