"""The card: all that a training found, in codes and numbers, as it ships with the model.

It holds no sentences: ``churnml.words.findings`` says its codes in a language. Null is what is not known. A card of an
earlier format is brought up to date by ``churnml.models.upgrade``.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from churnml.definition import ChurnDefinition
from churnml.models.finding import Finding
from churnml.models.part import Number, Part, is_none

Decision = Literal["model", "rule", "no skill"]
Because = Literal["beats both", "beats chance alone", "rule as good", "rule chosen", "nothing tells"]
LevelKind = Literal["partial", "none", "trailing", "last_year"]


class BaseRate(Part):
    """The customers of a snapshot, and how many of them left."""

    snapshot_date: date
    customers: int
    churned: int
    churn_rate: float


class Compared(Part):
    """A candidate on the folds; see ``churnml.training.choose.choice.compare``."""

    candidate: str
    shape_loss: float | None
    auroc: float | None
    behind: float | None
    behind_error: float | None
    against_chance: float | None
    against_chance_error: float | None
    chosen: bool


class VerdictPart(Part):
    """What the gate found, the champion of before apart; see ``churnml.training.judge.gate.Verdict``.

    ``because`` and ``chosen`` are the codes that ``say_verdict`` says. They are None in a card of before format 4,
    which has its English sentence in ``said`` instead.
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
    said: str | None = Field(None, exclude_if=is_none)


class LevelPart(Part):
    """The churn rate that is assumed; see ``churnml.training.judge.level.Level``.

    ``logodds`` is added to the log-odds of the calibrated candidate, so that the assumed rate comes out. ``day`` and
    ``newest_day`` are None in cards of early format 3, whose English sentence ``said`` is. The interval of a card that
    does not say its ``coverage`` is one of 95 %.
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
    coverage: float = 0.95
    partial: float | None = None
    partial_usual: float | None = None
    partial_day: date | None = None
    partial_days: int | None = None
    said: str | None = Field(None, exclude_if=is_none)


class ListedPart(Part):
    """What was done to rows of customers who entered a campaign; see ``churnml.training.rows.listed.without_listed``.

    Attributes
    ----------
    how : str
        ``reweigh``, ``keep`` or ``drop``.
    listed, held_out : int
        Number of rows of customers who were listed within their label window, and who were held out.
    treated_held_out : int
        Number of the latter to whom something was sent all the same.
    cut : int
        Number of the latter that would stand for more than 20 rows.
    as_they_ran : tuple of str
        Days on whose window nobody was held out: there the probability is one under the lists as they ran.
    """

    how: str
    listed: int
    held_out: int
    treated_held_out: int
    cut: int
    as_they_ran: tuple[str, ...]


class LearningPart(Part):
    """What half of the customers teach, held against all of them; see ``churnml.training.learning.compare_with_half``.

    Attributes
    ----------
    rows, customers : int
        Number of rows, and of customers, that the newest fold learns from.
    half_rows, half_customers : int
        Number of rows, and of customers, where it is half of the customers.
    shape_loss : float
        Shape loss on that fold, learnt from all.
    gained : float
        How much less that is than the shape loss by chance.
    behind, behind_error : float
        Shape loss learnt from half minus that learnt from all, and its standard error, clustered by customer.
    """

    rows: int
    customers: int
    half_rows: int
    half_customers: int
    shape_loss: float
    gained: float
    behind: float
    behind_error: float


class Figure(Part):
    """A figure at the gate, with its 95 % interval."""

    value: float | None
    low: float | None
    high: float | None


class Untreated(Part):
    """Figures on the customers who were sent nothing; see ``judge.figures.compute_untreated_figures``."""

    rows: int
    treated: int
    treated_churn_rate: float
    untreated_churn_rate: float
    figures: dict[str, Figure]


class SegmentFigures(Part):
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


class ListFigures(Part):
    """Predictions held against outcomes of those whom lists are made of; see ``training.judge.list_figures``.

    Attributes
    ----------
    rows : int
        Number of rows of the gate.
    predicted, churned : float
        Mean probability at the assumed level, and share who left.
    low, high : float or None
        95 % interval of churned minus predicted, clustered by customer; None where it cannot be told.
    auroc : Figure or None
        AUROC within snapshots; None where all left or all stayed.
    """

    rows: int
    predicted: float
    churned: float
    low: float | None
    high: float | None
    auroc: Figure | None


class Lists(Part):
    """Those to save at the gate, and those of them who would have been listed."""

    to_save: ListFigures
    listed: ListFigures


class ReliabilityBin(Part):
    """Predicted and observed in a bin; see ``churnml.statistics.calibration.reliability_table``."""

    bin: int
    customers: int
    mean_predicted: float | None
    churned_share: float | None
    low: float | None
    high: float | None


class GainsPoint(Part):
    """What a list of a length finds; see ``churnml.statistics.metrics.gains_table``."""

    customers: int
    contacted_share: float
    captured_share: float | None
    best_share: float | None
    precision: float | None
    lift: float | None


class SegmentPart(Part):
    """A segment of the recipe; see ``churnml.models.segments.Segment``."""

    name: str
    feature: str
    low: Number | None
    high: Number | None
    offset: float


class RecipePart(Part):
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


class ValueCompared(Part):
    """A candidate for the value on the folds: mean Tweedie deviance after one factor per day, and how far behind."""

    candidate: str
    deviance: float
    behind: float
    behind_error: float | None
    chosen: bool


class ValueFigure(Part):
    """What was said of customers over what they spent, with the 90 % interval over customers."""

    rows: int
    said: float
    spent: float
    ratio: float | None
    low: float | None
    high: float | None


class ValuePart(Part):
    """What a customer is worth who stays and who leaves; see ``churnml.training.value.learn``.

    Attributes
    ----------
    candidate : str
        Name of the chosen candidate.
    days : int
        Number of days ahead whose spend was learned.
    value_days : int
        Number of days ahead over which the value is counted.
    ratio : float
        Factor by which spend over ``days`` is carried to ``value_days``.
    ratio_known : bool
        Whether some customers are known for long enough to tell it; otherwise the pace of the last days goes on.
    growth : float
        Factor by which customers are assumed to spend more than those learned from.
    rows : int
        Number of rows of customers who stayed that it was learned from.
    comparison : tuple of ValueCompared
        Candidates on the folds.
    forward : bool
        Whether folds look forward in time; otherwise they are customers kept apart, and the level is not tested.
    level : ValueFigure or None
        All who stayed, at the level that was assumed for the day; None where it was not tested forward.
    shape : dict of str to ValueFigure
        Who stayed by segment, after one factor per day for the level.
    left : ValueFigure or None
        Who left, after the same factor; None where none of them came back.
    came_back : float
        Share of those who left who ordered within ``days`` all the same.
    left_to_stayed : float
        Spend per customer of those who left over that of those who stayed.
    """

    candidate: str
    days: int
    value_days: int
    ratio: float
    ratio_known: bool
    growth: float
    rows: int
    comparison: tuple[ValueCompared, ...]
    forward: bool
    level: ValueFigure | None
    shape: dict[str, ValueFigure]
    left: ValueFigure | None
    came_back: float
    left_to_stayed: float


class Card(Part):
    """What a training found.

    Attributes
    ----------
    version : int
        Version of the card's keys.
    as_of : date
        Day at which the training's data ends: nothing on or after it was seen.
    definition : ChurnDefinition
        Definition of leaving.
    rows : int
        Number of labelled rows.
    base_rates : tuple of BaseRate
        Customers and churn rate of each snapshot that the rows lie on.
    forward : bool
        Whether folds look forward in time; otherwise they are customers kept apart.
    folds : tuple of str
        Names of the folds: the days of their snapshots, or ``apart 1/4`` for the first of four parts of the customers.
    gate : str
        Name of the gate: its day, or ``apart``.
    comparison : tuple of Compared
        Figures of the candidates on the folds.
    verdict : VerdictPart
        Verdict of the gate.
    figures : dict of str to Figure
        Figures on the gate's rows.
    reliability : tuple of ReliabilityBin
        Predicted probability against what happened on the gate's rows.
    gains : tuple of GainsPoint
        Share of the leaving customers that lists of several lengths find on the gate's rows.
    untreated : Untreated or None
        Figures on the customers who were sent nothing; None where nobody was sent anything.
    segments : tuple of SegmentFigures
        Figures by segment on the gate's rows.
    candidate : str
        Name of the candidate that ships (that was chosen, where nothing does).
    slope : float
        Calibration factor on its log-odds.
    recipe : RecipePart
        Recipe by which it is fitted.
    first_day : date
        First day of the data.
    data_fingerprint : str
        Hash of the tables that were learnt from.
    data_gate : tuple of Finding
        Answers of the data gate.
    level : LevelPart or None
        Level that is assumed on ``as_of``; None where nothing ships.
    learning : LearningPart or None
        What half of the customers teach; None where nothing ships, half are too few, or the card is an earlier one.
    value : ValuePart or None
        What a customer is worth; None where the simple rule tells it, as in cards of before format 5.
    lists : Lists or None
        Figures of those whom lists are made of; None where nobody was to save, or the card is an earlier one.
    listed : ListedPart or None
        What was done to rows of customers who entered a campaign; None where none did, or no ledger was read.
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
    learning: LearningPart | None = None
    value: ValuePart | None = None
    lists: Lists | None = None
    listed: ListedPart | None = None
