"""Telling people how a job went, in the language of the settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from churnml.cli.ending import ending_of
from churnml.errors import LockedError

if TYPE_CHECKING:
    from churnml.config import Config
    from churnml.monitoring.health import Health
    from churnml.workflow import Outcome


@contextmanager
def failures_told(config: Config) -> Iterator[None]:
    """Tell people that a run failed, with its exit code; what it says may name customers, so it is left out.

    Who finds another run at work has not failed.
    """
    try:
        yield
    except LockedError:
        raise
    except Exception as error:
        ending = ending_of(error)
        if ending is not None:
            sentence = _job_words(config)["failed"].format(code=ending[1])
            _tell(config, {"event": "run", "verdict": "failed", "exit_code": ending[1], "sentence": sentence})
        raise


def tell_done(config: Config, outcome: Outcome) -> None:
    """Tell people that a list is there, and how many customers stand on it."""
    ranking = outcome.ranking
    day, customers, listed = ranking.snapshot_date, len(ranking), len(ranking.worklist())
    _tell(
        config,
        {
            "event": "run",
            "verdict": "done",
            "exit_code": 0,
            "snapshot_date": day,
            "model_version": outcome.model.version,
            "customers": customers,
            "on_work_list": listed,
            "sentence": _job_words(config)["done"].format(day=day, customers=customers, listed=listed),
        },
    )


def tell_health(config: Config, health: Health, *, exit_code: int) -> None:
    """Tell people how a model in service is, and how many answers are of which grade."""
    from churnml.words import words

    grades = Counter(answer.grade for answer in health.answers)
    _tell(
        config,
        {
            "event": "monitor",
            "verdict": health.verdict,
            "exit_code": exit_code,
            "snapshot_date": health.day,
            "model_version": health.model_version,
            "findings": dict(sorted(grades.items())),
            "sentence": words(config.scoring.language)["monitor"]["verdict"][health.verdict],
        },
    )


def _job_words(config: Config) -> Mapping[str, str]:
    from churnml.words import words

    texts: Mapping[str, str] = words(config.scoring.language)["job"]
    return texts


def _tell(config: Config, message: Mapping[str, Any]) -> None:
    from churnml.reporting.notify import notify

    notify(config.monitoring.notify, message)
