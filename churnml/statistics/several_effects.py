"""Several effects at once: shrunken to what they have in common, and adjusted for how many were looked at."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from churnml.statistics.logodds import Floats


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """Effects of several groups, drawn towards their common mean.

    Attributes
    ----------
    effects : array of float, shape (groups,)
        Shrunk effects.
    errors : array of float, shape (groups,)
        Standard errors that go with them.
    mean : float
        Common mean.
    spread : float
        Standard deviation of the true effects around it; 0 where no difference can be told.
    """

    effects: Floats
    errors: Floats
    mean: float
    spread: float


def shrink(values: ArrayLike, errors: ArrayLike) -> Shrunk:
    """Shrink effects of groups towards their mean, the more the less sure they are.

    The spread t of the true effects is that at which ``sum((tau - m)^2 / (s^2 + t^2))`` is the number of groups less
    one, m being their mean weighted by ``1 / (s^2 + t^2)`` (Paule and Mandel 1982, "Consensus values and weighting
    factors", Journal of Research of the National Bureau of Standards 87). A shrunk effect is
    ``(tau / s^2 + m / t^2) / (1 / s^2 + 1 / t^2)``; with t = 0 all are the mean.

    Parameters
    ----------
    values, errors : array-like, shape (groups,)
        Effects and their standard errors; nan where a group says nothing, and takes the mean.

    Returns
    -------
    Shrunk
        Shrunk effects; all nan where no group says anything.

    Examples
    --------
    Two groups that differ no more than chance would make them are taken for one:

    >>> shrunk = shrink([0.1, 0.2], [0.1, 0.1])
    >>> round(float(shrunk.effects[0]), 3), shrunk.spread
    (0.15, 0.0)
    """
    tau, s = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    known = np.isfinite(tau) & np.isfinite(s) & (s > 0)
    if not known.any():
        return Shrunk(effects=np.full(len(tau), np.nan), errors=np.full(len(tau), np.nan), mean=np.nan, spread=np.nan)
    effects, squares = tau[known], s[known] ** 2

    def excess(of: float) -> float:
        weights = 1 / (squares + of)
        return float((weights * (effects - np.average(effects, weights=weights)) ** 2).sum()) - (len(effects) - 1)

    low = high = 0.0
    if excess(0.0) > 0:
        high = float(np.ptp(effects)) ** 2 * len(effects) + float(squares.max())
        for _ in range(200):
            low, high = ((low + high) / 2, high) if excess((low + high) / 2) > 0 else (low, (low + high) / 2)
    between = high
    weights = 1 / (squares + between)
    mean, of_mean = float(np.average(effects, weights=weights)), 1 / float(weights.sum())
    found, found_errors = np.full(len(tau), mean), np.full(len(tau), math.sqrt(between + of_mean))
    own = between / (between + squares)
    found[known] = own * effects + (1 - own) * mean
    found_errors[known] = np.sqrt(own * squares + (1 - own) ** 2 * of_mean)
    return Shrunk(effects=found, errors=found_errors, mean=mean, spread=math.sqrt(between))


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p-values for that several were looked at, so that not even one of them misleads more than 5 % of the time.

    Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.

    Parameters
    ----------
    p_values : array-like, shape (k,)
        P-values; nan for what was not tested.

    Returns
    -------
    array of float
        Adjusted p-values, shape (k,).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjusted(p_values, lambda p: np.maximum.accumulate(p * np.arange(len(p), 0, -1)))


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjust p-values such that of those below 5 % at most one in twenty misleads, on average.

    Benjamini and Hochberg (1995), "Controlling the false discovery rate", Journal of the Royal Statistical Society B.

    Parameters
    ----------
    p_values : array-like, shape (k,)
        P-values; nan for what was not tested.

    Returns
    -------
    array of float
        Adjusted p-values, shape (k,).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    return _adjusted(p_values, lambda p: np.minimum.accumulate((p * len(p) / np.arange(1, len(p) + 1))[::-1])[::-1])


def _adjusted(p_values: ArrayLike, adjust: Callable[[Floats], Floats]) -> Floats:
    """Adjust what is known of p-values, from the smallest on; no p-value is above 1."""
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")[: int(np.isfinite(p).sum())]
    adjusted = np.full(len(p), np.nan)
    adjusted[order] = np.minimum(adjust(p[order]), 1.0)
    return adjusted
