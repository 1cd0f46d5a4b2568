"""What commands do with a shop alone, without a model: check it, read it as a config says, build its features."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from churnml.analytics.horizon import HorizonAdvice
from churnml.config import Config
from churnml.data.checks import CheckReport
from churnml.data.files import read_table
from churnml.data.history import History
from churnml.data.population import resolve_day, training_snapshots
from churnml.data.reading import check, read
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.errors import CheckError, InputError
from churnml.features.available import fitting
from churnml.features.family_catalogue import catalogue
from churnml.features.plugins import load_plugins
from churnml.features.store import Partition, Progress, write_feature_file, write_features
from churnml.plots import plot_horizon, save_picture

_log = logging.getLogger(__name__)


def check_shop(source: str | Path, config: Config) -> CheckReport:
    """Check a shop with the names and the clock of a config."""
    return check(source, timezone=config.timezone, tables=config.tables.sources, allow=config.tables.allow)


def open_shop(source: str | Path, config: Config, *, secrets: Path | None = None) -> Shop:
    """Read a shop as a config says, with its plug-ins and supplied features, and log what its check tolerated.

    Where pseudonyms are asked for (``secrets``), what the check says is counted alone, since it names rows of the shop.

    Raises
    ------
    InputError
        Where the shop cannot be read, or its check fails.
    """
    plugins = load_plugins(config.features.plugins)
    try:
        shop = read(source, timezone=config.timezone, tables=config.tables.sources, allow=config.tables.allow)
    except CheckError as error:
        if secrets is None:
            raise
        raise CheckError(_counted("failures", error.failures)) from None
    notes = shop.report.notes
    if notes and secrets is not None:
        notes = [_counted("notes", notes)]
    for note in notes:
        _log.info(note)
    shop = shop.with_family(*plugins)
    for family, table in config.features.supplied.items():
        frame = read_table(table.file)
        shop = shop.supply(frame, family=family, known_at=table.known_at, concept=table.concept)
    catalogue(shop)  # what breaks a law in their declarations is said before anything is computed
    return shop


def _counted(what: str, told: Sequence[str]) -> str:
    return (
        f"The {what} of the check ({len(told)}) may name customers and are not shown. To read them: churnml check DATA"
    )


def draw_horizon(advice: HorizonAdvice, out: Path) -> None:
    """Draw a recommended horizon into a picture file.

    Raises
    ------
    InputError
        Where the file cannot be written, or is of a kind that cannot be drawn.
    """
    try:
        save_picture(plot_horizon(advice.curve, advice.horizons, advice.recommended_days), out)
    except (OSError, ValueError) as error:
        raise InputError(f"{out}: cannot be drawn ({error}). Name a .png, .svg or .pdf file.") from error


def build_feature_files(
    source: str | Path,
    out: Path,
    config: Config,
    days: Sequence[Day],
    *,
    training: bool = False,
    progress: Progress | None = None,
) -> list[Partition]:
    """Build the features of some days, or of all days that a training would use, as Parquet.

    Parameters
    ----------
    source : str or Path
        Source of the shop's data.
    out : Path
        File that ends with ``.parquet`` for one day, which is a folder of parts on a cluster; otherwise a folder, with
        a partition per day.
    config : Config
        Settings, which say what to build.
    days : sequence of date or str
        Days of the snapshots; none takes the start of the last day with an order.
    training : bool, optional
        Whether to take the days that a training would use.
    progress : callable, optional
        Function that is called with a text, the steps done and all steps.

    Raises
    ------
    InputError
        Where a file is asked to hold several days, or a day lies outside of the data.
    """
    shop = open_shop(source, config)
    definition = config.definition
    end = resolve_day(shop, None, definition.horizon_days)
    asked: list[Day] = [*days] or [end]
    if training:
        every = config.snapshots
        asked = list(training_snapshots(History(shop, end).first_day, end, definition, every.every_days, every.at_most))
    snapshots = list(dict.fromkeys(resolve_day(shop, day, definition.horizon_days, "snapshot_date") for day in asked))
    # Partitions share their columns, so the day that knows most says how the shop is measured.
    last = History(shop, end if training else max(snapshots))
    features = fitting(last, definition, config.features.families)
    if out.suffix != ".parquet":
        return write_features(shop, snapshots, definition, features, out, progress)
    if len(snapshots) > 1:
        raise InputError(f"{out}: a file holds one snapshot, but {len(snapshots)} were asked for. Name a folder.")
    return [write_feature_file(shop, snapshots[0], definition, features, out)]
