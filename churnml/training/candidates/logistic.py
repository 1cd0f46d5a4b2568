"""Logistic regressions on a few logarithms: the recency rule and RFM."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from churnml.statistics.logodds import Floats
from churnml.training.candidates.base import Candidate, FitSettings, select, write_json
from churnml.training.frame import TrainingFrame

_FILE = "logistic.json"
_WEAK = 100.0
_NO_SPREAD = 1e-9


class LogLogistic(Candidate):
    """Logistic regression on standardised ``log(1 + x)`` of a few features, with one intercept per snapshot.

    Nulls take the training mean, so that they contribute nothing. The intercepts of the snapshots are almost
    unpenalised and dropped after the fit: they are the level.
    """

    columns: ClassVar[tuple[str, ...]]

    def __init__(self) -> None:
        self.means: Floats = np.zeros(len(self.columns))
        self.weights: Floats = np.zeros(len(self.columns))

    @classmethod
    def suits(cls, features: Sequence[str]) -> bool:
        """Tell whether all its columns are there."""
        return set(cls.columns) <= set(features)

    def fit(self, frame: TrainingFrame, settings: FitSettings) -> Self:
        """Fit by penalised maximum likelihood (L2 of strength 1 on the standardised columns)."""
        logs = self._logs(frame.X)
        there = np.isfinite(logs)
        self.means = np.where(there, logs, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        centred = np.nan_to_num(logs - self.means)
        spreads = centred.std(axis=0)
        # The mean of a constant is rounded, so that its spread may be 1e-16; such a column gets no weight.
        spreads[spreads < _NO_SPREAD] = np.inf
        levels = (frame.snapshots[:, None] == frame.days[None, :]).astype(np.float64) * _WEAK
        model = LogisticRegression(C=1.0, fit_intercept=False, solver="newton-cholesky", max_iter=1_000, tol=1e-8)
        # One thread: the result keeps its last bits, and a busy machine does not slow it down.
        with threadpool_limits(1):
            model.fit(np.hstack([centred / spreads, levels]), frame.churned)
        self.weights = model.coef_[0, : len(self.columns)] / spreads
        return self

    def logodds(self, X: pd.DataFrame) -> Floats:
        """Add up weight times distance from the mean."""
        return np.nan_to_num(self._logs(X) - self.means) @ self.weights

    def contributions(self, X: pd.DataFrame) -> tuple[float, Floats]:
        """Give each column's own summand: for a linear model with independent columns these are the SHAP values."""
        values = np.zeros(X.shape)
        values[:, X.columns.get_indexer(pd.Index(self.columns))] = (
            np.nan_to_num(self._logs(X) - self.means) * self.weights
        )
        return 0.0, values

    def save(self, folder: Path) -> None:
        """Write columns, means and weights as JSON."""
        content = {"columns": self.columns, "means": self.means.tolist(), "weights": self.weights.tolist()}
        write_json(folder / _FILE, content)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read means and weights."""
        content = json.loads((folder / _FILE).read_text(encoding="utf-8"))
        model = cls()
        model.means = np.array(content["means"], dtype=np.float64)
        model.weights = np.array(content["weights"], dtype=np.float64)
        shapes = {model.means.shape, model.weights.shape}
        if content["columns"] != list(cls.columns) or shapes != {(len(cls.columns),)}:
            raise ValueError(f"{_FILE} does not hold one mean and one weight for each of {', '.join(cls.columns)}")
        return model

    def _logs(self, X: pd.DataFrame) -> Floats:
        return np.log1p(np.clip(select(X, self.columns), 0.0, None))


class RecencyRule(LogLogistic):
    """The calibrated recency rule: the longer since the last order, the more likely she has left."""

    name = "recency_rule"
    title = "recency rule"
    columns = ("days_since_last_order",)


class RfmLogistic(LogLogistic):
    """Recency, frequency and monetary value, as most shops look at their customers."""

    name = "rfm_logistic"
    title = "RFM logistic"
    columns = ("days_since_last_order", "orders_365d", "amount_sum_365d")
