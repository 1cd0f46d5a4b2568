"""How an effect is learned: doubly robust scores, fitted by the candidate that cross-validation takes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from churnml.models.effect import TREES, Effect, LinearEffect
from churnml.models.uplift import RISK, SPREAD
from churnml.statistics.logodds import Floats
from churnml.statistics.one_thread import one_thread
from churnml.training.uplift.trees import grow_effect

ROWS_FOR_TREES = 100_000
"""Trees learn from so many rows on: from fewer, LightGBM found less than a ridge regression on public e-mails."""
_PENALTIES = np.logspace(-3, 4, 36)  # per row, on standardised columns
_NO_SPREAD = 1e-9
_RISKS = 2


def fit_effect(scores: Floats, X: pd.DataFrame, weights: Floats) -> tuple[Effect, dict[str, float]]:
    """Fit the candidates and take the one with the least squared error, as cross-validation tells it.

    That of the linear ones is generalised: ``GCV = mean squared residual / (1 - df / n)^2``, df being the trace of the
    smoother (Craven and Wahba 1979, "Smoothing noisy data with spline functions", Numerische Mathematik 31). They are a
    constant, the effect by risk alone (``churn_probability`` and ``p (1 - p)``), and a ridge regression on all
    standardised columns. Its penalty falls on what the features add to the effect by risk, and goes up to that where
    they add nothing. From 100,000 rows on trees are a candidate too; see `grow_effect`. Of equals the simplest is
    taken.

    Parameters
    ----------
    scores : array of float, shape (n,)
        Doubly robust scores of the effect.
    X : pandas DataFrame, shape (n, columns)
        Features, and the columns that the risk model gives; null is taken for the mean.
    weights : array of float, shape (n,)
        Weight of each row.

    Returns
    -------
    tuple of LinearEffect or TreeEffect, and dict of str to float
        The effect, and the squared error of each candidate, simplest first.
    """
    share = weights / weights.mean()
    mean = float(np.average(scores, weights=share))
    constant = LinearEffect(candidate="constant", intercept=mean, columns=(), means=np.empty(0), weights=np.empty(0))
    squares = float((share * (scores - mean) ** 2).sum())
    found: dict[str, tuple[float, Effect]] = {"constant": (_criterion(squares, 1.0, len(scores)), constant)}
    for name, columns in (("by_risk", [RISK, SPREAD]), ("ridge", [RISK, SPREAD, *X.columns.drop([RISK, SPREAD])])):
        found[name] = _fit(name, scores - mean, X[columns], share, mean)
    if len(scores) >= ROWS_FOR_TREES:
        found[TREES] = grow_effect(scores, X, share)
    _, best = min(found.values(), key=lambda one: one[0])
    return best, {name: error for name, (error, _) in found.items()}


def _fit(name: str, centred: Floats, X: pd.DataFrame, share: Floats, mean: float) -> tuple[float, LinearEffect]:
    """Fit the first two columns, which are the risk, freely, and the further ones with a penalty."""
    values = X.to_numpy(dtype=np.float64)
    there = np.isfinite(values) * share[:, None]
    means = np.nansum(np.nan_to_num(values) * there, axis=0) / np.maximum(there.sum(axis=0), _NO_SPREAD)
    Z = np.nan_to_num(values - means)
    # A mean of what is there is none of all: what is missing counts as the mean.
    scales = np.sqrt((share[:, None] * Z**2).mean(axis=0))
    scales[scales < _NO_SPREAD] = np.inf
    root, n = np.sqrt(share), len(centred)
    Z, target = root[:, None] * Z / scales, root * centred
    with one_thread():
        basis, risk_singular, _ = np.linalg.svd(Z[:, :_RISKS], full_matrices=False)
        basis = basis[:, risk_singular > _NO_SPREAD * math.sqrt(n)]
        beyond, left_over = (part - basis @ (basis.T @ part) for part in (Z[:, _RISKS:], target))
        left, singular, right = np.linalg.svd(beyond, full_matrices=False)
        along = left.T @ left_over
    rest = float(left_over @ left_over - along @ along)
    best, chosen = math.inf, np.zeros(beyond.shape[1])
    for penalty in _PENALTIES[::-1]:
        shrunk = singular**2 / (singular**2 + n * penalty)
        squares = rest + float((((1 - shrunk) * along) ** 2).sum())
        criterion = _criterion(squares, 1 + basis.shape[1] + float(shrunk.sum()), n)
        if criterion < best:
            best, chosen = criterion, right.T @ (singular / (singular**2 + n * penalty) * along)
    of_risk = np.linalg.lstsq(Z[:, :_RISKS], target - Z[:, _RISKS:] @ chosen, rcond=_NO_SPREAD)[0]
    weights = np.append(of_risk, chosen) / scales
    return best, LinearEffect(candidate=name, intercept=mean, columns=tuple(X.columns), means=means, weights=weights)


def _criterion(squares: float, degrees: float, n: int) -> float:
    return math.inf if degrees >= n else squares / n / (1 - degrees / n) ** 2
