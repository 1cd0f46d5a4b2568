"""Every command ends with code 6 and one line where its database, its store of models or its object store is gone."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pandas as pd
import pymysql
import pytest
from typer.main import get_command

import churnml
from churnml import cli
from churnml.config import TrackingSettings
from churnml.data.engines.mysql import _is_outside
from churnml.data.engines.postgres import _REFUSED
from churnml.errors import InputError, ModelError, NoStoreError, OutsideError
from churnml.tracking.aliases import promote
from churnml.tracking.mlflow_store import at_store, has_store, known_store
from churnml.tracking.runs import find_model
from tests.conftest import Run

NO_OUTSIDE = {"config", "demo"}
"""Commands that open neither a database nor a store before they have made their own."""
OF_DATA = {
    "audit": ["DATA", "--snapshot", "2024-01-01"],
    "check": ["DATA"],
    "explain": ["DATA", "a"],
    "features": ["DATA", "--out", "features.parquet"],
    "init": ["DATA", "--out", "settings.yaml"],
    "kpis": ["DATA"],
    "monitor": ["DATA", "--lists", "list"],
    "plan": ["DATA", "--list", "list"],
    "readout": ["DATA", "--list", "list"],
    "run": ["DATA", "--out", "list"],
    "score": ["DATA", "--out", "list"],
    "train": ["DATA"],
    "train-uplift": ["DATA", "--list", "list"],
    "window": ["DATA"],
}
OF_STORE = {
    "explain": ["DATA", "a"],
    "monitor": ["DATA", "--lists", "list"],
    "promote": [],
    "rollback": [],
    "run": ["DATA", "--out", "list"],
    "score": ["DATA", "--out", "list"],
    "train": ["DATA"],
}
OF_PLACES = {
    "check": ["PLACE"],
    "export": ["PLACE", "--for", "hubspot", "--out", "file.csv"],
    "features": ["DATA", "--out", "PLACE"],
    "import": ["cdnow", "DATA", "--out", "PLACE"],
    "monitor": ["DATA", "--lists", "PLACE"],
    "plan": ["DATA", "--list", "PLACE"],
    "readout": ["DATA", "--list", "PLACE"],
    "record": ["DATA", "--list", "PLACE", "--out", "contacts.csv"],
    "run": ["DATA", "--out", "PLACE"],
    "score": ["DATA", "--out", "PLACE"],
    "simulate": ["--out", "PLACE", "--customers", "5"],
    "train-uplift": ["DATA", "--list", "PLACE"],
}


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port at which nobody answers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop of three orders, beside the folder of a list that was made."""
    days = pd.to_datetime(["2024-01-01", "2024-02-01", "2024-03-01"])
    orders = pd.DataFrame({"order_id": ["1", "2", "3"], "customer_id": "a", "ordered_at": days, "amount": 5.0})
    (tmp_path / "shop").mkdir()
    orders.to_parquet(tmp_path / "shop" / "orders.parquet", index=False, coerce_timestamps="us")
    (tmp_path / "list" / "lists" / "2024-02-01").mkdir(parents=True)
    return tmp_path / "shop"


def test_every_command_is_tried() -> None:
    assert set(get_command(cli.app).commands) == NO_OUTSIDE | OF_DATA.keys() | OF_STORE.keys() | OF_PLACES.keys()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["postgres", "mysql"])
@pytest.mark.parametrize("command", OF_DATA)
def test_a_database_that_does_not_answer_is_code_6(
    command: str, scheme: str, shop: Path, closed_port: int, run: Run
) -> None:
    address = f"{scheme}://ann:secret@127.0.0.1:{closed_port}/shop"
    code, out, err = run(command, *(address if part == "DATA" else part for part in OF_DATA[command]))
    assert (code, out, err.count("\n")) == (6, "", 1), err
    assert "cannot be opened" in err
    assert "secret" not in err


@pytest.mark.slow
@pytest.mark.parametrize("command", OF_STORE)
def test_a_store_of_models_that_does_not_answer_is_code_6(
    command: str, shop: Path, closed_port: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://ann:secret@127.0.0.1:{closed_port}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    code, out, err = run("--quiet", command, *(shop if part == "DATA" else part for part in OF_STORE[command]))
    assert (code, out, err.count("\n")) == (6, "", 1), err
    assert "The store of MLflow: failed (" in err or "models:/churn@champion: failed (" in err
    assert "secret" not in err


@pytest.mark.slow
@pytest.mark.parametrize("command", OF_PLACES)
def test_an_object_store_that_does_not_answer_is_code_6(command: str, shop: Path, closed_port: int, run: Run) -> None:
    place = f"http://127.0.0.1:{closed_port}/list"
    code, out, err = run(
        "--quiet", command, *({"DATA": shop, "PLACE": place}.get(part, part) for part in OF_PLACES[command])
    )
    assert (code, out, err.count("\n")) == (6, "", 1), err
    assert err.startswith(f"{place}: failed (")


@pytest.mark.slow
@pytest.mark.parametrize("command", ["monitor", "score"])
def test_a_store_that_made_the_lists_and_is_missing_is_gone(command: str, shop: Path, run: Run) -> None:
    code, _, err = run("--quiet", command, *(shop if part == "DATA" else part for part in OF_STORE[command]))
    assert (code, err.count("\n")) == (6, 1), err
    assert "is gone. Bring it back" in err
    # Nobody who reads makes an empty one in its place.
    assert not (shop.parent / "models").exists()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["explain", "promote", "rollback"])
def test_a_store_that_nobody_made_yet_is_no_fault_of_the_outside(command: str, shop: Path, run: Run) -> None:
    code, _, err = run("--quiet", command, *(shop if part == "DATA" else part for part in OF_STORE[command]))
    assert (code, err.count("\n")) == (1, 1), err
    assert "no model was trained in this folder yet. Run: churnml train DATA" in err
    assert not (shop.parent / "models").exists()


@pytest.mark.slow
def test_a_named_store_that_is_missing_is_named_and_not_made(tmp_path: Path) -> None:
    tracking = TrackingSettings(uri=f"sqlite:///{tmp_path / 'away' / 'models.db'}")
    with pytest.raises(NoStoreError, match=r"models\.db: there is no store of models yet\. Run: churnml train DATA"):
        find_model(None, tracking)
    with pytest.raises(OutsideError, match="is gone"), known_store(True):
        find_model(None, tracking)
    assert not (tmp_path / "away").exists()
    assert not has_store(tracking)
    assert has_store(TrackingSettings(uri="http://mlflow:5000"))  # which only asking tells
    with at_store(tracking, makes=True):
        assert (tmp_path / "away" / "models.db").exists()
    assert has_store(tracking)
    with pytest.raises(ModelError, match="there is no challenger to promote"):
        promote(tracking, None, pd.Timestamp("2024-01-01").to_pydatetime())


@pytest.mark.parametrize(
    ("said", "is_refusal"),
    [
        ('connection to server at "db" failed: FATAL:  password authentication failed for user "ann"', True),
        ('connection to server at "db" failed: FATAL:  database "shop" does not exist', True),
        ('connection to server at "db" failed: FATAL:  the database system is starting up', False),
        ('connection to server at "db" failed: FATAL:  sorry, too many clients already', False),
        ('connection to server at "db", port 5432 failed: Connection refused', False),
        ("could not translate host name", False),
    ],
)
def test_what_a_postgres_server_refuses_is_not_the_outsides(said: str, is_refusal: bool) -> None:
    assert bool(_REFUSED.search(said)) is is_refusal


@pytest.mark.parametrize(
    ("number", "is_outside"), [(2003, True), (2013, True), (1040, True), (1045, False), (1049, False)]
)
def test_what_a_mysql_server_refuses_is_not_the_outsides(number: int, is_outside: bool) -> None:
    assert _is_outside(pymysql.OperationalError(number, "said")) is is_outside
    assert _is_outside(OSError("disk")) is True
    assert _is_outside(RuntimeError("cryptography")) is False


def test_a_file_of_a_database_that_another_program_holds_is_the_outsides(tmp_path: Path) -> None:
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as held:
        held.execute("CREATE TABLE orders (order_id TEXT)")
        held.execute("BEGIN EXCLUSIVE")
        with pytest.raises(OutsideError, match="database is locked"):
            churnml.read(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError, match="cannot be read"):
        churnml.read(path)


@pytest.mark.slow
def test_a_duckdb_file_that_another_program_writes_is_the_outsides(tmp_path: Path) -> None:
    path = tmp_path / "shop.duckdb"
    write = f"import duckdb; c = duckdb.connect({str(path)!r}); print(1, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", write], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(OutsideError, match="cannot be opened"):
            churnml.read(path)
        other.communicate(b"\n")
