"""The figures of a recipe on the gate, each with its interval."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.models.rows import TrainingFrame
from churnml.models.segments import Segment
from churnml.statistics import calibration, metrics
from churnml.statistics.auroc_interval import auroc_interval
from churnml.statistics.bootstrap import bootstrap_intervals, clustered_mean
from churnml.statistics.logodds import Floats, sigmoid
from churnml.statistics.profit import expected_maximum_profit, value_at_risk_captured
from churnml.statistics.shifts import shift_per_group

_CAPACITY_SHARE = 0.1
_OF_SEGMENTS = ("segment", "rows", "predicted", "churned", "difference", "low", "high", "auroc", "shape_loss")
SPEND = "amount_sum_365d"
"""Feature by which customers are weighed where no value is known."""
_ROWS_WORTH_PROCESSES = 50_000


def compute_figures(
    test: TrainingFrame, logodds: Floats, draws: int, seed: int, jobs: int = 1
) -> dict[str, dict[str, float]]:
    """Compute the figures of predictions on the gate rows.

    Parameters
    ----------
    test : TrainingFrame
        Labelled rows of the gate.
    logodds : array of float, shape (rows,)
        Predicted log-odds with their level.
    draws, seed : int
        Number of bootstrap draws of whole customers for the 95 % intervals, and their seed.
    jobs : int, optional
        Number of processes to compute intervals on; the result does not depend on them.

    Returns
    -------
    dict
        For each figure ``value``, ``low`` and ``high``; nan where it is not defined. The interval of ``auroc`` is that
        of `churnml.statistics.auroc_interval`, which holds on few customers too. ``auroc`` and ``shape_loss``
        compare customers of the same snapshot, the others look at all rows. ``lift_at_10pct`` and
        ``precision_at_10pct`` look at the tenth of the rows with the highest probability;
        ``value_captured_at_10pct`` at the tenth with the highest probability times spend of the last year (where that
        is a feature). ``calibration_error_of_shape`` is the calibration error after refitting the level of each
        snapshot, and each ``..._if_perfect`` what a perfectly calibrated model of this size would show.
    """
    # Draws keep the order of the rows, and what is sorted by prediction is sorted again in next to no time.
    order = np.argsort(-logodds, kind="stable")
    values = test.X[SPEND].fillna(0.0).clip(lower=0.0).to_numpy()[order] if SPEND in test.X else None
    # Processes are sent these columns, and not all features.
    y, z, days = test.churned[order], logodds[order], test.snapshots[order]

    def of(rows: NDArray[np.intp]) -> list[float]:
        worth = None if values is None else values[rows]
        return list(_figures(y[rows], z[rows], days[rows], worth).values())

    found = _figures(y, z, days, values)
    # Starting a process takes longer than the figures of a small shop.
    intervals = bootstrap_intervals(
        of, test.customers[order], draws, seed, jobs=jobs if len(test) >= _ROWS_WORTH_PROCESSES else 1
    )
    low, high = auroc_interval(y, z, days, test.customers[order])
    figures = {"auroc": {"value": metrics.auroc_within(y, z, days), "low": low, "high": high}}
    for (name, value), (low, high) in zip(found.items(), intervals, strict=True):
        figures[name] = {"value": value, "low": float(low), "high": float(high)}
    shifted = shift_per_group(test.churned, logodds, test.snapshots)
    for name, levelled in {"calibration_error": logodds, "calibration_error_of_shape": shifted}.items():
        perfect = calibration.calibration_error_if_perfect(sigmoid(levelled), seed=seed)
        figures[f"{name}_if_perfect"] = {"value": perfect, "low": perfect, "high": perfect}
    return figures


def compute_untreated_figures(
    test: TrainingFrame, logodds: Floats, draws: int, seed: int, jobs: int = 1
) -> dict[str, Any] | None:
    """Compute the figures on the customers to whom nothing was sent in the window.

    Who was sent something and stayed may have stayed because of it: they are not taken for safe, and here left out.

    Parameters
    ----------
    test : TrainingFrame
        Labelled rows of the gate.
    logodds : array of float, shape (rows,)
        Predicted log-odds with their level.
    draws, seed : int
        Number of bootstrap draws of whole customers for the 95 % intervals, and their seed.
    jobs : int, optional
        Number of processes to compute intervals on; the result does not depend on them.

    Returns
    -------
    dict or None
        ``rows`` and ``treated`` (counts of all, and of those left out), their ``treated_churn_rate`` and
        ``untreated_churn_rate``, and ``figures``. None where nobody was treated, or where the others do not hold both
        outcomes.
    """
    if test.treated is None or not test.treated.any():
        return None
    without = ~test.treated
    rest = dataclasses.replace(test, X=test.X[[name for name in (SPEND,) if name in test.X]]).take(without)
    if len(np.unique(rest.churned)) < 2:
        return None
    return {
        "rows": len(test),
        "treated": int(test.treated.sum()),
        "treated_churn_rate": float(test.churned[test.treated].mean()),
        "untreated_churn_rate": float(rest.churned.mean()),
        "figures": compute_figures(rest, logodds[without], draws, seed, jobs),
    }


def _figures(y: Floats, z: Floats, days: NDArray[Any], values: Floats | None) -> dict[str, float]:
    """Compute the figures of some rows whose intervals are drawn."""
    p, shifted = sigmoid(z), shift_per_group(y, z, days)
    slope, intercept = calibration.calibration_slope_intercept(y, z)
    found = {
        "average_precision": metrics.average_precision(y, z),
        "shape_loss": metrics.log_loss(y, shifted),
        "log_loss": metrics.log_loss(y, z),
        "brier_skill": metrics.brier_skill(y, p),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "calibration_error": calibration.calibration_error(y, p),
        "calibration_error_of_shape": calibration.calibration_error(y, sigmoid(shifted)),
        "expected_maximum_profit": expected_maximum_profit(y, z).profit,
        "lift_at_10pct": metrics.lift_at(y, z, tenth_of(y)),
        "precision_at_10pct": metrics.precision_at(y, z, tenth_of(y)),
    }
    if values is not None:
        found["value_captured_at_10pct"] = value_at_risk_captured(y, p * values, values, tenth_of(y))
    return found


def tenth_of(rows: Floats) -> int:
    """Count the tenth of rows that is taken for the capacity of a retention team; at least one."""
    return max(1, round(len(rows) * _CAPACITY_SHARE))


def segment_figures(test: TrainingFrame, logodds: Floats, segments: Sequence[Segment]) -> pd.DataFrame:
    """Compare predictions with outcomes, segment by segment.

    Parameters
    ----------
    test : TrainingFrame
        Labelled rows that are judged.
    logodds : array of float, shape (rows,)
        Predicted log-odds whose level was refitted, so that what differs is the segment's own.
    segments : sequence of Segment
        Segments to look at.

    Returns
    -------
    pandas DataFrame
        A row per segment with members: ``segment``, ``rows``, ``predicted`` (mean probability), ``churned`` (share),
        ``difference`` (churned minus predicted), and ``low`` and ``high``, its 95 % interval clustered by customer;
        ``auroc`` within snapshots and ``shape_loss``, nan where one outcome is missing.
    """
    found = []
    probability = sigmoid(logodds)
    for segment in segments:
        rows = segment.members(test.X)
        if not rows.any():
            continue
        difference, error = clustered_mean(test.churned[rows] - probability[rows], test.customers[rows])
        found.append(
            {
                "segment": segment.name,
                "rows": int(rows.sum()),
                "predicted": float(probability[rows].mean()),
                "churned": float(test.churned[rows].mean()),
                "difference": difference,
                "low": difference - 1.96 * error,
                "high": difference + 1.96 * error,
                "auroc": metrics.auroc_within(test.churned[rows], logodds[rows], test.snapshots[rows]),
                "shape_loss": metrics.shape_loss(test.churned[rows], logodds[rows], test.snapshots[rows])
                if len(np.unique(test.churned[rows])) > 1
                else float("nan"),
            }
        )
    return pd.DataFrame(found, columns=list(_OF_SEGMENTS))
