"""Tuning: LightGBM's settings searched by Optuna on the folds, within a time budget, and resumed where it stopped."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from churnml.errors import ConfigError
from churnml.models.candidates.base import FitSettings
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import row_log_loss, shift_per_group
from churnml.training.choose.recipe import Recipe
from churnml.training.rows.folds import Fold

_log = logging.getLogger(__name__)
_MOST_ROWS = 100_000
_START = {"num_leaves": 8, "min_child_share": 0.005, "feature_fraction": 0.4, "lambda_l2": 10.0, "extra_trees": True}


def tune(
    frame: TrainingFrame,
    folds: Sequence[Fold],
    recipe: Recipe,
    settings: FitSettings,
    minutes: float,
    store: Path,
    name: str,
) -> dict[str, Any]:
    """Search LightGBM's settings for the smallest shape loss over folds.

    The trials are kept in ``store`` under a name that stands for data and settings, so that a search that broke, or one
    with more time, goes on with them. The default is the first trial; what is found is used only through the ordinary
    comparison and the gate, which this search never sees. How many trials fit into the time depends on the machine: the
    same bytes come out only where no trial is added.

    Parameters
    ----------
    frame, folds
        Labelled rows and choice folds; each fold learns from about 100,000 rows at most.
    recipe
        How rows are prepared.
    settings
        Seed and threads.
    minutes
        Time budget; the trial that is under way when it ends is finished.
    store
        SQLite file for the trials.
    name
        Name of the search.

    Returns
    -------
    dict
        Settings of the best trial, as LightGBM names them (``min_child_share`` is a share of the rows).

    Raises
    ------
    ConfigError
        Where Optuna is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise ConfigError(
            "training.tune_minutes: needs Optuna, which is not installed. Run: pip install 'churnml[tune]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    store.parent.mkdir(parents=True, exist_ok=True)
    study = optuna.create_study(
        study_name=name,
        storage=f"sqlite:///{store.resolve()}",
        sampler=optuna.samplers.TPESampler(seed=settings.seed),
        load_if_exists=True,
    )
    if not study.trials:
        study.enqueue_trial(_START)

    def loss_of(trial: Any) -> float:
        params = {
            "num_leaves": trial.suggest_int("num_leaves", 3, 64, log=True),
            "min_child_share": trial.suggest_float("min_child_share", 0.0005, 0.05, log=True),
            "feature_fraction": trial.suggest_float("feature_fraction", 0.1, 1.0),
            "lambda_l2": trial.suggest_float("lambda_l2", 0.1, 100.0, log=True),
            "extra_trees": trial.suggest_categorical("extra_trees", [True, False]),
        }
        tried = dataclasses.replace(recipe, candidate="lightgbm", trees=None, params=params)
        losses = []
        for fold in folds:
            test = frame.take(fold.test)
            logodds = tried.fit(frame.sample(_MOST_ROWS, fold.train), settings).logodds(test.X)
            losses.append(row_log_loss(test.churned, shift_per_group(test.churned, logodds, test.snapshots)))
        return float(np.concatenate(losses).mean())

    study.optimize(loss_of, timeout=minutes * 60)
    _log.info("Tuning: %d trials, shape loss %.4f (default %.4f).", len(study.trials), study.best_value, _first(study))
    return dict(study.best_params)


def _first(study: Any) -> float:
    return float(next((trial.value for trial in study.trials if trial.value is not None), np.nan))
