"""Days: a few orders far from all others would move the day of the list, and rows long after all orders are named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.data.checks.counts import count_of, counts_of
from churnml.data.checks.judge import LATE_DAYS, Bad, judge
from churnml.data.checks.report import EXAMPLES, short
from churnml.data.contract import ORDERS, TABLES
from churnml.data.door import through_the_door

_HANDFUL = 3
# Orders so far off are mistaken if they are a handful, or as small a share of all.
_FAR_DAYS, _FAR_SHARE = 730, 0.01
# Those that reach over ten years and more may be more of them: years were mistaken in several ways.
_DECADE_DAYS, _DECADE_SHARE = 3_653, 0.02
# So many times as many orders stand on the other side: a shop may begin with trials, and a small one with rare orders.
_LEAST_TIMES_AT_END, _LEAST_TIMES_AT_START = 2, 10
# Some weeks without an order, and then only one among thousands, at the end of the data.
_NEAR_DAYS, _NEAR_SHARE = 60, 0.001
# A shop of one season rests for long, and every year.
_TIMES_ANY_OTHER = 3
# Where orders come every few days, few that come a year later, with none between, bear a mistaken year.
_RARE_DAYS, _RARE_TIMES = 365, 30


def check_days(raw: ir.Table, plain: Collection[str]) -> list[str]:
    """Name orders that lie alone, long after or long before all others."""
    columns = {name: through_the_door(raw, ORDERS.column[name], plain) for name in ORDERS.required}
    orders = raw.select(**columns).drop_null("customer_id").mutate(day=lambda t: t.ordered_at.date())
    counts = orders.group_by("day").aggregate(orders=lambda t: t.count()).order_by("day").to_pandas()
    first, last = lone_ends(counts)
    failures = []
    if last:
        lone, others = counts.day.iloc[-last:], counts.day.iloc[:-last]
        rows = _named(orders.filter(orders.day >= lone.iloc[0]))
        failures.append(
            f"{rows} long after all others, which end on {others.iloc[-1]:%Y-%m-%d}, and would be taken for the end of "
            "the data. Correct them, or drop these rows."
        )
    if first:
        lone, others = counts.day.iloc[:first], counts.day.iloc[first:]
        rows = _named(orders.filter(orders.day <= lone.iloc[-1]))
        failures.append(
            f"{rows} long before all others, which begin on {others.iloc[0]:%Y-%m-%d}, and would stretch the history. "
            "Correct them, or drop these rows."
        )
    return failures


def check_after_orders(raw: Mapping[str, ir.Table], plain: Mapping[str, Collection[str]]) -> list[str]:
    """Name rows of other tables that lie long after the last order, such as those of a mistaken year."""
    ordered_at = through_the_door(raw["orders"], ORDERS.column["ordered_at"], plain["orders"])
    last = pd.Timestamp(ordered_at.max().to_pandas()).to_pydatetime()
    end = ibis.literal(last + timedelta(days=LATE_DAYS))
    notes = []
    for name, received in raw.items():
        table = TABLES[name]
        if name == "orders" or table.event_time is None or table.event_time not in received.columns:
            continue
        column = table.column[table.event_time]
        time = through_the_door(received, column, plain[name])
        counts = counts_of(received.aggregate(late=(time > end).sum(), all=received.count()))
        if late := counts["late"]:
            rows = received.filter(time > end)
            bad = Bad(rows=rows, table=table, column=column, fault="late", count=late, total=counts["all"])
            notes.append(judge(bad).sentence)
    return notes


def _named(lone: ir.Table) -> str:
    count = count_of(lone.count())
    examples = lone.order_by("order_id").limit(EXAMPLES).to_pandas()
    listed = ", ".join(f"{short(row.order_id)}: {row.ordered_at:%Y-%m-%d}" for row in examples.itertuples())
    more = ", ..." if count > EXAMPLES else ""
    return f"orders.ordered_at: {count:,} {'row lies' if count == 1 else 'rows lie'} (order_id {listed}{more})"


def lone_ends(counts: pd.DataFrame) -> tuple[int, int]:
    """Count the days at the start and at the end whose orders lie alone.

    Parameters
    ----------
    counts : pandas DataFrame
        Number of orders per day, sorted: ``day`` and ``orders``.

    Returns
    -------
    first, last : int
        Number of lone days at the start, and at the end.
    """
    days = pd.to_datetime(counts["day"]).to_numpy().astype("datetime64[D]").astype("int64")
    orders = counts["orders"].to_numpy()
    return _lone(days, orders, at_end=False), _lone(-days[::-1], orders[::-1], at_end=True)


def _lone(days: NDArray[np.int64], orders: NDArray[np.int64], *, at_end: bool) -> int:
    """Count the first days that a gap divides from all others."""
    gaps = np.diff(days)
    total = orders.sum()
    before = np.cumsum(orders)[:-1]
    start, end = _LEAST_TIMES_AT_START, _LEAST_TIMES_AT_END
    here, there = (end, start) if at_end else (start, end)
    # What may lie alone at the other end tells nothing of how the shop rests.
    after = total - before
    reach, reach_after = days[1:] - days[0], days[-1] - days[:-1]
    usual = np.where(_is_far(gaps, reach_after, after, total) & (after * there < total), 0, gaps)
    for place in range(len(gaps) - 1, -1, -1):
        few, gap, others = before[place], gaps[place], usual[place + 1 :].max(initial=1)
        is_near = gap >= _NEAR_DAYS and few <= _NEAR_SHARE * total
        is_rare = gap >= max(_RARE_DAYS, _RARE_TIMES * others) and few <= _FAR_SHARE * total
        if not (_is_far(gap, reach[place], few, total) or (at_end and (is_near or is_rare))) or few * here >= total:
            continue
        if gap > _TIMES_ANY_OTHER * others:
            return place + 1
    return 0


def _is_far(gap: Any, reach: Any, few: Any, total: int) -> Any:
    """Check whether a gap divides few orders from all others by years, or by a decade that they reach away."""
    is_few = (few <= max(_HANDFUL, _FAR_SHARE * total)) | ((reach >= _DECADE_DAYS) & (few <= _DECADE_SHARE * total))
    return (gap >= _FAR_DAYS) & is_few
