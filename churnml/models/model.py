"""The model: a function of one feature row, additive in log-odds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from churnml.definition import ChurnDefinition
from churnml.errors import ModelError
from churnml.features.description import Description
from churnml.models.candidates import Candidate
from churnml.models.card import Card
from churnml.models.profile import Profile
from churnml.models.segments import Segment, calibrated
from churnml.models.value import LearnedValue
from churnml.statistics.logodds import Floats, logit, sigmoid
from churnml.words.findings import say_level, say_verdict
from churnml.words.names import name_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEAST_RATE = 1e-4


@dataclass(frozen=True, repr=False)
class Model:
    """A trained model: ``log-odds = level + slope * candidate(features) + offsets of the customer's segments``.

    Where the level follows the shop's own, ``logodds(level_feature) - level_reference`` is added: 0 on the day up to
    which it was trained.

    Attributes
    ----------
    candidate : Candidate
        Fitted candidate: the shape of the risk.
    slope : float
        Factor on the candidate's log-odds from the calibration; 1 leaves them as they are.
    level : float
        Log-odds that are added to all rows.
    definition : ChurnDefinition
        Definition of leaving, which scoring uses.
    features : tuple of Description
        Descriptions of the features, in order.
    as_of : date
        Day at which the training's data ends: nothing on or after it was seen.
    card : Card
        Data, folds, comparison, verdict and figures of the training, in codes and numbers.
    version : str
        Hash of the artefact's files; empty before it is saved.
    segments : tuple of Segment
        Segments with an offset.
    level_feature : str or None
        Name of the feature of the snapshot that the level follows; None leaves the level as it is.
    level_reference : float
        Log-odds of that feature on ``as_of``.
    value : LearnedValue or None
        What a customer is worth who stays and who leaves; None leaves it to the simple rule.
    profile : Profile or None
        How the rows that it was trained on were spread; None in artefacts of before monitoring.
    """

    candidate: Candidate
    slope: float
    level: float
    definition: ChurnDefinition
    features: tuple[Description, ...]
    as_of: date
    card: Card
    version: str = ""
    segments: tuple[Segment, ...] = ()
    level_feature: str | None = None
    level_reference: float = 0.0
    value: LearnedValue | None = None
    profile: Profile | None = None

    def __repr__(self) -> str:
        name = name_of("candidate", self.candidate.name, "en")
        lines = [
            f"Model {self.version or 'without a version'}: {name}, {self.definition.kind} within "
            f"{self.definition.horizon_days} days, learnt from what was known on {self.as_of}.",
            say_verdict(self.card.verdict, "en"),
            say_level(self.card.level, "en") if self.card.level else "",
        ]
        return "\n".join(filter(None, lines))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Names of the features, in order."""
        return tuple(feature.name for feature in self.features)

    @property
    def concepts(self) -> dict[str, str]:
        """What reasons of each feature are about, by its name."""
        return {feature.name: feature.concept or feature.name for feature in self.features}

    @property
    def comparison(self) -> pd.DataFrame:
        """Candidates by shape loss on the folds, ``behind`` the best of them, with the standard error of that."""
        return pd.DataFrame([one.to_json() for one in self.card.comparison])

    @property
    def base_rates(self) -> pd.DataFrame:
        """``snapshot_date, customers, churned, churn_rate`` of every snapshot that it was learnt from."""
        table = pd.DataFrame([one.to_json() for one in self.card.base_rates])
        return table.assign(snapshot_date=pd.to_datetime(table["snapshot_date"]))

    @property
    def figures(self) -> pd.DataFrame:
        """Figures at the gate: ``value``, and ``low`` and ``high`` of their 95 % interval, by name."""
        figures = {name: figure.to_json() for name, figure in self.card.figures.items()}
        return pd.DataFrame.from_dict(figures, orient="index").rename_axis("figure")

    def learning_curve(self) -> pd.DataFrame:
        """Show what half of the customers teach, as the training found it.

        `churnml.learning_curve` computes more points of it on demand.

        Returns
        -------
        pandas DataFrame
            The columns of `churnml.learning_curve`, with a row for half of the customers and one for all; no rows
            where the card does not tell.
        """
        known = self.card.learning
        columns = ["fewer", "part", "rows", "customers", "shape_loss", "behind", "behind_error"]
        if known is None:
            return pd.DataFrame(columns=columns)
        lost = known.shape_loss + known.behind
        half = ("customers", 0.5, known.half_rows, known.half_customers, lost, known.behind, known.behind_error)
        every = ("customers", np.nan, known.rows, known.customers, known.shape_loss, 0.0, 0.0)
        return pd.DataFrame([half, every], columns=columns)

    def plot_base_rates(self, ax: Axes | None = None) -> Axes:
        """Draw the churn rate of every snapshot that it was learnt from."""
        from churnml.plots import plot_base_rates  # a served model draws nothing

        return plot_base_rates(self.base_rates, ax)

    def plot_gains(self, ax: Axes | None = None) -> Axes:
        """Draw which share of the leaving customers a list of a given length finds, as at the gate."""
        from churnml.plots import plot_gains

        return plot_gains(pd.DataFrame([one.to_json() for one in self.card.gains]), ax)

    def plot_reliability(self, ax: Axes | None = None) -> Axes:
        """Draw predicted probability against what happened, as at the gate."""
        from churnml.plots import plot_reliability

        return plot_reliability(pd.DataFrame([one.to_json() for one in self.card.reliability]), ax)

    def predict_logodds(self, X: pd.DataFrame) -> Floats:
        """Predict log-odds of leaving, shape (rows,).

        Raises
        ------
        ModelError
            Where features are missing.
        """
        return self.predict_at_level(X) + self.moved_level(X)

    def predict_at_level(self, X: pd.DataFrame) -> Floats:
        """Predict log-odds of leaving at the level of the training, shape (rows,), wherever the shop's level is now.

        Raises
        ------
        ModelError
            Where features are missing.
        """
        ordered = self._ordered(X)
        shape = calibrated(self.candidate.logodds(ordered), ordered, self.slope, self.segments)
        return self.level + shape

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
        base : float
            Base value in log-odds.
        values : pandas DataFrame
            SHAP values in log-odds with the index of ``X`` and the model's features as columns. Base plus a row's
            values is its log-odds within 1e-5.

        Raises
        ------
        ArithmeticError
            Where they do not add up.
        """
        base, values, _ = self.explained(X)
        return base, values

    def explained(self, X: pd.DataFrame) -> tuple[float, pd.DataFrame, Floats]:
        """Split the log-odds as ``contributions`` does, and return them, shape (rows,), as well."""
        ordered = self._ordered(X)
        base, values = self.candidate.contributions(ordered)
        base, values = self.level + self.slope * base, self.slope * values
        for segment in self.segments:
            values[:, self.names.index(segment.feature)] += segment.offset * segment.members(ordered)
        if self.level_feature is not None:
            values[:, self.names.index(self.level_feature)] += self.moved_level(ordered)
        logodds = self.predict_logodds(ordered)
        off = np.abs(base + values.sum(axis=1) - logodds).max(initial=0.0)
        if off > 1e-5:
            raise ArithmeticError(f"SHAP values do not add up to the log-odds: off by {off:.2g}.")
        return base, pd.DataFrame(values, index=X.index, columns=list(self.names)), logodds

    def select(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the model's features of labelled rows, in order; the level that it follows is null in them."""
        return X.reindex(columns=list(self.names))

    def moved_level(self, X: pd.DataFrame) -> Floats:
        """Return the log-odds by which the shop's level moved since the training, shape (rows,); 0 where not known."""
        if self.level_feature is None:
            return np.zeros(len(X))
        rates = X[self.level_feature].to_numpy(dtype=np.float64)
        return np.where(np.isfinite(rates), level_logodds(rates) - self.level_reference, 0.0)

    def _ordered(self, X: pd.DataFrame) -> pd.DataFrame:
        missing = [name for name in self.names if name not in X.columns]
        if missing:
            raise ModelError(
                f"The model needs features that are not there: {', '.join(missing[:5])}"
                f"{', ...' if len(missing) > 5 else ''}. Bring the tables that it was trained on, or train again."
            )
        return X[list(self.names)]


def level_logodds(rates: ArrayLike) -> Floats:
    """Return the log-odds of churn rates, held within 0.01 % and 99.99 %: on some day nobody or everybody may leave."""
    return logit(np.clip(np.asarray(rates, dtype=np.float64), _LEAST_RATE, 1 - _LEAST_RATE))
