"""How good predictions are: order (skill), level and lists, each as a function of arrays.

Outcomes are 1 (churned) or 0 (stayed). The argument tells what a metric wants: ``p`` is a churn probability,
``logodds`` its logit, ``prediction`` either, since only the order counts. A metric that the rows cannot define is nan,
not an error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from churnml.statistics.logodds import Floats, paired_arrays, row_log_loss
from churnml.statistics.shifts import shift_per_group

_NAN = float("nan")


def auroc(y: ArrayLike, prediction: ArrayLike) -> float:
    """Compute the chance that a churned customer is ranked above one who stayed; ties count one half.

    ``(R - n1 (n1 + 1) / 2) / (n1 n0)`` with R the sum of the churned customers' ranks, ties averaged (Hanley and
    McNeil 1982, "The meaning and use of the area under a ROC curve", Radiology 143).

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    prediction : array-like, shape (n,)
        Probabilities or log-odds.

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
    rank_sum = int(double_ranks(predictions)[outcomes == 1].sum()) / 2
    return (rank_sum - churned * (churned + 1) / 2) / pairs


def auroc_within(churned: Floats, logodds: Floats, groups: NDArray[Any]) -> float:
    """Compute the chance that a churned customer stands above one of the same group who stayed.

    With snapshots as groups, neither the season nor the growing age of a shop earns or costs anything. It is the mean
    of the groups' AUROCs, each weighted by its pairs of a churned customer and one who stayed.

    Parameters
    ----------
    churned : array of float, shape (rows,)
        Outcomes 0 or 1.
    logodds : array of float, shape (rows,)
        Predicted log-odds.
    groups : array, shape (rows,)
        Group of every row.

    Returns
    -------
    float
        From 0 to 1, 0.5 = no order; nan where no group holds both outcomes.
    """
    total, pairs = 0.0, 0.0
    for group in np.unique(groups):
        y, z = churned[groups == group], logodds[groups == group]
        weight = float(y.sum() * (1 - y).sum())
        if weight:
            total += weight * auroc(y, z)
            pairs += weight
    return total / pairs if pairs else float("nan")


def average_precision(y: ArrayLike, prediction: ArrayLike) -> float:
    """Compute the mean precision over the thresholds at which churned customers are found.

    ``sum_k (R_k - R_(k-1)) P_k`` over the distinct predictions from high to low, with P precision and R recall: the
    step-wise area under the precision-recall curve, as in scikit-learn's ``average_precision_score``.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    prediction : array-like, shape (n,)
        Probabilities or log-odds.

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
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    logodds : array-like, shape (n,)
        Log-odds (not probabilities).

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
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    logodds : array-like, shape (n,)
        Finite log-odds.
    groups : array-like, shape (n,), optional
        Snapshot of every row; one group by default.

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
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    p : array-like, shape (n,)
        Churn probabilities.

    Returns
    -------
    float
        From 0 (certain and right) to 1; nan without rows.

    Examples
    --------
    >>> brier_score([1, 0], [0.5, 0.5])
    0.25
    """
    outcomes, probabilities = outcomes_and_probabilities(y, p)
    return _mean((probabilities - outcomes) ** 2)


def brier_skill(y: ArrayLike, p: ArrayLike) -> float:
    """Compute which share of the base rate's Brier score the predictions remove.

    ``1 - brier / (m (1 - m))`` with m the churn rate of these very rows, which is a hard reference because nobody
    knows it beforehand.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    p : array-like, shape (n,)
        Churn probabilities.

    Returns
    -------
    float
        1 = perfect, 0 = like the base rate, below 0 = worse; nan where one of the outcomes is missing.

    Examples
    --------
    >>> brier_skill([1, 0], [0.75, 0.25])
    0.75
    """
    outcomes, probabilities = outcomes_and_probabilities(y, p)
    rate = _mean(outcomes)
    if not 0 < rate < 1:
        return _NAN
    return 1.0 - _mean((probabilities - outcomes) ** 2) / (rate * (1.0 - rate))


def precision_at(y: ArrayLike, prediction: ArrayLike, k: int) -> float:
    """Compute the churned share among the k customers with the highest predictions.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    prediction : array-like, shape (n,)
        Probabilities or log-odds. Of equal ones, those given first are taken first: pass rows sorted by customer_id to
        get what a ranking does.
    k : int
        Number of customers, at least 1; all are taken where there are fewer.

    Returns
    -------
    float
        Number from 0 to 1; nan without rows.

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
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    prediction : array-like, shape (n,)
        Probabilities or log-odds; ties as in `precision_at`.
    k : int
        Number of customers, at least 1; all are taken where there are fewer.

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


def gains_table(y: ArrayLike, prediction: ArrayLike, points: int = 100) -> pd.DataFrame:
    """Compute, for every length of list, which share of all churned customers is on it.

    Parameters
    ----------
    y : array-like, shape (n,)
        Outcomes 0 or 1.
    prediction : array-like, shape (n,)
        Probabilities or log-odds; ties as in `precision_at`.
    points : int, optional
        Number of steps from nobody to everybody, at least 1.

    Returns
    -------
    pandas DataFrame
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


def outcomes_and_probabilities(y: ArrayLike, p: ArrayLike) -> tuple[Floats, Floats]:
    """Check as `paired_arrays` does, and that no log-odds were passed for probabilities."""
    outcomes, probabilities = paired_arrays(y, p)
    outside = int(np.count_nonzero((probabilities < 0) | (probabilities > 1)))
    if outside:
        raise ValueError(
            f"{outside:,} of {probabilities.size:,} probabilities lie outside 0 to 1. Pass sigmoid(logodds)."
        )
    return outcomes, probabilities


def double_ranks(values: Floats) -> NDArray[np.int64]:
    """Return twice the rank (from 1, ties averaged): whole numbers, so that sums of them are exact."""
    order = np.argsort(values)
    ranked = values[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))
    ends = np.append(starts[1:], ranked.size)
    ranks = np.empty(values.size, dtype=np.int64)
    ranks[order] = np.repeat(starts + 1 + ends, ends - starts)
    return ranks
