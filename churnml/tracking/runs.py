"""Tracking: runs, plots and models in MLflow; the only file that asks mlflow."""

from __future__ import annotations

import contextlib
import logging
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version as version_of_package
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churnml import plots
from churnml.config import Config, TrackingSettings
from churnml.data.scratch import Scratch
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, ModelError, OutsideError
from churnml.models import attribution
from churnml.models.artefact import load_model, save_model
from churnml.models.model import Model
from churnml.models.plain_files import shown
from churnml.statistics.calibration import reliability_table
from churnml.statistics.logodds import sigmoid
from churnml.statistics.metrics import gains_table
from churnml.tracking.aliases import CHALLENGER, CHAMPION, make_champion, version_at
from churnml.tracking.description import OF_ALL, describe
from churnml.tracking.mlflow_store import alone_at_store, at_store, experiment_of, first_line, missing_there
from churnml.tracking.model_card import compute_lift_over_time, sample_gate, write_model_card
from churnml.tracking.processes import has_ended, tags_of_this_process
from churnml.words.names import name_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from churnml.models.card import Card
    from churnml.training.result import Training

_WATCH = "MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING"
_LOADER = "churnml.models.artefact"
_REQUIRED = ("churnml", "lightgbm", "numpy", "pandas", "scikit-learn")
_EXAMPLE_ROWS = 5
_IS_TRAINING = {"kind": "training"}
_VERSION_TAG = "model_version"
_NUMBERED = re.compile(r"models:/([^/]+)/([0-9]+)")
_ALIASED = re.compile(r"models:/([^/]+)@([^/@]+)")
_NOT_COMPARED = "%s: no registered version says which model this should be; its files were compared with one another."
_log = logging.getLogger(__name__)


@contextlib.contextmanager
def open_run(tracking: TrackingSettings) -> Iterator[str]:
    """Open a run for a training that is about to begin, and measure the system until it ends.

    Yields the id of the run, which ``track`` fills and finishes. A training that breaks leaves it as failed, one that
    is interrupted as killed.
    """
    with at_store(tracking, makes=True) as mlflow:
        from mlflow.tracking.context.registry import resolve_tags

        # In a notebook, a run of the user's own may be active.
        active = mlflow.active_run()
        parent = {} if active is None else {"mlflow.parentRunId": active.info.run_id}
        experiment = experiment_of(mlflow, tracking)
        _end_orphans(mlflow, experiment)
        run = mlflow.MlflowClient().create_run(
            experiment, run_name="train", tags=resolve_tags(parent) | tags_of_this_process() | _IS_TRAINING
        )
    monitor = None
    try:
        with at_store(tracking) as mlflow:
            monitor = _watch_system(mlflow, run.info.run_id)
        yield run.info.run_id
    except BaseException as error:
        # What broke the training is told, not that its store is gone too.
        with contextlib.suppress(ConfigError, ModelError, OutsideError), at_store(tracking) as mlflow:
            if mlflow.get_run(run.info.run_id).info.status == "RUNNING":
                ended = "FAILED" if isinstance(error, Exception) else "KILLED"
                mlflow.MlflowClient().set_terminated(run.info.run_id, ended)
        raise
    finally:
        if monitor is not None:
            with contextlib.suppress(ConfigError, ModelError, OutsideError), at_store(tracking):
                monitor.finish()


def track(training: Training, config: Config, definition: ChurnDefinition, run_id: str | None = None) -> Model | None:
    """Store a training in MLflow and register its model.

    Parameters
    ----------
    training : Training
        Findings of a training, as from a trainer.
    config : Config
        Settings that the training used.
    definition : ChurnDefinition
        Definition of leaving that it used.
    run_id : str, optional
        Id of the run that was opened for it; None makes one.

    Returns
    -------
    Model or None
        The model with its version, registered as ``champion``, or as ``challenger`` where its verdict says that it does
        not replace the champion; a champion with the same version stays in place. None where the training found no
        skill: its run is kept, nothing is registered.
    """
    with at_store(config.tracking, makes=True) as mlflow, Scratch() as scratch:
        experiment = experiment_of(mlflow, config.tracking)
        name = f"train {training.card.as_of}"
        asked = {"run_name": name, "experiment_id": experiment} if run_id is None else {"run_id": run_id}
        with mlflow.start_run(
            **asked, nested=True, log_system_metrics=False, tags=tags_of_this_process() | _IS_TRAINING
        ):
            mlflow.set_tag("mlflow.runName", name)
            mlflow.set_tag("mlflow.note.content", describe(training.card, training.verdict_sentence))
            _log_parent(mlflow, training, config, definition)
            _log_plots_and_card(mlflow, training)
            _log_children(mlflow, training, experiment)
            if training.model is None:
                return None
            folder = scratch / "model"
            model = save_model(training.model, folder)
            with alone_at_store(mlflow):
                _register(mlflow, training, model, folder, config.tracking.model_name)
        return model


def find_model(uri: str | None, tracking: TrackingSettings) -> Model:
    """Find a model by folder or MLflow address and load it with churnml's own loader.

    Parameters
    ----------
    uri : str or None
        Folder that holds an artefact, or ``models:/...`` or ``runs:/...``; None takes the champion. The files of a
        registered version are compared with what the registry recorded when it was registered; where there is nothing
        to compare with, that is logged.
    tracking : TrackingSettings
        Settings that say where MLflow keeps models.

    Raises
    ------
    ModelError
        Where there is no such model, or its files are not those that were registered; ``NoStoreError`` where the store
        is not there.
    ConfigError
        Where MLflow cannot be used as it is set up.
    """
    if uri is not None and "://" not in uri and not uri.startswith(("models:/", "runs:/")):
        model = load_model(uri)
        _log.info(_NOT_COMPARED, uri)
        return model
    address = uri or f"models:/{tracking.model_name}@{CHAMPION}"
    with at_store(tracking) as mlflow:
        return _open(mlflow, address)


def _open(mlflow: Any, address: str) -> Model:
    """Load the model at an address of MLflow, and compare it with what was registered."""
    try:
        registered = _registered_version(mlflow, address)
        # An alias may move in between.
        numbered = address if registered is None else f"models:/{registered.name}/{registered.version}"
        local = mlflow.artifacts.download_artifacts(numbered)
    except (mlflow.exceptions.MlflowException, OSError) as error:
        missing_there(error)
        raise ModelError(f"{address}: there is no such model ({first_line(error)}). Run: churnml train DATA") from error
    found = sorted(Path(local).rglob("model.json"))
    if not found:
        raise ModelError(f"{address}: is not a model of churnml. Name one that churnml trained.")
    model = load_model(found[0].parent)
    recorded = None if registered is None else registered.tags.get(_VERSION_TAG)
    if recorded is None:
        _log.info(_NOT_COMPARED, address)
    elif recorded != model.version:
        raise ModelError(
            f"{address}: the files are those of model {model.version}, but {shown(recorded)} was registered. They were "
            "changed after training: restore them, promote another version, or train again."
        )
    return model


def _registered_version(mlflow: Any, address: str) -> Any:
    """Return the registered version that an address names by number or alias; None for other addresses."""
    by_number, by_alias = _NUMBERED.fullmatch(address), _ALIASED.fullmatch(address)
    client = mlflow.MlflowClient()
    if by_number:
        return client.get_model_version(*by_number.groups())
    return client.get_model_version_by_alias(*by_alias.groups()) if by_alias else None


def _end_orphans(mlflow: Any, experiment: str) -> None:
    """Mark the runs of processes of this host that ended without a word, such as by SIGKILL."""
    client = mlflow.MlflowClient()
    running = client.search_runs([experiment], filter_string="attributes.status = 'RUNNING'")
    orphans = [run.info.run_id for run in running if has_ended(run.data.tags)]
    for run_id in orphans:
        with contextlib.suppress(mlflow.exceptions.MlflowException):  # someone else may have ended or removed it
            client.set_terminated(run_id, "KILLED")
    if orphans:
        _log.info("%d runs of trainings that were ended from outside are marked as killed.", len(orphans))


def _watch_system(mlflow: Any, run_id: str) -> Any:
    """Let MLflow measure processor, memory and disk until the run ends; None where its own variable says not to."""
    asked = os.environ.get(_WATCH)
    if asked is not None and asked.lower() not in ("true", "1"):
        return None
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor: Any = SystemMetricsMonitor(  # type: ignore[no-untyped-call]
        run_id, tracking_uri=mlflow.get_tracking_uri()
    )
    monitor.start()
    return monitor


def _log_parent(mlflow: Any, training: Training, config: Config, definition: ChurnDefinition) -> None:
    card = training.card
    mlflow.log_params(
        {
            **{f"definition.{key}": value for key, value in definition.model_dump().items()},
            "as_of": card.as_of,
            "snapshots": len(training.base_rates),
            "rows": card.rows,
            "features": len(card.recipe.features),
            "candidate": card.candidate,
            "forward": card.forward,
            "seed": config.seed,
        }
    )
    untreated = card.untreated.figures if card.untreated else {}
    for prefix, figures in {"gate": card.figures, "gate.untreated": untreated}.items():
        mlflow.log_metrics(
            {
                f"{prefix}.{name}{suffix}": value
                for name, figure in figures.items()
                for suffix, value in (("", figure.value), (".low", figure.low), (".high", figure.high))
                if value is not None
            }
        )
    for segment in card.segments:
        name, found = segment.segment.replace(" ", "_"), segment.to_json()
        mlflow.log_metrics(
            {
                f"gate.{name}.{key}": found[key]
                for key in ("predicted", "churned", "auroc", "shape_loss")
                if found[key] is not None
            }
        )
    mlflow.log_metrics(_value_metrics(card))
    mlflow.set_tag("verdict", training.verdict.decision)
    mlflow.set_tag("verdict.sentence", training.verdict_sentence)
    if training.verdict.against_champion is not None:
        mlflow.log_metric("gate.against_champion", training.verdict.against_champion)
    mlflow.log_dict(card.to_json(), "card.json")
    dataset = mlflow.data.from_pandas(training.base_rates, name="labelled snapshots", digest=card.data_fingerprint)
    mlflow.log_input(dataset, context="training")


def _value_metrics(card: Card) -> dict[str, float]:
    """Return the numbers of the value; none where a simple rule tells it."""
    value = card.value
    if value is None:
        return {}
    figures = {**value.shape, "level": value.level, "left": value.left}
    ratios = {name: figure.ratio for name, figure in figures.items() if figure is not None and figure.ratio is not None}
    return {
        **{f"value.{name}": float(getattr(value, name)) for name in ("days", "ratio", "growth", "left_to_stayed")},
        **{f"value.said_over_spent.{name.replace(' ', '_')}": ratio for name, ratio in ratios.items()},
    }


def _log_plots_and_card(mlflow: Any, training: Training) -> None:
    y, probability = training.gate_rows.churned, sigmoid(training.gate_logodds)
    _log_figure(mlflow, plots.plot_base_rates(training.base_rates), "base_rates")
    _log_figure(mlflow, plots.plot_reliability(reliability_table(y, probability)), "reliability")
    _log_figure(mlflow, plots.plot_gains(gains_table(y, probability)), "gains")
    lifts = compute_lift_over_time(training.predictions, training.card.candidate)
    _log_figure(mlflow, plots.plot_lift_over_time(lifts), "lift_over_time")
    contributions = None
    if training.model is not None:
        X = sample_gate(training)
        base, contributions = training.model.contributions(X)
        _log_figure(mlflow, attribution.plot_beeswarm(attribution.explanation(base, contributions, X)), "shap")
    mlflow.log_text(write_model_card(training, contributions), "model_card.md")


def _log_figure(mlflow: Any, axes: Axes, name: str) -> None:
    mlflow.log_figure(axes.figure, f"plots/{name}.png")
    axes.figure.clear()


def _log_children(mlflow: Any, training: Training, experiment: str) -> None:
    for row in training.comparison.itertuples():
        name = str(row.candidate)
        title = name_of("candidate", name, "en")
        with mlflow.start_run(run_name=title, experiment_id=experiment, nested=True, tags=tags_of_this_process()):
            mlflow.log_params({"candidate": name, "chosen": bool(row.chosen)})
            metrics = {key: float(getattr(row, key)) for key in ("shape_loss", "auroc", "behind")}
            mlflow.log_metrics({key: value for key, value in metrics.items() if np.isfinite(value)})
            for fold, figures in enumerate(training.predictions.figures(name)):
                mlflow.log_metrics({f"fold.{key}": value for key, value in figures.items()}, step=fold)


def _register(mlflow: Any, training: Training, model: Model, folder: Path, name: str) -> None:
    example = model.select(training.frame.X.iloc[:_EXAMPLE_ROWS])
    info = mlflow.pyfunc.log_model(
        name="model",
        loader_module=_LOADER,
        data_path=str(folder),
        signature=_signature(mlflow),
        input_example=example,
        pip_requirements=[f"{package}=={version_of_package(package)}" for package in _REQUIRED],
        metadata={_VERSION_TAG: model.version},
    )
    client = mlflow.MlflowClient()
    champion = version_at(mlflow, name, CHAMPION)
    in_place = None if champion is None else _whole(mlflow, f"models:/{name}/{champion}")
    if in_place is not None and in_place.version == model.version:
        return
    registered = mlflow.register_model(info.model_uri, name, tags={_VERSION_TAG: model.version})
    client.update_model_version(name, registered.version, describe(training.card, training.verdict_sentence))
    if not client.get_registered_model(name).description:  # people may have written another one
        client.update_registered_model(name, OF_ALL)
    client.set_registered_model_alias(name, CHALLENGER, registered.version)
    if champion is None or (training.verdict.replaces and not _is_older(model, in_place)):
        make_champion(mlflow, name, str(registered.version), "train", datetime.now(UTC))


def _whole(mlflow: Any, address: str) -> Model | None:
    """Return the registered model at an address; None where its files are not whole."""
    try:
        return _open(mlflow, address)
    except ModelError:
        return None


def _is_older(model: Model, champion: Model | None) -> bool:
    """Check whether a model knows less than the champion, as that of a day in the past does whose list is made up."""
    return champion is not None and model.definition == champion.definition and model.as_of < champion.as_of


def _signature(mlflow: Any) -> Any:
    """Describe what comes out; what goes in is looked at by the model, and shown by its example."""
    types = mlflow.types
    return mlflow.models.ModelSignature(outputs=types.Schema([types.ColSpec("double", "churn_probability")]))
