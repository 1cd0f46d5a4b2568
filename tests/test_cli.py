"""The commands, run as a user runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from typer.main import get_command

from churnml import cli
from tests.conftest import Run

ORDERS = pd.DataFrame(
    {
        "order_id": ["1", "2", "3"],
        "customer_id": ["a", "a", "b"],
        "ordered_at": ["2024-01-05", "2024-06-01", "2025-02-03"],
        "amount": [10.0, 12.5, 8.0],
    }
)


def churnml(*arguments: object, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI"}
    command = [sys.executable, "-m", "churnml.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, env=environment)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """A file of settings with which a training is short."""
    file = tmp_path / "few.yaml"
    # The README's demo trains with every candidate.
    file.write_text(
        "snapshots:\n  every_days: 90\n  at_most: 6\n"
        "training:\n  candidates: [recency_rule, rfm_logistic, lightgbm]\n  folds: 2\n  bootstrap_draws: 20\n"
        "reporting:\n  periods: 2\n"
    )
    return file


def folder_of(path: Path, **tables: pd.DataFrame) -> Path:
    path.mkdir()
    for name, table in tables.items():
        table.to_csv(path / f"{name}.csv", index=False)
    return path


@pytest.mark.slow
def test_the_main_job_from_a_simulated_shop_to_a_list(run: Run, few: Path, tmp_path: Path) -> None:
    code, said, err = run("simulate", "--out", "shop", "--customers", 800, "--seed", 3, "--kind", "textbook")
    assert code == 0
    assert "orders" in said
    assert "\x1b" not in said + err, "no bars and colours in a pipe"
    assert "All tables are in order." in run("check", "shop")[1]
    training = ("--as-of", "2025-03-01", "--horizon", 60, "--every", 90, "--config", few)
    done = churnml("train", "shop", *training, cwd=tmp_path)
    assert "is the champion of churn" in done.stdout
    assert "At the gate: AUROC" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert (tmp_path / "models" / "mlflow.db").exists()
    assert not (tmp_path / "mlruns").exists()

    code, said, _ = run("score", "shop", "--snapshot", "2025-03-01", "--out", "list", "--config", few)
    assert code == 0
    assert "customers ranked on 2025-03-01" in said
    assert "not overdue against their own pace" in said
    files = {"worklist.xlsx", "worklist.csv", "report.html", "ranking.parquet", "ranking.csv", "run.json"}
    files |= {"ledger.parquet", "lists"}
    assert {path.name for path in (tmp_path / "list").iterdir()} == files
    manifest = json.loads((tmp_path / "list" / "run.json").read_text())
    assert manifest["definition"]["horizon_days"] == 60, "the model remembers its definition"

    customer = pd.read_csv(tmp_path / "list" / "worklist.csv").customer_id[0]
    _, said, _ = run("explain", "shop", customer, "--snapshot", "2025-03-01")
    assert f"Customer {customer} on Mar 1, 2025" in said
    for part in ("What points to leaving:", "What points to staying:", "What to do:", "What happened", "Order of €"):
        assert part in said, part
    _, said, _ = run("explain", "shop", customer, "--snapshot", "2025-03-01", "--lang", "tr")
    assert f"1 Mar 2025 günü müşteri {customer}" in said
    assert "tutarında sipariş" in said
    told = json.loads(run("explain", "shop", customer, "--snapshot", "2025-03-01", "--json")[1])
    assert told["customer_id"] == customer
    assert sum(told["concepts"].values()) == pytest.approx(sum(row["contribution"] for row in told["features"]))

    chosen = ("--lang", "tr", "--capacity", 5, "--budget", 40, "--rank-by", "expected_profit", "--order-by", "urgency")
    next_month = ("--snapshot", "2025-04-01", "--out", "next", "--previous", "list", "--pseudonymize", "secrets")
    _, later, _ = run("score", "shop", *next_month, *chosen, "--config", few)
    assert "2025-04-01 günü " in later, "what it prints is in the language of the list"
    assert json.loads((tmp_path / "next" / "run.json").read_text())["changes"]["new"] > 0
    short = pd.read_csv(tmp_path / "next" / "worklist.csv", sep=";", decimal=",")
    assert 0 < len(short) <= 5
    assert short.contact_by.is_monotonic_increasing
    assert (short.expected_profit > 0).all()
    assert short.customer_id.str.fullmatch("p[0-9a-f]{16}").all()

    # Cut at the day, the tables give the same list, byte for byte.
    cut = tmp_path / "cut"
    cut.mkdir()
    starts = {
        "orders": "ordered_at",
        "complaints": "opened_at",
        "returns": "returned_at",
        "reviews": "submitted_at",
        "visits": "visited_at",
        "rewards": "changed_at",
        "contacts": "sent_at",
        "subscriptions": "started_at",
        "customers": "signed_up_at",
    }
    late = {"shipped_at", "delivered_at", "cancelled_at", "first_response_at", "resolved_at", "clicked_at"}
    day = pd.Timestamp("2025-03-01")
    tables = {path.stem: pd.read_parquet(path) for path in (tmp_path / "shop").glob("*.parquet")}
    assert set(tables) == {*starts, "deliveries", "order_items"}
    kept_orders = tables["orders"].query("ordered_at < @day").order_id
    for name, table in tables.items():
        kept = table[starts[name]] < day if name in starts else table.order_id.isin(kept_orders)
        table = table[kept].copy()
        for column in table.columns.intersection([*late, *({"opened_at"} if name == "contacts" else ())]):
            table[column] = table[column].mask(table[column] >= day)
        table.sample(frac=1, random_state=1).to_parquet(cut / f"{name}.parquet")
    few.write_text(few.read_text() + "tracking:\n  model_name: of_cut\n")
    assert run("train", cut, *training)[0] == 0
    assert run("score", cut, "--snapshot", "2025-03-01", "--out", "of_cut", "--config", few)[0] == 0
    for name in files - {"run.json", "lists"}:
        assert (tmp_path / "of_cut" / name).read_bytes() == (tmp_path / "list" / name).read_bytes(), name


@pytest.mark.slow
def test_the_demo_makes_a_list_and_run_uses_the_model_again(run: Run, few: Path, tmp_path: Path) -> None:
    few.write_text(few.read_text() + "features:\n  families: [recency, frequency, monetary, rhythm, complaints]\n")
    _, said, _ = run("demo", "--out", "demo", "--customers", 800, "--kind", "textbook", "--config", few)
    assert "Files: demo/list/worklist.xlsx" in said
    first = json.loads((tmp_path / "demo" / "list" / "run.json").read_text())
    assert set(first["seconds"]) == {"read and check", "train", "score", "key figures", "readout"}
    told = json.loads(run("run", "demo/shop", "--out", "list", "--json", "--config", few)[1])
    assert told["model_version"] == first["model"]["version"]
    assert "train" not in json.loads((tmp_path / "list" / "run.json").read_text())["seconds"]
    assert (tmp_path / "list" / "ranking.csv").read_bytes() == (tmp_path / "demo/list/ranking.csv").read_bytes()


@pytest.mark.slow
def test_a_shop_in_which_nothing_can_be_foreseen_ends_with_code_3(run: Run, few: Path, tmp_path: Path) -> None:
    assert run("simulate", "--out", "shop", "--customers", 1_500, "--effects", "none", "--kind", "textbook")[0] == 0
    code, _, err = run("train", "shop", "--config", few)
    assert code == 3
    assert "Nothing tells leaving customers from staying ones better than chance" in err
    assert not (tmp_path / "list").exists()


BAD: dict[str, tuple[dict[str, pd.DataFrame], str]] = {
    "missing column": (
        {"orders": ORDERS.drop(columns="amount")},
        "orders.amount: the column is missing",
    ),
    "wrong type": (
        {"orders": ORDERS.assign(ordered_at=["2024-01-05", "soon", "2025-02-03"])},
        "orders.ordered_at: 1 of 3 rows",
    ),
    "order_id twice": (
        {"orders": ORDERS.assign(order_id=["1", "1", "3"])},
        "orders: 1 of 2 keys (order_id)",
    ),
    "empty table": ({"orders": ORDERS, "returns": pd.DataFrame(columns=["return_id"])}, "returns"),
    "no orders at all": ({"orders": ORDERS.head(0)}, "orders: the table is empty"),
    "two currencies": (
        {"orders": ORDERS.assign(currency=["EUR", "EUR", "TRY"])},
        "orders.currency: the amounts are in EUR",
    ),
    "negative amounts": ({"orders": ORDERS.assign(amount=[10, -1, 8])}, "orders.amount: 1 of 3 rows"),
    "too small": ({"orders": ORDERS}, "too small to learn from"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD)
def test_bad_data_is_one_message_and_code_1(case: str, run: Run, tmp_path: Path) -> None:
    tables, message = BAD[case]
    folder_of(tmp_path / "shop", **tables)
    for command in (["train", "shop"], ["run", "shop", "--out", "list"]):
        code, out, err = run(*command)
        assert (code, out) == (1, "")
        assert message in err
        assert "Traceback" not in err
    assert {path.name for path in tmp_path.iterdir()} == {"shop"}, "nothing is left half-written"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "nowhere"], "nowhere: there is no such file or folder"),
        (["score", "nowhere", "--out", "list"], "nowhere: there is no such file or folder"),
        (["train", "shop", "--as-of", "2023-01-01"], "2023-01-01: no order lies before it"),
        (["train", "shop", "--as-of", "next week"], "--as-of: is not a day (received 'next week')"),
        (["train", "shop", "--horizon", "0"], "definition.horizon_days"),
        (["train", "shop", "--config", "bad.yaml"], "trainning: the key is not known"),
        (["train", "shop", "--config", "missing.yaml"], "missing.yaml: cannot be read"),
        (["score", "shop", "--out", "list"], "no model was trained in this folder yet"),
        (["score", "shop", "--out", "list", "--model", "shop"], "shop: holds no whole model of churnml"),
        (["explain", "shop", "a"], "no model was trained in this folder yet"),
        (["import", "nonsense", "shop", "--out", "list"], "nonsense"),
        (["import", "cdnow", "nowhere", "--out", "list"], "nowhere"),
        (["simulate", "--out", "list", "--customers", "0"], "customers"),
        (["simulate", "--out", "list", "--kind", "toys"], "simulate.kind: is 'toys'. Give one of gift, grocery,"),
        (["simulate", "--out", "list", "--season", "1"], "season.amplitude: is 1.0. Give a number from 0 (no season)"),
        (["simulate", "--out", "list", "--effects", "some"], "--effects: is all or none (received 'some')"),
    ],
)
def test_a_bad_request_is_one_message_and_code_1(arguments: list[str], message: str, run: Run, tmp_path: Path) -> None:
    folder_of(tmp_path / "shop", orders=ORDERS)
    (tmp_path / "bad.yaml").write_text("trainning: {folds: 3}\n")
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert message in err
    assert {path.name for path in tmp_path.iterdir()} == {"shop", "bad.yaml"}


@pytest.mark.slow
def test_check_names_every_failure_at_once(run: Run, tmp_path: Path) -> None:
    folder_of(
        tmp_path / "shop",
        orders=ORDERS.assign(ordered_at="soon", amount=-1),
        complaints=pd.DataFrame({"complaint_id": ["1"]}),
    )
    code, out, err = run("check", "shop")
    assert code == 1
    assert "orders.ordered_at" in err
    assert "orders.amount" in err
    assert "complaints: the columns customer_id, opened_at are missing (received: complaint_id)" in err
    code, out, err = run("check", "shop", "--json")
    assert (code, len(json.loads(out)["failures"])) == (1, 3)


@pytest.mark.slow
def test_key_figures_are_printed_and_given_as_json(run: Run, simulated: Path, tmp_path: Path) -> None:
    asked = ("kpis", simulated, "--snapshot", "2025-03-01", "--periods", 2)
    code, out, _ = run(*asked, "--json", "--out", "figures")
    told = json.loads(out)
    assert code == 0
    assert told["snapshot_date"] == "2025-03-01"
    shares = ("churn_rate", "retention_rate", "repeat_customer_rate", "top_quarter_revenue_share")
    assert all(0 < told[name] < 1 for name in shares)
    assert told["retention_rate"] == 1 - told["churn_rate"]
    assert told["average_order_value"] > 0
    assert told["purchase_frequency"] >= 1
    assert set(told["formulas"]) <= set(told)
    tables = ("kpis", "kpis_by_segment", "lifecycle", "transitions", "segments", "migration", "cohorts", "reasons")
    assert all(told[name] for name in (*tables, "topics", "groups", "experience", "first_experience", "concentration"))
    assert (tmp_path / "figures" / "kpis.csv").stat().st_size > 0
    first = (tmp_path / "figures" / "kpis.png").read_bytes()
    assert first[:4] == b"\x89PNG"
    code, out, _ = run(*asked, "--out", "again")
    assert code == 0
    assert f"{told['churn_rate']:.1%}" in out
    assert "nan" not in out
    assert (tmp_path / "again" / "kpis.png").read_bytes() == first


@pytest.mark.slow
def test_key_figures_of_a_shop_with_orders_alone(run: Run, tmp_path: Path) -> None:
    folder_of(tmp_path / "shop", orders=ORDERS)
    code, out, _ = run("kpis", "shop", "--snapshot", "2024-09-01", "--out", "figures")
    assert code == 0
    assert "nan" not in out
    code, _, err = run("kpis", "shop", "--snapshot", "2024-02-01")
    assert code == 1
    assert "Name a later day, or a shorter horizon" in err


def test_wrong_usage_is_code_2(run: Run) -> None:
    assert run("score")[0] == 2
    assert run("nonsense")[0] == 2


@pytest.mark.slow
def test_every_command_and_option_is_described(run: Run) -> None:
    command = get_command(cli.app)
    of_shops = {"demo", "simulate", "init", "import", "check", "window", "audit", "features", "kpis"}
    of_models = {"train", "train-uplift", "score", "run", "monitor", "explain", "promote", "rollback"}
    of_lists = {"readout", "record", "plan", "export"}
    assert set(command.commands) == of_shops | of_models | of_lists | {"config"}
    for name, sub in command.commands.items():
        assert sub.help, name
        for parameter in sub.params:
            assert getattr(parameter, "help", None), f"{name} {parameter.name}"
        code, out, _ = run(name, "--help")
        assert code == 0
        assert re.search(r"Usage: churnml", out)


def test_the_version_is_the_packages(run: Run) -> None:
    assert run("--version")[1].strip() == "0.1.0"


@pytest.mark.slow
def test_a_killed_training_resumes_and_ends_as_if_nothing_had_been(
    run: Run, simulated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = "training:\n  candidates: [recency_rule, lightgbm]\n  folds: 2\n  bootstrap_draws: 20\n"
    (tmp_path / "few.yaml").write_text(f"features:\n  families: [recency, frequency, monetary]\n{settings}")
    command = ("train", simulated, "--as-of", "2025-03-01", "--every", 90, "--config", tmp_path / "few.yaml", "--json")
    versions = []
    for name in ("whole", "broken"):
        folder = tmp_path / name
        folder.mkdir()
        monkeypatch.chdir(folder)
        if name == "broken":
            started = subprocess.Popen(
                [sys.executable, "-m", "churnml.cli", *map(str, command)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            store = folder / "models" / "features"
            while started.poll() is None and len(list(store.glob("*/snapshot_date=*"))) < 2:
                time.sleep(0.01)
            started.send_signal(signal.SIGKILL)
            started.wait()
            assert started.returncode == -signal.SIGKILL
            (kept,) = store.glob("*")
            assert len(list(kept.glob("snapshot_date=*"))) >= 2
        versions.append(json.loads(run(*command)[1])["model_version"])
        assert not (folder / "models" / "features").exists(), "the store goes when the training is done"
    assert versions[0] == versions[1]
