"""The files of a ranking, written whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnml.analytics.overview import Overview
from churnml.analytics.risk_groups import TO_SAVE
from churnml.campaigns.holdout import HoldoutPlan
from churnml.campaigns.kept_lists import LISTS, days_in
from churnml.campaigns.ledger import FILE as LEDGER
from churnml.campaigns.ledger import write_ledger
from churnml.campaigns.team import FILE as TEAM
from churnml.campaigns.team import SAVE, newest, write_written
from churnml.data.files import whole_folder
from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.population import exclusions
from churnml.errors import InputError
from churnml.models.value import STAYED
from churnml.reporting.about import facts_of
from churnml.reporting.carried import FILE as CARRIED
from churnml.reporting.carried import write_carried
from churnml.reporting.csv_files import write_csv
from churnml.reporting.finished import MANIFEST, hash_settings
from churnml.reporting.page.page import render_page
from churnml.reporting.page.summary import summarise
from churnml.reporting.sheet_entries import SHEET, Sheets, hash_of, read_sheets
from churnml.reporting.spreadsheet import FurtherList, write_workbook
from churnml.scoring.changes import NEEDED, snapshot_of
from churnml.scoring.choice import SCHEMA
from churnml.scoring.entries import HELD_BACK
from churnml.scoring.ranking import Ranking
from churnml.scoring.rows import BOUGHT
from churnml.words import words
from churnml.words.names import name_of

FILES = ("worklist.xlsx", "worklist.csv", "report.html", "ranking.parquet", "ranking.csv", MANIFEST)
_OF_BEFORE = "earlier.parquet"
_LAST_COLUMNS = ["list_rank", "against", "place", "entered_on", "group", *BOUGHT]
_FILE = pa.schema(
    [
        *(field for field in SCHEMA if field.name not in _LAST_COLUMNS),
        *(pa.field(name, pa.int64()) if name == "list_rank" else SCHEMA.field(name) for name in _LAST_COLUMNS),
    ]
)
_LIBRARIES = ("churnml", "duckdb", "ibis-framework", "lightgbm", "numpy", "pandas", "scikit-learn", "shap")


def write_files(
    ranking: Ranking,
    out: str | Path,
    seconds: dict[str, float],
    overview: Overview | None = None,
    sheets: Sheets | None = None,
    brought: Sequence[str] = (),
    past: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write the work list, the report, the ranking, the manifest, the ledger and what people wrote into lists.

    A list with which nobody enters the campaign, because a newer one was made or the model has seen what happened after
    its day, leaves the current files of a campaign as they are, and is written below ``lists`` alone. One that is held
    back has a folder of its own, without a ledger.

    Parameters
    ----------
    ranking : Ranking
        Ranking to write.
    out : str or Path
        Folder to write to; files in it that are not of a list stay. ``lists`` in it keeps the files of each day.
    seconds : dict of str to float
        Seconds that each step took, for the manifest.
    overview : Overview, optional
        Figures of the shop, for the report; None leaves them out.
    sheets : Sheets, optional
        Sheets of the folder with what people wrote, as from `read_sheets`; None reads them.
    brought : sequence of str, optional
        Sentences on what earlier lists brought, for the report.
    past : mapping of str to object, optional
        Whether past lists were right, for the report, as from `churnml.reporting.health.summarise_past`.

    Returns
    -------
    list of Path
        The files, all of which are there or none. On a cluster ``ranking.parquet`` is a folder of parts that it wrote,
        which ``out`` therefore has to lie in reach of, and there is no ``ranking.csv``.
    """
    out, day = Path(out), ranking.snapshot_date.isoformat()
    sheets = sheets or read_sheets(out, ranking.config.plays.campaign)
    ledger = ranking.entries.ledger
    enters = ranking.entries.why_none is None
    current = enters or ranking.entries.why_none == HELD_BACK or ledger.empty
    owned = [*FILES, _OF_BEFORE, CARRIED] if current else []
    with whole_folder(out, owned=owned, last=MANIFEST, added_to=LISTS) as folder:
        of_day = folder / LISTS / day
        of_day.mkdir(parents=True)
        _write_list(ranking, of_day, seconds, overview, sheets.written, brought, past)
        if len(sheets.written):
            write_written(sheets.written, folder / TEAM)
        if current:
            for path in of_day.iterdir():
                if path.is_file():
                    named = path.suffix == ".csv" and path.stem in ranking.lists
                    shutil.copyfile(path, (folder / LISTS if named else folder) / path.name)
            if ranking.rows.is_distributed:
                _write_ranking(ranking, folder)
            if len(ledger) and enters:
                write_ledger(ledger, folder / LEDGER)
        sheets.check_unchanged()
    if current:
        _drop_old(out / LISTS, ranking)
        _drop_lists(out / LISTS, ranking.lists)
    return files_in(out if current else out / LISTS / day)


def files_in(folder: Path) -> list[Path]:
    """Return the files of the lists that a folder holds."""
    return [*(path for name in FILES if (path := folder / name).exists()), *sorted((folder / LISTS).glob("*.csv"))]


def read_earlier(out: Path, snapshot_date: date, folder: Path | None) -> pd.DataFrame | None:
    """Find the earlier list that a new one is compared with.

    Parameters
    ----------
    out : Path
        Folder to which the new list goes. The newest list of an earlier day in it is the one to compare with, so that
        a repetition gives the same.
    snapshot_date : date
        Day of the new list.
    folder : Path or None
        Folder of another list to compare with; None looks into ``out``.

    Returns
    -------
    pandas DataFrame or None
        Earlier ranking; None where there is none.

    Raises
    ------
    InputError
        Where the folder that was named holds no ranking, or the ranking cannot be read.
    """
    if folder is not None:
        if not (folder / "ranking.parquet").exists():
            raise InputError(f"{folder}: holds no ranking.parquet. Name the folder of an earlier list.")
        return _read_parquet(folder / "ranking.parquet")
    of_days = [out / LISTS / day.isoformat() for day in days_in(out / LISTS) if day < snapshot_date]
    for path in (*of_days[-1:], out):  # in the folder itself lies the list of a version that kept no others
        if (path / "ranking.parquet").exists():
            found = _read_parquet(path / "ranking.parquet")
            if len(found) and snapshot_of(found) < snapshot_date:
                return found
    return None


def _drop_old(lists: Path, ranking: Ranking) -> None:
    """Remove the files of old days: beyond those that are kept, and only where their outcome is known."""
    keep = ranking.config.reporting.keep
    if keep is None:
        return
    reach = timedelta(days=ranking.model.definition.reach_days)
    for day in days_in(lists)[:-keep]:
        if day + reach <= ranking.snapshot_date:
            shutil.rmtree(lists / day.isoformat())


def _drop_lists(lists: Path, named: Collection[str]) -> None:
    """Remove the files of lists that are no longer made."""
    for path in lists.glob("*.csv"):
        if path.stem not in named:
            path.unlink()


def _for_people(ranking: Ranking, name: str) -> pd.DataFrame:
    """Return a list as people read it: with what to say where no reason stands out, and the other lists."""
    rows = ranking.of_list(name)
    unsaid = rows["reason_1"].isna() & (rows["group"] == TO_SAVE)
    reasons = rows["reason_1"].mask(unsaid, words(ranking.language)["page"]["no_reason"])
    lists = [", ".join(ranking.on_lists[customer]) for customer in rows["customer_id"]]
    return rows.assign(reason_1=reasons, lists=pd.array(lists, dtype="str"))


def _in_words(rows: pd.DataFrame, ranking: Ranking) -> pd.DataFrame:
    """Return a list with the names that people have for what it holds in codes without a name of their own."""
    language, names = ranking.language, ranking.names
    lists = [", ".join(name_of("list", one, language) for one in told.split(", ")) for told in rows["lists"]]
    said = ranking.named(rows).assign(
        play_rule=rows["play_rule"].map(ranking.rule_names), lists=pd.array(lists, dtype="str")
    )
    for column, source in (("topic", "complaints.topic"), ("severity", "complaints.severity")):
        if column in said:
            said[column] = said[column].map(partial(names.of, source), na_action="ignore")
    return said


def _write_list(
    ranking: Ranking,
    folder: Path,
    seconds: dict[str, float],
    overview: Overview | None,
    written: pd.DataFrame,
    brought: Sequence[str],
    past: Mapping[str, Any] | None,
) -> None:
    carried = write_carried(ranking, pd.Series(list(ranking.on_lists), dtype="str"), folder)
    lists = {name: _for_people(ranking, name).join(carried, on="customer_id") for name in (SAVE, *ranking.lists)}
    worklist = lists.pop(SAVE)
    further = [
        FurtherList(
            name=name,
            rows=_in_words(lists[name], ranking),
            play=one.declared.play,
            written=newest(written, one.campaign),
        )
        for name, one in ranking.lists.items()
    ]
    _write_ranking(ranking, folder)
    write_csv(worklist, folder / "worklist.csv", language=ranking.language)
    for name, rows in lists.items():
        write_csv(rows, folder / f"{name}.csv", language=ranking.language)
    write_workbook(
        _in_words(worklist, ranking),
        folder / "worklist.xlsx",
        language=ranking.language,
        currency=ranking.currency,
        snapshot_date=ranking.snapshot_date,
        plays=ranking.plays,
        facts=facts_of(ranking),
        written=newest(written, ranking.config.plays.campaign),
        outcomes=ranking.config.campaigns.outcome_codes,
        further=further,
    )
    summary = summarise(
        ranking, ranking.config.reporting.rows, overview=overview, brought=brought, written=written, past=past
    )
    page = render_page(summary)
    (folder / "report.html").write_text(page, encoding="utf-8")
    # By it one sees whether people wrote into the sheet.
    written_as = {SHEET: hash_of(folder / SHEET)}
    manifest = json.dumps(_manifest(ranking, seconds) | {"files": written_as}, indent=2, default=str) + "\n"
    (folder / MANIFEST).write_text(manifest, encoding="utf-8")


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        named = pq.ParquetDataset(path).schema.names
        earlier = pd.read_parquet(path, columns=[name for name in NEEDED if name in named])
        if len(earlier) and "snapshot_date" in earlier:  # a single object for all rows
            earlier["snapshot_date"] = pd.Series(earlier["snapshot_date"].iloc[0], earlier.index, dtype=object)
        return earlier
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Remove it, or name another `previous`.") from error


def _write_ranking(ranking: Ranking, folder: Path) -> None:
    # A later list sees from it who was on this one.
    in_file = partial(_in_file, ranks=ranking.worklist().set_index("customer_id")["list_rank"])
    ranking.rows.write_parquet(folder / "ranking.parquet", in_file, _FILE)
    if not ranking.rows.is_distributed:
        write_csv(map(in_file, ranking.rows.pieces()), folder / "ranking.csv", language=None)


def _in_file(rows: pd.DataFrame, ranks: pd.Series) -> pd.DataFrame:
    """Return rows of a ranking as its files hold them, with the places on the list by id."""
    return rows.assign(list_rank=rows["customer_id"].map(ranks).astype("Int64"))[list(_FILE.names)]


def _manifest(ranking: Ranking, seconds: dict[str, float]) -> dict[str, Any]:
    history = History(ranking.shop, ranking.snapshot_date)
    card, scoring, measured = ranking.model.card, ranking.config.scoring, ranking.effects.measured
    changes = ranking.changes
    return {
        "snapshot_date": ranking.snapshot_date,
        "measure_on": ranking.top(1)["measure_on"].iloc[0],
        "definition": ranking.model.definition.model_dump(),
        "model": {
            "version": ranking.model.version,
            "as_of": ranking.model.as_of,
            "candidate": card.candidate,
            "level_tested_forward": card.forward,
            "data_fingerprint": card.data_fingerprint,
        },
        "constants": ranking.explainer.constants.to_json(),
        "level": {name: getattr(card.level, name) for name in ("rate", "low", "high", "coverage")},
        "value": _value(ranking),
        "data_fingerprint": fingerprint(history),
        "settings": hash_settings(ranking.shop, ranking.config, ranking.earlier, pseudonymous=ranking.pseudonymous),
        "customers_ranked": len(ranking),
        "groups": ranking.groups,
        "customers_on_work_list": len(ranking.worklist()),
        "customers_not_on_work_list": ranking.excluded,
        "lists": {
            name: {"customers": len(one.rows), "not_on_it": dict(one.excluded), "campaign": one.campaign}
            for name, one in ranking.lists.items()
        },
        "customers_left_out": exclusions(history, ranking.model.definition),
        "work_list": {
            "rank_by": scoring.rank_by,
            "order_by": scoring.order_by,
            "capacity": scoring.capacity,
            "budget": scoring.budget,
            "assumed": scoring.profit.model_dump(),
            "measured": None if measured is None else measured.model_dump(mode="json"),
        },
        "holdout": _plan(ranking.holdout),
        "holdout_of_all": _plan(ranking.entries.plan_of_all),
        "list_id": ranking.entries.new["list_id"].iloc[0] if len(ranking.entries.new) else None,
        "nobody_entered_since": ranking.entries.why_none,
        "changes": None if changes is None else changes["change"].value_counts().sort_index().to_dict(),
        # What the check found may name rows of the shop.
        "notes": [] if ranking.pseudonymous else ranking.shop.report.notes,
        "seconds": {step: round(taken, 2) for step, taken in seconds.items()},
        "versions": {name: version(name) for name in _LIBRARIES},
        "written_on": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _plan(plan: HoldoutPlan | None) -> dict[str, Any] | None:
    return None if plan is None else dataclasses.asdict(plan)


def _value(ranking: Ranking) -> dict[str, Any]:
    """Say by what the value was told, and over how many days."""
    value, part, days = ranking.model.value, ranking.model.card.value, ranking.config.scoring.value_days
    if value is None or part is None:
        return {"rule": "simple", "value_days": days}
    return {
        "rule": "learned",
        "value_days": days,
        "candidate": value.candidate,
        "days": value.days,
        "ratio": value.factor(days),
        "ratio_known": days in value.carried[STAYED],
        "growth": value.growth,
        "level_tested_forward": part.forward,
    }
