"""Findings of a training, said in every language from the same codes and numbers."""

from __future__ import annotations

from typing import get_args

import pytest

from churnml.training.judge.gate import Because
from churnml.words import LANGUAGES, Language
from churnml.words.findings import say_level, say_verdict

every_language = pytest.mark.parametrize("language", LANGUAGES)


@every_language
@pytest.mark.parametrize("because", get_args(Because))
def test_every_verdict_is_said_with_its_numbers(because: str, language: Language) -> None:
    told = {"recency_rule": 0.51, "rfm_logistic": 0.553}
    verdict = {
        "because": because,
        "chosen": "lightgbm",
        "simple_auroc": told,
        "replaces": False,
        "against_champion": 0.0543,
    }
    said = {tells: say_verdict({**verdict, "simple_tells": tells}, language) for tells in (True, False)}
    assert said[True] != said[False]
    comma = "," if language in ("de", "tr") else "."
    for text in said.values():
        assert all(number.replace(".", comma) in text for number in ("0.51", "0.55", "0.0543"))
        assert not {"{", "}"} & set(text)
        assert "she" not in text.split()
    alone = say_verdict({**verdict, "simple_auroc": {"recency_rule": 0.51}}, language)
    assert "0" + comma + "55" not in alone


@every_language
def test_the_level_is_said_with_its_numbers(language: Language) -> None:
    level = {"day": "2025-07-01", "newest_day": "2025-04-01", "last_year_day": "2024-07-03", "tested_forward": False}
    level |= {"rate": 0.58, "low": 0.56, "high": 0.61, "newest": 0.57, "last_year": 0.62}
    said = say_level(level, language)
    assert all(number in said for number in ("58", "56", "61", "57", "62", "2025", "2024"))
    shorter = say_level({**level, "last_year": None, "last_year_day": None, "tested_forward": True}, language)
    assert "62" not in shorter
    assert "2024" not in shorter
    assert len(shorter) < len(said)


def test_cards_of_before_say_their_own_sentences() -> None:
    assert say_verdict({"sentence": "It is better."}, "de") == "It is better."
    assert say_level({"sentence": "Half leave."}, "tr") == "Half leave."
    assert say_verdict({}, "en") == say_level({}, "en") == ""
