"""Delivery: whether orders arrived when they were promised."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import numpy as np

from churnml.data.history import History
from churnml.features.family import (
    WINDOWS,
    Aggregate,
    Derived,
    Family,
    Source,
    at_last,
    count,
    days_since_last,
    largest,
    mean,
)

_MORE_THAN_ANY_DELAY = 10_000_000  # days: more than there are between any two dates


def _deliveries(history: History) -> ir.Table:
    table = history.table("deliveries")
    table = table.filter(~table.order_cancelled)
    delay = table.delivered_at.date().delta(table.promised_at.date(), unit="day")
    waited = table.delivered_at.date().delta(table.ordered_at.date(), unit="day")
    return table.mutate(
        delay_days=delay,
        delivery_rank=delay + _MORE_THAN_ANY_DELAY * table.delivered_at.epoch_seconds(),
        past_promise_days=history.days_since(table.promised_at),
        waited_days=waited,
        waited_rank=waited + _MORE_THAN_ANY_DELAY * table.delivered_at.epoch_seconds(),
        ordered_days=history.days_since(table.ordered_at),
    )


DELIVERIES = Source("deliveries", table="deliveries", event_time="delivered_at", rows=_deliveries)
"""Deliveries of orders that are not cancelled: days late (negative is early), or days past the promise so far.

``delivery_rank`` puts them in the order of their delivery, and those of one second in the order of their delay;
``waited_rank`` those of one second in the order of the days that they were waited for.
"""

DELIVERED = Source(
    "delivered",
    table="deliveries",
    event_time="delivered_at",
    rows=lambda history: _newest_first(_deliveries(history)),
)
"""Deliveries that came, with their place from the newest back (0, 1, ...), those of one second by their delay."""


def _newest_first(deliveries: ir.Table) -> ir.Table:
    came = deliveries.filter(deliveries.delivered_at.notnull())
    place = ibis.row_number().over(group_by="customer_id", order_by=came.delivery_rank.desc())
    return came.mutate(place=place)


FAMILY = Family(
    name="delivery",
    concept="delivery",
    actionable=True,
    features=(
        *(
            Aggregate(
                name=f"deliveries_late_{days}d",
                unit="deliveries",
                describe=f"Orders delivered in the last {days} days on a later date than promised",
                source=DELIVERIES,
                reduce=count(),
                only=lambda delivery: delivery.delay_days > 0,
                needs=("delivered_at",),
                window_days=days,
                fill=0,
                en=f"{{value}} came late in the last {days} days",
                tr=f"Son {days} günde {{value}} gecikti",
                speaks_if=lambda value: value > 0,
            )
            for days in WINDOWS
        ),
        *(
            Aggregate(
                name=f"delivery_delay_mean_days_{days}d",
                unit="days",
                describe=f"Mean days from promise to delivery of the orders delivered in the last {days} days; "
                "early is negative, null without one",
                source=DELIVERIES,
                reduce=mean("delay_days"),
                needs=("delivered_at",),
                window_days=days,
                en=f"Deliveries of the last {days} days came {{value}} late on average",
                tr=f"Son {days} gündeki teslimatlar ortalama {{value}} gecikti",
                speaks_if=lambda value: value >= 0.5,
            )
            for days in WINDOWS
        ),
        Aggregate(
            name="delivery_delay_max_days_180d",
            unit="days",
            describe="Worst days from promise to delivery in the last 180 days; null without a delivery",
            source=DELIVERIES,
            reduce=largest("delay_days"),
            needs=("delivered_at",),
            window_days=180,
            en="A delivery of the last 180 days came {value} late",
            tr="Son 180 gündeki bir teslimat {value} gecikti",
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="delivery_delay_last_days",
            headline=3,
            tells="any",
            unit="days",
            describe="Days from promise to delivery of the last delivery; of several at the same second the worst",
            source=DELIVERIES,
            reduce=at_last("delay_days", "delivery_rank"),
            only=lambda delivery: delivery.delivered_at.notnull(),
            needs=("delivered_at",),
            en="The last delivery came {value} late",
            tr="Son teslimat {value} gecikti",
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="delivery_delay_before_last_days",
            unit="days",
            describe="Days from promise to delivery of the delivery before the last; null with fewer than two",
            source=DELIVERED,
            reduce=largest("delay_days"),
            only=lambda delivery: delivery.place == 1,
            needs=("delivered_at",),
            en="The delivery before the last came {value} late",
            tr="Sondan bir önceki teslimat {value} gecikti",
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="days_since_last_late_delivery",
            unit="days",
            describe="Days from the last late delivery to the snapshot; null without one",
            source=DELIVERIES,
            reduce=days_since_last("delivered_at"),
            only=lambda delivery: delivery.delay_days > 0,
            needs=("delivered_at",),
            speaks_if=lambda value: value <= 90,
            en="The last late delivery was {value} ago",
            tr="Son geç teslimatın üzerinden {value} geçti",
            tells="low",
        ),
        Aggregate(
            name="deliveries_365d",
            concept="recent orders",
            unit="deliveries",
            describe="Orders delivered in the last 365 days",
            source=DELIVERIES,
            reduce=count(),
            needs=("delivered_at",),
            window_days=365,
            fill=0,
            en="{value} in the last 365 days",
            tr="Son 365 günde {value} aldı",
            tr_zero="Son 365 günde {value} almadı",
            tells="low",
        ),
        Aggregate(
            name="orders_under_way",
            concept="recent orders",
            unit="orders",
            describe="Orders that are not delivered at the snapshot",
            source=DELIVERIES,
            reduce=count(),
            only=lambda delivery: delivery.delivered_at.isnull(),
            needs=("delivered_at",),
            fill=0,
            en="{value} under way",
            tr="{value} yolda",
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="orders_under_way_late",
            unit="orders",
            describe="Orders that are not delivered at the snapshot and were promised for an earlier date",
            source=DELIVERIES,
            reduce=count(),
            only=lambda delivery: delivery.delivered_at.isnull() & (delivery.past_promise_days > 0),
            needs=("delivered_at",),
            fill=0,
            en="{value} still under way past the promised date",
            tr="{value} söz verilen gün geçtiği hâlde hâlâ yolda",
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="order_under_way_past_promise_max_days",
            headline=1,
            tells="any",
            unit="days",
            describe="Most days that an order under way is past its promised date; null without one, negative if ahead",
            source=DELIVERIES,
            reduce=largest("past_promise_days"),
            only=lambda delivery: delivery.delivered_at.isnull(),
            needs=("delivered_at",),
            en="An order under way is {value} past its promised date",
            tr="Yoldaki bir sipariş şimdiden {value} gecikti",
            speaks_if=lambda value: value > 0,
        ),
        *(
            Aggregate(
                name=f"order_to_delivery_mean_days_{days}d",
                unit="days",
                describe=f"Mean days from order to delivery of the orders delivered in the last {days} days; null "
                "without one",
                source=DELIVERIES,
                reduce=mean("waited_days"),
                needs=("delivered_at",),
                window_days=days,
                en=f"Waited {{value}} on average for the deliveries of the last {days} days",
                tr=f"Son {days} gündeki teslimatları ortalama {{value}} bekledi",
            )
            for days in (180, 365)
        ),
        Aggregate(
            name="order_to_delivery_last_days",
            unit="days",
            describe="Days from order to delivery of the last delivery; of several at the same second the most",
            source=DELIVERIES,
            reduce=at_last("waited_days", "waited_rank"),
            only=lambda delivery: delivery.delivered_at.notnull(),
            needs=("delivered_at",),
            en="The last delivery took {value}",
            tr="Son teslimat {value} sürdü",
            speaks_if=lambda value: value >= 1,
        ),
        Aggregate(
            name="deliveries_90d",
            concept="recent orders",
            unit="deliveries",
            describe="Orders delivered in the last 90 days",
            source=DELIVERIES,
            reduce=count(),
            needs=("delivered_at",),
            window_days=90,
            fill=0,
            en="{value} in the last 90 days",
            tr="Son 90 günde {value} aldı",
            tr_zero="Son 90 günde {value} almadı",
            tells="low",
        ),
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
            en="{value} not shipped yet",
            tr="Henüz gönderilmemiş {value} var",
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
            en="An order has been waiting to be shipped for {value}",
            tr="Bir sipariş {value}dür gönderilmeyi bekliyor",
            speaks_if=lambda value: value >= 3,
        ),
        Derived(
            name="delivery_delay_last_two_max_days",
            unit="days",
            describe="The longer of the delays of the last two deliveries; null with fewer than two",
            inputs=("delivery_delay_last_days", "delivery_delay_before_last_days"),
            compute=np.maximum,
            en="Delay of the last two deliveries (early is negative): {delivery_delay_before_last_days} and "
            "{delivery_delay_last_days}",
            tr="Son iki teslimatın gecikmesi (erken gelen eksi sayılır): {delivery_delay_before_last_days} ve "
            "{delivery_delay_last_days}",
            speaks_if=lambda value: value > 0,
        ),
        Derived(
            name="delivery_delay_last_two_min_days",
            headline=2,
            tells="any",
            unit="days",
            describe="The shorter of the delays of the last two deliveries; null with fewer than two",
            inputs=(
                "delivery_delay_last_days",
                "delivery_delay_before_last_days",
                "delivery_delay_last_two_max_days",
            ),
            compute=lambda last, before, longer: np.minimum(last, before),
            en="The last two deliveries came {value:number} and {delivery_delay_last_two_max_days} late",
            tr="Son iki teslimat {value:number} ve {delivery_delay_last_two_max_days} gecikti",
            speaks_if=lambda value: value > 0,
        ),
        Derived(
            name="delivery_delay_trend_days",
            unit="days",
            describe="Mean delay of the last 90 days minus that of the last 365 days; positive where it gets worse",
            inputs=("delivery_delay_mean_days_90d", "delivery_delay_mean_days_365d"),
            compute=lambda recent, year: recent - year,
            # Either mean may be early, so neither is said to be late.
            en="Average delivery delay (early is negative): {delivery_delay_mean_days_90d} in the last 90 days, "
            "{delivery_delay_mean_days_365d} in the last 365",
            tr="Ortalama teslimat gecikmesi (erken gelen eksi sayılır): son 90 günde {delivery_delay_mean_days_90d}, "
            "son 365 günde {delivery_delay_mean_days_365d}",
            speaks_if=lambda value: value >= 0.5,
        ),
        Derived(
            name="delivery_late_share_90d",
            unit="share",
            describe="Share of the orders delivered in the last 90 days that came late; null without a delivery",
            inputs=("deliveries_late_90d", "deliveries_90d"),
            compute=lambda late, all_: late / all_,
            window_days=90,
            en="{deliveries_late_90d:number} of {deliveries_90d} came late in the last 90 days",
            tr="Son 90 gündeki {deliveries_90d}ın {deliveries_late_90d:number} tanesi gecikti",
            speaks_if=lambda value: value > 0,
        ),
        Derived(
            name="delivery_late_share_365d",
            unit="share",
            describe="Share of the orders delivered in the last 365 days that came late; null without a delivery",
            inputs=("deliveries_late_365d", "deliveries_365d"),
            compute=lambda late, all_: late / all_,
            en="{deliveries_late_365d:number} of {deliveries_365d} came late in the last 365 days",
            tr="Son 365 gündeki {deliveries_365d}ın {deliveries_late_365d:number} tanesi gecikti",
            speaks_if=lambda value: value > 0,
        ),
    ),
)
