"""Names of codes: what people call the values that files for machines hold."""

from __future__ import annotations

import re
from typing import Any

from churnml.words import Language, words
from churnml.words.numbers import number_writer


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
    >>> name_of("concept", "delivery", "tr"), name_of("excluded", "less than 40% likely to leave", "tr")
    ('Teslimat', 'Ayrılma olasılığı %40 sınırının altında')
    """
    names = words(language)["codes"].get(kind, {})
    if value in names:
        return str(names[value])
    unlikely = re.fullmatch(r"less than (\d+)% likely to leave", str(value)) if kind == "excluded" else None
    if unlikely is None:
        return str(value)
    share = number_writer("share", language)(int(unlikely[1]) / 100)
    return str(names["less than {share} likely to leave"]).format(share=share)
