"""How steadily a customer was told the same: what was among their reasons on the last snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd

from churnml.scoring.reasons import Told

COLUMNS = ("customer_id", "concept", "days", "of_days", "share", "last_told_on")


def compute_stability(told_by_day: Mapping[date, Mapping[str, Told]]) -> pd.DataFrame:
    """Count on how many of the last snapshots a concept was among a customer's reasons to leave.

    Parameters
    ----------
    told_by_day : mapping of date to mapping of str to Told
        Reasons of each customer by snapshot; a customer who is missing was not eligible on that day.

    Returns
    -------
    pandas DataFrame
        A row per customer and concept that was told of at least once, sorted by customer, the steadiest first:
        ``customer_id``, ``concept``, ``days`` (snapshots on which it was told), ``of_days`` (snapshots on which they
        were there), ``share`` (one over the other) and ``last_told_on``.

    Examples
    --------
    >>> from churnml.scoring.reasons import Reason
    >>> late = Told((Reason("delivery", "The last delivery came 3 days late", "delivery_delay_last_days", 0.7),), ())
    >>> days = {date(2025, 6, 1): {"ann": late}, date(2025, 7, 1): {"ann": Told((), ())}}
    >>> compute_stability(days)[["concept", "days", "of_days", "share"]].to_dict("records")
    [{'concept': 'delivery', 'days': 1, 'of_days': 2, 'share': 0.5}]
    """
    rows = [
        (customer, reason.concept, day)
        for day, told in told_by_day.items()
        for customer, one in told.items()
        for reason in one.leaving
    ]
    there = pd.Series([customer for told in told_by_day.values() for customer in told], dtype="str").value_counts()
    table = pd.DataFrame(rows, columns=["customer_id", "concept", "day"])
    counted = table.groupby(["customer_id", "concept"], as_index=False).agg(
        days=("day", "size"), last_told_on=("day", "max")
    )
    counted["of_days"] = counted.customer_id.map(there).astype("int64")
    counted["share"] = counted.days / counted.of_days
    counted = counted.sort_values(
        ["customer_id", "share", "last_told_on", "concept"], ascending=[True, False, False, True], ignore_index=True
    )
    return counted[list(COLUMNS)]
