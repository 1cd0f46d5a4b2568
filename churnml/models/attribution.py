"""Attribution: SHAP values of trees, the only file that asks shap and woodelf."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml import plots
from churnml.statistics.logodds import Floats

if TYPE_CHECKING:
    import lightgbm
    import shap
    from matplotlib.axes import Axes

_SAMPLE = 50
_FEW = 2_000  # rows for which woodelf's tables of all leaves take longer than shap
_TOLERANCE = 1e-5  # of a value
_SUM_TOLERANCE = 3e-6  # of a row: a calibration slope of 3 leaves it below 1e-5
_BATCH = 100_000  # each batch builds the tables of all leaves once more, which takes seconds


def tree_contributions(booster: lightgbm.Booster, X: pd.DataFrame) -> tuple[float, Floats]:
    """Compute the path-dependent SHAP values of a LightGBM model.

    The values are those of Lundberg et al. (2020), "From local explanations to global understanding with explainable
    AI for trees". woodelf computes those of many rows faster than ``shap.TreeExplainer``, but with fewer digits: its
    error grows with the number of trees. So shap is asked for few rows, for a sample of many, for the rows where
    woodelf's values do not add up, and for all rows where the sample differs. What rounding leaves of a row's sum, at
    most 3e-6, is spread over its values, so that they add up exactly.

    Parameters
    ----------
    booster : LightGBM Booster
        Model without categorical splits.
    X : pandas DataFrame, shape (rows, features)
        Features in the model's order; null is missing.

    Returns
    -------
    base : float
        Base value in log-odds.
    values : array of float, shape (rows, features)
        SHAP values in log-odds; with the base value they add up to the raw prediction.

    Raises
    ------
    ArithmeticError
        Where even shap's values miss the raw prediction by more than 3e-6.
    """
    with warnings.catch_warnings():
        # shap and woodelf warn at import about libraries that they use.
        warnings.simplefilter("ignore")
        import shap
        from woodelf import WoodelfExplainer

        exact = shap.TreeExplainer(booster)

        def ask_shap(rows: NDArray[np.intp]) -> Floats:
            return np.asarray(exact.shap_values(X.iloc[rows]), dtype=np.float64).reshape(len(rows), X.shape[1])

        base = float(np.ravel(exact.expected_value)[-1])
        if not len(X):
            return base, np.empty(X.shape)
        raw = np.asarray(booster.predict(X.to_numpy(dtype=np.float64), raw_score=True))
        if len(X) <= _FEW:
            values = ask_shap(np.arange(len(X)))
        else:
            fast = WoodelfExplainer(booster)
            values = np.vstack(
                [
                    np.asarray(fast.shap_values(X.iloc[start : start + _BATCH], verbose=False), dtype=np.float64)
                    for start in range(0, len(X), _BATCH)
                ]
            )
            off = np.abs(base + values.sum(axis=1) - raw) > _SUM_TOLERANCE
            sample = np.linspace(0, len(X) - 1, _SAMPLE).astype(int)
            if _largest(values[sample] - ask_shap(sample)) > _TOLERANCE:
                off[:] = True
            if off.any():
                values[off] = ask_shap(np.flatnonzero(off))
    worst = _largest(base + values.sum(axis=1) - raw)
    if worst > _SUM_TOLERANCE:
        raise ArithmeticError(f"SHAP values miss the log-odds by {worst:.2g}, more than {_SUM_TOLERANCE:g}.")
    for start in range(0, len(X), _BATCH):
        part = slice(start, start + _BATCH)
        _spread(values[part], raw[part] - base)
    return base, values


def sum_concepts(contributions: pd.DataFrame, concept_of: Mapping[str, str]) -> pd.DataFrame:
    """Add up SHAP values per concept.

    Parameters
    ----------
    contributions : pandas DataFrame
        SHAP values in log-odds, a column per feature.
    concept_of : mapping of str to str
        Concept of each feature.

    Returns
    -------
    pandas DataFrame
        A column per concept, in order of first appearance; the rows add up to the same.
    """
    concepts = [concept_of[name] for name in contributions.columns]
    summed = {
        concept: contributions.to_numpy()[:, [other == concept for other in concepts]].sum(axis=1)
        for concept in dict.fromkeys(concepts)
    }
    return pd.DataFrame(summed, index=contributions.index)


def explanation(base: float, values: pd.DataFrame, X: pd.DataFrame) -> shap.Explanation:
    """Convert SHAP values to the form that shap's own plots take.

    Parameters
    ----------
    base : float
        Log-odds before any feature is looked at, as from `Model.contributions`.
    values : pandas DataFrame
        SHAP values in log-odds, a column per feature, as from `Model.contributions`.
    X : pandas DataFrame
        Features that the values belong to, same index; other columns are left out.

    Returns
    -------
    SHAP Explanation
        SHAP values with the features' own values and names.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

    names = list(values.columns)
    return shap.Explanation(
        values=values.to_numpy(),
        base_values=np.full(len(values), base),
        data=X[names].to_numpy(dtype=np.float64),
        feature_names=names,
    )


def plot_beeswarm(explained: shap.Explanation, ax: Axes | None = None, features: int = 15) -> Axes:
    """Draw shap's beeswarm: a dot per row and feature, by its SHAP value and in the colour of the feature's value.

    Parameters
    ----------
    explained : SHAP Explanation
        SHAP values, as from `explanation`; at least one row.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.
    features : int, optional
        Number of features that are drawn, the heaviest on top.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    with warnings.catch_warnings():
        # Of a feature without any value shap takes percentiles all the same.
        warnings.simplefilter("ignore")
        import shap

        shown = min(features, len(explained.feature_names))
        ax = ax if ax is not None else plots.new_axes(9.0, 1.5 + 0.4 * shown)
        # shap stirs its dots with NumPy's global generator: seeded here, and left as it was.
        state = np.random.get_state()  # noqa: NPY002
        np.random.seed(0)  # noqa: NPY002
        try:
            shap.plots.beeswarm(
                explained,
                max_display=features,
                ax=ax,
                show=False,
                plot_size=None,
                color_bar_label="Feature value (grey: none)",
                # Their sum would stand in the colours of one of them.
                group_remaining_features=False,
            )
        finally:
            np.random.set_state(state)  # noqa: NPY002
    ax.set_title(f"What the model looks at: {shown} of {len(explained.feature_names)} features")
    ax.set_xlabel("← towards staying        SHAP value (log-odds)        towards leaving →", fontsize=11)
    ax.tick_params(axis="y", labelsize=10)
    return ax


def _spread(values: Floats, sums: Floats) -> None:
    """Spread what rounding left of each row's sum over its values, by their size."""
    sizes = np.abs(values)
    shares = sizes / np.maximum(sizes.sum(axis=1, keepdims=True), np.finfo(np.float64).tiny)
    values += shares * (sums - values.sum(axis=1))[:, None]


def _largest(differences: Floats) -> float:
    return float(np.abs(differences).max(initial=0.0))
