"""Tracking: what MLflow keeps, and that it leaves no trace elsewhere."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import polars
import pytest

from churnml.config import Config, TrackingSettings
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, ModelError
from churnml.features.family_catalogue import catalogue
from churnml.models.artefact import load_model, save_model
from churnml.tracking import runs as tracking
from churnml.tracking.description import OF_ALL
from churnml.tracking.markdown import said
from churnml.tracking.mlflow_store import at_store
from churnml.tracking.model_card import write_model_card
from churnml.tracking.processes import tags_of_this_process
from churnml.tracking.runs import find_model, open_run, track
from churnml.training.result import Training
from churnml.words.findings import say_level
from tests.drawn import verdict_of

pytestmark = pytest.mark.slow
DEFAULT = TrackingSettings()


@pytest.fixture(scope="module")
def mlflow() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.pyfunc
    return mlflow


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, trained: Training) -> Path:
    """Give a folder in which a training was tracked twice."""
    place = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        for _ in range(2):
            track(trained, Config(), ChurnDefinition())
    return place


@pytest.fixture
def at_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(place)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return place


@pytest.fixture
def store(at_place: Path, mlflow: ModuleType) -> Iterator[ModuleType]:
    """Point mlflow at the store by hand, to look into it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri(f"sqlite:///{at_place / 'models' / 'mlflow.db'}")
        yield mlflow
        mlflow.set_tracking_uri(None)


@pytest.fixture
def fresh(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the address of a copy of the store (a new one takes seconds), away from the default one."""
    shutil.copy(place / "models" / "mlflow.db", tmp_path / "other.db")
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path / 'other.db'}"


@pytest.fixture
def without_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what costs most of keeping a training, where a test asks about other things."""
    monkeypatch.setattr(tracking, "_log_plots_and_card", lambda *_: None)


def runs_of(mlflow: ModuleType) -> pd.DataFrame:
    return mlflow.search_runs(experiment_names=["churnml"], order_by=["start_time ASC"])


def test_a_training_is_a_run_with_a_child_per_candidate(store: ModuleType, trained: Training) -> None:
    runs = runs_of(store)
    parents = runs[runs["tags.mlflow.parentRunId"].isna()]
    assert len(parents) == 2
    first = parents.iloc[0]
    assert first["status"] == "FINISHED"
    assert first["tags.mlflow.runName"] == "train 2025-01-01"
    assert first["tags.verdict"] == "model"
    assert first["params.candidate"] == "lightgbm"
    assert first["params.definition.horizon_days"] == "90"
    assert first["params.rows"] == "4000"
    assert first["metrics.gate.auroc"] == pytest.approx(trained.figures["auroc"]["value"])
    assert first["metrics.gate.auroc.low"] == pytest.approx(trained.figures["auroc"]["low"])
    children = runs[runs["tags.mlflow.parentRunId"] == first["run_id"]]
    assert sorted(children["params.candidate"]) == sorted(trained.comparison.candidate)
    chosen = children[children["params.chosen"] == "True"].iloc[0]
    assert chosen["params.candidate"] == "lightgbm"
    client = store.MlflowClient()
    history = client.get_metric_history(chosen["run_id"], "fold.auroc")
    expected = [figures["auroc"] for figures in trained.predictions.figures("lightgbm")]
    assert [metric.step for metric in history] == list(range(len(expected)))
    assert [metric.value for metric in history] == pytest.approx(expected)


def test_plots_card_and_data_are_kept(store: ModuleType, trained: Training) -> None:
    runs = runs_of(store)
    run = store.get_run(runs[runs["tags.mlflow.parentRunId"].isna()].iloc[0]["run_id"])
    client = store.MlflowClient()
    plots = {file.path for file in client.list_artifacts(run.info.run_id, "plots")}
    names = ("base_rates", "reliability", "gains", "lift_over_time", "shap")
    assert plots == {f"plots/{name}.png" for name in names}
    text = Path(client.download_artifacts(run.info.run_id, "model_card.md")).read_text(encoding="utf-8")
    assert text == write_model_card(trained)
    card = json.loads(Path(client.download_artifacts(run.info.run_id, "card.json")).read_text(encoding="utf-8"))
    assert card == trained.card.to_json()
    (given,) = run.inputs.dataset_inputs
    assert given.dataset.name == "labelled snapshots"
    assert given.dataset.digest == trained.card.data_fingerprint


@pytest.mark.usefixtures("without_plots")
@pytest.mark.parametrize(("wish", "measured"), [(None, True), ("false", False)])
def test_the_system_is_measured_meanwhile_unless_mlflow_is_told_not_to(
    fresh: str,
    trained: Training,
    monkeypatch: pytest.MonkeyPatch,
    mlflow: ModuleType,
    wish: str | None,
    measured: bool,
) -> None:
    monkeypatch.setenv("MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL", "0.1")
    monkeypatch.delenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", raising=False)
    if wish is not None:
        monkeypatch.setenv("MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING", wish)
    settings = TrackingSettings(uri=fresh, experiment="measured")
    with open_run(settings) as run:
        time.sleep(0.5)
        track(trained, Config(tracking=settings), ChurnDefinition(), run)
    assert not [thread for thread in threading.enumerate() if thread.name == "SystemMetricsMonitor"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri(fresh)
        try:
            runs = mlflow.search_runs(experiment_names=["measured"])
        finally:
            mlflow.set_tracking_uri(None)
    names = [name for name in runs.columns if name.startswith("metrics.system/")]
    assert bool(names) is measured
    if measured:
        parents = runs["tags.mlflow.parentRunId"].isna()
        assert runs.loc[parents, "metrics.system/system_memory_usage_megabytes"].notna().all()
        assert runs.loc[~parents, names].isna().all(axis=None)


@pytest.mark.usefixtures("without_plots")
def test_a_model_whose_level_follows_the_shop_is_kept_too(fresh: str, trained: Training) -> None:
    assert trained.model is not None
    name = "shop_churned_share_newest"
    features = trained.model.features + catalogue().describe([name])
    model = dataclasses.replace(trained.model, features=features, level_feature=name)
    settings = TrackingSettings(uri=fresh, model_name="following")
    kept = track(dataclasses.replace(trained, model=model), Config(tracking=settings), ChurnDefinition())
    assert kept is not None
    again = find_model(None, settings)
    X = trained.frame.X.iloc[:9].assign(**{name: 0.6})
    np.testing.assert_array_equal(again.predict_logodds(X), kept.predict_logodds(X))


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_training_that_breaks_leaves_a_failed_run(
    fresh: str, mlflow: ModuleType, error: type[BaseException], status: str
) -> None:
    settings = TrackingSettings(uri=fresh)
    with pytest.raises(error), open_run(settings) as run:
        raise error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri(fresh)
        try:
            assert mlflow.get_run(run).info.status == status
        finally:
            mlflow.set_tracking_uri(None)


def test_runs_of_killed_processes_are_ended_by_the_next_and_no_others(
    fresh: str, mlflow: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    settings = TrackingSettings(uri=fresh, experiment="killed")
    killed = (
        "import os, signal, sys; from churnml.config import TrackingSettings\n"
        "from churnml.tracking.runs import open_run\n"
        "with open_run(TrackingSettings(uri=sys.argv[1], experiment='killed')) as run:\n"
        "    print(run, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", killed, fresh], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    with at_store(settings) as mlflow, open_run(settings) as alive:
        client = mlflow.MlflowClient()
        experiment = client.get_run(alive).info.experiment_id
        elsewhere = {**tags_of_this_process(), "churnml.host": "elsewhere", "churnml.started": "1"}
        others = [client.create_run(experiment, tags=tags).info.run_id for tags in ({}, elsewhere)]
        with caplog.at_level("INFO", logger="churnml"), open_run(settings):
            statuses = {run: client.get_run(run).info.status for run in (done.stdout.strip(), alive, *others)}
    assert list(statuses.values()) == ["KILLED", "RUNNING", "RUNNING", "RUNNING"]


def test_model_version_and_run_describe_themselves(store: ModuleType, trained: Training) -> None:
    client = store.MlflowClient()
    assert client.get_registered_model("churn").description == OF_ALL
    version = client.get_model_version_by_alias("churn", "champion")
    assert said(trained.verdict_sentence) in version.description
    assert "what was known on 2025-01-01" in version.description
    assert said(say_level(trained.card.level, "en")) in version.description
    assert f"| auroc | {trained.figures['auroc']['value']:.4g} |" in version.description
    assert client.get_run(version.run_id).data.tags["mlflow.note.content"] == version.description


@pytest.mark.usefixtures("without_plots")
def test_a_description_that_people_wrote_stays(fresh: str, trained: Training) -> None:
    settings = TrackingSettings(uri=fresh, model_name="described")
    with at_store(settings) as mlflow:
        mlflow.MlflowClient().create_registered_model("described", description="Ours.")
    track(trained, Config(tracking=settings), ChurnDefinition())
    with at_store(settings) as mlflow:
        assert mlflow.MlflowClient().get_registered_model("described").description == "Ours."


def test_words_of_any_length_and_kind_do_not_break_a_training(fresh: str, trained: Training) -> None:
    hostile = "<script>alert(1)</script>\n\x1b[2J | " + "x" * 20_000
    settings = TrackingSettings(uri=fresh, model_name="hostile", experiment="hostile")
    verdict = verdict_of(because=None, chosen=hostile, said=hostile)
    assert trained.card.level
    level = trained.card.level.model_copy(update={"day": None, "said": hostile})
    changes = {"gate": hostile, "data_fingerprint": "<script>", "verdict": verdict, "level": level}
    card = trained.card.model_copy(update=changes)
    track(dataclasses.replace(trained, card=card), Config(tracking=settings), ChurnDefinition())
    with at_store(settings) as mlflow:
        version = mlflow.MlflowClient().get_model_version_by_alias("hostile", "champion")
        card_text = mlflow.artifacts.load_text(f"{mlflow.get_run(version.run_id).info.artifact_uri}/model_card.md")
    assert len(version.description) == 5_000
    assert "<script>" not in version.description + card_text


def test_a_second_identical_training_leaves_the_version_in_place(store: ModuleType) -> None:
    client = store.MlflowClient()
    assert [version.version for version in client.search_model_versions("name='churn'")] in (["1"], [1])
    assert str(client.get_model_version_by_alias("churn", "champion").version) == "1"


def test_signature_example_and_requirements(store: ModuleType, trained: Training) -> None:
    info = store.models.get_model_info("models:/churn@champion")
    assert info.signature.inputs is None  # the model looks itself: MLflow refuses int64, nullable numbers and Polars
    assert [(column.type.name, column.name) for column in info.signature.outputs] == [("double", "churn_probability")]
    model = find_model(None, DEFAULT)
    assert info.metadata == {"model_version": model.version}
    folder = Path(store.artifacts.download_artifacts("models:/churn@champion"))
    assert "loader_module: churnml.models.artefact" in (folder / "MLmodel").read_text(encoding="utf-8")
    assert not [path for path in folder.rglob("*") if path.suffix in {".pkl", ".pickle", ".joblib", ".cloudpickle"}]
    required = (folder / "requirements.txt").read_text(encoding="utf-8")
    assert "lightgbm==" in required
    assert "churnml==" in required
    example = json.loads((folder / "input_example.json").read_text(encoding="utf-8"))
    assert example["columns"] == list(trained.frame.X.columns)


def test_pyfunc_gives_the_same_probabilities(
    store: ModuleType, trained: Training, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = store.pyfunc.load_model("models:/churn@champion")
    model = find_model(None, DEFAULT)
    X = trained.frame.X.iloc[:200]
    np.testing.assert_array_equal(np.asarray(loaded.predict(X)), model.predict_proba(X))
    whole = X.astype({"orders_90d": "int32", "days_since_last_order": "int32"})
    np.testing.assert_array_equal(np.asarray(loaded.predict(whole)), model.predict_proba(X))
    empty = X.assign(delivery_delay_mean_days_180d=np.nan)
    expected = model.predict_proba(empty)
    np.testing.assert_array_equal(np.asarray(loaded.predict(empty)), expected)
    nulls = X.assign(delivery_delay_mean_days_180d=pd.Series([None] * 200, dtype=object))
    np.testing.assert_array_equal(np.asarray(loaded.predict(nulls)), expected)
    counts = ["orders_90d", "orders_365d", "days_since_last_order"]
    with warnings.catch_warnings(), caplog.at_level("WARNING"):
        warnings.simplefilter("error")
        for given in (
            X.astype(dict.fromkeys(counts, "int64")),
            X.convert_dtypes(),
            X.convert_dtypes(dtype_backend="pyarrow"),
            polars.DataFrame(X.astype(dict.fromkeys(counts, "int64")).convert_dtypes(dtype_backend="pyarrow")),
            X.assign(customer="c1", orders_30d=1.0).rename_axis("customer_id"),
            X.rename_axis("customer_id").reset_index(),
        ):
            np.testing.assert_array_equal(np.asarray(loaded.predict(given)), model.predict_proba(X))
    assert not caplog.records
    absent = X[X.delivery_delay_mean_days_180d.isna()].drop(columns="delivery_delay_mean_days_180d")
    found = np.asarray(loaded.predict(absent))
    np.testing.assert_array_equal(found, model.predict_proba(X)[X.delivery_delay_mean_days_180d.isna()])


def test_the_champion_is_found_with_churnmls_own_loader(at_place: Path, trained: Training, tmp_path: Path) -> None:
    X = trained.frame.X.iloc[:50]
    assert trained.model is not None
    expected = trained.model.predict_proba(X)
    saved = save_model(trained.model, tmp_path / "model")
    for address in (None, "models:/churn@champion", "models:/churn/1", str(tmp_path / "model")):
        found = find_model(address, DEFAULT)
        assert found.version == saved.version
        np.testing.assert_array_equal(found.predict_proba(X), expected)


@pytest.mark.usefixtures("without_plots")
def test_edited_files_of_a_registered_version_are_refused_though_their_hashes_are_right(
    fresh: str, trained: Training, caplog: pytest.LogCaptureFixture
) -> None:
    settings = TrackingSettings(uri=fresh, model_name="edited")
    kept = track(trained, Config(tracking=settings), ChurnDefinition())
    assert kept is not None
    with at_store(settings) as mlflow:
        file = next(Path(mlflow.artifacts.download_artifacts("models:/edited@champion")).rglob("model.json"))
    whole = file.read_text(encoding="utf-8")
    content = json.loads(whole)
    file.write_text(json.dumps({**content, "level": content["level"] + 1}, indent=1, sort_keys=True), encoding="utf-8")
    other = load_model(file.parent).version
    for address in (None, "models:/edited@champion", "models:/edited/1"):
        with pytest.raises(
            ModelError,
            match=rf"the files are those of model {other}, but {kept.version} was registered\. They were changed",
        ):
            find_model(address, settings)
    # A training that finds the same model again puts a whole one in its place.
    track(trained, Config(tracking=settings), ChurnDefinition())
    assert find_model(None, settings).version == kept.version
    # Where nothing was registered, that is said.
    with caplog.at_level("INFO", logger="churnml"):
        assert find_model(str(file.parent), settings).version == other
    assert f"{file.parent}: no registered version says which model this should be" in caplog.text
    caplog.clear()
    with caplog.at_level("INFO", logger="churnml"):
        find_model("models:/edited/2", settings)
    assert not caplog.text


@pytest.mark.parametrize("address", ["models:/nobody@champion", "models:/churn/99", "runs:/0123/model"])
def test_a_missing_model_is_an_error_in_words(at_place: Path, address: str) -> None:
    with pytest.raises(ModelError, match=rf"{address}: there is no such model .*Run: churnml train DATA"):
        find_model(address, DEFAULT)


def test_a_folder_that_never_trained_is_left_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for address in (None, "models:/churn@champion"):
        with pytest.raises(ModelError, match="no model was trained in this folder yet"):
            find_model(address, DEFAULT)
    # An empty variable is as good as none.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "")
    with pytest.raises(ModelError, match="no model was trained in this folder yet"):
        find_model(None, DEFAULT)
    assert not list(tmp_path.iterdir())


def test_other_models_of_mlflow_are_refused(store: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "MLmodel").write_text("flavors: {}\n", encoding="utf-8")
    with pytest.raises(ModelError, match="is not a model of churnml"):
        find_model((tmp_path / "other").as_uri(), DEFAULT)


def test_artefacts_lie_below_models(place: Path) -> None:
    assert {path.name for path in place.iterdir()} == {"models"}
    assert {path.name for path in (place / "models").iterdir()} == {"mlflow.db", "artifacts"}


@pytest.mark.usefixtures("without_plots")
def test_the_environment_variable_is_honoured(
    fresh: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Training, mlflow: ModuleType
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", fresh)
    settings = TrackingSettings(model_name="other", experiment="churnml")
    track(trained, Config(tracking=settings), ChurnDefinition())
    assert find_model(None, settings).version
    assert not (tmp_path / "models").exists()
    assert os.environ["MLFLOW_TRACKING_URI"] == fresh
    assert mlflow.get_tracking_uri() == fresh
    # The setting goes before the environment.
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/nowhere/mlflow.db")
    assert find_model(None, settings.model_copy(update={"uri": fresh})).version


def test_environment_and_mlflow_are_put_back(
    fresh: str,
    trained: Training,
    monkeypatch: pytest.MonkeyPatch,
    mlflow: ModuleType,
    capfd: pytest.CaptureFixture[str],
) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "GIT_PYTHON_REFRESH"):
        monkeypatch.delenv(name, raising=False)
    mlflow.set_tracking_uri(None)
    before, address = dict(os.environ), mlflow.get_tracking_uri()
    settings = TrackingSettings(uri=fresh)
    track(trained, Config(tracking=settings), ChurnDefinition())
    find_model(None, settings)
    assert dict(os.environ) == before
    assert mlflow.get_tracking_uri() == address
    assert mlflow.active_run() is None
    assert mlflow.tracking.fluent._active_experiment_id is None
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.usefixtures("without_plots")
def test_a_run_of_the_users_own_may_be_active(fresh: str, trained: Training, mlflow: ModuleType) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri(fresh)
        try:
            with mlflow.start_run(experiment_id="1") as own:
                track(trained, Config(tracking=TrackingSettings(uri=fresh)), ChurnDefinition())
                assert mlflow.active_run().info.run_id == own.info.run_id
        finally:
            mlflow.set_tracking_uri(None)


@pytest.mark.usefixtures("without_plots")
def test_without_skill_the_run_is_kept_and_nothing_registered(
    fresh: str,
    make_frame,
    train_on,
    mlflow: ModuleType,
) -> None:
    nothing = train_on(make_frame(signal=0.0), ["recency_rule"])
    assert nothing.model is None
    settings = TrackingSettings(uri=fresh, model_name="none", experiment="no skill")
    assert track(nothing, Config(tracking=settings), ChurnDefinition()) is None
    with pytest.raises(ModelError, match="there is no such model"):
        find_model(None, settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.set_tracking_uri(fresh)
        try:
            runs = mlflow.search_runs(experiment_names=["no skill"])
        finally:
            mlflow.set_tracking_uri(None)
    assert set(runs["tags.verdict"].dropna()) == {"no skill"}


def test_a_store_that_mlflow_refuses_is_a_config_error(trained: Training, tmp_path: Path) -> None:
    settings = TrackingSettings(uri="nonsense://user:secret@host")
    with pytest.raises(ConfigError, match=r"tracking\.uri: MLflow refused to work there"):
        track(trained, Config(tracking=settings), ChurnDefinition())
