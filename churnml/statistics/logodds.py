"""Log-odds: probabilities on the scale on which everything adds up, and their losses.

Everything that churnml predicts is additive in log-odds, so the level of a prediction (one number added to all rows)
can be told apart from its shape (who stands above whom, and by how much). `shifts` refits the level.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

EXTREME_LOGODDS = 30.0
"""Stands for certainty where the best log-odds are infinite; a row that is this sure and right loses 1e-13."""


def logit(p: ArrayLike) -> Floats:
    """Turn probabilities into log-odds, ``log(p / (1 - p))``.

    Parameters
    ----------
    p : array-like, any shape
        Probabilities from 0 to 1.

    Returns
    -------
    array of float
        Log-odds, same shape; minus infinity for 0 and infinity for 1.

    Examples
    --------
    >>> logit([0.5, 0.9]).round(4).tolist()
    [0.0, 2.1972]
    """
    return np.asarray(special.logit(np.asarray(p, dtype=np.float64)), dtype=np.float64)


def sigmoid(z: ArrayLike) -> Floats:
    """Turn log-odds into probabilities, ``1 / (1 + exp(-z))``, without overflow for any z.

    Parameters
    ----------
    z : array-like, any shape
        Log-odds.

    Returns
    -------
    array of float
        Probabilities, same shape.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 1000.0]).tolist()
    [0.0, 0.5, 1.0]
    """
    return np.asarray(special.expit(np.asarray(z, dtype=np.float64)), dtype=np.float64)


def softplus(z: ArrayLike) -> Floats:
    """Compute ``log(1 + exp(z))``, the loss of log-odds -z of what happened, without overflow for any z.

    Parameters
    ----------
    z : array-like, any shape
        Log-odds.

    Returns
    -------
    array of float
        Losses in nats, same shape, never negative.

    Examples
    --------
    >>> softplus([-1000.0, 0.0, 1000.0]).round(4).tolist()
    [0.0, 0.6931, 1000.0]
    """
    x = np.asarray(z, dtype=np.float64)
    # A fifth of the time of np.logaddexp, which goes number by number.
    return np.asarray(np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0.0), dtype=np.float64)


def add_up(terms: Floats) -> Floats:
    """Add up log-odds of each row, column by column from left to right.

    BLAS and NumPy's own sum add up one row in another order than many, and a customer's last bits would depend on who
    is asked for beside them.

    Parameters
    ----------
    terms : array of float, shape (rows, columns)
        Log-odds.

    Returns
    -------
    array of float
        Sums of the rows, shape (rows,); 0 without columns.

    Examples
    --------
    >>> add_up(np.array([[0.5, 0.25], [1.0, -1.0]])).tolist()
    [0.75, 0.0]
    """
    return sum(terms.T, np.zeros(len(terms)))


def paired_arrays(y: ArrayLike, prediction: ArrayLike) -> tuple[Floats, Floats]:
    """Return outcomes and predictions as flat float arrays after checking that they belong together.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes: 1 churned, 0 stayed. Drop censored rows before.
    prediction : array-like, shape (n,)
        Probabilities or log-odds.

    Returns
    -------
    outcomes, predictions : array of float, shape (n,)
        Values of ``y`` and ``prediction``.

    Raises
    ------
    ValueError
        If lengths differ, an outcome is neither 0 nor 1, or a prediction is empty (nan).

    Examples
    --------
    >>> paired_arrays([True, False], [0.7, 0.2])
    (array([1., 0.]), array([0.7, 0.2]))
    """
    outcomes = np.asarray(y, dtype=np.float64)
    predictions = np.asarray(prediction, dtype=np.float64)
    if outcomes.ndim != 1 or outcomes.shape != predictions.shape:
        raise ValueError(
            f"Outcomes of shape {outcomes.shape} and predictions of shape {predictions.shape} do not belong together. "
            "Pass two one-dimensional arrays of equal length."
        )
    bad = int(np.count_nonzero((outcomes != 0) & (outcomes != 1)))
    if bad:
        raise ValueError(f"{bad:,} of {outcomes.size:,} outcomes are neither 0 nor 1. Drop censored rows before.")
    empty = int(np.count_nonzero(np.isnan(predictions)))
    if empty:
        raise ValueError(f"{empty:,} of {outcomes.size:,} predictions are empty (nan). Predict every row.")
    return outcomes, predictions


def row_log_loss(y: ArrayLike, logodds: ArrayLike) -> Floats:
    """Compute the log loss of every row from its log-odds.

    The loss is ``log(1 + exp(-z))`` where the customer churned and ``log(1 + exp(z))`` where they stayed, in nats. It
    is computed without forming the probability, so it stays exact where that would round to 0 or 1.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    logodds : array-like, shape (n,)
        Predicted log-odds.

    Returns
    -------
    array of float
        Losses in nats, shape (n,), never negative.

    Examples
    --------
    >>> row_log_loss([1, 0, 0], [0.0, 0.0, 1000.0]).round(4).tolist()
    [0.6931, 0.6931, 1000.0]
    """
    outcomes, z = paired_arrays(y, logodds)
    return softplus((1.0 - 2.0 * outcomes) * z)
