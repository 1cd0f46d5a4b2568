"""Every column and every code has its words in every language."""

from __future__ import annotations

import ast
import inspect

import pytest

from churnml.analytics.lifecycle import STAGES
from churnml.analytics.segments import SEGMENTS
from churnml.features.family_catalogue import catalogue
from churnml.reporting.columns import column, columns, names_in
from churnml.scoring import worklist
from churnml.scoring.changes import CHANGES
from churnml.scoring.choice import COLUMNS
from churnml.scoring.rules import BANDS
from churnml.words import LANGUAGES, Language
from churnml.words.names import name_of

RANKING = (*COLUMNS, "list_rank")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_of_a_ranking_is_explained(language: Language) -> None:
    known = columns(language)
    assert set(RANKING) <= set(known)
    for name, described in known.items():
        assert described.name == name
        assert described.title, name
        assert described.meaning.endswith("."), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_titles_differ(language: Language) -> None:
    titles = [each.title for each in columns(language).values()]
    assert len(set(titles)) == len(titles)


def test_the_languages_differ() -> None:
    same = {name for name in columns("en") if column(name, "en").title == column(name, "tr").title}
    assert same == {"risk_band", "segment", "model_version"}  # Turkish has the same words
    assert not {name for name in columns("en") if column(name, "en").meaning == column(name, "tr").meaning}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        ("risk_band", [name for _, name in BANDS]),
        ("segment", SEGMENTS),
        ("lifecycle_stage", STAGES),
        ("change", CHANGES),
        (
            "concept",
            set(catalogue().concepts.values()),
        ),
    ],
)
def test_every_code_has_a_name(kind: str, codes: list[str], language: Language) -> None:
    names = names_in(language)[kind]
    assert set(codes) <= set(names)
    assert len(set(names.values())) == len(names)
    assert all(name and name[0].isupper() for name in names.values())
    assert {name_of(kind, code, language) for code in codes} <= set(names.values())


def test_bands_are_explained_by_their_own_limits() -> None:
    for least, _ in BANDS[:-1]:
        assert f"{least:.0%}".replace("%", " %") in column("risk_band", "en").meaning
        assert f"%{100 * least:.0f}" in column("risk_band", "tr").meaning


def test_every_reason_against_has_a_name() -> None:
    # All texts of the module that excludes which are a reason: keys of its tables and its constants.
    tree = ast.parse(inspect.getsource(worklist))
    tables = [node for node in ast.walk(tree) if isinstance(node, ast.Dict)]
    keys = {key.value for table in tables for key in table.keys if isinstance(key, ast.Constant)}
    added = {
        node.targets[0].slice.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Subscript)
        and isinstance(node.targets[0].slice, ast.Constant)
    }
    reasons = {key for key in keys | added if isinstance(key, str)} | {worklist.HOLDOUT, worklist._BEYOND}
    reasons -= {"not_asked", "list_rank"}  # counted nowhere, and a column
    assert len(reasons) >= 8
    assert reasons <= set(names_in("en")["excluded"])


def test_what_is_not_known_stands_for_itself() -> None:
    assert name_of("concept", "channel", "tr") == "channel"
    assert column("shop_region", "en").kind == "text"
