"""Names of codes: what people call the values that files for machines hold."""

from __future__ import annotations

from typing import Any

from churnml.words import Language, words


def name_of(kind: str, value: Any, language: Language) -> str:
    """Name the value of a code; one that churnml does not know, such as a concept of one's own, stands for itself.

    Parameters
    ----------
    kind : str
        Kind of the code: ``risk_band, segment, lifecycle_stage, concept, change, excluded, outcome, flag,
        candidate`` or ``value_candidate``.
    value : object
        Code to name.
    language : str
        Language of the name.

    Examples
    --------
    >>> name_of("concept", "delivery", "tr"), name_of("excluded", "no_consent", "tr")
    ('Teslimat', 'İletişim izni yok')
    """
    names = words(language)["codes"].get(kind, {})
    return str(names.get(value, value))
