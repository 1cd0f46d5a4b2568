"""What a concept weighs for a customer, against those of whom the same cannot be said."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.features.family_catalogue import OF_THE_DAY
from churnml.features.sentences import Sentences
from churnml.statistics.logodds import Floats

Side = Literal["leaving", "staying"]
Places = NDArray[np.intp]
Flags = NDArray[np.bool_]

_SHARE = 0.25
_UPPER = 0.75
_BEFORE_ALL = 1e6  # more than any push in log-odds


class Weigher:
    """Weighs the concepts of one side, leaving or staying.

    A SHAP value compares a customer with the mean of all customers, those among them to whom the same happened, and a
    feature without a value often tells only that they were not seen lately. What people ask is another thing: what does
    it add that *this* happened to them? So a concept's weight is the sum, over its features that have something true to
    say on that side, of their SHAP values less the mean SHAP value of the customers of whom they have not (an
    explanation is a contrast with a reference, and the reference must be chosen: Merrick and Taly 2020, "The
    explanation game: explaining machine learning models using Shapley values").

    What counts as noise is the shop's own. A concept is heard only where it weighs at least ``min_weight`` for the
    upper quarter of the customers to whom it happened: where an effect is not there, it does not. And it is a reason
    for one of them only if it weighs a quarter of that for them. It happened to whom a headline of the concept is true
    of; where it has none, any of its sentences.

    Parameters
    ----------
    X : pandas DataFrame
        Features of the population, or of those of it of whom there are contributions.
    contributions : pandas DataFrame or None
        SHAP values in log-odds of some of its rows, enough to know means and quartiles; None leaves the means at 0 and
        hears every concept from ``min_weight`` on.
    sentences : Sentences
        Sentences of the features.
    min_weight : float
        Least weight of a concept, in log-odds.
    side : {'leaving', 'staying'}
        Side that is weighed. For leaving, a feature speaks on its telling side of the median (median included); for
        staying, one of which little tells of leaving speaks above it.
    medians : pandas Series, optional
        Medians of the features of the population; None takes those of ``X``.

    Attributes
    ----------
    names : list of str
        Names of the features that are weighed: all but the shop's level, which is the same for all customers and no
        reason of theirs.
    concepts : list of str
        Concepts that are weighed.
    actionable : array of bool, shape (concepts,)
        Whether one can act on the concept.
    """

    def __init__(
        self,
        X: pd.DataFrame,
        contributions: pd.DataFrame | None,
        sentences: Sentences,
        min_weight: float,
        side: Side,
        medians: pd.Series | None = None,
    ) -> None:
        known = sentences.known
        self.names = [name for name in X.columns if known[name].family not in OF_THE_DAY]
        self.concepts = list(dict.fromkeys(known.concepts[name] for name in self.names))
        self.actionable = np.array([known.is_actionable(concept) for concept in self.concepts], dtype=np.bool_)
        self._sentences = sentences
        self._side = side
        self._medians = X[self.names].median() if medians is None else medians
        self._usual = np.zeros(len(self.names))
        self._floors = np.full(len(self.concepts), min_weight)
        if contributions is not None and len(contributions):
            X, pushes = X.loc[contributions.index], self._pushes(contributions)
            telling = self._telling(X)
            others = len(X) - telling.sum(axis=0)
            self._usual = np.where(telling, 0.0, pushes).sum(axis=0) / np.maximum(others, 1)
            weights = self._sum(pushes, telling)
            for at, happened in enumerate(self._happened(telling)):
                strength = np.quantile(weights[happened, at], _UPPER) if happened.any() else 0.0
                self._floors[at] = _SHARE * strength if strength >= min_weight else np.inf

    def to_json(self) -> dict[str, object]:
        """Return the numbers that decide besides a customer's own."""
        return {
            "medians": dict(zip(self.names, self._medians[self.names].tolist(), strict=True)),
            "usual": dict(zip(self.names, self._usual.tolist(), strict=True)),
            "least": dict(zip(self.concepts, self._floors.tolist(), strict=True)),
        }

    def weigh(self, X: pd.DataFrame, contributions: pd.DataFrame) -> tuple[Floats, Places]:
        """Weigh the concepts of customers and choose who speaks for them.

        Parameters
        ----------
        X : pandas DataFrame
            Features of the customers.
        contributions : pandas DataFrame
            SHAP values of these customers in log-odds.

        Returns
        -------
        weights : array of float, shape (rows, concepts)
            Weights in log-odds, positive where they speak for the side.
        speakers : array of int, shape (rows, concepts)
            Position in ``names`` of the feature that speaks: a headline if one is true, otherwise the one that weighs
            most; -1 where the concept is no reason.
        """
        pushes, telling = self._pushes(contributions), self._telling(X)
        weights = self._sum(pushes, telling)
        speakers = np.full(weights.shape, -1)
        for at, members in enumerate(self._members()):
            rows = np.flatnonzero((weights[:, at] >= self._floors[at]) & (weights[:, at] > 0))
            turns = np.where(pushes[np.ix_(rows, members)] > 0, -pushes[np.ix_(rows, members)], np.inf)
            for column, member in enumerate(members):
                place = self._headline(member)
                turns[:, column] = place - _BEFORE_ALL if place else turns[:, column]
            turns[~telling[np.ix_(rows, members)]] = np.inf
            first = turns.argmin(axis=1)
            speakers[rows, at] = np.where(np.isfinite(turns.min(axis=1)), members[first], -1)
        return weights, speakers

    def _pushes(self, contributions: pd.DataFrame) -> Floats:
        pushes = contributions[self.names].to_numpy(dtype=np.float64)
        return pushes if self._side == "leaving" else -pushes

    def _sum(self, pushes: Floats, telling: Flags) -> Floats:
        added = np.where(telling, pushes - self._usual, 0.0)
        columns = [added[:, members].sum(axis=1) for members in self._members()]
        return np.column_stack(columns) if columns else np.zeros((len(pushes), 0))

    def _members(self) -> list[Places]:
        """Return the places of each concept's features."""
        owners = np.array([self._sentences.known.concepts[name] for name in self.names])
        return [np.flatnonzero(owners == concept) for concept in self.concepts]

    def _headline(self, at: np.intp) -> int | None:
        return self._sentences.known[self.names[at]].headline if self._side == "leaving" else None

    def _happened(self, telling: Flags) -> list[Flags]:
        """Find for each concept the customers to whom it happened, shape (rows,) each."""
        found = []
        for members in self._members():
            headlines = [at for at in members if self._headline(at)]
            found.append(np.asarray(telling[:, headlines or members].any(axis=1)))
        return found

    def _telling(self, X: pd.DataFrame) -> Flags:
        """Find the features that have something true to say on the side, shape (rows, features)."""
        telling = np.zeros((len(X), len(self.names)), dtype=np.bool_)
        for at, name in enumerate(self.names):
            values, median = X[name].to_numpy(dtype=np.float64), self._medians[name]
            tells = self._sentences.known[name].tells
            with np.errstate(invalid="ignore"):
                if self._side == "staying":
                    on_side = (values > median) if tells == "low" else np.zeros(len(X), dtype=np.bool_)
                else:
                    on_side = {"high": values >= median, "low": values <= median, "any": np.isfinite(values)}[tells]
            telling[:, at] = on_side & self._sentences.speaks(name, X)
        return telling
