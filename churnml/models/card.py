"""The card: all that a training found, in codes and numbers, as it ships with the model.

It holds no sentences: ``churnml.words.findings`` says its codes in a language. Null is what is not known. A card of an
earlier format is brought up to date by ``churnml.models.upgrade``.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from churnml.definition import ChurnDefinition

Decision = Literal["model", "rule", "no skill"]
Because = Literal["beats both", "beats chance alone", "rule as good", "rule chosen", "nothing tells"]
LevelKind = Literal["none", "trailing", "last_year"]
Grade = Literal["pass", "warn", "fail"]
Asked = Literal[
    "snapshots", "churned", "kept", "eligible", "missing", "history", "stale", "last day", "gaps", "jumps", "odd weeks"
]
"""What the data gate looks at."""
Number = int | float
"""A number that stays whole where it is."""

_MOST_NAMED = 3


def _is_none(value: object) -> bool:
    return value is None


class _Part(BaseModel):
    """A part of the card: its keys and their types are these, and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Read what ``to_json`` gave.

        Raises
        ------
        ValueError
            Where a key is not known or missing, or a value is not of its type; the first of them are named.
        """
        try:
            return cls.model_validate_json(json.dumps(values, allow_nan=False))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            named = [f"{'.'.join(map(str, ('card', *one['loc'])))}: {one['msg']}" for one in found[:_MOST_NAMED]]
            raise ValueError("; ".join(named + ["..."] * (len(found) > _MOST_NAMED))) from error

    def to_json(self) -> dict[str, Any]:
        """Give the part as JSON-ready values."""
        return self.model_dump(mode="json")


class BaseRate(_Part):
    """The customers of a snapshot, and how many of them left."""

    snapshot_date: date
    customers: int
    churned: int
    churn_rate: float


class Compared(_Part):
    """A candidate on the folds; see ``churnml.training.choose.choice.compare``."""

    candidate: str
    shape_loss: float | None
    auroc: float | None
    behind: float | None
    behind_error: float | None
    against_chance: float | None
    against_chance_error: float | None
    chosen: bool


class VerdictPart(_Part):
    """What the gate found, the champion of before apart; see ``churnml.training.judge.gate.Verdict``.

    Attributes
    ----------
    because, chosen
        The codes that ``say_verdict`` says; None in a card of before format 4.
    said
        The English sentence of such a card instead of them.
    """

    decision: Decision
    against_chance: float | None
    against_chance_error: float | None
    against_rule: float | None
    against_rule_error: float | None
    because: Because | None = None
    chosen: str | None = None
    skill: float | None
    simple_auroc: dict[str, float | None] | None = None
    simple_tells: bool = False
    said: str | None = Field(None, exclude_if=_is_none)


class LevelPart(_Part):
    """The churn rate that is assumed; see ``churnml.training.judge.level.Level``.

    Attributes
    ----------
    logodds
        What is added to the log-odds of the calibrated candidate, so that the assumed rate comes out.
    day, newest_day
        None in cards of early format 3.
    said
        The English sentence of such a card.
    """

    day: date | None
    kind: LevelKind
    rate: float
    low: float
    high: float
    spread: float
    newest: float
    newest_day: date | None
    last_year: float | None
    last_year_day: date | None
    tested_forward: bool
    logodds: float
    said: str | None = Field(None, exclude_if=_is_none)


class Figure(_Part):
    """A figure at the gate, with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None


class Untreated(_Part):
    """Figures on the customers who were sent nothing; see ``judge.figures.compute_untreated_figures``."""

    rows: int
    treated: int
    treated_churn_rate: float
    untreated_churn_rate: float
    figures: dict[str, Figure]


class SegmentFigures(_Part):
    """Predictions held against outcomes in a segment; see ``judge.figures.segment_figures``."""

    segment: str
    rows: int
    predicted: float
    churned: float
    difference: float | None
    low: float | None
    high: float | None
    auroc: float | None
    shape_loss: float | None


class ReliabilityBin(_Part):
    """Predicted and observed in a bin; see ``churnml.statistics.calibration.reliability_table``."""

    bin: int
    customers: int
    mean_predicted: float | None
    churned_share: float | None
    low: float | None
    high: float | None


class GainsPoint(_Part):
    """What a list of a length finds; see ``churnml.statistics.metrics.gains_table``."""

    customers: int
    contacted_share: float
    captured_share: float | None
    best_share: float | None
    precision: float | None
    lift: float | None


class Finding(_Part):
    """One question that the data gate asked of the data; ``churnml.words.findings.say_finding`` says it.

    Attributes
    ----------
    grade
        ``pass``, ``warn`` or ``fail``.
    name
        What was looked at.
    number, bound
        What was found, and from where on it is in order, in the unit that the sentence names.
    count
        How many there are of what was found, where ``number`` is that of the worst.
    details
        What else the sentence needs, by name; days are ISO text.
    examples
        The worst of what was found, each with its values by name.
    said
        The English sentence of a card of before format 5 instead of them.
    """

    grade: Grade
    name: Asked
    number: Number
    bound: Number
    count: int | None = None
    details: dict[str, Number | str] = {}
    examples: tuple[dict[str, Number | str], ...] = ()
    said: str | None = Field(None, exclude_if=_is_none)


class SegmentPart(_Part):
    """A segment of the recipe; see ``churnml.models.segments.Segment``."""

    name: str
    feature: str
    low: Number | None
    high: Number | None
    offset: float


class RecipePart(_Part):
    """How the model was made; see ``churnml.training.choose.recipe.Recipe``."""

    features: tuple[str, ...]
    candidate: str
    fade_days: int | None
    newest: int | None
    every: int
    trees: int | None
    weights: dict[str, float]
    params: dict[str, bool | Number | str | None]
    slope: float
    segments: tuple[SegmentPart, ...]


class Card(_Part):
    """What a training found.

    Attributes
    ----------
    version
        The version of the card's keys.
    as_of
        Nothing on or after this day was seen.
    definition
        What counts as leaving.
    rows
        Labelled rows.
    base_rates
        The snapshots that they lie on.
    forward
        Whether folds look forward in time; otherwise they are customers kept apart.
    folds, gate
        Names of the folds and of the gate: the days of their snapshots, or which customers.
    comparison
        The candidates on the folds.
    verdict, figures, reliability, gains, untreated, segments
        What the gate found; ``untreated`` is None where nobody was sent anything.
    candidate, slope, recipe
        What ships (what was chosen, where nothing does).
    first_day, data_fingerprint, data_gate
        The data that was learnt from: its first day, a hash of its tables, and what was found in it.
    level
        The level that is assumed on ``as_of``; None where nothing ships.
    """

    version: Literal[1] = 1
    as_of: date
    definition: ChurnDefinition
    rows: int
    base_rates: tuple[BaseRate, ...]
    forward: bool
    folds: tuple[str, ...]
    gate: str
    comparison: tuple[Compared, ...]
    verdict: VerdictPart
    figures: dict[str, Figure]
    reliability: tuple[ReliabilityBin, ...]
    gains: tuple[GainsPoint, ...]
    untreated: Untreated | None
    segments: tuple[SegmentFigures, ...]
    candidate: str
    slope: float
    recipe: RecipePart
    first_day: date
    data_fingerprint: str
    data_gate: tuple[Finding, ...] = ()
    level: LevelPart | None = None
