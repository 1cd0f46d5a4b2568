"""What a training found, and what to say of it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from churnml.models.card import Card
from churnml.models.model import Model
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import Floats
from churnml.training.choose.predictions import Predictions
from churnml.training.judge.gate import Verdict
from churnml.words.findings import say_finding, say_level, say_value, say_verdict
from churnml.words.names import name_of

LEVEL_NOT_TESTED = (
    "The history is too short for forward folds: candidates were compared on customers kept apart, and the level not "
    "tested forward."
)


@dataclass(frozen=True)
class Training:
    """All that a training found, for the tracker and the model card.

    Attributes
    ----------
    frame : TrainingFrame
        Labelled rows.
    base_rates : pandas DataFrame
        Number of customers and churn rate per snapshot.
    comparison : pandas DataFrame
        Candidates by shape loss on the folds, as from `churnml.training.choose.choice.compare`.
    predictions : Predictions
        Out-of-fold predictions of the candidates.
    gate_rows : TrainingFrame
        Labelled rows of the gate.
    gate_logodds : array of float
        Predictions of the gate's rows by the recipe that ships (the chosen one where none does), with the level that it
        assumed.
    figures : dict of str to dict of str to float
        Figures on the gate, as from `churnml.training.judge.figures.compute_figures`.
    verdict : Verdict
        Verdict of the gate.
    model : Model or None
        Recipe refitted on all labelled snapshots; None without skill.
    card : Card
        Summary of all that, in codes and numbers.
    """

    frame: TrainingFrame
    base_rates: pd.DataFrame
    comparison: pd.DataFrame
    predictions: Predictions
    gate_rows: TrainingFrame
    gate_logodds: Floats
    figures: dict[str, dict[str, float]]
    verdict: Verdict
    model: Model | None
    card: Card

    @property
    def verdict_sentence(self) -> str:
        """The gate's verdict in English, the champion of before included."""
        return say_verdict(self.verdict.to_card(), "en", self.verdict.champion_ahead)


def summarise(training: Training) -> list[str]:
    """Summarise in a few lines what a training found."""
    rates, card = training.base_rates, training.card
    lines = [
        f"{len(training.frame):,} rows of {len(rates)} snapshots, {rates.snapshot_date.iloc[0]} to "
        f"{rates.snapshot_date.iloc[-1]}; between {rates.churn_rate.min():.0%} and {rates.churn_rate.max():.0%} left."
    ]
    lines += [f"Data: {say_finding(finding, 'en')}" for finding in card.data_gate if finding.grade == "warn"]
    for row in training.comparison.itertuples():
        mark = "chosen" if row.chosen else f"{row.behind:+.4f} ± {row.behind_error:.4f} behind the best"
        name = name_of("candidate", row.candidate, "en")
        lines.append(f"{name}: shape loss {row.shape_loss:.4f}, AUROC {row.auroc:.4f} ({mark})")
    lines.append(f"Folds: {len(card.folds)}, looking forward; gate: {card.gate}." if card.forward else LEVEL_NOT_TESTED)
    auroc, shape = training.figures["auroc"], training.figures["shape_loss"]
    lines.append(
        f"At the gate: AUROC {auroc['value']:.4f} ({auroc['low']:.4f} to {auroc['high']:.4f}), "
        f"shape loss {shape['value']:.4f} ({shape['low']:.4f} to {shape['high']:.4f})."
    )
    if card.level:
        lines.append(say_level(card.level, "en"))
    lines += [say_value(card.value, "en"), training.verdict_sentence]
    return lines
