"""An effect grown from trees: LightGBM's, on doubly robust scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from churnml.models.boosters import train, write_booster
from churnml.models.effect import TreeEffect
from churnml.statistics.logodds import Floats

_MOST_TREES = 200
_SMALLEST_LEAF = 0.01  # share of the rows: scores scatter far more than effects do
_HALVES = 2


def grow_effect(scores: Floats, X: pd.DataFrame, share: Floats) -> tuple[float, TreeEffect]:
    """Grow shallow trees on scores, as many as serve customers kept apart best.

    The number is found on two halves of the rows, every other one, each half predicted by trees that were grown on the
    other; then that many are grown on all rows (the doubly robust learner of Kennedy 2023, "Towards optimal doubly
    robust estimation of heterogeneous causal effects", Electronic Journal of Statistics 17).

    Parameters
    ----------
    scores : array of float, shape (n,)
        Doubly robust scores of the effect.
    X : pandas DataFrame, shape (n, columns)
        Features, and the columns that the risk model gives.
    share : array of float, shape (n,)
        Weight of each row, 1 on average.

    Returns
    -------
    tuple of float and TreeEffect
        Weighted mean squared error on the halves, and the effect.
    """
    import lightgbm

    parameters = _parameters(len(scores))
    data = lightgbm.Dataset(X.to_numpy(dtype=np.float64), scores, weight=share, params=parameters)
    halves = [np.flatnonzero(np.arange(len(scores)) % _HALVES == half).tolist() for half in range(_HALVES)]
    errors = np.zeros(_MOST_TREES)
    for half in range(_HALVES):
        told: dict[str, dict[str, list[float]]] = {}
        train(
            parameters,
            data.subset(halves[1 - half]),
            _MOST_TREES,
            valid_sets=[data.subset(halves[half])],
            valid_names=["half"],
            callbacks=[lightgbm.record_evaluation(told)],
        )
        of_half = np.array(told["half"]["l2"])
        errors += np.pad(of_half, (0, _MOST_TREES - len(of_half)), mode="edge") / _HALVES
    trees = int(errors.argmin()) + 1
    text = write_booster(train(parameters, data, trees))
    return float(errors[trees - 1]), TreeEffect(columns=tuple(X.columns), trees=text)


def _parameters(rows: int) -> dict[str, Any]:
    return {
        "objective": "regression",
        "metric": "l2",
        "learning_rate": 0.05,
        "num_leaves": 8,
        "min_child_samples": round(_SMALLEST_LEAF * rows),
        "feature_fraction": 0.4,
        "deterministic": True,
        "force_col_wise": True,
        "feature_pre_filter": False,  # the halves share one dataset
        "num_threads": 1,
        "seed": 0,
        "verbosity": -1,
    }
