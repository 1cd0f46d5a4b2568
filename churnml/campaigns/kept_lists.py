"""The lists of each day that a folder keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError, InputError

LISTS = "lists"
"""Folder in that of the list, with the files of each day."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What ``run.json`` of a kept list says of it.

    Attributes
    ----------
    definition : ChurnDefinition
        Definition of leaving, by which its outcome is told.
    model_version : str
        Version of the model that ranked it; empty where it is not known.
    rate, low, high : float
        Churn rate that the list says, and its interval; nan where it does not tell.
    coverage : float
        Share of lists whose churn rate the interval should hold.
    """

    definition: ChurnDefinition
    model_version: str = ""
    rate: float = field(default=float("nan"))
    low: float = field(default=float("nan"))
    high: float = field(default=float("nan"))
    coverage: float = 0.95


def read_manifest(folder: Path, day: date) -> Manifest:
    """Read what a kept list says of itself.

    Raises
    ------
    InputError
        Where the file cannot be read.
    """
    path = folder / LISTS / day.isoformat() / "run.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        level = content.get("level") or {}
        return Manifest(
            definition=ChurnDefinition(**content["definition"]),
            model_version=str(content.get("model", {}).get("version", "")),
            **{name: float(value) for name, value in level.items() if name in ("rate", "low", "high", "coverage")},
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, ConfigError) as error:
        raise InputError(f"{path}: cannot be read ({error}). Bring back the file that was there.") from error


def days_in(lists: Path) -> list[date]:
    """Return the days whose files a folder of lists keeps, oldest first."""
    if not lists.is_dir():
        return []
    names = (path.name for path in lists.iterdir() if path.is_dir())
    return sorted(date.fromisoformat(name) for name in names if re.fullmatch(r"\d{4}-\d\d-\d\d", name))


def keeps_lists(folder: Path | None) -> bool:
    """Say whether a folder keeps the list of a day."""
    return folder is not None and bool(days_in(folder / LISTS))


def read_columns(folder: Path, day: date, columns: Sequence[str]) -> pd.DataFrame | None:
    """Read columns of the ranking of a day; None where the folder keeps none.

    Raises
    ------
    InputError
        Where the file cannot be read, or has no such columns.
    """
    path = folder / LISTS / day.isoformat() / "ranking.parquet"
    if not path.is_file():
        return None
    try:
        ranking: pd.DataFrame = pq.read_table(path, columns=list(columns)).to_pandas()
    except (OSError, KeyError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read ({error}). Bring back the file that was there.") from error
    return ranking


def segments_of(folders: Sequence[Path], rows: pd.DataFrame, real_ids: Mapping[str, str]) -> pd.Series:
    """Find the segment of customers on the day on which they entered; null where no list of it is kept."""
    found: dict[tuple[date, str], str] = {}
    for folder in folders:
        for day in sorted(set(rows["entered_on"]) & set(days_in(folder / LISTS))):
            ranking = read_columns(folder, day, ["customer_id", "segment"])
            if ranking is not None:
                ids = [real_ids.get(name, name) for name in ranking["customer_id"]]
                found |= {(day, name): segment for name, segment in zip(ids, ranking["segment"], strict=True)}
    keys = zip(rows["entered_on"], rows["customer_id"], strict=True)
    return pd.Series([found.get(key) for key in keys], index=rows.index, dtype="str")
