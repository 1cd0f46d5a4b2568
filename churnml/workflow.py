"""The rooms in order: what ``churnml run`` and ``churnml demo`` do."""

from __future__ import annotations

import dataclasses
import logging
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.analytics.overview import Overview, analyse
from churnml.campaigns.kept_lists import keeps_lists
from churnml.campaigns.ledger import FILE as LEDGER
from churnml.campaigns.ledger import joined, read_ledger
from churnml.campaigns.readout import read_out
from churnml.campaigns.team import contacts_of
from churnml.config import Config, ReportingSettings
from churnml.data.contacted import recorded
from churnml.data.history import History
from churnml.data.places import Place, at_place, below, locked_place, optional_place, path_of
from churnml.data.population import resolve_day
from churnml.data.shop import Shop
from churnml.data.simulator import DEFAULT_KIND, simulate
from churnml.days import Day
from churnml.definition import ChurnDefinition
from churnml.errors import InputError, NothingToReadError
from churnml.features.family_catalogue import catalogue
from churnml.features.plugins import with_plugins
from churnml.features.store import Progress
from churnml.job_log import log_step
from churnml.models.model import Model
from churnml.monitoring.decay import read_retrain_days
from churnml.monitoring.health import Health, check_health
from churnml.reporting.carried import check_carried
from churnml.reporting.files import files_in, read_earlier, write_files
from churnml.reporting.finished import find_finished, hash_settings
from churnml.reporting.health import summarise_past, write_health
from churnml.reporting.pseudonyms import load_key, pseudonymize, read_mapping, write_mapping
from churnml.reporting.sheet_entries import read_sheets
from churnml.scoring.entries import check_replaced
from churnml.scoring.plays import read_plays
from churnml.scoring.public_ids import SHARED_BY
from churnml.scoring.ranking import Ranking
from churnml.scoring.scorer import Scorer
from churnml.shop_jobs import open_shop
from churnml.tracking.health import log_health
from churnml.tracking.in_service import find_usable
from churnml.tracking.mlflow_store import has_store, known_store
from churnml.tracking.trainer import Trainer
from churnml.words.campaigns import say_brought, say_first_known, say_refused
from churnml.words.value_names import ALL_CAMPAIGNS

HELD = "held"
"""Folder in that of a list, for one that is held back since the data is broken."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """What a run made: ranking, files, the model that ranked and its health, and contacts that are not recorded yet."""

    ranking: Ranking
    files: Sequence[Path | str]
    model: Model
    not_recorded: int = 0
    health: Health | None = None

    @property
    def folder(self) -> Path | str:
        """Folder of the files, or its address."""
        first = self.files[0]
        return first.parent if isinstance(first, Path) else first.rpartition("/")[0]


@dataclass(frozen=True)
class Finished:
    """What a run found there already: the list of a day, of the same data, by the same model and settings."""

    snapshot_date: date
    files: Sequence[Path | str]
    model: Model


def score(
    shop: Shop,
    out: str | Path,
    config: Config,
    *,
    model: Model | str | None = None,
    snapshot_date: Day | None = None,
    in_sample: bool = False,
    previous: str | Path | None = None,
    secrets: Path | None = None,
    force: bool = False,
    seconds: Mapping[str, float] | None = None,
    wait_seconds: float = 0.0,
) -> Outcome:
    """Rank a shop's customers and write the files, while no other process writes to their folder.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are ranked.
    out : str or Path
        Folder of the files, or its address on an object store.
    config : Config
        Settings of the ranking.
    model : Model or str, optional
        Model or its address; None takes the champion.
    snapshot_date : date or str, optional
        Day that is taken for now; None takes the start of the last day with an order.
    in_sample : bool, optional
        Whether to allow a day before the one up to which the model was trained.
    previous : str or Path, optional
        Folder of an earlier list, to say what changed; None looks for one in ``out``.
    secrets : Path, optional
        Folder that keeps key and mapping of pseudonyms, which then stand for the customer ids in all files; None writes
        the shop's own ids.
    force : bool, optional
        Whether another list may take the place of one of the same day that was contacted already.
    seconds : dict of str to float, optional
        Seconds that each step took so far, for the manifest.
    wait_seconds : float, optional
        Seconds to wait for another process that writes there; 0 does not.

    Raises
    ------
    LockedError
        Where another process writes to the folder for longer.
    """
    with locked_place(out, wait_seconds) as place, optional_place(previous) as earlier:
        with known_store(keeps_lists(place.path)):
            scorer = Scorer(model, config)
        outcome = _score(
            shop,
            place.path,
            scorer,
            snapshot_date=snapshot_date,
            in_sample=in_sample,
            previous=path_of(earlier),
            secrets=secrets,
            force=force,
            seconds=dict(seconds or {}),
        )
        return dataclasses.replace(outcome, files=_shown(outcome.files, place))


def _score(
    shop: Shop,
    out: Path,
    scorer: Scorer,
    *,
    snapshot_date: Day | None,
    in_sample: bool = False,
    previous: Path | None,
    secrets: Path | None,
    force: bool,
    seconds: dict[str, float],
    health: Health | None = None,
) -> Outcome:
    config = scorer.config
    day = resolve_day(shop, snapshot_date, scorer.model.definition.horizon_days, "snapshot_date")
    # What is open or unreadable is said before the work, and nothing that people wrote is lost by it.
    sheets = read_sheets(out, config.plays.campaign)
    check_carried(with_plugins(shop, config.features.plugins), config.reporting.carry)
    held_back = health is not None and health.broken_data
    if held_back:
        previous, out = previous or (out if (out / "ranking.parquet").exists() else None), out / HELD
    earlier = read_earlier(out, day, previous)
    ledger = joined([read_ledger(folder) for folder in (out, previous) if folder is not None])
    with _timed(seconds, "score"):
        if secrets is None:
            ranking = scorer.rank(shop, day, in_sample=in_sample, earlier=earlier, ledger=ledger, held_back=held_back)
        else:
            key = load_key(secrets, out)
            known = read_mapping(secrets)
            earlier = None if earlier is None else _with_own_ids(earlier, known)
            ledger = _with_own_ids(ledger, known)
            ranking = scorer.rank(shop, day, in_sample=in_sample, earlier=earlier, ledger=ledger, held_back=held_back)
            ranking = _renamed(ranking, key, secrets)
    if not force:
        check_replaced(ranking.entries, shop, config.plays.campaign, day)
        for one in ranking.lists.values():
            if one.entries is not None:
                check_replaced(one.entries, shop, one.campaign, day)
    with _timed(seconds, "key figures"):
        shared_by = 1 if secrets is None else SHARED_BY
        overview = _overview(shop, day, scorer.model.definition, config.reporting, shared_by)
    with _timed(seconds, "readout"):
        brought = _brought(shop, ledger, day, config)
    past = None if health is None else summarise_past(health, config.scoring.language)
    files = write_files(ranking, out, seconds, overview, sheets, brought, past)
    if health is not None and not held_back:
        shutil.rmtree(out / HELD, ignore_errors=True)  # what was held back is overtaken
        if health.profile is not None:
            health.profile.write(out)
    return Outcome(ranking, files, scorer.model, _not_recorded(shop, sheets.written, config, secrets), health)


def run(
    source: str | Path,
    out: str | Path,
    config: Config,
    progress: Progress | None = None,
    *,
    snapshot_date: Day | None = None,
    previous: str | Path | None = None,
    secrets: Path | None = None,
    force: bool = False,
    monitor: bool = False,
    clock: datetime | None = None,
    wait_seconds: float = 0.0,
) -> Outcome | Finished:
    """Check a shop, train if that is due, and score a day, while no other process writes to the folder of its list.

    A champion of the same definition that was trained on a shop of the same first day is used as long as the newest
    training is less than ``every_days`` days old on that day (with ``monitoring.retrain`` at ``decay``: less than the
    measured decay allows); otherwise a model is trained on what was known then. A day before the champion's own is
    scored by a model of that time, which never becomes the champion.

    Parameters
    ----------
    source : str or Path
        Source of the shop's data.
    out : str or Path
        Folder of the files, or its address on an object store.
    config : Config
        Settings of all steps.
    progress : callable, optional
        Function that is called with a text, the steps done and all steps.
    snapshot_date : date or str, optional
        Day that is taken for now; None takes the start of the last day with an order.
    previous : str or Path, optional
        Folder of an earlier list, to say what changed; None looks for one in ``out``.
    secrets : Path, optional
        Folder that keeps key and mapping of pseudonyms, which then stand for the customer ids in all files; None writes
        the shop's own ids.
    force : bool, optional
        Whether a list is made that is there already, of the same data by the same model and settings, and may take the
        place of one of the same day that was contacted already.
    monitor : bool, optional
        Whether the health of the model is looked at as well. Where the data is broken, the list of before stays, and
        the new one is written to the folder ``held`` in ``out``.
    clock : datetime, optional
        Time that it is, without a zone: a monitored run tells of events more than a day ahead of it. None does not look
        for them.
    wait_seconds : float, optional
        Seconds to wait for another process that writes there; 0 does not.

    Returns
    -------
    Outcome or Finished
        What was made; ``Finished`` where the list was there already, and no file was changed.

    Raises
    ------
    LockedError
        Where another process writes to the folder for longer.
    """
    seconds: dict[str, float] = {}
    with locked_place(out, wait_seconds) as place, optional_place(previous) as other:
        folder, before = place.path, path_of(other)
        with _timed(seconds, "read and check"):
            shop = open_shop(source, config, secrets=secrets)
        # What is wrong in the settings of lists is said before a training.
        read_plays(config.plays.file, config.scoring.language, catalogue(shop))
        check_carried(with_plugins(shop, config.features.plugins), config.reporting.carry)
        day = resolve_day(shop, snapshot_date, config.definition.horizon_days, "snapshot_date")
        _log.info(f"The day of the list is {day}.", extra={"snapshot_date": day})
        every = config.snapshots.every_days
        if config.monitoring.retrain == "decay":
            every = read_retrain_days(folder) or every
        model = find_usable(config.tracking, day, every, partial(_fits, shop, config))
        if model is None:
            with _timed(seconds, "train"):
                trained = Trainer(config=_under_lists(config, folder)).fit(shop, day, progress)
                champion = Scorer(None, config).model  # the one of before, where the new one is worse
                model = champion if champion.as_of <= day else trained
        was_there = has_store(config.tracking)
        if not force:
            earlier = read_earlier(folder, day, before)
            settings = hash_settings(shop, config, earlier, pseudonymous=secrets is not None)
            finished = find_finished(folder, shop, day, model, settings, read_sheets(folder, config.plays.campaign))
            if finished is not None:
                return Finished(day, _shown(files_in(finished), place), model)
        health = None
        if monitor:
            with _timed(seconds, "monitor"):
                health = check_health(shop, folder, model, day, config, real_ids=_real_names(secrets), clock=clock)
                files = write_health(health, folder, config.scoring.language, shop.currency)
                log_health(health, config, files, since=(day - model.as_of).days, was_there=was_there)
        outcome = _score(
            shop,
            folder,
            Scorer(model, config),
            snapshot_date=day,
            previous=before,
            secrets=secrets,
            force=force,
            seconds=seconds,
            health=health,
        )
        return dataclasses.replace(outcome, files=_shown(outcome.files, place))


def _shown(files: Sequence[Path | str], place: Place) -> list[Path | str]:
    """Return where files lie for people."""
    return [place.shown(Path(file)) for file in files]


def _real_names(secrets: Path | None) -> dict[str, str] | None:
    """Read the customers' own ids by their pseudonyms; None where there are none."""
    return None if secrets is None else {str(name): str(real) for name, real in read_mapping(secrets).items()}


def _under_lists(config: Config, out: Path) -> Config:
    """Let a training read the ledger of the folder, where there is one and the settings name no other."""
    if not (out / LEDGER).exists():
        return config
    training = config.training.model_copy(update={"lists": config.training.lists or str(out)})
    return config.model_copy(update={"training": training})


def demo(
    out: str | Path, config: Config, customers: int, progress: Progress | None = None, kind: str = DEFAULT_KIND
) -> Outcome | Finished:
    """Simulate a shop of a kind below ``out`` and run everything on it."""
    data = below(out, "shop")
    with at_place(data) as place:
        simulate(place.path, customers=customers, seed=config.seed, kind=kind)
    return run(data, below(out, "list"), config, progress)


def _overview(
    shop: Shop, day: date, definition: ChurnDefinition, settings: ReportingSettings, shared_by: int
) -> Overview | None:
    """Compute the figures of the shop; None where none are wanted, or its history is too short for them."""
    if not settings.periods:
        return None
    try:
        return analyse(shop, day, definition, settings.periods, shared_by=shared_by, tier_steps=settings.tier_steps)
    except InputError as error:
        _log.info(f"The report shows no key figures. {error}")
        return None


def _renamed(ranking: Ranking, key: bytes, secrets: Path) -> Ranking:
    """Replace customer ids by pseudonyms, and keep who is who in the folder of secrets."""
    ids = ranking.rows.ids()
    others = [ranking.entries.ledger] if ranking.earlier is None else [ranking.entries.ledger, ranking.earlier]
    others += [one.rows for one in ranking.lists.values()]  # some of whom are not ranked
    ids = pd.concat([ids, *(table["customer_id"] for table in others)]).drop_duplicates()
    pseudonyms = pseudonymize(ids, key)
    write_mapping(secrets, pseudonyms, ids)
    return ranking.renamed(pd.Series(pseudonyms.to_numpy(), index=pd.Index(ids)))


def _brought(shop: Shop, ledger: pd.DataFrame, day: date, config: Config) -> list[str]:
    """Say what earlier lists of the campaign brought, or when that will be known; nothing where there were none."""
    campaign, language = config.plays.campaign, config.scoring.language
    before = np.array([on < day for on in ledger["entered_on"]], dtype=bool)
    rows = ledger[ledger["campaign"].isin([campaign, ALL_CAMPAIGNS]) & before]
    if rows.empty:
        return []
    try:
        return say_brought(read_out(shop, rows, day, config), language, shop.currency)
    except NothingToReadError:
        return [say_first_known(min(rows["measure_on"]), language)]
    except InputError as error:
        _log.info(f"The report does not say what the lists brought. {error}")
        return [say_refused(language)]


def _not_recorded(shop: Shop, written: pd.DataFrame, config: Config, secrets: Path | None) -> int:
    """Count the contacts that people wrote into lists and that the shop's table does not hold."""
    if secrets is not None:
        written = _with_own_ids(written, read_mapping(secrets))
    made = contacts_of(written, {}, {}, config.campaigns.no_contact_codes)
    return len(made) - len(recorded(shop, made["contact_id"].tolist()))


def _with_own_ids(table: pd.DataFrame, known: pd.Series) -> pd.DataFrame:
    """Return a table of an earlier list with the shop's own ids in place of pseudonyms, by which they are known."""
    names = known.to_dict()
    return table.assign(customer_id=[names.get(name, name) for name in table["customer_id"]])


def _fits(shop: Shop, config: Config, model: Model) -> bool:
    """Check whether a model answers the question of the settings, and learned from a shop of the same first day."""
    return model.definition == config.definition and model.card.first_day == History(shop, model.as_of).first_day


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    log_step(step)
    start = time.perf_counter()
    yield
    seconds[step] = time.perf_counter() - start
    log_step(step, seconds=round(seconds[step], 2))
