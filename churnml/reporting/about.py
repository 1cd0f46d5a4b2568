"""What stands on the sheet that explains a work list: which day, how many, who is left out, and what is assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd

from churnml.analytics.risk_groups import GONE, ON_PACE, TO_SAVE
from churnml.config import ScoringSettings
from churnml.definition import ChurnDefinition
from churnml.reporting.columns import Kind, column
from churnml.reporting.page.numbers import Numbers
from churnml.scoring.play_effects import PlayEffects
from churnml.scoring.plays import Play
from churnml.words import Language, words
from churnml.words.findings import say_value
from churnml.words.names import name_of

if TYPE_CHECKING:
    from churnml.models.card import ValuePart
    from churnml.scoring.ranking import Ranking

URGENT_DAYS = 7
"""A contact that is due within so many days stands out."""


@dataclass(frozen=True)
class Facts:
    """What a work list rests on.

    Attributes
    ----------
    customers : int
        Number of customers of the ranking.
    groups : mapping of str to int
        Number of these by group.
    excluded : mapping of str to int
        Number of customers of the ranking who are not on the list, by reason.
    holdout : sequence of str
        Sentences on the holdout, and what it can show.
    definition : ChurnDefinition
        Definition of leaving.
    scoring : ScoringSettings
        Settings by which the list was made, with what is assumed.
    effects : PlayEffects
        What is assumed of plays, or was measured.
    measured : sequence of str
        Sentences on what was measured, and which plays are stopped.
    model_version : str
        Version of the model.
    value : ValuePart or None
        What the value rests on; None where a simple rule tells it.
    guesses : sequence of str
        Sentences on how good a guess of next orders what is named of products is.
    """

    customers: int
    groups: Mapping[str, int]
    excluded: Mapping[str, int]
    holdout: Sequence[str]
    definition: ChurnDefinition
    scoring: ScoringSettings
    effects: PlayEffects
    measured: Sequence[str]
    model_version: str
    value: ValuePart | None = None
    guesses: Sequence[str] = ()


@dataclass(frozen=True)
class Section:
    """A part of the sheet: a title, and rows whose cells are values with the way in which they are written.

    Attributes
    ----------
    title : str
        Title of the part.
    heads : sequence of str
        Titles of the columns; empty where there are none.
    rows : sequence of sequence of tuple of object and str
        Cells as ``(value, kind)``; a text may be longer than its column.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[tuple[Any, Kind]]]


def facts_of(ranking: Ranking) -> Facts:
    """Collect what a ranking's work list rests on."""
    return Facts(
        customers=len(ranking),
        groups={group: ranking.groups[group]["customers"] for group in (TO_SAVE, ON_PACE, GONE)},
        excluded=ranking.excluded,
        holdout=ranking.holdout_said,
        definition=ranking.model.definition,
        scoring=ranking.config.scoring,
        effects=ranking.effects,
        measured=ranking.measured_said,
        model_version=str(ranking.top(1)["model_version"].iloc[0]),
        value=ranking.model.card.value,
        guesses=ranking.guesses_said,
    )


def explain_list(
    worklist: pd.DataFrame,
    columns: Sequence[str],
    facts: Facts,
    plays: Mapping[str, Play],
    *,
    language: Language,
    snapshot_date: date,
) -> list[Section]:
    """Write the sheet that explains the list, part by part.

    Parameters
    ----------
    worklist : pandas DataFrame
        Work list, a row per customer.
    columns : sequence of str
        Names of the columns to explain, in their order.
    facts : Facts
        Facts that the list rests on.
    plays : mapping of str to Play
        Plays by name.
    language : str
        Language of the sheet.
    snapshot_date : date
        Day of the list.
    """
    t, of_page = words(language)["sheet"], words(language)["page"]
    return [
        Section(t["list"], (), _list_rows(worklist, facts, language, snapshot_date)),
        Section(t["use"], (), [[(text, "text")] for text in _use(t)]),
        Section(of_page["holdout"], (), [[(text, "text")] for text in facts.holdout]),
        Section(t["left_out"], (), _left_out(facts, len(worklist), language)),
        *([Section(t["measured"], (), [[(text, "text")] for text in facts.measured])] if facts.measured else []),
        Section(t["assumed"], (), _assumed(facts, language)),
        *_guesses(facts, language),
        Section(
            t["plays"],
            (t["play"], t["wording"], t["owner"], t["cost"], t["offer"], t["cool_down"], t["customers"]),
            _plays(worklist, plays),
        ),
        Section(
            t["columns"],
            (t["column"], t["meaning"], t["name"]),
            [
                [(each.title, "text"), (each.meaning, "text"), (each.name, "text")]
                for each in (column(name, language) for name in columns)
            ],
        ),
    ]


_Rows = list[Sequence[tuple[Any, Kind]]]


def _list_rows(worklist: pd.DataFrame, facts: Facts, language: Language, day: date) -> _Rows:
    t, scoring, definition = words(language)["sheet"], facts.scoring, facts.definition
    rows: list[tuple[str, Any, Kind]] = [
        (column("snapshot_date", language).title, day, "day"),
        (column("measure_on", language).title, day + timedelta(days=definition.reach_days), "day"),
        (words(language)["page"]["leaving"], _leaving(definition, language), "text"),
        (t["ranked"], facts.customers, "count"),
        *((name_of("group", group, language), count, "count") for group, count in facts.groups.items()),
        (t["listed"], len(worklist), "count"),
        (column("value_at_risk", language).title, float(worklist["value_at_risk"].sum()), "money"),
        (t["chosen_by"], column(scoring.rank_by, language).title, "text"),
        (t["order"], t[scoring.order_by], "text"),
        (t["capacity"], scoring.capacity, "count"),
        (t["budget"], t["none"], "text") if scoring.budget is None else (t["budget"], scoring.budget, "money"),
        (column("model_version", language).title, facts.model_version, "text"),
    ]
    return [[(label, "text"), (value, kind)] for label, value, kind in rows]


def _use(t: Mapping[str, str]) -> list[str]:
    return [t["use_fill"], t["use_filter"], t["use_urgent"].format(days=URGENT_DAYS), t["use_details"]]


def _leaving(definition: ChurnDefinition, language: Language) -> str:
    t, said = words(language)["page"], definition.model_dump()
    start = t["start_later" if definition.lead_days else "start_at_once"].format(**said)
    share = Numbers(language, None).share(definition.spend_share)
    return str(t[definition.kind]).format(**{**said, "start": start, "spend_share": share})


def _left_out(facts: Facts, listed: int, language: Language) -> _Rows:
    t = words(language)["sheet"]
    by_size = sorted(facts.excluded.items(), key=lambda each: -each[1])
    rows = [(name_of("excluded", reason, language), count) for reason, count in by_size]
    rows += [(t["listed"], listed), (t["ranked"], facts.customers)]
    return [[(label, "text"), (count, "count")] for label, count in rows]


def _assumed(facts: Facts, language: Language) -> _Rows:
    t, scoring = words(language)["sheet"], facts.scoring
    measured = facts.effects.measured
    rows: list[tuple[str, Any, Kind]] = [
        (t["taken_anyway"], facts.effects.taken_anyway_share, "share"),
        (t["value_days"], scoring.value_days, "count"),
        (t["min_probability"], scoring.min_probability, "share"),
    ]
    if measured is None:
        rows.insert(0, (t["save_share"], scoring.profit.save_share, "share"))
    said: _Rows = [[(t["assumed_note"], "text")], [(say_value(facts.value, language), "text")]]
    return [*said, *([(label, "text"), (value, kind)] for label, value, kind in rows)]


def _guesses(facts: Facts, language: Language) -> list[Section]:
    said: _Rows = [[(text, "text")] for text in facts.guesses]
    return [Section(words(language)["bought"]["title"], (), said)] if said else []


def _plays(worklist: pd.DataFrame, plays: Mapping[str, Play]) -> _Rows:
    counts = worklist["play"].value_counts()
    return [
        [
            (play.title, "text"),
            (play.wording, "text"),
            (play.owner, "text"),
            (play.cost, "money"),
            (play.offer, "money"),
            (play.cool_down_days, "count"),
            (int(counts.get(name, 0)), "count"),
        ]
        for name, play in plays.items()
    ]
