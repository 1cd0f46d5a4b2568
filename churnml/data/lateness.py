"""How late deliveries are: by the date, or by the clock where the shop's promised times carry one."""

from __future__ import annotations

from typing import Literal

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from churnml.data.history import History, seconds_between

Measure = Literal["days", "hours", "minutes"]

SECONDS: dict[Measure, int] = {"hours": 3600, "minutes": 60}
"""Seconds in the measures of the clock."""
DAY = 86_400
_HOUR = 3600
_LAST_MINUTE = DAY - 60
_NEARLY_ALL = 0.9


def measure_of(history: History) -> Measure:
    """Find how the shop's lateness is measured, from what is known on a day.

    A promised time carries no clock if it lies at midnight or in the last minute of a day, or if the delivery came
    whole days off it: then a day was promised. By the clock is measured where more than half of the promised times
    carry one, so that those which do not are never the rule, unless nine in ten of these share one time of day (18:00,
    or midnight in another time zone, and so an hour more or less in summer): that says no more than the date.

    Of the measures of the clock the shop's spread decides: minutes where more than half of the deliveries came within
    an hour of the promised time, otherwise hours.

    Parameters
    ----------
    history : History
        The shop as known on a day.

    Returns
    -------
    str
        ``days``, ``hours`` or ``minutes``; ``days`` without promised and delivered times.
    """
    shop = history.shop.whole
    if not shop.has("deliveries", ["delivered_at"]):
        return "days"
    asked = ("lateness", history.snapshot_date)
    if asked not in shop.answers:
        shop.answers[asked] = _measure(_promises(History(shop, history.snapshot_date)))
    found: Measure = shop.answers[asked]
    return found


def days_late(deliveries: ir.Table) -> ir.IntegerValue:
    """Count the days from the promised date to that of the delivery; negative for early ones, null under way."""
    return deliveries.delivered_at.date().delta(deliveries.promised_at.date(), unit="day")


def seconds_late(deliveries: ir.Table) -> ir.IntegerValue:
    """Count the whole seconds from the promised time to the delivery; negative for early ones, null under way."""
    return seconds_between(deliveries.promised_at, deliveries.delivered_at)


def late(deliveries: ir.Table, measure: Measure) -> ir.Value:
    """Compute how late deliveries came, in the unit of a measure; negative for early ones, null under way."""
    if measure == "days":
        return days_late(deliveries)
    return seconds_late(deliveries).cast("float64") / float(SECONDS[measure])


def _promises(history: History) -> pd.DataFrame:
    """Count the promised times by their second of the day, and the deliveries within an hour of them."""
    rows = history.table("deliveries").drop_null("promised_at")
    promised, delay = rows.promised_at, seconds_late(rows)
    rows = rows.select(
        second=(promised.hour() * _HOUR + promised.minute() * 60 + promised.second()).cast("int64"),
        whole_days=((delay != 0) & (delay % DAY == 0)).fill_null(False),
        delay=delay,
    )
    counted = rows.group_by("second", "whole_days").aggregate(
        promises=rows.count(),
        came=rows.delay.count(),
        near=rows.count(where=(rows.delay.abs() < _HOUR).fill_null(False)),
    )
    table: pd.DataFrame = counted.to_pandas().astype("int64")
    return table


def _measure(promises: pd.DataFrame) -> Measure:
    is_date = (promises["second"] == 0) | (promises["second"] >= _LAST_MINUTE) | (promises["whole_days"] == 1)
    clock = promises[~is_date]
    carry = int(clock["promises"].sum())
    if 2 * carry <= int(promises["promises"].sum()):
        return "days"
    at = clock.groupby("second")["promises"].sum()
    with_summer = [at.reindex((at.index + off) % DAY, fill_value=0).to_numpy() for off in (-_HOUR, 0, _HOUR)]
    if np.sum(with_summer, axis=0).max() >= _NEARLY_ALL * carry:
        return "days"
    return "minutes" if 2 * int(clock["near"].sum()) > int(clock["came"].sum()) else "hours"
