"""Choosing among candidates by their shape loss: the blend where it is near the best, else the simplest that is."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm, t

from churnml.models.candidates import RULE
from churnml.models.candidates.blend import Blend
from churnml.statistics.bootstrap import paired_difference
from churnml.statistics.logodds import Floats, row_log_loss
from churnml.statistics.metrics import auroc_within
from churnml.statistics.shifts import shift_per_group
from churnml.training.choose.predictions import Predictions

_PRIOR_FOLDS = 3
_TYPICAL_NOISE = 0.004


def compare(predictions: Predictions, embargo_days: int | None = None) -> pd.DataFrame:
    """Compare candidates by shape loss pooled over folds.

    What one fold prefers the next may not, so on folds that look forward the standard error counts their noise beside
    that of the customers: ``(3 s0^2 + (F - 1) s^2) / (F + 2) / F``, for F folds, with s the standard deviation of the
    paired difference between folds, and s0 what it typically is (0.4 % of the loss by chance, on the public shops at
    hand). The degrees of freedom are F + 2, so that "one standard error" is a little more where folds are few.

    Parameters
    ----------
    predictions : Predictions
        Out-of-fold predictions of the candidates, in order of simplicity.
    embargo_days : int, optional
        Number of days from a snapshot until its outcomes are known; None where folds are customers kept apart.

    Returns
    -------
    pandas DataFrame
        A row per candidate: ``candidate``, ``shape_loss``, ``auroc`` (within folds and snapshots), ``behind`` (its loss
        minus the best one's, paired per row), ``behind_error`` (its standard error), ``against_chance`` and
        ``against_chance_error`` (the same against each fold's and snapshot's own churn rate, clustered by customer) and
        ``chosen``: the blend, where it is behind by one standard error at most, since a mean of members that err
        differently is hard to beat on days to come; else the simplest that is.
    """
    groups = predictions.groups
    losses = {
        name: row_log_loss(predictions.churned, shift_per_group(predictions.churned, logodds, groups))
        for name, logodds in predictions.logodds.items()
    }
    best = min(losses, key=lambda name: losses[name].mean())
    nothing = np.zeros(len(predictions.churned))
    chance = row_log_loss(predictions.churned, shift_per_group(predictions.churned, nothing, groups))
    rows = []
    for name, loss in losses.items():
        behind, error = paired_difference(loss, losses[best], predictions.customers)
        if embargo_days is not None and name != best:
            error = np.hypot(error, _noise_of_folds(loss - losses[best], predictions.folds, float(chance.mean())))
        against_chance, chance_error = paired_difference(loss, chance, predictions.customers)
        rows.append(
            {
                "candidate": name,
                "shape_loss": float(loss.mean()),
                "auroc": auroc_within(predictions.churned, predictions.logodds[name], groups),
                "behind": behind,
                "behind_error": error,
                "against_chance": against_chance,
                "against_chance_error": chance_error,
            }
        )
    table = pd.DataFrame(rows)
    wide = 1.0 if embargo_days is None else t.ppf(norm.cdf(1.0), len(np.unique(predictions.folds)) + _PRIOR_FOLDS - 1)
    within = table.behind <= wide * table.behind_error
    blended = within & (table.candidate == Blend.name)
    table["chosen"] = table.index == (blended if blended.any() else within).idxmax()
    return table


def _noise_of_folds(difference: Floats, folds: NDArray[np.int64], chance: float) -> float:
    """Compute the standard error that a mean paired difference has from the choice of folds."""
    means = np.array([difference[folds == fold].mean() for fold in np.unique(folds)])
    count = len(means)
    squares = _PRIOR_FOLDS * (_TYPICAL_NOISE * chance) ** 2 + ((means - means.mean()) ** 2).sum()
    return float(np.sqrt(squares / (count + _PRIOR_FOLDS - 1) / count))


def better_than_chance(comparison: pd.DataFrame) -> set[str]:
    """Find which of ``chosen`` and ``rule`` were better than chance on the folds by more than one standard error.

    Parameters
    ----------
    comparison : pandas DataFrame
        Candidates by shape loss on the folds, as from `compare`.
    """
    told = comparison[tells(comparison)]
    chosen = {"chosen"} if told.chosen.any() else set()
    return chosen | ({"rule"} if RULE in set(told.candidate) else set())


def tells(comparison: pd.DataFrame) -> pd.Series:
    """Find the candidates that were better than chance by more than one standard error, shape (candidates,)."""
    return comparison.against_chance < -comparison.against_chance_error
