"""Customers of other kinds than before: what is usual, and probabilities that are recalibrated on those like them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from churnml.models.rows import customer_hashes
from churnml.monitoring.answers import Limits
from churnml.monitoring.replay import Baseline, ReplayedDay
from churnml.monitoring.residuals import Judged
from churnml.monitoring.second_opinion import recalibrate, usual_auroc
from churnml.statistics.logodds import logit, sigmoid


def drawn(rows: int, share: float, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw customers of two kinds, and what is said of them in log-odds."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"kind": (rng.random(rows) < share).astype(float)}, index=[f"{seed}-{at}" for at in range(rows)])
    return X, rng.normal(0, 1.5, rows)


def judged(rows: int) -> Judged:
    """Judge customers of whom a fifth are of a kind with log-odds that are twice as large as is true."""
    X, z = drawn(rows, 0.2, 1)
    true = np.where(X["kind"] == 1, z / 2, z)
    churned = (np.random.default_rng(2).random(rows) < sigmoid(true)).astype(float)
    hashes = customer_hashes(X.index, 0)
    return Judged(X=X.reset_index(drop=True), churned=churned, logodds=z, weights=np.ones(rows), hashes=hashes)


def test_a_day_of_one_kind_is_recalibrated_on_those_of_that_kind() -> None:
    X, z = drawn(5_000, 1.0, 3)
    again = recalibrate(X, z, judged(20_000), {"kind"}, 0)
    assert again is not None
    slope, _ = np.polyfit(z, logit(again), 1)
    assert slope == pytest.approx(0.5, abs=0.06)
    # Of a day like that of the judged nearly all is right as it is said.
    X, z = drawn(5_000, 0.2, 4)
    again = recalibrate(X, z, judged(20_000), {"kind"}, 0)
    assert again is not None
    assert np.polyfit(z, logit(again), 1)[0] == pytest.approx(0.88, abs=0.06)


def test_few_judged_customers_recalibrate_nothing() -> None:
    X, z = drawn(5_000, 1.0, 3)
    # A fifth of 2,000 stand for the day, which is fewer than 500; of 4,000 more.
    assert recalibrate(X, z, judged(2_000), {"kind"}, 0) is None
    assert recalibrate(X, z, judged(4_000), {"kind"}, 0) is not None
    assert recalibrate(X, z, judged(4_000), set(), 0) is None


def replayed(domains: list[float | None]) -> Limits:
    numbers = {"auroc": 0.8, "auroc_expected": 0.8, "gain": -0.1, "relation": 0.0, "relation_year": None}
    first = date(2024, 1, 1)
    days = [ReplayedDay(day=first + timedelta(days=30 * at), domain=told, **numbers) for at, told in enumerate(domains)]
    return Limits.of(Baseline(as_of=date(2026, 1, 1), model_version="m", days=tuple(days)), 0.5, 12)


def test_the_replay_says_how_well_days_are_usually_told_apart() -> None:
    domains = [0.60, 0.62, 0.58, 0.61, 0.59, 0.60, 0.62, 0.58, 0.60, 0.61, 0.59, 0.60]
    assert 0.62 < usual_auroc(replayed([None, *domains])) < 0.75
    assert np.isnan(usual_auroc(replayed([None] * 12)))
    assert np.isnan(usual_auroc(Limits.of(None, 0.5, 12)))
