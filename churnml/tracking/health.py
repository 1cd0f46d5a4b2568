"""The health of a model in MLflow: a run for each look, whose metrics stand at the day that was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from churnml.config import Config
from churnml.tracking.aliases import CHAMPION, version_at
from churnml.tracking.mlflow_store import at_store, experiment_of, known_store
from churnml.tracking.processes import tags_of_this_process
from churnml.tracking.readouts import KIND

if TYPE_CHECKING:
    from churnml.monitoring.health import Health

_HEAVIEST = 20
_FIGURES = {"auroc": "auroc", "auroc_low": "auroc.low", "auroc_high": "auroc.high", "gain": "shape_gain"}


def log_health(
    health: Health,
    config: Config | None = None,
    files: Sequence[str | Path] = (),
    *,
    since: int = 0,
    was_there: bool = False,
) -> str:
    """Keep a look in MLflow, and say in the champion's version how it is; the same look is kept once.

    Parameters
    ----------
    health : Health
        What was seen.
    config : Config, optional
        Settings of tracking; None takes the defaults.
    files : sequence of path, optional
        Files that are kept with the run, such as those of `churnml.reporting.health.write_health`.
    since : int, optional
        Number of days since the model's ``as_of``, by which MLflow orders the metrics.
    was_there : bool, optional
        Whether the store was there when the model was found: it is not made anew then.

    Returns
    -------
    str
        Id of the run.

    Raises
    ------
    OutsideError
        Where the store fails, or was there and is gone.
    """
    config = config or Config()
    same = {KIND: "monitor", "snapshot_date": str(health.day), "model_version": health.model_version}
    same |= {"data_fingerprint": health.data_fingerprint}
    with known_store(was_there), at_store(config.tracking, makes=not was_there) as mlflow:
        client, experiment = mlflow.MlflowClient(), experiment_of(mlflow, config.tracking)
        wanted = " and ".join(f"tags.`{name}` = '{value}'" for name, value in same.items())
        known = client.search_runs([experiment], filter_string=f"{wanted} and attributes.status = 'FINISHED'")
        if known:
            return str(known[0].info.run_id)
        tags = tags_of_this_process() | same | {"verdict": health.verdict}
        name = f"monitor {health.day}"
        with mlflow.start_run(
            run_name=name, experiment_id=experiment, nested=True, log_system_metrics=False, tags=tags
        ):
            run: str = mlflow.active_run().info.run_id
            at = int(datetime.combine(health.day, time.min, UTC).timestamp() * 1000)
            entity = mlflow.entities.Metric
            metrics = [entity(key, value, at, since) for key, value in _metrics(health).items()]
            client.log_batch(run, metrics=metrics)
            for file in files:
                mlflow.log_artifact(str(file))
        _tag_champion(client, mlflow, health, config)
    return run


def _tag_champion(client: Any, mlflow: Any, health: Health, config: Config) -> None:
    name = config.tracking.model_name
    version = version_at(mlflow, name, CHAMPION)
    if version is None or client.get_model_version(name, version).tags.get("model_version") != health.model_version:
        return
    client.set_model_version_tag(name, version, "health", health.verdict)
    client.set_model_version_tag(name, version, "health.on", str(health.day))


def _metrics(health: Health) -> dict[str, float]:
    found = {name: value for name, value in health.numbers.items() if not name.endswith(".limit")}
    found |= {f"expected.{one}": float(value) for one, value in health.expected[["figure", "expected"]].to_numpy()}
    alone = health.matured[(health.matured["group"] == "left alone") & (health.matured["segment"] == "all")]
    if len(alone):
        newest = alone.iloc[-1]
        found |= {f"matured.left-alone.{name}": float(newest[column]) for column, name in _FIGURES.items()}
        found["matured.level_error"] = float(newest["level_error"])
    if len(health.drift):
        heavy = health.drift.sort_values("weighted", ascending=False, kind="stable").head(_HEAVIEST)
        apart = heavy["psi_year"].fillna(heavy["psi_month"])
        found |= {f"drift.psi.{name}": float(value) for name, value in zip(heavy["feature"], apart, strict=True)}
    grades = [answer.grade for answer in health.answers]
    found |= {"alarms": float(grades.count("fail")), "warnings": float(grades.count("warn"))}
    return {name: float(value) for name, value in found.items() if np.isfinite(value)}
