"""Reasons: what weighs for a customer, concept by concept, said in sentences with the customer's own numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnml.features.sentences import Sentences
from churnml.scoring.reason_weights import Places, Weigher
from churnml.statistics.logodds import Floats

REASONS = 3
STAYING = 2


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of one customer.

    Attributes
    ----------
    concept : str
        Concept that the reason is about.
    sentence : str
        Fact with the customer's own numbers; it is linked to leaving (or staying) and is not its cause.
    feature : str
        Name of the feature that speaks.
    weight : float
        Weight in log-odds: what the facts of the concept add against customers of whom they are not true; negative
        where they speak for staying. See `Weigher`.
    """

    concept: str
    sentence: str
    feature: str
    weight: float


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one customer.

    Attributes
    ----------
    leaving : tuple of Reason
        Reasons to leave, at most three, as they are shown: those that one can act on first, then the heavier ones.
    staying : tuple of Reason
        Reasons to stay, at most two, the heaviest first.
    """

    leaving: tuple[Reason, ...]
    staying: tuple[Reason, ...]


class ReasonWriter:
    """Finds the reasons of customers and writes them.

    What a concept weighs, when that is above the shop's noise, and which feature speaks for it, says ``Weigher``. Of
    the reasons to leave, those that one can act on come first, then the heavier ones.

    Parameters
    ----------
    X : pandas DataFrame
        Features of the population, or of those of it of whom there are contributions.
    sentences : Sentences
        Sentences of the features.
    min_weight : float
        Least weight in log-odds: a concept that weighs less for most of those to whom it happened is noise in this
        shop.
    contributions : pandas DataFrame, optional
        SHAP values in log-odds of some rows of ``X``, such as 20,000 drawn from all, to know what is usual in this
        shop; None takes SHAP values as they are.
    medians : pandas Series, optional
        Medians of the features of the population; None takes those of ``X``.
    """

    def __init__(
        self,
        X: pd.DataFrame,
        sentences: Sentences,
        min_weight: float,
        contributions: pd.DataFrame | None = None,
        medians: pd.Series | None = None,
    ) -> None:
        self._sentences = sentences
        self._leaving = Weigher(X, contributions, sentences, min_weight, "leaving", medians)
        self._staying = Weigher(X, contributions, sentences, min_weight, "staying", medians)

    def to_json(self) -> dict[str, dict[str, object]]:
        """Return what is usual in the shop: medians of features, mean SHAP values, and least weights of concepts."""
        return {"leaving": self._leaving.to_json(), "staying": self._staying.to_json()}

    def write(self, X: pd.DataFrame, contributions: pd.DataFrame) -> list[Told]:
        """Write the reasons of customers of the population.

        Parameters
        ----------
        X : pandas DataFrame
            Features of the customers.
        contributions : pandas DataFrame
            SHAP values of the customers in log-odds, same index, a column per feature of the model.

        Returns
        -------
        list of Told
            Texts of each row, which depend on no other row.
        """
        leaving = self.write_leaving(X, contributions)
        weights, speakers = self._staying.weigh(X, contributions)
        shown = np.lexsort((-weights, speakers < 0), axis=1)[:, :STAYING]
        staying = self._reasons(X, self._staying, -weights, speakers, shown)
        return [Told(*both) for both in zip(leaving, staying, strict=True)]

    def write_leaving(self, X: pd.DataFrame, contributions: pd.DataFrame) -> list[tuple[Reason, ...]]:
        """Write the reasons of customers to leave alone; see ``write``."""
        weights, speakers = self._leaving.weigh(X, contributions)
        # What nobody speaks for comes last.
        later = np.broadcast_to(~self._leaving.actionable, weights.shape)
        shown = np.lexsort((-weights, later, speakers < 0), axis=1)[:, :REASONS]
        return self._reasons(X, self._leaving, weights, speakers, shown)

    def _reasons(
        self, X: pd.DataFrame, weigher: Weigher, weights: Floats, speakers: Places, shown: Places
    ) -> list[tuple[Reason, ...]]:
        """Write the reasons of one side that are shown, feature by feature."""
        weights, speakers = np.take_along_axis(weights, shown, axis=1), np.take_along_axis(speakers, shown, axis=1)
        reasons = np.full(shown.shape, None, dtype=object)
        for at in np.unique(speakers[speakers >= 0]):
            name, (rows, places) = weigher.names[at], np.nonzero(speakers == at)
            concept = weigher.concepts[shown[rows[0], places[0]]]
            said = self._sentences.write_all(name, X.iloc[rows])
            reasons[rows, places] = [
                Reason(concept, sentence, name, weight)
                for sentence, weight in zip(said, weights[rows, places].tolist(), strict=True)
            ]
        return [tuple(reason for reason in row if reason is not None) for row in reasons.tolist()]
