"""How far a distribution moved: bins that were fixed before, and the population stability index of their counts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from churnml.statistics.logodds import Floats

_BINS = 10
_SPIKE = 0.05
_HALF = 0.5


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


def _known(values: ArrayLike) -> Floats:
    numbers = np.asarray(values, dtype=np.float64)
    return numbers[~np.isnan(numbers)]
