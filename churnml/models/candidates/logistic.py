"""Logistic regressions on a few columns: the recency rule, BG/NBD and RFM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from scipy.linalg import cholesky, solve_triangular
from scipy.optimize import minimize

from churnml.models.candidates.base import Candidate, FitSettings, select, write_json
from churnml.models.plain_files import parse_json
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import EXTREME_LOGODDS, Floats, add_up, logit, sigmoid, softplus
from churnml.statistics.one_thread import one_thread

_WEAK = 100.0
_NO_SPREAD = 1e-9
_CURVATURE_ROWS = 15_000
_TOLERANCE = 1e-6  # of a slope, where a step of 1 changes the loss by about a half
_MAX_STEPS = 500
_MEMORY = 20


def fit_weights(columns: Floats, frame: TrainingFrame, variance: float) -> Floats:
    """Fit a logistic regression with one intercept per snapshot, and drop the intercepts: they are the level.

    The penalised likelihood is maximised by L-BFGS on coordinates in which its curvature at the start, taken from about
    15,000 rows, is one: some ten passes over the rows, where Newton's method takes the square of the columns in each.

    Parameters
    ----------
    columns : array of float, shape (rows, columns)
        Centred columns.
    frame : TrainingFrame
        Outcomes, snapshots and weights of the same rows.
    variance : float
        Variance of the normal prior of each weight on its standardised column (L2 penalty ``weight^2 / 2 / variance``).

    Returns
    -------
    array of float
        Log-odds per unit of each column, shape (columns,); 0 for a constant one.
    """
    spreads = columns.std(axis=0)
    # The mean of a constant is rounded, so that its spread may be 1e-16; such a column gets no weight.
    spreads[spreads < _NO_SPREAD] = np.inf
    # Prior variance 1 for weights on columns that are scaled down is the same as a smaller one on these.
    scale = np.sqrt(variance) / spreads
    days = frame.days
    design = np.empty((len(columns), columns.shape[1] + len(days)), order="F")
    np.multiply(columns, scale, out=design[:, : columns.shape[1]])
    for position, day in enumerate(days, columns.shape[1]):
        design[:, position] = np.where(frame.snapshots == day, _WEAK, 0.0)
    counts = np.ones(len(frame)) if frame.weights is None else frame.weights
    sign = 1.0 - 2.0 * frame.churned
    # One thread: the result keeps its last bits, and a busy machine does not slow it down.
    with one_thread():
        root = _root_of_curvature(design, frame.churned, counts)

        def loss(coordinates: Floats) -> tuple[float, Floats]:
            weights = solve_triangular(root, coordinates, lower=True, trans=1)
            z = design @ weights
            value = (counts * softplus(sign * z)).sum() + 0.5 * (weights @ weights)
            slope = design.T @ (counts * (sigmoid(z) - frame.churned)) + weights
            return float(value), solve_triangular(root, slope, lower=True)

        options = {"gtol": _TOLERANCE, "ftol": 0.0, "maxiter": _MAX_STEPS, "maxcor": _MEMORY}
        start = np.zeros(design.shape[1])
        solved: Any = minimize(  # type: ignore[call-overload]  # the stubs know one shape of arrays only
            loss, start, jac=True, method="L-BFGS-B", options=options
        )
        weights: Floats = solve_triangular(root, solved.x, lower=True, trans=1)[: columns.shape[1]] * scale
    return weights


def _root_of_curvature(design: Floats, churned: Floats, counts: Floats) -> Floats:
    """Return the Cholesky factor of the curvature where all weights are 0 and the level is the mean rate."""
    rate = float(np.average(churned, weights=counts))
    every = max(1, len(design) // _CURVATURE_ROWS)
    rows = design[::every]
    curvature = (rows.T * (every * rate * (1 - rate) * counts[::every])) @ rows
    curvature[np.diag_indices_from(curvature)] += 1.0
    root: Floats = cholesky(curvature, lower=True, overwrite_a=True)
    return root


class FewColumns(Candidate):
    """Logistic regression on a transform of a few features, with one intercept per snapshot.

    Nulls take the training mean, so that they contribute nothing.
    """

    columns: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self.means: Floats = np.zeros(len(self.columns))
        self.weights: Floats = np.zeros(len(self.columns))

    @staticmethod
    def transform(values: Floats) -> Floats:
        """Return ``log(1 + x)``, x floored at 0."""
        return np.log1p(np.clip(values, 0.0, None))

    @classmethod
    def suits(cls, features: Sequence[str]) -> bool:
        """Check whether all its columns are there."""
        return set(cls.columns) <= set(features)

    def learn(self, frame: TrainingFrame, settings: FitSettings) -> Self:
        """Fit by penalised maximum likelihood (L2 of strength 1 on the standardised columns)."""
        values = self.transform(select(frame.X, self.columns))
        there = np.isfinite(values)
        self.means = np.where(there, values, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        self.weights = fit_weights(np.nan_to_num(values - self.means), frame, variance=1.0)
        return self

    def free_logodds(self, X: pd.DataFrame) -> Floats:
        """Add up weight times distance from the mean."""
        return add_up(self._centred(X) * self.weights)

    def free_contributions(self, X: pd.DataFrame) -> tuple[float, Floats]:
        """Return each column's own summand: for a linear model with independent columns these are the SHAP values."""
        values = np.zeros(X.shape)
        values[:, X.columns.get_indexer(pd.Index(self.columns))] = self._centred(X) * self.weights
        return 0.0, values

    def save(self, folder: Path) -> None:
        """Write columns, means and weights as JSON."""
        content = {"columns": self.columns, "means": self.means.tolist(), "weights": self.weights.tolist()}
        write_json(folder / f"{self.name}.json", content)

    @property
    def files(self) -> set[str]:
        """The file of its name."""
        return {f"{self.name}.json"}

    @property
    def reads(self) -> Sequence[str]:
        """Its columns."""
        return self.columns

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        """Read means and weights."""
        file = f"{cls.name}.json"
        content = parse_json(files[file])
        model = cls()
        model.means = np.array(content["means"], dtype=np.float64)
        model.weights = np.array(content["weights"], dtype=np.float64)
        shapes = {model.means.shape, model.weights.shape}
        if content["columns"] != list(cls.columns) or shapes != {(len(cls.columns),)}:
            raise ValueError(f"{file} does not hold one mean and one weight for each of {', '.join(cls.columns)}")
        return model

    def _centred(self, X: pd.DataFrame) -> Floats:
        return np.nan_to_num(self.transform(select(X, self.columns)) - self.means)


class RecencyRule(FewColumns):
    """The calibrated recency rule: the longer since the last order, the more likely they have left."""

    name = "recency_rule"
    columns = ("days_since_last_order",)


class BgNbd(FewColumns):
    """BG/NBD: the log-odds of no order in the horizon by each customer's own dates of orders, times one factor."""

    name = "bg_nbd"
    columns = ("btyd_no_order_probability",)

    @staticmethod
    def transform(values: Floats) -> Floats:
        """Return log-odds, at most 30 from 0."""
        return np.clip(logit(values), -EXTREME_LOGODDS, EXTREME_LOGODDS)


class RfmLogistic(FewColumns):
    """Recency, frequency and monetary value, as most shops look at their customers."""

    name = "rfm_logistic"
    columns = ("days_since_last_order", "orders_365d", "amount_sum_365d")
