"""RFM segments: where a customer stands among all by recency, frequency and spend, in the names that marketers use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.analytics.lifecycle import count_moves, count_standings
from churnml.statistics.mean_ranks import mean_ranks

RFM = ("days_since_last_order", "orders_365d", "amount_sum_365d")
"""The features whose fifths tell it."""
SEGMENT_FEATURES = (*RFM, "order_days_total")
"""The features that tell it."""
_FIFTHS = 5

# Rows: recency from 5 (ordered latest) to 1; columns: frequency and spend from 1 to 5.
_NAMES = {
    5: ("recent_customers", "potential_loyalists", "potential_loyalists", "champions", "champions"),
    4: ("promising", "potential_loyalists", "potential_loyalists", "loyal_customers", "loyal_customers"),
    3: ("about_to_sleep", "about_to_sleep", "need_attention", "loyal_customers", "loyal_customers"),
    2: ("hibernating", "hibernating", "slipping", "slipping", "cannot_lose"),
    1: ("long_gone", "long_gone", "slipping", "slipping", "cannot_lose"),
}
SEGMENTS = tuple(dict.fromkeys(name for row in _NAMES.values() for name in row))
NAMES_BEFORE = {
    "Champions": "champions",
    "Loyal": "loyal_customers",
    "Potential loyalist": "potential_loyalists",
    "New": "recent_customers",
    "Promising": "promising",
    "Need attention": "need_attention",
    "About to sleep": "about_to_sleep",
    "At risk": "slipping",
    "Cannot lose them": "cannot_lose",
    "Hibernating": "hibernating",
    "Lost": "long_gone",
}
"""What segments were called in version 0.1, when some had the names of lifecycle stages."""


def segment_rules() -> dict[str, str]:
    """Write the rule of each segment: its fifths of recency (R), and of frequency and spend together (FM).

    FM is 1 for customers who have ordered on one day only.

    Examples
    --------
    >>> segment_rules()["champions"]
    'R 5 and FM 4 or 5'
    >>> segment_rules()["slipping"]
    'R 1 or 2 and FM 3 or 4'
    """
    rules = {}
    for segment in SEGMENTS:
        rows: dict[tuple[int, ...], list[int]] = {}
        for recency, names in _NAMES.items():
            worth = tuple(place for place, name in enumerate(names, 1) if name == segment)
            if worth:
                rows.setdefault(worth, []).append(recency)
        said = [f"R {_any_of(recency)} and FM {_any_of(worth)}" for worth, recency in rows.items()]
        rules[segment] = ", or ".join(said)
    return rules


def _any_of(fifths: Iterable[int]) -> str:
    return " or ".join(str(fifth) for fifth in sorted(fifths))


def fifths_of(X: pd.DataFrame) -> dict[str, tuple[float, ...]]:
    """Find from which values on a customer is in the second, third, fourth and last fifth of all, for ``rfm_segments``.

    Parameters
    ----------
    X : pandas DataFrame
        Features of all customers on one snapshot, with the columns ``RFM``.

    Returns
    -------
    dict of str to tuple of float
        Four values per column, that of recency with its sign turned; ``inf`` where nobody is in such a fifth.

    Examples
    --------
    >>> fifths_of(pd.DataFrame(dict.fromkeys(RFM, [1.0, 2.0, 3.0, 4.0, 5.0])))["orders_365d"]
    (2.0, 3.0, 4.0, 5.0)
    """
    return {name: _starts(-X[name] if name == RFM[0] else X[name]) for name in RFM}


def rfm_segments(X: pd.DataFrame, fifths: Mapping[str, tuple[float, ...]] | None = None) -> pd.Series:
    """Name the RFM segment of every customer.

    Each gets a fifth from 1 to 5 by recency (days since the last order, 5 the latest), frequency (orders) and spend
    (amount) of the last 365 days among all customers; customers with the same value are in the same fifth. The mean of
    frequency and spend, rounded up, is one number, 1 for who has ordered on one day only, however much, and both
    together give the name by a table.

    Parameters
    ----------
    X : pandas DataFrame
        Features of customers on one snapshot, with the columns ``SEGMENT_FEATURES``.
    fifths : mapping of str to tuple of float, optional
        Where the fifths of all customers start, as from ``fifths_of``; None takes those given for all.

    Returns
    -------
    pandas Series
        Segment of each customer, with the index of ``X``.

    Examples
    --------
    >>> X = pd.DataFrame({"days_since_last_order": [1, 9], "orders_365d": [8, 1], "amount_sum_365d": [90.0, 5.0]})
    >>> list(rfm_segments(X.assign(order_days_total=[8, 2]))), list(rfm_segments(X.assign(order_days_total=1)))
    (['champions', 'need_attention'], ['recent_customers', 'about_to_sleep'])
    """
    starts = fifths_of(X) if fifths is None else fifths
    recency = _places(-X[RFM[0]], starts[RFM[0]])
    worth = np.ceil((_places(X[RFM[1]], starts[RFM[1]]) + _places(X[RFM[2]], starts[RFM[2]])) / 2).astype(int)
    worth = np.where(X["order_days_total"] == 1, 1, worth)
    table = np.array([_NAMES[row + 1] for row in range(_FIFTHS)], dtype=object)
    return pd.Series(table[recency - 1, worth - 1], index=X.index, name="segment")


def compute_segments(standings: Mapping[date, pd.DataFrame]) -> pd.DataFrame:
    """Count the customers in each RFM segment on some days, and what they brought.

    Parameters
    ----------
    standings : mapping of date to pandas DataFrame
        Columns ``segment`` and ``amount`` (money of the last 365 days) of every customer by day, as in
        `churnml.analytics.periods.LookBack`.

    Returns
    -------
    pandas DataFrame
        ``snapshot_date``, ``segment`` (all of ``SEGMENTS``), ``customers``, ``share``, ``amount``, ``amount_share``.
    """
    table = count_standings(standings, "segment")
    amounts = [standing.groupby("segment", observed=False)["amount"].sum() for standing in standings.values()]
    table["amount"] = np.concatenate(amounts)
    table["amount_share"] = table["amount"] / table.groupby("snapshot_date")["amount"].transform("sum").replace(
        0.0, np.nan
    )
    return table


def compute_migration(standings: Mapping[date, pd.DataFrame]) -> pd.DataFrame:
    """Count the customers by their RFM segments on one day and on the next; see `compute_transitions`."""
    return count_moves(standings, "segment")


def _starts(values: pd.Series) -> tuple[float, ...]:
    """Return the least values of the fifths from the second on."""
    # The mean rank of the middle of a fifth lies within it, also for ties.
    different, share = mean_ranks(values)
    fifth = np.ceil(np.round(share * _FIFTHS, 9))
    return tuple(
        float(different[at]) if (at := int(np.searchsorted(fifth, place))) < len(different) else float("inf")
        for place in range(2, _FIFTHS + 1)
    )


def _places(values: pd.Series, starts: tuple[float, ...]) -> NDArray[np.int_]:
    """Return fifths from 1 to 5; a null is in the lowest."""
    known = values.fillna(-np.inf).to_numpy(dtype=np.float64)
    return 1 + np.searchsorted(np.array(starts), known, side="right")
