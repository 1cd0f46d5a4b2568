"""What a training found, and what to say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from churnml.models.card import Card
from churnml.models.model import Model
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import Floats
from churnml.training.choose.predictions import Predictions
from churnml.training.judge.gate import Verdict
from churnml.words import Language, for_count, words
from churnml.words.findings import say_finding, say_learning, say_level, say_listed, say_value, say_verdict
from churnml.words.names import name_of
from churnml.words.numbers import number_writer, write_decimal, write_percent

_DIGITS = 4


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
        return self.say_verdict("en")

    def say_verdict(self, language: Language) -> str:
        """Say the gate's verdict, the champion of before included."""
        return say_verdict(self.verdict.to_card(), language, self.verdict.champion_ahead)


def summarise(training: Training, language: Language = "en") -> list[str]:
    """Summarise in a few lines what a training found.

    Parameters
    ----------
    training : Training
        Findings of a training.
    language : str, optional
        Language of the lines; days are written as commands take them.
    """
    t, rates, card = words(language)["training"], training.base_rates, training.card
    lines = [
        for_count(t["rows"], len(rates), language).format(
            rows=_whole(len(training.frame), language),
            snapshots=_whole(len(rates), language),
            first=rates.snapshot_date.iloc[0],
            last=rates.snapshot_date.iloc[-1],
            least=write_percent(rates.churn_rate.min(), language),
            most=write_percent(rates.churn_rate.max(), language),
        )
    ]
    lines += [
        t["finding"].format(finding=say_finding(finding, language))
        for finding in card.data_gate
        if finding.grade == "warn"
    ]
    lines += [_say_candidate(row, language) for row in training.comparison.itertuples()]
    folds = _whole(len(card.folds), language)
    lines.append(t["forward"].format(folds=folds, gate=card.gate) if card.forward else t["apart"])
    ends = {"": "value", "_low": "low", "_high": "high"}
    figures = {
        f"{name}{end}": write_decimal(training.figures[figure][part], _DIGITS, language)
        for name, figure in (("auroc", "auroc"), ("loss", "shape_loss"))
        for end, part in ends.items()
    }
    lines.append(t["gate"].format(**figures))
    if card.listed:
        lines.append(say_listed(card.listed, language))
    if card.learning:
        lines.append(say_learning(card.learning, language))
    if card.level:
        lines.append(say_level(card.level, language))
    if training.model is not None:
        lines.append(say_value(card.value, language))
    lines.append(training.say_verdict(language))
    return lines


def _say_candidate(row: Any, language: Language) -> str:
    """Say how a candidate did on the folds; its row is one of the comparison."""
    t = words(language)["training"]
    mark = t["chosen"]
    if not row.chosen:
        behind = write_decimal(row.behind, _DIGITS, language, signed=True)
        mark = t["behind"].format(behind=behind, error=write_decimal(row.behind_error, _DIGITS, language))
    return str(
        t["candidate"].format(
            candidate=name_of("candidate", row.candidate, language),
            loss=write_decimal(row.shape_loss, _DIGITS, language),
            auroc=write_decimal(row.auroc, _DIGITS, language),
            mark=mark,
        )
    )


def _whole(number: int, language: Language) -> str:
    return number_writer("number", language, form="number")(number)
