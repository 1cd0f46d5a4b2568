"""The catalogues: all languages say the same, of the same keys, with the same numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any, get_args

import pytest
from babel import Locale

from churnml.analytics.groups import FEW, NOT_KNOWN, OTHER
from churnml.analytics.kpis import KPIS
from churnml.analytics.leaving import NO_COMPLAINT, NO_TOPIC
from churnml.errors import ConfigError
from churnml.features.description import Unit
from churnml.features.family_catalogue import own
from churnml.features.texts import texts_of
from churnml.models.candidates import CANDIDATES
from churnml.models.card import Because
from churnml.models.finding import Asked
from churnml.models.value import SHAPES
from churnml.words import LANGUAGES, capitalised, words

OTHERS = [language for language in LANGUAGES if language != "en"]
OF_THE_LANGUAGE = ("units", "features", "codes")  # whose forms and variants differ; names of codes hold no numbers
COUNTED = ("findings", "training", "horizon", "outcome")  # whose texts may have a form for each count

every_language = pytest.mark.parametrize("language", LANGUAGES)
every_other = pytest.mark.parametrize("language", OTHERS)


def texts_in(part: Mapping[Any, Any], path: str = "") -> Iterator[tuple[str, str]]:
    for key, value in part.items():
        if isinstance(value, Mapping):
            yield from texts_in(value, f"{path}{key}/")
        else:
            yield f"{path}{key}", value


def without_form(part: str, key: str) -> str:
    """Give the key of a text without the plural form, which depends on the language."""
    return re.sub("/(zero|one|two|few|many|other)$", "", key) if part in COUNTED else key


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_three_languages_are_there() -> None:
    assert set(LANGUAGES) >= {"de", "en", "tr"}


@every_other
def test_a_catalogue_has_the_keys_of_the_english_one(language: str) -> None:
    ours, theirs = words(language), words("en")
    assert list(ours) == list(theirs)
    for part in theirs:
        if part == "units":
            assert set(ours[part]) == set(theirs[part])
        elif part == "features":
            keys = [{(family, key) for family, texts in each[part].items() for key in texts} for each in (ours, theirs)]
            assert keys[0] == keys[1]
        else:
            keys = [{without_form(part, key) for key, _ in texts_in(each[part])} for each in (ours, theirs)]
            assert keys[0] == keys[1], part


@every_other
def test_a_text_holds_the_numbers_of_the_english_one(language: str) -> None:
    for part in words("en"):
        if part not in OF_THE_LANGUAGE:
            english = {without_form(part, key): text for key, text in texts_in(words("en")[part])}
            for key, text in texts_in(words(language)[part]):
                assert names_in(text) == names_in(english[without_form(part, key)]), f"{part}/{key}"


@every_other
def test_a_sentence_tells_the_numbers_of_the_english_one(language: str) -> None:
    for feature in own():
        said, english = (texts_of(feature, each)[1]["other"] for each in (language, "en"))
        assert names_in(said) == names_in(english), feature.name


@every_language
def test_no_text_is_empty_but_of_what_is_not_said(language: str) -> None:
    empty = [key for key, text in texts_in(words(language)) if not str(text).strip()]
    unsaid = ("features/basket/orders_with_items_", "features/rhythm/pace_days", "features/referrals/was_referred")
    assert all(key.startswith(unsaid) for key in empty)


@every_language
def test_units_have_the_plural_forms_of_their_language(language: str) -> None:
    asked = {Locale(language).plural_form(number) for number in (0, 1, 2, 3, 5, 11, 21, 100, 1.5)}
    written = set(get_args(Unit)) - {"money", "ratio", "number", "share", "probability"}
    assert set(words(language)["units"]) == written
    for unit, forms in words(language)["units"].items():
        for form in (forms, *(each for each in forms.values() if isinstance(each, Mapping))):
            assert asked <= set(form) or "other" in form, unit
            assert all("{n}" in text for key, text in form.items() if isinstance(text, str) and key != "zero"), unit


@every_language
def test_what_is_counted_has_the_plural_forms_of_its_language(language: str) -> None:
    kept = words(language)
    counted = [each for texts in kept["findings"].values() for each in texts.values()]
    counted += [each for part in COUNTED if part != "findings" for each in kept[part].values()]
    counted = [each for each in counted if isinstance(each, Mapping) and "other" in each]
    assert language == "tr" or len(counted) > 10
    for forms in counted:
        assert set(forms) == {Locale(language).plural_form(number) for number in range(200)} | {"other"}
        assert len({frozenset(names_in(text)) for text in forms.values()}) == 1


@every_language
def test_keys_are_those_that_the_code_has(language: str) -> None:
    kept = words(language)
    assert set(kept["kpis"]) == set(KPIS)
    assert set(kept["codes"]["candidate"]) == set(CANDIDATES)
    assert set(kept["codes"]["value_candidate"]) == set(SHAPES)
    assert set(get_args(Because)) <= set(kept["card"])
    assert set(kept["findings"]) == set(get_args(Asked))
    assert set(kept["values"]) == {FEW, OTHER, NOT_KNOWN, NO_TOPIC, NO_COMPLAINT}


@every_language
def test_every_sentence_belongs_to_a_feature(language: str) -> None:
    kept = words(language)["features"]
    written = {(feature.family, text) for feature in own() for text in texts_of(feature, language)[1].values()}
    of_window = re.compile(r"(?<=_)(Nd|U)(?=\b|_)")
    for family, texts in kept.items():
        for key in texts:
            pattern = re.compile(of_window.sub(lambda found: r"\d+d" if found[1] == "Nd" else "(hours|minutes)", key))
            assert any(pattern.fullmatch(feature.name) for feature in own().families[family].features), key
    assert len(written) > 100


def test_english_speaks_of_customers_and_not_of_a_woman() -> None:
    for key, text in texts_in(words("en")):
        assert not re.search(r"\b(she|her|hers|he|his|him)\b", str(text).lower()), key


def test_no_text_claims_a_cause() -> None:
    for key, text in texts_in(words("en")):
        assert not any(claim in str(text).lower() for claim in ("because", "due to", "caused by", "the reason for")), (
            key
        )


def test_an_unknown_language_is_refused_with_those_that_are_there() -> None:
    with pytest.raises(
        ConfigError, match=re.escape(f"'xx' has no catalogue of words. Take one of: {', '.join(LANGUAGES)}")
    ):
        words("xx")


def test_the_first_letter_is_a_capital() -> None:
    assert capitalised("ısı", "tr") == "Isı"
    assert capitalised("iki", "tr") == "İki"
    assert capitalised("it", "en") == "It"
    assert capitalised("3 orders", "en") == "3 orders"
    assert capitalised("", "tr") == ""
