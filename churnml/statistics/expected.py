"""What figures probabilities expect of themselves: with calibrated ones, outcomes are independent Bernoulli draws.

It says what the model believes. A relation between features and leaving that changed cannot be seen by it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from churnml.statistics.logodds import Floats, logit, sigmoid

_NAN = float("nan")


def weighted_auroc(y: ArrayLike, prediction: ArrayLike, weights: ArrayLike) -> float:
    """Compute the AUROC of rows that count by weights: the mean over pairs by the product of both weights.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    prediction : array-like, shape (n,)
        Probabilities or log-odds.
    weights : array-like, shape (n,)
        Weights >= 0 of the rows.

    Returns
    -------
    float
        From 0 to 1; nan where one of the outcomes has no weight. With equal weights, `churnml.metrics.auroc`.

    Examples
    --------
    The churned customer above counts three times the one below:

    >>> weighted_auroc([1, 0, 1], [0.9, 0.5, 0.1], [3, 1, 1])
    0.75
    """
    outcomes, w = np.asarray(y, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    return _auroc_of(np.asarray(prediction, dtype=np.float64), w * outcomes, w * (1.0 - outcomes))


def expected_auroc(p: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Compute the AUROC that churn probabilities expect of themselves.

    The expected number of pairs in order over the expected number of pairs: ``sum_{i != j} p_i (1 - p_j) ([p_i > p_j] +
    [p_i = p_j] / 2) / sum_{i != j} p_i (1 - p_j)``. A ratio of expectations differs from the expectation of the ratio
    by the order of 1 / n.

    Parameters
    ----------
    p : array-like, shape (n,)
        Calibrated churn probabilities.
    weights : array-like, shape (n,), optional
        Weights >= 0 of the rows; all count the same by default.

    Returns
    -------
    float
        From 0.5 to 1; nan where no pair of two outcomes is possible.

    Examples
    --------
    One pair: in order with probability .8 x .6, out of order with .4 x .2.

    >>> round(expected_auroc([0.8, 0.4]), 6)
    0.857143
    """
    probabilities = np.asarray(p, dtype=np.float64)
    w = np.ones_like(probabilities) if weights is None else np.asarray(weights, dtype=np.float64)
    return _auroc_of(probabilities, w * probabilities, w * (1.0 - probabilities))


def expected_log_loss(p: ArrayLike) -> float:
    """Compute the mean log loss that churn probabilities expect: their mean entropy, in nats; nan without rows.

    Examples
    --------
    >>> round(expected_log_loss([0.5, 0.5]), 6)
    0.693147
    """
    probabilities = np.asarray(p, dtype=np.float64)
    inside = np.clip(probabilities, np.finfo(np.float64).tiny, 1.0)
    outside = np.clip(1.0 - probabilities, np.finfo(np.float64).tiny, 1.0)
    return _mean(-probabilities * np.log(inside) - (1.0 - probabilities) * np.log(outside))


def expected_brier(p: ArrayLike) -> float:
    """Compute the Brier score that churn probabilities expect: the mean of ``p (1 - p)``; nan without rows.

    Examples
    --------
    >>> expected_brier([0.5, 1.0])
    0.125
    """
    probabilities = np.asarray(p, dtype=np.float64)
    return _mean(probabilities * (1.0 - probabilities))


def expected_lift(p: ArrayLike, k: int) -> float:
    """Compute the lift that churn probabilities expect of their k highest; nan where nobody is expected to leave.

    Examples
    --------
    >>> round(expected_lift([0.9, 0.2, 0.1], k=1), 6)
    2.25
    """
    probabilities = np.asarray(p, dtype=np.float64)
    rate = _mean(probabilities)
    return _mean(np.sort(probabilities)[::-1][:k]) / rate if rate > 0 else _NAN


def expected_interval(
    p: ArrayLike, figure: Callable[[Floats], float], spread: float = 0.0, draws: int = 200, seed: int = 0
) -> tuple[float, float]:
    """Draw the 95 % interval of a figure, were the probabilities right but for their level.

    Parameters
    ----------
    p : array-like, shape (n,)
        Calibrated churn probabilities.
    figure : callable
        Function that computes the figure from drawn outcomes, shape (n,); nan where it is not defined.
    spread : float, optional
        Standard deviation of the level's error, in log-odds; it moves all probabilities of a draw alike.
    draws, seed : int, optional
        Number of draws, and their seed.

    Returns
    -------
    low, high : float
        Ends of the interval; nan where no draw defines the figure.

    Examples
    --------
    >>> low, high = expected_interval(np.full(400, 0.5), lambda y: float(y.mean()))
    >>> 0.44 < low < 0.46, 0.54 < high < 0.56
    (True, True)
    """
    rng = np.random.default_rng(seed)
    z = logit(np.asarray(p, dtype=np.float64))
    figures = []
    for _ in range(draws):
        chances = sigmoid(z + spread * rng.standard_normal())
        figures.append(figure((rng.random(z.size) < chances).astype(np.float64)))
    known = np.array(figures)[~np.isnan(figures)]
    if not known.size:
        return _NAN, _NAN
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _auroc_of(prediction: Floats, leaving: Floats, staying: Floats) -> float:
    """Compute the AUROC of rows that leave and stay with some mass each; a row is no pair of its own."""
    order = np.argsort(prediction, kind="stable")
    z, up, down = prediction[order], leaving[order], staying[order]
    starts = np.flatnonzero(np.append(True, z[1:] != z[:-1])) if z.size else np.zeros(0, dtype=np.intp)
    tied = np.add.reduceat(down, starts) if z.size else down
    sizes = np.diff(np.append(starts, z.size))
    below = np.repeat(np.cumsum(tied) - tied, sizes)
    pairs = float(up.sum() * down.sum() - (up * down).sum())
    # One row leaves rounding, and no pair.
    if z.size < 2 or pairs <= 0:
        return _NAN
    return float((up * (below + 0.5 * (np.repeat(tied, sizes) - down))).sum()) / pairs


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else _NAN
