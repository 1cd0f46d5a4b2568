"""Mean ranks: where values stand among all, those that are the same in the middle of their places."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from churnml.statistics.logodds import Floats


def mean_ranks(values: ArrayLike) -> tuple[Floats, Floats]:
    """Find the mean rank of each different value, as a share of all values.

    Parameters
    ----------
    values : array-like, shape (n,)
        Numbers; null ones are left out.

    Returns
    -------
    tuple of array of float and array of float
        The different values, least first, and the mean place of each, counted from 1, divided by the number of all.

    Examples
    --------
    >>> mean_ranks([7.0, 5.0, 5.0, 9.0])
    (array([5., 7., 9.]), array([0.375, 0.75 , 1.   ]))
    """
    numbers = np.asarray(values, dtype=np.float64)
    different, counts = np.unique(numbers[~np.isnan(numbers)], return_counts=True)
    return different, (np.cumsum(counts) - (counts - 1) / 2) / max(counts.sum(), 1)
