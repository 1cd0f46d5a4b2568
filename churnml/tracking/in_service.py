"""Which registered model scores a day: the champion, or for a day in the past one of that time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from churnml.config import TrackingSettings
from churnml.errors import ModelError
from churnml.models.model import Model
from churnml.tracking.aliases import CHALLENGER, CHAMPION, history
from churnml.tracking.mlflow_store import at_store
from churnml.tracking.runs import find_model


def find_usable(tracking: TrackingSettings, day: date, every_days: int, fits: Callable[[Model], bool]) -> Model | None:
    """Find the model that scores a day, where no training is due.

    Parameters
    ----------
    tracking : TrackingSettings
        Settings that say where MLflow keeps models.
    day : date
        Day that is scored.
    every_days : int
        Days after which a training is due.
    fits : callable
        Function that says whether a model answers the question that is asked now.

    Returns
    -------
    Model or None
        The champion, if it or a challenger that it beat is younger than ``every_days`` on that day. For a day before
        the champion's own the youngest of that time among the champions before and the challenger. None where a
        training is due.
    """
    champion = _found(CHAMPION, tracking)
    if champion is None:
        return None
    challenger = _found(CHALLENGER, tracking)
    if champion.as_of <= day:
        trained = [model for model in (champion, challenger) if model is not None and fits(model)]
        is_due = (
            not fits(champion) or _age(max(model.as_of for model in trained if model.as_of <= day), day) >= every_days
        )
        return None if is_due else champion
    of_before = [model for model in (challenger, *_champions_before(tracking)) if model is not None]
    usable = [model for model in of_before if 0 <= _age(model.as_of, day) < every_days and fits(model)]
    return max(usable, key=lambda model: model.as_of, default=None)


def _age(as_of: date, day: date) -> int:
    return (day - as_of).days


def _found(alias: str, tracking: TrackingSettings) -> Model | None:
    try:
        return find_model(f"models:/{tracking.model_name}@{alias}", tracking)
    except ModelError:
        return None


def _champions_before(tracking: TrackingSettings) -> Iterator[Model]:
    with at_store(tracking) as mlflow:
        versions = dict.fromkeys(change.version for change in reversed(history(mlflow, tracking.model_name)))
    for version in versions:
        try:
            yield find_model(f"models:/{tracking.model_name}/{version}", tracking)
        except ModelError:  # removed since
            continue
