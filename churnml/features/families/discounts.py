"""Discounts: whether the customer buys at the full price."""

from __future__ import annotations

from decimal import Decimal

import ibis
import ibis.expr.types as ir

from churnml.data.history import History
from churnml.features.family import Aggregate, Derived, Family, Source, count, days_since_last, total


def _priced_orders(history: History) -> ir.Table:
    orders = history.uncancelled_orders
    discount = orders.discount.fill_null(Decimal(0))
    reduced = ibis.ifelse(discount > 0, orders.ordered_at, ibis.null(orders.ordered_at.type()))
    return orders.mutate(discount=discount, last_reduced_at=reduced.max().over(group_by="customer_id"))


PRICED_ORDERS = Source("priced_orders", table="orders", event_time="ordered_at", rows=_priced_orders)
"""Orders that are not cancelled, with the time of the customer's last one on discount."""

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
                en=f"{{value}} on discount in the last {days} days",
                tr=f"Son {days} günde indirimli {{value}} verdi",
                tr_zero=f"Son {days} günde hiç indirimli sipariş vermedi",
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
            en="Saved {value} by discounts in the last 365 days",
            tr="Son 365 günde aldığı indirim {value}",
            tells="low",
        ),
        Aggregate(
            name="days_since_last_discounted_order",
            unit="days",
            describe="Days from the last order on discount to the snapshot; null without one",
            source=PRICED_ORDERS,
            reduce=days_since_last("ordered_at"),
            only=lambda order: order.discount > 0,
            needs=("discount",),
            en="No order on discount for {value}",
            tr="{value}dür indirimli sipariş vermedi",
        ),
        Aggregate(
            name="orders_at_full_price_since_discount",
            headline=1,
            unit="orders",
            describe="Orders at the full price after the last one on discount; all of them without such a one",
            source=PRICED_ORDERS,
            reduce=count(),
            only=lambda order: order.last_reduced_at.isnull() | (order.ordered_at > order.last_reduced_at),
            needs=("discount",),
            fill=0,
            speaks_if=lambda value: value > 0,
            en="{value} at the full price since the last discount",
            tr="Son indirimden bu yana tam fiyatla {value} verdi",
        ),
        Derived(
            name="orders_discounted_share_365d",
            unit="share",
            describe="Share of the orders of the last 365 days that were on discount; null without an order",
            inputs=("orders_discounted_365d", "orders_365d"),
            compute=lambda reduced, all_: reduced / all_,
            window_days=365,
            en="{orders_discounted_365d:number} of {orders_365d} on discount in the last 365 days",
            tr="Son 365 günde {orders_365d} verdi, {orders_discounted_365d:number} tanesi indirimli",
            tr_zero="Son 365 günde {orders_365d} verdi, hiçbiri indirimli değil",
            tells="any",
        ),
        Derived(
            name="discount_depth_share_365d",
            unit="share",
            describe="Discounts over the full price of the orders of the last 365 days; null where these cost nothing",
            inputs=("discount_sum_365d", "amount_sum_365d"),
            compute=lambda discount, paid: discount / (discount + paid),
            window_days=365,
            speaks_if=lambda value: value > 0,
            en="Saved {discount_sum_365d} by discounts and paid {amount_sum_365d} in the last 365 days",
            tr="Son 365 günde {amount_sum_365d} ödedi, aldığı indirim {discount_sum_365d}",
            tells="any",
        ),
    ),
)
