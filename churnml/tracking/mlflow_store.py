"""Where MLflow keeps runs and models: pointing it there, and putting everything back afterwards."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sqlite3
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from churnml.config import TrackingSettings
from churnml.data.lock import held
from churnml.data.scratch import Scratch
from churnml.errors import ConfigError, NoStoreError, OutsideError
from churnml.failures import outside_failure, outside_told

ADDRESS = "MLFLOW_TRACKING_URI"
_GIT = "GIT_PYTHON_REFRESH"
_NO_TELEMETRY = "MLFLOW_DISABLE_TELEMETRY"
_WATCH_SECONDS = "MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL"
_SQLITE = "sqlite:///"
_LOCK = ".churnml-store.lock"
_WAIT_SECONDS = 300.0
"""Longer than a store takes to be made, or a model to be registered."""


def default_store() -> Path:
    """Return the file of the default store, in the working folder."""
    return Path("models") / "mlflow.db"


@contextlib.contextmanager
def at_store(tracking: TrackingSettings, *, makes: bool = False) -> Iterator[Any]:
    """Import mlflow quietly and point it at the store; its settings and the environment are put back afterwards.

    MLflow decides at its import whether it will ever tell its makers of what is done with it, and asks again each time.

    Parameters
    ----------
    tracking : TrackingSettings
        Settings that say where the store is.
    makes : bool, optional
        Whether a store of SQLite that is not there is made; one that is read from is not replaced by an empty one.

    Raises
    ------
    NoStoreError
        Where the store is a file that is not there, and is not made.
    OutsideError
        Where it fails.
    ConfigError
        Where MLflow refuses to work with it.
    """
    address = _address(tracking)
    if not makes and not has_store(tracking):
        file = _sqlite_file(address)
        is_default = file == default_store().resolve()
        where = "no model was trained in this folder yet" if is_default else f"{file}: there is no store of models yet"
        raise NoStoreError(f"{where}. Run: churnml train DATA")
    kept = {name: os.environ.get(name) for name in (ADDRESS, _GIT, _WATCH_SECONDS, _NO_TELEMETRY)}
    if not tracking.telemetry:
        os.environ[_NO_TELEMETRY] = "true"
    os.environ.setdefault(_GIT, "quiet")
    # MLflow's own ten seconds are longer than the training of a small shop.
    os.environ.setdefault(_WATCH_SECONDS, "3")
    with warnings.catch_warnings():
        # mlflow and what it imports warn about one another.
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.pyfunc

        noisy = [logging.getLogger(name) for name in ("mlflow", "alembic", "git")]
        levels = [logger.level for logger in noisy]
        for logger in noisy:
            logger.setLevel(logging.CRITICAL)  # what goes wrong comes as an error, and is told once
        # An experiment that a notebook has set is another store's, and MLflow would refuse ours beside it.
        fluent = mlflow.tracking.fluent
        experiment, fluent._active_experiment_id = fluent._active_experiment_id, None
        try:
            # Registering a model prints to the terminal.
            with (
                contextlib.redirect_stderr(io.StringIO()),
                contextlib.redirect_stdout(io.StringIO()),
                outside_told("The store of MLflow"),  # its address may hold a password
            ):
                _make_store(mlflow, address)
                mlflow.set_tracking_uri(address)
                yield mlflow
        except mlflow.exceptions.MlflowException as error:
            # The address may hold a password, so it is not shown.
            raise ConfigError(
                f"tracking.uri: MLflow refused to work there ({first_line(error)}). Correct it, or {ADDRESS}."
            ) from error
        finally:
            fluent._active_experiment_id = experiment
            # mlflow keeps its address in the environment too, for the processes that it starts, and reads it there.
            mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # None takes it back
            for name, value in kept.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            for logger, level in zip(noisy, levels, strict=True):
                logger.setLevel(level)


def has_store(tracking: TrackingSettings) -> bool:
    """Say whether the file of the store is there; of stores that are no file of SQLite, only asking them tells."""
    file = _sqlite_file(_address(tracking))
    return file is None or file.exists()


def _address(tracking: TrackingSettings) -> str:
    return tracking.uri or os.environ.get(ADDRESS) or f"{_SQLITE}{default_store().resolve()}"


@contextlib.contextmanager
def known_store(was_there: bool) -> Iterator[None]:
    """Let a store that is missing be one that is gone, where it is known that it was there.

    Parameters
    ----------
    was_there : bool
        Whether it was there: a model was read from it, or a list was made by one.

    Raises
    ------
    OutsideError
        Where it was there, and is not now.
    """
    try:
        yield
    except NoStoreError as error:
        if not was_there:
            raise
        raise OutsideError(
            "The store of MLflow, which held the model of these lists, is gone. Bring it back, and run it again; or "
            "begin a new one: churnml train DATA"
        ) from error


def missing_there(error: Exception) -> None:
    """Raise what the outside did where MLflow says that something is missing; return where it is missing indeed.

    MLflow raises one kind of error for what it does not hold, and for a store that does not answer.

    Raises
    ------
    OutsideError
        Where the store failed.
    """
    failure = outside_failure(error, "The store of MLflow")
    if failure is not None:
        raise failure from error


@contextlib.contextmanager
def alone_at_store(mlflow: Any) -> Iterator[None]:
    """Keep other processes of this machine from changing who is the champion, where the store is a file of SQLite."""
    file = _sqlite_file(mlflow.get_tracking_uri())
    with contextlib.nullcontext() if file is None else held(file.with_name(_LOCK), _WAIT_SECONDS):
        yield


def _make_store(mlflow: Any, address: str) -> None:
    """Make a store of SQLite that is missing, whole or not at all: MLflow's 45 steps are not safe for two at a time."""
    file = _sqlite_file(address)
    if file is None or file.exists():
        return
    with held(file.with_name(_LOCK), _WAIT_SECONDS):
        if file.exists():
            return
        with Scratch(file.parent, hidden=True) as folder:
            client = mlflow.MlflowClient(f"{_SQLITE}{folder / file.name}")
            client.search_experiments(max_results=1)
            with (
                contextlib.closing(sqlite3.connect(folder / file.name)) as made,
                contextlib.closing(sqlite3.connect(folder / "whole.db")) as whole,
            ):
                made.backup(whole)  # with what lies in its log
            os.replace(folder / "whole.db", file)


def _sqlite_file(address: str) -> Path | None:
    """Return the file of a store of SQLite; None for others."""
    path = address.removeprefix(_SQLITE).partition("?")[0]
    return Path(path) if address.startswith(_SQLITE) and path and path != ":memory:" else None


def experiment_of(mlflow: Any, tracking: TrackingSettings) -> str:
    """Return the id of the experiment, which is made where it is missing; mlflow's own choice of one stays as it is."""
    if mlflow.get_experiment_by_name(tracking.experiment) is None:
        with alone_at_store(mlflow):
            if mlflow.get_experiment_by_name(tracking.experiment) is None:
                is_default = mlflow.get_tracking_uri() == f"{_SQLITE}{default_store().resolve()}"
                artifacts = (default_store().parent / "artifacts").resolve().as_uri() if is_default else None
                return str(mlflow.create_experiment(tracking.experiment, artifact_location=artifacts))
    return str(mlflow.get_experiment_by_name(tracking.experiment).experiment_id)


def first_line(error: Exception) -> str:
    """Return the first line of an error, or its kind where it says nothing."""
    return next(iter(str(error).splitlines()), type(error).__name__)
