"""How an effect is learned: least squares of doubly robust scores, penalised as cross-validation asks for."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from churnml.models.uplift import RISK, SPREAD, LinearEffect
from churnml.statistics.logodds import Floats
from churnml.statistics.one_thread import one_thread

CANDIDATES = ("constant", "by_risk", "ridge")
"""Simplest first."""
_PENALTIES = np.logspace(-3, 4, 36)  # per row, on standardised columns
_NO_SPREAD = 1e-9


def fit_effect(scores: Floats, X: pd.DataFrame, weights: Floats) -> tuple[LinearEffect, dict[str, float]]:
    """Fit the candidates and take the one with the least generalised cross-validation.

    ``GCV = mean squared residual / (1 - df / n)^2``, df being the trace of the smoother (Craven and Wahba 1979,
    "Smoothing noisy data with spline functions", Numerische Mathematik 31): a constant, the effect by risk alone
    (``churn_probability`` and ``p (1 - p)``), and a ridge regression on all standardised columns, whose penalties go up
    to that of the constant. Of equals the simplest is taken.

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
    tuple of LinearEffect and dict of str to float
        The effect, and the criterion of each candidate.
    """
    share = weights / weights.mean()
    mean = float(np.average(scores, weights=share))
    constant = LinearEffect(candidate="constant", intercept=mean, columns=(), means=np.empty(0), weights=np.empty(0))
    found = {"constant": (_criterion(float((share * (scores - mean) ** 2).sum()), 1.0, len(scores)), constant)}
    for name, columns, penalties in (
        ("by_risk", [RISK, SPREAD], np.zeros(1)),
        ("ridge", list(X.columns), _PENALTIES),
    ):
        found[name] = _fit(name, scores - mean, X[columns], share, penalties, mean)
    best = min(CANDIDATES, key=lambda name: found[name][0])
    return found[best][1], {name: found[name][0] for name in CANDIDATES}


def _fit(
    name: str, centred: Floats, X: pd.DataFrame, share: Floats, penalties: Floats, mean: float
) -> tuple[float, LinearEffect]:
    values = X.to_numpy(dtype=np.float64)
    there = np.isfinite(values) * share[:, None]
    means = np.nansum(np.nan_to_num(values) * there, axis=0) / np.maximum(there.sum(axis=0), _NO_SPREAD)
    Z = np.nan_to_num(values - means)
    # A mean of what is there is none of all: what is missing counts as the mean.
    scales = np.sqrt((share[:, None] * Z**2).mean(axis=0))
    scales[scales < _NO_SPREAD] = np.inf
    root, n = np.sqrt(share), len(centred)
    with one_thread():
        left, singular, right = np.linalg.svd(root[:, None] * Z / scales, full_matrices=False)
        target = root * centred
        along = left.T @ target
        rest = float(target @ target - along @ along)
    best, chosen = math.inf, np.zeros(Z.shape[1])
    squares = singular**2
    for penalty in penalties[::-1]:
        shrunk = squares / np.maximum(squares + n * penalty, _NO_SPREAD)
        criterion = _criterion(rest + float((((1 - shrunk) * along) ** 2).sum()), 1 + float(shrunk.sum()), n)
        if criterion < best:
            factors = np.where(singular > _NO_SPREAD, shrunk / np.maximum(singular, _NO_SPREAD), 0.0)
            best, chosen = criterion, right.T @ (factors * along)
    effect = LinearEffect(
        candidate=name, intercept=mean, columns=tuple(X.columns), means=means, weights=chosen / scales
    )
    return best, effect


def _criterion(squares: float, degrees: float, n: int) -> float:
    return math.inf if degrees >= n else squares / n / (1 - degrees / n) ** 2
