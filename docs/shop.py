"""The small shop that the pages' commands are run on, and that the sample list is made of."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from churnml.config import Config, ReportingSettings, SnapshotSettings, TrainingSettings
from docs.blocks import run_command

CUSTOMERS = 600


@contextmanager
def light_training() -> Iterator[None]:
    """Make trainings take seconds: the defaults of the settings are lighter inside."""
    lighter = {
        "snapshots": SnapshotSettings(at_most=6),
        "training": TrainingSettings(candidates=["recency_rule", "lightgbm"], folds=2, fade_days=0, bootstrap_draws=20),
        "reporting": ReportingSettings(periods=1),
    }
    fields = Config.model_fields
    before = {name: fields[name].default for name in lighter}
    try:
        for name, value in lighter.items():
            fields[name].default = value
        Config.model_rebuild(force=True)
        yield
    finally:
        for name, value in before.items():
            fields[name].default = value
        Config.model_rebuild(force=True)


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
