"""The profile: how the rows that a model was trained on were spread, by which later days are seen to differ."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, model_validator

from churnml.models.rows import TrainingFrame
from churnml.statistics.drift import bin_edges, count_in_bins, find_bins
from churnml.statistics.logodds import Floats

if TYPE_CHECKING:
    from churnml.models.model import Model

FILE = "profile.json"
_EDGE_ROWS = 100_000
_SHAP_ROWS = 2_000
_DIGITS = 12


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Spread(_Part):
    """How a number was spread over customers, day by day.

    Attributes
    ----------
    edges : tuple of float
        Edges of the bins; see `churnml.statistics.drift.bin_edges`.
    counts : tuple of tuple of int
        Number of customers in each bin, those without a value last; one row for each day of the profile.
    means : tuple of float or None
        Mean of each day; None where nobody has a value.
    weight : float
        Share of the model's mean absolute SHAP value; 0 where it does not look at it.
    shap : tuple of float
        Mean SHAP value of the customers of each bin, in log-odds; 0 for a bin without any.
    """

    edges: tuple[float, ...]
    counts: tuple[tuple[int, ...], ...]
    means: tuple[float | None, ...]
    weight: float
    shap: tuple[float, ...]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        bins = len(self.edges) + 2
        if any(len(row) != bins or min(row) < 0 for row in self.counts) or len(self.shap) != bins:
            raise ValueError("profile: counts and SHAP values must be one for each bin, and counts not below 0")
        if list(self.edges) != sorted(set(self.edges)) or len(self.means) != len(self.counts):
            raise ValueError("profile: edges must increase, and each day must have a mean")
        return self


class Profile(_Part):
    """How features and predictions were spread on the labelled days of a training.

    Attributes
    ----------
    days : tuple of date
        The days, oldest first.
    features : dict of str to Spread
        Features of the model by name.
    predictions : Spread
        Predicted log-odds; its weight and SHAP values are 0.
    """

    days: tuple[date, ...]
    features: dict[str, Spread]
    predictions: Spread

    @model_validator(mode="after")
    def _has_all_days(self) -> Self:
        if any(len(spread.counts) != len(self.days) for spread in (*self.features.values(), self.predictions)):
            raise ValueError("profile: each day must have its counts")
        return self

    @classmethod
    def from_json(cls, text: bytes | str) -> Self:
        """Read what ``to_json`` gave.

        Raises
        ------
        ValueError
            Where it is none.
        """
        return cls.model_validate_json(text)

    def to_json(self) -> str:
        """Write the profile as JSON whose bytes depend on its content alone."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"

    @property
    def newest(self) -> Profile:
        """Profile of its last day alone."""
        return Profile(
            days=self.days[-1:],
            features={name: _last(spread) for name, spread in self.features.items()},
            predictions=_last(self.predictions),
        )

    def has_bins_of(self, other: Profile) -> bool:
        """Say whether both count the same features in the same bins."""
        edges, theirs = ({name: spread.edges for name, spread in one.features.items()} for one in (self, other))
        return edges == theirs and self.predictions.edges == other.predictions.edges

    def joined(self, later: Profile) -> Profile:
        """Return the profile with the days of another one, which has its bins, behind its own."""
        features = {name: _joined(spread, later.features[name]) for name, spread in self.features.items()}
        return Profile(
            days=self.days + later.days, features=features, predictions=_joined(self.predictions, later.predictions)
        )

    def add(self, day: date, X: pd.DataFrame, logodds: Floats) -> Profile:
        """Return the profile with one day more, counted in the same bins.

        Parameters
        ----------
        day : date
            Day that is added.
        X : pandas DataFrame
            Features of the day's customers.
        logodds : array of float, shape (rows,)
            Predicted log-odds of the same customers.
        """
        whole = np.zeros(len(X), dtype=np.intp)
        features = {
            name: _longer(spread, X[name].to_numpy(dtype=np.float64), whole, 1)
            for name, spread in self.features.items()
        }
        predictions = _longer(self.predictions, logodds, whole, 1)
        return Profile(days=(*self.days, day), features=features, predictions=predictions)


def profile_rows(model: Model, frame: TrainingFrame) -> Profile:
    """Profile the labelled rows of a training, column by column.

    Edges are those of about 100,000 rows, SHAP values those of about 2,000, predictions those of about 100,000, each of
    whole customers; what is counted in the bins is every row.

    Parameters
    ----------
    model : Model
        Model that was trained on the rows.
    frame : TrainingFrame
        Labelled rows.
    """
    days = frame.days
    at = np.searchsorted(days, frame.snapshots)
    edge_rows, shap_rows = frame.drawn(_EDGE_ROWS), frame.drawn(_SHAP_ROWS)
    some = model.select(frame.X.loc[shap_rows])
    _, shap = model.contributions(some)
    sizes = shap.abs().mean()
    total = float(sizes.sum())
    features = {}
    for name in model.names:
        if name not in frame.X:
            continue  # the level of the shop, which is not a customer's
        values = frame.X[name].to_numpy(dtype=np.float64)
        edges = bin_edges(values[edge_rows])
        features[name] = _spread(
            values,
            at,
            edges,
            days=len(days),
            weight=float(sizes[name]) / total if total else 0.0,
            shap=_mean_in_bins(shap[name].to_numpy(), find_bins(values[shap_rows], edges), len(edges) + 2),
        )
    predicted = model.predict_logodds(model.select(frame.X.loc[edge_rows]))
    edges = bin_edges(predicted)
    none = np.zeros(len(edges) + 2)
    return Profile(
        days=tuple(day.item() for day in days),
        features=features,
        predictions=_spread(predicted, at[edge_rows], edges, days=len(days), weight=0.0, shap=none),
    )


def _spread(values: Floats, at: NDArray[np.intp], edges: Floats, *, days: int, weight: float, shap: Floats) -> Spread:
    empty = Spread(
        edges=tuple(edges.tolist()),
        counts=(),
        means=(),
        weight=round(weight, _DIGITS),
        shap=tuple(shap.round(_DIGITS).tolist()),
    )
    return _longer(empty, values, at, days)


def _longer(spread: Spread, values: Floats, at: NDArray[np.intp], days: int) -> Spread:
    """Return a spread with some days more; ``at`` is the number of each value's day, sorted."""
    parts = np.split(values, np.searchsorted(at, np.arange(1, days)))
    counts = tuple(tuple(count_in_bins(part, spread.edges).tolist()) for part in parts)
    means = tuple(_mean(part) for part in parts)
    return spread.model_copy(update={"counts": spread.counts + counts, "means": spread.means + means})


def _last(spread: Spread) -> Spread:
    return spread.model_copy(update={"counts": spread.counts[-1:], "means": spread.means[-1:]})


def _joined(spread: Spread, later: Spread) -> Spread:
    return spread.model_copy(update={"counts": spread.counts + later.counts, "means": spread.means + later.means})


def _mean(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return round(float(known.mean()), _DIGITS) if known.size else None


def _mean_in_bins(values: Floats, bins: NDArray[np.intp], count: int) -> Floats:
    sums, rows = np.bincount(bins, values, count), np.bincount(bins, minlength=count)
    return np.asarray(sums / np.maximum(rows, 1), dtype=np.float64)


def last_year(days: Sequence[date], day: date, near_days: int = 16) -> int | None:
    """Find the position of the day nearest to a year before; None where none is near.

    Examples
    --------
    >>> last_year([date(2024, 1, 1), date(2024, 2, 1)], date(2025, 1, 20))
    1
    """
    off = [abs((day - one).days - 365) for one in days]
    nearest = min(range(len(off)), key=off.__getitem__, default=None)
    return nearest if nearest is not None and off[nearest] <= near_days else None
