"""Reasons: SHAP values summed per concept, said in sentences with the customer's own numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.features.registry import LEVEL, concept_of, family_of
from churnml.features.registry import feature as feature_of
from churnml.features.sentences import Language, speaks, write_all
from churnml.statistics.logodds import Floats
from churnml.training.attribution import sum_concepts

REASONS = 3
STAYING = 2
_BEFORE_ALL = 1e6  # more than any push in log-odds

Side = Literal["leaving", "staying"]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of one customer.

    Attributes
    ----------
    concept
        What it is about.
    sentence
        The fact, with her own numbers; it goes with leaving (or staying) and is not its cause.
    feature
        The feature that speaks.
    weight
        Sum of the SHAP values of all features of the concept, in log-odds; negative where it speaks for staying.
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
    leaving
        At most three reasons, as they are shown: those that one can act on first, then the heavier ones.
    staying
        At most two that speak for her staying, the heaviest first.
    """

    leaving: tuple[Reason, ...]
    staying: tuple[Reason, ...]


class ReasonWriter:
    """Finds the reasons of customers and writes them.

    A concept is a reason to leave where its weight is at least ``min_weight`` and one of its features has something
    true to say on its telling side of the shop's median: a headline if there is one, otherwise the feature that weighs
    most towards leaving. Concepts that one can act on come first, then the heavier ones. What speaks for staying is
    told by features of which little speaks for leaving, where she has more than the median.

    Parameters
    ----------
    X
        Features of the whole population; their medians are taken once.
    language, currency
        How sentences are written.
    min_weight
        Least weight of a concept, in log-odds.
    """

    def __init__(self, X: pd.DataFrame, language: Language, currency: str | None, min_weight: float) -> None:
        self._language: Language = language
        self._currency = currency
        self._min_weight = min_weight
        self._medians = X.median()

    def write(self, X: pd.DataFrame, contributions: pd.DataFrame) -> list[Told]:
        """Write the reasons of customers of the population.

        Parameters
        ----------
        X
            Their features.
        contributions
            Their SHAP values in log-odds, same index, a column per feature of the model.

        Returns
        -------
        list of Told
            One per row; it depends on no other row.
        """
        # The shop's level is the same for all, and no reason of hers.
        names = [name for name in contributions.columns if family_of(name).name != LEVEL]
        summed = sum_concepts(contributions[names])
        pushes, weights = contributions[names].to_numpy(dtype=np.float64), summed.to_numpy()
        actionable = np.array([_actionable(concept, names) for concept in summed.columns], dtype=np.bool_)
        leaving = self._speakers(X, names, pushes, summed, "leaving")
        staying = self._speakers(X, names, -pushes, -summed, "staying")
        # What nobody speaks for comes last, and is told apart by its speaker.
        first = np.lexsort((-weights, np.broadcast_to(~actionable, weights.shape), leaving < 0), axis=1)[:, :REASONS]
        heaviest = np.lexsort((weights, staying < 0), axis=1)[:, :STAYING]
        both = [self._reasons(X, names, summed, *side) for side in ((first, leaving), (heaviest, staying))]
        return [Told(*told) for told in zip(*both, strict=True)]

    def _speakers(self, X: pd.DataFrame, names: list[str], pushes: Floats, summed: pd.DataFrame, side: Side) -> Places:
        """Choose the feature that speaks for each concept, shape (rows, concepts); -1 where none does."""
        weights = summed.to_numpy()
        speakers = np.full(weights.shape, -1)
        for column, concept in enumerate(summed.columns):
            rows = np.flatnonzero(weights[:, column] >= self._min_weight)
            members = [at for at, name in enumerate(names) if concept_of(name) == concept]
            if not len(rows) or not members:
                continue
            turns = np.column_stack([self._turns(X.iloc[rows], names[at], pushes[rows, at], side) for at in members])
            best = turns.argmin(axis=1)
            speakers[rows, column] = np.where(np.isfinite(turns.min(axis=1)), np.array(members)[best], -1)
        return speakers

    def _turns(self, X: pd.DataFrame, name: str, push: Floats, side: Side) -> Floats:
        """Give when a feature may speak, least first: headlines by their place, then by their push; inf is never."""
        headline = feature_of(name).headline if side == "leaving" else None
        turn = np.full(len(X), headline - _BEFORE_ALL) if headline else np.where(push > 0, -push, np.inf)
        may = np.isfinite(turn)
        may[may] = self._on_telling_side(name, X[name].to_numpy(dtype=np.float64)[may], side)
        may[may] = speaks(name, X.iloc[may])
        return np.where(may, turn, np.inf)

    def _on_telling_side(self, name: str, values: Floats, side: Side) -> NDArray[np.bool_]:
        """Tell where a value lies on that side of the shop's median that speaks for leaving, or for staying."""
        tells, median = feature_of(name).tells, self._medians[name]
        with np.errstate(invalid="ignore"):
            if side == "staying":
                return np.asarray((tells == "low") & (values > median))
            return np.asarray(values >= median if tells == "high" else (tells == "any") | (values <= median))

    def _reasons(
        self, X: pd.DataFrame, names: list[str], summed: pd.DataFrame, chosen: Places, speakers: Places
    ) -> list[tuple[Reason, ...]]:
        """Write one side of all rows, feature by feature."""
        spoken = np.take_along_axis(speakers, chosen, axis=1)
        weight = np.take_along_axis(summed.to_numpy(), chosen, axis=1)
        reasons = np.full(chosen.shape, None, dtype=object)
        for at in np.unique(spoken[spoken >= 0]):
            rows, places = np.nonzero(spoken == at)
            concept = concept_of(names[at])
            sentences = write_all(names[at], X.iloc[rows], self._language, self._currency)
            reasons[rows, places] = [
                Reason(concept, sentence, names[at], own)
                for sentence, own in zip(sentences, weight[rows, places].tolist(), strict=True)
            ]
        return [tuple(filter(None, row)) for row in reasons.tolist()]


def _actionable(concept: str, names: list[str]) -> bool:
    return any(family_of(name).actionable for name in names if concept_of(name) == concept)
