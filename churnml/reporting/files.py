"""The files of a ranking, written whole or not at all."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnml.analytics.overview import Overview
from churnml.data.files import whole_folder
from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.population import exclusions
from churnml.errors import InputError
from churnml.models.value import STAYED
from churnml.reporting.about import facts_of
from churnml.reporting.csv_files import write_csv
from churnml.reporting.page.page import render_page
from churnml.reporting.page.summary import summarise
from churnml.reporting.spreadsheet import write_workbook
from churnml.scoring.changes import snapshot_of
from churnml.scoring.ranking import Ranking

EARLIER = "earlier.parquet"
FILES = ("worklist.xlsx", "worklist.csv", "report.html", "ranking.parquet", "ranking.csv", "run.json")
_LIBRARIES = ("churnml", "duckdb", "ibis-framework", "lightgbm", "numpy", "pandas", "scikit-learn", "shap")


def write_files(
    ranking: Ranking, out: str | Path, seconds: dict[str, float], overview: Overview | None = None
) -> list[Path]:
    """Write the work list, the report, the ranking and the manifest.

    Parameters
    ----------
    ranking : Ranking
        Ranking to write.
    out : str or Path
        Folder to write to; files in it that are not of a list stay.
    seconds : dict of str to float
        Seconds that each step took, for the manifest.
    overview : Overview, optional
        Figures of the shop, for the report; None leaves them out.

    Returns
    -------
    list of Path
        The files, all of which are there or none.
    """
    out = Path(out)
    worklist = ranking.worklist()
    with whole_folder(out, owned=[*FILES, EARLIER], last="run.json") as folder:
        # A later list sees from it who was on this one.
        ranks = worklist.set_index("customer_id")["list_rank"]
        frame = ranking.frame.assign(list_rank=ranking.frame["customer_id"].map(ranks).astype("Int64"))
        _write_parquet(frame, folder / "ranking.parquet")
        if ranking.earlier is not None:
            _write_parquet(ranking.earlier, folder / EARLIER)
        write_csv(frame, folder / "ranking.csv", language=None)
        write_csv(worklist, folder / "worklist.csv", language=ranking.language)
        write_workbook(
            worklist.assign(play_rule=worklist["play_rule"].map(ranking.rule_names)),
            folder / "worklist.xlsx",
            language=ranking.language,
            currency=ranking.currency,
            snapshot_date=ranking.snapshot_date,
            plays=ranking.plays,
            facts=facts_of(ranking),
        )
        page = render_page(summarise(ranking, ranking.config.reporting.rows, overview=overview))
        (folder / "report.html").write_text(page, encoding="utf-8")
        manifest = json.dumps(_manifest(ranking, seconds), indent=2, default=str) + "\n"
        (folder / "run.json").write_text(manifest, encoding="utf-8")
    return [out / name for name in FILES]


def read_earlier(out: Path, snapshot_date: date, folder: Path | None) -> pd.DataFrame | None:
    """Find the earlier list that a new one is compared with.

    Parameters
    ----------
    out : Path
        Folder to which the new list goes. A list of an earlier day in it is the one to compare with; where one of the
        same day is, the same that it was compared with, so that a repetition gives the same.
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
        if not (folder / "ranking.parquet").is_file():
            raise InputError(f"{folder}: holds no ranking.parquet. Name the folder of an earlier list.")
        return _read_parquet(folder / "ranking.parquet")
    for path in (out / "ranking.parquet", out / EARLIER):
        if path.is_file():
            found = _read_parquet(path)
            if len(found) and snapshot_of(found) < snapshot_date:
                return found
    return None


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Remove it, or name another `previous`.") from error


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, compression="zstd")


def _manifest(ranking: Ranking, seconds: dict[str, float]) -> dict[str, Any]:
    history = History(ranking.shop, ranking.snapshot_date)
    card, scoring = ranking.model.card, ranking.config.scoring
    changes = ranking.changes
    return {
        "snapshot_date": ranking.snapshot_date,
        "measure_on": ranking.frame.measure_on.iloc[0],
        "definition": ranking.model.definition.model_dump(),
        "model": {
            "version": ranking.model.version,
            "as_of": ranking.model.as_of,
            "candidate": card.candidate,
            "level_tested_forward": card.forward,
            "data_fingerprint": card.data_fingerprint,
        },
        "value": _value(ranking),
        "data_fingerprint": fingerprint(history),
        "customers_ranked": len(ranking),
        "customers_on_work_list": len(ranking.worklist()),
        "customers_not_on_work_list": ranking.excluded,
        "customers_left_out": exclusions(history, ranking.model.definition),
        "work_list": {
            "rank_by": scoring.rank_by,
            "order_by": scoring.order_by,
            "capacity": scoring.capacity,
            "budget": scoring.budget,
            "assumed": scoring.profit.model_dump(),
        },
        "holdout": None if ranking.holdout is None else dataclasses.asdict(ranking.holdout),
        "changes": None if changes is None else changes["change"].value_counts().sort_index().to_dict(),
        # What the check found may name rows of the shop.
        "notes": [] if ranking.pseudonymous else ranking.shop.report.notes,
        "seconds": {step: round(taken, 2) for step, taken in seconds.items()},
        "versions": {name: version(name) for name in _LIBRARIES},
        "written_on": date.today().isoformat(),
    }


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
