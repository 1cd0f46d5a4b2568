"""The loyalty programme over time: points earned and spent, tiers and moves between them, and who is near the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import pandas as pd

from churnml.data.history import History
from churnml.features.families.rewards import POINTS, TIERS

NO_TIER = "no tier"
PACE_DAYS = 365
"""Number of days before the day whose points say how fast a customer earns."""
SOON_DAYS = 30
"""Number of days within which the next tier is near."""


def compute_points(history: History, period_days: int, periods: int) -> pd.DataFrame:
    """Add up points of one period after the other.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    period_days : int
        Length of a period in days.
    periods : int
        Number of periods, counted back from the day.

    Returns
    -------
    pandas DataFrame
        ``period_start``, ``period_end`` (dates, oldest first), ``earned``, ``spent`` (redeemed and expired, positive),
        ``earners`` and ``spenders`` (customers who earned and spent any), and ``balance``: all points known at the end,
        less those spent. No rows where the shop has no rewards.
    """
    names = ("earned", "spent", "earners", "spenders", "balance")
    rows = []
    for ago in range(periods)[::-1] if history.shop.has("rewards") else ():
        end = history.snapshot_date - timedelta(days=period_days * ago)
        points = POINTS.rows(history)
        within = history.within(points.changed_at, period_days, period_days * ago)
        before = history.days_since(points.changed_at) > period_days * ago
        earns, spends = within & (points.points > 0), within & (points.points < 0)
        told = points.aggregate(
            earned=points.points.sum(where=earns).cast("float64"),
            spent=points.redeemed.sum(where=spends).cast("float64"),
            earners=points.customer_id.nunique(where=earns),
            spenders=points.customer_id.nunique(where=spends),
            balance=points.points.sum(where=before).cast("float64"),
        )
        figures = told.to_pandas().iloc[0].fillna(0.0)
        rows.append({"period_start": end - timedelta(days=period_days), "period_end": end, **figures})
    table = pd.DataFrame(rows, columns=["period_start", "period_end", *names])
    return table.astype(dict.fromkeys(names, "float64") | {"earners": "int64", "spenders": "int64"})


def compute_tier_moves(history: History, period_days: int, periods: int) -> pd.DataFrame:
    """Count customers by their tiers at the start and at the end of each period.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    period_days : int
        Length of a period in days.
    periods : int
        Number of periods, counted back from the day.

    Returns
    -------
    pandas DataFrame
        ``period_start``, ``period_end`` (oldest first), ``before``, ``after`` (the last tier that was named until then,
        ``no tier`` without one), ``customers`` and ``share`` of those who were in ``before``. No rows where the shop
        names no tiers.
    """
    columns = ["period_start", "period_end", "before", "after", "customers", "share"]
    if not history.shop.has("rewards", ["tier"]):
        return pd.DataFrame(columns=columns).astype({"customers": "int64", "share": "float64"})
    held, tables = TIERS.rows(history), []
    since = history.days_since(held.changed_at)
    at = {
        f"{ago} periods ago": held.tier.argmax(held.changed_at, where=since > period_days * ago)
        for ago in range(periods + 1)
    }
    each = held.group_by("customer_id").aggregate(**at)
    counted = each.group_by(*at).aggregate(customers=each.count()).to_pandas()
    for ago in range(periods)[::-1]:
        end = history.snapshot_date - timedelta(days=period_days * ago)
        both = pd.DataFrame(
            {
                "before": counted[f"{ago + 1} periods ago"].astype("str").fillna(NO_TIER),
                "after": counted[f"{ago} periods ago"].astype("str"),
                "customers": counted["customers"],
            }
        )
        counts = both.groupby(["before", "after"], as_index=False)["customers"].sum()  # who had none yet has no after
        counts["share"] = counts["customers"] / counts.groupby("before")["customers"].transform("sum")
        tables.append(counts.assign(period_start=end - timedelta(days=period_days), period_end=end))
    whole: pd.DataFrame = pd.concat(tables, ignore_index=True)
    return whole[columns]


def compute_next_tiers(history: History, steps: Mapping[str, float]) -> pd.DataFrame:
    """Count the customers on the way to each tier, and those who are near.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    steps : mapping of str to float
        Points earned in the last 365 days from which on a customer has each tier.

    Returns
    -------
    pandas DataFrame
        A row for each tier, the lowest first: ``tier``, ``from_points``, ``customers`` for whom it is the next,
        ``median_points`` that these lack, ``near`` (those who reach it within 30 days at their own pace) and
        ``median_days`` to it of those who earn. No rows without steps or rewards.
    """
    known = next_tiers(history, steps)
    rows = []
    for tier, least in sorted(steps.items(), key=lambda step: (step[1], step[0])) if len(known) else ():
        own = known[known["next_tier"] == tier]
        days = own["days"].replace(np.inf, np.nan)
        rows.append(
            {
                "tier": tier,
                "from_points": float(least),
                "customers": len(own),
                "median_points": own["points"].median(),
                "near": int((own["days"] <= SOON_DAYS).sum()),
                "median_days": days.median(),
            }
        )
    kinds = {"tier": "str", "from_points": "float64", "customers": "int64", "median_points": "float64"}
    kinds |= {"near": "int64", "median_days": "float64"}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def next_tiers(history: History, steps: Mapping[str, float]) -> pd.DataFrame:
    """Tell of each member how many points, and at their own pace days, are left to the next tier.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    steps : mapping of str to float
        Points earned in the last 365 days from which on a customer has each tier.

    Returns
    -------
    pandas DataFrame
        By ``customer_id``: ``earned`` in the last 365 days, ``next_tier``, ``points`` that it lacks, and ``days``:
        these by what the customer earned a day (over 365 days, or since their first points where that is less).
        Members at the top have null.
    """
    names = ["earned", "next_tier", "points", "days"]
    if not steps or not history.shop.has("rewards"):
        return pd.DataFrame(columns=names).rename_axis("customer_id")
    points = POINTS.rows(history)
    recent = (points.points > 0) & history.within(points.changed_at, PACE_DAYS)
    told = points.group_by("customer_id").aggregate(
        earned=points.points.sum(where=recent).cast("float64"), since=history.days_since(points.changed_at.min())
    )
    table = told.order_by("customer_id").to_pandas().set_index("customer_id")
    earned = table["earned"].fillna(0.0)
    ordered = sorted(steps.items(), key=lambda step: (step[1], step[0]))
    least = np.array([step for _, step in ordered], dtype=np.float64)
    place = np.searchsorted(least, earned.to_numpy(), side="right")
    tiers = np.array([*(tier for tier, _ in ordered), None], dtype=object)
    lacks = np.append(least, np.nan)[place] - earned
    a_day = earned / table["since"].clip(upper=PACE_DAYS)
    days = np.ceil(lacks / a_day.where(a_day > 0))
    return pd.DataFrame({"earned": earned, "next_tier": tiers[place], "points": lacks, "days": days}, index=table.index)
