"""What the team wrote into its lists: kept for good, shown on the next list, and turned into contacts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnml.errors import InputError

FILE = "outcomes.parquet"
WRITTEN = ("owner", "contacted_on", "outcome", "note", "cost")
"""Columns of a list that people fill in."""
SAVE = "save"
"""Name of the work list."""
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("campaign", "list")),
        ("list_date", pa.date32()),
        *((name, pa.string()) for name in ("customer_id", "owner")),
        ("contacted_on", pa.date32()),
        *((name, pa.string()) for name in ("outcome", "note")),
        ("cost", pa.float64()),
        ("read_from", pa.string()),
        ("read_at", pa.timestamp("s")),
    ]
)
COLUMNS = tuple(_SCHEMA.names)
_PARTS = (("contacted_on", "outcome", "cost"), ("owner",), ("note",))
_KEY = ["campaign", "list", "list_date", "customer_id", "read_from"]
_ID_BYTES = 8
_NOON_HOURS = 12


def campaign_of(campaign: str, name: str) -> str:
    """Name the campaign of a list: a list besides the work list is one of its own.

    Examples
    --------
    >>> campaign_of("retention", "save"), campaign_of("retention", "win_back")
    ('retention', 'retention/win_back')
    """
    return campaign if name == SAVE else f"{campaign}/{name}"


def nothing_written() -> pd.DataFrame:
    """Return a table in which nobody wrote anything yet."""
    return _typed(pd.DataFrame({name: [] for name in COLUMNS}))


def read_written(folder: str | Path) -> pd.DataFrame:
    """Read what was written into the lists of a folder; empty where nothing was.

    Raises
    ------
    InputError
        Where the file cannot be read, or is another.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return nothing_written()
    try:
        table = pq.read_table(path, columns=list(COLUMNS))
    except (OSError, KeyError, ValueError, pa.ArrowException) as error:
        raise InputError(f"{path}: cannot be read ({error}). Bring back the file that was there.") from error
    return _typed(table.to_pandas())


def write_written(written: pd.DataFrame, path: Path) -> None:
    """Write what was written, in the order in which it was read."""
    table = pa.Table.from_pandas(written[list(COLUMNS)], schema=_SCHEMA, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(None), path, compression="zstd")


def add_written(known: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """Add what a reading found anew.

    What an earlier list says of a customer stands in the next one too, and is not written twice: a part of a row (the
    contact with its day, outcome and cost; the owner; the note) that says the same is left empty, and a row that says
    nothing new, or what was read from the same place before, is passed over.
    """
    rows = []
    of_places = {tuple(row[name] for name in _KEY): row for row in known.to_dict("records")}
    for row in _typed(found).to_dict("records"):
        earlier = known[(known["customer_id"] == row["customer_id"]) & (known["campaign"] == row["campaign"])]
        earlier = earlier[np.array([day < row["list_date"] for day in earlier["list_date"]], dtype=bool)]
        carried = newest(earlier, row["campaign"]).to_dict("index").get(row["customer_id"], {})
        for part in _PARTS:
            if carried and all(_same(row[name], carried[name]) for name in part):
                row |= dict.fromkeys(part)
        told = {name: row[name] for name in WRITTEN}
        last = of_places.get(tuple(row[name] for name in _KEY), dict.fromkeys(WRITTEN))
        if not all(_same(told[name], last[name]) for name in WRITTEN):
            rows.append(row)
    return _typed(pd.concat([known, _typed(pd.DataFrame(rows))], ignore_index=True)) if rows else known


def _same(one: Any, other: Any) -> bool:
    return bool(one == other or (pd.isna(one) and pd.isna(other)))


def newest(written: pd.DataFrame, campaign: str) -> pd.DataFrame:
    """Return what was last written of each customer of a campaign, cell by cell, by ``customer_id``."""
    rows = written[written["campaign"] == campaign].sort_values("read_at", kind="stable")
    table: pd.DataFrame = rows.groupby("customer_id")[list(WRITTEN)].last()
    return table


def contacts_of(
    written: pd.DataFrame,
    plays: Mapping[tuple[str, date, str], str],
    costs: Mapping[str, float],
    not_reached: Collection[str],
) -> pd.DataFrame:
    """Make contacts of what was written: of each customer and list whose outcome says that somebody was reached.

    Parameters
    ----------
    written : pandas DataFrame
        Table of what was written, as from `read_written`.
    plays : mapping of (str, date, str) to str
        Play of each customer on the list of a campaign and day.
    costs : mapping of str to float
        Cost of a contact by play, where nobody wrote one.
    not_reached : collection of str
        Outcomes that mean that nobody was reached.

    Returns
    -------
    pandas DataFrame
        Rows for the table ``contacts``: ``contact_id`` (a hash of campaign, day of the list and customer, so that the
        same contact keeps its id), ``customer_id, campaign, sent_at, offer`` (the play), ``cost, outcome``. A contact
        without a day of its own is taken to be of the list's day.
    """
    keys = ["campaign", "list_date", "customer_id"]
    rows = written[[*keys, *WRITTEN]]
    if len(rows):
        rows = written.sort_values("read_at", kind="stable").groupby(keys, as_index=False)[list(WRITTEN)].last()
    rows = rows[rows["outcome"].notna() & ~rows["outcome"].isin(list(not_reached))].reset_index(drop=True)
    offers = [plays.get(key) for key in rows[keys].itertuples(index=False, name=None)]
    planned = pd.Series([costs.get(str(offer)) for offer in offers], index=rows.index, dtype="float64")
    days = rows["contacted_on"].where(rows["contacted_on"].notna(), rows["list_date"])
    return pd.DataFrame(
        {
            "contact_id": [_contact_id(*key) for key in rows[keys].itertuples(index=False)],
            "customer_id": rows["customer_id"],
            "campaign": rows["campaign"],
            "sent_at": pd.to_datetime(days) + pd.Timedelta(hours=_NOON_HOURS),
            "offer": pd.array(offers, dtype="str"),
            "cost": rows["cost"].fillna(planned),
            "outcome": rows["outcome"],
        }
    )


def merge_contacts(known: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Add contacts to those that were recorded before; one that is there already is told anew, and not twice."""
    both = pd.concat([known, new], ignore_index=True).drop_duplicates("contact_id", keep="last")
    return both.sort_values(["sent_at", "contact_id"], ignore_index=True)


def _contact_id(campaign: str, list_date: date, customer: str) -> str:
    told = f"{len(campaign)}:{campaign}:{list_date}:{customer}"
    return "C" + blake2b(told.encode(), digest_size=_ID_BYTES).hexdigest()


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    texts = {field.name: "str" for field in _SCHEMA if field.type == pa.string()}
    types = texts | {"cost": "float64", "read_at": "datetime64[s]"}
    days = [field.name for field in _SCHEMA if field.type == pa.date32()]
    table = rows.astype(types).astype(dict.fromkeys(days, object))
    return table.assign(**{day: table[day].where(table[day].notna(), None) for day in days})
