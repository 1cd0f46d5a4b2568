"""A real tracking server over HTTP, and the model served, loaded and run on Spark from it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pandas as pd
import pytest

from churnml.config import Config, TrackingSettings
from churnml.definition import ChurnDefinition
from churnml.models.model import Model
from churnml.tracking import runs as tracking
from churnml.tracking.runs import find_model, track
from churnml.training.result import Training

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CHAMPION = "models:/churn@champion"
WAIT_SECONDS = 120


@contextlib.contextmanager
def serving(arguments: Sequence[str], health: str, log: Path, **variables: str) -> Iterator[str]:
    """Run ``mlflow`` with a free port until it is healthy, give its address, and end it with all that it started."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        # Its queues for scheduled work are a handful of processes, each of which imports all of MLflow.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        # MLflow starts uvicorn by name.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        **variables,
    }
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", *arguments, "--host", "127.0.0.1", "--port", str(port)],
            cwd=log.parent,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_for(f"{address}{health}", server, log)
            yield address
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(3)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"{url} does not answer:\n{log.read_text(encoding='utf-8')[-4000:]}")


@pytest.fixture(scope="module")
def mlflow() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.pyfunc
    return mlflow


@pytest.fixture(scope="module")
def tracking_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a tracking server that keeps the artefacts itself."""
    place = tmp_path_factory.mktemp("tracking")
    store = ["--backend-store-uri", f"sqlite:///{place}/mlflow.db", "--artifacts-destination", str(place / "artifacts")]
    with serving(["server", *store, "--workers", "1"], "/health", place / "log") as address:
        yield address


@pytest.fixture(scope="module")
def settings(tracking_server: str, trained: Training, tmp_path_factory: pytest.TempPathFactory) -> TrackingSettings:
    """Give settings with the server's address, with which a training was tracked."""
    settings = TrackingSettings(uri=tracking_server)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("work"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        assert track(trained, Config(tracking=settings), ChurnDefinition()) is not None
        assert not list(Path.cwd().iterdir())  # everything went to the server
    return settings


@pytest.fixture(scope="module")
def champion(settings: TrackingSettings) -> Model:
    return find_model(CHAMPION, settings)


@pytest.fixture
def pointed(settings: TrackingSettings, mlflow: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Point mlflow at the server, as its user would."""
    assert settings.uri is not None
    monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.uri)
    with warnings.catch_warnings():
        # mlflow and what it imports warn about one another.
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri(settings.uri)
        yield mlflow
        mlflow.set_tracking_uri(None)


@pytest.fixture(scope="module")
def served(settings: TrackingSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of the champion, served over HTTP."""
    log = tmp_path_factory.mktemp("serving") / "log"
    arguments = ["models", "serve", "--model-uri", CHAMPION, "--env-manager", "local"]
    with serving(arguments, "/ping", log, MLFLOW_TRACKING_URI=str(settings.uri)) as address:
        yield address


def ask(address: str, columns: list[str], rows: list[list[Any]]) -> Any:
    body = json.dumps({"dataframe_split": {"columns": columns, "data": rows}}, allow_nan=False)
    request = urllib.request.Request(
        f"{address}/invocations", data=body.encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["predictions"]


def probabilities(predictions: list[Any]) -> list[float]:
    return [float(one["churn_probability"] if isinstance(one, dict) else one) for one in predictions]


def rows_with_nulls(X: pd.DataFrame) -> list[list[Any]]:
    """Write rows as JSON would: no value is null, and a whole number has no point."""
    return [
        [None if np.isnan(value) else int(value) if float(value).is_integer() else float(value) for value in row]
        for row in X.to_numpy()
    ]


def test_the_server_holds_run_card_and_plots(pointed: ModuleType, trained: Training) -> None:
    client = pointed.MlflowClient()
    registered = client.get_model_version_by_alias("churn", "champion")
    run = client.get_run(registered.run_id)
    assert run.data.tags["verdict"] == trained.card.verdict.decision
    assert {file.path for file in client.list_artifacts(registered.run_id, "plots")} >= {
        "plots/lift_over_time.png",
        "plots/shap.png",
    }
    assert pointed.artifacts.load_text(f"{run.info.artifact_uri}/model_card.md").startswith("# Model card")
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/")


def test_the_champion_comes_back_over_http(champion: Model, trained: Training) -> None:
    assert trained.model is not None
    X = trained.frame.X.iloc[:50]
    np.testing.assert_array_equal(champion.predict_proba(X), trained.model.predict_proba(X))


def test_the_variable_points_to_the_server_too(
    tracking_server: str, trained: Training, champion: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking_server)
    monkeypatch.setattr(tracking, "_log_plots_and_card", lambda *_: None)
    settings = TrackingSettings(model_name="by_variable")
    tracked = track(trained, Config(tracking=settings), ChurnDefinition())
    assert tracked is not None
    assert tracked.version == champion.version
    assert find_model(None, settings).version == champion.version
    assert find_model("models:/by_variable@champion", settings).version == champion.version
    assert not list(tmp_path.iterdir())


def test_served_over_http_it_gives_the_same_with_nulls_and_whole_numbers(
    served: str, champion: Model, trained: Training
) -> None:
    X = trained.frame.X.iloc[:200]
    rows = rows_with_nulls(X)
    assert any(None in row for row in rows)
    assert any(isinstance(value, int) for row in rows for value in row)
    answer = probabilities(ask(served, list(X.columns), rows))
    np.testing.assert_allclose(answer, champion.predict_proba(X), rtol=0, atol=1e-12)
    # One row of whole numbers alone, and one of nulls alone.
    for row in ([1] * X.shape[1], [None] * X.shape[1]):
        expected = champion.predict_proba(pd.DataFrame([row], columns=X.columns, dtype="float64"))
        np.testing.assert_allclose(probabilities(ask(served, list(X.columns), [row])), expected, rtol=0, atol=1e-12)


def test_served_over_http_a_record_may_leave_null_out(served: str, champion: Model, trained: Training) -> None:
    X = trained.frame.X[trained.frame.X["delivery_delay_mean_days_180d"].isna()].iloc[:3]
    records = [
        {name: value for name, value in zip(X.columns, row, strict=True) if value is not None}
        for row in rows_with_nulls(X)
    ]
    assert all(len(record) == X.shape[1] - 1 for record in records)
    request = urllib.request.Request(
        f"{served}/invocations",
        data=json.dumps({"dataframe_records": records}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        found = probabilities(json.load(answer)["predictions"])
    np.testing.assert_allclose(found, champion.predict_proba(X), rtol=0, atol=1e-12)


def test_served_over_http_a_missing_feature_is_refused(served: str, trained: Training) -> None:
    names = [name for name in trained.frame.X.columns if name != "days_since_last_order"]
    with pytest.raises(urllib.error.HTTPError, match=r"HTTP Error [45]\d\d") as refused:
        ask(served, names, [[1] * len(names)])
    with refused.value:
        assert "days_since_last_order" in refused.value.read().decode()


def test_pyfunc_gives_the_same(pointed: ModuleType, champion: Model, trained: Training) -> None:
    X = trained.frame.X.iloc[:200]
    loaded = pointed.pyfunc.load_model(CHAMPION)
    np.testing.assert_array_equal(np.asarray(loaded.predict(X)), champion.predict_proba(X))


def test_a_spark_udf_gives_the_same(
    pointed: ModuleType, champion: Model, trained: Training, spark: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import struct

    builder = SparkSession.builder.appName("churnml").config("spark.ui.enabled", "false")
    for key, value in parse_qsl(urlsplit(spark).query):
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    # Workers run the Python that runs here, also where another test started Spark.
    monkeypatch.setattr(session.sparkContext, "pythonExec", sys.executable)
    X = trained.frame.X.iloc[:200]
    names = list(X.columns)
    whole = ("days_since_last_order", "orders_90d", "orders_365d")
    schema = ", ".join(["row int", *(f"{name} {'int' if name in whole else 'double'}" for name in names)])
    rows = [
        (
            number,
            *(
                value if value is None or name in whole else float(value)
                for name, value in zip(names, row, strict=True)
            ),
        )
        for number, row in enumerate(rows_with_nulls(X))
    ]
    table = session.createDataFrame(rows, schema)
    predict = pointed.pyfunc.spark_udf(session, CHAMPION, env_manager="local", result_type="double")
    found = table.select("row", predict(struct(*names)).alias("p")).orderBy("row").collect()
    np.testing.assert_array_equal([row.p for row in found], champion.predict_proba(X))
