"""Gradient-boosted trees over all features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from churnml.models.attribution import tree_contributions
from churnml.models.boosters import read_booster, train, write_booster
from churnml.models.candidates.base import Candidate, FitSettings
from churnml.models.rows import TrainingFrame, salted
from churnml.models.tree_tables import TreeTable, contributions_of, tables_of
from churnml.statistics.logodds import Floats

if TYPE_CHECKING:  # its import takes a third of the start of a command that needs no trees
    import lightgbm

_PARTS = 4
_ENOUGH_ROWS = 200_000
_FILES = ("trees.txt", *(f"trees_{part}.txt" for part in range(2, _PARTS + 1)))
_MOST_TREES = 350
_PATIENCE = 30
_ROWS_WORTH_THREADS = 100_000
_MIN_CHILD_SHARE = 0.005
_MIN_CHILD = (20, 200)
_REFUSED_LETTERS = frozenset('",:[]{}= ')
"""What LightGBM refuses in the name of a column, loses or writes as another letter."""


class LightGbm(Candidate):
    """The mean of up to four boosted forests, which learn what differs from the level of each snapshot.

    Shallow trees with random thresholds and few columns each keep apart what many correlated windows say; on forward
    folds they lost less than deeper ones, and in most shops less than with the best thresholds. Each forest stops
    growing where it does not help any more on another quarter of the customers: one alone depends much on which quarter
    that is, and their mean has learned from all customers (Breiman 1996, "Bagging predictors", Machine Learning 24).
    With more than 200,000 rows little is left to average, and one forest is grown. Each tree is grown on rows drawn by
    their position, so the order of the rows matters a little; a training frame has one order.

    Attributes
    ----------
    boosters : list of LightGBM Booster
        Forests, four at most; models of earlier versions have one.
    """

    name = "lightgbm"

    def __init__(self) -> None:
        self.boosters: list[lightgbm.Booster] = []

    @property
    def trees(self) -> int | None:
        """Number of trees of all forests."""
        return sum(int(booster.current_iteration()) for booster in self._fitted)

    def learn(self, frame: TrainingFrame, settings: FitSettings) -> Self:
        """Grow one forest of a given number of trees on all rows, or those that stop early.

        Raises
        ------
        ValueError
            Where LightGBM cannot take the names of the columns.
        """
        _refuse_names(list(frame.X.columns))
        parameters = _parameters(len(frame), settings)
        data = _dataset(frame, parameters)
        stopped = [] if settings.trees is not None else _stopped_early(frame, data, parameters)
        self.__dict__.pop("_tables", None)
        self.boosters = stopped or [train(parameters, data, settings.trees or _PATIENCE)]
        return self

    def of_first(self, trees: int) -> Self:
        """Return what the first trees of each forest say, under the same bound: as if no more had been grown."""
        first = type(self)().bounded(self.bound)
        first.boosters = [_first_trees(booster, trees) for booster in self._fitted]
        return first

    def free_logodds(self, X: pd.DataFrame) -> Floats:
        """Add up the trees of each forest, and take the mean."""
        rows = X[self.reads].to_numpy(dtype=np.float64)
        said = [np.asarray(booster.predict(rows, raw_score=True), dtype=np.float64) for booster in self._fitted]
        return np.asarray(np.mean(said, axis=0), dtype=np.float64)

    def free_contributions(self, X: pd.DataFrame) -> tuple[float, Floats]:
        """Compute the exact tree SHAP values of each forest, and take the mean: they are linear in the model."""
        columns, spread = self.reads, np.zeros(X.shape)
        if self._tables is not None:
            base, values = contributions_of(self._tables, X[columns].to_numpy(dtype=np.float64))
        else:
            told = [tree_contributions(booster, X[columns]) for booster in self._fitted]
            base, values = sum(of_forest for of_forest, _ in told), np.sum([values for _, values in told], axis=0)
        spread[:, X.columns.get_indexer(pd.Index(columns))] = values / len(self._fitted)
        return base / len(self._fitted), spread

    def save(self, folder: Path) -> None:
        """Write each forest as LightGBM's text, without the number of threads, on which it does not depend."""
        for name, booster in zip(_FILES, self._fitted, strict=False):
            (folder / name).write_text(write_booster(booster), encoding="utf-8", newline="\n")

    @property
    def files(self) -> set[str]:
        """The files of the forests."""
        return set(_FILES[: len(self._fitted)])

    @property
    def reads(self) -> list[str]:
        """The features that the trees were grown on."""
        return list(self._fitted[0].feature_name())

    @classmethod
    def load(cls, files: Mapping[str, bytes]) -> Self:
        """Read the forests from LightGBM's text, which is looked through before."""
        model = cls()
        there = [name for name in _FILES if name == _FILES[0] or name in files]
        model.boosters = [read_booster(name, files[name].decode("utf-8")) for name in there]
        if len({tuple(booster.feature_name()) for booster in model.boosters}) > 1:
            raise ValueError(f"{', '.join(sorted(model.files))} do not read the same columns")
        return model

    @cached_property
    def _tables(self) -> list[TreeTable] | None:
        """SHAP values of all trees by the ways through them; None where a tree has too many."""
        of_forests = [tables_of(booster) for booster in self._fitted]
        return None if None in of_forests else [table for tables in of_forests for table in tables or []]

    @property
    def _fitted(self) -> list[lightgbm.Booster]:
        if not self.boosters:
            raise ValueError("The candidate is not fitted. Call fit first.")
        return self.boosters


def _stopped_early(
    frame: TrainingFrame, data: lightgbm.Dataset, parameters: Mapping[str, Any]
) -> list[lightgbm.Booster]:
    """Grow a forest for each quarter of the customers, on the others, until it does not help on these any more."""
    import lightgbm

    quarters = np.floor(salted(frame.hashes, "early stopping") * _PARTS)
    grown = []
    for quarter in range(_PARTS if len(frame) <= _ENOUGH_ROWS else 1):
        stop = quarters == quarter
        if stop.all() or len(np.unique(frame.churned[stop])) < 2:
            continue
        booster = train(
            {**parameters, "seed": parameters["seed"] + quarter},
            data.subset(np.flatnonzero(~stop).tolist()),
            _MOST_TREES,
            valid_sets=[data.subset(np.flatnonzero(stop).tolist())],
            callbacks=[lightgbm.early_stopping(_PATIENCE, verbose=False)],
        )
        grown.append(_first_trees(booster, max(int(booster.best_iteration), 1)))
    return grown


def _first_trees(booster: lightgbm.Booster, trees: int) -> lightgbm.Booster:
    import lightgbm

    return lightgbm.Booster(model_str=booster.model_to_string(num_iteration=trees))


def _parameters(rows: int, settings: FitSettings) -> dict[str, Any]:
    params = dict(settings.params)
    share = params.pop("min_child_share", _MIN_CHILD_SHARE)
    return {
        "objective": "binary",
        "learning_rate": 0.15,
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
        "enable_bundle": False,  # to look for columns that exclude each other takes longer than it spares
        "feature_pre_filter": False,  # the forests share one dataset
        "bin_construct_sample_cnt": 20_000,  # on folds as good as all rows, which take half as long again to sort
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


def _dataset(frame: TrainingFrame, parameters: Mapping[str, Any]) -> lightgbm.Dataset:
    import lightgbm

    return lightgbm.Dataset(
        frame.X.to_numpy(dtype=np.float64),
        frame.churned,
        weight=frame.weights,
        init_score=frame.level_offsets(),
        feature_name=list(frame.X.columns),
        params=dict(parameters),
    )
