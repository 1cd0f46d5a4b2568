"""Whether the newest data is whole: feeds that stopped, amounts of another size, columns that went empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy.stats import poisson

from churnml.data.contract import TABLES
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.models.finding import Finding
from churnml.statistics.logodds import Floats
from churnml.training.rows.data_gate import count_orders_per_day, judge_last_days

STOP = "stop"
"""Code of the advice to repair the data before a list goes out."""
_IRREGULAR = {"orders", "customers", "contacts"}
_WINDOWS = (3, 7, 28)
_LOOK_DAYS = 400
REFERENCE_DAYS = 182
"""Length of the reference, in days."""
SINCE_DAYS = 35
"""Days before which it ends: what broke since the look of a month ago is no reference."""
_YEAR_DAYS, _NEAR_DAYS = 365, 28
_HALF = 0.5
_RARE = 1e-6
_SMALL_SHARE, _MANY_SHARE = 0.001, 0.02
FEWEST_ROWS = 20
"""Rows of a week, or of a time, from which on it is compared."""
_FACTOR = 3.0
_MOST = 0.75
_EMPTIER = 0.25
_NAMED = 3
_DAY, _ROWS = "day of the count", "rows of the day"  # which no column of a shop is called


def judge_quality(shop: Shop, day: date) -> list[Finding]:
    """Judge the data of the days before a day by that of the half year before, and of the same weeks last year.

    Parameters
    ----------
    shop : Shop
        Shop whose tables are judged.
    day : date
        Day that is taken for now.

    Returns
    -------
    list of Finding
        Answers ``stale`` and ``last day`` (orders), ``feed`` (rows of each table per order, and orders themselves),
        ``amounts`` and ``nulls``; grade ``fail`` where the list should not go out.
    """
    history = History(shop, day)
    orders = count_orders_per_day(shop, day)
    last = [
        one.model_copy(update={"grade": "fail", "do": STOP}) if one.grade == "warn" and one.name == "stale" else one
        for one in judge_last_days(orders, day)
    ]
    if any(one.grade == "fail" for one in last):
        return last  # that other feeds ended with the orders has the same cause
    recent = orders.iloc[-_LOOK_DAYS:].astype(np.float64)
    counts = {name: _count_per_day(history, name) for name in sorted(set(TABLES) - {"customers"}) if shop.has(name)}
    feeds = [("orders", recent, pd.Series(1.0, recent.index))]
    feeds += [
        (name, daily[_ROWS].reindex(recent.index, fill_value=0).astype(np.float64), recent)
        for name, daily in counts.items()
        if name not in _IRREGULAR
    ]
    return [*last, _feeds(feeds), _amounts(history), _nulls(counts, day)]


def count_weekly(
    history: History, table: ir.Table, at: str, counts: Mapping[str, Callable[[ir.Table], ir.Value]]
) -> pd.DataFrame:
    """Count rows and what else is named, by the number of weeks ago, of weeks with twenty rows and more.

    Parameters
    ----------
    history : History
        The shop as known on the day.
    table : ibis table
        Rows to count.
    at : str
        Name of the column with the time of each row: those of the half year before the last month, and newer ones, are
        counted.
    counts : mapping of str to callable
        Functions that aggregate the rows to further numbers, by name.

    Returns
    -------
    pandas DataFrame
        Numbers by ``week``, 0 for the last seven days: ``rows`` and those that were named.
    """
    rows = table.filter(history.within(table[at], SINCE_DAYS + REFERENCE_DAYS))
    rows = rows.mutate(week=(history.days_since(rows[at]) - 1) // 7)
    numbers = {name: count(rows) for name, count in counts.items()}
    weekly = rows.group_by("week").aggregate(rows=rows.count(), **numbers).to_pandas().astype("int64").set_index("week")
    enough: pd.DataFrame = weekly[weekly["rows"] >= FEWEST_ROWS]
    return enough


def _count_per_day(history: History, name: str) -> pd.DataFrame:
    """Count the rows of a table on each day of its last 400 days, and those without a value in each optional column.

    The index is the day (datetime64); days without rows are left out. Rows that begin with their order are counted on
    its day. What becomes known later is always empty in the newest rows, so that such columns are left out.
    """
    optional = [
        column.name
        for column in TABLES[name].columns
        if column.type not in ("time", "plan") and column.known_with is None and not column.required
        if history.shop.has(name, [column.name])
    ]
    table = history.table(name)
    at = table[TABLES[name].event_time or "ordered_at"]
    table = table.filter(history.within(at, _LOOK_DAYS))
    nulls = {column: table.count() - table[column].count() for column in optional}
    counted = table.group_by(**{_DAY: at.date()}).aggregate(**{_ROWS: table.count()}, **nulls).to_pandas()
    counts: pd.DataFrame = counted.set_index(pd.DatetimeIndex(counted.pop(_DAY))).astype("int64")
    return counts


def _feeds(feeds: list[tuple[str, pd.Series, pd.Series]]) -> Finding:
    """Look for tables with less than half of the fewest rows per order that any such time had before."""
    broken = [one for name, rows, base in feeds if (one := _broken(name, rows, base)) is not None]
    if not broken:
        return Finding(
            grade="pass", name="feed", number=1.0, bound=_HALF, count=len(feeds), details={"tables": len(feeds)}
        )
    broken.sort(key=lambda one: (float(one["share"]), str(one["table"])))
    return Finding(
        grade="fail",
        name="feed",
        number=float(broken[0]["share"]),
        bound=_HALF,
        count=len(broken),
        details={"tables": len(feeds)},
        examples=tuple(broken[:_NAMED]),
        do=STOP,
    )


def _broken(name: str, rows: pd.Series, base: pd.Series) -> dict[str, float | str] | None:
    """Say since when and how far a feed is broken; None where it is whole, or too little is known to tell."""
    counts, orders = rows.to_numpy(), base.to_numpy()
    for days in _WINDOWS:
        if len(counts) < days + SINCE_DAYS + REFERENCE_DAYS:
            continue
        sums, bases = _rolling(counts, days), _rolling(orders, days)
        ratios = np.divide(sums, bases, out=np.full_like(sums, np.nan), where=bases > 0)
        # What broke months ago is in the newer half year: the older one, where it is whole, then tells what is usual.
        ends = (len(ratios) - SINCE_DAYS, len(ratios) - SINCE_DAYS - REFERENCE_DAYS)
        halves = [ratios[max(end - REFERENCE_DAYS, 0) : end] for end in ends if end >= REFERENCE_DAYS - days]
        halves = [half for half in halves if np.isfinite(half).any()]
        if not halves:
            continue
        before = max(halves, key=lambda half: float(np.nanmin(half)))
        lowest, usual = float(np.nanmin(before)), float(np.nanmedian(before))
        year = ratios[max(len(ratios) - 1 - _YEAR_DAYS - _NEAR_DAYS, 0) : max(len(ratios) - _YEAR_DAYS + _NEAR_DAYS, 0)]
        year = year[np.isfinite(year) & (year > 0)]  # a feed that began since then tells nothing of its season
        lowest = min([lowest, *year.tolist()])
        now, due = sums[-1], usual * bases[-1]
        if now < _HALF * lowest * bases[-1] and poisson.cdf(now, due) < _RARE:
            since = _since(_HALF * usual * orders - counts)
            return {"table": name, "share": float(now / due), "day": rows.index[since].date().isoformat()}
    return None


def _rolling(values: Floats, days: int) -> Floats:
    sums = np.cumsum(np.insert(values, 0, 0.0))
    return np.asarray(sums[days:] - sums[:-days])


def _since(excess: Floats) -> int:
    """Find the position from which on the sum up to the end is largest, within the last half year."""
    recent = excess[-REFERENCE_DAYS:]
    return len(excess) - len(recent) + int(np.argmax(np.cumsum(recent[::-1])[::-1]))


def _amounts(history: History) -> Finding:
    """Look for amounts of another size: many above what one in a thousand was, or another median."""
    orders = history.uncancelled_orders
    orders = orders.filter(history.within(orders.ordered_at, _LOOK_DAYS) & (orders.amount > 0))
    table = orders.select(ago=history.days_since(orders.ordered_at), amount=orders.amount.cast("float64")).to_pandas()
    ago, amounts = table["ago"].to_numpy(), table["amount"].to_numpy()
    worst = Finding(grade="pass", name="amounts", number=0.0, bound=_MANY_SHARE)
    for days in _WINDOWS[1:]:
        now, recent = amounts[ago <= days], ago > SINCE_DAYS
        older = ago > SINCE_DAYS + REFERENCE_DAYS
        halves = [amounts[half] for half in (recent & ~older, older) if half.sum() >= FEWEST_ROWS]
        if len(now) < FEWEST_ROWS or not halves:
            continue
        # What changed months ago is in the newer half year: the quieter one tells what is usual.
        before = min(halves, key=lambda half: float(np.quantile(half, 1 - _SMALL_SHARE)))
        high = float(np.quantile(before, 1 - _SMALL_SHARE))
        above = int((now > high).sum())
        share = above / len(now)
        factor = float(np.exp(abs(np.median(np.log(now)) - np.median(np.log(before)))))
        is_rare = poisson.sf(above - 1, len(now) * max(_SMALL_SHARE, 1 / len(before))) < _RARE
        if (share > _MANY_SHARE and is_rare) or factor > _FACTOR:
            # Of another median, about all amounts lie nearer to the new one.
            middle = np.sqrt(np.median(now) * np.median(before))
            nearer = (amounts > middle) if np.median(now) > middle else (amounts < middle)
            excess = nearer - _MOST if factor > _FACTOR else (amounts > high) - _MANY_SHARE
            per_day = np.bincount(ago, excess, _LOOK_DAYS + 1)[:0:-1].astype(np.float64)
            first = history.snapshot_date - timedelta(days=_LOOK_DAYS - _since(per_day))
            details: dict[str, int | float | str] = {
                "share": share,
                "factor": factor,
                "days": days,
                "day": first.isoformat(),
            }
            return Finding(
                grade="fail", name="amounts", number=share, bound=_MANY_SHARE, count=above, details=details, do=STOP
            )
        worst = Finding(
            grade="pass", name="amounts", number=share, bound=_MANY_SHARE, details={"share": share, "days": days}
        )
    return worst


def _nulls(counts: Mapping[str, pd.DataFrame], day: date) -> Finding:
    """Look for columns that are emptier in the last week than in any of the half year before the last month."""
    emptier: list[dict[str, float | str]] = []
    columns = 0
    for name, daily in counts.items():
        columns += len(daily.columns) - 1
        recent = daily[daily.index >= pd.Timestamp(day - timedelta(days=SINCE_DAYS + REFERENCE_DAYS))]
        ago = (pd.Timestamp(day) - recent.index.to_series()).dt.days
        weekly = recent.groupby((ago - 1) // 7).sum()
        weekly = weekly[weekly[_ROWS] >= FEWEST_ROWS]
        before = weekly[weekly.index >= SINCE_DAYS // 7]
        if 0 not in weekly.index or before.empty:
            continue
        for column in daily.columns.drop(_ROWS):
            usual = float((before[column] / before[_ROWS]).max())
            share = float(weekly[column][0] / weekly[_ROWS][0])
            if share > usual + _EMPTIER:
                emptier.append({"column": f"{name}.{column}", "share": share, "usual_share": usual})
    emptier.sort(key=lambda one: (-float(one["share"]), str(one["column"])))
    return Finding(
        grade="fail" if emptier else "pass",
        name="nulls",
        number=len(emptier),
        bound=0,
        details={"columns": columns},
        examples=tuple(emptier[:_NAMED]),
        do=STOP if emptier else "",
    )
