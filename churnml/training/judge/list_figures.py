"""The figures of those whom a list is made of: who is to save, and who would have been listed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.analytics.lifecycle import PACE, against_own_pace
from churnml.analytics.risk_groups import TO_SAVE, groups_of
from churnml.models.rows import TrainingFrame
from churnml.statistics import metrics
from churnml.statistics.auroc_interval import auroc_interval
from churnml.statistics.bootstrap import clustered_mean
from churnml.statistics.logodds import Floats, sigmoid
from churnml.training.judge.figures import SPEND
from churnml.training.rows.study import Study


def compute_list_figures(study: Study, logodds: Floats) -> dict[str, Any] | None:
    """Hold predictions against outcomes among those to save, and on the list that they would have made.

    On the list of a gate's day are the first of those to save, by probability times spend of the last year, up to the
    capacity: consent, cool-down and holdout of that day are not looked at.

    Parameters
    ----------
    study : Study
        Labelled rows and settings, the capacity and the least probability of a list among them.
    logodds : array of float, shape (rows,)
        Predictions of the gate's rows, with the level that was assumed.

    Returns
    -------
    dict or None
        ``to_save`` and ``listed``; see `churnml.models.card.ListFigures`. None where the pace is no feature, or nobody
        was to save.
    """
    rows = study.gate_rows
    if not set(PACE) <= set(rows.X.columns):
        return None
    probability = sigmoid(logodds)
    frame = pd.DataFrame({"churn_probability": probability}, index=rows.X.index)
    group = groups_of(frame, against_own_pace(rows.X, study.definition), study.definition, study.scoring)
    to_save = (group == TO_SAVE).to_numpy()
    if not to_save.any():
        return None
    listed = _first(rows, to_save, probability, study.scoring.capacity)
    return {name: _figures(rows, logodds, of) for name, of in (("to_save", to_save), ("listed", listed))}


def _first(rows: TrainingFrame, to_save: NDArray[np.bool_], probability: Floats, capacity: int) -> NDArray[np.bool_]:
    """Return who would have been on the list of each day."""
    worth = probability * rows.X[SPEND].fillna(0.0).to_numpy() if SPEND in rows.X else probability
    order = pd.DataFrame({"day": rows.snapshots, "worth": worth, "customer": rows.customers})[to_save]
    order = order.sort_values(["day", "worth", "customer"], ascending=[True, False, True])
    listed = np.zeros(len(rows), dtype=bool)
    listed[order.groupby("day").head(capacity).index.to_numpy()] = True
    return listed


def _figures(rows: TrainingFrame, logodds: Floats, of: NDArray[np.bool_]) -> dict[str, Any]:
    y, z, days, customers = rows.churned[of], logodds[of], rows.snapshots[of], rows.customers[of]
    difference, error = clustered_mean(y - sigmoid(z), customers)
    auroc = None
    if len(np.unique(y)) == 2:
        low, high = auroc_interval(y, z, days, customers)
        auroc = {"value": metrics.auroc_within(y, z, days), "low": low, "high": high}
    return {
        "rows": int(of.sum()),
        "predicted": float(sigmoid(z).mean()),
        "churned": float(y.mean()),
        "low": difference - 1.96 * error if np.isfinite(error) else None,
        "high": difference + 1.96 * error if np.isfinite(error) else None,
        "auroc": auroc,
    }
