"""Returns: what the customer sent back."""

from __future__ import annotations

from churnml.features.family import WINDOWS, Aggregate, Derived, Family, Source, count, days_since_last, total

RETURNS = Source("returns", table="returns", event_time="returned_at", rows=lambda history: history.table("returns"))

FAMILY = Family(
    name="returns",
    concept="returns",
    actionable=True,
    features=(
        *(
            Aggregate(
                name=f"returns_{days}d",
                unit="returns",
                describe=f"Returns in the {days} days before the snapshot",
                source=RETURNS,
                reduce=count(),
                window_days=days,
                fill=0,
                speaks_if=lambda value: value > 0,
            )
            for days in WINDOWS
        ),
        *(
            Aggregate(
                name=f"return_amount_sum_{days}d",
                unit="money",
                describe=f"Amount of the returns in the {days} days before the snapshot",
                source=RETURNS,
                reduce=total("amount"),
                window_days=days,
                fill=0,
                speaks_if=lambda value: value > 0,
            )
            for days in (90, 365)
        ),
        Aggregate(
            name="days_since_last_return",
            unit="days",
            describe="Days from the last return to the snapshot; null without one",
            source=RETURNS,
            reduce=days_since_last("returned_at"),
            speaks_if=lambda value: value <= 90,
            tells="low",
        ),
        Derived(
            name="returns_per_order_365d",
            unit="ratio",
            describe="Returns over orders of the last 365 days; null without an order",
            inputs=("returns_365d", "orders_365d"),
            compute=lambda returns, orders: returns / orders,
            speaks_if=lambda value: value > 0,
        ),
        Derived(
            name="return_amount_to_spend_ratio_365d",
            unit="ratio",
            describe="Amount returned over amount ordered in the last 365 days; above 1 where older orders came back",
            inputs=("return_amount_sum_365d", "amount_sum_365d"),
            compute=lambda returned, spent: returned / spent,
            speaks_if=lambda value: value > 0,
        ),
    ),
)
