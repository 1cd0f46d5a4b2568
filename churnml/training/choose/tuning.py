"""Tuning: LightGBM's settings searched by Optuna on the folds, within a time budget, and resumed where it stopped."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from churnml.errors import ConfigError
from churnml.statistics.logodds import row_log_loss
from churnml.statistics.shifts import shift_per_group
from churnml.training.choose.recipe import Recipe
from churnml.training.rows.study import Study

_log = logging.getLogger(__name__)
_MOST_ROWS = 100_000
_START = {"num_leaves": 8, "min_child_share": 0.005, "feature_fraction": 0.4, "lambda_l2": 10.0, "extra_trees": True}


def tune(study: Study, recipe: Recipe) -> dict[str, Any]:
    """Search LightGBM's settings for the smallest shape loss over folds.

    The trials are kept under a name that stands for data and settings, so that a search that broke, or one with more
    time, goes on with them. What the folds chose is the first trial; what is found is used only through the ordinary
    comparison and the gate, which this search never sees. How many trials fit into the time depends on the machine: the
    same bytes come out only where no trial is added.

    Parameters
    ----------
    study : Study
        Rows, folds and settings: each fold learns from about 100,000 rows at most. ``tune_minutes`` is the time budget
        (the trial that is under way when it ends is finished), ``tune_store`` the SQLite file of the trials.
    recipe : Recipe
        Recipe by which rows are prepared.

    Returns
    -------
    dict
        Settings of the best trial, as LightGBM names them (``min_child_share`` is a share of the rows); empty without
        forward folds.

    Raises
    ------
    ConfigError
        Where Optuna is not installed.
    """
    if not study.plan.forward:
        _log.info("Tuning was left out: it needs folds that look forward, and the history is too short for them.")
        return {}
    try:
        import optuna
    except ImportError as error:
        raise ConfigError(
            "training.tune_minutes: needs Optuna, which is not installed. Run: pip install 'churnml[tune]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    frame, store = study.frame, Path(study.asked.tune_store)
    store.parent.mkdir(parents=True, exist_ok=True)
    search = optuna.create_study(
        study_name=_name_of(study, recipe),
        storage=f"sqlite:///{store.resolve()}",
        sampler=optuna.samplers.TPESampler(seed=study.seed),
        load_if_exists=True,
    )
    if not search.trials:
        search.enqueue_trial(_START | dict(recipe.params))

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
        for fold in study.plan.choice:
            test = frame.take(fold.test)
            logodds = tried.fit(frame.sample(_MOST_ROWS, fold.train), study.settings).logodds(test.X)
            losses.append(row_log_loss(test.churned, shift_per_group(test.churned, logodds, test.snapshots)))
        return float(np.concatenate(losses).mean())

    search.optimize(loss_of, timeout=study.asked.tune_minutes * 60)
    _log.info(
        "Tuning: %d trials, shape loss %.4f (untuned %.4f).", len(search.trials), search.best_value, _first(search)
    )
    return dict(search.best_params)


def _first(search: Any) -> float:
    return float(next((trial.value for trial in search.trials if trial.value is not None), np.nan))


def _name_of(study: Study, recipe: Recipe) -> str:
    """Name a search after the data and everything else that it depends on."""
    folds, data = [fold.name for fold in study.plan.choice], study.origin.get("data_fingerprint")
    asked = json.dumps([recipe.to_card().to_json(), folds, data, [study.seed, study.asked.max_rows]])
    return hashlib.sha256(asked.encode()).hexdigest()[:16]
