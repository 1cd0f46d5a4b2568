"""Who is looked at on a day, and whether they left: the population and its labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pandas as pd

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.data.template import on_its_day
from churnml.days import Day, parse_day
from churnml.definition import ChurnDefinition
from churnml.errors import InputError

MIN_SNAPSHOTS = 3


def eligible(history: History, definition: ChurnDefinition) -> ir.Table:
    """Return the customers who are eligible on a snapshot, by the definition's kind.

    Returns
    -------
    Ibis table
        ``customer_id`` (unique) and ``last_order_at``, the time of the last uncancelled order; it is null for
        subscribers who never ordered.

    Raises
    ------
    InputError
        Where the kind needs a table that the shop did not bring.
    """
    return _KINDS[definition.kind].eligible(history, definition)


def count_eligible(history: History, definition: ChurnDefinition) -> int:
    """Count the customers who are eligible on a snapshot."""
    return int(on_its_day(history, _count_eligible, definition).to_pandas().customers.item())


def eligible_by_orders(history: History, orders: ir.Table, definition: ChurnDefinition) -> ir.BooleanValue | None:
    """Compute from a customer's uncancelled orders, as an aggregate, whether they are eligible.

    It says the same as ``eligible`` without reading the orders once more; None where the orders do not tell it.
    """
    if definition.kind != "no_order":
        return None
    return history.within(orders.ordered_at.max(), definition.active_days)


def exclusions(history: History, definition: ChurnDefinition) -> dict[str, int]:
    """Count the known customers who are not eligible, by reason; each is counted once.

    Returns
    -------
    dict
        Customers by reason. ``only cancelled orders``, ``no order in the last N days``, ``no spend in the last N
        days`` (``spend_drop``), or ``subscription ended`` and ``never subscribed`` (``subscription_end``), and
        ``never ordered`` where the shop brings a table of customers.
    """
    reasons = _KINDS[definition.kind].exclusions(history, definition)
    return {reason: count for reason, count in reasons.items() if count}


def labels(shop: Shop, snapshot_date: Day, definition: ChurnDefinition, data_end: Day) -> pd.Series:
    """Label the eligible customers of a snapshot as churned or stayed.

    Whether an order stands or a subscription runs is taken as known at the end of the window, so that a label never
    changes with later data.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are labelled.
    snapshot_date : date or str
        Snapshot on which the customers are eligible.
    definition : ChurnDefinition
        Definition of leaving.
    data_end : date or str
        Day at which the data ends: nothing on or after it is known.

    Returns
    -------
    pandas Series
        ``churned`` by ``customer_id`` (sorted): 1.0 churned, 0.0 stayed, null where the window ends after the data.
    """
    then = History(shop, snapshot_date)
    if definition.window(snapshot_date)[1] > parse_day(data_end, "data_end"):
        frame = eligible(then, definition).select("customer_id").order_by("customer_id").to_pandas()
        return pd.Series(float("nan"), index=pd.Index(frame.customer_id, name="customer_id"), name="churned")
    frame = shop.engine.frame(on_its_day(then, _labelled_by_id, definition))
    return pd.Series(frame.churned.to_numpy(), index=pd.Index(frame.customer_id), name="churned")


def treated(shop: Shop, snapshot_date: Day, definition: ChurnDefinition, campaign: str) -> pd.Index:
    """Return the customers who were treated in the window of their outcome; see `History.treatments`.

    Parameters
    ----------
    shop : Shop
        Shop with its contacts; without contacts nobody was treated.
    snapshot_date : date or str
        Snapshot after which the window lies; it has ended.
    definition : ChurnDefinition
        Definition of leaving, which says how long the window is.
    campaign : str
        Campaign whose contacts treat whatever they hold; of others, those with an offer do.

    Returns
    -------
    pandas Index
        Ids of these customers, sorted.
    """
    history = History(shop, snapshot_date)
    if not shop.has("contacts"):
        return pd.Index([], name="customer_id", dtype="str")
    sent_to = on_its_day(history, _treated, definition, campaign)
    customers: pd.Index = pd.Index(sent_to.to_pandas().customer_id)
    return customers


@dataclass(frozen=True)
class Churned:
    """How many of the customers who were eligible on a day churned."""

    day: date
    customers: int
    churned: int

    def __str__(self) -> str:
        return f"{self.churned:,} of the {self.customers:,} customers of {self.day} left"


def count_churned(history: History, days_before: int, definition: ChurnDefinition) -> Churned | None:
    """Count the customers who were eligible so many days before a history's day, and those of them who churned.

    Only what is known on the history's day is used. None where the window ends later, or nobody was eligible.
    """
    day = history.snapshot_date - timedelta(days=days_before)
    if definition.window(day)[1] > history.snapshot_date:
        return None
    counted = on_its_day(history.later(-days_before), _count_labelled, definition).to_pandas().squeeze()
    return Churned(day, int(counted.customers), int(counted.churned)) if counted.customers else None


def _count_eligible(history: History, definition: ChurnDefinition) -> ir.Table:
    return eligible(history, definition).aggregate(customers=ibis._.count())


def _treated(then: History, definition: ChurnDefinition, campaign: str) -> ir.Table:
    later = then.later(definition.reach_days)
    sent = later.treatments(campaign)
    sent = sent.filter(later.within(sent.sent_at, definition.reach_days))
    return _customers_of(sent).order_by("customer_id")


def _count_labelled(then: History, definition: ChurnDefinition) -> ir.Table:
    labelled = _labelled(then, definition)
    return labelled.aggregate(customers=labelled.count(), churned=labelled.churned.sum())


def _labelled_by_id(then: History, definition: ChurnDefinition) -> ir.Table:
    return _labelled(then, definition).order_by("customer_id")


def _labelled(then: History, definition: ChurnDefinition) -> ir.Table:
    """Return ``churned``, 1.0 or 0.0, of each customer who was eligible then, as known at the end of the window."""
    later = then.later(definition.reach_days)
    customers = eligible(then, definition).select("customer_id")
    stayed = _KINDS[definition.kind].stayed(then, later, definition)
    labelled = customers.left_join(stayed.select("customer_id").distinct().mutate(left=0.0), "customer_id")
    return labelled.select("customer_id", churned=labelled["left"].fill_null(1.0))


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


def resolve_day(shop: Shop, as_of: Day | None, horizon_days: int, name: str = "as_of") -> date:
    """Resolve the day that was asked for, at which the data ends: nothing on or after it is used.

    Parameters
    ----------
    shop : Shop
        Shop whose orders are looked at.
    as_of : date, str or None
        Day that was asked for; None takes the start of the last day with an order.
    horizon_days : int
        Greatest number of days after the last order at which ``as_of`` may lie.
    name : str, optional
        Name of the day in messages.

    Raises
    ------
    InputError
        Where ``as_of`` is not a day, or lies outside of the data.
    """
    if as_of is None:
        return shop.last_day
    day = parse_day(as_of, name)
    first, last = shop.first_day, shop.last_day
    if day <= first:
        raise InputError(f"{day}: no order lies before it; the first is of {first}. Name a later day.")
    if day > last + timedelta(days=horizon_days):
        raise InputError(
            f"{day}: lies more than {horizon_days} days after the last order ({last}), so everyone would seem to "
            "have left. Name an earlier day, or bring newer orders."
        )
    return day


@dataclass(frozen=True)
class _Kind:
    """One way to leave: who is eligible, who is not and why, and who of them stayed, as known at the window's end."""

    eligible: Callable[[History, ChurnDefinition], ir.Table]
    exclusions: Callable[[History, ChurnDefinition], dict[str, int]]
    stayed: Callable[[History, History, ChurnDefinition], ir.Table]


def _ordering(history: History, definition: ChurnDefinition) -> ir.Table:
    # Known orders lie before the snapshot, so whoever has one in the window has their last one there.
    orders = history.uncancelled_orders
    last = orders.group_by("customer_id").aggregate(last_order_at=orders.ordered_at.max())
    return last.filter(history.within(last.last_order_at, definition.active_days))


def _not_ordering(history: History, definition: ChurnDefinition) -> dict[str, int]:
    placed = _customers_of(history.table("orders"))
    kept = _customers_of(history.uncancelled_orders)
    return {
        f"no order in the last {definition.active_days} days": _count(kept) - _count(_ordering(history, definition)),
        "only cancelled orders": _count(placed) - _count(kept),
        "never ordered": _count(_known(history, "customers").anti_join(placed, "customer_id")),
    }


def _ordered_again(then: History, later: History, definition: ChurnDefinition) -> ir.Table:
    orders = later.uncancelled_orders
    return orders.filter(later.within(orders.ordered_at, definition.horizon_days))


def _spending(history: History, definition: ChurnDefinition) -> ir.Table:
    return _past_spend(history, definition).select("customer_id", "last_order_at")


def _not_spending(history: History, definition: ChurnDefinition) -> dict[str, int]:
    without = _count(_ordering(history, definition)) - _count(_spending(history, definition))
    return _not_ordering(history, definition) | {f"no spend in the last {definition.active_days} days": without}


def _spent_enough(then: History, later: History, definition: ChurnDefinition) -> ir.Table:
    # later spend >= share x past spend x horizon / days, without a division: both sides are exact decimals.
    past = _past_spend(then, definition)
    orders = _ordered_again(then, later, definition)
    spend = orders.group_by("customer_id").aggregate(spend=orders.amount.sum())
    both = past.left_join(spend, "customer_id")
    thousandths = round(Decimal(str(definition.spend_share)) * 1000)
    return both.filter(
        _wide(both.spend.fill_null(Decimal(0))) * both.days * 1000
        >= _wide(both.past) * definition.horizon_days * thousandths
    )


def _past_spend(history: History, definition: ChurnDefinition) -> ir.Table:
    """Spend in the active window, and the days over which it was earned, of those who spent anything."""
    orders = history.uncancelled_orders
    recent = history.within(orders.ordered_at, definition.active_days)
    customers = orders.group_by("customer_id").aggregate(
        last_order_at=orders.ordered_at.max(),
        past=orders.amount.sum(where=recent),
        since_first=history.days_since(orders.ordered_at.min()),
    )
    customers = customers.filter(customers.past > 0)
    at_least = min(definition.horizon_days, definition.active_days)
    return customers.mutate(days=customers.since_first.clip(lower=at_least, upper=definition.active_days))


def _wide(amount: ir.Value) -> ir.Value:
    return amount.cast(dt.Decimal(38, 4))


def _subscribing(history: History, definition: ChurnDefinition) -> ir.Table:
    orders = history.uncancelled_orders
    last = orders.group_by("customer_id").aggregate(last_order_at=orders.ordered_at.max())
    joined = _customers_of(_running(history)).left_join(last, "customer_id")
    return joined.select("customer_id", "last_order_at")


def _not_subscribing(history: History, definition: ChurnDefinition) -> dict[str, int]:
    running = _customers_of(_running(history))
    subscribed = _customers_of(history.table("subscriptions"))
    known = _customers_of(history.table("orders")).union(_known(history, "customers"), distinct=True)
    return {
        "subscription ended": _count(subscribed) - _count(running),
        "never subscribed": _count(known.anti_join(subscribed, "customer_id")),
    }


def _still_subscribing(then: History, later: History, definition: ChurnDefinition) -> ir.Table:
    return _running(later)


def _running(history: History) -> ir.Table:
    if not history.shop.has("subscriptions"):
        raise InputError(
            "subscriptions: the table is missing, but definition.kind is subscription_end. "
            "Bring the table, or choose another kind."
        )
    return history.running_subscriptions


def _customers_of(table: ir.Table) -> ir.Table:
    return table.select("customer_id").distinct()


def _known(history: History, table: str) -> ir.Table:
    """Return the customers of a table, or those who ordered where the shop did not bring it."""
    rows = history.table(table if history.shop.has(table) else "orders")
    return _customers_of(rows)


def _count(table: ir.Table) -> int:
    return int(table.count().to_pandas())


_KINDS = {
    "no_order": _Kind(_ordering, _not_ordering, _ordered_again),
    "spend_drop": _Kind(_spending, _not_spending, _spent_enough),
    "subscription_end": _Kind(_subscribing, _not_subscribing, _still_subscribing),
}
