"""The main job on public datasets: from published files to a list, judged by what really happened next."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.statistics.metrics import auroc, shape_loss

pytestmark = pytest.mark.slow


def churnml(*arguments: object, cwd: Path, code: int = 0) -> str:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    command = [sys.executable, "-m", "churnml.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def judged(folder: Path, orders: Path, day: str, horizon_days: int) -> tuple[pd.DataFrame, float, float]:
    """Hold a ranking against the orders of the days that follow it."""
    ranking = pd.read_parquet(folder / "ranking.parquet")
    bought = pd.read_parquet(orders)
    start = pd.Timestamp(day)
    stayed = set(bought.customer_id[bought.ordered_at.between(start, start + pd.Timedelta(days=horizon_days), "left")])
    left = (~ranking.customer_id.isin(stayed)).to_numpy(dtype=float)
    logodds = np.log(ranking.churn_probability / (1 - ranking.churn_probability)).to_numpy()
    return ranking, auroc(left, logodds), shape_loss(left, logodds)


def test_online_retail_ii_is_ranked_better_than_by_the_usual_ways(shared_data: Path, tmp_path: Path) -> None:
    churnml("import", "online-retail-ii", shared_data / "online_retail_ii", "--out", "A", cwd=tmp_path)
    churnml(
        *("train", "A", "--as-of", "2011-09-01", "--horizon", 90, "--active", 365, "--every", 30),
        cwd=tmp_path,
    )
    churnml("score", "A", "--snapshot", "2011-09-01", "--out", "R", cwd=tmp_path)
    ranking, area, loss = judged(tmp_path / "R", tmp_path / "A" / "orders.parquet", "2011-09-01", 90)
    assert len(ranking) == 4_335
    assert area >= 0.772
    assert loss <= 0.565


def test_cdnow_is_ranked_better_than_by_the_usual_ways(shared_data: Path, tmp_path: Path) -> None:
    churnml("import", "cdnow", shared_data / "cdnow", "--out", "A", cwd=tmp_path)
    log = churnml("train", "A", "--as-of", "1998-01-01", "--horizon", 180, "--active", 400, cwd=tmp_path)
    assert "level not tested forward" in log
    churnml("score", "A", "--snapshot", "1998-01-01", "--out", "R", cwd=tmp_path)
    _, area, loss = judged(tmp_path / "R", tmp_path / "A" / "orders.parquet", "1998-01-01", 180)
    assert area >= 0.803
    assert loss <= 0.418


def test_customers_who_order_at_random_have_no_model(shared_data: Path, tmp_path: Path) -> None:
    churnml("import", "dataco", shared_data / "dataco", "--out", "A", cwd=tmp_path)
    log = churnml("train", "A", "--as-of", "2017-07-01", "--horizon", 90, "--active", 365, cwd=tmp_path, code=3)
    assert "no model is promoted" in log
    assert "Recency and frequency carry no signal here" in log
