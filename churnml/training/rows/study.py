"""The study: all that a training looks at, made once from a shop, and handed from step to step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from churnml.campaigns.ledger import read_ledger
from churnml.config import Config, ScoringSettings, TrainingSettings
from churnml.data.draw import draw
from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.population import count_eligible, resolve_day, training_snapshots
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError
from churnml.features.available import learnable, tables_of
from churnml.features.builder import build
from churnml.features.family import Feature
from churnml.features.family_catalogue import LEVEL, catalogue
from churnml.features.plugins import with_plugins
from churnml.features.store import Progress
from churnml.models.candidates import CANDIDATES, RULE, SIMPLE
from churnml.models.candidates.base import FitSettings
from churnml.models.rows import TrainingFrame
from churnml.training.rows.data_gate import count_orders_per_day, judge_data, refuse
from churnml.training.rows.folds import Plan, judged_rows, plan_folds
from churnml.training.rows.frame import build_training_frame, compute_base_rates, compute_partial_rates
from churnml.training.rows.listed import without_listed
from churnml.training.rows.spend import spend_days

FEW_CUSTOMERS = 40
"""With fewer customers, only simple candidates are compared."""


def silent(step: str, done: int, of: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """What a training looks at.

    Attributes
    ----------
    frame : TrainingFrame
        Labelled rows.
    definition : ChurnDefinition
        Definition of leaving.
    as_of : date
        Day at which the data ends: nothing on or after it is seen.
    asked : TrainingSettings
        Settings that say how models are fitted and compared.
    seed : int
        Seed of everything random.
    candidates : sequence of str
        Names of the candidates that are compared, simplest first.
    off : sequence of str
        Names of features that are used only where the folds prefer them.
    shop_rates : mapping of str to float
        Churn rates of the shop on the day, by feature; without them the level does not follow the shop's.
    partial_rates : pandas DataFrame or None
        Customers and share who had not come back in the first weeks, per day; see `compute_partial_rates`. None where
        partial outcomes are not followed.
    day_rows : pandas DataFrame or None
        Features of the customers who are eligible on ``as_of``, whose outcome is not known; None where they are not
        built.
    origin : mapping of str to object
        Parts of the card about the data: first day, fingerprint, findings.
    value_days : int
        Number of days ahead over which the value of a customer is counted.
    scoring : ScoringSettings
        Settings of the lists that the model will make.
    progress : callable
        Function that is called with a text, the steps done and all steps, also from other threads.
    """

    frame: TrainingFrame
    definition: ChurnDefinition
    as_of: date
    asked: TrainingSettings = field(default_factory=TrainingSettings)
    seed: int = 7
    candidates: Sequence[str] = tuple(CANDIDATES)
    off: Sequence[str] = ()
    shop_rates: Mapping[str, float] = field(default_factory=dict)
    partial_rates: pd.DataFrame | None = None
    day_rows: pd.DataFrame | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    value_days: int = 365
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    progress: Progress = silent

    @cached_property
    def plan(self) -> Plan:
        """How the rows are split into the folds of the choice and those of the gate."""
        return plan_folds(self.frame, self.definition, self.asked.folds, self.asked.fold_rows)

    @cached_property
    def base_rates(self) -> pd.DataFrame:
        """Customers and churn rate per snapshot."""
        return compute_base_rates(self.frame)

    @cached_property
    def gate_rows(self) -> TrainingFrame:
        """The rows of the gate."""
        return self.frame.take(judged_rows(self.plan.gates))

    @property
    def settings(self) -> FitSettings:
        """Seed and threads of a fit."""
        return FitSettings(self.seed, self.asked.threads)

    @property
    def embargo_days(self) -> int | None:
        """Days from a snapshot until its outcomes are known; None where folds are customers kept apart."""
        return self.definition.reach_days if self.plan.forward else None


def make_study(shop: Shop, config: Config, as_of: Day | None = None, progress: Progress = silent) -> Study:
    """Build the labelled rows of a shop, check them, and collect the settings of a training.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are learned from.
    config : Config
        Settings of the training. Built features are kept in the folder ``features.store``, where that is set, so that a
        run that breaks goes on with them.
    as_of : date or str, optional
        Day at which the data ends: nothing on or after it is seen. None takes the start of the last day with an order.
    progress : callable, optional
        Function that is called with a text, the steps done and all steps.

    Raises
    ------
    InputError
        Where the data is too short or the shop too small.
    ConfigError
        Where a family, a plug-in or a candidate is not known.
    """
    shop = with_plugins(shop, config.features.plugins)
    definition, asked = config.definition, config.training
    end = resolve_day(shop, as_of, definition.horizon_days)
    first_day = History(shop, end).first_day
    snapshots = training_snapshots(first_day, end, definition, config.snapshots.every_days, config.snapshots.at_most)
    features, off = learnable(shop, definition, config.features.families, end)
    candidates = _candidates(asked.candidates, [feature.name for feature in features])
    store = None if config.features.store is None else Path(config.features.store)
    value_days = config.scoring.value_days
    frame = build_training_frame(
        shop,
        definition,
        snapshots,
        features,
        end,
        asked.max_rows,
        config.seed,
        progress,
        store,
        spend_days(value_days, definition),
        config.plays.campaign,
    )
    told = None
    if asked.lists is not None:
        ledger = read_ledger(asked.lists)
        entered = ledger[np.array([day < end for day in ledger["entered_on"]], dtype=bool)]
        frame, told = without_listed(frame, entered, definition, asked.treated, config.seed)
    alone = told is not None and told.how != "keep"
    findings = judge_data(frame, count_orders_per_day(shop, end), definition, first_day, end)
    refuse(findings)
    # Tables that nothing is learnt from leave the model as it is.
    read = {"orders", *tables_of(features), *(["subscriptions"] if definition.kind == "subscription_end" else [])}
    return Study(
        frame=frame,
        definition=definition,
        as_of=end,
        asked=asked,
        seed=config.seed,
        candidates=compared(candidates, frame),
        off=off,
        # The shop's own rates are those of customers whom lists may have kept.
        shop_rates={} if alone else _shop_rates(shop, end, config),
        partial_rates=None if alone else compute_partial_rates(shop, snapshots, end, definition),
        day_rows=build_sample(shop, end, definition, features, asked.max_rows // len(snapshots), config.seed),
        origin={
            "first_day": first_day.isoformat(),
            "data_fingerprint": fingerprint(History(shop, end), read),
            "data_gate": [finding.to_json() for finding in findings],
            "listed": None if told is None else told.to_json(),
        },
        value_days=value_days,
        scoring=config.scoring,
        progress=progress,
    )


def compared(candidates: Sequence[str], frame: TrainingFrame) -> list[str]:
    """Return the candidates that so many customers are enough for: of fewer than 40, the rule and RFM alone.

    On simulated shops with weak signals, what is chosen among all loses as much as the two simple ones with fewer
    customers, and less with more. With strong signals it loses less in either case (``benchmarks/small_shops.py``).

    Parameters
    ----------
    candidates : sequence of str
        Names of the candidates, simplest first, the recency rule among them.
    frame : TrainingFrame
        Labelled rows.
    """
    few = len(np.unique(frame.customers)) < FEW_CUSTOMERS
    return [name for name in candidates if not few or name in SIMPLE]


def build_sample(
    shop: Shop, day: date, definition: ChurnDefinition, features: Sequence[Feature], most_rows: int, seed: int
) -> pd.DataFrame:
    """Build the features of a day's customers; of many, those of a sample of about so many rows.

    Parameters
    ----------
    shop : Shop
        Shop of the customers.
    day : date
        Day for which they are built.
    definition : ChurnDefinition
        Definition that says who is a customer of the day.
    features : sequence of Feature
        Features to build.
    most_rows : int
        Number of rows that are wanted at most.
    seed : int
        Seed of the sample.
    """
    customers = count_eligible(History(shop, day), definition)
    with draw(shop, min(most_rows / max(customers, 1), 1.0), seed) as drawn:
        return build(History(drawn, day), definition, features)


def _shop_rates(shop: Shop, day: date, config: Config) -> dict[str, float]:
    """Return the shop's own churn rates on a day, by feature, where their family is used and they are known."""
    if config.features.families is not None and LEVEL not in config.features.families:
        return {}
    declared = list(catalogue().families[LEVEL].features)
    row = build(History(shop, day), config.definition, declared).iloc[:1]
    return {str(name): float(rate) for name, rate in row.dropna(axis="columns").iloc[0].items()} if len(row) else {}


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
