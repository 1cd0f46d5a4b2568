"""Passwords, and the addresses of customers of a pseudonymised run, are in no log, list, report or MLflow store."""

from __future__ import annotations

import gzip
import logging
import os
import re
import shutil
import subprocess
import sys
import zipfile
from base64 import b64decode
from pathlib import Path

import pandas as pd
import pytest

from churnml.config import Config
from churnml.data.simulator import simulate
from churnml.errors import InputError
from churnml.shop_jobs import open_shop
from tests.servers import load_postgres

PASSWORD = "hunter2-never-shown"
MAIL = "@mail.example"
SETTINGS = """
training: {candidates: [recency_rule, rfm_logistic], folds: 1, bootstrap_draws: 20}
snapshots: {every_days: 60}
reporting: {periods: 2, carry: [email]}
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
def test_a_pseudonymised_run_on_a_database_writes_neither_password_nor_address(postgres: str, tmp_path: Path) -> None:
    simulate(tmp_path / "made", customers=1_000, seed=2, kind="textbook")
    tables = {name: pd.read_parquet(tmp_path / "made" / f"{name}.parquet") for name in ("orders", "customers")}
    shutil.rmtree(tmp_path / "made")
    for table in tables.values():
        table["customer_id"] = table["customer_id"].astype(str) + MAIL
    tables["customers"]["email"] = tables["customers"]["customer_id"]  # carried, but not under pseudonyms
    address = load_postgres(postgres, "secrets", tables).replace("secret@", f"{PASSWORD}@")
    assert PASSWORD in address
    (tmp_path / "settings.yaml").write_text(SETTINGS)
    hidden = ("--config", "settings.yaml", "--pseudonymize", "keys")
    said = run(tmp_path, "run", address, "--out", "list", *hidden)
    assert "customers ranked" in said
    said += run(tmp_path, "check", address.replace("/secrets", "/missing"))
    said += run(tmp_path, "check", address.replace("@127.0.0.1", "@127.0.0.1:1/no"))
    page = (tmp_path / "list" / "report.html").read_text(encoding="utf-8")
    packed = [gzip.decompress(b64decode(text)) for text in re.findall(r"H4sI[A-Za-z0-9+/=]+", page)]
    assert packed
    with zipfile.ZipFile(tmp_path / "list" / "worklist.xlsx") as book:
        packed += [book.read(name) for name in book.namelist()]
    contents = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert tmp_path / "models" / "mlflow.db" in contents
    for secret in (PASSWORD, MAIL):
        assert secret not in said
        assert all(secret.encode() not in content for content in packed)
    assert [path for path, content in contents.items() if PASSWORD.encode() in content] == []
    named = {path: path.stat().st_mode & 0o777 for path, content in contents.items() if MAIL.encode() in content}
    assert {path.parent.name: mode for path, mode in named.items()} == {"keys": 0o600}, "the mapping, to its owner"


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


def test_the_failures_of_a_pseudonymised_run_are_counted_and_name_nobody(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,amount\nof Ayşe,Ayşe,2024-01-01,1\nof Ayşe,Ayşe,2024-01-01,2\n"
    )
    with pytest.raises(InputError, match="of Ayşe"):
        open_shop(tmp_path / "shop", Config())
    with pytest.raises(InputError) as raised:
        open_shop(tmp_path / "shop", Config(), secrets=tmp_path / "keys")
    assert raised.value.failures == [
        "The failures of the check (1) may name customers and are not shown. To read them: churnml check DATA"
    ]
    with pytest.raises(InputError, match="there is no such file or folder"):
        open_shop(tmp_path / "nowhere", Config(), secrets=tmp_path / "keys")
