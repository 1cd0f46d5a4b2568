"""Discounts: whether the customer buys at the full price."""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir
import numpy as np

from churnml.data.history import History
from churnml.features.family import Aggregate, Derived, Family, Source, count, days_since_last, largest, total


def _priced_orders(history: History) -> ir.Table:
    orders = history.uncancelled_orders
    # Nothing in the contract keeps a surcharge out of the column.
    discount = ibis.ifelse(orders.discount > 0, orders.discount, ibis.literal(Decimal(0), orders.discount.type()))
    reduced = ibis.ifelse(discount > 0, orders.ordered_at, ibis.null(orders.ordered_at.type()))
    last_reduced = reduced.max().over(group_by="customer_id")
    day = orders.ordered_at.date()
    return orders.mutate(
        discount=discount,
        depth=discount.cast("float64") / (discount + orders.amount).cast("float64").nullif(0.0),
        had_discount=last_reduced.notnull(),
        since_discount=ibis.ifelse(orders.ordered_at > last_reduced, 1, 0),
        until_discount=ibis.ifelse(orders.ordered_at <= last_reduced, 1, 0),
        on_last_day=day == day.max().over(group_by="customer_id"),
    )


PRICED_ORDERS = Source("priced_orders", table="orders", event_time="ordered_at", rows=_priced_orders)
"""Orders that are not cancelled: the discount (0 without one), its share of the full price, and their place in time.

``had_discount`` says that they ever ordered on discount, ``since_discount`` is 1 for orders after the last such one,
and ``until_discount`` for it and those before.
"""

FAMILY = Family(
    name="discounts",
    concept="price",
    actionable=True,
    features=(
        *(
            Aggregate(
                name=f"orders_discounted_{days}d",
                unit="orders",
                describe=f"Orders on discount in the {days} days before the snapshot",
                source=PRICED_ORDERS,
                reduce=count(),
                only=lambda order: order.discount > 0,
                needs=("discount",),
                window_days=days,
                fill=0,
                # None is nothing new to who never had any.
                speaks_if=lambda value: value > 0,
                tells="low",
            )
            for days in (90, 365)
        ),
        Aggregate(
            name="discount_sum_365d",
            unit="money",
            describe="Discounts on the orders of the 365 days before the snapshot",
            source=PRICED_ORDERS,
            reduce=total("discount"),
            needs=("discount",),
            window_days=365,
            fill=0,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="days_since_last_discounted_order",
            concept="recent orders",
            unit="days",
            describe="Days from the last order on discount to the snapshot; null without one",
            source=PRICED_ORDERS,
            reduce=days_since_last("ordered_at"),
            only=lambda order: order.discount > 0,
            needs=("discount",),
        ),
        Aggregate(
            name="orders_at_full_price_since_discount",
            unit="orders",
            describe="Orders at the full price after the last one on discount; null without such a one",
            source=PRICED_ORDERS,
            reduce=total("since_discount"),
            only=lambda order: order.had_discount,
            needs=("discount",),
            speaks_if=lambda value: value > 0,
        ),
        Aggregate(
            name="orders_discounted_total",
            unit="orders",
            describe="Orders on discount since the start of the data",
            source=PRICED_ORDERS,
            reduce=count(),
            only=lambda order: order.discount > 0,
            needs=("discount",),
            fill=0,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="orders_until_last_discount",
            concept="order history",
            unit="orders",
            describe="Orders up to the last one on discount; null without such a one",
            source=PRICED_ORDERS,
            reduce=total("until_discount"),
            only=lambda order: order.had_discount,
            needs=("discount",),
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="discount_last_order_day",
            unit="money",
            describe="Discounts on the orders of the last day with an order",
            source=PRICED_ORDERS,
            reduce=total("discount"),
            only=lambda order: order.on_last_day,
            needs=("discount",),
            fill=0,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="discount_depth_max_share_365d",
            unit="share",
            describe="Largest share of the full price that an order of the last 365 days was reduced by; null without "
            "an order that cost something",
            source=PRICED_ORDERS,
            reduce=largest("depth"),
            needs=("discount",),
            window_days=365,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Derived(
            name="orders_discounted_share_365d",
            unit="share",
            describe="Share of the orders of the last 365 days that were on discount; null without an order",
            inputs=("orders_discounted_365d", "orders_365d"),
            compute=lambda reduced, all_: reduced / all_,
            window_days=365,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Derived(
            name="discount_ended_usual_share",
            headline=1,
            tells="any",
            unit="share",
            describe="Share of the orders up to the last one on discount that were on discount, where orders at the "
            "full price followed; null where none did",
            inputs=(
                "orders_discounted_total",
                "orders_until_last_discount",
                "orders_at_full_price_since_discount",
            ),
            compute=lambda reduced, all_, full: np.where(full > 0, reduced / all_, np.nan),
            speaks_if=lambda value: value >= 0.5,
        ),
        Derived(
            name="discount_depth_share_365d",
            unit="share",
            describe="Discounts over the full price of the orders of the last 365 days; null where these cost nothing",
            inputs=("discount_sum_365d", "amount_sum_365d"),
            compute=lambda discount, paid: discount / (discount + paid),
            window_days=365,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Derived(
            name="discount_depth_last_order_day_share",
            unit="share",
            describe="Discounts over the full price of the orders of the last day with an order; null where these cost "
            "nothing",
            inputs=("discount_last_order_day", "amount_last_order_day"),
            compute=lambda discount, paid: discount / (discount + paid),
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Derived(
            name="discount_depth_last_to_usual_ratio",
            unit="ratio",
            describe="Share of the full price that the orders of the last order day were reduced by, over that of the "
            "last 365 days; null without a discount in these",
            inputs=("discount_depth_last_order_day_share", "discount_depth_share_365d"),
            compute=lambda last, usual: last / usual,
            speaks_if=lambda value: value <= 0.5,
            tells="low",
        ),
    ),
)
