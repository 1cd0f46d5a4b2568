"""Fitting a value: what those spent who stayed and who left, at the level that is assumed for a day."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from churnml.models.rows import TrainingFrame
from churnml.models.value import LEFT, SHAPES, STAYED, LearnedValue, Shop, columns_of
from churnml.statistics.loglinear import fit_loglinear
from churnml.statistics.logodds import Floats

LEAST_STAYED = 50
_LEAST_OF_DAY = 100
_LEAST_CAME_BACK = 50
_OF_LEFT = ("constant", "log_months_since_last", "log_order_days")
_FREE = ("constant", "one_order_day", "two_order_days", "few_order_days", "new")
_MOST_GROWTH = 2.0
_LEAST_SHARE = 1e-6


def fit_value(
    rows: TrainingFrame, candidate: str, days: int, reach_days: int, day: np.datetime64
) -> LearnedValue | None:
    """Fit a candidate on what is known on a day.

    Parameters
    ----------
    rows : TrainingFrame
        Labelled rows with their spend.
    candidate : str
        Name of the shape.
    days : int
        Number of days ahead whose spend is learned.
    reach_days : int
        Number of days after which it shows who stayed.
    day : numpy datetime64
        Day up to which spend and outcomes are known.

    Returns
    -------
    LearnedValue or None
        The value; None where fewer than 50 rows of customers who stayed are known, or these spent nothing.
    """
    known = _Known(rows, days, reach_days, day)
    spent = known.spent(known.stayed)
    if len(spent) < LEAST_STAYED or not spent.sum() > 0:
        return None
    shape, X = SHAPES[candidate], rows.X.loc[known.stayed]
    shop = Shop.of(X)
    names = ("constant", *shape.columns)
    offset = columns_of(shape.fixed, X, shop).sum(axis=1) if shape.fixed else 0.0
    penalty = [0.0 if name in _FREE else 1.0 for name in names]
    found = fit_loglinear(columns_of(names, X, shop), np.maximum(spent, 0.0), penalty, offset)
    value = LearnedValue(
        candidate=candidate,
        shop=shop,
        days=days,
        stayed=dict(zip(names, found.tolist(), strict=True)) | dict.fromkeys(shape.fixed, 1.0),
        left={},
        most=math.inf,
        growth=1.0,
        carried={STAYED: _carried(known, 0.0, days), LEFT: {days: 0.0}},
    )
    said = value.predict(X)[STAYED].to_numpy()
    value = dataclasses.replace(value, most=_rounded(float(said.max())))
    value = _moved(value, STAYED, spent.sum() / said.sum())
    return _with_level(_with_left(value, known), known)


class _Known:
    """What is known of rows on a day."""

    def __init__(self, rows: TrainingFrame, days: int, reach_days: int, day: np.datetime64) -> None:
        self.rows, self.days, self.reach_days, self.day = rows, days, reach_days, day
        old_enough = self.since(days)
        self.stayed = old_enough & (rows.churned == 0)
        self.left = old_enough & (rows.churned == 1)

    def since(self, days: int) -> NDArray[np.bool_]:
        """Find the rows whose outcome and whose spend over a number of days are known, shape (rows,)."""
        known: NDArray[np.bool_] = self.rows.snapshots + max(days, self.reach_days) <= self.day
        return known

    def spent(self, among: NDArray[np.bool_], days: int | None = None) -> Floats:
        return self.rows.spend[self.days if days is None else days][among]

    def newest(self, among: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the rows of the newest day among rows."""
        if not among.any():
            return among
        newest: NDArray[np.bool_] = among & (self.rows.snapshots == self.rows.snapshots[among].max())
        return newest


def _carried(known: _Known, churned: float, base: int) -> dict[int, float]:
    """Chain up by how much spend grows from each number of days to the next, over the rows that are old enough."""
    outcome, windows = known.rows.churned == churned, sorted(known.rows.spend)
    at_base = known.since(base) & outcome
    total = known.spent(at_base, base).sum()
    carried = {days: _rounded(max(known.spent(at_base, days).sum() / total, 0.0)) for days in windows if days < base}
    carried[base] = 1.0
    last = base
    for days in (days for days in windows if days > base):
        both = known.since(days) & outcome
        before, after = known.spent(both, last).sum(), known.spent(both, days).sum()
        if not before > 0:
            break
        carried[days] = _rounded(carried[last] * max(after / before, 1.0))
        last = days
    return carried


def _with_left(value: LearnedValue, known: _Known) -> LearnedValue:
    """Add how those who left differ: over the first number of days in which any of them came back."""
    for days in (days for days in sorted(known.rows.spend) if days >= value.days):
        rows = known.since(days) & (known.rows.churned == 1)
        spent = known.spent(rows, days)
        if spent.sum() > 0:
            break
    else:
        return value
    X = known.rows.X.loc[rows]
    said = value.predict(X)[STAYED].to_numpy()
    names = _OF_LEFT if _came_back(known, rows, days) >= _LEAST_CAME_BACK else _OF_LEFT[:1]
    penalty = [0.0, *[1.0] * (len(names) - 1)]
    found = fit_loglinear(columns_of(names, X, value.shop), np.maximum(spent, 0.0), penalty, np.log(said))
    value = dataclasses.replace(
        value,
        left=dict(zip(names, found.tolist(), strict=True)),
        carried={**value.carried, LEFT: _carried(known, 1.0, days)},
    )
    return _moved(value, LEFT, spent.sum() / value.predict(X, days)[LEFT].sum() * value.factor(days, LEFT))


def _came_back(known: _Known, rows: NDArray[np.bool_], days: int) -> int:
    """Count the customers who spent something."""
    return len(np.unique(known.rows.customers[rows][known.spent(rows, days) > 0]))


def _with_level(value: LearnedValue, known: _Known) -> LearnedValue:
    """Bring the value to the level that is assumed for the day, and tell by how much customers are to spend more.

    What customers spend changes less from day to day than what their features look like, where these know the short
    past of a young shop: so the mean that was learned from is said of the newest day whose outcomes are known. From
    there it goes half the way, in logarithms, to what the newest days spent: over the days that were learned as far as
    these are known, and since then over the longest number of days that is.
    """
    labelled = known.since(0)
    now, then = known.newest(labelled & (known.rows.churned == 0)), known.newest(known.stayed)
    if min(now.sum(), then.sum()) < _LEAST_OF_DAY:
        return value
    mean = float(known.spent(known.stayed).mean())
    value = _moved(value, STAYED, mean / value.predict(known.rows.X.loc[now])[STAYED].mean())
    short = max(days for days in known.rows.spend if days <= known.reach_days)
    steps = [(known.spent(then), known.spent(known.stayed)), (known.spent(now, short), known.spent(then, short))]
    growth = math.prod(math.sqrt(new.mean() / old.mean()) for new, old in steps if new.mean() > 0 and old.mean() > 0)
    growth = _rounded(min(max(growth, 1 / _MOST_GROWTH), _MOST_GROWTH))
    gone, lately = known.newest(known.left), known.newest(labelled & (known.rows.churned == 1))
    if value.left and _came_back(known, gone, known.days) >= _LEAST_CAME_BACK:
        said = float(value.predict(known.rows.X.loc[lately])[LEFT].mean())
        level = max(known.spent(known.left).mean(), 0.0) * max(known.spent(gone).mean(), 0.0)
        # Without the growth of those who stayed, which has its own factor.
        value = _moved(value, LEFT, math.sqrt(level) / said / growth)
    return dataclasses.replace(value, growth=growth)


def _moved(value: LearnedValue, outcome: str, factor: float) -> LearnedValue:
    """Multiply what is said of an outcome, and of the other one too where it is that of those who stay."""
    by = math.log(max(factor, _LEAST_SHARE))
    if outcome == LEFT:
        return dataclasses.replace(value, left=_shifted(value.left, by))
    return dataclasses.replace(value, stayed=_shifted(value.stayed, by), most=_rounded(value.most * factor))


def _shifted(coefficients: Mapping[str, float], by: float) -> dict[str, float]:
    return {**coefficients, "constant": _rounded(coefficients["constant"] + by)}


def _rounded(number: float) -> float:
    return float(f"{number:.10g}")
