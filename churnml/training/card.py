"""The card: all that a training found, in short, as JSON-ready values that ship with the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from churnml.plain import plain
from churnml.training.choose.selection import Choice
from churnml.training.judge.gate import Verdict, shipped
from churnml.training.rows.study import Study


def make_card(study: Study, choice: Choice, verdict: Verdict, found: Mapping[str, Any]) -> dict[str, Any]:
    """Make the card of a training: its findings as JSON-ready values.

    What ships does not depend on what shipped before, so the verdict is told without the champion.

    Parameters
    ----------
    study : Study
        Labelled rows and settings of the training.
    choice : Choice
        Candidate and recipe that were chosen.
    verdict : Verdict
        Verdict of the gate.
    found : mapping of str to object
        Findings on the rows of the gate; they go in as they are.
    """
    told, (recipe, _) = dataclasses.asdict(verdict), shipped(choice, verdict)
    card: dict[str, Any] = plain(
        {
            "as_of": study.as_of.isoformat(),
            "definition": study.definition.model_dump(),
            "rows": len(study.frame),
            "base_rates": study.base_rates.to_dict("records"),
            "forward": study.plan.forward,
            "folds": [fold.name for fold in study.plan.choice],
            "gate": study.plan.gate_name,
            "comparison": choice.comparison.to_dict("records"),
            "verdict": {key: told[key] for key in told if "champion" not in key and key != "replaces"},
            **found,
            "candidate": recipe.candidate,
            "slope": recipe.slope,
            "recipe": recipe.to_card(),
            **study.origin,
        }
    )
    return card
