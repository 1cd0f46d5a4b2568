"""Where a customer stands against her own pace, and her stage of life as a customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from churnml.definition import ChurnDefinition

PACE = ("days_since_last_order", "gap_median_days")
"""The features that tell whether she is overdue."""
LIFE = (*PACE, "days_since_first_order", "order_days_total", "gap_last_days")
"""The features that tell her stage."""
STAGES = ("new", "active", "loyal", "VIP", "slowing", "at risk", "lapsed", "lost", "won back")
_LOST_PACES = 3.0
_SLOW_PACES = 2.0
_LOYAL_ORDER_DAYS = 4
_VIP_SHARE = 0.1


def against_own_pace(X: pd.DataFrame, definition: ChurnDefinition) -> pd.DataFrame:
    """Say who is overdue against her own pace, and who is lost.

    Parameters
    ----------
    X
        Features of one snapshot, with those of ``PACE``.
    definition
        Gives the horizon.

    Returns
    -------
    pandas DataFrame
        With the index of ``X``: ``pace_days`` (her median days between orders; with one order day the shop's median
        of these), ``overdue`` (the last order is longer ago than that) and ``lost`` (longer ago than three times
        her pace, and than the horizon).
    """
    since = X["days_since_last_order"]
    shop_pace = X["gap_median_days"].median()
    pace = X["gap_median_days"].fillna(float(definition.horizon_days) if np.isnan(shop_pace) else shop_pace)
    lost_after = (_LOST_PACES * pace).clip(lower=definition.horizon_days)
    return pd.DataFrame({"pace_days": pace, "overdue": since > pace, "lost": since > lost_after})


def lifecycle_stages(X: pd.DataFrame, value: pd.Series, definition: ChurnDefinition) -> pd.Series:
    """Name every customer's stage of life as a customer; the first of these that holds.

    ``lost``: the last order is longer ago than six times her pace and than two horizons; ``lapsed``: than three times
    her pace and than one horizon; ``VIP``: in the tenth with the highest expected value; ``at risk``: longer ago than
    twice her pace; ``slowing``: than her pace; ``won back``: the gap before her last order was one after which she
    counted as lapsed; ``new``: first ordered within the last horizon; ``loyal``: ordered on four days or more;
    ``active``: all others.

    Parameters
    ----------
    X
        Features of one snapshot, with those of ``LIFE``.
    value
        Expected value of each customer, same index.
    definition
        Gives the horizon.

    Returns
    -------
    pandas Series
        With the index of ``X``.
    """
    since, horizon = X["days_since_last_order"], definition.horizon_days
    pace = against_own_pace(X, definition)
    lapsed_after = (_LOST_PACES * pace.pace_days).clip(lower=horizon)
    vip = value.rank(method="average", pct=True) > 1 - _VIP_SHARE
    conditions = {
        "lost": since > 2 * lapsed_after,
        "lapsed": since > lapsed_after,
        "VIP": vip & (value > 0),
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
    standings
        ``stage`` of every eligible customer by day, as in `churnml.analytics.periods.LookBack`.

    Returns
    -------
    pandas DataFrame
        ``snapshot_date``, ``stage`` (all of ``STAGES``, in their order), ``customers``, ``share``.
    """
    return count_standings(standings, "stage", STAGES)


def compute_transitions(standings: Mapping[date, pd.DataFrame]) -> pd.DataFrame:
    """Count who went from which stage of life to which, from one day to the next.

    Parameters
    ----------
    standings
        As for `compute_lifecycle`.

    Returns
    -------
    pandas DataFrame
        ``period_start``, ``period_end``, ``before``, ``after``, ``customers`` and ``share`` of those who were in
        ``before``; pairs with nobody are left out. ``before`` is "no customer" for who was not eligible when the period
        began, ``after`` is "inactive" for who is not eligible any more.
    """
    return count_moves(standings, "stage", STAGES)


def count_standings(standings: Mapping[date, pd.DataFrame], column: str, names: Sequence[str]) -> pd.DataFrame:
    """Count the customers under each name of a column, day by day; see `compute_lifecycle`."""
    parts = []
    for day, standing in standings.items():
        counts = standing[column].value_counts().reindex(list(names), fill_value=0)
        share = counts / max(len(standing), 1)
        part = {"snapshot_date": day, column: list(names), "customers": counts.to_numpy(), "share": share.to_numpy()}
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def count_moves(standings: Mapping[date, pd.DataFrame], column: str, names: Sequence[str]) -> pd.DataFrame:
    """Count who went from which name of a column to which, from one day to the next; see `compute_transitions`."""
    days = list(standings)
    parts = []
    for start, end in pairwise(days):
        both = pd.concat([standings[start][column].rename("before"), standings[end][column].rename("after")], axis=1)
        both = both.fillna({"before": NO_CUSTOMER, "after": INACTIVE})
        order = {name: place for place, name in enumerate([*names, NO_CUSTOMER, INACTIVE])}
        counts = both.value_counts(["before", "after"]).rename("customers").reset_index()
        counts = counts.sort_values(["before", "after"], key=lambda name: name.map(order), ignore_index=True)
        counts["share"] = counts["customers"] / counts.groupby("before")["customers"].transform("sum")
        parts.append(counts.assign(period_start=start, period_end=end))
    columns = ["period_start", "period_end", "before", "after", "customers", "share"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
