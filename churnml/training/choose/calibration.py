"""Calibration: affine in log-odds, and used only where it lowers the loss on folds later than what it was fitted on."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from churnml.models.segments import Segment
from churnml.statistics.logodds import Floats, sigmoid, softplus
from churnml.statistics.metrics import shape_loss
from churnml.statistics.shifts import shift_per_group
from churnml.training.choose.predictions import Predictions

_PULL = 1.0
_OF_SEASON = 0.2
_OF_ALL = 0.12
_FLAT = 1e-12
_TOLERANCE = 1e-10
_MAX_STEPS = 100


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


def lasting_slope(slope: float) -> float:
    """Return what lasts of a slope that forward folds of one season gave, by empirical Bayes.

    In some months customers are told apart more easily than in others: on the folds of a simulated gift shop before
    Christmas the best slope was 1.3, and 1.0 after it. So the logarithm of a slope has a part of its season, for which
    a standard deviation of 0.2 is allowed (0.13 was found between folds and judged day, over 27 days of nine shops and
    horizons), and a part that lasts. The variance of that is what the square of the logarithm has above the other, at
    least 0.12 squared, and its share of both variances is kept (Efron and Morris 1973, "Stein's estimation rule and its
    competitors").

    Examples
    --------
    >>> [round(lasting_slope(slope), 3) for slope in (1.0, 1.1, 1.3, 0.5)]
    [1.0, 1.026, 1.116, 0.53]
    """
    log = math.log(slope)
    lasting = max(_OF_ALL**2, log**2 - _OF_SEASON**2)
    return round(math.exp(log * lasting / (lasting + _OF_SEASON**2)), 6)


def fit_slope(churned: Floats, logodds: Floats, groups: NDArray[np.int64]) -> float:
    """Fit the factor on the log-odds with the smallest shape loss, between 0.2 and 3; 1 for constant predictions."""
    if np.ptp(logodds) == 0:
        return 1.0
    found = _fit_beside_levels(churned, np.zeros(len(churned)), logodds[:, None], groups, (0.2, 3.0), 0.0)
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
    return _fit_beside_levels(churned, logodds, members, groups, (-np.inf, np.inf), _PULL)


def _fit_beside_levels(
    churned: Floats,
    logodds: Floats,
    columns: Floats,
    groups: NDArray[np.int64],
    bounds: tuple[float, float],
    pull: float,
) -> Floats:
    """Fit weights of columns, added to log-odds, beside one intercept per group; ``pull`` times their squares is lost.

    Newton's method with step halving, from weights as near to 0 as the bounds allow. Each intercept meets the rows of
    its group alone, so that a step solves for the weights first (the Schur complement of the information).
    """
    codes = np.unique(groups, return_inverse=True)[1]
    ended = np.bincount(codes, churned)
    # What ends alike throughout fits any weights.
    mixed = ((ended > 0) & (ended < np.bincount(codes)))[codes]
    y, base, X = churned[mixed], logodds[mixed], columns[mixed]
    codes = np.unique(codes[mixed], return_inverse=True)[1]
    count = codes.max(initial=-1) + 1
    sign = 1.0 - 2.0 * y

    def shifted(weights: Floats, levels: Floats) -> Floats:
        return np.asarray(base + np.einsum("ij,j->i", X, weights) + levels[codes])

    def loss(weights: Floats, levels: Floats) -> float:
        return float(softplus(sign * shifted(weights, levels)).sum() + pull * (weights**2).sum())

    weights = np.clip(np.zeros(X.shape[1]), *bounds)
    begin = shifted(weights, np.zeros(count))
    levels = np.bincount(codes, shift_per_group(y, begin, codes) - begin) / np.bincount(codes)
    lost = loss(weights, levels)
    for _ in range(_MAX_STEPS):
        p = sigmoid(shifted(weights, levels))
        variance = p * (1.0 - p)
        own = np.maximum(np.bincount(codes, variance, count), _FLAT)
        both = np.column_stack([np.bincount(codes, variance * column, count) for column in X.T])
        slope, of_levels = np.einsum("ij,i->j", X, p - y) + 2 * pull * weights, np.bincount(codes, p - y, count)
        information = np.einsum("ij,i,ik->jk", X, variance, X) - np.einsum("gj,g,gk->jk", both, 1 / own, both)
        information += (2 * pull + _FLAT) * np.eye(len(weights))
        step = np.linalg.solve(information, slope - np.einsum("gj,g->j", both, of_levels / own))
        size = 1.0
        while size > _TOLERANCE:
            moved = np.clip(weights - size * step, *bounds)
            found = levels - size * of_levels / own + np.einsum("gj,j->g", both, weights - moved) / own
            new = loss(moved, found)
            if new <= lost * (1.0 + 1e-14):
                break
            size *= 0.5
        else:
            break
        change = max(np.abs(moved - weights).max(), np.abs(found - levels).max(initial=0.0))
        weights, levels, lost = moved, found, new
        if change <= _TOLERANCE:
            break
    return weights
