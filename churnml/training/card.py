"""The card: all that a training found, in short, as JSON-ready values that ship with the model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from churnml.definition import ChurnDefinition
from churnml.plain import plain
from churnml.training.choose.recipe import Recipe
from churnml.training.judge.gate import Verdict
from churnml.training.rows.folds import Plan


def make_card(
    *,
    definition: ChurnDefinition,
    as_of: date,
    rows: int,
    base_rates: pd.DataFrame,
    plan: Plan,
    comparison: pd.DataFrame,
    verdict: Verdict,
    figures: Mapping[str, Any],
    reliability: pd.DataFrame,
    gains: pd.DataFrame,
    untreated: Mapping[str, Any] | None,
    segments: pd.DataFrame,
    shipped: Recipe,
    origin: Mapping[str, Any],
) -> dict[str, Any]:
    """Put together what a training found; ``origin`` goes in as it is.

    What ships does not depend on what shipped before, so the verdict is told without the champion.
    """
    told = dataclasses.asdict(verdict)
    card: dict[str, Any] = plain(
        {
            "as_of": as_of.isoformat(),
            "definition": definition.model_dump(),
            "rows": rows,
            "base_rates": base_rates.to_dict("records"),
            "forward": plan.forward,
            "folds": [fold.name for fold in plan.choice],
            "gate": plan.gate_name,
            "comparison": comparison.to_dict("records"),
            "verdict": {key: told[key] for key in told if "champion" not in key and key != "replaces"},
            "figures": figures,
            "reliability": reliability.to_dict("records"),
            "gains": gains.to_dict("records"),
            "untreated": untreated,
            "segments": segments.to_dict("records"),
            "candidate": shipped.candidate,
            "slope": shipped.slope,
            "recipe": shipped.to_card(),
            **origin,
        }
    )
    return card
