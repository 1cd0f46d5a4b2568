"""Choosing among candidates: out-of-fold predictions, shape loss, and the simplest within one standard error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.models.candidates import RULE
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.blend import Blend, find_weights, weighted_sum
from churnml.models.candidates.lightgbm import LightGbm
from churnml.statistics.bootstrap import paired_difference
from churnml.statistics.logodds import Floats, row_log_loss
from churnml.statistics.metrics import auroc_within, shape_loss
from churnml.statistics.shifts import shift_per_group
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
        Predictions of each candidate in log-odds.
    trees : mapping of str to sequence of int
        Number of trees per fold, for each candidate with trees.
    weights : mapping of str to float
        Weights of the blend's members, found on all folds; empty without a blend.
    """

    rows: NDArray[np.intp]
    churned: Floats
    customers: NDArray[np.int64]
    snapshots: NDArray[np.datetime64]
    folds: NDArray[np.int64]
    logodds: Mapping[str, Floats]
    trees: Mapping[str, Sequence[int]]
    weights: Mapping[str, float] = field(default_factory=dict)

    @property
    def groups(self) -> NDArray[np.int64]:
        """Codes of fold and snapshot, within each of which shape loss refits the level, shape (rows,)."""
        pairs = pd.MultiIndex.from_arrays([self.folds, self.snapshots])
        return pd.factorize(pairs)[0].astype(np.int64)

    def take(self, kept: NDArray[np.bool_]) -> Predictions:
        """Return the rows of a mask, and of the folds those that have some, without a blend."""
        positions, folds = np.unique(self.folds[kept], return_inverse=True)
        return Predictions(
            self.rows[kept],
            self.churned[kept],
            self.customers[kept],
            self.snapshots[kept],
            folds,
            {name: logodds[kept] for name, logodds in self.logodds.items() if name != Blend.name},
            {name: [trees[at] for at in positions] for name, trees in self.trees.items() if name != Blend.name},
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

    def predict_fold(fold: Fold, settings: FitSettings) -> tuple[NDArray[np.intp], dict[str, Floats], dict[str, int]]:
        drawn = fold.test if most_tested is None else frame.drawn(most_tested, fold.test)
        train, X = frame.sample(most_rows, fold.train), frame.X.loc[drawn]
        logodds, trees = {}, {}
        for name in fitted_ones:
            step = f"fold {say_fold(fold.name, 'en')}: {name_of('candidate', name, 'en')}"
            study.progress(step, len(done), len(folds))
            fitted = replace(recipe, candidate=name).fit(train, settings)
            logodds[name] = fitted.logodds(X)
            if fitted.trees is not None:
                trees[name] = fitted.trees
        done.append(fold.name)
        return np.flatnonzero(drawn), logodds, trees

    found = side_by_side(predict_fold, folds, study.settings)
    study.progress("folds", len(folds), len(folds))
    rows = [at for at, _, _ in found]
    tested = np.concatenate(rows)
    return Predictions(
        tested,
        frame.churned[tested],
        frame.customers[tested],
        frame.snapshots[tested],
        np.repeat(np.arange(len(rows)), [len(part) for part in rows]),
        {name: np.concatenate([logodds[name] for _, logodds, _ in found]) for name in fitted_ones},
        {name: [trees[name] for _, _, trees in found] for name in found[0][2]},
    )


def with_blend(predictions: Predictions, embargo_days: int | None) -> Predictions:
    """Add the blend: on each fold with weights from what was known before it, or from the other customers' folds.

    Parameters
    ----------
    predictions : Predictions
        Predictions of the members; with fewer than two, nothing is added.
    embargo_days : int or None
        Number of days from a snapshot until its outcomes are known; None where folds are customers kept apart.
    """
    members = {name: logodds for name, logodds in predictions.logodds.items() if name in Blend.members}
    if len(members) < 2:
        return predictions
    churned, groups = predictions.churned, predictions.groups

    def weights_on(rows: NDArray[np.bool_]) -> dict[str, float]:
        codes = np.unique(groups[rows], return_inverse=True)[1]
        return find_weights(churned[rows], {name: logodds[rows] for name, logodds in members.items()}, codes)

    blended = np.zeros(len(churned))
    for fold in np.unique(predictions.folds):
        at = predictions.folds == fold
        known = predictions.known_before(fold, embargo_days) if embargo_days is not None else ~at
        weights = weights_on(known) if known.any() else dict.fromkeys(members, 1 / len(members))
        blended[at] = weighted_sum(weights, {name: logodds[at] for name, logodds in members.items()})
    trees = dict(predictions.trees)
    if LightGbm.name in trees:
        trees[Blend.name] = trees[LightGbm.name]
    return replace(
        predictions,
        logodds={**predictions.logodds, Blend.name: blended},
        trees=trees,
        weights=weights_on(np.ones(len(churned), dtype=bool)),
    )


def compare(predictions: Predictions) -> pd.DataFrame:
    """Compare candidates by shape loss pooled over folds.

    Parameters
    ----------
    predictions : Predictions
        Out-of-fold predictions of the candidates, in order of simplicity.

    Returns
    -------
    pandas DataFrame
        A row per candidate: ``candidate``, ``shape_loss``, ``auroc`` (within folds and snapshots), ``behind`` (its loss
        minus the best one's, paired per row), ``behind_error`` (standard error of that, clustered by customer),
        ``against_chance`` and ``against_chance_error`` (the same against each fold's and snapshot's own churn rate) and
        ``chosen``: the simplest whose ``behind`` is at most one ``behind_error``.
    """
    groups = predictions.groups
    losses = {
        name: row_log_loss(predictions.churned, shift_per_group(predictions.churned, logodds, groups))
        for name, logodds in predictions.logodds.items()
    }
    best = min(losses, key=lambda name: losses[name].mean())
    nothing = np.zeros(len(predictions.churned))
    chance = row_log_loss(predictions.churned, shift_per_group(predictions.churned, nothing, groups))
    rows = []
    for name, loss in losses.items():
        behind, error = paired_difference(loss, losses[best], predictions.customers)
        against_chance, chance_error = paired_difference(loss, chance, predictions.customers)
        rows.append(
            {
                "candidate": name,
                "shape_loss": float(loss.mean()),
                "auroc": auroc_within(predictions.churned, predictions.logodds[name], groups),
                "behind": behind,
                "behind_error": error,
                "against_chance": against_chance,
                "against_chance_error": chance_error,
            }
        )
    table = pd.DataFrame(rows)
    within = table.behind <= table.behind_error
    table["chosen"] = table.index == within.idxmax()
    return table


def better_than_chance(comparison: pd.DataFrame) -> set[str]:
    """Find which of ``chosen`` and ``rule`` were better than chance on the folds by more than one standard error.

    Parameters
    ----------
    comparison : pandas DataFrame
        Candidates by shape loss on the folds, as from `compare`.
    """
    told = comparison[tells(comparison)]
    chosen = {"chosen"} if told.chosen.any() else set()
    return chosen | ({"rule"} if RULE in set(told.candidate) else set())


def tells(comparison: pd.DataFrame) -> pd.Series:
    """Find the candidates that were better than chance by more than one standard error, shape (candidates,)."""
    return comparison.against_chance < -comparison.against_chance_error
