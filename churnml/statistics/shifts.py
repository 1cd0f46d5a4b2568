"""Shifts and straight lines that recalibrate log-odds, fitted by the smallest log loss."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from churnml.statistics.logodds import EXTREME_LOGODDS, Floats, logit, paired_arrays, sigmoid, softplus

_TOLERANCE = 1e-12
_MAX_STEPS = 200


def fit_intercept(y: ArrayLike, logodds: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Find the shift b that makes the mean log loss of ``logodds + b`` smallest.

    At the optimum the predicted probabilities add up to the number of churned customers. The loss is convex in b, and
    with m the (weighted) churned share the optimum lies between ``logit(m) - max(logodds)`` and
    ``logit(m) - min(logodds)``; Newton's method runs inside that bracket and bisects it whenever a step would leave.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1, at least one.
    logodds : array-like, shape (n,)
        Finite log-odds.
    weights : array-like, shape (n,), optional
        Weights >= 0 with a positive sum; all rows count the same by default.

    Returns
    -------
    float
        The shift in log-odds, to about 1e-12. Where all rows have the same outcome the optimum is infinite; then the
        shift that brings every row to at least 30 (all churned) or at most -30 (none churned) is returned.

    Raises
    ------
    ValueError
        If there is no row, log-odds are not finite, or the weights are not as described.

    Examples
    --------
    One of four churned: the log-odds become log(1/3).

    >>> round(fit_intercept([1, 0, 0, 0], [0.0, 0.0, 0.0, 0.0]), 6)
    -1.098612
    >>> fit_intercept([0, 0], [1.0, 2.0])
    -32.0
    """
    outcomes, z, w = _fit_input(y, logodds, weights)
    return float(_fit_intercepts(outcomes, z, w, np.zeros(1, dtype=np.intp))[0])


def shift_per_group(y: ArrayLike, logodds: ArrayLike, groups: ArrayLike) -> Floats:
    """Refit one intercept per group and return the shifted log-odds.

    With snapshots as groups this takes the level out of a prediction: what remains of the loss is its shape. Adding
    any constant to the log-odds of a group beforehand changes nothing.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    logodds : array-like, shape (n,)
        Finite log-odds.
    groups : array-like, shape (n,)
        Group of every row: dates, strings or numbers, without nulls.

    Returns
    -------
    array of float
        Sum ``logodds + fit_intercept(group)``, shape (n,), in the order given.

    Raises
    ------
    ValueError
        If the groups' length differs, or as in `fit_intercept`.

    Examples
    --------
    >>> shifted = shift_per_group([1, 0, 1, 1, 0, 0], [9, 9, 9, -5, -5, -5], ["a", "a", "a", "b", "b", "b"])
    >>> sigmoid(shifted).round(4).tolist()
    [0.6667, 0.6667, 0.6667, 0.3333, 0.3333, 0.3333]
    """
    outcomes, z = paired_arrays(y, logodds)
    labels = np.asarray(groups)
    if labels.shape != z.shape:
        raise ValueError(f"Groups of shape {labels.shape} do not fit {z.size:,} rows. Pass one group per row.")
    codes = pd.factorize(labels)[0]
    if not z.size:
        return z
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-2))
    sizes = np.diff(starts, append=z.size)
    ordered = _fit_input(outcomes[order], z[order], None)
    shifts = _fit_intercepts(*ordered[:2], np.repeat(1.0 / sizes, sizes), starts)
    shifted = z.copy()
    shifted[order] += np.repeat(shifts, sizes)
    return shifted


def fit_affine(y: ArrayLike, logodds: ArrayLike, weights: ArrayLike | None = None) -> tuple[float, float]:
    """Fit the line ``intercept + slope * logodds`` with the smallest mean log loss.

    This is a logistic regression on one column: the recalibration of Cox (1958, "Two further applications of a model
    for binary regression", Biometrika 45) and of Platt (1999, "Probabilistic outputs for support vector machines"),
    fitted by Newton's method with step halving on standardised log-odds.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1, at least one.
    logodds : array-like, shape (n,)
        Finite log-odds.
    weights : array-like, shape (n,), optional
        Weights >= 0 with a positive sum; all rows count the same by default.

    Returns
    -------
    intercept, slope : float
        Intercept (log-odds) and slope (1 = as spread out as they should be, less than 1 = overconfident). Where a
        slope cannot be learned (constant log-odds, or one outcome only) it is 1, with the intercept of
        `fit_intercept`. Where a threshold separates the outcomes the best slope is infinite; then Platt's smoothed
        targets, ``(n1 + 1) / (n1 + 2)`` and ``1 / (n0 + 2)``, give a steep but finite one (n1 and n0 count rows).

    Raises
    ------
    ValueError
        As in `fit_intercept`.

    Examples
    --------
    Predicted log-odds of -2 and 2 where one and three of four churned, which is log-odds of -log(3) and log(3):

    >>> intercept, slope = fit_affine([1, 0, 0, 0, 1, 1, 1, 0], [-2, -2, -2, -2, 2, 2, 2, 2])
    >>> abs(round(intercept, 6)), round(slope, 6)
    (0.0, 0.549306)
    """
    outcomes, z, w = _fit_input(y, logodds, weights)
    churned, stayed = z[outcomes == 1], z[outcomes == 0]
    constant = float(np.ptp(z)) <= _TOLERANCE * max(1.0, float(np.abs(z).max()))
    if constant or not churned.size or not stayed.size:
        return fit_intercept(outcomes, z, w), 1.0
    targets = outcomes
    if churned.min() >= stayed.max() or churned.max() <= stayed.min():
        targets = np.where(outcomes == 1, (churned.size + 1) / (churned.size + 2), 1 / (stayed.size + 2))
    centre = float((w * z).sum())
    spread = float(np.sqrt((w * (z - centre) ** 2).sum()))
    intercept, slope = _fit_line(targets, (z - centre) / spread, w, as_they_are=(centre, spread))
    return intercept - slope * centre / spread, slope / spread


def _fit_intercepts(outcomes: Floats, z: Floats, w: Floats, starts: NDArray[np.intp]) -> Floats:
    """Find the shift of each group, shape (groups,): of rows that lie together, from each start on, with weights."""
    sizes = np.diff(starts, append=z.size)
    share, stayed = np.add.reduceat(w * outcomes, starts), np.add.reduceat(w * (1.0 - outcomes), starts)
    highest, lowest = np.maximum.reduceat(z, starts), np.minimum.reduceat(z, starts)
    found = np.where(share == 0.0, -EXTREME_LOGODDS - highest, EXTREME_LOGODDS - lowest)
    left = np.flatnonzero((share > 0.0) & (stayed > 0.0))
    level = np.log(share[left]) - np.log(stayed[left])
    low, high = level - highest[left], level - lowest[left]
    found[left] = np.clip(level - np.add.reduceat(w * z, starts)[left], low, high)
    # The chance of being wrong, rather than p - y, keeps its digits where p is next to 1.
    rows, sign = np.isin(np.repeat(np.arange(sizes.size), sizes), left), 1.0 - 2.0 * outcomes
    # SciPy's Newton has no bracket and leaves for infinity where rows are saturated; its brentq takes twice as long.
    for _ in range(_MAX_STEPS):
        if not left.size:
            break
        z, sign, w = z[rows], sign[rows], w[rows]
        begins = np.cumsum(sizes[left]) - sizes[left]
        wrong = sigmoid(sign * (z + np.repeat(found[left], sizes[left])))
        slope = np.add.reduceat(w * sign * wrong, begins)
        curvature = np.add.reduceat(w * wrong * (1.0 - wrong), begins)
        shift = found[left]
        low, high = np.where(slope < 0, shift, low), np.where(slope < 0, high, shift)
        # A flat spot (all rows saturated) would ask for an infinite step; nan compares false and bisects as well.
        proposal = shift - np.divide(slope, curvature, out=np.full(left.size, np.nan), where=curvature > 0)
        proposal = np.where((low <= proposal) & (proposal <= high), proposal, 0.5 * (low + high))
        proposal = np.where(slope == 0.0, shift, proposal)
        found[left] = proposal
        moving = np.abs(proposal - shift) > _TOLERANCE * np.maximum(1.0, np.abs(proposal))
        rows, left, low, high = np.repeat(moving, sizes[left]), left[moving], low[moving], high[moving]
    return found


def _fit_input(y: ArrayLike, logodds: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Return outcomes, log-odds and weights that add up to 1, without the rows that have no weight."""
    outcomes, z = paired_arrays(y, logodds)
    if not z.size:
        raise ValueError("There is no row to fit on. Pass at least one outcome.")
    infinite = int(np.count_nonzero(np.isinf(z)))
    if infinite:
        raise ValueError(f"{infinite:,} of {z.size:,} log-odds are infinite. Keep probabilities away from 0 and 1.")
    if weights is None:
        return outcomes, z, np.full(z.shape, 1.0 / z.size)
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != z.shape or not np.all(np.isfinite(w)) or np.any(w < 0) or not np.any(w > 0):
        raise ValueError("The weights must be one finite number >= 0 per row, and not all 0.")
    kept = w > 0
    return outcomes[kept], z[kept], w[kept] / w[kept].sum()


def _fit_line(targets: Floats, u: Floats, w: Floats, as_they_are: tuple[float, float]) -> tuple[float, float]:
    """Minimise the weighted log loss of ``a + b * u`` against targets in [0, 1]; u is standardised.

    ``as_they_are`` is the line that gives the log-odds before that: most often they are nearly right.
    """
    starts = [(float(logit((w * targets).sum())), 0.0), as_they_are]
    loss, (a, b) = min((_line_loss(targets, a + b * u, w), (a, b)) for a, b in starts)
    for _ in range(_MAX_STEPS):
        p, q = sigmoid(a + b * u), sigmoid(-a - b * u)
        residual, variance = w * ((1.0 - targets) * p - targets * q), w * p * q
        slope_a, slope_b = float(residual.sum()), float((residual * u).sum())
        total = float(variance.sum())
        if total == 0.0:
            break
        # Centring u on its weighted mean makes the 2 x 2 system diagonal, and its determinant safe from cancellation.
        mean = float((variance * u).sum()) / total
        information = float((variance * (u - mean) ** 2).sum())
        if information == 0.0:
            break
        step_b = (slope_b - mean * slope_a) / information
        step_a = slope_a / total - mean * step_b
        size = 1.0
        while size > _TOLERANCE:
            new_loss = _line_loss(targets, a - size * step_a + (b - size * step_b) * u, w)
            if new_loss <= loss * (1.0 + 1e-14):
                break
            size *= 0.5
        else:
            break
        a, b, loss = a - size * step_a, b - size * step_b, new_loss
        if max(abs(step_a), abs(step_b)) <= _TOLERANCE * max(1.0, abs(a), abs(b)):
            break
    return a, b


def _line_loss(targets: Floats, z: Floats, w: Floats) -> float:
    """Return the weighted mean log loss against targets that may lie between 0 and 1."""
    # What target and side of z have in common costs nothing: no term is negative, so none cancels another.
    return float((w * (softplus(-np.abs(z)) + np.where(z > 0, 1.0 - targets, targets) * np.abs(z))).sum())


def shift_to(rate: float, logodds: Floats) -> float:
    """Find the shift of log-odds whose mean probability is a rate, by bisection to about 1e-12."""
    middle = float(logit(rate))
    low, high = middle - float(logodds.max()), middle - float(logodds.min())
    # SciPy's bisect and brentq round otherwise: the level that models carry would move in its last digits.
    for _ in range(_MAX_STEPS):
        shift = 0.5 * (low + high)
        if high - low < 1e-12:
            break
        low, high = (shift, high) if float(sigmoid(logodds + shift).mean()) < rate else (low, shift)
    return 0.5 * (low + high)
