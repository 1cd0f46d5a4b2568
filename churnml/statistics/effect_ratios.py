"""Effects of being contacted: one effect of a lot divided by another, also where few were reached."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.stats import t as student

from churnml.statistics.effects import FEWEST, NO_SPREAD, NONE, Entered, Fit, Interval, money_interval

_FURTHEST = 1_000.0


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
    value = plain[0] / plain[1] if abs(plain[1]) > NO_SPREAD else math.nan
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
    if abs(of_treated.effect) < NO_SPREAD:
        return everything
    whole = money_interval(entered, of_money)[0]
    value = of_money.effect / of_treated.effect
    width = (whole.high - whole.low) / abs(of_treated.effect)
    if not width > 0:
        return replace(everything, value=value)

    def end(r: float, side: int) -> float:
        # A fit is linear in the outcome.
        less = Fit(of_money.effect - r * of_treated.effect, of_money.residuals - r * of_treated.residuals)
        return money_interval(entered, less)[0][side]

    ends = []
    for side in (0, 1):
        # The lower end of the interval is at 0 for the least amount that is possible, the upper one for the largest.
        far = value - _FURTHEST * width if side == 0 else value + _FURTHEST * width
        if not end(value, side) * end(far, side) < 0:
            return replace(everything, value=value)
        ends.append(float(brentq(end, min(far, value), max(far, value), args=(side,))))
    return Ratio(value=value, interval=Interval(*sorted(ends)), kind="interval")
