"""Explaining a whole population in bounded memory: reasons and concept weights, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnml.features.sentences import Sentences
from churnml.models.attribution import sum_concepts
from churnml.models.model import Model
from churnml.scoring.reasons import REASONS, ReasonWriter, Told

_BATCH = 25_000
_DRAWN = 20_000


@dataclass(frozen=True)
class Explained:
    """What a model says of a population.

    Attributes
    ----------
    base : float
        Log-odds before any feature is looked at.
    reasons : pandas DataFrame
        Reasons of every customer as text: ``reason_1``, ``reason_1_concept``, ..., null where there is none.
    weights : pandas DataFrame
        Weight of every concept for every customer in log-odds (float32).
    contributions : pandas DataFrame or None
        SHAP values of every customer in log-odds; None of more than 20,000, for which they would take much memory.
    """

    base: float
    reasons: pd.DataFrame
    weights: pd.DataFrame
    contributions: pd.DataFrame | None


def make_writer(model: Model, X: pd.DataFrame, sentences: Sentences, min_weight: float) -> ReasonWriter:
    """Make the writer of the reasons of a population; what reasons usually weigh is learned from some of it.

    Parameters
    ----------
    model : Model
        Model whose SHAP values are explained.
    X : pandas DataFrame
        Features of all customers.
    sentences : Sentences
        Sentences of the features.
    min_weight : float
        Least weight of a reason, in log-odds.
    """
    return ReasonWriter(X, sentences, min_weight, model.contributions(_drawn(X))[1])


def explain_all(
    model: Model, X: pd.DataFrame, sentences: Sentences, min_weight: float
) -> tuple[Explained, ReasonWriter]:
    """Explain every customer, and give the writer of their reasons; see `make_writer` for the parameters.

    SHAP values exist for one batch at a time only, and those of so few that all are learned from are computed once.
    """
    drawn = _drawn(X)
    base, contributions = model.contributions(drawn)
    writer = ReasonWriter(X, sentences, min_weight, contributions)
    kept = contributions if len(drawn) == len(X) else None
    reasons, weights = [], []
    for start in range(0, len(X), _BATCH):
        rows = X.iloc[start : start + _BATCH]
        if kept is None:
            base, contributions = model.contributions(rows)
        weights.append(sum_concepts(contributions, model.concepts).astype(np.float32))
        reasons.append(_columns(writer.write(rows, contributions), rows.index))
    return Explained(base, pd.concat(reasons), pd.concat(weights), kept), writer


def _drawn(X: pd.DataFrame) -> pd.DataFrame:
    return X.iloc[:: -(-len(X) // _DRAWN)]


def _columns(told: list[Told], index: pd.Index) -> pd.DataFrame:
    columns = {}
    for place in range(REASONS):
        found = [each.leaving[place] if len(each.leaving) > place else None for each in told]
        name = f"reason_{place + 1}"
        columns[name] = pd.array([None if reason is None else reason.sentence for reason in found], dtype="str")
        columns[f"{name}_concept"] = pd.array([None if reason is None else reason.concept for reason in found], "str")
    return pd.DataFrame(columns, index=index)
