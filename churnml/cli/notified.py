"""Telling people how a run went, in the language of the settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from churnml.cli.ending import ending_of
from churnml.errors import LockedError

if TYPE_CHECKING:
    from churnml.config import Config
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
            _tell(config, {"exit_code": ending[1]}, "failed", code=ending[1])
        raise


def tell_done(config: Config, outcome: Outcome) -> None:
    """Tell people that a list is there, and how many customers stand on it."""
    ranking = outcome.ranking
    counts = {
        "exit_code": 0,
        "snapshot_date": ranking.snapshot_date,
        "model_version": outcome.model.version,
        "customers": len(ranking),
        "on_work_list": len(ranking.worklist()),
    }
    _tell(config, counts, "done", day=ranking.snapshot_date, customers=len(ranking), listed=counts["on_work_list"])


def _tell(config: Config, counts: dict[str, Any], text: str, **values: object) -> None:
    from churnml.reporting.notify import notify
    from churnml.words import words

    sentence = words(config.scoring.language)["job"][text].format(**values)
    notify(config.monitoring.notify, {"event": "run", "verdict": text, **counts, "sentence": sentence})
