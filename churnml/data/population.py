"""Who is looked at on a day, and whether they left: the population and its labels."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pandas as pd

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError

MIN_SNAPSHOTS = 3


def eligible(history: History, definition: ChurnDefinition) -> ir.Table:
    """Give the customers who are eligible on a snapshot.

    Returns
    -------
    ibis Table
        ``customer_id`` (unique) and ``last_order_at``: those with an uncancelled order in
        ``[snapshot - active_days, snapshot)``.
    """
    orders = history.uncancelled_orders
    recent = orders.filter(history.within(orders.ordered_at, definition.active_days))
    return recent.group_by("customer_id").aggregate(last_order_at=recent.ordered_at.max())


def exclusions(history: History, definition: ChurnDefinition) -> dict[str, int]:
    """Count the known customers who are not eligible, by reason.

    Returns
    -------
    dict
        ``no order in the last N days``, ``only cancelled orders`` and ``never ordered`` (only where the shop brings
        a table of customers), in customers.
    """
    orders = history.table("orders")
    placed = orders.select("customer_id").distinct()
    kept = history.uncancelled_orders.select("customer_id").distinct()
    counts = {
        "placed": placed.count(),
        "kept": kept.count(),
        "eligible": eligible(history, definition).count(),
    }
    if history.shop.has("customers"):
        counts["never"] = history.table("customers").anti_join(placed, "customer_id").count()
    found = {name: int(count.to_pandas()) for name, count in counts.items()}
    reasons = {
        f"no order in the last {definition.active_days} days": found["kept"] - found["eligible"],
        "only cancelled orders": found["placed"] - found["kept"],
        "never ordered": found.get("never", 0),
    }
    return {reason: count for reason, count in reasons.items() if count}


def labels(shop: Shop, snapshot_date: date, definition: ChurnDefinition, data_end: date) -> pd.Series:
    """Tell who of the eligible customers of a snapshot churned.

    Whether an order stands is taken as known at the end of the window, so that a label never changes with later data.

    Parameters
    ----------
    shop, snapshot_date, definition
        Whom to look at, when and how.
    data_end
        Nothing on or after this day is known.

    Returns
    -------
    pandas Series
        ``churned`` by ``customer_id`` (sorted): 1.0 churned, 0.0 stayed, null where the window ends after the data.
    """
    start, end = definition.window(snapshot_date)
    customers = eligible(History(shop, snapshot_date), definition).select("customer_id")
    if end > data_end:
        frame = customers.order_by("customer_id").to_pandas()
        return pd.Series(float("nan"), index=pd.Index(frame.customer_id, name="customer_id"), name="churned")
    later = History(shop, end)
    orders = later.uncancelled_orders
    stayed = orders.filter(later.within(orders.ordered_at, (end - start).days)).select("customer_id").distinct()
    labelled = customers.left_join(stayed.mutate(stayed=ibis.literal(1)), "customer_id")
    labelled = labelled.select("customer_id", churned=labelled.stayed.isnull().cast("float64"))
    return labelled.order_by("customer_id").to_pandas().set_index("customer_id")["churned"]


def training_snapshots(
    first_day: date, data_end: date, definition: ChurnDefinition, every_days: int, at_most: int | None = None
) -> Sequence[date]:
    """List the snapshots with complete label windows, oldest first.

    They go back from the last one whose window is complete, every ``every_days``, to the data's start plus the
    horizon, or further where that would leave fewer than three.

    Raises
    ------
    InputError
        Where the data holds no complete window.

    Examples
    --------
    >>> from datetime import date
    >>> days = training_snapshots(date(2025, 1, 1), date(2025, 12, 1), ChurnDefinition(horizon_days=90), 60)
    >>> [day.isoformat() for day in days]
    ['2025-05-05', '2025-07-04', '2025-09-02']
    """
    last = data_end - timedelta(days=definition.reach_days)
    if last <= first_day:
        raise InputError(
            f"orders: the data covers {first_day} to {data_end}, but a complete window needs more than "
            f"{definition.reach_days} days. Bring more history, or choose a shorter horizon."
        )
    snapshots: list[date] = []
    day = last
    while day > first_day and (
        day >= first_day + timedelta(days=definition.horizon_days) or len(snapshots) < MIN_SNAPSHOTS
    ):
        snapshots.append(day)
        day -= timedelta(days=every_days)
    return snapshots[:at_most][::-1]


def data_end(shop: Shop, as_of: date | None, horizon_days: int) -> date:
    """Give the day at which the data ends: nothing on or after it is used.

    Parameters
    ----------
    shop
        The shop.
    as_of
        The day that was asked for, or None for the start of the last day with an order.
    horizon_days
        How far after the last order an ``as_of`` may lie.

    Raises
    ------
    InputError
        Where ``as_of`` lies outside of the data.
    """
    if as_of is None:
        return shop.last_day
    first, last = shop.first_day, shop.last_day
    if as_of <= first:
        raise InputError(f"{as_of}: lies before the data, whose first order is of {first}. Name a later day.")
    if as_of > last + timedelta(days=horizon_days):
        raise InputError(
            f"{as_of}: lies more than {horizon_days} days after the last order ({last}), so everyone would seem to "
            "have left. Name an earlier day, or bring newer orders."
        )
    return as_of
