"""Open complaints in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from churnml.words import Language, words
from churnml.words.numbers import number_writer
from churnml.words.value_names import ValueNames


def say_complaint(row: Mapping[str, Any], language: Language, names: ValueNames, is_private: bool = False) -> str:
    """Say for how long a complaint has been open, about what, how severe it is and which order it is about.

    Parameters
    ----------
    row : mapping of str to object
        Complaint, as a row of `churnml.data.open_complaints.open_complaints`.
    language : str
        Language of the text.
    names : ValueNames
        Names of the shop's own values.
    is_private : bool, optional
        Whether only the days are said: texts of the shop may tell who somebody is.

    Examples
    --------
    >>> row = {"days_open": 12, "topic": "late parcel", "severity": None, "order_id": "77"}
    >>> say_complaint(row, "en", ValueNames({}))
    'Open complaint (12 days): late parcel, order 77'
    """
    t = words(language)["page"]
    said = str(t["about_complaint"].format(days=number_writer("days", language)(row["days_open"])))
    texts = {name: row.get(name) for name in ("topic", "severity", "order_id")}
    if is_private or all(pd.isna(text) for text in texts.values()):
        return said
    parts = []
    if not pd.isna(texts["topic"]):
        parts.append(names.of("complaints.topic", str(texts["topic"])))
    if not pd.isna(texts["severity"]):
        severity = names.of("complaints.severity", str(texts["severity"]))
        parts.append(t["about_severity"].replace("{severity}", severity))  # what the shop wrote may hold braces
    if not pd.isna(texts["order_id"]):
        parts.append(t["about_order"].replace("{order}", str(texts["order_id"])))
    return f"{said}: {', '.join(parts)}"
