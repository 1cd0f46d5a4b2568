"""The figures of a recipe on the gate, each with its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from churnml.statistics import calibration, metrics
from churnml.statistics.bootstrap import bootstrap_interval
from churnml.statistics.logodds import Floats, sigmoid
from churnml.training.frame import TrainingFrame

_CAPACITY_SHARE = 0.1


def auroc_within(churned: Floats, logodds: Floats, groups: NDArray[Any]) -> float:
    """Compute the chance that a churned customer stands above one of the same group who stayed.

    With snapshots as groups, neither the season nor the growing age of a shop earns or costs anything. It is the mean
    of the groups' AUROCs, each weighted by its pairs of a churned customer and one who stayed.

    Parameters
    ----------
    churned, logodds, groups
        Outcomes, predictions and groups, shape (rows,).

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
            total += weight * metrics.auroc(y, z)
            pairs += weight
    return total / pairs if pairs else float("nan")


def compute_figures(test: TrainingFrame, logodds: Floats, draws: int, seed: int) -> dict[str, dict[str, float]]:
    """Compute the figures of predictions on the gate rows.

    Parameters
    ----------
    test
        Rows of the gate.
    logodds
        Predicted log-odds with their level, shape (rows,).
    draws, seed
        Bootstrap draws of whole customers for the 95 % intervals, and their seed.

    Returns
    -------
    dict
        For each figure ``value``, ``low`` and ``high``; nan where it is not defined. ``auroc`` and ``shape_loss``
        compare customers of the same snapshot, the others look at all rows. ``lift_at_10pct`` and
        ``precision_at_10pct`` look at the tenth of the rows with the highest probability;
        ``calibration_error_if_perfect`` is the calibration error that a perfectly calibrated model of this size would
        show.
    """
    everyone = np.arange(len(test))
    figures: dict[str, dict[str, float]] = {}
    for name, compute in _FIGURES.items():

        def of(rows: NDArray[np.intp], compute: _Figure = compute) -> float:
            return compute(test.churned[rows], logodds[rows], test.snapshots[rows])

        low, high = bootstrap_interval(of, test.customers, draws, seed)
        figures[name] = {"value": of(everyone), "low": low, "high": high}
    perfect = calibration.calibration_error_if_perfect(sigmoid(logodds), seed=seed)
    figures["calibration_error_if_perfect"] = {"value": perfect, "low": perfect, "high": perfect}
    return figures


def _capacity(rows: Floats) -> int:
    return max(1, round(len(rows) * _CAPACITY_SHARE))


_Figure = Callable[[Floats, Floats, NDArray[Any]], float]
_FIGURES: dict[str, _Figure] = {
    "auroc": auroc_within,
    "average_precision": lambda y, z, days: metrics.average_precision(y, z),
    "shape_loss": metrics.shape_loss,
    "log_loss": lambda y, z, days: metrics.log_loss(y, z),
    "brier_skill": lambda y, z, days: metrics.brier_skill(y, sigmoid(z)),
    "calibration_slope": lambda y, z, days: calibration.calibration_slope_intercept(y, z)[0],
    "calibration_intercept": lambda y, z, days: calibration.calibration_slope_intercept(y, z)[1],
    "calibration_error": lambda y, z, days: calibration.calibration_error(y, sigmoid(z)),
    "lift_at_10pct": lambda y, z, days: metrics.lift_at(y, z, _capacity(y)),
    "precision_at_10pct": lambda y, z, days: metrics.precision_at(y, z, _capacity(y)),
}
