"""Out-of-fold predictions of the candidates, on which everything is chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.models.candidates.base import Candidate, FitSettings
from churnml.models.candidates.blend import Blend
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import Floats
from churnml.statistics.metrics import auroc_within, shape_loss
from churnml.training.choose.parallel import side_by_side
from churnml.training.choose.recipe import Recipe
from churnml.training.rows.folds import Fold
from churnml.training.rows.study import Study
from churnml.words.findings import say_fold
from churnml.words.names import name_of


@dataclass(frozen=True)
class Predictions:
    """Predictions on the test rows of the choice folds, one fold after the other.

    Attributes
    ----------
    rows : array of intp, shape (rows,)
        Position of each test row in the training frame.
    churned : array of float, shape (rows,)
        Outcome of each test row: 1.0 churned, 0.0 stayed.
    customers : array of int, shape (rows,)
        Customer code of each test row.
    snapshots : array of datetime64, shape (rows,)
        Snapshot of each test row.
    folds : array of int, shape (rows,)
        Position of each row's fold.
    logodds : mapping of str to array of float, shape (rows,)
        Predictions of each candidate in log-odds, at one level for all fits that are tested on a snapshot.
    weights : mapping of str to float
        Weights of the blend's members, found on all folds; empty without a blend.
    """

    rows: NDArray[np.intp]
    churned: Floats
    customers: NDArray[np.int64]
    snapshots: NDArray[np.datetime64]
    folds: NDArray[np.int64]
    logodds: Mapping[str, Floats]
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def groups(self) -> NDArray[np.int64]:
        """Codes of the snapshots, within each of which shape loss refits the level, shape (rows,)."""
        return pd.factorize(self.snapshots)[0].astype(np.int64)

    def take(self, kept: NDArray[np.bool_]) -> Predictions:
        """Return the rows of a mask, and of the folds those that have some, without a blend."""
        folds = np.unique(self.folds[kept], return_inverse=True)[1]
        return Predictions(
            self.rows[kept],
            self.churned[kept],
            self.customers[kept],
            self.snapshots[kept],
            folds,
            {name: logodds[kept] for name, logodds in self.logodds.items() if name != Blend.name},
        )

    def known_before(self, fold: int, embargo_days: int | None) -> NDArray[np.bool_]:
        """Find the rows of earlier folds whose outcome was known by a fold's first day, shape (rows,).

        Without an embargo, folds are customers kept apart, and all earlier ones are known.
        """
        before = self.folds < fold
        if embargo_days is not None:
            before &= self.snapshots + embargo_days <= self.snapshots[self.folds == fold].min()
        return before

    def figures(self, candidate: str) -> list[dict[str, float]]:
        """Return shape loss and AUROC of a candidate on each fold."""
        found = []
        for fold in np.unique(self.folds):
            rows = self.folds == fold
            y, z, days = self.churned[rows], self.logodds[candidate][rows], self.snapshots[rows]
            figures = {"shape_loss": shape_loss(y, z, days), "auroc": auroc_within(y, z, days)}
            found.append({name: value for name, value in figures.items() if np.isfinite(value)})
        return found


def predict_folds(study: Study, folds: Sequence[Fold], recipe: Recipe, most_tested: int | None = None) -> Predictions:
    """Fit every candidate on every fold and predict the fold's test rows.

    Parameters
    ----------
    study : Study
        Rows, candidates and settings; a blend is left out, as `with_blend` makes it of the others' predictions. A fold
        learns from about ``fold_rows`` rows at most, of whole customers.
    folds : sequence of Fold
        Splits of the rows.
    recipe : Recipe
        Recipe by which rows are prepared before each fit.
    most_tested : int, optional
        Greatest number of rows, roughly, that a fold is tested on, of whole customers; None tests on all.

    Returns
    -------
    Predictions
        Predictions of all candidates on the test rows.
    """
    frame, most_rows = study.frame, study.asked.fold_rows
    fitted_ones = [name for name in study.candidates if name != Blend.name]
    done: list[str] = []

    def predict_fold(fold: Fold, settings: FitSettings) -> tuple[NDArray[np.intp], dict[str, Floats]]:
        drawn = fold.test if most_tested is None else frame.drawn(most_tested, fold.test)
        train = frame.sample(most_rows, fold.train)
        logodds = {}
        for name in fitted_ones:
            step = f"fold {say_fold(fold.name, 'en')}: {name_of('candidate', name, 'en')}"
            study.progress(step, len(done), len(folds))
            fitted = replace(recipe, candidate=name)
            logodds[name] = predict_shape(frame, replace(fold, test=drawn), fitted, fitted.fit(train, settings))
        done.append(fold.name)
        return np.flatnonzero(drawn), logodds

    found = side_by_side(predict_fold, folds, study.settings)
    study.progress("folds", len(folds), len(folds))
    rows = [at for at, _ in found]
    tested = np.concatenate(rows)
    return Predictions(
        tested,
        frame.churned[tested],
        frame.customers[tested],
        frame.snapshots[tested],
        np.repeat(np.arange(len(rows)), [len(part) for part in rows]),
        {name: np.concatenate([logodds[name] for _, logodds in found]) for name in fitted_ones},
    )


def predict_shape(frame: TrainingFrame, fold: Fold, recipe: Recipe, fitted: Candidate) -> Floats:
    """Predict a fold's test rows, at one level with what other fits say of other customers of the same snapshots.

    "Net of the level" is another thing for every fit. Where a fold learns from customers of the snapshots that it is
    tested on, the mean of each of these, over all its customers, is taken out. The rate of the other customers would
    not do, since it is low where that of the tested ones is high, and orders customers upside down; nor would that of
    the snapshot, since of a few customers many more may have left than of others.

    Parameters
    ----------
    frame : TrainingFrame
        Rows that the fold was made of.
    fold : Fold
        Rows that were learnt from, and those to predict.
    recipe : Recipe
        Recipe by which the predictions are calibrated.
    fitted : Candidate
        What was fitted on the fold.

    Returns
    -------
    array of float
        Log-odds of the tested rows, in the order of the frame.
    """
    beside = fold.train & np.isin(frame.snapshots, np.unique(frame.snapshots[fold.test]))
    rows = fold.test | beside
    X = frame.X.loc[rows]
    logodds = recipe.calibrate(fitted.logodds(X), X)
    return (net_of_days(logodds, frame.snapshots[rows]) if beside.any() else logodds)[fold.test[rows]]


def net_of_days(logodds: Floats, snapshots: NDArray[np.datetime64]) -> Floats:
    """Take each snapshot's mean out of log-odds, shape (rows,)."""
    codes = np.unique(snapshots, return_inverse=True)[1]
    return logodds - (np.bincount(codes, logodds) / np.bincount(codes))[codes]
