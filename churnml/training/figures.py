"""The figures of a recipe on the gate, each with its interval."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from churnml.statistics import metrics
from churnml.statistics.bootstrap import bootstrap_interval
from churnml.statistics.logodds import Floats, sigmoid
from churnml.training.frame import TrainingFrame

_CAPACITY_SHARE = 0.1


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
        For each figure ``value``, ``low`` and ``high``; null where it is not defined. ``lift_at_10pct`` looks at the
        tenth of the customers with the highest probability; ``calibration_error_if_perfect`` is the calibration error
        that a perfectly calibrated model of this size would show.
    """
    churned, groups, probability = test.churned, test.snapshots, sigmoid(logodds)
    top = max(1, round(len(test) * _CAPACITY_SHARE))

    def of(rows: NDArray[np.intp]) -> dict[str, Callable[[], float]]:
        y, z, p = churned[rows], logodds[rows], probability[rows]
        return {
            "auroc": lambda: metrics.auroc(y, z),
            "average_precision": lambda: metrics.average_precision(y, z),
            "shape_loss": lambda: metrics.shape_loss(y, z, groups[rows]),
            "log_loss": lambda: metrics.log_loss(y, z),
            "brier_skill": lambda: metrics.brier_skill(y, p),
            "calibration_slope": lambda: metrics.calibration_slope_intercept(y, z)[0],
            "calibration_intercept": lambda: metrics.calibration_slope_intercept(y, z)[1],
            "calibration_error": lambda: metrics.calibration_error(y, p),
            "lift_at_10pct": lambda: metrics.lift_at(y, p, top),
            "precision_at_10pct": lambda: metrics.precision_at(y, p, top),
        }

    everyone = np.arange(len(test))
    figures: dict[str, dict[str, float]] = {}
    for name, compute in of(everyone).items():
        low, high = bootstrap_interval(lambda rows, name=name: of(rows)[name](), test.customers, draws, seed)  # type: ignore[misc]
        figures[name] = {"value": compute(), "low": low, "high": high}
    perfect = metrics.calibration_error_if_perfect(probability, seed=seed)
    figures["calibration_error_if_perfect"] = {"value": perfect, "low": perfect, "high": perfect}
    return figures
