"""Log-linear regression of money that is often nothing and sometimes a lot."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from churnml.statistics.logodds import Floats

POWER = 1.5
"""Power of the mean that the variance grows with: between Poisson (1) and gamma (2)."""
_STEPS = 100
_SMALL = 1e-10
_LARGEST = 50.0
_SHORTEST = 1e-8


def fit_loglinear(design: Floats, y: ArrayLike, penalty: ArrayLike, offset: ArrayLike = 0.0) -> Floats:
    """Fit ``log E[y] = offset + design @ coefficients`` for a variance that grows with the mean to the power 1.5.

    It minimises half the Tweedie deviance plus half the sum of ``penalty * (coefficient * deviation)^2``, with the
    deviation of each column, by Newton steps that are halved until they help (Jørgensen 1997, "The theory of dispersion
    models"; McCullagh and Nelder 1989, "Generalized linear models", chapter 9). ``y`` is measured in its own mean, so
    that the penalty knows no currency. The sums are taken in one order, so that threads change no digit.

    Parameters
    ----------
    design : array of float, shape (n, k)
        Columns of the regression; the first one is 1 throughout.
    y : array-like, shape (n,)
        What is regressed, >= 0 and not all 0.
    penalty : array-like, shape (k,)
        Penalty of each coefficient, >= 0.
    offset : array-like, shape (n,), optional
        Part of the logarithm that is known.

    Returns
    -------
    array of float
        Coefficients, shape (k,), to ten digits.

    Examples
    --------
    Two groups: the mean of the first is 2, that of the second three times as large.

    >>> design = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]])
    >>> np.exp(fit_loglinear(design, [1.0, 3.0, 4.0, 8.0], [0.0, 0.0])).round(6).tolist()
    [2.0, 3.0]
    """
    spent, known = np.asarray(y, dtype=np.float64), np.broadcast_to(offset, len(design)).astype(np.float64)
    mean = float(spent.mean())
    if not mean > 0:
        raise ValueError("Nothing is above 0, so there is no mean to fit. Pass other rows.")
    centre, spread = design.mean(axis=0), design.std(axis=0)
    centre[0], spread[spread < _SMALL] = 0.0, 1.0
    columns, ridge = (design - centre) / spread, np.asarray(penalty, dtype=np.float64)
    spent = spent / mean
    found = np.zeros(design.shape[1])
    found[0] = -np.log(np.exp(np.clip(known, -_LARGEST, _LARGEST)).mean())
    loss = _loss(found, columns, spent, known, ridge)
    for _ in range(_STEPS):
        mu = _means(found, columns, known)
        slope = np.einsum("ni,n->i", columns, (mu - spent) * mu ** (1 - POWER)) + ridge * found
        curve = np.einsum("ni,n,nj->ij", columns, mu ** (2 - POWER), columns, optimize=False)
        step = np.linalg.solve(curve + np.diag(ridge + _SMALL * len(spent)), slope)
        length = 1.0
        while (tried := _loss(found - length * step, columns, spent, known, ridge)) > loss and length > _SHORTEST:
            length /= 2
        if tried > loss:
            break
        better, loss, found = loss - tried, tried, found - length * step
        if better <= _SMALL * abs(loss):
            break
    plain = found / spread
    plain[0] += np.log(mean) - np.einsum("i,i->", plain, centre)
    return np.array([float(f"{coefficient:.10g}") for coefficient in plain])


def tweedie_deviance(y: ArrayLike, mean: ArrayLike) -> Floats:
    """Compute the Tweedie deviance of power 1.5 of each row: 0 where the mean is right, in roots of money.

    Parameters
    ----------
    y : array-like, shape (n,)
        What came, >= 0.
    mean : array-like, shape (n,)
        What was expected, > 0.

    Examples
    --------
    ``4 (sqrt(m) - sqrt(y))^2 / sqrt(m)``:

    >>> tweedie_deviance([4.0, 0.0, 9.0], [4.0, 4.0, 4.0]).tolist()
    [0.0, 8.0, 2.0]
    """
    root, expected = np.sqrt(np.asarray(y, dtype=np.float64)), np.sqrt(np.asarray(mean, dtype=np.float64))
    return np.asarray(4 * (expected - root) ** 2 / expected, dtype=np.float64)


def _means(found: Floats, columns: Floats, known: Floats) -> Floats:
    logs = known + np.einsum("ni,i->n", columns, found)
    return np.asarray(np.exp(np.clip(logs, -_LARGEST, _LARGEST)), dtype=np.float64)


def _loss(found: Floats, columns: Floats, spent: Floats, known: Floats, ridge: Floats) -> float:
    mu = _means(found, columns, known)
    return float((2 * np.sqrt(mu) + 2 * spent / np.sqrt(mu)).sum() + (ridge * found**2).sum() / 2)
