"""Effects of what was drawn by lot: differences of two arms, adjusted for what was known before the draw.

An arm is ``listed`` (true) or held out (false). Every effect is the outcome if listed less the outcome if held out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from churnml.statistics.logodds import Floats
from churnml.statistics.shares import NORMAL_95, newcombe

FEWEST = 3
"""Customers in each arm below which there is no interval, only counts."""
FEWEST_ADJUSTED = 10
"""Customers in each arm below which the interval of shares is Newcombe's, without the covariate."""
_MOST_SKEWED = 1.0
NO_SPREAD = 1e-12
"""What is nothing, but for rounding."""
_COLLINEAR = 1e-9


class Interval(NamedTuple):
    """Ends of an interval; nan where there is none, infinite where it has no end."""

    low: float
    high: float

    def widened(self, value: float) -> Interval:
        """Return the interval with a point in it."""
        return Interval(min(self.low, value), max(self.high, value))


NONE = Interval(math.nan, math.nan)


@dataclass(frozen=True, kw_only=True)
class Entered:
    """Customers who entered together, cohort by cohort, each drawn into an arm.

    Attributes
    ----------
    listed : array of bool, shape (n,)
        Arm of each customer: true where listed, false where held out.
    cohort : array of int, shape (n,)
        Code of the cohort, 0 to the number of cohorts less one; each has customers in both arms.
    covariate : array of float, shape (n,)
        Number that was fixed before the draw, centred within each cohort.
    weights : array of float, shape (n,)
        Weight of each customer; 1 where the chance of being held out is the same in all cohorts.
    customers : array of int, shape (n,), or None
        Code of the customer, by whom rows hang together; None where every row is another customer.
    """

    listed: NDArray[np.bool_]
    cohort: NDArray[np.int64]
    covariate: Floats
    weights: Floats
    customers: NDArray[np.int64] | None

    @classmethod
    def of(
        cls,
        listed: ArrayLike,
        cohort: ArrayLike,
        covariate: ArrayLike | None = None,
        chance: ArrayLike | None = None,
        customers: ArrayLike | None = None,
    ) -> tuple[Entered, NDArray[np.bool_]]:
        """Take the cohorts that hold both arms, and say which rows these are.

        Parameters
        ----------
        listed, cohort, covariate : array-like, shape (n,)
            See the attributes; any labels of cohorts. None takes no covariate.
        chance : array-like, shape (n,), optional
            Chance of each customer of being held out, in (0, 1). Where it differs between cohorts, rows weigh one over
            the chance of their own arm, and one on average in each cohort. None is one chance for all.
        customers : array-like, shape (n,), optional
            Ids of the customers; None takes every row for another customer.

        Returns
        -------
        entered : Entered
            Rows of the cohorts with both arms.
        kept : array of bool, shape (n,)
            Whether each row is one of these.
        """
        arms = np.asarray(listed, dtype=bool)
        names, codes = np.unique(np.asarray(cohort), return_inverse=True)
        in_cohort = np.bincount(codes, minlength=len(names))
        of_listed = np.bincount(codes, weights=arms, minlength=len(names))
        kept = ((of_listed > 0) & (of_listed < in_cohort))[codes]
        arms, codes = arms[kept], np.unique(codes[kept], return_inverse=True)[1].astype(np.int64)
        weights = np.ones(len(arms))
        if chance is not None:
            held = np.asarray(chance, dtype=np.float64)[kept]
            if np.ptp(held) > NO_SPREAD if len(held) else False:
                weights = 1.0 / np.where(arms, 1.0 - held, held)
                weights /= _means(weights, codes, np.ones(len(arms)))[codes]
        x = np.zeros(len(arms)) if covariate is None else np.asarray(covariate, dtype=np.float64)[kept]
        x = x - _means(x, codes, weights)[codes]
        ids = None
        if customers is not None:
            ids = np.unique(np.asarray(customers)[kept], return_inverse=True)[1].astype(np.int64)
        return cls(listed=arms, cohort=codes, covariate=x, weights=weights, customers=ids), kept

    def __len__(self) -> int:
        return len(self.listed)

    @property
    def arms(self) -> tuple[int, int]:
        """Number of customers who were listed, and who were held out."""
        return int(self.listed.sum()), int((~self.listed).sum())

    @cached_property
    def cohorts(self) -> int:
        """Number of cohorts."""
        return int(self.cohort.max()) + 1 if len(self) else 0

    @cached_property
    def information(self) -> float:
        """Sum over the cohorts of ``n1 n0 / (n1 + n0)``: the customers' worth of a comparison of two arms."""
        n1 = np.bincount(self.cohort, weights=self.listed, minlength=self.cohorts)
        n = np.bincount(self.cohort, minlength=self.cohorts)
        return float((n1 * (n - n1) / n).sum())

    @cached_property
    def design(self) -> _Design:
        """Least squares on arm, covariate and cohorts."""
        return _Design(self, pseudo=False)

    @cached_property
    def padded(self) -> _Design:
        """The same with two pseudo-customers per arm, who hold the interval of shares away from certainty."""
        return _Design(self, pseudo=True)


@dataclass(frozen=True, kw_only=True)
class Effect:
    """Effect of being listed on an outcome.

    Attributes
    ----------
    value : float
        Outcome if listed less outcome if held out; nan where an arm is empty.
    interval : Interval
        The 95 % interval, valid at one look.
    variance : float
        Squared standard error by which it is judged at many looks.
    degrees : float
        Degrees of freedom of the error.
    information : float
        See `Entered.information`.
    listed, held_out : int
        Number of customers in each arm.
    mean_listed, mean_held_out : float
        Mean outcome of each arm, as it stands.
    """

    value: float
    interval: Interval
    variance: float
    degrees: float
    information: float
    listed: int
    held_out: int
    mean_listed: float
    mean_held_out: float

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no effect, by Student's t; nan without an error."""
        if not self.variance > 0:
            return math.nan
        return float(2 * student.sf(abs(self.value) / math.sqrt(self.variance), self.degrees))

    def at_level(self, level: float) -> Interval:
        """Return the symmetric interval of another level, such as that of one of several plays."""
        if not self.variance > 0:
            return NONE
        half = float(student.ppf(0.5 + level / 2, self.degrees)) * math.sqrt(self.variance)
        return Interval(self.value - half, self.value + half)


class Fit(NamedTuple):
    """A least-squares fit: the effect of the arm, and the residual of each row of the design."""

    effect: float
    residuals: Floats


class _Design:
    """Least squares of outcomes on arm, covariate and one level per cohort, with what each row has to do with the arm.

    Pseudo-customers stand in every cohort with its share of the customers, at the mean covariate.

    Attributes
    ----------
    rows : int
        Number of customers, and of pseudo-customers after them.
    pulls : array of float, shape (rows,)
        How far a unit of each row's outcome moves the effect: the row of ``(Z'WZ)^-1 Z'W`` that belongs to the arm.
    leverages : array of float, shape (rows,)
        How far a unit of each row's outcome moves its own fitted value.
    listed : array of bool, shape (rows,)
        Arm of each row.
    """

    def __init__(self, entered: Entered, *, pseudo: bool) -> None:
        cohort, weights, cohorts = entered.cohort, entered.weights, entered.cohorts
        arm, x = entered.listed.astype(np.float64), entered.covariate
        self._entered = entered
        self._others = np.column_stack([arm, x]) if _tells_more(entered) else arm[:, None]
        wide = self._others.shape[1]
        shares = np.bincount(cohort, minlength=cohorts) / max(len(cohort), 1)
        extra = np.zeros((4 if pseudo else 0, cohorts + wide))
        extra[:, :cohorts] = shares
        extra[:, cohorts] = np.repeat([1.0, 0.0], 2)[: len(extra)]
        self._extra = extra
        across = np.zeros((cohorts + wide, cohorts + wide))
        across[range(cohorts), range(cohorts)] = np.bincount(cohort, weights, cohorts)
        for at in range(wide):
            sums = np.bincount(cohort, weights * self._others[:, at], cohorts)
            across[:cohorts, cohorts + at] = across[cohorts + at, :cohorts] = sums
        across[cohorts:, cohorts:] = (self._others * weights[:, None]).T @ self._others
        across += extra.T @ extra
        self._inverse = np.linalg.inv(across)
        of_arm = self._inverse[cohorts]
        self.pulls = np.concatenate([weights * self._fitted(of_arm), extra @ of_arm])
        within = self._inverse[cohorts:, cohorts:]
        own = np.diag(self._inverse)[cohort] + np.einsum("ij,jk,ik->i", self._others, within, self._others)
        own += 2 * np.einsum("ij,ij->i", self._inverse[:cohorts, cohorts:][cohort], self._others)
        self.leverages = np.concatenate([weights * own, np.einsum("ij,jk,ik->i", extra, self._inverse, extra)])
        self.listed = np.concatenate([entered.listed, np.repeat([True, False], 2)[: len(extra)]])
        self.rows, self.columns = len(self.pulls), cohorts + wide

    def fit(self, outcome: Floats, pseudo: Sequence[float] = ()) -> Fit:
        """Fit an outcome of the customers, and of the four pseudo-customers: two listed, then two held out."""
        y, extra = outcome, np.asarray(pseudo, dtype=np.float64)
        weights, cohort = self._entered.weights, self._entered.cohort
        cohorts = self._entered.cohorts
        sums = (
            np.concatenate([np.bincount(cohort, weights * y, cohorts), self._others.T @ (weights * y)])
            + self._extra.T @ extra
        )
        found = self._inverse @ sums
        residuals = np.concatenate([y - self._fitted(found), extra - self._extra @ found])
        return Fit(float(found[cohorts]), residuals)

    def moved(self, fit: Fit, power: float = 0.5) -> Floats:
        """Return how far each row moves the effect; squares add up to the variance HC2, with a power of 1 to HC3."""
        free = np.maximum(1.0 - self.leverages, NO_SPREAD)
        return np.asarray(self.pulls * fit.residuals / free**power, dtype=np.float64)

    def covariance(self, one: Floats, other: Floats) -> float:
        """Add up the products of what two effects are moved by, customer by customer."""
        ids = self._entered.customers
        if ids is None:
            return float(one @ other)
        n, count = len(ids), int(ids.max()) + 1
        by_customer = (np.bincount(ids, moved[:n], count) for moved in (one, other))
        first, second = by_customer
        return float(first @ second + one[n:] @ other[n:])

    def degrees(self, moved: Floats) -> float:
        """Compute Welch and Satterthwaite's degrees of freedom from the two arms' parts of the variance."""
        parts = [float((moved[arm] ** 2).sum()) for arm in (self.listed, ~self.listed)]
        # A level per cohort takes a customer of each arm; of one cohort that is Welch's n - 1.
        free = [max(int(arm.sum()) - self._entered.cohorts, 1) for arm in (self.listed, ~self.listed)]
        below = sum(part**2 / of for part, of in zip(parts, free, strict=True))
        return sum(parts) ** 2 / below if below > 0 else math.inf

    def _fitted(self, coefficients: Floats) -> Floats:
        cohorts = self._entered.cohorts
        return coefficients[:cohorts][self._entered.cohort] + self._others @ coefficients[cohorts:]


def _tells_more(entered: Entered) -> bool:
    """Say whether the covariate varies within cohorts, and beside the arm."""
    weights, x = entered.weights, entered.covariate
    arm = entered.listed - _means(entered.listed.astype(np.float64), entered.cohort, weights)[entered.cohort]
    of_x, of_arm, both = (float((weights * product).sum()) for product in (x * x, arm * arm, x * arm))
    return of_x > NO_SPREAD and of_x * of_arm - both**2 > _COLLINEAR * of_x * of_arm


def effect_on_share(entered: Entered, outcome: ArrayLike) -> Effect:
    """Estimate the effect on an outcome of 0 or 1, by intention to treat.

    The value is the arm's coefficient of least squares on arm, covariate and a level per cohort (analysis of
    covariance), whose cohorts weigh ``n1 n0 / (n1 + n0)``. The interval is that of the same fit with two
    pseudo-customers per arm, one of each outcome, at the mean covariate: the addition of Agresti and Caffo (2000,
    "Simple and effective confidence intervals for proportions", The American Statistician 54) carried over to
    covariates; with the heteroscedasticity-consistent variance HC2 (MacKinnon and White 1985, Journal of Econometrics
    29) and the degrees of freedom of Welch and Satterthwaite. Below ten customers in an arm it is Newcombe's, without
    the covariate; below three there is none. Where the value lies outside of the interval, this is widened to it.

    Parameters
    ----------
    entered : Entered
        Customers, with their arms.
    outcome : array-like, shape (n,)
        Outcome of each, 0 or 1.

    Returns
    -------
    Effect
        Difference of the arms.
    """
    y = np.asarray(outcome, dtype=np.float64)
    n1, n0 = entered.arms
    if not len(entered):
        return _nothing(entered)
    value = entered.design.fit(y).effect
    padded = entered.padded
    fit = padded.fit(y, (1.0, 0.0, 1.0, 0.0))
    moved = padded.moved(fit)
    variance, degrees = padded.covariance(moved, moved), padded.degrees(moved)
    if min(n1, n0) < FEWEST:
        interval = NONE
    elif min(n1, n0) < FEWEST_ADJUSTED:
        low, high = newcombe(y[entered.listed].sum(), n1, y[~entered.listed].sum(), n0)
        interval = Interval(float(low), float(high)).widened(value)
    else:
        half = float(student.ppf(0.975, degrees)) * math.sqrt(variance)
        interval = Interval(max(fit.effect - half, -1.0), min(fit.effect + half, 1.0)).widened(value)
    return _effect(entered, y, value, interval, variance, degrees)


def effect_on_money(entered: Entered, outcome: ArrayLike) -> Effect:
    """Estimate the effect on an amount of money, by intention to treat.

    The value is that of `effect_on_share`. Spend is skewed, and among few held out a big spender is easily missing: the
    small arm then looks poor and certain. So the variance is that of the residuals of both arms together, and the
    interval leans as the estimate does (Cornish and Fisher 1938, "Moments and cumulants in the specification of
    distributions"; Johnson 1978, "Modified t tests and confidence intervals for asymmetrical populations"): with the
    pulls c of the rows, ``s^2 = sum(e^2) / (n - k) sum(c^2)``, ``g = mean(e^3) sum(c^3) / s^3`` and
    ``a = g (1.96^2 - 1) / 6``, it goes from ``- s (1.96 + a)`` to ``+ s (1.96 - a)`` around the value. Shown is the
    outer of this and of HC3's with Student's t.

    Parameters
    ----------
    entered : Entered
        Customers, with their arms.
    outcome : array-like, shape (n,)
        Money of each.

    Returns
    -------
    Effect
        Difference of the arms; no interval where too few were held out for how skewed the money is.
    """
    y = np.asarray(outcome, dtype=np.float64)
    if not len(entered):
        return _nothing(entered)
    fit = entered.design.fit(y)
    interval, variance, degrees = money_interval(entered, fit)
    return _effect(entered, y, fit.effect, interval, variance, degrees)


def money_interval(entered: Entered, fit: Fit) -> tuple[Interval, float, float]:
    """Compute how sure the effect on an amount of money is; see `effect_on_money`.

    Parameters
    ----------
    entered : Entered
        Customers, with their arms.
    fit : Fit
        Fit of their money by ``entered.design``.

    Returns
    -------
    interval : Interval
        The 95 % interval; without ends where too few were held out for how skewed the money is.
    variance : float
        The larger of the two variances.
    degrees : float
        Degrees of freedom.
    """
    design = entered.design
    moved = design.moved(fit, power=1.0)
    degrees = design.degrees(moved)
    robust = design.covariance(moved, moved)
    free = max(design.rows - design.columns, 1)
    pooled = float(fit.residuals @ fit.residuals) / free * float(design.pulls @ design.pulls)
    interval = NONE
    if min(entered.arms) >= FEWEST:
        half, spread = float(student.ppf(0.975, degrees)) * math.sqrt(robust), math.sqrt(pooled)
        third = float((fit.residuals**3).mean() * (design.pulls**3).sum())
        lean = third / spread**3 * (NORMAL_95**2 - 1) / 6 if spread > 0 else 0.0
        if abs(lean) <= _MOST_SKEWED:
            interval = Interval(
                fit.effect - max(half, spread * (NORMAL_95 + lean)), fit.effect + max(half, spread * (NORMAL_95 - lean))
            )
    return interval, max(robust, pooled), degrees


def _effect(entered: Entered, y: Floats, value: float, interval: Interval, variance: float, degrees: float) -> Effect:
    n1, n0 = entered.arms
    return Effect(
        value=value,
        interval=interval,
        variance=variance,
        degrees=degrees,
        information=entered.information,
        listed=n1,
        held_out=n0,
        mean_listed=float(y[entered.listed].mean()),
        mean_held_out=float(y[~entered.listed].mean()),
    )


def _nothing(entered: Entered) -> Effect:
    n1, n0 = entered.arms
    nan = math.nan
    return Effect(
        value=nan,
        interval=NONE,
        variance=nan,
        degrees=nan,
        information=0.0,
        listed=n1,
        held_out=n0,
        mean_listed=nan,
        mean_held_out=nan,
    )


def _means(values: Floats, codes: NDArray[np.int64], weights: Floats) -> Floats:
    below = np.bincount(codes, weights)
    return np.asarray(np.bincount(codes, weights * values) / np.where(below > 0, below, 1.0), dtype=np.float64)
