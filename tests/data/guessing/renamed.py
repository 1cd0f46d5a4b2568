"""Shops under other names: the tables of the contract as systems in three languages export them, drawn by a seed.

The names are those of shop systems, warehouses and spreadsheets, written down without a look at the words that the
guessing knows. ``benchmarks/init.py`` prints what of many such shops is recognised.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from churnml.data.guessing.asking import counted
from churnml.data.guessing.looking import Look
from churnml.data.guessing.propose import propose
from churnml.datasets import simulate

NAMES: dict[str, dict[str, dict[str, list[str]]]] = yaml.safe_load(
    (Path(__file__).parent / "other_names.yaml").read_text(encoding="utf-8")
)
DECOYS = {
    "en": ["status", "vat", "ip address", "warehouse"],
    "de": ["Status", "Steuersatz", "Sachbearbeiter", "Lagerort"],
    "tr": ["durum", "kdv", "işlemi yapan", "depo"],
}
DATES = {
    "en": ["%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%d %b %Y"],
    "de": ["%d.%m.%Y %H:%M", "%d.%m.%Y", "%Y-%m-%d"],
    "tr": ["%d.%m.%Y %H:%M", "%d/%m/%Y", "%d.%m.%Y"],
}
_FOLD = str.maketrans("çğıöşüâÇĞİÖŞÜäÄß", "cgiosuaCGIOSUaAs")


@dataclass(frozen=True)
class Renamed:
    """A shop under other names: tables as text, and which contract column each of its columns is."""

    tables: Mapping[str, pd.DataFrame]
    truth: Mapping[str, tuple[str, Mapping[str, str]]]
    language: str
    date_format: str


@dataclass(frozen=True, kw_only=True)
class Writing:
    """How a shop writes: its language, the style of its names, its dates, and whether a comma is its decimal sign."""

    language: str
    style: Callable[[str], str]
    date_format: str
    comma: bool


def renamed(shop: Mapping[str, pd.DataFrame], seed: int) -> Renamed:
    """Write a shop under names, styles and formats that are drawn by a seed."""
    draw = random.Random(seed)
    language = draw.choice(["en", "de", "tr"])
    style = draw.choice([str, str.title, _snake, _camel, _ascii, str.upper, _kebab])
    date_format, comma = draw.choice(DATES[language]), language != "en" and draw.random() < 0.7
    writing = Writing(language=language, style=style, date_format=date_format, comma=comma)
    tables: dict[str, pd.DataFrame] = {}
    truth: dict[str, tuple[str, Mapping[str, str]]] = {}
    for table, names in NAMES.items():
        if table not in shop:
            continue
        title = style(draw.choice(names[""][language]))
        frame, meant = _renamed_table(shop[table], names, writing, draw)
        tables[title], truth[title] = frame, (table, meant)
    return Renamed(tables, truth, language, date_format)


def _renamed_table(
    frame: pd.DataFrame, names: Mapping[str, Mapping[str, list[str]]], writing: Writing, draw: random.Random
) -> tuple[pd.DataFrame, Mapping[str, str]]:
    style, language = writing.style, writing.language
    columns: dict[str, pd.Series] = {}
    meant: dict[str, str] = {}
    for column in [name for name in frame.columns if name in names]:
        for choice in draw.sample(names[column][language], len(names[column][language])):
            theirs = style(choice)
            if theirs.lower() not in {name.lower() for name in columns}:
                break
        values = frame[column]
        if not values.notna().any():
            continue
        if values.dtype.kind == "M":
            values = values.dt.strftime(writing.date_format)
        elif column in ("amount", "discount", "unit_price", "price", "cost") and writing.comma:
            values = values.map(lambda value: f"{value:.2f}".replace(".", ","), na_action="ignore")
        columns[theirs], meant[theirs] = values.astype("string"), column
    for decoy in draw.sample(DECOYS[language], draw.randint(0, 2)):
        columns[style(decoy)] = pd.Series([draw.choice(["a", "b", "x y"]) for _ in range(len(frame))], dtype="string")
    order = draw.sample(list(columns), len(columns))
    return pd.DataFrame({name: columns[name] for name in order}), meant


def _ascii(name: str) -> str:
    return name.translate(_FOLD)


def _snake(name: str) -> str:
    return re.sub(r"\W+", "_", _ascii(name)).lower()


def _kebab(name: str) -> str:
    return re.sub(r"\W+", "-", name)


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"\W+", _ascii(name)))


@dataclass
class Score:
    """How many columns were right without a question, asked for, left out, and wrong; and which."""

    columns: int = 0
    right: int = 0
    suggested: int = 0
    asked: int = 0
    left_out: int = 0
    wrong: int = 0
    questions: int = 0
    seen: list[str] = dataclasses.field(default_factory=list)


def scored(shop: Mapping[str, pd.DataFrame], seed: int) -> Score:
    """Propose for one renaming, and answer what is asked by the truth until nothing is."""
    case = renamed(shop, seed)
    look = Look(case.tables)
    titles = {table: title for title, (table, _) in case.truth.items()}
    truth = {(of, ours): (title, theirs) for title, (of, meant) in case.truth.items() for theirs, ours in meant.items()}
    answers: dict[tuple[str, ...], object] = {}
    score = Score(columns=len(truth))
    asked: dict[tuple[str, str], bool] = {}
    while questions := (proposal := propose(look.source, answers)).questions:
        score.questions += len(questions)
        for question in questions:
            if question.kind in ("key", "pieces"):
                answers[question.key] = counted(look, proposal, question)
                continue
            key = (question.table, question.column)
            right = titles.get(question.table) if question.kind == "table" else truth.get(key, ("", None))[1]
            if question.kind in ("table", "column"):
                answers[question.key] = right if right in question.options else None
                score.seen.append(
                    f"{seed} asked {question.kind} {key} of {question.theirs}: {question.options}, {right}"
                )
            elif question.kind == "date_format":
                answers[question.key] = case.date_format
            else:
                raise AssertionError(question)
            if question.kind == "column":
                asked[key] = question.options[0] == right
    proposed = {
        (table.name, column.name): (table.source.title, column.source.name)
        for table in proposal.tables
        for column in table.columns
    }
    for key, meant in truth.items():
        if key in asked:
            score.asked += 1
            score.suggested += asked[key]
        elif proposed.get(key) == meant:
            score.right += 1
        elif key not in proposed:
            score.left_out += 1
            score.seen.append(f"{seed} left out {key}: {meant}")
    wrong = [key for key, theirs in proposed.items() if truth.get(key) != theirs]
    score.wrong += len(wrong)
    score.seen += [f"{seed} WRONG {key}: {proposed[key]}, not {truth.get(key)}" for key in wrong]
    return score


def shop_of(folder: Path, customers: int = 150) -> dict[str, pd.DataFrame]:
    """Simulate a shop that has all tables of the contract."""
    simulate(folder, customers=customers, seed=3, kind="subscription")
    return {file.stem: pd.read_parquet(file) for file in sorted(folder.glob("*.parquet"))}
