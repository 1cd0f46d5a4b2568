"""How sure a mean or a metric is when one customer may stand in several rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from churnml.statistics.processes import in_processes


def clustered_mean(values: ArrayLike, clusters: ArrayLike) -> tuple[float, float]:
    """Compute a mean over rows and its standard error when rows of one customer hang together.

    With S_g the sum and n_g the number of rows of customer g, N rows and G customers, the error is
    ``sqrt(G / (G - 1) * sum_g (S_g - n_g * mean)^2) / N``: the linearised variance of a ratio of cluster sums
    (Cochran 1977, "Sampling Techniques", section 9A; the same as the cluster-robust error of a regression on a
    constant). With one row per customer it is the ordinary ``s / sqrt(N)``.

    Parameters
    ----------
    values : array-like, shape (n,)
        One value per row.
    clusters : array-like, shape (n,)
        Customer of every row, without nulls.

    Returns
    -------
    mean, error : float
        Mean and its standard error, both in units of the values. The mean is nan without rows; the error is nan
        with fewer than two customers.

    Raises
    ------
    ValueError
        If lengths differ or a customer is null.

    Examples
    --------
    >>> mean, error = clustered_mean([1.0, 2.0, 3.0, 4.0], ["a", "a", "b", "b"])
    >>> mean, round(error, 6)
    (2.5, 1.0)
    """
    x = np.asarray(values, dtype=np.float64)
    codes, groups = _cluster_codes(clusters)
    if x.shape != codes.shape:
        raise ValueError(f"Values of shape {x.shape} do not fit {codes.size:,} customers. Pass one customer per row.")
    if not x.size:
        return float("nan"), float("nan")
    mean = float(x.mean())
    if groups < 2:
        return mean, float("nan")
    # Summing deviations rather than values keeps the digits when the mean is large against the spread.
    deviations = np.bincount(codes, weights=x - mean, minlength=groups)
    return mean, float(np.sqrt(groups / (groups - 1) * (deviations**2).sum()) / x.size)


def paired_difference(loss_a: ArrayLike, loss_b: ArrayLike, clusters: ArrayLike) -> tuple[float, float]:
    """Compare two losses on the same rows: the mean of ``a - b`` and its customer-clustered standard error.

    Pairing removes what both find hard alike, so far smaller differences can be told than from two separate errors.

    Parameters
    ----------
    loss_a, loss_b : array-like, shape (n,)
        Loss of either candidate on every row, in the same order.
    clusters : array-like, shape (n,)
        Customer of every row, without nulls.

    Returns
    -------
    difference, error : float
        Mean difference (above 0: a is worse) and its standard error, as in `clustered_mean`.

    Raises
    ------
    ValueError
        If lengths differ or a customer is null.

    Examples
    --------
    >>> paired_difference([0.5, 0.75], [0.25, 0.5], [1, 2])
    (0.25, 0.0)
    """
    a, b = np.asarray(loss_a, dtype=np.float64), np.asarray(loss_b, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"Losses of shapes {a.shape} and {b.shape} are not paired. Pass both for the same rows.")
    return clustered_mean(a - b, clusters)


def bootstrap_interval(
    statistic: Callable[[NDArray[np.intp]], float],
    clusters: ArrayLike,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Estimate the range of one statistic by drawing whole customers with replacement; see `bootstrap_intervals`.

    Examples
    --------
    >>> values = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    >>> low, high = bootstrap_interval(lambda rows: float(values[rows].mean()), ["a", "a", "b", "b", "c", "c"])
    >>> low, high
    (1.5, 5.5)
    """
    ((low, high),) = bootstrap_intervals(lambda rows: [statistic(rows)], clusters, draws, seed, level)
    return float(low), float(high)


def bootstrap_intervals(
    statistics: Callable[[NDArray[np.intp]], Sequence[float]],
    clusters: ArrayLike,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
    jobs: int = 1,
) -> NDArray[np.float64]:
    """Estimate the ranges of statistics by drawing whole customers with replacement.

    Every draw takes as many customers as there are, each with all rows, and the percentiles of a statistic over the
    draws are its interval (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13; drawing whole
    clusters: Field and Welsh 2007, "Bootstrapping clustered data"). Who is drawn does not depend on the rows' order.

    Parameters
    ----------
    statistics : callable
        Function that receives row positions, from the first to the last and repeated where a customer was drawn more
        than once (so their number varies), and returns the statistics of those rows; nan where one is undefined.
    clusters : array-like, shape (n,)
        Customer of every row, without nulls.
    draws : int, optional
        Number of draws.
    seed : int, optional
        Seed of the draws; the same seed gives the same intervals.
    level : float, optional
        Share of the draws inside an interval, between 0 and 1.
    jobs : int, optional
        Number of processes that share the draws; the result does not depend on them.

    Returns
    -------
    array of float
        Lower and upper end of each statistic, in its units, shape (statistics, 2). Draws that give nan are left out;
        both ends are nan where all do, or where there are no rows.

    Raises
    ------
    ValueError
        If a customer is null, `draws` is below 1, or `level` is not between 0 and 1.
    """
    if draws < 1 or not 0 < level < 1:
        raise ValueError(f"draws={draws}, level={level}: take at least one draw and a level between 0 and 1.")
    codes, groups = _cluster_codes(clusters)
    if not groups:
        return np.full((len(statistics(np.zeros(0, dtype=np.intp))), 2), np.nan)
    rows = np.arange(len(codes))

    def drawn(number: int) -> Sequence[float]:
        customers = np.random.default_rng([seed, number]).integers(0, groups, size=groups)
        return statistics(np.repeat(rows, np.bincount(customers, minlength=groups)[codes]))

    results = np.array(list(in_processes(drawn, range(draws), jobs)), dtype=np.float64)
    intervals = np.full((results.shape[1], 2), np.nan)
    for position, column in enumerate(results.T):
        known = column[~np.isnan(column)]
        if known.size:
            intervals[position] = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return intervals


def _cluster_codes(clusters: ArrayLike) -> tuple[NDArray[np.intp], int]:
    """Return customer numbers in sorted order, so that draws do not depend on the order of the rows."""
    codes, uniques = pd.factorize(np.asarray(clusters), sort=True)
    nulls = int(np.count_nonzero(codes < 0))
    if nulls:
        raise ValueError(f"{nulls:,} of {codes.size:,} rows have no customer (null). Drop them or name them.")
    return np.asarray(codes, dtype=np.intp), len(uniques)
