"""The files of a ranking, written whole or not at all."""

from __future__ import annotations

import json
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnml.data.files import whole_folder
from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.population import exclusions
from churnml.scoring.ranking import Ranking

FILES = ("ranking.parquet", "ranking.csv", "worklist.csv", "run.json")
_LIBRARIES = ("churnml", "duckdb", "ibis-framework", "lightgbm", "numpy", "pandas", "scikit-learn", "shap")


def write_ranking(ranking: Ranking, out: str | Path, capacity: int, seconds: dict[str, float]) -> list[Path]:
    """Write ``ranking.parquet``, ``ranking.csv``, ``worklist.csv`` and ``run.json``.

    Parameters
    ----------
    ranking
        What to write.
    out
        The folder; other files in it stay.
    capacity
        Length of the work list.
    seconds
        Timings by step, for the manifest.

    Returns
    -------
    list of Path
        The files, all of which are there or none.
    """
    out = Path(out)
    with whole_folder(out, owned=FILES, last="run.json") as folder:
        table = pa.Table.from_pandas(ranking.frame, preserve_index=False).replace_schema_metadata(None)
        pq.write_table(table, folder / "ranking.parquet", compression="zstd")
        _write_csv(ranking.frame, folder / "ranking.csv")
        _write_csv(ranking.worklist(capacity), folder / "worklist.csv")
        manifest = json.dumps(_manifest(ranking, capacity, seconds), indent=2, default=str) + "\n"
        (folder / "run.json").write_text(manifest, encoding="utf-8")
    return [out / name for name in FILES]


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    written = frame.assign(
        churn_probability=frame.churn_probability.map("{:.6f}".format),
        value_at_risk=frame.value_at_risk.map("{:.2f}".format),
    )
    written.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def _manifest(ranking: Ranking, capacity: int, seconds: dict[str, float]) -> dict[str, Any]:
    history = History(ranking.shop, ranking.snapshot_date)
    card = ranking.model.card
    return {
        "snapshot_date": ranking.snapshot_date,
        "measure_on": ranking.frame.measure_on.iloc[0],
        "definition": ranking.model.definition.model_dump(),
        "model": {
            "version": ranking.model.version,
            "as_of": ranking.model.as_of,
            "candidate": card["candidate"],
            "level_tested_forward": card["forward"],
            "data_fingerprint": card["data_fingerprint"],
        },
        "data_fingerprint": fingerprint(history),
        "customers_ranked": len(ranking),
        "customers_on_work_list": min(capacity, len(ranking.worklist())),
        "customers_left_out": exclusions(history, ranking.model.definition),
        "notes": ranking.shop.report.notes,
        "seconds": {step: round(taken, 2) for step, taken in seconds.items()},
        "versions": {name: version(name) for name in _LIBRARIES},
        "written_on": date.today().isoformat(),
    }
