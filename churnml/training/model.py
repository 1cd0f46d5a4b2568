"""The model: a function of one feature row, additive in log-odds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from churnml.definition import ChurnDefinition
from churnml.errors import ModelError
from churnml.statistics.logodds import Floats, sigmoid
from churnml.training.candidates import Candidate
from churnml.training.segments import Segment, membership


@dataclass(frozen=True)
class Model:
    """A trained model: ``log-odds = level + slope * candidate(features) + offsets of her segments``.

    Attributes
    ----------
    candidate
        The fitted candidate: the shape of the risk.
    slope
        Calibration factor; 1 leaves the candidate as it is.
    level
        Log-odds that are added to all rows.
    definition
        What counts as leaving; scoring uses it.
    features
        Names of the features, in order.
    as_of
        Nothing on or after this day was seen in training.
    card
        Data, folds, comparison, verdict and figures, as JSON-ready values.
    version
        Hash of the artefact's files; empty before it is saved.
    segments
        Segments with an offset.
    """

    candidate: Candidate
    slope: float
    level: float
    definition: ChurnDefinition
    features: tuple[str, ...]
    as_of: date
    card: dict[str, Any]
    version: str = ""
    segments: tuple[Segment, ...] = ()

    def predict_logodds(self, X: pd.DataFrame) -> Floats:
        """Predict log-odds of leaving, shape (rows,).

        Raises
        ------
        ModelError
            Where features are missing.
        """
        ordered = self._ordered(X)
        offsets = np.array([segment.offset for segment in self.segments])
        moved = membership(ordered, self.segments) @ offsets
        return np.asarray(self.level + self.slope * self.candidate.logodds(ordered) + moved, dtype=np.float64)

    def predict_proba(self, X: pd.DataFrame) -> Floats:
        """Predict the probability of leaving, shape (rows,).

        Raises
        ------
        ModelError
            Where features are missing.
        """
        return sigmoid(self.predict_logodds(X))

    def contributions(self, X: pd.DataFrame) -> tuple[float, pd.DataFrame]:
        """Split the log-odds into a base value and one SHAP value per feature.

        Returns
        -------
        tuple[float, pandas DataFrame]
            Base value, and values in log-odds with the index of ``X`` and the model's features as columns. Base plus
            a row's values is its log-odds within 1e-5.

        Raises
        ------
        ArithmeticError
            Where they do not add up.
        """
        ordered = self._ordered(X)
        base, values = self.candidate.contributions(ordered)
        base, values = self.level + self.slope * base, self.slope * values
        for segment in self.segments:
            values[:, self.features.index(segment.feature)] += segment.offset * segment.members(ordered)
        off = np.abs(base + values.sum(axis=1) - self.predict_logodds(ordered)).max(initial=0.0)
        if off > 1e-5:
            raise ArithmeticError(f"SHAP values do not add up to the log-odds: off by {off:.2g}.")
        return base, pd.DataFrame(values, index=X.index, columns=list(self.features))

    def _ordered(self, X: pd.DataFrame) -> pd.DataFrame:
        missing = [name for name in self.features if name not in X.columns]
        if missing:
            raise ModelError(
                f"The model needs features that are not there: {', '.join(missing[:5])}"
                f"{', ...' if len(missing) > 5 else ''}. Bring the tables that it was trained on, or train again."
            )
        return X[list(self.features)]
