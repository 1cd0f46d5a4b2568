"""What moves the effect that a contact is expected to have on a customer, in sentences with their own numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnml.features.sentences import Sentences
from churnml.models.attribution import sum_concepts
from churnml.models.uplift import RISK, SPREAD, UpliftModel, with_risk
from churnml.words.uplift import say_effect, say_risk

_TOLD = 2


def explain_effects(
    uplift: UpliftModel, X: pd.DataFrame, churn_probability: pd.Series, sentences: Sentences
) -> dict[str, str]:
    """Say what effect is expected of a contact, and what moves it most, by customer.

    The effect is a sum over features, which are added up by concept; of a concept that feature speaks which moves the
    effect the same way and most, of those that have something to say.

    Parameters
    ----------
    uplift : UpliftModel
        Learned effect.
    X : pandas DataFrame
        Features of the customers, indexed by id: the effect's, and those that their sentences name.
    churn_probability : pandas Series
        Probability of leaving of the same customers, if left alone.
    sentences : Sentences
        Sentences of the features, in a language.

    Returns
    -------
    dict of str to str
        Sentences by id.
    """
    whole, columns, language = with_risk(X, churn_probability), list(uplift.effect.columns), sentences.language
    concept_of = {feature.name: feature.concept for feature in uplift.features} | {RISK: RISK, SPREAD: RISK}
    moved = uplift.effect.contributions(whole)
    speaks = [np.ones(len(X), bool) if concept_of[name] == RISK else sentences.speaks(name, X) for name in columns]
    by_concept = sum_concepts(pd.DataFrame(moved, X.index, columns), concept_of)
    weights, heaviest = by_concept.to_numpy(), np.argsort(-by_concept.abs().to_numpy(), axis=1, kind="stable")
    places = [[at for at, name in enumerate(columns) if concept_of[name] == concept] for concept in by_concept]
    told = {}
    for at, effect in enumerate(uplift.effect.predict(whole).tolist()):
        moves: list[tuple[str, float]] = []
        for concept in heaviest[at]:
            weight = float(weights[at, concept])
            along = {place: moved[at, place] * weight for place in places[concept] if speaks[place][at]}
            speaker = max(along, key=along.__getitem__, default=None)
            if speaker is not None and along[speaker] > 0:
                name, row = columns[speaker], whole.iloc[[at]]
                is_risk = concept_of[name] == RISK
                said = say_risk(row[RISK].iloc[0], language) if is_risk else sentences.write_all(name, row)[0]
                moves.append((said, weight))
            if len(moves) == _TOLD:
                break
        told[str(X.index[at])] = say_effect(effect, moves, language)
    return told
