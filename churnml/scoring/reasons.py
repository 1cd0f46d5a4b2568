"""Reasons: SHAP values summed per concept, said in sentences with the customer's own numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.features.registry import LEVEL, concept_of, family_of
from churnml.features.registry import feature as feature_of
from churnml.features.sentences import Language, write
from churnml.training.attribution import sum_concepts

REASONS = 3


@dataclass(frozen=True)
class Reason:
    """One reason of one customer.

    Attributes
    ----------
    concept
        What it is about.
    sentence
        The fact, with her own numbers; it goes with leaving and is not its cause.
    feature
        The feature that speaks.
    weight
        Sum of the SHAP values of all features of the concept, in log-odds.
    """

    concept: str
    sentence: str
    feature: str
    weight: float


def find_reasons(
    X: pd.DataFrame,
    contributions: pd.DataFrame,
    language: Language,
    currency: str | None,
    min_weight: float,
) -> list[list[Reason]]:
    """Find up to three reasons for every customer.

    A concept is a reason where its weight towards leaving is at least ``min_weight`` and one of its features has
    something true to say on its telling side of the shop's median: a headline if there is one, otherwise the feature
    that weighs most towards leaving. Concepts that one can act on come first, then the heavier ones.

    Parameters
    ----------
    X
        Features of the customers.
    contributions
        Their SHAP values in log-odds, same index, a column per feature of the model.
    language, currency
        How sentences are written.
    min_weight
        Least weight of a concept, in log-odds.

    Returns
    -------
    list of list of Reason
        For each row of ``X`` zero to three reasons.
    """
    # The shop's level is the same for all, and no reason of hers.
    names = [name for name in contributions.columns if family_of(name).name != LEVEL]
    contributions = contributions[names]
    telling = _on_telling_side(X[names])
    pushes = contributions.to_numpy()
    concepts = sum_concepts(contributions)
    weights = concepts.to_numpy()
    actionable = np.array([_actionable(concept, names) for concept in concepts.columns])
    members = [
        [position for position, name in enumerate(names) if concept_of(name) == concept] for concept in concepts.columns
    ]
    places = [feature_of(name).headline for name in names]
    headlines = [
        sorted((position for position in group if places[position]), key=lambda position: places[position] or 0)
        for group in members
    ]
    # Sorted once for all rows: what one can act on first, then by weight.
    order = np.lexsort((-weights, np.broadcast_to(~actionable, weights.shape)), axis=1)
    columns, numbers = list(X.columns), X.to_numpy()
    found: list[list[Reason]] = []
    for row in range(len(X)):
        values: dict[str, float] | None = None
        reasons: list[Reason] = []
        for concept in order[row]:
            if len(reasons) == REASONS:
                break
            if weights[row, concept] < min_weight:
                continue
            values = values if values is not None else dict(zip(columns, numbers[row], strict=True))
            by_weight = sorted(
                (position for position in members[concept] if pushes[row, position] > 0),
                key=lambda position: -pushes[row, position],
            )
            for position in [*headlines[concept], *by_weight]:
                sentence = write(names[position], values, language, currency) if telling[row, position] else None
                if sentence is not None:
                    weight = float(weights[row, concept])
                    reasons.append(Reason(concepts.columns[concept], sentence, names[position], weight))
                    break
        found.append(reasons)
    return found


def _actionable(concept: str, names: list[str]) -> bool:
    return any(family_of(name).actionable for name in names if concept_of(name) == concept)


def _on_telling_side(X: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell where a value lies on the side of the shop's median that its feature says is a reason; median included."""
    medians = X.median().to_numpy()
    tells = np.array([feature_of(name).tells for name in X.columns])
    values = X.to_numpy()
    with np.errstate(invalid="ignore"):
        return np.where(tells == "high", values >= medians, (tells == "any") | (values <= medians))
