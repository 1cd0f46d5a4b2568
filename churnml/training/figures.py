"""The figures of a recipe on the gate, each with its interval."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray

from churnml.statistics import calibration, metrics
from churnml.statistics.bootstrap import bootstrap_interval
from churnml.statistics.logodds import Floats, shift_per_group, sigmoid
from churnml.statistics.profit import expected_maximum_profit, value_at_risk_captured
from churnml.training.frame import TrainingFrame

_CAPACITY_SHARE = 0.1
_SPEND = "amount_sum_365d"
_ROWS_WORTH_PROCESSES = 50_000


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


def compute_figures(
    test: TrainingFrame, logodds: Floats, draws: int, seed: int, jobs: int = 1
) -> dict[str, dict[str, float]]:
    """Compute the figures of predictions on the gate rows.

    Parameters
    ----------
    test
        Rows of the gate.
    logodds
        Predicted log-odds with their level, shape (rows,).
    draws, seed
        Bootstrap draws of whole customers for the 95 % intervals, and their seed.
    jobs
        Processes to compute intervals on; the result does not depend on them.

    Returns
    -------
    dict
        For each figure ``value``, ``low`` and ``high``; nan where it is not defined. ``auroc`` and ``shape_loss``
        compare customers of the same snapshot, the others look at all rows. ``lift_at_10pct`` and
        ``precision_at_10pct`` look at the tenth of the rows with the highest probability;
        ``value_captured_at_10pct`` at the tenth with the highest probability times spend of the last year (where that
        is a feature). ``calibration_error_of_shape`` is the calibration error after refitting the level of each
        snapshot, and each ``..._if_perfect`` what a perfectly calibrated model of this size would show.
    """
    values = test.X[_SPEND].fillna(0.0).clip(lower=0.0).to_numpy() if _SPEND in test.X else None
    # Starting a process takes longer than the figures of a small shop.
    found = Parallel(n_jobs=jobs if len(test) >= _ROWS_WORTH_PROCESSES else 1)(
        delayed(_with_interval)(name, test.churned, logodds, test.snapshots, test.customers, draws, seed)
        for name in _FIGURES
    )
    figures = dict(zip(_FIGURES, found, strict=True))
    if values is not None:

        def captured(rows: NDArray[np.intp]) -> float:
            y, worth = test.churned[rows], values[rows]
            return value_at_risk_captured(y, sigmoid(logodds[rows]) * worth, worth, _capacity(y))

        low, high = bootstrap_interval(captured, test.customers, draws, seed)
        figures["value_captured_at_10pct"] = {"value": captured(np.arange(len(test))), "low": low, "high": high}
    shifted = shift_per_group(test.churned, logodds, test.snapshots)
    for name, z in {"calibration_error": logodds, "calibration_error_of_shape": shifted}.items():
        perfect = calibration.calibration_error_if_perfect(sigmoid(z), seed=seed)
        figures[f"{name}_if_perfect"] = {"value": perfect, "low": perfect, "high": perfect}
    return figures


def _with_interval(
    name: str,
    churned: Floats,
    logodds: Floats,
    snapshots: NDArray[Any],
    customers: NDArray[np.int64],
    draws: int,
    seed: int,
) -> dict[str, float]:
    compute = _FIGURES[name]

    def of(rows: NDArray[np.intp]) -> float:
        return compute(churned[rows], logodds[rows], snapshots[rows])

    low, high = bootstrap_interval(of, customers, draws, seed)
    return {"value": compute(churned, logodds, snapshots), "low": low, "high": high}


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
    "calibration_error_of_shape": lambda y, z, days: calibration.calibration_error(
        y, sigmoid(shift_per_group(y, z, days))
    ),
    "expected_maximum_profit": lambda y, z, days: expected_maximum_profit(y, z).profit,
    "lift_at_10pct": lambda y, z, days: metrics.lift_at(y, z, _capacity(y)),
    "precision_at_10pct": lambda y, z, days: metrics.precision_at(y, z, _capacity(y)),
}
