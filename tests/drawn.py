"""Training frames drawn at random, without a shop."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from churnml.config import TrainingSettings
from churnml.definition import ChurnDefinition
from churnml.features.family_catalogue import catalogue
from churnml.models.candidates import CANDIDATES
from churnml.models.card import Card, VerdictPart
from churnml.models.rows import TrainingFrame, customer_hashes
from churnml.statistics.logodds import sigmoid
from churnml.training.choose.predictions import Predictions
from churnml.training.result import Training
from churnml.training.rows.study import Study
from churnml.training.train import train

RECENCY = 1.2
"""What 100 days more since the last order add to the log-odds where there is a signal."""


def draw_frame(
    customers: int = 400,
    snapshots: int = 10,
    every_days: int = 30,
    signal: float = 1.0,
    hidden: float = 0.0,
    levels: Sequence[float] | None = None,
    seed: int = 0,
) -> TrainingFrame:
    """Draw customers who are seen on every snapshot, with levels that move between the snapshots.

    ``signal`` is the strength of recency, ``hidden`` that of a step in the delivery delay, which only trees see.
    """
    rng = np.random.default_rng(seed)
    first = np.datetime64("2024-01-01")
    moving = levels if levels is not None else [0.8 * np.sin(1.3 * number) for number in range(snapshots)]
    parts, churned = [], []
    for level in moving:
        recency = rng.integers(1, 366, customers).astype(float)
        orders = 1.0 + rng.poisson(3, customers)
        delay = rng.normal(0, 2, customers).round(1)
        X = pd.DataFrame(
            {
                "days_since_last_order": recency,
                "orders_90d": np.minimum(orders, rng.poisson(1, customers)),
                "orders_365d": orders,
                "amount_sum_365d": (orders * rng.gamma(4, 10, customers)).round(2),
                "delivery_delay_mean_days_180d": np.where(rng.random(customers) < 0.3, np.nan, delay),
                "btyd_no_order_probability": sigmoid((recency - 183) / 100),
            }
        )
        logodds = level + signal * RECENCY * (recency - 183) / 100 + hidden * np.sign(np.abs(delay) - 1.3)
        parts.append(X)
        churned.append((rng.random(customers) < sigmoid(logodds)).astype(float))
    codes = np.tile(np.arange(customers), len(moving))
    ids = pd.Index([f"c{number:05d}" for number in range(customers)])
    days = first + every_days * np.arange(len(moving))
    drawn = pd.concat(parts, ignore_index=True)
    return TrainingFrame(
        drawn,
        np.concatenate(churned),
        codes,
        customer_hashes(ids, 7)[codes],
        np.repeat(days.astype("datetime64[D]"), customers),
        described={feature.name: feature for feature in catalogue().describe(drawn)},
    )


def permuted(frame: TrainingFrame, seed: int) -> TrainingFrame:
    """Give the same rows with the outcomes of each snapshot in another order."""
    rng = np.random.default_rng(seed)
    churned = frame.churned.copy()
    for day in frame.days:
        rows = np.flatnonzero(frame.snapshots == day)
        churned[rows] = churned[rng.permutation(rows)]
    return dataclasses.replace(frame, churned=churned)


def verdict_of(**changes: Any) -> VerdictPart:
    """Make the verdict of a card; parts of it may be changed."""
    losses = {"against_chance": -0.3, "against_chance_error": 0.01, "against_rule": -0.1, "against_rule_error": 0.02}
    told = {"decision": "model", "because": "beats both", "chosen": "lightgbm", "skill": 12.0, **losses}
    return VerdictPart.from_json({**told, **changes})


def card_of(**changes: Any) -> Card:
    """Make a card that tells of next to nothing; parts of it may be changed, as JSON-ready values."""
    recipe = {"candidate": "lightgbm", "features": [], "weights": {}, "params": {}, "slope": 1.0, "segments": []}
    told = {
        "as_of": "2025-01-01",
        "first_day": "2023-01-01",
        "data_fingerprint": "0123456789abcdef",
        "definition": ChurnDefinition().model_dump(),
        "rows": 4_000,
        **{part: [] for part in ("base_rates", "folds", "comparison", "reliability", "gains", "segments")},
        "forward": True,
        "gate": "2024-09-27",
        "verdict": verdict_of().to_json(),
        "figures": {},
        "untreated": None,
        "candidate": "lightgbm",
        "slope": 1.0,
        "recipe": {**recipe, "fade_days": None, "newest": None, "every": 1, "trees": None},
    }
    return Card.from_json({**told, **changes})


def predictions_of(
    churned: list[float],
    logodds: dict[str, list[float]],
    folds: list[int] | None = None,
    customers: list[int] | None = None,
) -> Predictions:
    """Make predictions of one row per customer, by candidate; folds lie 30 days apart."""
    rows = len(churned)
    at = np.array(folds if folds is not None else [0] * rows)
    return Predictions(
        np.arange(rows),
        np.array(churned),
        np.array(customers if customers is not None else range(rows)),
        np.datetime64("2025-01-01") + 30 * at,
        at,
        {name: np.array(values) for name, values in logodds.items()},
    )


def study_of(frame: TrainingFrame, horizon_days: int = 90, **changes: Any) -> Study:
    """Make a study of a frame, without a shop; what is asked of it may be changed."""
    origin = {"first_day": "2023-01-01", "data_fingerprint": "0123456789abcdef"}
    asked = {"threads": 1, "bootstrap_draws": 20, "fold_rows": 1_000_000}
    known = set(TrainingSettings.model_fields) - {"candidates"}
    asked |= {name: changes.pop(name) for name in list(changes) if name in known}
    definition, settings = ChurnDefinition(horizon_days=horizon_days), TrainingSettings(**asked)
    usual = {"frame": frame, "definition": definition, "as_of": date(2025, 1, 1), "asked": settings, "origin": origin}
    return Study(**{**usual, **changes})


def train_on(frame: TrainingFrame, candidates: Sequence[str] = tuple(CANDIDATES), **changes: Any) -> Training:
    """Train on a frame, without a shop and without MLflow."""
    usual = {"fold_rows": TrainingSettings().fold_rows, "candidates": candidates}
    return train(study_of(frame, **{**usual, **changes}))
