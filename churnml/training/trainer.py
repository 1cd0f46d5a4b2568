"""The trainer: from a shop to a model that passed the gate."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnml.config import Config
from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.population import data_end, training_snapshots
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import ChurnmlError, ConfigError, NoSkillError
from churnml.features.registry import available, load_plugins, tables_of
from churnml.features.store import Progress
from churnml.statistics.logodds import Floats, fit_intercept
from churnml.training.artefact import with_version
from churnml.training.candidates import CANDIDATES
from churnml.training.candidates.base import FitSettings
from churnml.training.choice import Predictions, calibration_slope, compare, predict_folds
from churnml.training.figures import compute_figures
from churnml.training.folds import Fold, plan_folds
from churnml.training.frame import TrainingFrame, build_training_frame, compute_base_rates
from churnml.training.gate import judge
from churnml.training.model import Model
from churnml.training.result import Training, summarise

_log = logging.getLogger(__name__)
_RULE = "recency_rule"


class Trainer:
    """Trains, compares and tracks retention models.

    Parameters
    ----------
    definition
        What counts as leaving; None takes that of the config.
    config
        All other settings; None takes the defaults.
    track
        Whether runs and models are kept in MLflow.
    """

    def __init__(
        self, definition: ChurnDefinition | None = None, config: Config | None = None, *, track: bool = True
    ) -> None:
        self.config = config or Config()
        self.definition = definition or self.config.definition
        self.track = track

    def fit(self, shop: Shop, as_of: str | date | None = None, progress: Progress | None = None) -> Model:
        """Train on all that was known at the start of a day and give the model that passed the gate.

        Parameters
        ----------
        shop
            The shop.
        as_of
            Nothing on or after this day is seen; None takes the start of the last day with an order.
        progress
            Called with a text, the steps done and all steps.

        Returns
        -------
        Model
            With its version; where tracking is on, it is registered with the alias ``champion``.

        Raises
        ------
        InputError
            Where the data is too short or the shop too small.
        NoSkillError
            Where nothing is better than chance.
        """
        with self._store(shop) as store:
            training = self.train(shop, as_of, progress, store)
        for line in summarise(training):
            _log.info(line)
        if self.track:
            from churnml.training.tracking import track

            model = track(training, self.config, self.definition)
        else:
            model = None if training.model is None else with_version(training.model)
        if model is None:
            raise NoSkillError(training.verdict.sentence)
        return model

    def train(
        self,
        shop: Shop,
        as_of: str | date | None = None,
        progress: Progress | None = None,
        store: Path | None = None,
    ) -> Training:
        """Do all of a training but for tracking; see ``fit``. ``store`` keeps built features for a run that breaks."""
        config, definition = self.config, self.definition
        load_plugins(config.features.plugins)
        end = data_end(shop, pd.Timestamp(as_of).date() if as_of is not None else None, definition.horizon_days)
        snapshots = training_snapshots(
            shop.first_day, end, definition, config.snapshots.every_days, config.snapshots.at_most
        )
        features = available(shop, config.features.families, end)
        candidates = _candidates(config.training.candidates, [feature.name for feature in features])
        frame = build_training_frame(
            shop, definition, snapshots, features, end, config.training.max_rows, config.seed, progress, store
        )
        # Tables that nothing is learnt from leave the model as it is.
        read = {"orders", *tables_of(features), *(["subscriptions"] if definition.kind == "subscription_end" else [])}
        origin = {"first_day": shop.first_day.isoformat(), "data_fingerprint": fingerprint(History(shop, end), read)}
        return self._train_on(frame, candidates, end, origin, progress)

    @contextmanager
    def _store(self, shop: Shop) -> Iterator[Path | None]:
        """Give a folder for built features that goes when the training is done or refused, and stays when it breaks."""
        if not self.track or self.config.features.store is None:
            yield None
            return
        settings = json.dumps([self.definition.model_dump(), shop.first_day.isoformat(), sorted(shop.tables)])
        store = Path(self.config.features.store) / hashlib.sha256(settings.encode()).hexdigest()[:12]
        made = [folder for folder in store.parents if not folder.exists()]
        try:
            yield store
        except ChurnmlError:
            _remove(store, made)
            raise
        _remove(store, made)

    def _train_on(
        self,
        frame: TrainingFrame,
        candidates: Sequence[str],
        as_of: date,
        origin: Mapping[str, str],
        progress: Progress | None = None,
    ) -> Training:
        """Choose, calibrate, judge and refit on labelled rows; ``origin`` goes into the card as it is."""
        config, definition = self.config, self.definition
        plan = plan_folds(frame, definition, config.training.folds)
        settings = FitSettings(config.seed, config.training.threads)
        predictions = predict_folds(frame, plan.choice, candidates, settings, progress)
        comparison = compare(predictions)
        chosen = str(comparison.candidate[comparison.chosen].iloc[0])
        slopes = {
            name: calibration_slope(predictions, name, definition.reach_days if plan.forward else None)
            for name in dict.fromkeys([chosen, _RULE])
        }
        gate_rows = frame.take(plan.gate.test)
        at_gate = {
            name: _predict_gate(frame, plan.gate, name, _with_trees(settings, predictions, name), slope)
            for name, slope in slopes.items()
        }
        verdict = judge(gate_rows, at_gate[chosen], at_gate[_RULE], chosen == _RULE, CANDIDATES[chosen].title)
        shipped = _RULE if verdict.decision == "rule" else chosen
        slope = slopes[shipped]
        figures = compute_figures(gate_rows, at_gate[shipped], config.training.bootstrap_draws, config.seed)
        base_rates = compute_base_rates(frame)
        found = {
            "as_of": as_of.isoformat(),
            "definition": definition.model_dump(),
            "rows": len(frame),
            "base_rates": base_rates.to_dict("records"),
            "forward": plan.forward,
            "folds": [fold.name for fold in plan.choice],
            "gate": plan.gate.name,
            "comparison": comparison.to_dict("records"),
            "verdict": dataclasses.asdict(verdict),
            "figures": figures,
            "candidate": shipped,
            "slope": slope,
            **origin,
        }
        card = _plain(found)
        model = None
        if verdict.decision != "no skill":
            fitted = CANDIDATES[shipped]().fit(frame, _with_trees(settings, predictions, shipped))
            level, spread = assumed_level(frame, slope * fitted.logodds(frame.X))
            card["level"] = {"logodds": level, "spread": spread, "tested_forward": plan.forward}
            model = Model(fitted, slope, level, definition, tuple(frame.X.columns), as_of, card)
        return Training(
            frame, base_rates, comparison, predictions, gate_rows, at_gate[shipped], figures, verdict, model, card
        )


def _predict_gate(frame: TrainingFrame, gate: Fold, candidate: str, settings: FitSettings, slope: float) -> Floats:
    """Fit a recipe on the gate's training rows and predict its test rows, with the level assumed from the former."""
    train = frame.take(gate.train)
    fitted = CANDIDATES[candidate]().fit(train, settings)
    level, _ = assumed_level(train, slope * fitted.logodds(train.X))
    return level + slope * fitted.logodds(frame.X.loc[gate.test])


def assumed_level(frame: TrainingFrame, logodds: Floats) -> tuple[float, float]:
    """Give the mean of the snapshots' own levels, weighted by customers, and their standard deviation, in log-odds.

    Half a customer with the mean log-odds is added to both sides of each snapshot, so that one on which all or none
    churned has a finite level.
    """
    levels, weights = [], []
    for day in frame.days:
        rows = frame.snapshots == day
        churned, shape = frame.churned[rows], logodds[rows]
        half = np.append(np.ones(len(shape)), [0.5, 0.5])
        levels.append(fit_intercept(np.append(churned, [1.0, 0.0]), np.append(shape, [shape.mean()] * 2), half))
        weights.append(len(shape))
    mean = float(np.average(levels, weights=weights))
    spread = float(np.sqrt(np.average((np.array(levels) - mean) ** 2, weights=weights)))
    return mean, spread


def _with_trees(settings: FitSettings, predictions: Predictions, candidate: str) -> FitSettings:
    trees = predictions.trees.get(candidate)
    return dataclasses.replace(settings, trees=int(np.median(trees))) if trees else settings


def _candidates(wanted: Sequence[str], features: Sequence[str]) -> list[str]:
    unknown = [name for name in wanted if name not in CANDIDATES]
    if unknown:
        raise ConfigError(f"training.candidates: {', '.join(unknown)} not known. Choose among {', '.join(CANDIDATES)}.")
    if not CANDIDATES[_RULE].suits(features):
        raise ConfigError(
            "features.families: the family recency is missing, and no model ships that is not compared with the "
            "recency rule. Add recency."
        )
    return [name for name in CANDIDATES if (name in wanted or name == _RULE) and CANDIDATES[name].suits(features)]


def _plain(value: Any) -> Any:
    """Turn NumPy values into plain ones, and what is not a number into null, for JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _remove(store: Path, made: Sequence[Path]) -> None:
    shutil.rmtree(store, ignore_errors=True)
    for folder in [store.parent, *made]:
        with suppress(OSError):  # kept as soon as it holds something
            folder.rmdir()
