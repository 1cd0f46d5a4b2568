"""How far a distribution moved: population stability index of fixed bins, mean distance, and a classifier of days."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churnml.statistics.logodds import Floats
from churnml.statistics.metrics import auroc

_BINS = 10
_SPIKE = 0.05
_HALF = 0.5
_FEWEST_ROWS = 100
_TREES = 100
_UNCUT = 0.99
_FOREST = {
    "objective": "binary",
    "num_leaves": 8,
    "min_data_in_leaf": 20,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


def bin_edges(values: ArrayLike) -> Floats:
    """Choose the edges of bins: tenths of the values, and a bin of its own for each that many rows hold.

    Counts are mostly 0, so quantiles alone would put half of the customers into one edge. A value that more than 5 % of
    the rows hold has its own bin, from it up to the next number that there is.

    Parameters
    ----------
    values : array-like, shape (n,)
        Values; null is left out.

    Returns
    -------
    array of float
        Edges, increasing; bins are half-open, the first is below all and the last from the last edge on. Empty where
        all are null.

    Examples
    --------
    >>> bin_edges([0, 0, 0, 0, 0, 0, 0, 0, 0, 5]).round(3).tolist()
    [0.0, 0.0, 5.0, 5.0]
    """
    known = np.sort(_known(values))
    if not known.size:
        return known
    tenths = known[(np.arange(1, _BINS) * known.size) // _BINS]
    starts = np.flatnonzero(np.append(True, known[1:] != known[:-1]))
    spikes = known[starts[np.diff(np.append(starts, known.size)) > _SPIKE * known.size]]
    return np.unique(np.concatenate([tenths, spikes, np.nextafter(spikes, np.inf)]))


def count_in_bins(values: ArrayLike, edges: ArrayLike) -> NDArray[np.int64]:
    """Count values in bins; the last number counts what is null.

    Parameters
    ----------
    values : array-like, shape (n,)
        Values; null is counted apart.
    edges : array-like, shape (k,)
        Edges of the bins, increasing.

    Returns
    -------
    array of int
        Counts, shape (k + 2,).

    Examples
    --------
    >>> count_in_bins([1.0, 2.0, 2.5, float("nan")], [2.0, 3.0]).tolist()
    [1, 2, 0, 1]
    """
    bins = find_bins(values, edges)
    return np.bincount(bins, minlength=len(np.asarray(edges)) + 2).astype(np.int64)


def find_bins(values: ArrayLike, edges: ArrayLike) -> NDArray[np.intp]:
    """Find the bin of each value, shape (n,); null is in the last one, after that of the highest values."""
    numbers, ends = np.asarray(values, dtype=np.float64), np.asarray(edges, dtype=np.float64)
    bins = np.searchsorted(ends, numbers, side="right")
    return np.where(np.isnan(numbers), ends.size + 1, bins)


def shares_in_bins(counts: ArrayLike) -> Floats:
    """Compute the shares of counts, with half a customer added to each bin, so that none is 0; shape as that of counts.

    Examples
    --------
    >>> shares_in_bins([3, 0]).tolist()
    [0.875, 0.125]
    """
    smoothed = np.asarray(counts, dtype=np.float64) + _HALF
    return np.asarray(smoothed / smoothed.sum(), dtype=np.float64)


def psi(counts: ArrayLike, reference: ArrayLike) -> float:
    """Compute the population stability index of counts in the same bins: ``sum (a - b) ln(a / b)`` over shares a and b.

    It is the divergence of Jeffreys (1946, "An invariant form for the prior probability in estimation problems",
    Proceedings of the Royal Society A 186). Of two independent samples without any change about
    ``(bins - 1) (1 / n + 1 / m)`` is expected.

    Parameters
    ----------
    counts, reference : array-like, shape (k,)
        Counts of the bins now, and before.

    Returns
    -------
    float
        Number >= 0; 0 for equal counts.

    Examples
    --------
    Shares of .75 and .25 against .25 and .75: 2 x .5 x ln 3.

    >>> round(psi([7, 2], [2, 7]), 6)
    1.098612
    """
    a, b = shares_in_bins(counts), shares_in_bins(reference)
    return float(((a - b) * np.log(a / b)).sum())


def wasserstein(values: ArrayLike, reference: ArrayLike) -> float:
    """Compute by how much values moved on average, in their own unit: ``integral |F - G|`` of the distributions.

    Parameters
    ----------
    values, reference : array-like, shape (n,) and (m,)
        Values now, and before; null is left out.

    Returns
    -------
    float
        Distance >= 0; nan where one of them has no value.

    Examples
    --------
    >>> wasserstein([2.0, 4.0], [1.0, 1.0])
    2.0
    """
    now, before = _known(values), _known(reference)
    if not now.size or not before.size:
        return float("nan")
    now.sort()
    before.sort()
    both = np.concatenate([now, before])
    both.sort(kind="stable")
    # Between two values in a row both distributions stand still.
    apart = now.searchsorted(both[:-1], "right") / now.size - before.searchsorted(both[:-1], "right") / before.size
    return float((np.abs(apart) * np.diff(both)).sum())


def domain_auroc(now: Floats, before: Floats, hashes_now: Floats, hashes_before: Floats) -> float:
    """Compute how well a classifier tells rows of two days apart; 0.5 where the days are alike.

    A forest of 100 small trees on both days' rows of one half of the customers is judged on the other half, both ways:
    a customer is there on both days, and would be known again. It sees what no feature shows alone.

    Parameters
    ----------
    now, before : array of float, shape (n, features) and (m, features)
        Rows of the two days; null where a customer has no value.
    hashes_now, hashes_before : array of float, shape (n,) and (m,)
        Hashes of their customers in [0, 1), by which they are halved.

    Returns
    -------
    float
        Mean AUROC of both halves; nan where one of them has fewer than 100 rows of a day.
    """
    told, is_now, first = _told_apart(now, before, hashes_now, hashes_before)
    if np.isnan(told).any():
        return float("nan")
    return float(np.mean([auroc(is_now[half], told[half]) for half in (first, ~first)]))


def density_ratio(now: Floats, before: Floats, hashes_now: Floats, hashes_before: Floats) -> Floats:
    """Compute by which weights the rows of an earlier day stand for those of a day: how much more common each is then.

    They are the odds that the classifier of `domain_auroc` gives of the day, of customers that it did not see, less
    those of the numbers of rows (Bickel, Brückner and Scheffer 2009, "Discriminative learning under covariate shift",
    Journal of Machine Learning Research 10); the highest of a hundred are cut.

    Parameters
    ----------
    now, before : array of float, shape (n, features) and (m, features)
        Rows of the two days; null where a customer has no value.
    hashes_now, hashes_before : array of float, shape (n,) and (m,)
        Hashes of their customers in [0, 1), by which they are halved.

    Returns
    -------
    array of float, shape (m,)
        Weights of the earlier rows, 1 where a row is as common on both days; nan where one of the halves has fewer than
        100 rows of a day.
    """
    told, is_now, _ = _told_apart(now, before, hashes_now, hashes_before)
    weights = np.exp(told[is_now == 0]) * len(before) / max(len(now), 1)
    return np.asarray(np.minimum(weights, np.quantile(weights, _UNCUT)) if weights.size else weights)


def _told_apart(
    now: Floats, before: Floats, hashes_now: Floats, hashes_before: Floats
) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Tell the log-odds of being of the new day, of which day each row is, and which half of the customers it is of."""
    import lightgbm

    X, hashes = np.vstack([now, before]), np.concatenate([hashes_now, hashes_before])
    is_now, first = np.repeat([1.0, 0.0], [len(now), len(before)]), hashes < _HALF
    told = np.full(len(X), np.nan)
    sizes = [int((half & (is_now == day)).sum()) for half in (first, ~first) for day in (0.0, 1.0)]
    if min(sizes) >= _FEWEST_ROWS and X.shape[1]:
        for half in (first, ~first):
            forest = lightgbm.train(_FOREST, lightgbm.Dataset(X[~half], is_now[~half]), _TREES)
            told[half] = forest.predict(X[half], raw_score=True)
    return told, is_now, first


def _known(values: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    return numbers[~np.isnan(numbers)]
