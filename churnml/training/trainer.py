"""The trainer: from a shop to a model that passed the gate."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from churnml.config import Config
from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.population import data_end, training_snapshots
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, NoSkillError
from churnml.features.registry import available
from churnml.statistics.logodds import Floats, fit_intercept
from churnml.training.candidates import CANDIDATES
from churnml.training.candidates.base import FitSettings
from churnml.training.choice import Predictions, calibration_slope, compare, predict_folds
from churnml.training.figures import compute_figures
from churnml.training.folds import Fold, Plan, plan_folds
from churnml.training.frame import Progress, TrainingFrame, build_training_frame, compute_base_rates
from churnml.training.gate import Verdict, judge
from churnml.training.model import Model

_log = logging.getLogger(__name__)
_RULE = "recency_rule"
LEVEL_NOT_TESTED = (
    "The history is too short for forward folds: candidates were compared on customers kept apart, and the level not "
    "tested forward."
)


@dataclass(frozen=True)
class Training:
    """All that a training found, for the tracker and the model card.

    Attributes
    ----------
    frame
        The labelled rows.
    base_rates
        Customers and churn rate per snapshot.
    comparison
        Candidates by shape loss; see ``choice.compare``.
    predictions
        Their out-of-fold predictions.
    gate_rows
        The rows of the gate.
    gate_logodds
        Predictions of the recipe that ships on them, with the level that it assumed.
    figures
        Figures on the gate; see ``figures.compute_figures``.
    verdict
        The gate's verdict.
    model
        The recipe refitted on all labelled snapshots; None without skill.
    """

    frame: TrainingFrame
    base_rates: pd.DataFrame
    comparison: pd.DataFrame
    predictions: Predictions
    gate_rows: TrainingFrame
    gate_logodds: Floats
    figures: dict[str, dict[str, float]]
    verdict: Verdict
    model: Model | None
    card: dict[str, Any]


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

    Examples
    --------
    >>> model = Trainer(ChurnDefinition(horizon_days=90)).fit(shop, as_of="2025-04-01")  # doctest: +SKIP
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
        training = self.train(shop, as_of, progress)
        for line in summarise(training):
            _log.info(line)
        if self.track:
            from churnml.training.tracking import track

            model = track(training, self.config, self.definition)
        else:
            model = training.model
        if model is None:
            raise NoSkillError(training.verdict.sentence)
        return model

    def train(self, shop: Shop, as_of: str | date | None = None, progress: Progress | None = None) -> Training:
        """Do all of a training but for tracking; see ``fit``."""
        config, definition = self.config, self.definition
        end = data_end(shop, pd.Timestamp(as_of).date() if as_of is not None else None, definition.horizon_days)
        snapshots = training_snapshots(
            shop.first_day, end, definition, config.snapshots.every_days, config.snapshots.at_most
        )
        features = available(shop, config.features.families)
        frame = build_training_frame(
            shop, definition, snapshots, features, end, config.training.max_rows, config.seed, progress
        )
        plan = plan_folds(frame, definition, config.training.folds)
        settings = FitSettings(config.seed, config.training.threads)
        candidates = _candidates(config.training.candidates, list(frame.X.columns))
        predictions = predict_folds(frame, plan.choice, candidates, settings, progress)
        comparison = compare(predictions)
        chosen = str(comparison.candidate[comparison.chosen].iloc[0])
        at_gate = _Gate(frame, plan.gate, settings, predictions)
        verdict = judge(
            at_gate.test,
            at_gate.logodds(chosen),
            at_gate.logodds(_RULE),
            chosen == _RULE,
            CANDIDATES[chosen].title,
        )
        shipped = chosen if verdict.decision == "model" else _RULE
        slope, gate_logodds = at_gate.recipe(shipped)
        figures = compute_figures(at_gate.test, gate_logodds, config.training.bootstrap_draws, config.seed)
        base_rates = compute_base_rates(frame)
        card = _card(definition, end, plan, base_rates, comparison, verdict, figures, shipped, slope, len(frame))
        card["first_day"] = shop.first_day.isoformat()
        card["data_fingerprint"] = fingerprint(History(shop, end))
        model = None
        if verdict.decision != "no skill":
            fitted = CANDIDATES[shipped]().fit(frame, _with_trees(settings, predictions, shipped))
            level, spread = assumed_level(frame, slope * fitted.logodds(frame.X))
            card["level"] = {"logodds": level, "spread": spread, "tested_forward": plan.forward}
            model = Model(fitted, slope, level, definition, tuple(frame.X.columns), end, card)
        return Training(
            frame, base_rates, comparison, predictions, at_gate.test, gate_logodds, figures, verdict, model, card
        )


class _Gate:
    """Fits recipes on the gate's training rows and predicts its test rows."""

    def __init__(self, frame: TrainingFrame, fold: Fold, settings: FitSettings, predictions: Predictions) -> None:
        self.train, self.test = frame.take(fold.train), frame.take(fold.test)
        self.settings, self.predictions = settings, predictions
        self._fitted: dict[str, Any] = {}

    def logodds(self, candidate: str) -> Floats:
        if candidate not in self._fitted:
            settings = _with_trees(self.settings, self.predictions, candidate)
            self._fitted[candidate] = CANDIDATES[candidate]().fit(self.train, settings)
        predicted: Floats = self._fitted[candidate].logodds(self.test.X)
        return predicted

    def recipe(self, candidate: str) -> tuple[float, Floats]:
        """Give the calibration slope of a candidate, and its gate predictions with slope and assumed level."""
        slope = calibration_slope(self.predictions, candidate)
        logodds = slope * self.logodds(candidate)
        level, _ = assumed_level(self.train, slope * self._fitted[candidate].logodds(self.train.X))
        return slope, level + logodds


def assumed_level(frame: TrainingFrame, logodds: Floats) -> tuple[float, float]:
    """Give the mean of the snapshots' own levels, weighted by customers, and their standard deviation, in log-odds."""
    levels, weights = [], []
    for day in frame.days:
        rows = frame.snapshots == day
        levels.append(fit_intercept(frame.churned[rows], logodds[rows]))
        weights.append(rows.sum())
    mean = float(np.average(levels, weights=weights))
    spread = float(np.sqrt(np.average((np.array(levels) - mean) ** 2, weights=weights)))
    return mean, spread


def _with_trees(settings: FitSettings, predictions: Predictions, candidate: str) -> FitSettings:
    trees = predictions.trees.get(candidate)
    return dataclasses.replace(settings, trees=int(np.median(trees))) if trees else settings


def _candidates(wanted: Sequence[str], features: Sequence[str]) -> list[str]:
    unknown = [name for name in wanted if name not in CANDIDATES]
    if unknown:
        raise ConfigError(
            f"training.candidates: {', '.join(unknown)} not known. Choose among {', '.join(CANDIDATES)}."
        )
    if not CANDIDATES[_RULE].suits(features):
        raise ConfigError(
            "features.families: the family recency is missing, and no model ships that is not compared with the "
            "recency rule. Add recency."
        )
    return [name for name in CANDIDATES if (name in wanted or name == _RULE) and CANDIDATES[name].suits(features)]


def _card(
    definition: ChurnDefinition,
    end: date,
    plan: Plan,
    base_rates: pd.DataFrame,
    comparison: pd.DataFrame,
    verdict: Verdict,
    figures: Mapping[str, Mapping[str, float]],
    shipped: str,
    slope: float,
    rows: int,
) -> dict[str, Any]:
    card = {
        "as_of": end.isoformat(),
        "definition": definition.model_dump(),
        "rows": rows,
        "base_rates": base_rates.to_dict("records"),
        "forward": plan.forward,
        "folds": [fold.name for fold in plan.choice],
        "gate": plan.gate.name,
        "comparison": comparison.to_dict("records"),
        "verdict": dataclasses.asdict(verdict),
        "figures": figures,
        "candidate": shipped,
        "slope": slope,
    }
    return _plain(card)  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """Turn NumPy values into plain ones, and what is not a number into null, for JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value


def summarise(training: Training) -> list[str]:
    """Say in a few lines what a training found."""
    rates, card = training.base_rates, training.card
    lines = [
        f"{len(training.frame):,} rows of {len(rates)} snapshots, {rates.snapshot_date.iloc[0]} to "
        f"{rates.snapshot_date.iloc[-1]}; between {rates.churn_rate.min():.0%} and {rates.churn_rate.max():.0%} left."
    ]
    for row in training.comparison.itertuples():
        mark = "chosen" if row.chosen else f"{row.behind:+.4f} ± {row.behind_error:.4f} behind the best"
        lines.append(
            f"{CANDIDATES[str(row.candidate)].title}: shape loss {row.shape_loss:.4f}, AUROC {row.auroc:.4f} ({mark})"
        )
    lines.append(
        f"Folds: {len(card['folds'])}, looking forward; gate: {card['gate']}." if card["forward"] else LEVEL_NOT_TESTED
    )
    auroc, shape = training.figures["auroc"], training.figures["shape_loss"]
    lines.append(
        f"At the gate: AUROC {auroc['value']:.4f} ({auroc['low']:.4f} to {auroc['high']:.4f}), "
        f"shape loss {shape['value']:.4f} ({shape['low']:.4f} to {shape['high']:.4f})."
    )
    lines.append(training.verdict.sentence)
    return lines
