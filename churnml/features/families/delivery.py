"""Delivery: whether orders arrived when they were promised, by the date or by the clock."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from churnml.data.lateness import measure_of
from churnml.features.deliveries import DELIVERED, DELIVERIES, WAYS, Way
from churnml.features.family import (
    WINDOWS,
    Aggregate,
    Condition,
    Derived,
    Family,
    Feature,
    count,
    days_since_last,
    largest,
    mean,
)

LATE_NOW = tuple(dict.fromkeys(f"orders_under_way_late{way.rule}" for way in WAYS))
DELAY_OF_LAST = tuple(f"delivery_delay_last_{way.measure}" for way in WAYS)
"""The features that tell whether the last delivery was late, or an order under way is; of each a shop has one."""


def _counts(way: Way) -> Iterator[Feature]:
    than = "at a later time" if way.by_clock else "on a later date"
    for days in WINDOWS:
        yield Aggregate(
            name=f"deliveries_late{way.rule}_{days}d",
            measures=way.measures,
            unit="deliveries",
            describe=f"Orders delivered in the last {days} days {than} than promised",
            source=DELIVERIES,
            reduce=count(),
            only=way.is_late,
            needs=("delivered_at",),
            window_days=days,
            fill=0,
            speaks_if=lambda value: value > 0,
        )


def _delays(way: Way) -> Iterator[Feature]:
    unit, units = way.measure, way.measure.capitalize()
    for days in WINDOWS:
        yield Aggregate(
            name=f"delivery_delay_mean_{unit}_{days}d",
            measures=(unit,),
            unit=unit,
            describe=f"Mean {unit} from promise to delivery of the orders delivered in the last {days} days; "
            "early is negative, null without one",
            source=DELIVERIES,
            reduce=way.inside(mean(way.column("delay"))),
            needs=("delivered_at",),
            window_days=days,
            speaks_if=lambda value: value >= way.least_mean,
        )
    yield Aggregate(
        name=f"delivery_delay_max_{unit}_180d",
        measures=(unit,),
        unit=unit,
        describe=f"Worst {unit} from promise to delivery in the last 180 days; null without a delivery",
        source=DELIVERIES,
        reduce=way.inside(largest(way.column("delay"))),
        needs=("delivered_at",),
        window_days=180,
        speaks_if=lambda value: value >= way.least,
    )
    yield Aggregate(
        name=f"delivery_delay_last_{unit}",
        measures=(unit,),
        headline=3,
        tells="any",
        unit=unit,
        describe=f"{units} from promise to delivery of the last delivery; of several at the same second the worst",
        source=DELIVERED,
        reduce=way.inside(largest(way.column("delay"))),
        only=lambda delivery: delivery.place == 0,
        needs=("delivered_at",),
        speaks_if=lambda value: value >= way.least,
    )
    yield Aggregate(
        name=f"delivery_delay_before_last_{unit}",
        measures=(unit,),
        unit=unit,
        describe=f"{units} from promise to delivery of the delivery before the last; null with fewer than two",
        source=DELIVERED,
        reduce=way.inside(largest(way.column("delay"))),
        only=lambda delivery: delivery.place == 1,
        needs=("delivered_at",),
        speaks_if=lambda value: value >= way.least,
    )


def _since_late(way: Way) -> Aggregate:
    which = "delivery that came after its promised time" if way.by_clock else "late delivery"
    return Aggregate(
        name=f"days_since_last_late_delivery{way.rule}",
        measures=way.measures,
        unit="days",
        describe=f"Days from the last {which} to the snapshot; null without one",
        source=DELIVERIES,
        reduce=days_since_last("delivered_at"),
        only=way.is_late,
        needs=("delivered_at",),
        speaks_if=lambda value: value <= 90,
        tells="low",
    )


def _deliveries_within(days: int) -> Aggregate:
    return Aggregate(
        name=f"deliveries_{days}d",
        concept="recent orders",
        unit="deliveries",
        describe=f"Orders delivered in the last {days} days",
        source=DELIVERIES,
        reduce=count(),
        needs=("delivered_at",),
        window_days=days,
        fill=0,
        tells="low",
    )


_UNDER_WAY = Aggregate(
    name="orders_under_way",
    concept="recent orders",
    unit="orders",
    describe="Orders that are not delivered at the snapshot",
    source=DELIVERIES,
    reduce=count(),
    only=lambda delivery: delivery.delivered_at.isnull(),
    needs=("delivered_at",),
    fill=0,
    speaks_if=lambda value: value > 0,
    tells="low",
)


def _late_under_way(way: Way) -> Iterator[Feature]:
    unit = way.measure
    promised = "time" if way.by_clock else "date"
    is_past: Condition = lambda delivery: delivery[way.column("past_promise")] > 0  # noqa: E731
    yield Aggregate(
        name=f"orders_under_way_late{way.rule}",
        measures=way.measures,
        unit="orders",
        describe=f"Orders that are not delivered at the snapshot and were promised for an earlier {promised}",
        source=DELIVERIES,
        reduce=count(),
        only=lambda delivery: delivery.delivered_at.isnull() & is_past(delivery),
        needs=("delivered_at",),
        fill=0,
        speaks_if=lambda value: value > 0,
    )
    yield Aggregate(
        name=f"order_under_way_past_promise_max_{unit}",
        measures=(unit,),
        headline=1,
        tells="any",
        unit=unit,
        describe=f"Most {unit} that an order under way is past its promised {promised}; null without one, negative if "
        "ahead",
        source=DELIVERIES,
        reduce=way.inside(largest(way.column("past_promise"))),
        only=lambda delivery: delivery.delivered_at.isnull(),
        needs=("delivered_at",),
        speaks_if=lambda value: value >= way.least,
    )


def _waits(way: Way) -> Iterator[Feature]:
    unit, units = way.measure, way.measure.capitalize()
    for days in (180, 365):
        yield Aggregate(
            name=f"order_to_delivery_mean_{unit}_{days}d",
            measures=(unit,),
            unit=unit,
            describe=f"Mean {unit} from order to delivery of the orders delivered in the last {days} days; null "
            "without one",
            source=DELIVERIES,
            reduce=way.inside(mean(way.column("waited"))),
            needs=("delivered_at",),
            window_days=days,
        )
    yield Aggregate(
        name=f"order_to_delivery_last_{unit}",
        measures=(unit,),
        unit=unit,
        describe=f"{units} from order to delivery of the last delivery; of several at the same second the most",
        source=DELIVERED,
        reduce=way.inside(largest(way.column("waited"))),
        only=lambda delivery: delivery.last_second,
        needs=("delivered_at",),
        speaks_if=lambda value: value >= 1,
    )


_NOT_SHIPPED = (
    Aggregate(
        name="orders_not_shipped",
        concept="recent orders",
        unit="orders",
        describe="Orders that are neither shipped nor delivered at the snapshot",
        source=DELIVERIES,
        reduce=count(),
        only=lambda delivery: delivery.shipped_at.isnull() & delivery.delivered_at.isnull(),
        needs=("shipped_at", "delivered_at"),
        fill=0,
        speaks_if=lambda value: value > 0,
        tells="low",
    ),
    Aggregate(
        name="order_not_shipped_max_days",
        tells="any",
        unit="days",
        describe="Days since the oldest order that is neither shipped nor delivered was placed; null without one",
        source=DELIVERIES,
        reduce=largest("ordered_days"),
        only=lambda delivery: delivery.shipped_at.isnull() & delivery.delivered_at.isnull(),
        needs=("shipped_at", "delivered_at"),
        speaks_if=lambda value: value >= 3,
    ),
)


def _last_two(way: Way) -> Iterator[Feature]:
    unit = way.measure
    last, before, longer = (f"delivery_delay_{which}_{unit}" for which in ("last", "before_last", "last_two_max"))
    yield Derived(
        name=longer,
        measures=(unit,),
        unit=unit,
        describe="The longer of the delays of the last two deliveries; null with fewer than two",
        inputs=(last, before),
        compute=np.maximum,
        speaks_if=lambda value: value >= way.least,
    )
    yield Derived(
        name=f"delivery_delay_last_two_min_{unit}",
        measures=(unit,),
        headline=2,
        tells="any",
        unit=unit,
        describe="The shorter of the delays of the last two deliveries; null with fewer than two",
        inputs=(last, before, longer),
        compute=lambda last, before, longer: np.minimum(last, before),
        speaks_if=lambda value: value >= way.least,
    )


def _trend(way: Way) -> Derived:
    recent, year = (f"delivery_delay_mean_{way.measure}_{days}d" for days in (90, 365))
    return Derived(
        name=f"delivery_delay_trend_{way.measure}",
        measures=(way.measure,),
        unit=way.measure,
        describe="Mean delay of the last 90 days minus that of the last 365 days; positive where it gets worse",
        inputs=(recent, year),
        compute=lambda recent, year: recent - year,
        speaks_if=lambda value: value >= way.least_mean,
    )


def _share(way: Way, days: int) -> Derived:
    late, all_ = f"deliveries_late{way.rule}_{days}d", f"deliveries_{days}d"
    return Derived(
        name=f"delivery_late_share{way.rule}_{days}d",
        measures=way.measures,
        unit="share",
        describe=f"Share of the orders delivered in the last {days} days that came late"
        f"{' by the clock' if way.by_clock else ''}; null without a delivery",
        inputs=(late, all_),
        compute=lambda late, all_: late / all_,
        window_days=90 if days == 90 else None,
        speaks_if=lambda value: value > 0,
    )


def _features(way: Way) -> Iterator[Feature]:
    """Declare all that a shop has that is measured in one way."""
    yield from _counts(way)
    yield from _delays(way)
    yield _since_late(way)
    yield _deliveries_within(365)
    yield _UNDER_WAY
    yield from _late_under_way(way)
    yield from _waits(way)
    yield _deliveries_within(90)
    yield from _NOT_SHIPPED
    yield from _last_two(way)
    yield _trend(way)
    yield from (_share(way, days) for days in (90, 365))


FAMILY = Family(
    name="delivery",
    concept="delivery",
    actionable=True,
    features=tuple({feature.name: feature for way in WAYS for feature in _features(way)}.values()),
    measure=measure_of,
    note="A shop has the features of one measure. Lateness goes by the date (names with `days`, and those without a "
    "unit) where a day is promised. Where the promised times carry a clock, it goes by the clock (names with `hours` "
    "or `minutes`, and with `by_clock`): late is what came after the promised time. They carry one where more than "
    "half of them lie neither at midnight, nor in the last minute of a day, nor whole days off the delivery, and no "
    "time of day, give or take the hour of summer time, is shared by nine in ten of these: such a promise says no more "
    "than its date. The unit is minutes where more than half of the deliveries came within an hour of the promise, so "
    "that the usual delay is a whole number of them, otherwise hours. What is known at the start of the snapshot "
    "decides; in a training its as-of day decides for all snapshots, and a model keeps the features that it was "
    "trained on.",
)
