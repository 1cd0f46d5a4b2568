"""Champion and challenger: which registered version scores, who put it there, and the way back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from churnml.config import TrackingSettings
from churnml.errors import ModelError
from churnml.tracking.mlflow_store import alone_at_store, at_store, missing_there

CHAMPION, CHALLENGER = "champion", "challenger"
By = Literal["train", "promote", "rollback"]
_HISTORY = "champion_history"
_KEPT = 20  # a tag holds 5,000 characters


@dataclass(frozen=True)
class Change:
    """A change of the champion.

    Attributes
    ----------
    version, model_version : str
        Number that MLflow gave the champion, and churnml's hash of its files.
    was : str or None
        Number that MLflow gave the champion before; None for the first one.
    by : {'train', 'promote', 'rollback'}
        Command that changed it.
    at : str
        Time of the change, as ISO text.
    """

    version: str
    model_version: str
    was: str | None
    by: By
    at: str


def promote(tracking: TrackingSettings, version: str | None, now: datetime) -> Change:
    """Make a registered version the champion, and record it.

    Parameters
    ----------
    tracking : TrackingSettings
        Settings that say where MLflow keeps models.
    version : str or None
        Number that MLflow gave the version; None takes the challenger.
    now : datetime
        Time that is recorded for the change.

    Raises
    ------
    ModelError
        Where there is no such version, or it is the champion already.
    """
    with at_store(tracking) as mlflow, alone_at_store(mlflow):
        name = tracking.model_name
        asked = version or version_at(mlflow, name, CHALLENGER)
        if asked is None:
            raise ModelError(f"{name}: there is no challenger to promote. Name a version, or run: churnml train DATA")
        return make_champion(mlflow, name, asked, "promote", now)


def rollback(tracking: TrackingSettings, now: datetime) -> Change:
    """Make the champion before this one the champion again, and record it.

    Raises
    ------
    ModelError
        Where there was no other champion before.
    """
    with at_store(tracking) as mlflow, alone_at_store(mlflow):
        name = tracking.model_name
        line: list[str] = []
        for change in history(mlflow, name):
            if change.by == "rollback":
                line = line[:-1]
            else:
                line.append(change.version)
        if len(line) < 2:
            raise ModelError(f"{name}: there was no other champion before. Promote a version: churnml promote VERSION")
        return make_champion(mlflow, name, line[-2], "rollback", now)


def make_champion(mlflow: Any, name: str, version: str, by: By, now: datetime) -> Change:
    """Point the champion's alias at a version, take the challenger's from it, and record the change.

    Raises
    ------
    ModelError
        Where there is no such version, or it is the champion already.
    """
    client = mlflow.MlflowClient()
    was = version_at(mlflow, name, CHAMPION)
    if was == version:
        raise ModelError(f"{name}: version {version} is the champion already. Nothing was changed.")
    try:
        found = client.get_model_version(name, version)
    except mlflow.exceptions.MlflowException as error:
        missing_there(error)
        raise ModelError(
            f"{name}: there is no version {version}. Name one that MLflow lists, or run: churnml train DATA"
        ) from error
    change = Change(version, found.tags.get("model_version", ""), was, by, now.isoformat(timespec="seconds"))
    client.set_registered_model_alias(name, CHAMPION, version)
    if version_at(mlflow, name, CHALLENGER) == version:
        client.delete_registered_model_alias(name, CHALLENGER)
    kept = [vars(one) for one in (*history(mlflow, name), change)][-_KEPT:]
    client.set_registered_model_tag(name, _HISTORY, json.dumps(kept))
    return change


def history(mlflow: Any, name: str) -> list[Change]:
    """Return the changes of the champion, oldest first; at most twenty are kept."""
    try:
        tags = mlflow.MlflowClient().get_registered_model(name).tags
    except mlflow.exceptions.MlflowException as error:
        missing_there(error)
        return []  # nothing was registered yet
    return [Change(**change) for change in json.loads(tags.get(_HISTORY, "[]"))]


def version_at(mlflow: Any, name: str, alias: str) -> str | None:
    """Return MLflow's number of the version at an alias; None where there is none."""
    try:
        return str(mlflow.MlflowClient().get_model_version_by_alias(name, alias).version)
    except mlflow.exceptions.MlflowException as error:
        missing_there(error)
        return None
