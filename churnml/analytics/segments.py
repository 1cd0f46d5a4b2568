"""RFM segments: where a customer stands among all by recency, frequency and spend, in the names that marketers use."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

RFM = ("days_since_last_order", "orders_365d", "amount_sum_365d")
"""The features that tell it."""
_FIFTHS = 5

# Rows: recency from 5 (ordered latest) to 1; columns: frequency and spend from 1 to 5.
_NAMES = {
    5: ("New", "Potential loyalist", "Potential loyalist", "Champions", "Champions"),
    4: ("Promising", "Potential loyalist", "Potential loyalist", "Loyal", "Loyal"),
    3: ("About to sleep", "About to sleep", "Need attention", "Loyal", "Loyal"),
    2: ("Hibernating", "Hibernating", "At risk", "At risk", "Cannot lose them"),
    1: ("Lost", "Lost", "At risk", "At risk", "Cannot lose them"),
}
SEGMENTS = tuple(dict.fromkeys(name for row in _NAMES.values() for name in row))


def rfm_segments(X: pd.DataFrame) -> pd.Series:
    """Name the RFM segment of every customer.

    Each gets a fifth from 1 to 5 by recency (days since the last order, 5 the latest), frequency (orders) and spend
    (amount) of the last 365 days among all customers given; customers with the same value are in the same fifth. The
    mean of frequency and spend, rounded up, is one number, and both together give the name by a table.

    Parameters
    ----------
    X
        Features of one snapshot, with those of ``RFM``.

    Returns
    -------
    pandas Series
        With the index of ``X``.

    Examples
    --------
    >>> X = pd.DataFrame({"days_since_last_order": [1, 9], "orders_365d": [8, 1], "amount_sum_365d": [90.0, 5.0]})
    >>> list(rfm_segments(X))
    ['Champions', 'Need attention']
    """
    recency = _fifths(-X[RFM[0]])
    worth = np.ceil((_fifths(X[RFM[1]]) + _fifths(X[RFM[2]])) / 2).astype(int)
    table = np.array([_NAMES[row + 1] for row in range(_FIFTHS)], dtype=object)
    return pd.Series(table[recency - 1, worth - 1], index=X.index, name="segment")


def _fifths(values: pd.Series) -> NDArray[np.int_]:
    """Give fifths from 1 to 5; a null is in the lowest."""
    share = values.rank(method="average", pct=True).fillna(0.0).to_numpy()
    # The mean rank of the middle of a fifth lies within it, also for ties.
    return np.clip(np.ceil(np.round(share * _FIFTHS, 9)), 1, _FIFTHS).astype(int)
