"""The card of a training: what its steps found, put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churnml.models.card import Card
from churnml.plain import plain
from churnml.training.choose.selection import Choice
from churnml.training.judge.gate import Verdict, shipped
from churnml.training.rows.study import Study


def make_card(study: Study, choice: Choice, verdict: Verdict, found: Mapping[str, Any]) -> Card:
    """Put together what a training found, but for the level, which is assumed when the model is fitted.

    Parameters
    ----------
    study : Study
        Labelled rows and settings of the training.
    choice : Choice
        Candidate and recipe that were chosen.
    verdict : Verdict
        Verdict of the gate.
    found : mapping of str to object
        Findings on the rows of the gate, by the card's own names.
    """
    recipe, _ = shipped(choice, verdict)
    told: dict[str, Any] = plain(
        {
            "as_of": study.as_of.isoformat(),
            "definition": study.definition.model_dump(),
            "rows": len(study.frame),
            "base_rates": study.base_rates.to_dict("records"),
            "forward": study.plan.forward,
            "folds": [fold.name for fold in study.plan.choice],
            "gate": study.plan.gate_name,
            "comparison": choice.comparison.to_dict("records"),
            "verdict": verdict.to_card().to_json(),
            **found,
            "candidate": recipe.candidate,
            "slope": recipe.slope,
            "recipe": recipe.to_card().to_json(),
            **study.origin,
        }
    )
    return Card.from_json(told)
