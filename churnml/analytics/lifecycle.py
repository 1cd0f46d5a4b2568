"""Where a customer stands against their own pace, and their lifecycle stage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from churnml.definition import ChurnDefinition
from churnml.statistics.mean_ranks import mean_ranks

PACE = ("days_since_last_order", "pace_days")
"""The features that tell whether they are overdue."""
LIFE = (*PACE, "days_since_first_order", "order_days_total", "gap_last_days", "gap_median_days")
"""The features that tell their stage, and those that they are derived from."""
STAGES = ("new", "active", "loyal", "VIP", "slowing", "at risk", "lapsed", "lost", "won back")
_LOST_PACES = 3.0
_SLOW_PACES = 2.0
_LOYAL_ORDER_DAYS = 4
_VIP_ORDER_DAYS = 2
_VIP_SHARE = 0.1


@dataclass(frozen=True, kw_only=True)
class ShopLife:
    """What tells a customer's stage apart from their own numbers.

    Attributes
    ----------
    vip_from : float
        Least expected value of the tenth with the highest; ``inf`` where there is none.
    """

    vip_from: float

    @classmethod
    def of(cls, value: pd.Series) -> ShopLife:
        """Find it from the expected value of all customers."""
        different, share = mean_ranks(value)
        best = different[share > 1 - _VIP_SHARE]
        return cls(vip_from=float(best[0]) if len(best) else math.inf)


def against_own_pace(X: pd.DataFrame, definition: ChurnDefinition) -> pd.DataFrame:
    """Find customers who are overdue against their own pace, and customers who are lost.

    Parameters
    ----------
    X : pandas DataFrame
        Features of customers on one snapshot, with the columns ``PACE``.
    definition : ChurnDefinition
        Definition of leaving, whose horizon is used.

    Returns
    -------
    pandas DataFrame
        Columns with the index of ``X``: ``pace_days`` (as the feature; the horizon where it is null), ``overdue`` (the
        last order is longer ago than that), ``lapses_after`` (three times their pace, or the horizon where that is
        more, in days) and ``lost`` (the last order is longer ago than that).
    """
    since, pace = X["days_since_last_order"], X["pace_days"].fillna(float(definition.horizon_days))
    lapses = (_LOST_PACES * pace).clip(lower=definition.horizon_days)
    return pd.DataFrame({"pace_days": pace, "overdue": since > pace, "lapses_after": lapses, "lost": since > lapses})


def lifecycle_stages(
    X: pd.DataFrame, value: pd.Series, definition: ChurnDefinition, life: ShopLife | None = None
) -> pd.Series:
    """Name every customer's stage of life as a customer; the first of these that holds.

    ``lost``: the last order is longer ago than six times their pace and than two horizons; ``lapsed``: than three times
    their pace and than one horizon; ``VIP``: in the tenth with the highest expected value, with two order days or more;
    ``at risk``: longer ago than twice their pace; ``slowing``: than their pace; ``won back``: the gap before their last
    order was one after which they counted as lapsed; ``new``: first ordered within the last horizon; ``loyal``: ordered
    on four days or more; ``active``: all others.

    Parameters
    ----------
    X : pandas DataFrame
        Features of customers on one snapshot, with the columns ``LIFE``.
    value : pandas Series
        Expected value of each customer in money, same index.
    definition : ChurnDefinition
        Definition of leaving, whose horizon is used.
    life : ShopLife, optional
        What all customers are like; None takes those given for all.

    Returns
    -------
    pandas Series
        Stage of each customer, with the index of ``X``.
    """
    since, horizon = X["days_since_last_order"], definition.horizon_days
    life = ShopLife.of(value) if life is None else life
    pace = against_own_pace(X, definition)
    lapsed_after = pace.lapses_after
    conditions = {
        "lost": since > 2 * lapsed_after,
        "lapsed": since > lapsed_after,
        "VIP": (value >= life.vip_from) & (value > 0) & (X["order_days_total"] >= _VIP_ORDER_DAYS),
        "at risk": since > _SLOW_PACES * pace.pace_days,
        "slowing": pace.overdue,
        "won back": X["gap_last_days"] > lapsed_after,
        "new": X["days_since_first_order"] <= horizon,
        "loyal": X["order_days_total"] >= _LOYAL_ORDER_DAYS,
    }
    stages = np.select([held.to_numpy() for held in conditions.values()], list(conditions), "active")
    return pd.Series(stages, index=X.index, name="lifecycle_stage", dtype="str")


NO_CUSTOMER, INACTIVE = "no customer", "inactive"
"""Where who comes was before, and where who is no longer eligible is after."""


def compute_lifecycle(standings: Mapping[date, pd.DataFrame]) -> pd.DataFrame:
    """Count the customers in each stage of life on some days.

    Parameters
    ----------
    standings : mapping of date to pandas DataFrame
        Column ``stage`` of every customer by day, null for customers who were not eligible, as in
        `churnml.analytics.periods.LookBack`; the same customers on all days.

    Returns
    -------
    pandas DataFrame
        ``snapshot_date``, ``stage`` (all of ``STAGES``, in their order), ``customers``, ``share``.
    """
    return count_standings(standings, "stage")


def compute_transitions(standings: Mapping[date, pd.DataFrame]) -> pd.DataFrame:
    """Count the customers by their stages of life on one day and on the next.

    Parameters
    ----------
    standings : mapping of date to pandas DataFrame
        Column ``stage`` of every customer by day, as for `compute_lifecycle`.

    Returns
    -------
    pandas DataFrame
        ``period_start``, ``period_end``, ``before``, ``after``, ``customers`` and ``share`` of those who were in
        ``before``; pairs with nobody are left out. ``before`` is "no customer" for who was not eligible when the period
        began, ``after`` is "inactive" for who is not eligible any more.
    """
    return count_moves(standings, "stage")


def count_standings(standings: Mapping[date, pd.DataFrame], column: str) -> pd.DataFrame:
    """Count the customers in each category of a column, day by day; see `compute_lifecycle`."""
    parts = []
    for day, standing in standings.items():
        names = standing[column].cat.categories
        counts = np.bincount(standing[column].cat.codes + 1, minlength=len(names) + 1)[1:]
        share = counts / max(counts.sum(), 1)
        parts.append(pd.DataFrame({"snapshot_date": day, column: names, "customers": counts, "share": share}))
    return pd.concat(parts, ignore_index=True)


def count_moves(standings: Mapping[date, pd.DataFrame], column: str) -> pd.DataFrame:
    """Count the customers by their categories on one day and on the next; see `compute_transitions`."""
    columns = ["period_start", "period_end", "before", "after", "customers", "share"]
    parts = [pd.DataFrame(columns=columns)]
    for start, end in pairwise(standings):
        names = list(standings[start][column].cat.categories)
        before, after = (standings[day][column].cat.codes.to_numpy(dtype=np.int64) for day in (start, end))
        wide = len(names) + 1
        # A null has the code -1, which becomes the last one: no customer before, inactive after.
        counts = np.bincount(before % wide * wide + after % wide, minlength=wide * wide).reshape(wide, wide)
        counts[-1, -1] = 0  # in neither
        rows, places = np.nonzero(counts)
        made = {
            "period_start": start,
            "period_end": end,
            "before": np.array([*names, NO_CUSTOMER], dtype=object)[rows],
            "after": np.array([*names, INACTIVE], dtype=object)[places],
            "customers": counts[rows, places],
            "share": counts[rows, places] / counts.sum(axis=1)[rows],
        }
        parts.append(pd.DataFrame(made))
    return pd.concat(parts[1:] or parts, ignore_index=True)
