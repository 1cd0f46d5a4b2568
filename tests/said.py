"""What features say, asked one by one."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from churnml.features.family import Family
from churnml.features.family_catalogue import catalogue
from churnml.features.sentences import Sentences
from churnml.words import Language


def write(
    name: str, row: Mapping[str, float], language: Language = "en", currency: str | None = None, *families: Family
) -> str | None:
    return Sentences(catalogue().with_families(families), language, currency).write(name, row)


def speaks(name: str, X: pd.DataFrame, *families: Family) -> list[bool]:
    told: list[bool] = Sentences(catalogue().with_families(families)).speaks(name, X).tolist()
    return told
