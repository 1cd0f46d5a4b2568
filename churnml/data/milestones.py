"""Milestones: occasions on which a shop thanks a customer, as known on a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from churnml.data.history import History

TENTH_ORDER, ANNIVERSARY, TIER, POINTS = MILESTONES = ("tenth_order", "anniversary", "tier", "points")
COLUMNS = ("customer_id", "milestone", "milestone_on", "milestone_number", "milestone_tier")
_TENTH = 10
_SCHEMA = ibis.schema(
    {"customer_id": "string", "milestone_on": "date", "milestone_number": "float64", "milestone_tier": "string"}
)


def milestones(history: History, days: int) -> pd.DataFrame:
    """Find the customers who reached a milestone in the last days.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    days : int
        Number of days before it that are looked at.

    Returns
    -------
    pandas DataFrame
        A row per customer, sorted by ``customer_id``: ``milestone``, the first of these that was reached, on
        ``milestone_on`` (date). ``tenth_order``: the tenth order that is not cancelled; ``anniversary`` of the first
        (``milestone_number``: years); ``tier``: a tier that the customer did not have before (``milestone_tier``), the
        first one apart; ``points``: the balance (``milestone_number``) has come to what customers of the shop redeem
        at once, half of the time.
    """
    parts = [pd.DataFrame({name: [] for name in COLUMNS})]
    for name, table, build in _KINDS:
        if history.shop.has(table, ["tier"] if name == TIER else []):
            rows = build(history, days)
            if rows is not None:
                parts.append(rows.cast(_SCHEMA).to_pandas().assign(milestone=name))
    reached = pd.concat(parts[1:] or parts, ignore_index=True)[list(COLUMNS)]
    first = reached.drop_duplicates("customer_id").sort_values("customer_id", ignore_index=True)
    first["milestone_on"] = [
        (pd.Timestamp(on) + pd.DateOffset(years=int(years) if kind == ANNIVERSARY else 0)).date()
        for kind, on, years in first[["milestone", "milestone_on", "milestone_number"]].itertuples(index=False)
    ]
    return first.astype({"customer_id": "str", "milestone": "str", "milestone_number": "float64"})


def _tenth_order(history: History, days: int) -> ir.Table:
    orders = history.uncancelled_orders
    place = ibis.row_number().over(group_by="customer_id", order_by=["ordered_at", "order_id"])
    placed = orders.select("customer_id", "ordered_at", place=place)
    tenth = placed.filter((placed.place == _TENTH - 1) & history.within(placed.ordered_at, days))
    return tenth.select(
        "customer_id",
        milestone_on=tenth.ordered_at.date(),
        milestone_number=ibis.literal(float(_TENTH)),
        milestone_tier=ibis.null("string"),
    )


def _anniversary(history: History, days: int) -> ir.Table | None:
    orders = history.uncancelled_orders
    firsts = orders.group_by("customer_id").aggregate(first_on=orders.ordered_at.min().date())
    end, begin = history.snapshot_date, history.snapshot_date - timedelta(days=days)
    parts = [
        firsts.filter(firsts.first_on.between(ibis.date(_before(begin, years)), ibis.date(last))).mutate(years=years)
        for years in range(1, end.year - history.first_day.year + 1)
        if (last := _before(end, years) - timedelta(days=1)) >= history.first_day
    ]
    if not parts:
        return None
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return rows.select(
        "customer_id",
        milestone_on=rows.first_on,
        milestone_number=rows.years.cast("float64"),
        milestone_tier=ibis.null("string"),
    )


def _tier(history: History, days: int) -> ir.Table:
    rewards = history.table("rewards").drop_null("tier")
    tiers = rewards.group_by("customer_id", "tier").aggregate(reached_at=rewards.changed_at.min())
    first = tiers.reached_at.min().over(group_by="customer_id")
    place = ibis.row_number().over(group_by="customer_id", order_by=[ibis.desc("reached_at"), "tier"])
    tiers = tiers.mutate(first=first, place=place)
    is_new = (tiers.place == 0) & (tiers.reached_at > tiers.first)
    newest = tiers.filter(is_new & history.within(tiers.reached_at, days))
    return newest.select(
        "customer_id",
        milestone_on=newest.reached_at.date(),
        milestone_number=ibis.null("float64"),
        milestone_tier=newest.tier,
    )


def _points(history: History, days: int) -> ir.Table | None:
    rewards = history.table("rewards")
    usual = rewards.aggregate(points=(-rewards.points).cast("float64").quantile(0.5, where=rewards.points < 0))
    enough = usual.to_pandas()["points"].iloc[0]
    if pd.isna(enough):
        return None
    lately = history.within(rewards.changed_at, days)
    balances = rewards.group_by("customer_id").aggregate(
        now=rewards.points.sum().cast("float64"),
        then=rewards.points.sum(where=~lately).cast("float64").fill_null(0.0),
        changed_at=rewards.changed_at.max(where=rewards.points > 0),
    )
    come = balances.filter((balances.now >= float(enough)) & (balances.then < float(enough)))
    return come.select(
        "customer_id",
        milestone_on=come.changed_at.date(),
        milestone_number=come.now,
        milestone_tier=ibis.null("string"),
    )


def _before(day: date, years: int) -> date:
    """Return the same day so many years earlier; of 29 February the 28th."""
    return (pd.Timestamp(day) - pd.DateOffset(years=years)).date()


_KINDS: tuple[tuple[str, str, Callable[[History, int], ir.Table | None]], ...] = (
    (TENTH_ORDER, "orders", _tenth_order),
    (ANNIVERSARY, "orders", _anniversary),
    (TIER, "rewards", _tier),
    (POINTS, "rewards", _points),
)
