"""The rows of deliveries that features read, and the ways in which their lateness is measured."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from churnml.data.history import History, seconds_between
from churnml.data.lateness import SECONDS, Measure, days_late, seconds_late
from churnml.features.family import Reducer, Source


def _deliveries(history: History) -> ir.Table:
    table = history.table("deliveries")
    table = table.filter(~table.order_cancelled)
    return table.mutate(
        delay_days=days_late(table),
        delay_seconds=seconds_late(table),
        past_promise_days=history.days_since(table.promised_at),
        past_promise_seconds=history.seconds_since(table.promised_at),
        waited_days=table.delivered_at.date().delta(table.ordered_at.date(), unit="day"),
        waited_seconds=seconds_between(table.ordered_at, table.delivered_at),
        ordered_days=history.days_since(table.ordered_at),
    )


DELIVERIES = Source("deliveries", table="deliveries", event_time="delivered_at", rows=_deliveries)
"""Deliveries of orders that are not cancelled: how late (negative is early), or how far past the promise so far."""

DELIVERED = Source(
    "delivered",
    table="deliveries",
    event_time="delivered_at",
    rows=lambda history: _newest_first(_deliveries(history)),
)
"""Deliveries that came, with their place from the newest back (0, 1, ...), those of one second by their delay.

``last_second`` marks the last one, and those that came in the same second.
"""


def _newest_first(deliveries: ir.Table) -> ir.Table:
    came = deliveries.filter(deliveries.delivered_at.notnull())
    came = came.mutate(second=came.delivered_at.truncate("s"))
    newest_first = (came.second.desc(), came.promised_at.asc())
    return came.mutate(
        place=ibis.row_number().over(group_by="customer_id", order_by=newest_first),
        last_second=came.second == came.second.max().over(group_by="customer_id"),
    )


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to measure lateness, and what it is called.

    Attributes
    ----------
    measure : {'days', 'hours', 'minutes'}
        Unit of its numbers.
    measures : tuple of {'days', 'hours', 'minutes'}
        Units that share its rule: days for the date, all others for the clock.
    rule : str
        Text that names of features carry without the unit.
    least, least_mean : float
        Shortest delay of a delivery, and of many on average, that is worth a sentence, in the unit.
    """

    measure: Measure
    measures: tuple[Measure, ...]
    rule: str
    least: float
    least_mean: float

    @property
    def by_clock(self) -> bool:
        """Whether it goes by the clock."""
        return self.measure != "days"

    def column(self, name: str) -> str:
        """Name the column of the sources that holds a time span such as ``delay``."""
        return f"{name}_seconds" if self.by_clock else f"{name}_days"

    def inside(self, reduce: Reducer) -> Reducer:
        """Return a number of seconds in the unit; days are days already."""
        if not self.by_clock:
            return reduce
        per = float(SECONDS[self.measure])
        return lambda rows, where, history: reduce(rows, where, history).cast("float64") / per

    def is_late(self, delivery: ir.Table) -> ir.BooleanValue:
        """Find the deliveries that came late."""
        return delivery[self.column("delay")] > 0


_CLOCK: tuple[Measure, ...] = ("hours", "minutes")
WAYS = (
    Way(measure="days", measures=("days",), rule="", least=1, least_mean=0.5),
    Way(measure="hours", measures=_CLOCK, rule="_by_clock", least=0.1, least_mean=0.5),
    Way(measure="minutes", measures=_CLOCK, rule="_by_clock", least=1, least_mean=1),
)
"""The ways to measure lateness: by the date, and by the clock in two units."""
