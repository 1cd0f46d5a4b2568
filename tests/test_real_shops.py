"""The main job on public datasets: from published files to a list, judged by what really happened next."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.statistics.metrics import auroc, shape_loss
from tests.conftest import Run

pytestmark = pytest.mark.slow

Train = Callable[[str], tuple[int, str]]
DAYS = {
    "online-retail-ii": ("2011-09-01", 90, 365),
    "cdnow": ("1998-01-01", 180, 400),
    "dataco": ("2017-07-01", 90, 365),
}
"""The day of each training, with its horizon and the days in which a customer must have ordered."""


@pytest.fixture
def train(run: Run, shared_data: Path, tmp_path: Path) -> Train:
    """Imports a dataset as shop ``A`` and trains on it; gives the exit code and the errors.

    Half of the snapshots and a third of the folds have to keep the bounds all the same.
    """
    (tmp_path / "short.yaml").write_text("snapshots: {every_days: 60}\ntraining: {folds: 2, bootstrap_draws: 20}\n")

    def call(name: str) -> tuple[int, str]:
        assert run("import", name, shared_data / name.replace("-", "_"), "--out", "A")[0] == 0
        day, horizon, active = DAYS[name]
        options = ("--as-of", day, "--horizon", horizon, "--active", active, "--config", "short.yaml")
        code, _, errors = run("train", "A", *options)
        return code, errors

    return call


def judged(folder: Path, orders: Path, day: str, horizon_days: int) -> tuple[pd.DataFrame, float, float]:
    """Hold a ranking against the orders of the days that follow it."""
    ranking = pd.read_parquet(folder / "ranking.parquet")
    bought = pd.read_parquet(orders)
    start = pd.Timestamp(day)
    stayed = set(bought.customer_id[bought.ordered_at.between(start, start + pd.Timedelta(days=horizon_days), "left")])
    left = (~ranking.customer_id.isin(stayed)).to_numpy(dtype=float)
    logodds = np.log(ranking.churn_probability / (1 - ranking.churn_probability)).to_numpy()
    return ranking, auroc(left, logodds), shape_loss(left, logodds)


def test_online_retail_ii_is_ranked_better_than_by_the_usual_ways(run: Run, train: Train, tmp_path: Path) -> None:
    assert train("online-retail-ii")[0] == 0
    assert run("score", "A", "--snapshot", "2011-09-01", "--out", "R")[0] == 0
    ranking, area, loss = judged(tmp_path / "R", tmp_path / "A" / "orders.parquet", "2011-09-01", 90)
    assert len(ranking) == 4_335
    assert area >= 0.772
    assert loss <= 0.565


def test_cdnow_is_ranked_better_than_by_the_usual_ways(
    run: Run, train: Train, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert train("cdnow")[0] == 0
    assert "level not tested forward" in caplog.text
    assert run("score", "A", "--snapshot", "1998-01-01", "--out", "R")[0] == 0
    _, area, loss = judged(tmp_path / "R", tmp_path / "A" / "orders.parquet", "1998-01-01", 180)
    assert area >= 0.803
    assert loss <= 0.418


def test_customers_who_order_at_random_have_no_model(train: Train) -> None:
    code, said = train("dataco")
    assert code == 3
    assert "no model is promoted" in said
    assert "Recency and frequency carry no signal here" in said
