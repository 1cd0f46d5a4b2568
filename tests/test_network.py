"""Nothing asks for the network: neither MLflow's telemetry nor an extension of DuckDB's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from churnml.data.engines.duckdb import DuckDBEngine
from tests.conftest import ONE_BY_ONE

ROOT = Path(__file__).parents[1]
SETTINGS = """
training: {candidates: [recency_rule, lightgbm], folds: 1, bootstrap_draws: 20, threads: 1}
features: {families: [recency, frequency, monetary, level]}
reporting: {periods: 0}
snapshots: {every_days: 90}
"""
HOOK = """
import os, socket, sys
asks = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}

def refuse(event, found):
    if event not in asks:
        return
    address = found[1] if isinstance(found[0], socket.socket) else found[0]
    host = address[0] if isinstance(address, tuple) else address
    if isinstance(found[0], socket.socket) and found[0].family == socket.AF_UNIX or host in ("127.0.0.1", "::1"):
        return
    with open(os.environ["NETWORK_LOG"], "a") as log:
        log.write(f"{event} {host}\\n")
    raise OSError("there is no network")

sys.addaudithook(refuse)
"""
"""Every Python that is started meanwhile reads this as its ``sitecustomize``."""
SILENT = (
    *("CI", "GITHUB_ACTIONS", "CIRCLECI", "GITLAB_CI", "JENKINS_URL", "TRAVIS", "TF_BUILD", "BUILDKITE"),
    *(
        "BITBUCKET_BUILD_NUMBER",
        "CODEBUILD_BUILD_ARN",
        "TEAMCITY_VERSION",
        "CLOUD_RUN_EXECUTION",
        "PYTEST_CURRENT_TEST",
    ),
    *("DO_NOT_TRACK", "MLFLOW_DISABLE_TELEMETRY", "MLFLOW_TRACKING_URI"),
)
"""Variables of which one is enough for MLflow to be silent by itself."""
Ask = Callable[..., str]


@pytest.fixture
def asked_for(tmp_path: Path) -> Ask:
    """Give a function that runs Python in a folder of its own, and gives what asked for the network meanwhile."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(HOOK, encoding="utf-8")
    (tmp_path / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    log = tmp_path / "network.log"

    def run(*arguments: str) -> str:
        log.write_text("", encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if name not in SILENT}
        environment |= {
            "PYTHONPATH": f"{tmp_path / 'hook'}{os.pathsep}{ROOT}",
            "NETWORK_LOG": str(log),
            "XDG_CONFIG_HOME": str(tmp_path / "home"),
        }
        done = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
        return log.read_text(encoding="utf-8")

    return run


@pytest.mark.slow
def test_demo_and_score_ask_for_no_network(asked_for: Ask, tmp_path: Path) -> None:
    demo, score = (
        ["demo", "--out", "demo", "--customers", "1200", "--kind", "textbook"],
        ["score", "demo/shop", "--out", "list"],
    )
    commands = [[*command, "--config", "settings.yaml"] for command in (demo, score)]
    assert asked_for("-c", ONE_BY_ONE, json.dumps(commands)) == ""
    assert (tmp_path / "list" / "report.html").exists()
    assert not (tmp_path / "home" / "mlflow").exists()  # where MLflow would keep a number for this machine


@pytest.mark.slow
def test_what_asks_for_the_network_is_logged(asked_for: Ask) -> None:
    told = (
        "import time\n"
        "from churnml.config import TrackingSettings\n"
        "from churnml.tracking.mlflow_store import at_store\n"
        "with at_store(TrackingSettings(telemetry=True, uri='sqlite:///store.db'), makes=True) as mlflow:\n"
        "    mlflow.telemetry.get_telemetry_client().activate()\n"
        "    time.sleep(2)\n"
    )
    assert "mlflow" in asked_for("-c", told)


def test_duckdb_installs_no_extension() -> None:
    engine = DuckDBEngine("UTC")
    found = engine.backend.con.sql("SELECT current_setting('autoinstall_known_extensions')").fetchall()
    assert found == [(False,)]
