"""The data gate: what a shop's data allows to be learnt, judged before anything is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import poisson

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.training.folds import MIN_CLASS, TOO_FEW
from churnml.training.frame import TrainingFrame

Grade = Literal["pass", "warn", "fail"]
_MOST_MISSING = 0.2
_STALE_DAYS = 7
_HOLIDAY_DAYS = 14
_RARE = 1e-3
_WEEKS_AROUND = 8
_WEEKDAYS = 4
_JUMP = 3.0


@dataclass(frozen=True)
class Finding:
    """One question asked of the data.

    Attributes
    ----------
    grade
        ``pass``, ``warn`` or ``fail``.
    name
        What was looked at.
    number, bound
        What was found, and from where on it is in order, in the unit that the sentence names.
    sentence
        What that means, and what to do where it is not in order.
    """

    grade: Grade
    name: str
    number: float
    bound: float
    sentence: str


def count_orders_per_day(shop: Shop, data_end: date) -> pd.Series:
    """Count the uncancelled orders of each day from the first order to the day before ``data_end``.

    Returns
    -------
    pandas Series
        Integers by day (datetime64), every day of the calendar, 0 where there was none.
    """
    orders = History(shop, data_end).uncancelled_orders
    counted = orders.group_by(day=orders.ordered_at.date()).aggregate(orders=orders.count()).to_pandas()
    days = pd.date_range(shop.first_day, data_end - timedelta(days=1), freq="D")
    found = pd.Series(counted.orders.to_numpy(), index=pd.to_datetime(counted.day))
    return found.reindex(days, fill_value=0).astype(np.int64)


def judge_data(
    frame: TrainingFrame,
    orders_per_day: pd.Series,
    definition: ChurnDefinition,
    first_day: date,
    data_end: date,
) -> list[Finding]:
    """Judge labelled rows and the orders behind them.

    It fails only below 50 churned or 50 kept over all training rows; everything else is a warning, because the folds
    and the gate see to it that nothing ships which did not earn it.

    Parameters
    ----------
    frame
        All labelled rows.
    orders_per_day
        See ``count_orders_per_day``.
    definition
        Gives activity window and horizon.
    first_day, data_end
        The days that the data covers, ``[first_day, data_end)``.

    Returns
    -------
    list of Finding
        One per question, also where it is in order.
    """
    churned = int(frame.churned.sum())
    kept = len(frame) - churned
    newest = int((frame.snapshots == frame.days[-1]).sum())
    more = "Bring more history or more customers, or choose another --horizon."
    history = (data_end - first_day).days
    wanted = definition.active_days + 2 * definition.horizon_days
    return [
        _class("churned", churned, "left", more),
        _class("kept", kept, "stayed", more),
        _at_least(
            "eligible",
            newest,
            MIN_CLASS,
            f"customers are eligible on the newest snapshot; {{bound:,.0f}} are wanted. {more}",
        ),
        _at_least(
            "history",
            history,
            wanted,
            "days of history; the activity window and two horizons want {bound:,.0f}. Bring older orders, or choose a "
            "shorter --active or --horizon.",
        ),
        _missing(frame.X),
        *_last_days(orders_per_day, data_end),
        _gaps(orders_per_day),
        _jumps(orders_per_day),
    ]


def refuse(findings: Sequence[Finding]) -> None:
    """Raise where data fails.

    Raises
    ------
    InputError
        With every failure at once.
    """
    failures = [finding.sentence for finding in findings if finding.grade == "fail"]
    if failures:
        raise InputError([f"The shop is too small to learn from: {failure}" for failure in failures])


def _class(name: str, count: int, what: str, remedy: str) -> Finding:
    grade: Grade = "fail" if count < TOO_FEW else "warn" if count < MIN_CLASS else "pass"
    bound = TOO_FEW if grade == "fail" else MIN_CLASS
    sentence = f"{count:,} times customers {what} after a snapshot; at least {bound:,} are wanted."
    return Finding(grade, name, count, bound, sentence if grade == "pass" else f"{sentence} {remedy}")


def _at_least(name: str, number: float, bound: float, sentence: str) -> Finding:
    grade: Grade = "pass" if number >= bound else "warn"
    sentence = f"{number:,.0f} {sentence.format(bound=bound)}"
    return Finding(grade, name, number, bound, sentence if grade == "warn" else sentence.split(". ")[0] + ".")


def _missing(X: pd.DataFrame) -> Finding:
    shares = X.isna().mean().sort_values(ascending=False, kind="stable")
    many = shares[shares > _MOST_MISSING]
    worst = ", ".join(f"{name} {share:.0%}" for name, share in many.head(3).items())
    sentence = f"{len(many)} of {len(shares)} features are null for more than {_MOST_MISSING:.0%} of the rows"
    if not len(many):
        return Finding("pass", "missing", 0, 0, f"{sentence}.")
    sentence += f" ({worst}). A null may mean that nothing happened; where it should not, complete the tables."
    return Finding("warn", "missing", len(many), 0, sentence)


def _last_days(orders: pd.Series, data_end: date) -> list[Finding]:
    """Look for days without orders at the end, and for a last day that was cut off."""
    some = np.flatnonzero(orders.to_numpy())
    since = len(orders) - 1 - int(some[-1]) if len(some) else len(orders)
    typical = max(_STALE_DAYS, _usual_gap(orders))
    sentence = f"{since} days without an order lie before {data_end}; up to {typical} are usual."
    if since > typical:
        sentence += " Bring the newest orders, or name an earlier --as-of, or all customers seem to leave."
    stale = Finding("warn" if since > typical else "pass", "stale", since, typical, sentence)
    last = orders.iloc[-1] if len(orders) else 0
    same = orders.iloc[-1 - 7 * 8 : -1 : 7]
    usual = float(same.median()) if len(same) >= _WEEKDAYS else float("nan")
    cut = bool(usual > 0 and last > 0 and poisson.cdf(last, usual) < _RARE and last < 0.5 * usual)
    sentence = f"{last:,} orders on the last day before {data_end}; usual for that weekday are {usual:,.0f}."
    if cut:
        sentence += " It seems to be cut off: name that day as --as-of, or bring the whole day."
    return [stale, Finding("warn" if cut else "pass", "last day", float(last), usual, sentence)]


def _usual_gap(orders: pd.Series) -> int:
    """Give the length of a run of days without orders that one shop in a hundred would see by chance.

    Runs of a shop that sells at random have a geometric length; its mean is taken from all runs but the longest.
    """
    lengths = sorted(length for _, length in _runs(orders))
    if len(lengths) < 2:
        return 0
    ends = 1 / float(np.mean(lengths[:-1]))  # chance that a run ends on the next day
    return 1 if ends >= 1 else int(np.ceil(np.log(0.01 / len(lengths)) / np.log1p(-ends)))


def _gaps(orders: pd.Series) -> Finding:
    usual = max(_HOLIDAY_DAYS, _usual_gap(orders))
    inside = [(day, length) for day, length in _runs(orders) if day + pd.Timedelta(days=length) <= orders.index[-1]]
    long = [(day, length) for day, length in inside if length > usual]
    if not long:
        longest = max((length for _, length in inside), default=0)
        return Finding("pass", "gaps", longest, usual, f"The longest time without an order has {longest} days.")
    day, length = max(long, key=lambda run: run[1])
    return Finding(
        "warn",
        "gaps",
        length,
        usual,
        f"No orders for {length} days from {day.date()}; up to {usual} are usual. Check whether orders of these days "
        "are missing: who ordered then seems to have left.",
    )


def _runs(orders: pd.Series) -> list[tuple[pd.Timestamp, int]]:
    """Give the runs of days without orders: first day and length."""
    none = orders.to_numpy() == 0
    edges = np.flatnonzero(np.diff(np.concatenate(([False], none, [False])).astype(int)))
    return [(orders.index[start], int(end - start)) for start, end in zip(edges[::2], edges[1::2], strict=True)]


def _jumps(orders: pd.Series) -> Finding:
    """Look for a level that changes and stays: a factor of three over eight weeks."""
    weeks = orders.to_numpy()[len(orders) % 7 :].reshape(-1, 7).sum(axis=1).astype(np.float64)
    first = orders.index[len(orders) % 7] if len(weeks) else None
    worst, at = 1.0, -1
    for week in range(_WEEKS_AROUND, len(weeks) - _WEEKS_AROUND + 1):
        before = float(np.median(weeks[week - _WEEKS_AROUND : week])) + 1.0
        after = float(np.median(weeks[week : week + _WEEKS_AROUND])) + 1.0
        factor = max(after / before, before / after)
        # Small numbers differ by chance: the larger must be rare where the smaller is the truth.
        if factor > worst and poisson.sf(max(before, after), min(before, after)) < _RARE:
            worst, at = factor, week
    if worst < _JUMP or first is None:
        return Finding("pass", "jumps", worst, _JUMP, f"Orders per week change by a factor of {worst:.1f} at most.")
    day = (first + pd.Timedelta(weeks=at)).date()
    return Finding(
        "warn",
        "jumps",
        worst,
        _JUMP,
        f"Orders per week change by a factor of {worst:.1f} around {day}. If a channel was added, or rows are missing, "
        "learn from one side only: bring the orders after it, or the missing ones.",
    )
