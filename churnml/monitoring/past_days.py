"""Features of a shop's past days: what a look asks for several times is built once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.builder import build
from churnml.features.family import Feature
from churnml.training.rows.study import build_sample

MOST_ROWS = 50_000
"""Customers of a day up to which its features are kept for the next question, and of whom a sample holds all."""


class PastDays:
    """Features of a shop's days under one definition.

    Parameters
    ----------
    shop : Shop
        Shop of the customers.
    definition : ChurnDefinition
        Definition that says who is a customer of a day.
    features : sequence of Feature
        Features to build.
    """

    def __init__(self, shop: Shop, definition: ChurnDefinition, features: Sequence[Feature]) -> None:
        self._shop, self._definition, self._features = shop, definition, features
        self._kept: dict[date, pd.DataFrame] = {}

    def of(self, day: date) -> pd.DataFrame:
        """Return the features of a day's customers, by customer id."""
        if day in self._kept:
            return self._kept[day]
        X = build(History(self._shop, day), self._definition, self._features)
        if len(X) <= MOST_ROWS:
            self._kept[day] = X
        return X

    def sample(self, day: date, seed: int) -> pd.DataFrame:
        """Return the features of about 50,000 of a day's customers at most, drawn by a seed, by customer id."""
        if day in self._kept:
            return self._kept[day]
        return build_sample(self._shop, day, self._definition, self._features, MOST_ROWS, seed)
