"""Monetary: how much the customer paid."""

from churnml.features.family import SCALED_WINDOWS, WINDOWS, Aggregate, Derived, Family, largest, mean, total
from churnml.features.sources import ORDER_DAYS, ORDERS

FAMILY = Family(
    name="monetary",
    concept="spend",
    actionable=False,
    note="Windows of 7 and 14 days are there where they are a quarter of the horizon or more, those of 730 and 1,095 "
    "days where a customer may have been silent for so long and still be eligible.",
    features=(
        *(
            Aggregate(
                name=f"amount_sum_{days}d",
                unit="money",
                describe=f"Amount of the orders in the {days} days before the snapshot",
                source=ORDERS,
                reduce=total("amount"),
                window_days=days,
                scaled=days in SCALED_WINDOWS,
                fill=0,
                # Nothing spent is no order, of which the pace speaks.
                speaks_if=lambda value: value > 0,
                tells="low",
            )
            for days in sorted((*SCALED_WINDOWS, *WINDOWS))
        ),
        Aggregate(
            name="amount_sum_total",
            unit="money",
            describe="Amount of all orders since the start of the data",
            source=ORDERS,
            reduce=total("amount"),
            fill=0,
            speaks_if=lambda value: value > 0,
            tells="low",
        ),
        Aggregate(
            name="amount_mean_365d",
            unit="money",
            describe="Mean amount of the orders in the 365 days before the snapshot",
            source=ORDERS,
            reduce=mean("amount"),
            window_days=365,
            tells="low",
        ),
        Aggregate(
            name="amount_max_365d",
            unit="money",
            describe="Largest order in the 365 days before the snapshot",
            source=ORDERS,
            reduce=largest("amount"),
            window_days=365,
            tells="low",
        ),
        Aggregate(
            name="amount_last_order_day",
            unit="money",
            describe="Amount of the orders of the last day with an order",
            source=ORDER_DAYS,
            reduce=largest("amount"),
            only=lambda day: day.is_last,
            tells="low",
        ),
        Derived(
            name="amount_last_to_mean_ratio",
            unit="ratio",
            describe="Amount of the last order day over the mean amount of the orders of the last 365 days; "
            "null where these cost nothing",
            inputs=("amount_last_order_day", "amount_mean_365d"),
            # A customer whose orders of the year all cost nothing has no ratio: 0 / 0 is null.
            compute=lambda last, usual: last / usual,
            speaks_if=lambda value: value <= 0.9,
            tells="low",
        ),
    ),
)
