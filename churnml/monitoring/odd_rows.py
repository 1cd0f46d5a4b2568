"""Odd rows: they arrive later than ever, name orders or values that nobody knew, or lie ahead of the clock."""

from __future__ import annotations

from datetime import datetime

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from churnml.data.contract import RECORDED_AT, TABLES
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.models.finding import Asked, Finding
from churnml.monitoring.quality import FEWEST_ROWS, REFERENCE_DAYS, SINCE_DAYS, count_weekly

SOURCE = "source"
"""Code of the advice to ask where the rows come from."""
_LATEST = 0.95
_LATER_DAYS, _LATER_TIMES = 1, 2
_MORE = 0.1
_FEW_VALUES = 50
_NO_CODES = {"discount_code", "text"}
_UNTOLD = {"contacts", "customers"}
_AHEAD_DAYS = 1
_NAMED = 3

Example = dict[str, int | float | str]


def judge_rows(history: History, clock: datetime | None = None) -> list[Finding]:
    """Judge the rows of the last week by those of the half year before.

    Parameters
    ----------
    history : History
        The shop as known on the day.
    clock : datetime, optional
        Time that it is, by which events ahead are told; None does not look for them.

    Returns
    -------
    list of Finding
        Answers ``late`` (of tables with ``recorded_at``, the days from event to record that 95 % of the rows stay
        below), ``keys`` (share of rows whose order nobody knows), ``values`` (share of rows with a value that was never
        seen before) and ``ahead`` (newest event more than a day ahead of the clock); those that nothing can be told of
        are left out, and none is more than a warning.
    """
    names = sorted(name for name in TABLES if history.shop.has(name))
    late = [one for name in names if (one := _late(history, name)) is not None]
    keys = [one for name in names if (one := _unknown_keys(history, name)) is not None]
    values = [one for name in names for one in _new_values(history, name)]
    answers = [
        _answer("late", late, "days"),
        _answer("keys", keys, "share"),
        _answer("values", values, "share"),
    ]
    if clock is not None:
        answers.append(_answer("ahead", _ahead(history.shop, clock), "days"))
    return [answer for answer in answers if answer is not None]


def _answer(name: Asked, looked_at: list[tuple[Example, bool]], by: str) -> Finding | None:
    """Make an answer of what was looked at, the odd ones named with the greatest number first, of that name."""
    if not looked_at:
        return None
    odd = sorted((one for one, is_odd in looked_at if is_odd), key=lambda one: (-float(one[by]), str(one)))
    return Finding(
        grade="warn" if odd else "pass",
        name=name,
        number=len(odd),
        bound=0,
        count=len(odd or looked_at),
        details={"of": len(looked_at)},
        examples=tuple(odd[:_NAMED]),
        do=SOURCE if odd else "",
    )


def _late(history: History, name: str) -> tuple[Example, bool] | None:
    """Compare the days from event to record of the rows that were recorded in the last week with earlier weeks."""
    rows, event = history.shop.tables[name], TABLES[name].event_time
    if RECORDED_AT.name not in rows.columns or event is None:
        return None
    recorded = rows[RECORDED_AT.name]
    rows = rows.filter(history.within(recorded, SINCE_DAYS + REFERENCE_DAYS)).drop_null(event)
    since = history.days_since(rows[RECORDED_AT.name])
    counted = rows.group_by(week=(since - 1) // 7, lag=history.days_since(rows[event]) - since)
    table = counted.aggregate(rows=rows.count()).to_pandas().astype("int64").sort_values(["week", "lag"])
    lags = {
        int(week): _quantile(of["lag"].to_numpy(), of["rows"].to_numpy())
        for week, of in table.groupby("week")
        if of["rows"].sum() >= FEWEST_ROWS
    }
    before = [lag for week, lag in lags.items() if week >= SINCE_DAYS // 7]
    if 0 not in lags or not before:
        return None
    now, usual = lags[0], max(before)
    return {"table": name, "days": now, "usual_days": usual}, now > max(usual + _LATER_DAYS, _LATER_TIMES * usual)


def _quantile(numbers: np.ndarray, counts: np.ndarray) -> int:
    """Return the number that 95 % of the counted ones, sorted, do not exceed."""
    return int(numbers[np.searchsorted(np.cumsum(counts), _LATEST * counts.sum())])


def _unknown_keys(history: History, name: str) -> tuple[Example, bool] | None:
    """Compare the share of rows that name an order which is not there; rows that begin with theirs are a feed's."""
    at = TABLES[name].event_time
    if name == "orders" or at is None or not history.shop.has(name, ["order_id"]):
        return None
    known = history.table("orders").select(known_id="order_id")
    rows = history.table(name).drop_null("order_id")
    rows = rows.left_join(known, rows.order_id == known.known_id)
    weekly = count_weekly(history, rows, at, {"odd": _count_unknown})
    return _emerged(weekly, {"table": name})


def _new_values(history: History, name: str) -> list[tuple[Example, bool]]:
    """Compare the shares of rows with a value that no earlier row has, in columns that hold few values."""
    told = [
        column.name
        for column in TABLES[name].columns
        if column.type == "text" and column.known_with is None
        if column.name not in _NO_CODES and history.shop.has(name, [column.name])
    ]
    if name in _UNTOLD or not told:
        return []
    rows = history.table(name)
    begins = rows[TABLES[name].event_time or "ordered_at"]
    rows = rows.filter(history.within(begins, SINCE_DAYS + REFERENCE_DAYS))
    looked_at = []
    for column in told:
        counted = rows.group_by(value=column, ago=history.days_since(begins))
        table = counted.aggregate(rows=rows.count()).to_pandas().dropna(subset="value")
        table["week"] = (table["ago"] - 1) // 7
        old = set(table.loc[table["ago"] > SINCE_DAYS, "value"])
        if not 0 < len(old) <= _FEW_VALUES:
            continue
        table["odd"] = table["rows"].where(~table["value"].isin(old), 0)
        weekly = table.groupby("week")[["rows", "odd"]].sum()
        one = _emerged(weekly[weekly["rows"] >= FEWEST_ROWS], {"column": f"{name}.{column}"})
        looked_at += [] if one is None else [one]
    return looked_at


def _count_unknown(table: ir.Table) -> ir.Value:
    return table.count() - table.known_id.count()


def _emerged(weekly: pd.DataFrame, named: Example) -> tuple[Example, bool] | None:
    """Say whether the share of odd rows in the last week is well above that of any week of the reference."""
    before = weekly[weekly.index >= SINCE_DAYS // 7]
    if 0 not in weekly.index or before.empty:
        return None
    share, usual = (
        float(weekly["odd"][0] / weekly["rows"][0]),
        float((before["odd"] / before["rows"]).max()),
    )
    return {**named, "share": share}, share > usual + _MORE


def _ahead(shop: Shop, clock: datetime) -> list[tuple[Example, bool]]:
    """Find tables whose newest event lies more than a day ahead: their clock or their unit of time is another."""
    looked_at = []
    for name, contract in sorted(TABLES.items()):
        if contract.event_time is None or not shop.has(name):
            continue
        newest = shop.tables[name][contract.event_time].max().cast("timestamp").to_pyarrow().as_py()
        if newest is not None:
            days = (newest - clock).days
            looked_at.append(({"table": name, "days": days, "day": newest.date().isoformat()}, days >= _AHEAD_DAYS))
    return looked_at
