"""Kaplan-Meier: how long things last where some have not ended yet."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

_Z_95 = 1.959963984540054


def kaplan_meier(durations: ArrayLike, ended: ArrayLike, open_: ArrayLike) -> pd.DataFrame:
    """Estimate the share that lasts longer than each duration.

    The product-limit estimator ``S(t) = prod over d <= t of (1 - e_d / n_d)`` with ``e_d`` endings among ``n_d`` at
    risk (Kaplan and Meier 1958). What is open at a duration counts as at risk of ending at it. Intervals are
    Greenwood's (1926) on the scale of ``log(-log S)``; they take durations as independent, so several of one customer
    make them too narrow.

    Parameters
    ----------
    durations : array-like, shape (n,)
        Distinct durations, in any unit.
    ended, open_ : array-like, shape (n,)
        Number that ended at each duration, and number that were still open when last seen.

    Returns
    -------
    pandas DataFrame
        A row per duration, sorted: ``duration, at_risk, ended, open, survival, low, high`` (95 %; null where nothing
        has ended yet or everything has).

    Raises
    ------
    ValueError
        Where shapes differ, durations repeat, or counts are negative.

    Examples
    --------
    >>> table = kaplan_meier([6, 7, 9], [3, 1, 0], [1, 0, 17])
    >>> table.survival.round(3).to_list()
    [0.864, 0.816, 0.816]
    """
    duration, events, censored = (np.asarray(values, dtype=np.float64) for values in (durations, ended, open_))
    if not duration.shape == events.shape == censored.shape or duration.ndim != 1:
        raise ValueError(f"Shapes {duration.shape}, {events.shape} and {censored.shape} differ. Pass one length.")
    if len(np.unique(duration)) != len(duration) or (events < 0).any() or (censored < 0).any():
        raise ValueError("Durations repeat, or counts are negative. Pass each duration once with its counts.")
    order = np.argsort(duration)
    duration, events, censored = duration[order], events[order], censored[order]
    at_risk = np.cumsum((events + censored)[::-1])[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(1 - events / at_risk)
        variance = np.cumsum(events / (at_risk * (at_risk - events)))
        spread = _Z_95 * np.sqrt(variance) / np.abs(np.log(survival))
        low, high = survival ** np.exp(spread), survival ** np.exp(-spread)
    told = (survival > 0) & (survival < 1)
    return pd.DataFrame(
        {
            "duration": duration,
            "at_risk": at_risk,
            "ended": events,
            "open": censored,
            "survival": survival,
            "low": np.where(told, low, np.nan),
            "high": np.where(told, high, np.nan),
        }
    )


def survival_at(table: pd.DataFrame, duration: float, column: str = "survival") -> float:
    """Read a column of ``kaplan_meier`` at a duration; 1 before the first, null beyond the last."""
    if not len(table) or duration > table["duration"].iloc[-1]:
        return float("nan")
    place = int(np.searchsorted(table["duration"], duration, side="right")) - 1
    return 1.0 if place < 0 else float(table[column].iloc[place])


def median_of(table: pd.DataFrame) -> tuple[float, float, float]:
    """Read the median of ``kaplan_meier`` and its 95 % interval.

    The median is the first duration after which at most half lasts, and the ends of its interval are those at which the
    ends of the interval of the survival come to a half (Brookmeyer and Crowley 1982, "A confidence interval for the
    median survival time", Biometrics 38).

    Parameters
    ----------
    table : pandas DataFrame
        Table of ``kaplan_meier``.

    Returns
    -------
    median, low, high : float
        In the unit of the durations; null where it does not come to a half.

    Examples
    --------
    >>> median_of(kaplan_meier([1, 2, 3, 4], [1, 1, 1, 0], [0, 0, 0, 1]))[0]
    2.0
    """

    def first(column: str) -> float:
        # Where nothing or everything has ended, the survival has no interval.
        halved = table["duration"][table[column].fillna(table["survival"]) <= 1 / 2]
        return float(halved.iloc[0]) if len(halved) else float("nan")

    return first("survival"), first("low"), first("high")
