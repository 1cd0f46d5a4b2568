"""The recipe: everything that is fixed before a model is fitted, so that it can be fitted again under another cut."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from churnml.models.candidates import CANDIDATES, Candidate
from churnml.models.candidates.base import FitSettings
from churnml.models.card import RecipePart
from churnml.models.rows import TrainingFrame
from churnml.models.segments import Segment, calibrated
from churnml.plain import plain
from churnml.statistics.logodds import Floats


@dataclass(frozen=True)
class Recipe:
    """How a model is made from labelled rows.

    Attributes
    ----------
    features : tuple of str
        Names of the columns that it may use.
    candidate : str
        Name of the candidate.
    fade_days : int or None
        Half-life of the rows' weights, in days; None weighs all snapshots alike.
    newest : int or None
        Greatest number of snapshots that are used, from the newest back; None uses all.
    every : int
        Step from one used snapshot to the next, from the newest back; 1 uses each.
    trees : int or None
        Number of trees; None finds it.
    weights : mapping of str to float
        Weights of a blend's members; empty lets all count the same.
    params : mapping of str to object
        Settings of LightGBM that differ from the default, by name.
    slope : float
        Factor on the candidate's log-odds.
    segments : tuple of Segment
        Segments whose log-odds are moved.
    """

    features: tuple[str, ...]
    candidate: str = "recency_rule"
    fade_days: int | None = None
    newest: int | None = None
    every: int = 1
    trees: int | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    slope: float = 1.0
    segments: tuple[Segment, ...] = ()

    def prepare(self, frame: TrainingFrame) -> TrainingFrame:
        """Thin out, select and weight the rows that are learnt from."""
        days = frame.days[::-1][: self.newest : self.every]
        if len(days) < len(frame.days):
            frame = frame.take(np.isin(frame.snapshots, days))
        names = tuple(frame.X.columns)
        if names != self.features:
            # The first columns of a frame are a view of it; others are a copy.
            first = names[: len(self.features)] == self.features
            X = frame.X.iloc[:, : len(self.features)] if first else frame.X[list(self.features)]
            frame = dataclasses.replace(frame, X=X)
        return frame.faded(self.fade_days)

    def fit(self, frame: TrainingFrame, settings: FitSettings) -> Candidate:
        """Fit the candidate on labelled rows."""
        settings = dataclasses.replace(settings, trees=self.trees, weights=self.weights or None, params=self.params)
        return CANDIDATES[self.candidate]().fit(self.prepare(frame), settings)

    def calibrate(self, logodds: Floats, X: pd.DataFrame) -> Floats:
        """Apply the slope and the offsets of the segments to a candidate's log-odds, shape (rows,)."""
        return calibrated(logodds, X, self.slope, self.segments)

    def to_card(self) -> RecipePart:
        """Return the recipe as the card tells it."""
        return RecipePart.from_json(plain(dataclasses.asdict(self)))

    @classmethod
    def from_card(cls, card: RecipePart) -> Recipe:
        """Read what ``to_card`` gave."""
        return cls(**{**dict(card), "segments": tuple(Segment(**dict(segment)) for segment in card.segments)})
