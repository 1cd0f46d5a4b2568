"""Calibration: affine in log-odds, and used only where it lowers the loss on folds later than what it was fitted on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from churnml.models.segments import Segment
from churnml.statistics.logodds import Floats, logit, sigmoid, softplus
from churnml.statistics.metrics import shape_loss
from churnml.statistics.one_thread import one_thread
from churnml.training.choose.predictions import Predictions

_PULL = 1.0


def calibration_slope(predictions: Predictions, candidate: str, embargo_days: int | None) -> float:
    """Find the factor on the log-odds that lowers the shape loss on later folds, or 1 where none does.

    The factor is fitted on the folds before one and judged on that one; only if that helps over all folds together is
    it fitted on all of them and used.

    Parameters
    ----------
    predictions : Predictions
        Out-of-fold predictions.
    candidate : str
        Name of the candidate whose predictions are calibrated.
    embargo_days : int or None
        Number of days from a snapshot until its outcomes are known: the folds that are fitted on were known by the day
        of the fold that is judged. None where folds are customers kept apart: then all folds before it are fitted on.

    Returns
    -------
    float
        Factor on the log-odds: 1.0 leaves the candidate as it is; below 1 it was overconfident.
    """
    folds = predictions.folds
    logodds, groups = predictions.logodds[candidate], predictions.groups
    gained = 0.0
    for fold in np.unique(folds):
        before, at = predictions.known_before(fold, embargo_days), folds == fold
        if not before.any():
            continue
        slope = fit_slope(predictions.churned[before], logodds[before], groups[before])
        plain, scaled = (
            shape_loss(predictions.churned[at], logodds[at] * factor, groups[at]) for factor in (1.0, slope)
        )
        gained += (plain - scaled) * at.sum()
    return fit_slope(predictions.churned, logodds, groups) if gained > 0 else 1.0


def fit_slope(churned: Floats, logodds: Floats, groups: NDArray[np.int64]) -> float:
    """Fit the factor on the log-odds with the smallest shape loss, between 0.2 and 3; 1 for constant predictions."""
    if np.ptp(logodds) == 0:
        return 1.0
    found = _fit_beside_levels(churned, np.zeros(len(churned)), logodds[:, None], groups, np.ones(1), (0.2, 3.0), 0.0)
    return round(float(found[0]), 6)


def segment_offsets(
    predictions: Predictions,
    logodds: Floats,
    members: Floats,
    segments: Sequence[Segment],
    embargo_days: int | None,
) -> list[Segment]:
    """Find the offsets of the log-odds of segments, where these lower the shape loss on later folds.

    Each segment is judged alone, as the slope is: fitted on the folds before one, judged on that one, and used only if
    it helps over all folds together. Those that help are then fitted together on all folds.

    Parameters
    ----------
    predictions : Predictions
        Outcomes and folds of the rows.
    logodds : array of float, shape (rows,)
        Calibrated predictions in log-odds.
    members : array of float, shape (rows, segments)
        Whether a row belongs to a segment: 1.0 where it does, else 0.0.
    segments : sequence of Segment
        Segments in the order of these columns.
    embargo_days : int or None
        Number of days from a snapshot until its outcomes are known; None where folds are customers kept apart, as in
        `calibration_slope`.

    Returns
    -------
    list of Segment
        The segments with their offsets; 0 where none pays.
    """
    churned, groups, folds = predictions.churned, predictions.groups, predictions.folds
    helps = []
    for column in range(len(segments)):
        gained = 0.0
        one = members[:, [column]]
        for fold in np.unique(folds):
            before, at = predictions.known_before(fold, embargo_days), folds == fold
            if not before.any():
                continue
            offset = fit_offsets(churned[before], logodds[before], one[before], groups[before])
            plain = shape_loss(churned[at], logodds[at], groups[at])
            moved = shape_loss(churned[at], logodds[at] + one[at] @ offset, groups[at])
            gained += (plain - moved) * at.sum()
        helps.append(gained > 0)
    used = np.array(helps, dtype=bool)
    offsets = np.zeros(len(segments))
    if used.any():
        offsets[used] = fit_offsets(churned, logodds, members[:, used], groups)
    return [
        dataclasses.replace(segment, offset=round(float(offset), 6))
        for segment, offset in zip(segments, offsets, strict=True)
    ]


def fit_offsets(churned: Floats, logodds: Floats, members: Floats, groups: NDArray[np.int64]) -> Floats:
    """Fit an offset of each segment's log-odds, with one intercept per group; its square is added to the loss.

    Returns
    -------
    array of float
        Offsets, shape (segments,).
    """
    return _fit_beside_levels(churned, logodds, members, groups, np.zeros(members.shape[1]), (None, None), _PULL)


def _fit_beside_levels(
    churned: Floats,
    logodds: Floats,
    columns: Floats,
    groups: NDArray[np.int64],
    start: Floats,
    bounds: tuple[float | None, float | None],
    pull: float,
) -> Floats:
    """Fit weights of columns, added to log-odds, beside one intercept per group; ``pull`` times their squares is lost.

    Columns are centred within groups, so that weights and intercepts are found apart from one another.
    """
    codes = np.unique(groups, return_inverse=True)[1]
    sizes, count = np.bincount(codes), columns.shape[1]
    centred = columns - np.column_stack([np.bincount(codes, column) / sizes for column in columns.T])[codes]
    sign = 1.0 - 2.0 * churned
    rates = (np.bincount(codes, churned) + 0.5) / (sizes + 1.0)

    def loss(found: Floats) -> tuple[float, Floats]:
        weights, levels = found[:count], found[count:]
        z = logodds + centred @ weights + levels[codes]
        wrong = sigmoid(z) - churned
        value = softplus(sign * z).sum() + pull * (weights**2).sum()
        slope = np.r_[centred.T @ wrong + 2 * pull * weights, np.bincount(codes, wrong)]
        return value / len(churned), slope / len(churned)

    begin = np.r_[start, logit(rates) - np.bincount(codes, logodds) / sizes]
    limits = [bounds] * count + [(None, None)] * len(sizes)
    options = {"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500}
    with one_thread():  # the last bits stay
        solved: Any = minimize(  # type: ignore[call-overload]  # the stubs know one shape of arrays only
            loss, begin, jac=True, method="L-BFGS-B", bounds=limits, options=options
        )
    weights: Floats = solved.x[:count]
    return weights
