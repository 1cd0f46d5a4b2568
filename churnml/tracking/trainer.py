"""The trainer: from a shop to a model that passed the gate."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from churnml.config import Config
from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.population import data_end, training_snapshots
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, ModelError, NoSkillError
from churnml.features.available import learnable, tables_of
from churnml.features.builder import build
from churnml.features.family import Feature
from churnml.features.family_catalogue import LEVEL, catalogue
from churnml.features.plugins import with_plugins
from churnml.features.store import Progress, own_store
from churnml.models.artefact import with_version
from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import FitSettings
from churnml.models.model import Model, level_logodds
from churnml.models.rows import TrainingFrame
from churnml.plain import plain
from churnml.statistics.calibration import reliability_table
from churnml.statistics.logodds import shift_per_group, shift_to, sigmoid
from churnml.statistics.metrics import gains_table
from churnml.training.card import make_card
from churnml.training.choose.options import choose_options
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.selection import RULE, AtGate, predict, select
from churnml.training.choose.tuning import tune
from churnml.training.judge.figures import compute_figures, compute_untreated_figures, segment_figures
from churnml.training.judge.gate import against_champion, better_than_chance, judge, name_signal
from churnml.training.judge.level import FEATURES as LEVEL_FEATURES
from churnml.training.judge.level import Level, choose_level
from churnml.training.result import Training, summarise
from churnml.training.rows.data_gate import count_orders_per_day, judge_data, refuse
from churnml.training.rows.folds import Fold, Plan, judged_rows, plan_folds
from churnml.training.rows.frame import build_training_frame, compute_base_rates

_log = logging.getLogger(__name__)
_POINTS_OF_GAINS = 20


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

    def fit(self, shop: Shop, as_of: Day | None = None, progress: Progress | None = None) -> Model:
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
        with self._store(shop) as store, ExitStack() as open_runs:
            runs: list[str] = []

            def begin() -> None:  # a shop that is refused before leaves no run behind
                runs.extend(open_runs.enter_context(self._run()))

            training = self.train(shop, as_of, progress, store, self._champion(), begin)
            for line in summarise(training):
                _log.info(line)
            if not self.track:
                model = None if training.model is None else with_version(training.model)
            else:
                from churnml.tracking.runs import track

                model = track(training, self.config, self.definition, *runs)
        if model is None:
            raise NoSkillError(training.verdict.sentence)
        return model

    @contextmanager
    def _run(self) -> Iterator[list[str]]:
        """Open a run in MLflow where runs are kept; gives its id."""
        if not self.track:
            yield []
            return
        from churnml.tracking.runs import open_run

        with open_run(self.config.tracking) as run:
            yield [run]

    def _champion(self) -> Recipe | None:
        """Give the champion's recipe; None where there is none, or it answers another question."""
        if not self.track:
            return None
        from churnml.tracking.runs import find_model

        try:
            champion = find_model(None, self.config.tracking)
            recipe = Recipe.from_card(champion.card["recipe"])
        except (ModelError, KeyError, TypeError):
            return None
        return recipe if champion.definition == self.definition else None

    def train(
        self,
        shop: Shop,
        as_of: Day | None = None,
        progress: Progress | None = None,
        store: Path | None = None,
        champion: Recipe | None = None,
        begin: Callable[[], None] = lambda: None,
    ) -> Training:
        """Do all of a training but for tracking; see ``fit``.

        ``store`` keeps built features for a run that breaks; ``champion`` is the recipe that is to be matched;
        ``begin`` is called when the data was judged, before anything is fitted.
        """
        config, definition = self.config, self.definition
        shop = with_plugins(shop, config.features.plugins)
        end, snapshots, features, off, candidates = self._plan(shop, as_of)
        frame = build_training_frame(
            shop, definition, snapshots, features, end, config.training.max_rows, config.seed, progress, store
        )
        # Tables that nothing is learnt from leave the model as it is.
        first_day = History(shop, end).first_day
        read = {"orders", *tables_of(features), *(["subscriptions"] if definition.kind == "subscription_end" else [])}
        findings = judge_data(frame, count_orders_per_day(shop, end), definition, first_day, end)
        refuse(findings)
        begin()
        origin = {
            "first_day": first_day.isoformat(),
            "data_fingerprint": fingerprint(History(shop, end), read),
            "data_gate": [dataclasses.asdict(finding) for finding in findings],
        }
        return self._train_on(frame, candidates, end, origin, progress, champion, off, self._shop_rates(shop, end))

    def _shop_rates(self, shop: Shop, day: date) -> dict[str, float]:
        """Give the shop's own churn rates on a day, by feature, where their family is used and they are known."""
        if self.config.features.families is not None and LEVEL not in self.config.features.families:
            return {}
        declared = list(catalogue().families[LEVEL].features)
        row = build(History(shop, day), self.definition, declared).iloc[:1]
        return {str(name): float(rate) for name, rate in row.dropna(axis="columns").iloc[0].items()} if len(row) else {}

    def _plan(self, shop: Shop, as_of: Day | None) -> tuple[date, Sequence[date], list[Feature], list[str], list[str]]:
        """Plan a training: the end of its data, snapshots, features, those that are off, and candidates.

        Raises what they forbid.
        """
        config, definition = self.config, self.definition
        end = data_end(shop, as_of, definition.horizon_days)
        snapshots = training_snapshots(
            History(shop, end).first_day, end, definition, config.snapshots.every_days, config.snapshots.at_most
        )
        features, off = learnable(shop, config.features.families, end)
        candidates = _candidates(config.training.candidates, [feature.name for feature in features])
        return end, snapshots, features, off, candidates

    @contextmanager
    def _store(self, shop: Shop) -> Iterator[Path | None]:
        """Give a folder for built features that goes when the training is done or refused, and stays when it breaks."""
        if not self.track or self.config.features.store is None:
            yield None
            return
        settings = json.dumps([self.definition.model_dump(), shop.first_day.isoformat(), sorted(shop.tables)])
        store = Path(self.config.features.store) / hashlib.sha256(settings.encode()).hexdigest()[:12]
        with own_store(store) as held:
            yield held

    def _train_on(
        self,
        frame: TrainingFrame,
        candidates: Sequence[str],
        as_of: date,
        origin: Mapping[str, Any],
        progress: Progress | None = None,
        champion: Recipe | None = None,
        off: Sequence[str] = (),
        shop_rates: Mapping[str, float] | None = None,
    ) -> Training:
        """Choose, calibrate, judge and refit on labelled rows; ``origin`` goes into the card as it is.

        Features that are ``off`` are used only where the folds prefer them. ``shop_rates`` are the shop's own churn
        rates on the day, by feature; without them the level does not follow the shop's.
        """
        config, definition = self.config, self.definition
        settings = FitSettings(config.seed, config.training.threads)
        plan = plan_folds(frame, definition, config.training.folds, config.training.fold_rows)
        options = self._options(frame, plan, candidates, settings, origin, off)
        selection, at_gate = select(
            *(frame, plan, candidates, options, settings, config.training.fold_rows, definition.reach_days, progress)
        )
        chosen, rows = selection.chosen.candidate, frame.take(judged_rows(plan.gates))
        if chosen == RULE:
            at_gate = AtGate(at_gate.rule, at_gate.rule)
        told_on_folds = better_than_chance(selection.comparison)
        own = judge(rows, at_gate.chosen, at_gate.rule, chosen == RULE, CANDIDATES[chosen].title, told_on_folds)
        own = name_signal(own, selection.comparison)
        by_rule = own.decision == "rule"
        shipped, logodds = (selection.rule, at_gate.rule) if by_rule else (selection.chosen, at_gate.chosen)
        verdict = own
        if champion is not None and own.decision != "no skill" and set(champion.features) <= set(frame.X.columns):
            # Both under the same cut: what was chosen on customers kept apart is fitted again for their parts.
            ours, theirs = predict(frame, plan.gates, [shipped, champion], settings, config.training.fold_rows)
            verdict = against_champion(own, rows, ours, theirs)
        base_rates = compute_base_rates(frame)
        days = [np.datetime64(fold.name, "D") for fold in plan.choice] if plan.forward else []
        # Customers that were kept apart stand on the same snapshots: there the level is known, and not tested.
        day = frame.days[-1] + (0 if plan.forward else definition.reach_days)
        logodds = logodds + shift_to(choose_level(base_rates, day, days, definition).rate, logodds)
        shifted = shift_per_group(rows.churned, logodds, rows.snapshots)
        by_segment = segment_figures(rows, shifted, selection.segments)
        drawn = (config.training.bootstrap_draws, config.seed, config.training.threads)
        figures = compute_figures(rows, logodds, *drawn)
        card = make_card(
            definition=definition,
            as_of=as_of,
            rows=len(frame),
            base_rates=base_rates,
            plan=plan,
            comparison=selection.comparison,
            verdict=own,
            figures=figures,
            reliability=reliability_table(rows.churned, sigmoid(logodds)),
            gains=gains_table(rows.churned, logodds, _POINTS_OF_GAINS),
            untreated=compute_untreated_figures(rows, logodds, *drawn),
            segments=by_segment,
            shipped=shipped,
            origin=origin,
        )
        model = None
        if verdict.decision != "no skill":
            if progress is not None:
                progress("refit on all", 0, 1)
            level = choose_level(base_rates, np.datetime64(as_of), days, definition)
            model = self._refit(frame, shipped, level, shop_rates or {}, as_of, card, settings)
        if progress is not None:
            progress("refit on all", 1, 1)
        return Training(
            frame, base_rates, selection.comparison, selection.predictions, rows, logodds, figures, verdict, model, card
        )

    def _options(
        self,
        frame: TrainingFrame,
        plan: Plan,
        candidates: Sequence[str],
        settings: FitSettings,
        origin: Mapping[str, Any],
        off: Sequence[str],
    ) -> Recipe:
        """Choose the options of the recipe, and tune; both need folds that look forward."""
        asked = self.config.training
        folds = plan.choice if plan.forward else []
        options = choose_options(frame, folds, tuple(frame.X.columns), settings, asked.fade_days, off)
        if not asked.tune_minutes or "lightgbm" not in candidates:
            return options
        if not folds:
            _log.info("Tuning was left out: it needs folds that look forward, and the history is too short for them.")
            return options
        name = _name_of(options, folds, origin, [self.config.seed, asked.max_rows])
        params = tune(frame, folds, options, settings, asked.tune_minutes, Path(asked.tune_store), name)
        return dataclasses.replace(options, params=params)

    def _refit(
        self,
        frame: TrainingFrame,
        shipped: Recipe,
        level: Level,
        shop_rates: Mapping[str, float],
        as_of: date,
        card: dict[str, Any],
        settings: FitSettings,
    ) -> Model:
        """Fit what ships on all labelled rows, at the level that is assumed for the day; the card is completed."""
        fitted = shipped.fit(frame, settings)
        newest = frame.X.loc[frame.snapshots == frame.days[-1]]
        shift = shift_to(level.rate, shipped.calibrate(fitted.logodds(newest), newest))
        card["level"] = plain({**dataclasses.asdict(level), "logodds": shift, "sentence": level.sentence})
        follows = LEVEL_FEATURES.get(level.kind)
        rate = None if follows is None else shop_rates.get(follows)
        return Model(
            fitted,
            shipped.slope,
            shift,
            self.definition,
            frame.describe(shipped.features) + catalogue().describe([str(follows)] if rate is not None else []),
            as_of,
            card,
            segments=shipped.segments,
            level_feature=None if rate is None else follows,
            level_reference=0.0 if rate is None else float(level_logodds(rate)),
        )


def _name_of(options: Recipe, folds: Sequence[Fold], origin: Mapping[str, Any], more: Sequence[int]) -> str:
    """Name a search after the data and everything else that it depends on."""
    asked = json.dumps([options.to_card(), [fold.name for fold in folds], origin.get("data_fingerprint"), more])
    return hashlib.sha256(asked.encode()).hexdigest()[:16]


def _candidates(wanted: Sequence[str], features: Sequence[str]) -> list[str]:
    unknown = [name for name in wanted if name not in CANDIDATES]
    if unknown:
        raise ConfigError(f"training.candidates: {', '.join(unknown)} not known. Choose among {', '.join(CANDIDATES)}.")
    if not CANDIDATES[RULE].suits(features):
        raise ConfigError(
            "features.families: the family recency is missing, and no model ships that is not compared with the "
            "recency rule. Add recency."
        )
    return [name for name in CANDIDATES if (name in wanted or name == RULE) and CANDIDATES[name].suits(features)]
