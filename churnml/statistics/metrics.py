"""How good predictions are: order (skill), level and calibration, each as a function of arrays.

Outcomes are 1 (churned) or 0 (stayed). The argument tells what a metric wants: ``p`` is a churn probability,
``logodds`` its logit, ``prediction`` either, since only the order counts. A metric that the rows cannot define is nan,
not an error.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from churnml.statistics.logodds import Floats, fit_affine, fit_intercept, paired_arrays, row_log_loss, shift_per_group

_NAN = float("nan")
_NORMAL_95 = 1.959963984540054  # the 97.5 % quantile of the normal distribution


def auroc(y: ArrayLike, prediction: ArrayLike) -> float:
    """Compute the chance that a churned customer is ranked above one who stayed; ties count one half.

    ``(R - n1 (n1 + 1) / 2) / (n1 n0)`` with R the sum of the churned customers' ranks, ties averaged (Hanley and
    McNeil 1982, "The meaning and use of the area under a ROC curve", Radiology 143).

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    prediction
        Probabilities or log-odds, shape (n,).

    Returns
    -------
    float
        From 0 to 1, 0.5 = no order; nan where one of the outcomes is missing.

    Examples
    --------
    >>> auroc([1, 0, 1, 0], [0.9, 0.1, 0.5, 0.5])
    0.875
    """
    outcomes, predictions = paired_arrays(y, prediction)
    churned = int(outcomes.sum())
    pairs = churned * (outcomes.size - churned)
    if not pairs:
        return _NAN
    rank_sum = int(_double_ranks(predictions)[outcomes == 1].sum()) / 2
    return (rank_sum - churned * (churned + 1) / 2) / pairs


def average_precision(y: ArrayLike, prediction: ArrayLike) -> float:
    """Compute the mean precision over the thresholds at which churned customers are found.

    ``sum_k (R_k - R_(k-1)) P_k`` over the distinct predictions from high to low, with P precision and R recall: the
    step-wise area under the precision-recall curve, as in scikit-learn's ``average_precision_score``.

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    prediction
        Probabilities or log-odds, shape (n,).

    Returns
    -------
    float
        From 0 to 1; the churn rate = no order. nan where nobody churned.

    Examples
    --------
    >>> round(average_precision([1, 0, 1], [0.9, 0.8, 0.7]), 4)
    0.8333
    """
    outcomes, predictions = paired_arrays(y, prediction)
    if not np.any(outcomes == 1):
        return _NAN
    order = np.argsort(-predictions)
    ranked = predictions[order]
    last_of_tie = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), ranked.size - 1)
    found = np.cumsum(outcomes[order])[last_of_tie]
    gained = np.diff(found, prepend=0.0)
    return float((gained * found / (last_of_tie + 1)).sum() / found[-1])


def log_loss(y: ArrayLike, logodds: ArrayLike) -> float:
    """Compute the mean log loss from log-odds, level included.

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    logodds
        Log-odds (not probabilities), shape (n,).

    Returns
    -------
    float
        Mean loss in nats, 0 = certain and right; nan without rows.

    Examples
    --------
    >>> round(log_loss([1, 0], [0.0, 0.0]), 6)
    0.693147
    """
    return _mean(row_log_loss(y, logodds))


def shape_loss(y: ArrayLike, logodds: ArrayLike, groups: ArrayLike | None = None) -> float:
    """Compute the mean log loss after refitting one intercept per group, so that a lucky level earns nothing.

    Base rates move with the season, and raw log loss rewards whoever happens to hit the next one. Shape loss asks
    only how well customers of the same snapshot are told apart; constant log-odds reach exactly the entropy of the
    groups' own churn rates, and no level beats that.

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    logodds
        Finite log-odds, shape (n,).
    groups
        The snapshot of every row, shape (n,); one group without.

    Returns
    -------
    float
        Mean loss in nats; nan without rows.

    Examples
    --------
    >>> round(shape_loss([1, 0, 1, 0], [5.0, 5.0, -7.0, -7.0], ["may", "may", "june", "june"]), 6)
    0.693147
    """
    outcomes, z = paired_arrays(y, logodds)
    labels = np.zeros(z.size, dtype=np.int8) if groups is None else groups
    return _mean(row_log_loss(outcomes, shift_per_group(outcomes, z, labels)))


def brier_score(y: ArrayLike, p: ArrayLike) -> float:
    """Compute the mean squared distance of probability and outcome (Brier 1950, Monthly Weather Review 78).

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    p
        Churn probabilities, shape (n,).

    Returns
    -------
    float
        From 0 (certain and right) to 1; nan without rows.

    Examples
    --------
    >>> brier_score([1, 0], [0.5, 0.5])
    0.25
    """
    outcomes, probabilities = _outcomes_and_probabilities(y, p)
    return _mean((probabilities - outcomes) ** 2)


def brier_skill(y: ArrayLike, p: ArrayLike) -> float:
    """Compute which share of the base rate's Brier score the predictions remove.

    ``1 - brier / (m (1 - m))`` with m the churn rate of these very rows, which is a hard reference because nobody
    knows it beforehand.

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    p
        Churn probabilities, shape (n,).

    Returns
    -------
    float
        1 = perfect, 0 = like the base rate, below 0 = worse; nan where one of the outcomes is missing.

    Examples
    --------
    >>> brier_skill([1, 0], [0.75, 0.25])
    0.75
    """
    outcomes, probabilities = _outcomes_and_probabilities(y, p)
    rate = _mean(outcomes)
    if not 0 < rate < 1:
        return _NAN
    return 1.0 - _mean((probabilities - outcomes) ** 2) / (rate * (1.0 - rate))


def calibration_slope_intercept(y: ArrayLike, logodds: ArrayLike) -> tuple[float, float]:
    """Compute the calibration slope and the calibration-in-the-large, in this order.

    The slope is that of a logistic regression of the outcome on the log-odds; the intercept is fitted with the slope
    held at 1, so it tells the level alone (Cox 1958, Biometrika 45; Van Calster et al. 2019, "Calibration: the
    Achilles heel of predictive analytics", BMC Medicine 17).

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    logodds
        Finite log-odds, shape (n,).

    Returns
    -------
    tuple[float, float]
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
    if not 0 < _mean(outcomes) < 1:
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
    y
        Outcomes 0 or 1, shape (n,).
    p
        Churn probabilities, shape (n,).
    bins
        Number of bins, at least 1; ties or few rows may leave fewer.

    Returns
    -------
    float
        From 0 to 1; nan without rows.

    Examples
    --------
    >>> round(calibration_error([0, 0, 1, 0], [0.1, 0.1, 0.7, 0.7], bins=2), 6)
    0.15
    """
    outcomes, probabilities = _outcomes_and_probabilities(y, p)
    if not outcomes.size:
        return _NAN
    codes = _equal_count_bins(probabilities, bins)
    return float(np.abs(np.bincount(codes, weights=outcomes - probabilities)).sum() / outcomes.size)


def calibration_error_if_perfect(p: ArrayLike, bins: int = 10, draws: int = 200, seed: int = 0) -> float:
    """Compute the calibration error that these probabilities would show on average if every one were exactly right.

    Outcomes are drawn from the probabilities themselves, so what remains is the noise of a data set of this size.

    Parameters
    ----------
    p
        Churn probabilities, shape (n,).
    bins
        Number of bins, as in `calibration_error`.
    draws
        Number of data sets drawn.
    seed
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
    _, probabilities = _outcomes_and_probabilities(np.zeros(values.shape), values)
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


def precision_at(y: ArrayLike, prediction: ArrayLike, k: int) -> float:
    """Compute the churned share among the k customers with the highest predictions.

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    prediction
        Probabilities or log-odds, shape (n,). Of equal ones, those given first are taken first: pass rows sorted by
        customer_id to get what a ranking does.
    k
        A count of customers, at least 1; all are taken where there are fewer.

    Returns
    -------
    float
        From 0 to 1; nan without rows.

    Examples
    --------
    >>> precision_at([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.6], k=2)
    0.5
    """
    outcomes, predictions = paired_arrays(y, prediction)
    if k < 1:
        raise ValueError(f"k={k}: take at least one customer (k is a count, not a share).")
    return _mean(outcomes[np.argsort(-predictions, kind="stable")[:k]])


def lift_at(y: ArrayLike, prediction: ArrayLike, k: int) -> float:
    """Compute the churn rate among the top k over the base rate; k is a count.

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    prediction
        Probabilities or log-odds, shape (n,); ties as in `precision_at`.
    k
        A count of customers, at least 1; all are taken where there are fewer.

    Returns
    -------
    float
        1 = like drawing at random, at most 1 / base rate; nan where nobody churned.

    Examples
    --------
    >>> lift_at([1, 0, 0, 0], [0.9, 0.8, 0.7, 0.6], k=2)
    2.0
    """
    outcomes, predictions = paired_arrays(y, prediction)
    precision = precision_at(outcomes, predictions, k)
    rate = _mean(outcomes)
    return precision / rate if rate > 0 else _NAN


def reliability_table(y: ArrayLike, p: ArrayLike, bins: int = 10) -> pd.DataFrame:
    """Set predicted probabilities beside what happened, in bins of equal count.

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    p
        Churn probabilities, shape (n,).
    bins
        Number of bins, at least 1; equal probabilities share one, so there may be fewer.

    Returns
    -------
    pandas.DataFrame
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
    outcomes, probabilities = _outcomes_and_probabilities(y, p)
    codes = _equal_count_bins(probabilities, bins)
    customers = np.bincount(codes)
    share = np.bincount(codes, weights=outcomes) / customers
    low, high = _wilson(share, customers)
    return pd.DataFrame(
        {
            "bin": np.arange(1, customers.size + 1),
            "customers": customers,
            "mean_predicted": np.bincount(codes, weights=probabilities) / customers,
            "churned_share": share,
            "low": low,
            "high": high,
        }
    )


def gains_table(y: ArrayLike, prediction: ArrayLike, points: int = 100) -> pd.DataFrame:
    """Tell, for every length of list, which share of all churned customers is on it.

    Parameters
    ----------
    y
        Outcomes 0 or 1, shape (n,).
    prediction
        Probabilities or log-odds, shape (n,); ties as in `precision_at`.
    points
        Number of steps from nobody to everybody, at least 1.

    Returns
    -------
    pandas.DataFrame
        ``points + 1`` rows (fewer where there are fewer customers), the first for an empty list: ``customers``
        (length of the list), ``contacted_share`` (of all customers), ``captured_share`` (of all churned; null where
        nobody churned), ``best_share`` (the same for a perfect order), ``precision`` (churned share on the list) and
        ``lift`` (precision over base rate); the last two are null for the empty list.

    Examples
    --------
    >>> gains_table([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.6], points=2)
       customers  contacted_share  captured_share  best_share  precision  lift
    0          0              0.0             0.0         0.0        NaN   NaN
    1          2              0.5             0.5         1.0        0.5   1.0
    2          4              1.0             1.0         1.0        0.5   1.0
    """
    outcomes, predictions = paired_arrays(y, prediction)
    if points < 1:
        raise ValueError(f"points={points}: take at least one step.")
    n = outcomes.size
    lengths = np.unique((np.arange(points + 1) * n + points // 2) // points)
    found = np.concatenate(([0.0], np.cumsum(outcomes[np.argsort(-predictions, kind="stable")])))[lengths]
    churned = float(outcomes.sum())
    contacted = _ratio(lengths, n)
    captured = _ratio(found, churned)
    return pd.DataFrame(
        {
            "customers": lengths,
            "contacted_share": contacted,
            "captured_share": captured,
            "best_share": _ratio(np.minimum(lengths, churned), churned),
            "precision": _ratio(found, lengths),
            "lift": _ratio(captured, contacted),
        }
    )


def _mean(values: Floats) -> float:
    return float(values.mean()) if values.size else _NAN


def _ratio(part: ArrayLike, whole: ArrayLike) -> Floats:
    """Divide; a ratio to nothing is null."""
    parts, wholes = np.broadcast_arrays(np.asarray(part, dtype=np.float64), np.asarray(whole, dtype=np.float64))
    ratios = np.full(parts.shape, np.nan)
    np.divide(parts, wholes, out=ratios, where=wholes != 0)
    return ratios


def _outcomes_and_probabilities(y: ArrayLike, p: ArrayLike) -> tuple[Floats, Floats]:
    """Check as `paired_arrays` does, and that no log-odds were passed for probabilities."""
    outcomes, probabilities = paired_arrays(y, p)
    outside = int(np.count_nonzero((probabilities < 0) | (probabilities > 1)))
    if outside:
        raise ValueError(
            f"{outside:,} of {probabilities.size:,} probabilities lie outside 0 to 1. Pass sigmoid(logodds)."
        )
    return outcomes, probabilities


def _double_ranks(values: Floats) -> NDArray[np.int64]:
    """Return twice the rank (from 1, ties averaged): whole numbers, so that sums of them are exact."""
    order = np.argsort(values)
    ranked = values[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    ends = np.append(starts[1:], ranked.size)
    ranks = np.empty(values.size, dtype=np.int64)
    ranks[order] = np.repeat(starts + 1 + ends, ends - starts)
    return ranks


def _equal_count_bins(p: Floats, bins: int) -> NDArray[np.intp]:
    """Return bin numbers from 0 without gaps; rows go by the middle of their rank, so ties stay together."""
    if bins < 1:
        raise ValueError(f"bins={bins}: take at least one bin.")
    if not p.size:
        return np.empty(0, dtype=np.intp)
    codes = (_double_ranks(p) - 1) * bins // (2 * p.size)
    return np.asarray(np.unique(codes, return_inverse=True)[1], dtype=np.intp)


def _wilson(share: Floats, n: NDArray[np.intp]) -> tuple[Floats, Floats]:
    square = _NORMAL_95**2
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = _NORMAL_95 / (1 + square / n) * np.sqrt(share * (1 - share) / n + square / (4 * n**2))
    # At shares of 0 and 1 rounding may leave the interval just past the end.
    return np.clip(middle - half, 0.0, 1.0), np.clip(middle + half, 0.0, 1.0)
