"""What a candidate model is: four methods, additive in log-odds throughout, and never surer than its rows allow."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import Floats


@dataclass(frozen=True)
class FitSettings:
    """What a fit may depend on besides its rows.

    Attributes
    ----------
    seed : int
        Seed of everything random.
    threads : int
        Number of threads to use; the result does not depend on them.
    trees : int or None
        Number of trees where it is known already; None finds it.
    weights : mapping of str to float or None
        Weight of each member of a blend; None lets all count the same.
    params : mapping of str to object
        Settings of LightGBM that differ from the default, by name; ``min_child_share`` is a share of the rows.
    """

    seed: int
    threads: int
    trees: int | None = None
    weights: Mapping[str, float] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


class Candidate(ABC):
    """A model of the shape of the risk: who is more likely to leave than whom, and by how much.

    Candidates predict log-odds net of the level of a snapshot; the level is added afterwards. They are held within
    ``log(2 n + 1)`` of 0, for n rows that were learnt from: where all n rows end alike, half a customer added to both
    sides gives these log-odds, and nothing that was seen allows to be surer. A model that goes on as a line beyond what
    it saw would be surer by any factor there, and one such customer outweighs thousands of others.

    Attributes
    ----------
    bound : float
        Largest absolute log-odds; infinite before the fit, and for models of before format 5.
    """

    name: ClassVar[str]
    bound: float = math.inf

    @property
    def trees(self) -> int | None:
        """Number of trees; None for candidates that have none."""
        return None

    @classmethod
    def suits(cls, features: Sequence[str]) -> bool:
        """Check whether these features allow the candidate to be fitted."""
        return True

    def fit(self, frame: TrainingFrame, settings: FitSettings) -> Self:
        """Learn from labelled rows; returns itself."""
        return self.learn(frame, settings).bounded(math.log(2 * len(frame) + 1))

    def bounded(self, bound: float) -> Self:
        """Hold the log-odds within a bound; returns itself."""
        self.bound = bound
        return self

    def logodds(self, X: pd.DataFrame) -> Floats:
        """Predict log-odds net of the level, shape (rows,)."""
        return np.clip(self.free_logodds(X), -self.bound, self.bound)

    def contributions(self, X: pd.DataFrame) -> tuple[float, Floats]:
        """Split the log-odds: a base value and SHAP values of shape (rows, columns of X) that add up to them.

        Where the bound holds a row, all its values shrink by one factor.
        """
        base, values = self.free_contributions(X)
        free = values.sum(axis=1)
        held = np.clip(base + free, -self.bound, self.bound) - base
        beyond = np.abs(base + free) > self.bound
        values[beyond] *= (held[beyond] / free[beyond])[:, None]
        return base, values

    @abstractmethod
    def learn(self, frame: TrainingFrame, settings: FitSettings) -> Self:
        """Learn from labelled rows, without a bound; returns itself."""

    @abstractmethod
    def free_logodds(self, X: pd.DataFrame) -> Floats:
        """Predict log-odds net of the level, without a bound, shape (rows,)."""

    @abstractmethod
    def free_contributions(self, X: pd.DataFrame) -> tuple[float, Floats]:
        """Split the log-odds without a bound: see ``contributions``."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the fitted candidate as text files."""

    @property
    @abstractmethod
    def files(self) -> set[str]:
        """Names of the files that ``save`` writes, and ``load`` reads."""

    @property
    @abstractmethod
    def reads(self) -> Sequence[str]:
        """Names of the features that it reads."""

    @classmethod
    @abstractmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        """Read a candidate from the files that ``save`` wrote, by their names.

        Raises
        ------
        KeyError, TypeError, ValueError
            Where that is not what the files hold.
        """


def write_json(path: Path, content: Any) -> None:
    """Write JSON whose bytes depend on the content alone."""
    path.write_text(json.dumps(content, indent=1, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def select(X: pd.DataFrame, columns: Sequence[str]) -> Floats:
    """Return some columns as a float64 array, shape (rows, columns)."""
    return X[list(columns)].to_numpy(dtype=np.float64)
