"""Words: one catalogue for each language, which holds all that people read; code passes keys and numbers.

A catalogue is a YAML file, nested by what it speaks of, with the plural forms of Unicode's CLDR (``one``, ``other``) as
Ruby on Rails keeps its translations; Weblate, Crowdin and others read and write that form. A further language is one
more file, which a test holds against the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel import Locale

from churnml.errors import ConfigError

Language = str
"""A language that has a catalogue, by its ISO code; see ``LANGUAGES``."""

Words = Mapping[str, Any]

_HERE = Path(__file__).parent
LANGUAGES: tuple[Language, ...] = tuple(sorted(file.stem for file in _HERE.glob("*.yaml")))
"""The languages that have a catalogue."""


@cache
def words(language: Language) -> Words:
    """Return the catalogue of a language.

    Parameters
    ----------
    language : str
        ISO code of the language.

    Raises
    ------
    ConfigError
        Where it has none.

    Examples
    --------
    >>> words("tr")["columns"]["value_at_risk"]["title"]
    'Risk altındaki değer'
    """
    if language not in LANGUAGES:
        raise ConfigError(f"language: {language!r} has no catalogue of words. Take one of: {', '.join(LANGUAGES)}.")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read: Words = yaml.load((_HERE / f"{language}.yaml").read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    return read


def capitalised(text: str, language: Language) -> str:
    """Write the first letter in upper case; the Turkish i keeps its dot.

    Examples
    --------
    >>> capitalised("ilk sipariş", "tr"), capitalised("in the last 30 days", "en")
    ('İlk sipariş', 'In the last 30 days')
    """
    first = "İ" if language == "tr" and text[:1] == "i" else text[:1].upper()
    return first + text[1:]


def uncapitalised(text: str, language: Language) -> str:
    """Write the first letter in lower case, as within a sentence; in German it may be a noun and stays.

    Examples
    --------
    >>> uncapitalised("İletişim izni yok", "tr"), uncapitalised("No consent", "en"), uncapitalised("Ein Kontakt", "de")
    ('iletişim izni yok', 'no consent', 'Ein Kontakt')
    """
    if language == "de":
        return text
    first = {"İ": "i", "I": "ı"}.get(text[:1]) if language == "tr" else None
    return (first or text[:1].lower()) + text[1:]


def for_count(said: str | Mapping[str, str], count: float, language: Language) -> str:
    """Choose the text that a language has for a count; one that is alike for all counts is that text.

    Examples
    --------
    >>> for_count({"one": "{n} order", "other": "{n} orders"}, 1, "en"), for_count("{n} sipariş", 1, "tr")
    ('{n} order', '{n} sipariş')
    """
    return said if isinstance(said, str) else said.get(Locale(language).plural_form(count), said["other"])
