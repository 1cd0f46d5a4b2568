"""How quickly complaints are answered and money comes back, and who orders again after quick and slow answers."""

from __future__ import annotations

from datetime import timedelta

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from churnml.analytics.afterwards import (
    SETTLING_DAYS,
    against_the_first,
    against_the_rest,
    count_returned,
    first_of_each,
    in_order,
    shown_texts,
)
from churnml.data.history import History, seconds_between
from churnml.definition import ChurnDefinition
from churnml.statistics.kaplan_meier import kaplan_meier, median_of

QUICK, SLOW, NEVER = "quick", "slow", "not within 30 days"
"""How long something took: within the limit of its kind, later, or not within the settling days."""
LIMITS = {"answer": 1, "resolution": 7, "refund": 7}
"""Days within which a first answer, a resolution and a refund count as quick."""
REASON = "return reason"
_HOUR, _DAY = 3_600, 86_400
_MEASURES = {"answer_hours": ("first_response_at", 1.0), "resolution_days": ("resolved_at", 24.0)}
"""Column at which a wait ends, and hours in its unit, by measure."""
_COLUMNS = [
    "complaints",
    *(f"{name}{end}" for name in _MEASURES for end in ("", "_low", "_high")),
    "unresolved",
]


def compute_support(history: History, period_days: int, periods: int) -> pd.DataFrame:
    """Show how long complaints of each period waited for a first answer, and for their resolution.

    Periods are ``[end - period_days, end)``, the last one ending on the history's day; a complaint counts in the one in
    which it was opened. What waits still counts as waiting at least so long (`churnml.statistics.kaplan_meier`), so
    that a period with many open complaints does not look quick.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    period_days : int
        Length of a period in days.
    periods : int
        Number of periods, counted back from the day.

    Returns
    -------
    pandas DataFrame
        One row per period, oldest first: ``period_start``, ``period_end`` (dates), ``complaints``; ``answer_hours`` and
        ``resolution_days``, the median waits, with ``_low`` and ``_high`` (95 %, Brookmeyer and Crowley 1982; null
        where fewer than half have ended, or the shop does not tell); ``unresolved``, complaints that are open still. No
        rows without complaints.
    """
    waits = _waits(history, period_days * periods)
    waits["period"] = (waits["days_ago"] - 1) // period_days
    ends = [history.snapshot_date - timedelta(days=period_days * back) for back in range(periods)][::-1]
    rows = [_medians(waits[waits["period"] == back], history) for back in range(periods)][::-1]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.insert(0, "period_start", [end - timedelta(days=period_days) for end in ends])
    table.insert(1, "period_end", ends)
    return table if len(waits) else table.head(0)


def compute_support_by_topic(history: History, days: int, *, shared_by: int = 1) -> pd.DataFrame:
    """Show how long complaints of each topic waited; see ``compute_support``.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    days : int
        Days before it within which the complaints were opened.
    shared_by : int, optional
        Number of customers below which a topic goes under ``other``; one always does.

    Returns
    -------
    pandas DataFrame
        ``value`` (the topic) and the columns of ``compute_support``, the topics of most complaints first. No rows where
        no topic is told.
    """
    waits = _waits(history, days)
    if waits["topic"].notna().sum() == 0:
        return pd.DataFrame(columns=["value", *_COLUMNS])
    values = shown_texts(waits["topic"], waits["customer_id"], shared_by)
    counts = in_order(count_returned(values, pd.Series(0, values.index)))
    rows = [_medians(waits[values == value], history) for value in counts["value"]]
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table.insert(0, "value", counts["value"])
    return table


def compute_after_service(history: History, definition: ChurnDefinition, *, shared_by: int = 1) -> pd.DataFrame:
    """Show how many ordered again after quick and slow answers to a complaint, and after a return.

    See `churnml.analytics.afterwards` for who is looked at and when. It is an association and no effect.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    definition : ChurnDefinition
        Definition of leaving, whose horizon is the time to come back.
    shared_by : int, optional
        Number of customers below which a reason goes under ``other``; a single one always does.

    Returns
    -------
    pandas DataFrame
        For each ``event`` that the shop's tables tell (``answer``, ``resolution``, ``refund``: quick where it came
        within 1, 7 and 7 days, slow where it came later, else ``not within 30 days``; ``return reason``: the texts of
        most customers, ``other``, ``not known``) a row per ``value``: ``customers``, ``returned``, ``retention_rate``,
        ``low``, ``high``, ``difference`` (from quick, of a reason from all other returns), ``difference_low``,
        ``difference_high``, ``is_small``.
    """
    tables = []
    for event, (source, begin, end, key) in {
        "answer": ("complaints", "opened_at", "first_response_at", "complaint_id"),
        "resolution": ("complaints", "opened_at", "resolved_at", "complaint_id"),
        "refund": ("returns", "returned_at", "refunded_at", "return_id"),
    }.items():
        if history.shop.has(source, [end]):
            rows = history.table(source)
            rows = rows.select("customer_id", key, begin, speed=_speed(rows[begin], rows[end], LIMITS[event]))
            first = first_of_each(history, definition, rows, begin, key)
            counts = count_returned(first["speed"], first["returned"]).set_index("value")
            shown = counts.reindex([QUICK, SLOW, NEVER], fill_value=0).reset_index()
            tables.append(against_the_first(shown).assign(event=event))
    if history.shop.has("returns", ["reason"]):
        rows = history.table("returns").select("customer_id", "return_id", "returned_at", "reason")
        first = first_of_each(history, definition, rows, "returned_at", "return_id")
        counts = in_order(
            count_returned(shown_texts(first["reason"], first["customer_id"], shared_by), first["returned"])
        )
        tables.append(against_the_rest(counts).assign(event=REASON))
    empty = against_the_first(count_returned(pd.Series([], dtype="str"), pd.Series([], dtype="int64")))
    table = pd.concat([empty.assign(event=pd.Series([], dtype="str")), *tables], ignore_index=True)
    return table[["event", *table.columns.drop("event")]]


def _speed(begin: ir.Value, end: ir.Value, limit: int) -> ir.StringValue:
    waited = seconds_between(begin, end)
    days = begin.date(), end.date()
    within = (days[1].delta(days[0], unit="day") < SETTLING_DAYS).fill_null(False)
    return ibis.cases((~within, NEVER), (waited <= limit * _DAY, QUICK), else_=SLOW)


def _waits(history: History, days: int) -> pd.DataFrame:
    """Return complaints of the last days: whose, how long ago, topic, and hours waited for answer and resolution."""
    columns = ["customer_id", "days_ago", "topic", *_MEASURES, *(f"{name}_ended" for name in _MEASURES)]
    if not history.shop.has("complaints"):
        return pd.DataFrame(columns=columns)
    table = history.table("complaints")
    table = table.filter(history.within(table.opened_at, days))
    waited: dict[str, ir.Value] = {}
    for name, (end, _) in _MEASURES.items():
        seconds = seconds_between(table.opened_at, table[end])
        until = seconds.fill_null(history.seconds_since(table.opened_at))
        waited |= {name: (until / float(_HOUR)).floor().cast("int64"), f"{name}_ended": seconds >= 0}
    rows = table.select("customer_id", "topic", days_ago=history.days_since(table.opened_at), **waited)
    found: pd.DataFrame = rows.order_by(columns).to_pandas()
    return found[columns]


def _medians(waits: pd.DataFrame, history: History) -> list[float]:
    """Return the figures of some complaints, in the order of the columns."""
    figures: list[float] = [len(waits)]
    for name, (end, unit) in _MEASURES.items():
        if not len(waits) or not history.shop.has("complaints", [end]):
            figures += [np.nan] * 3
            continue
        ended = waits[f"{name}_ended"].fillna(False).to_numpy(dtype=bool)
        counts = pd.DataFrame({"hours": waits[name].to_numpy(), "ended": ended, "open": ~ended}).groupby("hours").sum()
        figures += [each / unit for each in median_of(kaplan_meier(counts.index, counts["ended"], counts["open"]))]
    return [*figures, int((~waits["resolution_days_ended"].fillna(False).astype(bool)).sum())]
