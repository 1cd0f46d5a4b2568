"""Gradient-boosted trees over all features."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from churnml.models.attribution import tree_contributions
from churnml.models.candidates.base import Candidate, FitSettings
from churnml.models.forest import check_forest
from churnml.models.rows import TrainingFrame, salted
from churnml.statistics.logodds import Floats

if TYPE_CHECKING:  # its import takes a third of the start of a command that needs no trees
    import lightgbm

_FILE = "trees.txt"
_MOST_TREES = 500
_PATIENCE = 50
_STOPPING_SHARE = 0.25
_ROWS_WORTH_THREADS = 100_000
_MIN_CHILD_SHARE = 0.005
_MIN_CHILD = (20, 200)
_REFUSED_LETTERS = frozenset('",:[]{}= ')
"""What LightGBM refuses in the name of a column, loses or writes as another letter."""


class LightGbm(Candidate):
    """Many shallow, randomised trees that learn what differs from the level of each snapshot.

    Shallow trees with random thresholds and few columns each keep apart what many correlated windows say; on forward
    folds they lost less than deeper or greedier ones. Each tree is grown on rows drawn by their position, so the order
    of the rows matters a little; a training frame has one order.
    """

    name = "lightgbm"

    def __init__(self) -> None:
        self.booster: lightgbm.Booster | None = None

    @property
    def trees(self) -> int | None:
        """Number of trees."""
        return int(self._fitted.current_iteration())

    def learn(self, frame: TrainingFrame, settings: FitSettings) -> Self:
        """Grow a given number of trees on all rows, or those that help on a quarter of the customers on the others.

        Growing as many again on all rows gained nothing on folds, and takes twice as long.

        Raises
        ------
        ValueError
            Where LightGBM cannot take the names of the columns.
        """
        _refuse_names(list(frame.X.columns))
        if settings.trees is not None:
            self.booster = _train(_parameters(len(frame), settings), _dataset(frame), settings.trees)
        else:
            self.booster = _stopped_early(frame, settings)
        return self

    def free_logodds(self, X: pd.DataFrame) -> Floats:
        """Add up the trees."""
        columns = self._fitted.feature_name()
        return np.asarray(self._fitted.predict(X[columns].to_numpy(dtype=np.float64), raw_score=True), dtype=np.float64)

    def free_contributions(self, X: pd.DataFrame) -> tuple[float, Floats]:
        """Compute the exact tree SHAP values."""
        columns = self._fitted.feature_name()
        base, values = tree_contributions(self._fitted, X[columns])
        spread = np.zeros(X.shape)
        spread[:, X.columns.get_indexer(pd.Index(columns))] = values
        return base, spread

    def save(self, folder: Path) -> None:
        """Write the trees as LightGBM's text, without the number of threads, on which they do not depend."""
        text = re.sub(r"\[num_threads: \d+\]\n", "", self._fitted.model_to_string(num_iteration=-1))
        (folder / _FILE).write_text(text, encoding="utf-8", newline="\n")

    @property
    def files(self) -> set[str]:
        """The file of the trees."""
        return {_FILE}

    @property
    def reads(self) -> Sequence[str]:
        """The features that the trees were grown on."""
        return self._fitted.feature_name()

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        """Read the trees from LightGBM's text, which is looked through before."""
        import lightgbm

        model = cls()
        text = files[_FILE].decode("utf-8")
        try:
            check_forest(text)
        except ValueError as error:
            raise ValueError(f"{_FILE} does not hold trees of LightGBM ({error})") from error
        try:
            model.booster = lightgbm.Booster(model_str=text)
        except lightgbm.basic.LightGBMError as error:
            raise ValueError(f"{_FILE} does not hold trees of LightGBM ({error})") from error
        return model

    @property
    def _fitted(self) -> lightgbm.Booster:
        if self.booster is None:
            raise ValueError("The candidate is not fitted. Call fit first.")
        return self.booster


def _stopped_early(frame: TrainingFrame, settings: FitSettings) -> lightgbm.Booster:
    """Grow trees on three quarters of the customers until they do not help on the others any more."""
    import lightgbm

    held_out = salted(frame.hashes, "early stopping") < _STOPPING_SHARE
    learn, stop = frame.take(~held_out), frame.take(held_out)
    if min(len(learn), len(stop)) == 0 or len(np.unique(stop.churned)) < 2:
        return _train(_parameters(len(frame), settings), _dataset(frame), _PATIENCE)
    grown_on = _dataset(learn)
    booster = _train(
        _parameters(len(learn), settings),
        grown_on,
        _MOST_TREES,
        valid_sets=[_dataset(stop, reference=grown_on)],
        callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)],
    )
    return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=max(int(booster.best_iteration), 1)))


def _train(*arguments: Any, **options: Any) -> lightgbm.Booster:
    # Not lightgbm.train: MLflow replaces that one to log by itself, and would log our fits into a run of the user's.
    from lightgbm.engine import train

    return train(*arguments, **options)


def _parameters(rows: int, settings: FitSettings) -> dict[str, Any]:
    params = dict(settings.params)
    share = params.pop("min_child_share", _MIN_CHILD_SHARE)
    return {
        "objective": "binary",
        "learning_rate": 0.1,
        "num_leaves": 8,
        "min_child_samples": int(np.clip(rows * share, *_MIN_CHILD)),
        "feature_fraction": 0.4,
        "extra_trees": True,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 10.0,
        "boost_from_average": False,
        "deterministic": True,
        "force_col_wise": True,
        # On few rows a second thread gains nothing, and waits for its turn at full speed where others work too.
        "num_threads": settings.threads if rows >= _ROWS_WORTH_THREADS else 1,
        "seed": settings.seed,
        "verbosity": -1,
    } | params


def _refuse_names(names: Sequence[str]) -> None:
    """Refuse names of columns that LightGBM refuses, merges or writes otherwise."""
    failures = []
    for name in names:
        letters = sorted(letter for letter in set(name) if letter in _REFUSED_LETTERS or not letter.isprintable())
        if letters or not name:
            failures.append(f"{name!r} holds {', '.join(map(ascii, letters))}" if name else "one is empty")
    if failures:
        raise ValueError(
            f"LightGBM cannot keep these names of columns apart: {'; '.join(failures)}. Rename them, in letters, "
            "digits and underscores."
        )


def _dataset(frame: TrainingFrame, reference: lightgbm.Dataset | None = None) -> lightgbm.Dataset:
    import lightgbm

    return lightgbm.Dataset(
        frame.X.to_numpy(dtype=np.float64),
        frame.churned,
        weight=frame.weights,
        init_score=frame.level_offsets(),
        feature_name=list(frame.X.columns),
        reference=reference,
    )
