"""Artefacts of earlier formats: what they held is read, number by number, and says what it said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnml.errors import ModelError
from churnml.models.artefact import load_model, save_model
from churnml.models.finding import Finding
from churnml.training.choose.recipe import Recipe
from churnml.words import LANGUAGES
from churnml.words.findings import say_finding, say_fold, say_verdict

FORMAT_4 = Path(__file__).parent / "format_4"
VERSION_0_1 = Path(__file__).parent / "version_0_1"
PROBABILITIES = [0.006218262231728921, 0.36377296540577286, 0.9602850784644663]
every_folder = pytest.mark.parametrize("folder", [FORMAT_4, VERSION_0_1], ids=lambda folder: folder.name)


def card_in(folder: Path) -> dict[str, Any]:
    card: dict[str, Any] = json.loads((folder / "model.json").read_text(encoding="utf-8"))["card"]
    return card


def leaves(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if inside is None:
        yield way, value
        return
    for key, part in inside:
        yield from leaves(part, (*way, key))


@every_folder
def test_every_number_and_code_of_the_card_stays_to_the_last_bit(folder: Path) -> None:
    before = {way: value for way, value in leaves(card_in(folder)) if way[-1] != "sentence"}
    if folder == VERSION_0_1:  # the next test is about these names
        before = {way: value for way, value in before.items() if way[0] not in ("gate", "folds")}
    after = dict(leaves(load_model(folder).card.to_json()))
    assert {way: after.get(way, "is gone") for way in before} == before


def test_customers_kept_apart_have_codes_in_place_of_their_english_names() -> None:
    before, card = card_in(VERSION_0_1), load_model(VERSION_0_1).card
    assert (before["gate"], before["folds"][1]) == ("customers kept apart", "customers, part 2 of 4")
    assert (card.gate, card.folds) == ("apart", ("apart 1/4", "apart 2/4", "apart 3/4", "apart 4/4"))
    assert say_fold(card.gate, "de") == "eigens zurückgehaltene Kunden"
    assert say_fold(card.folds[1], "tr") == "müşteriler, 4 parçadan 2"
    assert say_fold("apart 2+4/4", "en") == "customers, part 2 and 4 of 4"
    # Days, and whatever else a card may hold, stay as they are.
    assert {say_fold(load_model(FORMAT_4).card.gate, language) for language in LANGUAGES} == {"2024-12-31"}


@every_folder
def test_what_has_no_codes_says_its_own_sentences_in_every_language(folder: Path) -> None:
    card, before = load_model(folder).card, card_in(folder)
    for language in LANGUAGES:
        for one, told in zip(card.data_gate, before["data_gate"], strict=True):
            assert say_finding(one, language) == told["sentence"]


def test_the_verdict_of_version_0_1_says_its_own_sentence_and_that_of_format_4_its_codes() -> None:
    said = "The LightGBM is better than chance and than the recency rule; the list uses it."
    assert {say_verdict(load_model(VERSION_0_1).card.verdict, language) for language in LANGUAGES} == {said}
    verdict = load_model(FORMAT_4).card.verdict
    assert (verdict.because, verdict.said) == ("rule as good", None)
    assert len({say_verdict(verdict, language) for language in LANGUAGES}) == len(LANGUAGES)


def test_a_level_without_its_days_says_its_own_sentence(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(VERSION_0_1, tmp_path / "model"))
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    for name in ("day", "newest_day", "last_year_day"):
        del content["card"]["level"][name]
    (folder / "model.json").write_text(json.dumps(content), encoding="utf-8")
    model = load_model(folder)
    assert repr(model).endswith("\n" + content["card"]["level"]["sentence"])
    assert "said" not in load_model(VERSION_0_1).card.to_json()["level"]


@every_folder
def test_it_is_written_again_as_of_today_and_reads_the_same(folder: Path, tmp_path: Path) -> None:
    model = load_model(folder)
    save_model(model, tmp_path / "again")
    written = json.loads((tmp_path / "again" / "model.json").read_text(encoding="utf-8"))
    assert (written["format"], written["card"]["version"]) == (5, 1)
    assert load_model(tmp_path / "again").card == model.card


@every_folder
def test_its_recipe_can_be_fitted_again(folder: Path) -> None:
    card = load_model(folder).card
    recipe = Recipe.from_card(card.recipe)
    assert recipe.candidate == card.candidate
    assert recipe.to_card() == card.recipe


def test_a_model_of_format_4_says_what_it_said() -> None:
    model = load_model(FORMAT_4)
    assert (model.version, model.as_of, model.card.gate) == ("ca8e8c74bbd9", date(2025, 3, 1), "2024-12-31")
    # What churnml said of customers who ordered 1, 30 and 300 days ago when it wrote the artefact.
    X = pd.DataFrame(0.0, range(3), model.names).assign(days_since_last_order=[1.0, 30.0, 300.0])
    np.testing.assert_array_equal(model.predict_proba(X), PROBABILITIES)


def test_a_card_of_before_with_rubbish_is_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FORMAT_4, tmp_path / "model"))
    whole = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    for changes in ({"verdict": 3}, {"data_gate": ["x"]}, {"level": "high"}, {"note": 1}, {"figures": None}):
        content = {**whole, "card": {**whole["card"], **changes}}
        (folder / "model.json").write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(ModelError, match="the model cannot be read"):
            load_model(folder)


def test_only_what_was_upgraded_has_a_sentence() -> None:
    assert "said" not in Finding(grade="pass", name="kept", number=936, bound=500).to_json()
