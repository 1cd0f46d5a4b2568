"""How sure an AUROC is, on few customers too, who may stand in several rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from churnml.statistics.logodds import Floats, logit, sigmoid
from churnml.statistics.metrics import auroc, double_ranks


def auroc_interval(
    churned: Floats, logodds: Floats, groups: NDArray[Any], customers: NDArray[Any], level: float = 0.95
) -> tuple[float, float]:
    """Estimate the range of `churnml.statistics.metrics.auroc_within` on its log-odds scale.

    Each row moves the AUROC by its placement among the rows of the other outcome in its group (DeLong, DeLong and
    Clarke-Pearson 1988, "Comparing the areas under two or more correlated receiver operating characteristic curves",
    Biometrics 44), and a customer by the sum over their rows, u (Obuchowski 1997, "Nonparametric analysis of clustered
    ROC curve data", Biometrics 53). Few customers may make up most of these: with ``k = (sum u^2)^2 / sum u^4`` they
    count as k equal ones, so that the variance is ``k / (k - 1) sum u^2``. The quantile is Student's, of the degrees
    of freedom that a variance from G customers with this kurtosis ``G / k`` has: ``2 G / (G / k - 1)``.

    Parameters
    ----------
    churned : array of float, shape (rows,)
        Outcomes 0 or 1.
    logodds : array of float, shape (rows,)
        Predicted log-odds.
    groups : array, shape (rows,)
        Group of every row, such as its snapshot; only rows of the same group are compared.
    customers : array, shape (rows,)
        Customer of every row.
    level : float, optional
        Probability that the interval should hold the AUROC with, between 0 and 1.

    Returns
    -------
    low, high : float
        Ends of the interval, from 0 to 1. Of an order without a fault, of which nothing says how sure it is, one pair
        more is taken for half wrong. nan where the AUROC is; from 0 to 1 where one customer makes up all.

    Examples
    --------
    >>> y, z = np.tile([1.0, 0.0, 1.0, 0.0], 20), np.tile([2.0, 1.0, 0.0, -1.0], 20)
    >>> low, high = auroc_interval(y, z, np.zeros(80), np.arange(80))
    >>> round(low, 3), round(high, 3)
    (0.623, 0.845)
    """
    placed, pairs_of, total, right = np.zeros(len(churned)), np.zeros(len(churned)), 0.0, 0.0
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        y, z = churned[rows], logodds[rows]
        left, stayed = y == 1, y == 0
        pairs = float(left.sum() * stayed.sum())
        if not pairs:
            continue
        ranks = double_ranks(z) / 2
        own = np.empty(len(rows))
        for outcome in (left, stayed):
            own[outcome] = double_ranks(z[outcome]) / 2
        # How many of the other outcome a row stands above, ties one half; for who stayed, how many stand above.
        above = ranks - own
        placed[rows] = np.where(left, above, left.sum() - above)
        pairs_of[rows] = np.where(left, stayed.sum(), left.sum())
        total, right = total + pairs, right + auroc(y, z) * pairs
    if not total:
        return float("nan"), float("nan")
    found = float(np.clip(right, 0.5, total - 0.5)) / total
    moves = np.bincount(np.unique(customers, return_inverse=True)[1], weights=(placed - found * pairs_of) / total)
    squares, count = float((moves**2).sum()), len(moves)
    if count < 2:
        return 0.0, 1.0
    if not squares:
        return found, found
    equal = squares**2 / float((moves**4).sum())
    freedom = min(count - 1.0, 2 * count * equal / (count - equal) if count > equal else np.inf)
    error = np.sqrt(equal / (equal - 1) * squares) / (found * (1 - found))
    reach = float(t.ppf((1 + level) / 2, freedom)) * error
    low, high = sigmoid(logit(found) + np.array([-reach, reach]))
    return float(low), float(high)
