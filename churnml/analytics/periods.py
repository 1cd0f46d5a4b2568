"""Looking back: what every customer did in each of the last periods, and where they stood between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.analytics.concentration import UNITS
from churnml.analytics.customer_value import YEAR_DAYS, expect_value
from churnml.analytics.lifecycle import LIFE, STAGES, lifecycle_stages
from churnml.analytics.segments import SEGMENT_FEATURES, SEGMENTS, rfm_segments
from churnml.analytics.value import VALUE, expected_value
from churnml.data.draw import place_of
from churnml.data.history import History
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.available import available
from churnml.features.builder import build
from churnml.features.families.buy_till_you_die import MOST_CUSTOMERS, fit_histories
from churnml.features.sources import ORDER_DAYS
from churnml.statistics.logodds import Floats

STANDINGS = 3
"""At so many days, a period apart, it is told where customers stood."""
_ALL = 100_000  # days: all that is before


@dataclass(frozen=True)
class Period:
    """What customers did in ``[start, end)``; arrays of shape (n,) in the order of ``LookBack.customers``.

    Attributes
    ----------
    start, end : date
        First day of the period, and the day after its last.
    eligible, churned : array of bool
        Whether the customer was eligible at the day whose window the period is, and whether they left, by the
        definition.
    orders, order_days : array of int
        Number of orders, and of days with an order, in the period.
    amount, amount_before : array of int
        Money of the orders in the period, and in as many days before it, in ten-thousandths.
    amount_year : array of int
        Money of the 365 days before the end, in ten-thousandths; -1 for customers who did not order in them.
    orders_so_far : array of int
        Number of orders before the end.
    gap_days, gaps : array of int
        Days between order days, added up over the gaps that ended in the period, and the number of these gaps.
    lifetime_days : array of float
        Days from the first order to the last one before the end; null for customers who had none.
    expected_value : array of float
        Money expected at the end from the next 365 days, if the customer stays, as in
        `churnml.analytics.customer_value.expected_customer_value`; null for customers who are not active then, or not
        known.
    active, active_year_ago : array of bool
        Whether the customer ordered in the ``active_days`` before the end, and before the day 365 days earlier; false
        for all there where the data does not hold all of these days.
    """

    start: date
    end: date
    eligible: NDArray[np.bool_]
    churned: NDArray[np.bool_]
    orders: NDArray[np.int32]
    order_days: NDArray[np.int32]
    amount: NDArray[np.int64]
    amount_before: NDArray[np.int64]
    amount_year: NDArray[np.int64]
    orders_so_far: NDArray[np.int32]
    gap_days: NDArray[np.int32]
    gaps: NDArray[np.int32]
    lifetime_days: Floats
    expected_value: Floats
    active: NDArray[np.bool_]
    active_year_ago: NDArray[np.bool_]

    def of(self, customers: NDArray[np.intp]) -> Period:
        """Return the period of some customers, by their positions."""
        arrays = {
            field.name: getattr(self, field.name)[customers]
            for field in fields(self)
            if field.name not in ("start", "end")
        }
        return replace(self, **arrays)


@dataclass(frozen=True)
class LookBack:
    """The last periods of a shop.

    Attributes
    ----------
    history : History
        The shop as known at the end of the last period.
    definition : ChurnDefinition
        Definition of leaving; its horizon is the length of a period.
    customers : pandas Index
        Ids of all customers who ever ordered, sorted.
    periods : tuple of Period
        Periods, oldest first.
    churned : pandas Series
        Labels of the last period, as from `churnml.data.population.labels`.
    standings : mapping of date to pandas DataFrame
        Standing of all customers on days that are ends of periods, oldest first: ``stage`` and ``segment`` (categories)
        and ``amount`` (of the last 365 days); null for customers who were not eligible then.
    """

    history: History
    definition: ChurnDefinition
    customers: pd.Index
    periods: tuple[Period, ...]
    churned: pd.Series
    standings: Mapping[date, pd.DataFrame]

    @property
    def count(self) -> int:
        """How many periods there are."""
        return len(self.periods)


def look_back(shop: Shop, snapshot_date: date, definition: ChurnDefinition, periods: int = 5) -> LookBack:
    """Look back from a day over periods of one horizon each, the last of which ends on that day.

    Orders are taken as known on the day; who was eligible and who left is taken as known then, as for a model.

    Parameters
    ----------
    shop : Shop
        Shop whose periods are compared.
    snapshot_date : date
        Day on which the last period ends: nothing on or after it is known.
    definition : ChurnDefinition
        Definition of leaving, whose horizon is the length of a period.
    periods : int, optional
        Greatest number of periods, as far as the data reaches.

    Raises
    ------
    InputError
        Where the data holds no whole period before the day.
    """
    reach, horizon = definition.reach_days, definition.horizon_days
    history = History(shop, snapshot_date)
    since_first = (snapshot_date - history.first_day).days
    whole = since_first - 1 - (reach - horizon)
    count = min(periods, whole // horizon)
    if count < 1:
        raise InputError(
            f"{snapshot_date}: lies {since_first} days after the first order "
            f"({history.first_day}), but figures need more than {reach}. Name a later day, or a shorter horizon."
        )
    table = _order_days(history, definition, count)
    ends = [snapshot_date - timedelta(days=horizon * ago) for ago in range(count)]
    churned = [labels(shop, end - timedelta(days=reach), definition, end) for end in ends]
    made = [_period(history, table, ago, definition, left) for ago, left in enumerate(churned)]
    days = [end for end in [*ends, ends[-1] - timedelta(days=horizon)] if end > history.first_day][:STANDINGS]
    standings = {day: _standing(shop, day, definition).reindex(table.index) for day in reversed(days)}
    return LookBack(history, definition, table.index, tuple(reversed(made)), churned[0], standings)


def _order_days(history: History, definition: ChurnDefinition, count: int) -> pd.DataFrame:
    """Add up the order days of every customer by period: ``_0`` is the newest, and one more is what is before."""
    days, horizon = ORDER_DAYS.rows(history), definition.horizon_days
    since = history.days_since(days.ordered_at)
    numbers = {
        "first": since.max(),
        "first_amount": _units(days.amount.argmin(days.order_day)),
        "orders": days.orders.sum(),
        "days": days.count(),
        "amount": _units(days.amount.sum()),
    }
    for ago in range(count + 1):
        within = history.within(days.ordered_at, horizon, ago * horizon)
        numbers |= {
            f"orders_{ago}": days.orders.sum(where=within).fill_null(0),
            f"days_{ago}": days.count(where=within),
            f"amount_{ago}": _units(days.amount.sum(where=within)),
            f"last_{ago}": since.min(where=within),
        }
    before = history.within(days.ordered_at, _ALL, count * horizon)
    numbers["last_before"] = since.min(where=before)
    for ago in range(count):
        numbers[f"year_{ago}"] = _units(
            days.amount.sum(where=history.within(days.ordered_at, YEAR_DAYS, ago * horizon)), nothing=-1
        )
        back = ago * horizon + YEAR_DAYS
        if back + definition.active_days <= (history.snapshot_date - history.first_day).days:
            numbers[f"a_year_ago_{ago}"] = days.count(
                where=history.within(days.ordered_at, definition.active_days, back)
            )
    grouped = days.group_by("customer_id").aggregate(**numbers)
    # int32 holds counts and days; money needs more.
    small = {
        name: grouped[name].cast("int32")
        for name in grouped.columns
        if name != "customer_id" and not name.startswith(("amount", "first_amount", "year"))
    }
    # Who is drawn for BG/NBD: the first by the hash of their ids.
    place = ibis.row_number().over(order_by=[place_of(grouped.customer_id), grouped.customer_id])
    table = grouped.mutate(**small, place=place.cast("int32"))
    return history.shop.engine.frame(table.order_by("customer_id")).set_index("customer_id")


def _units(amount: ir.Value, nothing: int = 0) -> ir.Value:
    return (amount * UNITS).cast("int64").fill_null(nothing)


def _period(history: History, table: pd.DataFrame, ago: int, definition: ChurnDefinition, churned: pd.Series) -> Period:
    horizon = definition.horizon_days
    end = history.snapshot_date - timedelta(days=ago * horizon)

    def so_far(name: str) -> NDArray[np.int64]:
        later = table[[f"{name}_{newer}" for newer in range(ago)]].to_numpy().sum(axis=1)
        return np.asarray(table[name].to_numpy() - later, dtype=np.int64)

    last = table[f"last_{ago}"].to_numpy(dtype=np.float64)
    earlier = [table[name].to_numpy(dtype=np.float64) for name in _older(table, ago)]
    before = np.fmin.reduce(earlier)  # days since the last order day before the period
    first = table["first"].to_numpy(dtype=np.float64)
    order_days = table[f"days_{ago}"].to_numpy(dtype=np.int32)
    begun = np.where(np.isnan(before), first, before)  # the order day from which the first gap is counted
    newest = np.fmin(last, before)
    active = newest - ago * horizon <= definition.active_days
    a_year_ago = table.get(f"a_year_ago_{ago}", pd.Series(0, index=table.index)).to_numpy()
    gaps = np.where(np.isnan(last), 0, order_days - np.isnan(before))
    place = table.index.get_indexer(churned.index)
    eligible, left = np.zeros(len(table), dtype=bool), np.zeros(len(table), dtype=bool)
    eligible[place[place >= 0]] = True
    left[place[place >= 0]] = churned.to_numpy()[place >= 0] == 1
    return Period(
        start=end - timedelta(days=horizon),
        end=end,
        eligible=eligible,
        churned=left,
        orders=table[f"orders_{ago}"].to_numpy(dtype=np.int32),
        order_days=order_days,
        amount=table[f"amount_{ago}"].to_numpy(),
        amount_before=table[f"amount_{ago + 1}"].to_numpy(),
        amount_year=table[f"year_{ago}"].to_numpy(),
        orders_so_far=so_far("orders").astype(np.int32),
        gap_days=np.where(gaps > 0, begun - last, 0).astype(np.int32),
        gaps=gaps.astype(np.int32),
        lifetime_days=first - newest,
        expected_value=_expected_value(
            so_far("days"),
            first - ago * horizon,
            newest - ago * horizon,
            so_far("amount"),
            table["first_amount"].to_numpy(),
            table["place"].to_numpy(),
            active,
            (end - history.first_day).days,
        ),
        active=active,
        active_year_ago=a_year_ago > 0,
    )


def _expected_value(
    order_days: NDArray[np.int64],
    since_first: Floats,
    since_last: Floats,
    amount: NDArray[np.int64],
    first_amount: NDArray[np.int64],
    place: NDArray[np.int32],
    active: NDArray[np.bool_],
    since_start: int,
) -> Floats:
    """Estimate what the active customers are worth, by models fitted as for features: on those who ordered by then."""
    there = np.flatnonzero(order_days > 0)
    drawn = there[np.argsort(place[there], kind="stable")[:MOST_CUSTOMERS]]
    histories = order_days[drawn].astype(np.float64), since_first[drawn], since_last[drawn], np.ones(len(drawn))
    model = fit_histories(*histories, since_start)
    of = np.flatnonzero(active)
    money = amount[of] / UNITS, first_amount[of] / UNITS
    value = np.full(len(active), np.nan)
    value[of] = expect_value(model, order_days[of].astype(np.float64), since_first[of], *money)["expected_value"]
    return value


def _older(table: pd.DataFrame, ago: int) -> list[str]:
    """Name the columns with the last order day of the periods before one."""
    names = [name for name in table.columns if name.startswith("last_") and name != "last_before"]
    return [*sorted(names, key=lambda name: int(name.removeprefix("last_")))[ago + 1 :], "last_before"]


def _standing(shop: Shop, day: date, definition: ChurnDefinition) -> pd.DataFrame:
    history = History(shop, day)
    X = build(
        history,
        definition,
        [feature for feature in available(shop) if feature.name in {*LIFE, *SEGMENT_FEATURES, *VALUE}],
    )
    value = expected_value(X, history, YEAR_DAYS)
    return pd.DataFrame(
        {
            "stage": pd.Categorical(lifecycle_stages(X, value, definition), STAGES),
            "segment": pd.Categorical(rfm_segments(X), SEGMENTS),
            "amount": X["amount_sum_365d"].to_numpy(),
        },
        index=X.index,
    )
