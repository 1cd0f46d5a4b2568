"""How a model ages, and when to train again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.config import Config, MonitoringSettings
from churnml.errors import InputError
from churnml.models.rows import TrainingFrame
from churnml.monitoring.decay import (
    COLUMNS,
    LONGEST_DAYS,
    compare_ages,
    decide,
    read_retrain_days,
    slope_of,
    write_decay,
)
from churnml.training.choose.recipe import Recipe
from tests.drawn import study_of


def ages(slope: float, profit: float = 0.0, noise: float = 0.0, days: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = [
        {
            "snapshot_date": date(2025, 1, 1) + timedelta(days=30 * at),
            "trained_on": date(2025, 1, 1) + timedelta(days=30 * cut),
            "age_days": 30 * (at - cut),
            "customers": 1_000,
            # Each day has its own difficulty, which is not age.
            "shape_loss": 0.5 + 0.1 * np.sin(at) + slope * 30 * (at - cut) + noise * rng.normal(),
            "auroc": 0.8,
            "profit": 2.0 - 0.05 * at - profit * 30 * (at - cut),
        }
        for at in range(days)
        for cut in range(at + 1)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_the_slope_is_that_of_age_within_days() -> None:
    found = slope_of(ages(0.0002), "shape_loss")
    assert (found.value, found.low, found.high) == pytest.approx((0.0002,) * 3)
    # By hand: one day with ages 0 and 10 and losses 1 and 3, two others with the same ages and 1 and 2.
    rows = [(day, age, loss) for day, up in ((1, 3.0), (2, 2.0), (3, 2.0)) for age, loss in ((0, 1.0), (10, up))]
    table = pd.DataFrame(rows, columns=["snapshot_date", "age_days", "x"])
    found = slope_of(table, "x")
    # b = (50 x (.2 + .1 + .1)) / 150; the days' sums of (a - mean) e are 10/3, -5/3 and -5/3, so that
    # error^2 = 3/2 x 50/3 / 150^2.
    assert found.value == pytest.approx(0.4 / 3)
    assert found.high - found.value == pytest.approx(1.959964 * 5 / 150)
    assert np.isnan(slope_of(table[table["snapshot_date"] < 3], "x").value)
    assert np.isnan(slope_of(table.iloc[:0], "x").value)


def test_a_training_pays_by_the_order_quantity_of_harris() -> None:
    priced = Config(monitoring=MonitoringSettings(retrain_cost=200.0))
    # sqrt(2 x 200 x 30 / (1,000 x .0003)) = 200 days.
    decay = decide(ages(0.0002, profit=0.0003), priced)
    assert decay.is_seen
    assert (decay.shortest, decay.retrain_every_days, decay.longest) == (200, 200, 200)
    assert decide(ages(0.0002, profit=0.3), priced).retrain_every_days == 30  # as often as snapshots are
    assert decide(ages(0.0002, profit=1e-9), priced).retrain_every_days == LONGEST_DAYS
    assert decide(ages(0.0002, profit=-0.1), priced).retrain_every_days == LONGEST_DAYS
    assert decide(ages(0.0002, profit=0.0003), Config()).retrain_every_days == 30  # without a cost as it is set


def test_without_decay_no_training_is_needed_and_without_history_nothing_is_known() -> None:
    for config in (Config(), Config(monitoring=MonitoringSettings(retrain_cost=200.0))):
        steady = decide(ages(0.0, noise=0.01), config)
        assert not steady.is_seen
        assert steady.retrain_every_days == LONGEST_DAYS
        assert decide(ages(0.0).iloc[:0], config).retrain_every_days == 30


def test_ages_are_compared_on_the_same_days_by_as_many_snapshots(make_frame: Callable[..., TrainingFrame]) -> None:
    frame = make_frame(snapshots=8, customers=900)
    study = study_of(frame, horizon_days=30)
    recipe = Recipe(features=tuple(frame.X.columns), candidate="recency_rule")
    table = compare_ages(study, recipe)
    # The first snapshots whose windows are over know too few; from then on each day is judged by all earlier ones.
    cuts = table["trained_on"].unique()
    assert len(table) == len(cuts) * (len(cuts) + 1) // 2
    assert (table["age_days"] >= 0).all()
    fresh = table[table["age_days"] == 0]
    assert set(fresh["snapshot_date"]) == set(cuts)
    assert (fresh["auroc"] > 0.7).all()
    assert abs(slope_of(table, "shape_loss").value) < 1e-4  # nothing changes in what was drawn


def test_what_run_reads_is_what_was_measured(tmp_path: Path) -> None:
    assert read_retrain_days(tmp_path) is None
    decay = decide(ages(0.0002, profit=0.0003), Config(monitoring=MonitoringSettings(retrain_cost=200.0)))
    path = write_decay(decay, tmp_path)
    assert read_retrain_days(tmp_path) == 200
    path.write_text("{}")
    with pytest.raises(InputError, match="cannot be read"):
        read_retrain_days(tmp_path)
