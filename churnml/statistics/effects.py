"""Effects of what was drawn by lot: differences of two arms, adjusted for what was known before the draw.

An arm is ``listed`` (true) or held out (false). Every effect is the outcome if listed less the outcome if held out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.stats import t as student

from churnml.statistics.logodds import Floats
from churnml.statistics.shares import NORMAL_95, newcombe

FEWEST = 3
"""Customers in each arm below which there is no interval, only counts."""
FEWEST_ADJUSTED = 10
"""Customers in each arm below which the interval of shares is Newcombe's, without the covariate."""
_MOST_SKEWED = 1.0
_NO_SPREAD = 1e-12
_COLLINEAR = 1e-9
_FURTHEST = 1_000.0


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
            if np.ptp(held) > _NO_SPREAD if len(held) else False:
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


class _Fit(NamedTuple):
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

    def fit(self, outcome: Floats, pseudo: Sequence[float] = ()) -> _Fit:
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
        return _Fit(float(found[cohorts]), residuals)

    def moved(self, fit: _Fit, power: float = 0.5) -> Floats:
        """Return how far each row moves the effect; squares add up to the variance HC2, with a power of 1 to HC3."""
        free = np.maximum(1.0 - self.leverages, _NO_SPREAD)
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
    return of_x > _NO_SPREAD and of_x * of_arm - both**2 > _COLLINEAR * of_x * of_arm


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
    interval, variance, degrees = _leaning(entered, fit)
    return _effect(entered, y, fit.effect, interval, variance, degrees)


def _leaning(entered: Entered, fit: _Fit) -> tuple[Interval, float, float]:
    """Return the interval of an amount of money, the larger variance, and the degrees of freedom."""
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


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """Ratio of two effects of the same draw, with the values that the data do not refuse.

    Attributes
    ----------
    value : float
        Numerator over denominator; nan where the denominator is 0.
    interval : Interval
        The 95 % set of values: an interval, one without ends where all or nearly all values are possible.
    kind : str
        ``interval``, ``all`` (no value is refused) or ``outside`` (all but those between the two ends).
    """

    value: float
    interval: Interval
    kind: str


def ratio_of_effects(entered: Entered, numerator: ArrayLike, denominator: ArrayLike) -> Ratio:
    """Divide the effect on one outcome by that on another, with an interval that holds where the divisor is small.

    The set ``{r: (a - r b)^2 <= q^2 var(a - r b)}`` is solved as a quadratic in r (Fieller 1954, "Some problems in
    interval estimation"; of an effect over the effect on being treated it is the set of Anderson and Rubin 1949,
    "Estimation of the parameters of a single equation in a complete system of stochastic equations"). The usual
    linearisation would be far too narrow where few are sent what they were listed for.

    Parameters
    ----------
    entered : Entered
        Customers, with their arms.
    numerator, denominator : array-like, shape (n,)
        Outcomes whose effects are divided, 0 or 1.

    Returns
    -------
    Ratio
        Ratio of the effects. Its interval holds the value.
    """
    a, b = (np.asarray(values, dtype=np.float64) for values in (numerator, denominator))
    if not len(entered) or min(entered.arms) < FEWEST:
        return Ratio(value=math.nan, interval=NONE, kind="all")
    plain = entered.design.fit(a).effect, entered.design.fit(b).effect
    value = plain[0] / plain[1] if abs(plain[1]) > _NO_SPREAD else math.nan
    design = entered.padded
    means = [float(b[arm].mean()) for arm in (entered.listed, ~entered.listed)]
    # The divisor's pseudo-customers stand at the arm's mean: they keep it where it is.
    of_a = design.fit(a, (1.0, 0.0, 1.0, 0.0))
    of_b = design.fit(b, np.repeat(means, 2).tolist())
    moved_a, moved_b = design.moved(of_a), design.moved(of_b)
    q = float(student.ppf(0.975, design.degrees(moved_a))) ** 2
    high = of_b.effect**2 - q * design.covariance(moved_b, moved_b)
    middle = of_a.effect * of_b.effect - q * design.covariance(moved_a, moved_b)
    rest = of_a.effect**2 - q * design.covariance(moved_a, moved_a)
    return _ratio(value, high, middle, rest)


def _ratio(value: float, high: float, middle: float, rest: float) -> Ratio:
    """Solve ``high r^2 - 2 middle r + rest <= 0``."""
    root = middle**2 - high * rest
    if high > 0 and root >= 0:
        ends = sorted((middle + side * math.sqrt(root)) / high for side in (-1, 1))
        interval = Interval(*ends)
        return Ratio(value=value, interval=interval if math.isnan(value) else interval.widened(value), kind="interval")
    if high < 0 and root > 0:
        ends = sorted((middle + side * math.sqrt(root)) / high for side in (-1, 1))
        return Ratio(value=value, interval=Interval(*ends), kind="outside")
    return Ratio(value=value, interval=Interval(-math.inf, math.inf), kind="all")


def money_per_contact(entered: Entered, outcome: ArrayLike, treated: ArrayLike) -> Ratio:
    """Divide the effect on an amount of money by that on being treated.

    An amount r per contact is possible where the interval of `effect_on_money`, of the outcome less r for each who was
    treated, holds 0 (a test turned into an interval, as in `ratio_of_effects`). Where exactly the listed were treated,
    it is the interval of the effect itself.

    Parameters
    ----------
    entered : Entered
        Customers, with their arms.
    outcome, treated : array-like, shape (n,)
        Money of each, and whether they were treated, 0 or 1.

    Returns
    -------
    Ratio
        Money per contact.
    """
    y, d = (np.asarray(values, dtype=np.float64) for values in (outcome, treated))
    everything = Ratio(value=math.nan, interval=Interval(-math.inf, math.inf), kind="all")
    if not len(entered) or min(entered.arms) < FEWEST:
        return everything
    of_money, of_treated = entered.design.fit(y), entered.design.fit(d)
    if abs(of_treated.effect) < _NO_SPREAD:
        return everything
    whole = _leaning(entered, of_money)[0]
    value = of_money.effect / of_treated.effect
    width = (whole.high - whole.low) / abs(of_treated.effect)
    if not width > 0:
        return replace(everything, value=value)

    def end(r: float, side: int) -> float:
        # A fit is linear in the outcome.
        less = _Fit(of_money.effect - r * of_treated.effect, of_money.residuals - r * of_treated.residuals)
        return _leaning(entered, less)[0][side]

    ends = []
    for side in (0, 1):
        # The lower end of the interval is at 0 for the least amount that is possible, the upper one for the largest.
        far = value - _FURTHEST * width if side == 0 else value + _FURTHEST * width
        if not end(value, side) * end(far, side) < 0:
            return replace(everything, value=value)
        ends.append(float(brentq(end, min(far, value), max(far, value), args=(side,))))
    return Ratio(value=value, interval=Interval(*sorted(ends)), kind="interval")


@dataclass(frozen=True, kw_only=True)
class Shrunk:
    """Effects of several groups, drawn towards their common mean.

    Attributes
    ----------
    effects : array of float, shape (groups,)
        Shrunk effects.
    errors : array of float, shape (groups,)
        Standard errors that go with them.
    mean : float
        Common mean.
    spread : float
        Standard deviation of the true effects around it; 0 where no difference can be told.
    """

    effects: Floats
    errors: Floats
    mean: float
    spread: float


def shrink(values: ArrayLike, errors: ArrayLike) -> Shrunk:
    """Shrink effects of groups towards their mean, the more the less sure they are.

    The spread t of the true effects is that at which ``sum((tau - m)^2 / (s^2 + t^2))`` is the number of groups less
    one, m being their mean weighted by ``1 / (s^2 + t^2)`` (Paule and Mandel 1982, "Consensus values and weighting
    factors", Journal of Research of the National Bureau of Standards 87). A shrunk effect is
    ``(tau / s^2 + m / t^2) / (1 / s^2 + 1 / t^2)``; with t = 0 all are the mean.

    Parameters
    ----------
    values, errors : array-like, shape (groups,)
        Effects and their standard errors; nan where a group says nothing, and takes the mean.

    Returns
    -------
    Shrunk
        Shrunk effects; all nan where no group says anything.

    Examples
    --------
    Two groups that differ no more than chance would make them are taken for one:

    >>> shrunk = shrink([0.1, 0.2], [0.1, 0.1])
    >>> round(float(shrunk.effects[0]), 3), shrunk.spread
    (0.15, 0.0)
    """
    tau, s = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    known = np.isfinite(tau) & np.isfinite(s) & (s > 0)
    if not known.any():
        return Shrunk(effects=np.full(len(tau), np.nan), errors=np.full(len(tau), np.nan), mean=np.nan, spread=np.nan)
    effects, squares = tau[known], s[known] ** 2

    def excess(of: float) -> float:
        weights = 1 / (squares + of)
        return float((weights * (effects - np.average(effects, weights=weights)) ** 2).sum()) - (len(effects) - 1)

    low = high = 0.0
    if excess(0.0) > 0:
        high = float(np.ptp(effects)) ** 2 * len(effects) + float(squares.max())
        for _ in range(200):
            low, high = ((low + high) / 2, high) if excess((low + high) / 2) > 0 else (low, (low + high) / 2)
    between = high
    weights = 1 / (squares + between)
    mean, of_mean = float(np.average(effects, weights=weights)), 1 / float(weights.sum())
    found, found_errors = np.full(len(tau), mean), np.full(len(tau), math.sqrt(between + of_mean))
    own = between / (between + squares)
    found[known] = own * effects + (1 - own) * mean
    found_errors[known] = np.sqrt(own * squares + (1 - own) ** 2 * of_mean)
    return Shrunk(effects=found, errors=found_errors, mean=mean, spread=math.sqrt(between))


def holm(p_values: ArrayLike) -> Floats:
    """Adjust p-values for that several were looked at, so that not even one of them misleads more than 5 % of the time.

    Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6.

    Parameters
    ----------
    p_values : array-like, shape (k,)
        P-values; nan for what was not tested.

    Returns
    -------
    array of float
        Adjusted p-values, shape (k,).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    order = order[: int(np.isfinite(p).sum())]
    adjusted = np.full(len(p), np.nan)
    steps = p[order] * np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Adjust p-values such that of those below 5 % at most one in twenty misleads, on average.

    Benjamini and Hochberg (1995), "Controlling the false discovery rate", Journal of the Royal Statistical Society B.

    Parameters
    ----------
    p_values : array-like, shape (k,)
        P-values; nan for what was not tested.

    Returns
    -------
    array of float
        Adjusted p-values, shape (k,).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    order = order[: int(np.isfinite(p).sum())]
    adjusted = np.full(len(p), np.nan)
    steps = p[order] * len(order) / np.arange(1, len(order) + 1)
    adjusted[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return adjusted


def _means(values: Floats, codes: NDArray[np.int64], weights: Floats) -> Floats:
    below = np.bincount(codes, weights)
    return np.asarray(np.bincount(codes, weights * values) / np.where(below > 0, below, 1.0), dtype=np.float64)
