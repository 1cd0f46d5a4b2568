"""The learned value: what a customer is expected to spend over the days ahead if they stay, and if they leave."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from churnml.statistics.logodds import Floats

STAYED, LEFT = "if_stayed", "if_left"
"""The columns of a prediction: net spend over the days ahead of a customer who stays, and of one who leaves."""
_ORDERS = ("order_days_total", "days_since_first_order", "days_since_last_order", "orders_365d", "orders_total")
_MONEY = ("amount_sum_90d", "amount_sum_365d", "amount_sum_total")
NEEDED = (*_ORDERS, *_MONEY)
"""The features that every learned value is computed from."""
PACE = ("btyd_expected_orders", "btyd_no_order_probability")
"""The features that tell the pace by the BG/NBD model of the shop."""
RETURNED = "return_amount_sum_365d"
"""The feature that is taken off, where the shop tells returns."""
_YEAR_DAYS = 365.0
_PRIOR_YEARS = 0.5
_NEW_DAYS = 60
_MONTH_DAYS = 30.0
_FEW_DAYS = 5
_LEAST = 1e-3


@dataclass(frozen=True)
class Shop:
    """What a shop's customers do on average, towards which those of few orders are drawn.

    Attributes
    ----------
    repeats_a_year : float
        Orders after the first one, per customer and year.
    order_value : float
        Amount of an order, in money.
    """

    repeats_a_year: float
    order_value: float

    @classmethod
    def of(cls, X: pd.DataFrame) -> Self:
        """Average over customers, who have the columns ``NEEDED``."""
        repeats, years = _repeats(X)
        orders, amount = X["orders_total"].sum(), X["amount_sum_total"].sum()
        rate, value = repeats.sum() / years.sum() if years.sum() else 0.0, amount / orders if orders else 0.0
        return cls(_rounded(max(rate, _LEAST)), _rounded(max(value, _LEAST)))


@dataclass(frozen=True)
class Shape:
    """A way to tell customers apart by what they will spend: the logarithm is a sum of some columns.

    Attributes
    ----------
    columns : tuple of str
        Names of the columns, among ``COLUMNS``, whose coefficients are learned.
    fixed : tuple of str
        Names of the columns whose coefficient is 1.
    """

    columns: tuple[str, ...]
    fixed: tuple[str, ...] = ()

    @property
    def reads_pace(self) -> bool:
        """Whether it needs the BG/NBD model of the shop."""
        return "log_pace" in self.columns


SHAPES = {
    "order_days": Shape(("one_order_day", "two_order_days", "few_order_days")),
    "repeat_spend": Shape((), ("log_repeats", "log_order_value")),
    "pace": Shape(("log_pace", "log_order_value")),
    "regression": Shape(
        ("log_pace", "log_repeats", "log_order_value", "log_spend", "log_recent_spend", "one_order_day", "new")
    ),
}
"""The candidates, simplest first: the shop's mean by number of order days; repeat spend alone, drawn towards the
shop's; the pace of BG/NBD, given that they stay, and the value of an order; and a regression on all of these."""


def _repeats(X: pd.DataFrame) -> tuple[Floats, Floats]:
    """Count the orders of the last year but the very first one, and the years in which they could be placed."""
    since = _numbers(X, "days_since_first_order")
    repeats = np.maximum(_numbers(X, "orders_365d") - (since <= _YEAR_DAYS), 0.0)
    return repeats, np.minimum(since, _YEAR_DAYS) / _YEAR_DAYS


def _log_repeats(X: pd.DataFrame, shop: Shop) -> Floats:
    repeats, years = _repeats(X)
    return np.asarray(np.log((repeats + _PRIOR_YEARS * shop.repeats_a_year) / (years + _PRIOR_YEARS)))


def _log_order_value(X: pd.DataFrame, shop: Shop) -> Floats:
    """Take the mean order of the last year, less returns, drawn towards that of all time, and this to the shop's."""
    own = (_numbers(X, "amount_sum_total") + shop.order_value) / (_numbers(X, "orders_total") + 1)
    value = (_net(X) + own) / (_numbers(X, "orders_365d") + 1)
    return np.asarray(np.log(np.maximum(value, shop.order_value * _LEAST)))


def _log_spend(X: pd.DataFrame, shop: Shop) -> Floats:
    """Take the spend of the last year, half-way between its sum and its rate over the years as a customer."""
    _, years = _repeats(X)
    return np.asarray(np.log(_net(X) + shop.order_value) - np.log(years + _PRIOR_YEARS) / 2)


def _log_recent_spend(X: pd.DataFrame, shop: Shop) -> Floats:
    return np.asarray(np.log1p(_numbers(X, "amount_sum_90d") / shop.order_value))


def _log_pace(X: pd.DataFrame, shop: Shop) -> Floats:
    """Take the order days that are expected in the horizon of who orders in it; one where there is no model."""
    expected, none = (X[name].to_numpy(dtype=np.float64) for name in PACE)
    with np.errstate(divide="ignore", invalid="ignore"):
        given = expected / (1 - none)
    return np.asarray(np.log(np.where(np.isfinite(given), np.maximum(given, 1.0), 1.0)))


def _log_months_since_last(X: pd.DataFrame, shop: Shop) -> Floats:
    return np.asarray(np.log1p(_numbers(X, "days_since_last_order") / _MONTH_DAYS))


def _days(at_least: int, at_most: int) -> Callable[[pd.DataFrame, Shop], Floats]:
    def held(X: pd.DataFrame, shop: Shop) -> Floats:
        days = _numbers(X, "order_days_total")
        return ((days >= at_least) & (days <= at_most)).astype(np.float64)

    return held


COLUMNS: Mapping[str, Callable[[pd.DataFrame, Shop], Floats]] = {
    "constant": lambda X, shop: np.ones(len(X)),
    "one_order_day": _days(0, 1),
    "two_order_days": _days(2, 2),
    "few_order_days": _days(3, _FEW_DAYS),
    "new": lambda X, shop: (_numbers(X, "days_since_first_order") <= _NEW_DAYS).astype(np.float64),
    "log_order_days": lambda X, shop: np.log(np.maximum(_numbers(X, "order_days_total"), 1.0)),
    "log_months_since_last": _log_months_since_last,
    "log_repeats": _log_repeats,
    "log_order_value": _log_order_value,
    "log_spend": _log_spend,
    "log_recent_spend": _log_recent_spend,
    "log_pace": _log_pace,
}
"""The columns of the sums, computed from features and the shop's means."""


@dataclass(frozen=True, kw_only=True)
class LearnedValue:
    """Net spend of a customer over ``days``: ``exp(sum of stayed)`` if they stay, times ``exp(sum of left)`` if not.

    Attributes
    ----------
    candidate : str
        Name of the shape that was chosen, among ``SHAPES``.
    shop : Shop
        Means of the shop.
    days : int
        Number of days ahead that was learned.
    stayed : mapping of str to float
        Coefficients of the columns for those who stay.
    left : mapping of str to float
        Coefficients by which those who leave differ; empty where none of them came back within the days that are known.
    most : float
        Greatest value that is said for ``days``, which is the greatest that was learned from, in money.
    growth : float
        Factor for the level of the day: how much more a customer is assumed to spend than those learned from.
    carried : mapping of str to mapping of int to float
        For ``if_stayed`` and ``if_left``, spend over a number of days as a multiple of that over ``days``.
    """

    candidate: str
    shop: Shop
    days: int
    stayed: Mapping[str, float]
    left: Mapping[str, float]
    most: float
    growth: float
    carried: Mapping[str, Mapping[int, float]]

    @property
    def reads(self) -> tuple[str, ...]:
        """Features that it is computed from; returns count where the shop tells them."""
        return NEEDED + (PACE if "log_pace" in self.stayed else ())

    def predict(self, X: pd.DataFrame, value_days: int | None = None) -> pd.DataFrame:
        """Say what customers spend over the days ahead.

        Parameters
        ----------
        X : pandas DataFrame
            Features, with the columns that it reads.
        value_days : int, optional
            Number of days ahead; None takes those that were learned.

        Returns
        -------
        pandas DataFrame
            Columns ``if_stayed`` and ``if_left`` in money, 0 or more, with the index of ``X``.
        """
        days = self.days if value_days is None else value_days
        shape = np.minimum(np.exp(np.minimum(self._sum(self.stayed, X), math.log(self.most))), self.most)
        stayed = self.growth * shape
        left = stayed * np.exp(self._sum(self.left, X)) if self.left else np.zeros(len(X))
        return pd.DataFrame(
            {STAYED: stayed * self.factor(days), LEFT: left * (self.factor(days, LEFT) if self.left else 0.0)},
            index=X.index,
        )

    def factor(self, value_days: int, outcome: str = STAYED) -> float:
        """Return spend over a number of days as a multiple of that over the days that were learned."""
        known = self.carried[outcome]
        days = [0, *sorted(known)]
        shares = [0.0, *(known[day] for day in days[1:])]
        if value_days <= days[-1]:
            return float(np.interp(value_days, days, shares))
        # Beyond what is known, it goes on at the pace of the last days.
        return shares[-1] + (value_days - days[-1]) * (shares[-1] - shares[-2]) / (days[-1] - days[-2])

    def to_json(self) -> dict[str, Any]:
        """Give the value as JSON-ready values."""
        return {
            **dataclasses.asdict(self),
            "carried": {
                outcome: {str(day): share for day, share in of.items()} for outcome, of in self.carried.items()
            },
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:
        """Read what ``to_json`` gave.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where it is something else.
        """
        fields = {field.name for field in dataclasses.fields(cls)}
        if set(written) != fields:
            raise ValueError(f"value: keys that are not known or missing: {', '.join(sorted(set(written) ^ fields))}")
        found = cls(
            **{
                **written,
                "shop": Shop(**{name: _above_0(number, name) for name, number in written["shop"].items()}),
                "stayed": _coefficients(written["stayed"]),
                "left": _coefficients(written["left"]),
                "most": _above_0(written["most"], "most"),
                "growth": _above_0(written["growth"], "growth"),
                "carried": {
                    outcome: {int(day): float(share) for day, share in written["carried"][outcome].items()}
                    for outcome in (STAYED, LEFT)
                },
            }
        )
        if found.candidate not in SHAPES or type(found.days) is not int or found.days < 1:
            raise ValueError("value: candidate must be a known one, and days a number of days")
        if not found.stayed or any(not of or min(of) < 1 for of in found.carried.values()):
            raise ValueError("value: stayed and carried must hold something")
        return found

    def _sum(self, coefficients: Mapping[str, float], X: pd.DataFrame) -> Floats:
        # Added up one after the other: a product of matrices may differ between machines and numbers of rows.
        found = np.zeros(len(X))
        for name, coefficient in coefficients.items():
            found += coefficient * COLUMNS[name](X, self.shop)
        return found


def columns_of(names: tuple[str, ...], X: pd.DataFrame, shop: Shop) -> Floats:
    """Compute columns of customers, shape (customers, columns)."""
    return np.column_stack([COLUMNS[name](X, shop) for name in names])


def _net(X: pd.DataFrame) -> Floats:
    """Return the spend of the last year, less returns, 0 or more."""
    returned = _numbers(X, RETURNED) if RETURNED in X else 0.0
    return np.maximum(_numbers(X, "amount_sum_365d") - returned, 0.0)


def _numbers(X: pd.DataFrame, name: str) -> Floats:
    return X[name].fillna(0.0).to_numpy(dtype=np.float64)


def _rounded(number: float) -> float:
    return float(f"{number:.10g}")


def _above_0(number: Any, name: str) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < math.inf:
        raise ValueError(f"value: {name} must be a number above 0")
    return float(number)


def _coefficients(written: Mapping[str, Any]) -> dict[str, float]:
    for name, number in written.items():
        if name not in COLUMNS or isinstance(number, bool) or not isinstance(number, int | float):
            raise ValueError(f"value: {name} is no column with a number")
    return {name: float(number) for name, number in written.items()}
