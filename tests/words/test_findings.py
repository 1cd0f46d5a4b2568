"""Findings of a training, said in every language from the same codes and numbers."""

from __future__ import annotations

from typing import get_args

import pytest

from churnml.models.card import Because, LevelPart, ValueFigure, ValuePart
from churnml.models.finding import Finding
from churnml.words import LANGUAGES, Language
from churnml.words.findings import say_finding, say_level, say_value, say_verdict
from tests.drawn import verdict_of

LEVEL = {
    "day": "2025-07-01",
    "kind": "trailing",
    "rate": 0.58,
    "low": 0.56,
    "high": 0.61,
    "spread": 0.1,
    "newest": 0.57,
    "newest_day": "2025-04-01",
    "last_year": 0.62,
    "last_year_day": "2024-07-03",
    "tested_forward": False,
    "logodds": 0.3,
}

every_language = pytest.mark.parametrize("language", LANGUAGES)


@every_language
@pytest.mark.parametrize("because", get_args(Because))
def test_every_verdict_is_said_with_its_numbers(because: str, language: Language) -> None:
    told = {"because": because, "simple_auroc": {"recency_rule": 0.51, "rfm_logistic": 0.553}}
    said = {tells: say_verdict(verdict_of(**told, simple_tells=tells), language, 0.0543) for tells in (True, False)}
    assert said[True] != said[False]
    comma = "," if language in ("de", "tr") else "."
    for text in said.values():
        assert all(number.replace(".", comma) in text for number in ("0.51", "0.55", "0.0543"))
        assert not {"{", "}"} & set(text)
        assert "she" not in text.split()
    alone = say_verdict(verdict_of(**{**told, "simple_auroc": {"recency_rule": 0.51}}), language)
    assert "0" + comma + "55" not in alone
    assert "0" + comma + "0543" not in alone


@every_language
def test_the_level_is_said_with_its_numbers(language: Language) -> None:
    said = say_level(LevelPart.from_json(LEVEL), language)
    assert all(number in said for number in ("58", "56", "61", "57", "62", "2025", "2024"))
    told = {**LEVEL, "last_year": None, "last_year_day": None, "tested_forward": True}
    shorter = say_level(LevelPart.from_json(told), language)
    assert "62" not in shorter
    assert "2024" not in shorter
    assert len(shorter) < len(said)


def test_cards_of_before_say_their_own_sentences() -> None:
    assert say_verdict(verdict_of(because=None, said="It is better."), "de") == "It is better."
    assert say_level(LevelPart.from_json({**LEVEL, "day": None, "said": "Half leave."}), "tr") == "Half leave."
    before = Finding(grade="warn", name="kept", number=100, bound=500, said="Few stay.")
    assert say_finding(before, "de") == "Few stay."


def test_a_finding_is_said_with_its_plural_its_days_and_its_remedy() -> None:
    one = {"days": 20, "usual": 14, "day": "2024-03-01"}
    gaps = Finding(grade="warn", name="gaps", number=20, bound=14, count=1, examples=(one,))
    assert say_finding(gaps, "en") == (
        "1 time without orders: 20 days from Mar 1, 2024, where up to 14 are usual. Check whether orders of these days "
        "are missing: who ordered then seems to have left."
    )
    two = gaps.model_copy(update={"count": 2, "examples": (one, {**one, "days": 17})})
    assert say_finding(two, "de").startswith(
        "2 Zeiträume ohne Bestellungen: 20 Tage ab dem 01.03.2024, üblich sind bis zu 14; 17 Tage ab dem 01.03.2024, "
    )
    assert say_finding(two, "tr").startswith(
        "2 kez siparişsiz dönem var: 1 Mar 2024 gününden başlayarak 20 gün (olağanı en çok 14); 1 Mar 2024 gününden "
    )
    few = Finding(grade="fail", name="kept", number=1_049, bound=50)
    assert say_finding(few, "en") == (
        "1,049 times customers stayed after a snapshot; at least 50 are wanted. Bring more history or more customers, "
        "or choose another `horizon_days`."
    )
    worst = ({"feature": "visits_90d", "share": 0.456}, {"feature": "orders_30d", "share": 0.3})
    details = {"features": 19, "share": 0.2}
    missing = Finding(grade="warn", name="missing", number=2, bound=0, details=details, examples=worst)
    assert say_finding(missing, "tr").startswith(
        "19 özellikten 2 tanesi, satırların %20 kadarından çoğunda boş (visits_90d %46; orders_30d %30). "
    )


@every_language
def test_a_finding_in_order_has_no_remedy(language: Language) -> None:
    passed = Finding(grade="pass", name="kept", number=936, bound=500)
    said = say_finding(passed, language)
    assert say_finding(passed.model_copy(update={"grade": "warn"}), language).startswith(said + " ")
    # The history is too short to judge its last day where there are no details.
    unknown = Finding(grade="pass", name="last day", number=0, bound=0)
    known = unknown.model_copy(update={"details": {"day": "2024-03-01", "usual": 0.0}})
    assert say_finding(unknown, language) != say_finding(known, language)
    assert "0" not in say_finding(unknown, language)


FIGURE = ValueFigure(rows=100, said=90.0, spent=100.0, ratio=0.9, low=0.8, high=1.0)
VALUE = ValuePart(
    candidate="pace",
    days=180,
    value_days=365,
    ratio=1.956,
    ratio_known=True,
    growth=0.82,
    rows=10_106,
    comparison=(),
    forward=False,
    level=None,
    shape={"all": FIGURE},
    left=FIGURE,
    came_back=0.318,
    left_to_stayed=0.08,
)


def test_a_value_says_what_it_rests_on() -> None:
    assert say_value(VALUE, "en") == (
        "A customer's value is what they are expected to spend over 365 days if they stay, less what they spend all "
        "the same if they leave, net of returns and cancelled orders. It was learned from what customers spent in 180 "
        "days (pace of orders times their amount; 10,106 times that one stayed). It is carried from 180 to 365 days by "
        "the factor 1.96, as those spent who are known for so long. For the level of the day, 0.82 times the spend of "
        "those learned from is assumed. Of those who left, 32% spent something in these days all the same; per "
        "customer it was 8% of what those spent who stayed."
    )


@every_language
def test_a_value_says_only_what_there_is_to_say(language: Language) -> None:
    whole = say_value(VALUE, language)
    known = say_value(VALUE.model_copy(update={"value_days": 180, "ratio": 1.0}), language)
    assert "1,96" not in known.replace(".", ",")
    level = say_value(VALUE.model_copy(update={"growth": 1.0}), language)
    none = say_value(VALUE.model_copy(update={"left": None}), language)
    assumed = say_value(VALUE.model_copy(update={"ratio_known": False}), language)
    assert len({whole, known, level, none, assumed, say_value(None, language)}) == 6
    assert max(map(len, (known, level, none))) < len(whole)
