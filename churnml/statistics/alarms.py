"""Limits of numbers from what they were when nothing was wrong, and how often an alarm was raised then."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from churnml.statistics.shares import wilson

FAMILIES = 6
"""Statistics that may each raise an alarm: skill, level, quality, drift, predictions and who came or went."""
LEAST_SPREAD = 0.1
"""Least deviation of the logarithm of past numbers that is assumed."""
FEWEST = 4
"""Past numbers without which there is no limit."""
_TO_SPREAD = 1.4826  # the median absolute deviation of normal numbers, over their standard deviation
_STRONG = 3.0
_STEP, _MOST = 0.25, 8.0


def deviations_of(per_year: float, looks_per_year: float, correlation: float | None = None) -> float:
    """Compute how many deviations above the median a limit lies, for a wished number of false alarms a year.

    Each look and family may raise one with the chance ``per_year / (looks_per_year * families)``.

    Parameters
    ----------
    per_year : float
        Wished number of false alarms a year, of all families together.
    looks_per_year : float
        Number of looks in a year.
    correlation : float, optional
        Correlation of two looks in a row, below 1, where an alarm needs both above the limit; None where one is enough.

    Examples
    --------
    Half a false alarm a year of 12 looks at 6 families: a chance of .7 %, or of two independent looks of 8.3 % each.

    >>> round(deviations_of(0.5, 12), 2), round(deviations_of(0.5, 12, 0.0), 2), round(deviations_of(0.5, 12, 0.9), 2)
    (2.46, 1.38, 2.24)
    """
    chance = min(per_year / (looks_per_year * FAMILIES), 0.5)
    if correlation is None:
        return float(norm.isf(chance))
    return float(brentq(lambda above: _both_above(above, correlation) - chance, -_MOST, _MOST))


def _both_above(bound: float, correlation: float) -> float:
    """Compute the chance that two normal numbers both lie above a bound.

    It is that of independent ones plus the integral of their density at the bound over all correlations up to theirs
    (Plackett 1954, "A reduction formula for normal multivariate integrals", Biometrika 41).
    """
    more, _ = quad(lambda r: np.exp(-(bound**2) / (1 + r)) / (2 * np.pi * np.sqrt(1 - r**2)), 0, correlation)
    return float(norm.sf(bound) ** 2 + more)


def limit(history: ArrayLike, deviations: float, least_spread: float = LEAST_SPREAD) -> float:
    """Compute the limit of a positive number from its past: median and median absolute deviation of its logarithm.

    Numbers like `churnml.statistics.drift.psi` are skewed to the right, and their logarithm is not.

    Parameters
    ----------
    history : array-like, shape (m,)
        Past numbers above 0 under no change; null ones are left out.
    deviations : float
        Number of deviations above the median at which the limit lies; see `deviations_of`.
    least_spread : float, optional
        Least deviation of the logarithm: past numbers may happen to be alike.

    Returns
    -------
    float
        Limit; nan with fewer than four past numbers.

    Examples
    --------
    Logarithms 0, 1, 2, 3 and 4: median 2, deviation 1.

    >>> round(float(np.log(limit(np.exp([0, 1, 2, 3, 4]), 2.0))), 4)
    4.9652
    """
    past = np.asarray(history, dtype=np.float64)
    past = past[~np.isnan(past)]
    if past.size < FEWEST:
        return float("nan")
    logs = np.log(np.maximum(past, np.finfo(np.float64).tiny))
    middle = float(np.median(logs))
    spread = max(_TO_SPREAD * float(np.median(np.abs(logs - middle))), least_spread)
    return float(np.exp(middle + deviations * spread))


def alarms_over(values: Sequence[float], limits: Sequence[float]) -> list[bool]:
    """Say at which looks an alarm is raised: two numbers in a row above their limits, or one above three times it.

    Examples
    --------
    >>> alarms_over([1.5, 0.5, 1.5, 1.5, 4.0], [1.0] * 5)
    [False, False, False, True, True]
    """
    above = [value > bound for value, bound in zip(values, limits, strict=True)]
    strong = [value > _STRONG * bound for value, bound in zip(values, limits, strict=True)]
    before = [False, *above][: len(above)]
    return [now and (earlier or much) for now, earlier, much in zip(above, before, strong, strict=True)]


def replayed_alarms(
    history: Sequence[float], deviations: float, least_spread: float = LEAST_SPREAD, *, at_once: bool = False
) -> list[bool]:
    """Say at which past looks an alarm would have been raised, each against the limit of all the others.

    Parameters
    ----------
    history : sequence of float
        Past numbers, in order of time.
    deviations, least_spread : float
        See `limit`.
    at_once : bool, optional
        Whether one number above its limit is enough; see `alarms_over`.
    """
    others = [[*history[:at], *history[at + 1 :]] for at in range(len(history))]
    limits = [limit(rest, deviations, least_spread) for rest in others]
    if at_once:
        return [value > bound for value, bound in zip(history, limits, strict=True)]
    return alarms_over(history, limits)


def enough_deviations(
    history: Sequence[float],
    deviations: float,
    most_alarms: float,
    least_spread: float = LEAST_SPREAD,
    *,
    at_once: bool = False,
) -> float:
    """Raise the number of deviations until no more alarms than are wished would have been raised in the past.

    Parameters
    ----------
    history : sequence of float
        Past numbers, in order of time.
    deviations : float
        Number of deviations to begin with.
    most_alarms : float
        Number of alarms that are wished at most in that time.
    least_spread, at_once : float and bool, optional
        See `replayed_alarms`.

    Returns
    -------
    float
        Number of deviations, at most 8.
    """
    while deviations < _MOST and _count(history, deviations, least_spread, at_once) > most_alarms:
        deviations += _STEP
    return deviations


def _count(history: Sequence[float], deviations: float, least_spread: float, at_once: bool) -> int:
    return episodes(replayed_alarms(history, deviations, least_spread, at_once=at_once))


def episodes(alarms: Sequence[bool]) -> int:
    """Count alarms that follow one another once.

    Examples
    --------
    >>> episodes([False, True, True, False, True])
    2
    """
    return sum(now and not before for now, before in zip(alarms, [False, *alarms], strict=False))


def false_alarms_per_year(alarms: int, looks: int, looks_per_year: float) -> tuple[float, float]:
    """Compute how many false alarms there are in a year, and up to how many that could be.

    Parameters
    ----------
    alarms, looks : int
        Number of false alarms, and of looks at times when nothing was wrong.
    looks_per_year : float
        Number of looks in a year.

    Returns
    -------
    rate, most : float
        Alarms a year, and the upper end of Wilson's 95 % interval; nan without a look.

    Examples
    --------
    >>> rate, most = false_alarms_per_year(0, 24, 12)
    >>> rate, round(most, 1)
    (0.0, 1.7)
    """
    if not looks:
        return float("nan"), float("nan")
    return alarms / looks * looks_per_year, float(wilson(alarms, looks)[1]) * looks_per_year
