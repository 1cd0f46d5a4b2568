"""Contacts that the lists of a campaign bring: a folder of lists -> the frame that `simulate` takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.data.files import read_table
from churnml.data.simulator.treatment import Treatment
from churnml.days import parse_day
from churnml.errors import InputError

CAMPAIGN = "retention"

_FROM = pd.Timedelta(hours=10)
_COLUMNS = ["customer_id", "campaign", "day", "play"]


def list_contacts(folder: str | Path, treatment: Treatment, seed: int) -> pd.DataFrame:
    """Draw who of the listed and the held out is contacted, and when.

    Who is listed gets a contact between 10 and 11 o'clock on the day of the list, with the probability ``delivery``;
    who was held out on entering the campaign that day, with ``contamination``. With ``permute`` the arms by which this
    goes are drawn anew, as those of the ledger were. What is drawn hangs on seed, campaign, customer and day alone, so
    that later lists change no earlier contact.

    Parameters
    ----------
    folder : str or Path
        Folder with ``lists/<day>/ranking.parquet``, ``lists/<day>/run.json`` and ``ledger.parquet``.
    treatment : Treatment
        Shares of delivery and contamination, whether arms are drawn anew, and the cost of a contact.
    seed : int
        Seed of the shop.

    Returns
    -------
    DataFrame
        One row per contact: customer_id, campaign, sent_at, arm, offer (the name of the play), cost.

    Raises
    ------
    InputError
        Where there are no lists, or a file cannot be read.
    """
    folder = Path(folder)
    lists = {_day(path.parent): path.parent for path in sorted((folder / "lists").glob("*/ranking.parquet"))}
    if not lists:
        raise InputError(f"{folder}: holds no lists/<day>/ranking.parquet. Name the folder of a campaign's lists.")
    listed = pd.concat([_listed(path, day) for day, path in lists.items()], ignore_index=True)
    entered = _entered(folder / "ledger.parquet")
    held_out = entered[entered["held_out"] & entered["day"].isin(list(lists))]
    frame = pd.concat(
        [listed.assign(held_out=False), held_out[held_out["campaign"].isin(listed["campaign"])]], ignore_index=True
    )
    if treatment.permute:
        frame["held_out"] = _drawn_anew(frame, entered, seed)
    share = np.where(frame["held_out"], treatment.contamination, treatment.delivery)
    frame = frame[_shares(frame, seed, "sent") < share]
    minutes = (60 * _shares(frame, seed, "minute")).astype(int)
    return pd.DataFrame(
        {
            "customer_id": frame["customer_id"],
            "campaign": frame["campaign"],
            "sent_at": frame["day"] + _FROM + pd.to_timedelta(minutes, unit="min"),
            "arm": "treatment",
            "offer": frame["play"],
            "cost": treatment.cost,
        }
    )


def _day(folder: Path) -> pd.Timestamp:
    return pd.Timestamp(parse_day(folder.name, str(folder)))


def _listed(folder: Path, day: pd.Timestamp) -> pd.DataFrame:
    """Read the listed customers of one day."""
    ranking = _read(folder / "ranking.parquet", ["customer_id", "list_rank"])
    try:
        plan = json.loads((folder / "run.json").read_text(encoding="utf-8")).get("holdout") or {}
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / 'run.json'}: cannot be read ({error}). Write the list anew.") from error
    listed = ranking[ranking["list_rank"].notna()]
    return listed.assign(campaign=plan.get("campaign", CAMPAIGN), day=day).reindex(columns=_COLUMNS)


def _entered(ledger: Path) -> pd.DataFrame:
    """Read who entered, on which day, and who was held out; nobody without a ledger."""
    columns = [*_COLUMNS, "held_out", "chance"]
    if not ledger.is_file():
        return pd.DataFrame(columns=columns).astype({"held_out": bool})
    rows = _read(ledger, ["customer_id", "campaign", "entered_on", "arm", "chance"])
    rows = rows.assign(day=pd.to_datetime(rows["entered_on"]), held_out=rows["arm"] == "held out")
    return rows.reindex(columns=columns)


def _drawn_anew(frame: pd.DataFrame, entered: pd.DataFrame, seed: int) -> pd.Series:
    """Draw for each customer of a campaign, once, whether to take them for held out, by the chance of their entry."""
    by = ["campaign", "customer_id"]
    chance = frame[by].merge(entered.drop_duplicates(by)[[*by, "chance"]], "left", by)["chance"].fillna(0.0)
    return _shares(frame, seed, "arm", by) < chance.to_numpy()


def _read(path: Path, columns: list[str]) -> pd.DataFrame:
    table = read_table(path)
    missing = [f"{path}: the column {name} is missing. Write the list anew." for name in columns if name not in table]
    if missing:
        raise InputError(missing)
    return table


def _shares(
    frame: pd.DataFrame, seed: int, of: str, by: Sequence[str] = ("campaign", "customer_id", "day")
) -> pd.Series:
    """Give a number from 0 to below 1 per row, by the seed and some columns."""
    key = f"{of} {seed}".encode()
    hashes = [
        int.from_bytes(blake2b(":".join(map(str, row)).encode(), digest_size=6, key=key).digest()) / 2**48
        for row in zip(*(frame[name] for name in by), strict=True)
    ]
    return pd.Series(hashes, frame.index, dtype=float)
