"""A list that is there already, made of the same data by the same model and settings."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any
from uuid import uuid4

import pandas as pd

from churnml.campaigns.kept_lists import LISTS
from churnml.campaigns.team import read_written
from churnml.config import Config
from churnml.data.fingerprint import fingerprint
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.features.family_catalogue import catalogue
from churnml.models.model import Model
from churnml.reporting.sheet_entries import Sheets
from churnml.scoring.changes import snapshot_of
from churnml.version import __version__

MANIFEST = "run.json"
_OF_NO_LIST = {"tracking", "monitoring"}
"""Sections of the settings that change nothing in a list."""


def hash_settings(shop: Shop, config: Config, earlier: pd.DataFrame | None, *, pseudonymous: bool) -> str:
    """Hash all that the files of a list depend on besides the shop's rows and the model.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are ranked, with its own families and supplied features.
    config : Config
        Settings of the list.
    earlier : pandas DataFrame or None
        Earlier list that it is compared with.
    pseudonymous : bool
        Whether pseudonyms stand for the customer ids.

    Returns
    -------
    str
        Hash of 16 hex digits. A family whose code lies in no file may have changed, so no two hashes with one agree.
    """
    named = [path for path in (config.plays.file, config.scoring.profit.measured) if path is not None]
    families = catalogue(shop).families
    content = {
        "version": __version__,
        "settings": config.model_dump(mode="json", exclude=_OF_NO_LIST),
        "files": [Path(path).read_text(encoding="utf-8") for path in named],
        "code": {
            name: family.code or uuid4().hex for name, family in sorted(families.items()) if name not in shop.supplied
        },
        "supplied": {name: table.fingerprint for name, table in sorted(shop.supplied.items())},
        "compared with": None if earlier is None or earlier.empty else str(snapshot_of(earlier)),
        "pseudonymous": pseudonymous,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def find_finished(out: Path, shop: Shop, day: date, model: Model, settings: str, sheets: Sheets) -> Path | None:
    """Find the list of a day that is made of the same, where nobody wrote into the sheets since.

    Parameters
    ----------
    out : Path
        Folder of the lists.
    shop : Shop
        Shop whose customers are ranked.
    day : date
        Day of the list.
    model : Model
        Model that would rank.
    settings : str
        Hash of the settings, as from `hash_settings`.
    sheets : Sheets
        Sheets of the folder with what people wrote.

    Returns
    -------
    Path or None
        Folder of its files; None where there is none, or it is not whole.
    """
    kept = out / LISTS / day.isoformat()
    of_day, current = _manifest(kept), _manifest(out)
    is_current = current.get("snapshot_date") == day.isoformat()
    # A run that was stopped while it moved its files into place left no manifest, or another one.
    if not of_day or not current or (is_current and current != of_day):
        return None
    made_by = (of_day.get("model", {}).get("version"), of_day.get("settings"))
    same = made_by == (model.version, settings) and of_day.get("data_fingerprint") == fingerprint(History(shop, day))
    if not same or not sheets.written.equals(read_written(out)):
        return None
    return out if is_current else kept


def _manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a list; empty where there is none that can be read."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}
