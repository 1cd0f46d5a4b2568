"""The effect of a contact as a function of a customer's features: a sum over columns, or trees; kept as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from churnml.models.boosters import read_booster
from churnml.models.tree_tables import TreeTable, contributions_of, tables_of
from churnml.statistics.logodds import Floats, add_up

if TYPE_CHECKING:
    import lightgbm

TREES = "trees"
"""Candidate that is grown from trees; the others are sums over columns."""
_OBJECTIVE = "regression"


@dataclass(frozen=True, kw_only=True)
class LinearEffect:
    """Effect of a contact as a sum over columns.

    Attributes
    ----------
    candidate : str
        ``constant``, ``by_risk`` or ``ridge``.
    intercept : float
        Effect on an average customer, in kept customers per contact.
    columns : tuple of str
        Columns that it looks at.
    means, weights : array of float, shape (columns,)
        Mean of each column, which stands for what is missing too, and effect per unit above it.
    """

    candidate: str
    intercept: float
    columns: tuple[str, ...]
    means: Floats
    weights: Floats

    def __post_init__(self) -> None:
        """Refuse numbers that do not belong to the columns."""
        if not len(self.columns) == len(self.means) == len(self.weights):
            raise ValueError("columns, means and weights differ in number")

    def contributions(self, X: pd.DataFrame) -> Floats:
        """Return what each column adds to the effect of each customer, shape (rows, columns)."""
        values = X[list(self.columns)].to_numpy(dtype=np.float64) - self.means
        return np.asarray(np.nan_to_num(values) * self.weights, dtype=np.float64)

    def predict(self, X: pd.DataFrame) -> Floats:
        """Return the effect expected of a contact on each customer, shape (rows,)."""
        return self.intercept + add_up(self.contributions(X))

    def content(self) -> dict[str, Any]:
        """Tell it as JSON does."""
        return {
            "candidate": self.candidate,
            "intercept": self.intercept,
            "columns": list(self.columns),
            "means": self.means.tolist(),
            "weights": self.weights.tolist(),
        }


@dataclass(frozen=True, kw_only=True)
class TreeEffect:
    """Effect of a contact as a sum of trees.

    Attributes
    ----------
    columns : tuple of str
        Columns that the trees may look at.
    trees : str
        Trees as LightGBM's text, in which columns stand by their place.

    Raises
    ------
    ValueError
        Where the text is no forest, or one of other columns or of larger trees.
    """

    columns: tuple[str, ...]
    trees: str

    def __post_init__(self) -> None:
        """Refuse a text that is none, before anything is asked of it."""
        if self._booster.num_feature() != len(self.columns):
            raise ValueError("columns and trees differ in number")
        self._tables  # noqa: B018  # refuses trees that are too large

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as text."""
        return read_effect, (self.content(),)

    @property
    def candidate(self) -> str:
        """Name of the candidate."""
        return TREES

    @property
    def intercept(self) -> float:
        """Effect before any column is looked at, in kept customers per contact."""
        return sum(table.base for table in self._tables)

    def contributions(self, X: pd.DataFrame) -> Floats:
        """Return the SHAP values of each column for each customer, shape (rows, columns)."""
        return contributions_of(self._tables, X[list(self.columns)].to_numpy(dtype=np.float64))[1]

    def predict(self, X: pd.DataFrame) -> Floats:
        """Return the effect expected of a contact on each customer, shape (rows,)."""
        return np.asarray(self._booster.predict(X[list(self.columns)].to_numpy(dtype=np.float64)), dtype=np.float64)

    def content(self) -> dict[str, Any]:
        """Tell it as JSON does."""
        return {"candidate": TREES, "columns": list(self.columns), "trees": self.trees}

    @cached_property
    def _booster(self) -> lightgbm.Booster:
        return read_booster("effect", self.trees, _OBJECTIVE)

    @cached_property
    def _tables(self) -> list[TreeTable]:
        tables = tables_of(self._booster)
        if tables is None:
            raise ValueError("a tree has more splits than an effect may have")
        return tables


Effect = LinearEffect | TreeEffect
"""What a contact is expected to do: ``candidate``, ``intercept``, ``columns``, ``contributions`` and ``predict``."""


def read_effect(told: Mapping[str, Any]) -> Effect:
    """Read an effect from JSON.

    Raises
    ------
    ValueError, KeyError, TypeError
        Where it tells none.
    """
    columns = tuple(map(str, told["columns"]))
    if told["candidate"] == TREES:
        return TreeEffect(columns=columns, trees=str(told["trees"]))
    return LinearEffect(
        candidate=str(told["candidate"]),
        intercept=float(told["intercept"]),
        columns=columns,
        means=np.array(told["means"], dtype=np.float64),
        weights=np.array(told["weights"], dtype=np.float64),
    )
