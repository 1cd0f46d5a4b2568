"""How far predicted probabilities are from the shares that churned: slope, error and reliability.

Outcomes are 1 (churned) or 0 (stayed); ``p`` is a churn probability and ``logodds`` its logit. A figure that the rows
cannot define is nan, not an error.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from churnml.statistics.logodds import Floats, paired_arrays
from churnml.statistics.metrics import double_ranks, outcomes_and_probabilities
from churnml.statistics.shares import wilson
from churnml.statistics.shifts import fit_affine, fit_intercept

_NAN = float("nan")


def calibration_slope_intercept(y: ArrayLike, logodds: ArrayLike) -> tuple[float, float]:
    """Compute the calibration slope and the calibration-in-the-large, in this order.

    The slope is that of a logistic regression of the outcome on the log-odds; the intercept is fitted with the slope
    held at 1, so it tells the level alone (Cox 1958, Biometrika 45; Van Calster et al. 2019, "Calibration: the
    Achilles heel of predictive analytics", BMC Medicine 17).

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    logodds : array-like, shape (n,)
        Finite log-odds.

    Returns
    -------
    slope, intercept : float
        Slope (1 = right, below 1 = too extreme, above 1 = too timid; nan for constant log-odds) and intercept in
        log-odds (0 = right, above 0 = more churned than was said). Both are nan where one of the outcomes is missing.

    Examples
    --------
    Said log(3), that is 75 %, of four customers of whom two churned, and -log(3) of four of whom two churned:

    >>> z = np.log([3, 3, 3, 3, 1 / 3, 1 / 3, 1 / 3, 1 / 3])
    >>> slope, intercept = calibration_slope_intercept([1, 1, 0, 0, 1, 1, 0, 0], z)
    >>> abs(round(slope, 6)), abs(round(intercept, 6))
    (0.0, 0.0)
    """
    outcomes, z = paired_arrays(y, logodds)
    if not outcomes.size or not 0 < outcomes.mean() < 1:
        return _NAN, _NAN
    slope = _NAN if float(np.ptp(z)) == 0.0 else fit_affine(outcomes, z)[1]
    return slope, fit_intercept(outcomes, z)


def calibration_error(y: ArrayLike, p: ArrayLike, bins: int = 10) -> float:
    """Compute the expected calibration error over bins of equal count.

    ``sum_b n_b / n * |churned share_b - mean probability_b|`` (Naeini et al. 2015, "Obtaining well calibrated
    probabilities using Bayesian binning"). Equal probabilities share a bin, so the order of the rows does not matter.
    It is above 0 even for perfect probabilities: read it beside `calibration_error_if_perfect`.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    p : array-like, shape (n,)
        Churn probabilities.
    bins : int, optional
        Number of bins, at least 1; ties or few rows may leave fewer.

    Returns
    -------
    float
        Number from 0 to 1; nan without rows.

    Examples
    --------
    >>> round(calibration_error([0, 0, 1, 0], [0.1, 0.1, 0.7, 0.7], bins=2), 6)
    0.15
    """
    outcomes, probabilities = outcomes_and_probabilities(y, p)
    if not outcomes.size:
        return _NAN
    codes = _equal_count_bins(probabilities, bins)
    return float(np.abs(np.bincount(codes, weights=outcomes - probabilities)).sum() / outcomes.size)


def calibration_error_if_perfect(p: ArrayLike, bins: int = 10, draws: int = 200, seed: int = 0) -> float:
    """Compute the calibration error that these probabilities would show on average if every one were exactly right.

    Outcomes are drawn from the probabilities themselves, so what remains is the noise of a data set of this size.

    Parameters
    ----------
    p : array-like, shape (n,)
        Churn probabilities.
    bins : int, optional
        Number of bins, as in `calibration_error`.
    draws : int, optional
        Number of data sets drawn.
    seed : int, optional
        Seed of the draws; the same seed gives the same number.

    Returns
    -------
    float
        Mean expected calibration error; nan without rows.

    Examples
    --------
    >>> calibration_error_if_perfect([0.0, 1.0])
    0.0
    """
    if draws < 1:
        raise ValueError(f"draws={draws}: take at least one draw.")
    values = np.asarray(p, dtype=np.float64)
    _, probabilities = outcomes_and_probabilities(np.zeros(values.shape), values)
    if not probabilities.size:
        return _NAN
    codes = _equal_count_bins(probabilities, bins)
    expected = np.bincount(codes, weights=probabilities)
    generator = np.random.default_rng(seed)
    total = 0.0
    for _ in range(draws):
        churned = np.bincount(codes[generator.random(probabilities.size) < probabilities], minlength=expected.size)
        total += float(np.abs(churned - expected).sum())
    return total / draws / probabilities.size


def reliability_table(y: ArrayLike, p: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Compare predicted probabilities with outcomes, in bins of equal count.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    p : array-like, shape (n,)
        Churn probabilities.
    bins : int, optional
        Number of bins, at least 1; equal probabilities share one, so there may be fewer.

    Returns
    -------
    pandas DataFrame
        One row per bin that is not empty, from low to high: ``bin`` (from 1), ``customers`` (count),
        ``mean_predicted``, ``churned_share``, and ``low`` and ``high``, the 95 % interval of that share (Wilson 1927,
        "Probable inference, the law of succession, and statistical inference").

    Examples
    --------
    >>> reliability_table([0, 0, 1, 0], [0.125, 0.125, 0.75, 0.75], bins=2).round(3)
       bin  customers  mean_predicted  churned_share    low   high
    0    1          2           0.125            0.0  0.000  0.658
    1    2          2           0.750            0.5  0.095  0.905
    """
    outcomes, probabilities = outcomes_and_probabilities(y, p)
    codes = _equal_count_bins(probabilities, bins)
    customers = np.bincount(codes)
    churned = np.bincount(codes, weights=outcomes)
    low, high = wilson(churned, customers)
    return pd.DataFrame(
        {
            "bin": np.arange(1, customers.size + 1),
            "customers": customers,
            "mean_predicted": np.bincount(codes, weights=probabilities) / customers,
            "churned_share": churned / customers,
            "low": low,
            "high": high,
        }
    )


def _equal_count_bins(p: Floats, bins: int) -> NDArray[np.intp]:
    """Return bin numbers from 0 without gaps; rows go by the middle of their rank, so ties stay together."""
    if bins < 1:
        raise ValueError(f"bins={bins}: take at least one bin.")
    if not p.size:
        return np.empty(0, dtype=np.intp)
    codes = (double_ranks(p) - 1) * bins // (2 * p.size)
    without_gaps = np.cumsum(np.bincount(codes) > 0) - 1
    return np.asarray(without_gaps[codes], dtype=np.intp)
