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
