"""How sure shares, their differences and ratios of sums are: 95 % intervals.

A figure that its counts cannot define (a share of nothing) is nan, not an error.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from churnml.statistics.logodds import Floats

NORMAL_95 = 1.959963984540054  # the 97.5 % quantile of the normal distribution


def wilson(hits: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Compute the 95 % interval of shares ``hits / n`` of independent cases.

    The score interval of Wilson (1927, "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22): it stays within 0 and 1, and is no point where nobody or everybody is
    hit.

    Parameters
    ----------
    hits : array-like, shape (k,)
        Number of cases that are hit.
    n : array-like, shape (k,)
        Number of all cases.

    Returns
    -------
    low, high : array of float, shape (k,)
        Ends of the interval; nan where ``n`` is 0.

    Examples
    --------
    >>> [round(float(end), 3) for end in wilson(5, 10)]
    [0.237, 0.763]
    """
    count = _counts(n)
    share = np.asarray(hits, dtype=np.float64) / count
    square = NORMAL_95**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = NORMAL_95 / (1 + square / count) * np.sqrt(share * (1 - share) / count + square / (4 * count**2))
    # At shares of 0 and 1 rounding may leave an end just past or just short of them.
    return np.clip(middle - half, 0.0, share), np.clip(middle + half, share, 1.0)


def newcombe(hits: ArrayLike, n: ArrayLike, other_hits: ArrayLike, other_n: ArrayLike) -> tuple[Floats, Floats]:
    """Compute the 95 % interval of the difference ``hits / n - other_hits / other_n`` of shares of different cases.

    With the Wilson intervals ``[l, u]`` of both shares the ends are ``d - sqrt((p1 - l1)^2 + (u2 - p2)^2)`` and
    ``d + sqrt((u1 - p1)^2 + (p2 - l2)^2)``: method 10 of Newcombe (1998, "Interval estimation for the difference
    between independent proportions: comparison of eleven methods", Statistics in Medicine 17, 873-890).

    Parameters
    ----------
    hits, n : array-like, shape (k,)
        Number of cases that are hit, and of all, in one group.
    other_hits, other_n : array-like, shape (k,)
        Number of cases that are hit, and of all, in the other group; no case is in both.

    Returns
    -------
    low, high : array of float, shape (k,)
        Ends of the interval, from -1 to 1; nan where either group is empty.

    Examples
    --------
    >>> [round(float(end), 4) for end in newcombe(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    share = np.asarray(hits, dtype=np.float64) / _counts(n)
    other = np.asarray(other_hits, dtype=np.float64) / _counts(other_n)
    (low, high), (other_low, other_high) = wilson(hits, n), wilson(other_hits, other_n)
    below, above = np.hypot(share - low, other_high - other), np.hypot(high - share, other - other_low)
    return np.clip(share - other - below, -1.0, 1.0), np.clip(share - other + above, -1.0, 1.0)


def matched_difference(only: ArrayLike, other_only: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Compute the 95 % interval of the difference of two shares of the same cases.

    With half a case added to each of the four cells the difference is ``d = (b - c) / (n + 2)``, and its error
    ``sqrt(((b + c + 1) / (n + 2) - d^2) / (n + 2))`` (Agresti and Min 2005, "Simple improved confidence intervals for
    comparing matched proportions", Statistics in Medicine 24, 729-740).

    Parameters
    ----------
    only, other_only : array-like, shape (k,)
        Number of cases that are hit the first way alone, and the other way alone.
    n : array-like, shape (k,)
        Number of all cases.

    Returns
    -------
    low, high : array of float, shape (k,)
        Ends of the interval, from -1 to 1; nan where there are no cases.

    Examples
    --------
    >>> [round(float(end), 4) for end in matched_difference(30, 10, 100)]
    [0.0791, 0.3131]
    """
    count = _counts(n) + 2
    above, below = np.asarray(only, dtype=np.float64), np.asarray(other_only, dtype=np.float64)
    middle = (above - below) / count
    half = NORMAL_95 * np.sqrt(((above + below + 1) / count - middle**2) / count)
    return np.clip(middle - half, -1.0, 1.0), np.clip(middle + half, -1.0, 1.0)


def _counts(n: ArrayLike) -> Floats:
    """Return counts as divisors; nothing is nan, which stays nan in all that is computed of it."""
    count = np.asarray(n, dtype=np.float64)
    return np.where(count > 0, count, np.nan)
