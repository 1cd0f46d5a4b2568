"""A database password is in no log, manifest, report or MLflow store."""

from __future__ import annotations

import gzip
import logging
import os
import re
import subprocess
import sys
import zipfile
from base64 import b64decode
from pathlib import Path

import pandas as pd
import pytest

from churnml.config import Config
from churnml.data.simulator import simulate
from churnml.workflow import open_shop
from tests.servers import load_postgres

PASSWORD = "hunter2-never-shown"
SETTINGS = """
training: {candidates: [recency_rule, rfm_logistic], folds: 1, bootstrap_draws: 20}
snapshots: {every_days: 60}
"""


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "churnml.cli", "-v", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**_without_tracking(), "CHURNML_CACHE": str(folder / "cache")},
        check=False,
    )
    return done.stdout + done.stderr


def _without_tracking() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}


@pytest.mark.slow
def test_a_database_password_is_written_nowhere(postgres: str, tmp_path: Path) -> None:
    simulate(tmp_path / "made", customers=1_000, seed=2)
    tables = {name: pd.read_parquet(tmp_path / "made" / f"{name}.parquet") for name in ("orders", "customers")}
    address = load_postgres(postgres, "secrets", tables).replace("secret@", f"{PASSWORD}@")
    assert PASSWORD in address
    (tmp_path / "settings.yaml").write_text(SETTINGS)
    said = run(tmp_path, "train", address, "--config", "settings.yaml")
    assert "is the champion of churn" in said
    said += run(tmp_path, "score", address, "--out", "list", "--config", "settings.yaml")
    assert "customers ranked" in said
    said += run(tmp_path, "check", address.replace("/secrets", "/missing"))
    said += run(tmp_path, "check", address.replace("@127.0.0.1", "@127.0.0.1:1/no"))
    assert PASSWORD not in said
    page = (tmp_path / "list" / "report.html").read_text(encoding="utf-8")
    packed = [gzip.decompress(b64decode(text)) for text in re.findall(r"H4sI[A-Za-z0-9+/=]+", page)]
    assert packed
    with zipfile.ZipFile(tmp_path / "list" / "worklist.xlsx") as book:
        packed += [book.read(name) for name in book.namelist()]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert tmp_path / "models" / "mlflow.db" in files
    assert all(PASSWORD.encode() not in content for content in packed)
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


def test_the_log_of_a_pseudonymised_run_counts_notes_and_names_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    days = pd.date_range("2024-01-01", periods=400, freq="D")
    ids = ["Ayşe Yıldız" if n % 2 else f"c{n % 40}" for n in range(400)]
    orders = pd.DataFrame({"order_id": range(400), "customer_id": ids, "ordered_at": days, "amount": 10.0})
    (tmp_path / "shop").mkdir()
    orders.to_csv(tmp_path / "shop" / "orders.csv", index=False)
    caplog.set_level(logging.INFO)
    open_shop(tmp_path / "shop", Config())
    assert "Ayşe" in caplog.text
    caplog.clear()
    open_shop(tmp_path / "shop", Config(), secrets=tmp_path / "keys")
    assert (
        "The notes of the check (1) may name customers and are not shown. To read them: churnml check DATA"
        in caplog.text
    )
    assert "Ayşe" not in caplog.text
