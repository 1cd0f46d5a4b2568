"""The small shop that the pages' commands are run on, and that the sample list is made of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from churnml.config import Config, ReportingSettings, SnapshotSettings, TrainingSettings
from docs.blocks import run_command

CUSTOMERS = 600
LIGHTER: dict[type[BaseModel], dict[str, Any]] = {
    SnapshotSettings: {"at_most": 6},
    TrainingSettings: {
        "candidates": ["recency_rule", "lightgbm"],
        "folds": 2,
        "fade_days": 0,
        "bootstrap_draws": 20,
    },
    ReportingSettings: {"periods": 1},
}


@contextmanager
def light_training() -> Iterator[None]:
    """Make trainings take seconds: the defaults of the settings are lighter inside."""
    with ExitStack() as lighter:
        lighter.callback(Config.model_rebuild, force=True)  # last of all: it keeps what its sections were
        for section, values in LIGHTER.items():
            lighter.enter_context(_with_defaults(section, values))
        # A section of which a file or a command says nothing at all has a default of its own.
        sections = {name: field.annotation for name, field in Config.model_fields.items()}
        whole = {name: section() for name, section in sections.items() if section in LIGHTER}
        lighter.enter_context(_with_defaults(Config, whole))
        yield


@contextmanager
def _with_defaults(settings: type[BaseModel], defaults: Mapping[str, Any]) -> Iterator[None]:
    before = {name: settings.model_fields[name].default for name in defaults}
    try:
        _set_defaults(settings, defaults)
        yield
    finally:
        _set_defaults(settings, before)


def _set_defaults(settings: type[BaseModel], defaults: Mapping[str, Any]) -> None:
    for name, default in defaults.items():
        settings.model_fields[name].default = default
    settings.model_rebuild(force=True)


def make_shop(folder: Path, customers: int = CUSTOMERS) -> Path:
    """Simulate a shop, train on it and make its list: ``DATA``, ``models`` and ``list`` in the folder.

    Parameters
    ----------
    folder
        Where it is made.
    customers
        How many it has.

    Returns
    -------
    Path
        The folder.
    """
    folder.mkdir(parents=True)
    run_command(["churnml", "simulate", "--out", "DATA", "--customers", str(customers), "--kind", "textbook"], folder)
    run_command(["churnml", "run", "DATA", "--out", "list"], folder)
    shutil.copytree(folder / "DATA", folder / "demo" / "shop")  # what the README's lines read
    return folder
