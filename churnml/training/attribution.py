"""Attribution: SHAP values of trees, the only file that asks shap and woodelf."""

from __future__ import annotations

import warnings

import lightgbm
import numpy as np
import pandas as pd

from churnml.statistics.logodds import Floats

_SAMPLE = 50
_TOLERANCE = 1e-5
_BATCH = 50_000


def tree_contributions(booster: lightgbm.Booster, X: pd.DataFrame) -> tuple[float, Floats]:
    """Compute the path-dependent SHAP values of a LightGBM model.

    The values are those of Lundberg et al. (2020), "From local explanations to global understanding with explainable
    AI for trees"; they are computed by woodelf, which is faster than ``shap.TreeExplainer``, and compared with shap's
    on a sample in every call.

    Parameters
    ----------
    booster
        The model, without categorical splits.
    X
        Features in the model's order, shape (rows, features); null is missing.

    Returns
    -------
    tuple[float, NDArray[np.float64]]
        Base value and values, shape (rows, features), in log-odds; together they add up to the raw prediction.

    Raises
    ------
    ArithmeticError
        Where the two ways of computing differ by more than 1e-5, or the values do not add up.
    """
    with warnings.catch_warnings():
        # shap and woodelf warn at import about libraries that they use.
        warnings.simplefilter("ignore")
        import shap
        from woodelf import WoodelfExplainer

        sample = X.iloc[np.unique(np.linspace(0, len(X) - 1, _SAMPLE).astype(int))] if len(X) else X
        reference = shap.TreeExplainer(booster)
        expected = np.asarray(reference.shap_values(sample), dtype=np.float64).reshape(len(sample), X.shape[1])
        base = float(np.ravel(reference.expected_value)[-1])
        explainer = WoodelfExplainer(booster)
        parts = [
            np.asarray(explainer.shap_values(X.iloc[start : start + _BATCH], verbose=False), dtype=np.float64)
            for start in range(0, len(X), _BATCH)
        ]
    values = np.vstack(parts) if parts else np.empty(X.shape)
    at_sample = values[X.index.get_indexer(sample.index)]
    raw = np.asarray(booster.predict(X.to_numpy(dtype=np.float64), raw_score=True))
    worst = max(_largest(at_sample - expected), _largest(base + values.sum(axis=1) - raw))
    if worst > _TOLERANCE:
        raise ArithmeticError(f"SHAP values of this model are off by {worst:.2g}, more than {_TOLERANCE:g}.")
    return base, values


def _largest(differences: Floats) -> float:
    return float(np.abs(differences).max(initial=0.0))
