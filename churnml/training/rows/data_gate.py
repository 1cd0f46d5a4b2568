"""The data gate: what a shop's data allows to be learnt, judged before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import poisson

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.models.finding import Asked, Finding, Grade
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import Floats
from churnml.training.rows.folds import MIN_CLASS, TOO_FEW
from churnml.words.findings import say_finding

_MOST_MISSING = 0.2
_STALE_DAYS = 7
_HOLIDAY_DAYS = 14
_RARE = 1e-3
_AROUND_DAYS = 182
_FEW_DAYS = 28
_WEEKS_AROUND = 8
_FEW_WEEKS = 4
_JUMP = 3.0
_DEVIATIONS = 4.4
_NAMED = 3


def count_orders_per_day(shop: Shop, data_end: date) -> pd.Series:
    """Count the uncancelled orders of each day from the first order to the day before ``data_end``.

    Returns
    -------
    pandas Series
        Integers by day (datetime64), every day of the calendar, 0 where there was none.
    """
    history = History(shop, data_end)
    orders = history.uncancelled_orders
    counted = orders.group_by(day=orders.ordered_at.date()).aggregate(orders=orders.count()).to_pandas()
    days = pd.date_range(history.first_day, data_end - timedelta(days=1), freq="D")
    found = pd.Series(counted.orders.to_numpy(), index=pd.to_datetime(counted.day))
    return found.reindex(days, fill_value=0).astype(np.int64)


def judge_data(
    frame: TrainingFrame | None,
    orders_per_day: pd.Series,
    definition: ChurnDefinition,
    first_day: date,
    data_end: date,
) -> list[Finding]:
    """Judge labelled rows and the orders behind them.

    It fails only without a labelled snapshot, or below 50 churned or 50 kept over all training rows; everything else
    is a warning, because the folds and the gate see to it that nothing ships which did not earn it.

    Parameters
    ----------
    frame : TrainingFrame or None
        All labelled rows; None where no snapshot has a complete label window.
    orders_per_day : pandas Series
        Number of orders of each day, as from `count_orders_per_day`.
    definition : ChurnDefinition
        Definition of leaving, whose activity window and horizon are used.
    first_day, data_end : date
        First day of the data, and the day after its last.

    Returns
    -------
    list of Finding
        Findings, one per question, also where it is in order.
    """
    history = (data_end - first_day).days
    wanted = definition.active_days + 2 * definition.horizon_days
    return [
        *_outcomes(frame, definition),
        _at_least("history", history, wanted),
        *judge_last_days(orders_per_day, data_end),
        _gaps(orders_per_day),
        _jumps(orders_per_day),
        _odd_weeks(orders_per_day),
    ]


def refuse(findings: Sequence[Finding]) -> None:
    """Raise where data fails.

    Raises
    ------
    InputError
        With every failure at once.
    """
    failures = [say_finding(finding, "en") for finding in findings if finding.grade == "fail"]
    if failures:
        raise InputError([f"The shop is too small to learn from: {failure}" for failure in failures])


def _outcomes(frame: TrainingFrame | None, definition: ChurnDefinition) -> list[Finding]:
    """Judge the labelled rows: their outcomes, the customers of the newest snapshot and the features."""
    window: dict[str, int | float | str] = {"reach_days": definition.reach_days}
    if frame is None or not len(frame):
        return [Finding(grade="fail", name="snapshots", number=0, bound=1, details=window)]
    churned = int(frame.churned.sum())
    newest = int((frame.snapshots == frame.days[-1]).sum())
    return [
        Finding(grade="pass", name="snapshots", number=len(frame.days), bound=1, details=window),
        _class("churned", churned),
        _class("kept", len(frame) - churned),
        _at_least("eligible", newest, MIN_CLASS),
        _missing(frame.X),
    ]


def _class(name: Asked, count: int) -> Finding:
    grade: Grade = "fail" if count < TOO_FEW else "warn" if count < MIN_CLASS else "pass"
    return Finding(grade=grade, name=name, number=count, bound=TOO_FEW if grade == "fail" else MIN_CLASS)


def _at_least(name: Asked, number: int, bound: int) -> Finding:
    return Finding(grade="pass" if number >= bound else "warn", name=name, number=number, bound=bound)


def _missing(X: pd.DataFrame) -> Finding:
    # Column by column: a mask of the whole frame would need an eighth of its memory once more.
    shares = pd.Series({name: float(X[name].isna().mean()) for name in X.columns}, dtype=np.float64)
    shares = shares.sort_values(ascending=False, kind="stable")
    many = shares[shares > _MOST_MISSING]
    return Finding(
        grade="warn" if len(many) else "pass",
        name="missing",
        number=len(many),
        bound=0,
        details={"features": len(shares), "share": _MOST_MISSING},
        examples=tuple({"feature": str(name), "share": float(share)} for name, share in many.head(_NAMED).items()),
    )


def judge_last_days(orders: pd.Series, data_end: date) -> list[Finding]:
    """Look for days without orders at the end, and for a last day that was cut off.

    Parameters
    ----------
    orders : pandas Series
        Number of orders of each day, as from `count_orders_per_day`.
    data_end : date
        Day after the last one.

    Returns
    -------
    list of Finding
        Answers ``stale`` and, where days at the end are not missing altogether, ``last day``.
    """
    some = np.flatnonzero(orders.to_numpy())
    known = int(some[-1]) + 1 if len(some) else 0
    since = len(orders) - known
    usual_gap = max(_STALE_DAYS, _usual_gap(orders.to_numpy()[max(known - _AROUND_DAYS, 0) : known], 1))
    end: dict[str, int | float | str] = {"day": data_end.isoformat()}
    is_stale = since > usual_gap
    stale = Finding(grade="warn" if is_stale else "pass", name="stale", number=since, bound=usual_gap, details=end)
    if is_stale:
        # That the last day is empty as well has the same cause.
        return [stale]
    same = orders.iloc[-1 - 7 * _WEEKS_AROUND : -1 : 7] if len(orders) > 7 * _WEEKS_AROUND else orders.iloc[-8::-7]
    if len(same) < _FEW_WEEKS:
        return [stale, Finding(grade="pass", name="last day", number=0, bound=0)]
    last, usual = int(orders.iloc[-1]), float(same.median())
    bound = float(min(poisson.ppf(_RARE, usual), usual / 2, same.nsmallest(2).iloc[-1]))
    grade: Grade = "warn" if last < bound else "pass"
    return [stale, Finding(grade=grade, name="last day", number=last, bound=bound, details={**end, "usual": usual})]


def _usual_gap(orders: NDArray[np.int64], runs: int) -> int:
    """Return the length of the longest of so many runs of empty days that one shop in a hundred would see by chance.

    The chance of an empty day is that of the days given, one empty and one other added; runs are geometric.
    """
    empty = (float((orders == 0).sum()) + 1) / (len(orders) + 2)
    return int(np.ceil(1 + np.log(0.01 / runs) / np.log(empty)))


def _gaps(orders: pd.Series) -> Finding:
    """Look for runs of empty days that are too long for the half year before and for that after them."""
    values = orders.to_numpy()
    # Empty days at the end are told by the last days.
    runs = [(start, end) for start, end in _stretches(values == 0) if end < len(values)]
    long, usual = [], _HOLIDAY_DAYS
    for start, end in runs:
        sides = (values[max(start - _AROUND_DAYS, 0) : start], values[end : end + _AROUND_DAYS])
        up_to = max([_HOLIDAY_DAYS, *(_usual_gap(side, len(runs)) for side in sides if len(side) >= _FEW_DAYS)])
        usual = max(usual, up_to)
        if end - start > up_to:
            long.append((end - start, up_to, orders.index[start].date()))
    if not long:
        longest = max((end - start for start, end in runs), default=0)
        return Finding(grade="pass", name="gaps", number=longest, bound=usual)
    long.sort(key=lambda gap: -gap[0])
    return Finding(
        grade="warn",
        name="gaps",
        number=long[0][0],
        bound=long[0][1],
        count=len(long),
        examples=tuple({"days": days, "usual": up_to, "day": day.isoformat()} for days, up_to, day in long[:_NAMED]),
    )


def _stretches(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the runs of true values as half-open ranges of positions."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(int)))
    return [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _jumps(orders: pd.Series) -> Finding:
    """Look for a level that changes and stays: a factor of three between the medians of eight weeks."""
    weeks = _weeks(orders)[0]
    factors, contrasts = np.ones(len(weeks)), np.zeros(len(weeks))
    medians = np.zeros((len(weeks), 2))
    for week in range(_WEEKS_AROUND, len(weeks) - _WEEKS_AROUND + 1):
        sides = weeks[week - _WEEKS_AROUND : week], weeks[week : week + _WEEKS_AROUND]
        medians[week] = [np.median(side) for side in sides]
        least, most = np.sort(medians[week]) + 1.0
        # Small numbers differ by chance: the larger must be rare where the smaller is the truth.
        if poisson.sf(most, least) < _RARE:
            factors[week] = most / least
            contrasts[week] = abs(np.diff([np.sqrt(side).mean() for side in sides])[0])
    worst = float(factors.max(initial=1.0))
    if worst < _JUMP:
        return Finding(grade="pass", name="jumps", number=worst, bound=_JUMP)
    # Medians hardly tell the weeks next to a change apart; the means (of roots, so that peaks weigh less) do.
    jumps = [start + int(np.argmax(contrasts[start:end])) for start, end in _stretches(factors >= _JUMP)]
    jumps.sort(key=lambda week: -factors[week])
    return Finding(
        grade="warn",
        name="jumps",
        number=worst,
        bound=_JUMP,
        examples=tuple(
            {"before": float(before), "after": float(after), "day": _first_day_of(orders, week).isoformat()}
            for week, (before, after) in ((week, medians[week]) for week in jumps[:_NAMED])
        ),
    )


def _odd_weeks(orders: pd.Series) -> Finding:
    """Look for weeks with three times or a third of the orders of the weeks before and of those after them.

    Closed days are no reason, gaps tell of them: a low week is held against as many open days.
    """
    weeks, opened = _weeks(orders)
    worst, odd = 1.0, []
    for week in range(_FEW_WEEKS, len(weeks) - _FEW_WEEKS):
        before, after = slice(max(week - _WEEKS_AROUND, 0), week), slice(week + 1, week + 1 + _WEEKS_AROUND)
        least, most = sorted(float(np.median(weeks[side])) for side in (before, after))
        days = max(np.median(opened[before]), np.median(opened[after]), 1.0)
        usual = min(max(weeks[week], least * min(opened[week] / days, 1.0)), most)
        # Twice the root of a Poisson count has a variance of about 1 (Anscombe), that of the median adds a little.
        if 2 * abs(np.sqrt(weeks[week] + 0.375) - np.sqrt(usual + 0.375)) > _DEVIATIONS:
            factor = float(max((weeks[week] + 1) / (usual + 1), (usual + 1) / (weeks[week] + 1)))
            worst = max(worst, factor)
            if factor >= _JUMP:
                odd.append((factor, float(weeks[week]), float(usual), _first_day_of(orders, week).isoformat()))
    if not odd:
        return Finding(grade="pass", name="odd weeks", number=worst, bound=_JUMP)
    odd.sort(key=lambda one: -one[0])
    return Finding(
        grade="warn",
        name="odd weeks",
        number=worst,
        bound=_JUMP,
        count=len(odd),
        examples=tuple({"orders": found, "usual": usual, "day": day} for _, found, usual, day in odd[:_NAMED]),
    )


def _weeks(orders: pd.Series) -> tuple[Floats, NDArray[np.int64]]:
    """Return orders and days with orders of each whole week, counted back from the end."""
    days = orders.to_numpy()[len(orders) % 7 :].reshape(-1, 7)
    return days.sum(axis=1).astype(np.float64), (days > 0).sum(axis=1)


def _first_day_of(orders: pd.Series, week: int) -> date:
    day: date = orders.index[len(orders) % 7 + 7 * week].date()
    return day
