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
from churnml.errors import ChurnmlError, ConfigError, ModelError, NoSkillError
from churnml.features.registry import available, load_plugins, tables_of
from churnml.features.store import Progress
from churnml.statistics.logodds import Floats, shift_per_group
from churnml.training.artefact import with_version
from churnml.training.calibration import calibration_slope, segment_offsets
from churnml.training.candidates import CANDIDATES
from churnml.training.candidates.base import FitSettings
from churnml.training.candidates.blend import Blend
from churnml.training.choice import Predictions, compare, predict_folds
from churnml.training.data_gate import count_orders_per_day, judge_data, refuse
from churnml.training.figures import compute_figures
from churnml.training.folds import Fold, Plan, plan_folds
from churnml.training.frame import TrainingFrame, build_training_frame, compute_base_rates
from churnml.training.gate import against_champion, judge
from churnml.training.level import Level, choose_level, shift_to
from churnml.training.model import Model
from churnml.training.options import choose_options
from churnml.training.recipe import Recipe
from churnml.training.result import Training, summarise
from churnml.training.segments import find_segments, membership, segment_calibration
from churnml.training.tuning import tune

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
            training = self.train(shop, as_of, progress, store, self._champion())
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

    def _champion(self) -> Recipe | None:
        """Give the champion's recipe; None where there is none, or it answers another question."""
        if not self.track:
            return None
        from churnml.training.tracking import find_model

        try:
            champion = find_model(None, self.config.tracking)
            recipe = Recipe.from_card(champion.card["recipe"])
        except (ModelError, KeyError, TypeError):
            return None
        return recipe if champion.definition == self.definition else None

    def train(
        self,
        shop: Shop,
        as_of: str | date | None = None,
        progress: Progress | None = None,
        store: Path | None = None,
        champion: Recipe | None = None,
    ) -> Training:
        """Do all of a training but for tracking; see ``fit``.

        ``store`` keeps built features for a run that breaks; ``champion`` is the recipe that is to be matched.
        """
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
        findings = judge_data(frame, count_orders_per_day(shop, end), definition, shop.first_day, end)
        refuse(findings)
        origin = {
            "first_day": shop.first_day.isoformat(),
            "data_fingerprint": fingerprint(History(shop, end), read),
            "data_gate": [dataclasses.asdict(finding) for finding in findings],
        }
        return self._train_on(frame, candidates, end, origin, progress, champion)

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
        origin: Mapping[str, Any],
        progress: Progress | None = None,
        champion: Recipe | None = None,
    ) -> Training:
        """Choose, calibrate, judge and refit on labelled rows; ``origin`` goes into the card as it is."""
        config, definition = self.config, self.definition
        plan = plan_folds(frame, definition, config.training.folds)
        embargo = definition.reach_days if plan.forward else None
        settings = FitSettings(config.seed, config.training.threads)
        forward = plan.choice if plan.forward else []
        options = choose_options(frame, forward, tuple(frame.X.columns), settings, config.training.fade_days)
        if config.training.tune_minutes and "lightgbm" in candidates:
            options = dataclasses.replace(
                options,
                params=tune(
                    *(frame, plan.choice, options, settings, config.training.tune_minutes),
                    *(Path(config.training.tune_store), _name_of(options, plan, origin)),
                ),
            )
        most_rows = config.training.fold_rows
        predictions = predict_folds(frame, plan.choice, candidates, options, settings, most_rows, embargo, progress)
        comparison = compare(predictions)
        chosen = str(comparison.candidate[comparison.chosen].iloc[0])
        recipes = {
            name: _recipe(options, predictions, name, calibration_slope(predictions, name, embargo))
            for name in dict.fromkeys([chosen, _RULE])
        }
        recipes[chosen] = _with_segments(recipes[chosen], frame, plan, predictions, embargo)
        if progress is not None:
            progress("gate", 0, 2)
        gate = _Gate(frame, plan, definition, settings)
        at_gate = {name: gate.predict(recipe) for name, recipe in recipes.items()}
        verdict = judge(gate.rows, at_gate[chosen], at_gate[_RULE], chosen == _RULE, CANDIDATES[chosen].title)
        shipped = recipes[_RULE if verdict.decision == "rule" else chosen]
        # What ships does not depend on what shipped before: the card tells the verdict without the champion.
        card_verdict = dataclasses.asdict(verdict)
        if champion is not None and verdict.decision != "no skill" and set(champion.features) <= set(frame.X.columns):
            verdict = against_champion(verdict, gate.rows, at_gate[shipped.candidate], gate.predict(champion))
        gate.forget()
        logodds = at_gate[shipped.candidate]
        logodds = logodds + shift_to(gate.level.rate, logodds)
        by_segment = segment_calibration(
            gate.rows,
            shift_per_group(gate.rows.churned, logodds, gate.rows.snapshots),
            find_segments(frame.X.loc[plan.gate.train]),
        )
        figures = compute_figures(
            gate.rows, logodds, config.training.bootstrap_draws, config.seed, config.training.threads
        )
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
            "verdict": {key: card_verdict[key] for key in card_verdict if "champion" not in key and key != "replaces"},
            "figures": figures,
            "segments": by_segment.to_dict("records"),
            "candidate": shipped.candidate,
            "slope": shipped.slope,
            "recipe": shipped.to_card(),
            **origin,
        }
        card = _plain(found)
        model = None
        if verdict.decision != "no skill":
            if progress is not None:
                progress("refit on all", 1, 2)
            fitted = shipped.fit(frame, settings)
            level = _level(frame, plan.choice if plan.forward else [], np.datetime64(as_of), definition)
            newest = frame.X.loc[frame.snapshots == frame.days[-1]]
            shift = shift_to(level.rate, shipped.calibrate(fitted.logodds(newest), newest))
            card["level"] = _plain({**dataclasses.asdict(level), "logodds": shift, "sentence": level.sentence})
            features = tuple(frame.X.columns)
            segments = shipped.segments
            model = Model(fitted, shipped.slope, shift, definition, features, as_of, card, segments=segments)
        if progress is not None:
            progress("refit on all", 2, 2)
        return Training(frame, base_rates, comparison, predictions, gate.rows, logodds, figures, verdict, model, card)


class _Gate:
    """The rows that a recipe is judged on, and the level that was assumed for them with what was known by then."""

    def __init__(self, frame: TrainingFrame, plan: Plan, definition: ChurnDefinition, settings: FitSettings) -> None:
        self._settings = settings
        self.rows = frame.take(plan.gate.test)
        self._train = train = frame.take(plan.gate.train)
        # Customers that were kept apart stand on the same snapshots: there the level is known, and not tested.
        day = frame.days[-1] if plan.forward else train.days[-1] + definition.reach_days
        self.level = _level(train, plan.choice if plan.forward else [], day, definition)

    def forget(self) -> None:
        """Let the training rows go: the refit that follows needs the memory."""
        del self._train

    def predict(self, recipe: Recipe) -> Floats:
        """Fit a recipe on the gate's training rows and predict its test rows, net of the level."""
        fitted = recipe.fit(self._train, self._settings)
        return recipe.calibrate(fitted.logodds(self.rows.X), self.rows.X)


def _level(frame: TrainingFrame, folds: Sequence[Fold], day: np.datetime64, definition: ChurnDefinition) -> Level:
    days = [np.datetime64(fold.name, "D") for fold in folds]
    rates = compute_base_rates(frame)
    known = set(rates.snapshot_date)
    return choose_level(rates, day, [one for one in days if str(one) in known], definition)


def _name_of(options: Recipe, plan: Plan, origin: Mapping[str, Any]) -> str:
    """Name a search after the data and everything else that it depends on."""
    asked = json.dumps([options.to_card(), [fold.name for fold in plan.choice], origin.get("data_fingerprint")])
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def _with_segments(
    recipe: Recipe, frame: TrainingFrame, plan: Plan, predictions: Predictions, embargo_days: int | None
) -> Recipe:
    """Add the segments whose offsets pay on later folds."""
    tested = [frame.X.loc[fold.test] for fold in plan.choice]
    segments = find_segments(frame.X.loc[plan.choice[0].train])
    members = np.vstack([membership(X, segments) for X in tested])
    logodds = recipe.slope * predictions.logodds[recipe.candidate]
    found = segment_offsets(predictions, logodds, members, segments, embargo_days)
    return dataclasses.replace(recipe, segments=tuple(segment for segment in found if segment.offset))


def _recipe(options: Recipe, predictions: Predictions, candidate: str, slope: float) -> Recipe:
    trees = predictions.trees.get(candidate)
    return dataclasses.replace(
        options,
        candidate=candidate,
        trees=int(np.median(trees)) if trees else None,
        weights=predictions.weights if candidate == Blend.name else {},
        slope=slope,
    )


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
