"""The ledger: who entered a campaign when, in which arm, and what was known and planned then.

A list is compared with those who would be on it but for the draw. From the second list on, those who stand on it cannot
be compared: the contacted leave it, those who came back leave it, the held out stay. So every customer is written down
once, at *entry*: the first list of a campaign in whose reach they stand.
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnml.config import HoldoutSettings
from churnml.data.engines.object_store import is_stored
from churnml.data.places import at_place
from churnml.definition import ChurnDefinition
from churnml.errors import InputError

FILE = "ledger.parquet"
LISTED, HELD_OUT = "listed", "held out"
KEY = ["campaign", "customer_id", "entry_number"]
_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("campaign", "customer_id")),
        ("entry_number", pa.int64()),
        *((name, pa.date32()) for name in ("entered_on", "measure_on")),
        ("arm", pa.string()),
        ("chance", pa.float64()),
        ("arm_until", pa.date32()),
        ("counted", pa.bool_()),
        ("arm_before", pa.string()),
        ("explore_chance", pa.float64()),
        *((name, pa.string()) for name in ("band", "proof")),
        *((name, pa.float64()) for name in ("churn_probability", "expected_value", "expected_profit")),
        ("play", pa.string()),
        *((name, pa.float64()) for name in ("play_cost", "play_offer")),
        ("place", pa.int64()),
        *((name, pa.string()) for name in ("ranked_by", "model_version", "definition", "list_id")),
    ]
)
COLUMNS = tuple(_SCHEMA.names)
_REMEDY = "Bring back the file that was there."
_PROOF_BYTES = _LIST_BYTES = 16
_DAYS = [field.name for field in _SCHEMA if field.type == pa.date32()]
_TEXTS = [field.name for field in _SCHEMA if field.type == pa.string()]


def empty() -> pd.DataFrame:
    """Return a ledger without rows."""
    return _typed(pd.DataFrame({name: [] for name in COLUMNS}))


def read_ledger(folder: str | Path) -> pd.DataFrame:
    """Read the ledger of a folder of lists.

    Returns
    -------
    pandas DataFrame
        A row per campaign, customer and entry, with days as dates; empty where the folder has no ledger.

    Raises
    ------
    InputError
        Where the file cannot be read, or is no ledger.
    """
    path = f"{folder}/{FILE}" if is_stored(folder) else str(Path(folder) / FILE)
    with at_place(path) as place:
        if not place.path.is_file():
            return empty()
        try:
            table = pq.read_table(place.path)
        except (OSError, pa.ArrowException) as error:
            raise InputError(f"{path}: cannot be read ({error}). {_REMEDY}") from error
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise InputError(f"{path}: has no {', '.join(missing)}, so it is no ledger. {_REMEDY}")
    return check_ledger(_typed(table.select(list(COLUMNS)).to_pandas()), path)


def check_ledger(ledger: pd.DataFrame, where: str = "ledger") -> pd.DataFrame:
    """Return a ledger whose rows can be what they say.

    Raises
    ------
    InputError
        With all that cannot be: unknown arms, chances outside of 0 to 1, a customer who entered twice under one number.
    """
    failures = []
    wrong = ledger[~ledger["arm"].isin([LISTED, HELD_OUT])]
    if len(wrong):
        failures.append(_say(where, "arm", wrong, f"is neither {LISTED!r} nor {HELD_OUT!r}"))
    wrong = ledger[~((ledger["chance"] > 0) & (ledger["chance"] < 1))]
    if len(wrong):
        failures.append(_say(where, "chance", wrong, "is no chance between 0 and 1"))
    wrong = ledger[ledger.duplicated(KEY, keep=False)]
    if len(wrong):
        failures.append(_say(where, "customer_id", wrong, "stands there more than once with one campaign and number"))
    if failures:
        raise InputError(failures)
    return ledger


def write_ledger(ledger: pd.DataFrame, path: Path) -> None:
    """Write a ledger, sorted by day, campaign and place, so that the same rows are the same bytes."""
    rows = ledger.sort_values(["entered_on", "campaign", "place", "customer_id"], kind="stable", ignore_index=True)
    table = pa.Table.from_pandas(rows[list(COLUMNS)], schema=_SCHEMA, preserve_index=False)
    pq.write_table(table.replace_schema_metadata(None), path, compression="zstd")


def joined(ledgers: list[pd.DataFrame]) -> pd.DataFrame:
    """Join ledgers of several folders; rows that stand in more than one count once.

    Raises
    ------
    InputError
        Where two tell different things of one entry.
    """
    filled = [one for one in ledgers if len(one)] or [empty()]
    if len(filled) == 1:
        return filled[0]
    rows = pd.concat(filled, ignore_index=True)
    rows = rows.drop_duplicates(ignore_index=True)
    twice = rows[rows.duplicated(KEY, keep=False)]
    if len(twice):
        raise InputError(
            f"The ledgers tell different things of one entry, for {twice['customer_id'].nunique():,} customers ("
            f"{', '.join(twice['customer_id'].unique()[:3])}, ...). Name the folders of one campaign only."
        )
    return rows


def standing(ledger: pd.DataFrame, campaign: str, day: date) -> pd.DataFrame:
    """Find where customers stand in a campaign on a day, by what they entered before it.

    Returns
    -------
    pandas DataFrame
        Newest entry of each customer before the day, by ``customer_id``: ``entry_number``, ``arm``, ``entered_on``,
        ``arm_until`` and ``holds`` (the arm has not run out).
    """
    rows = ledger[(ledger["campaign"] == campaign) & (ledger["entered_on"] < day)]
    newest = rows.sort_values("entry_number").drop_duplicates("customer_id", keep="last").set_index("customer_id")
    newest = newest[["entry_number", "arm", "entered_on", "arm_until"]]
    return newest.assign(holds=np.array([until > day for until in newest["arm_until"]], dtype=bool))


def enter(
    reach: pd.DataFrame,
    *,
    campaign: str,
    day: date,
    definition: ChurnDefinition,
    holdout: HoldoutSettings,
    ranked_by: str,
    model_version: str,
    list_id: str,
) -> pd.DataFrame:
    """Write down who enters a campaign with a list.

    Parameters
    ----------
    reach : pandas DataFrame
        Candidates in the list's reach, in order of place: ``customer_id, holdout, place, counted, entry_number,
        arm_before, entered, chance, explore_chance, churn_probability, risk_band, expected_value, expected_profit,
        play, play_cost, play_offer``. Those who did not enter (``entered`` is false) hold an arm from before: they
        belong to the list, and get no row.
    campaign : str
        Name of the campaign.
    day : date
        Day of the list.
    definition : ChurnDefinition
        Definition of leaving, by which their outcome will be told.
    holdout : HoldoutSettings
        Key of the draw, and how long arms hold.
    ranked_by, model_version, list_id : str
        What the list is ranked by, by which model, and its id; see `identify`.

    Returns
    -------
    pandas DataFrame
        Rows of the ledger.
    """
    held_days = holdout.days or 2 * definition.reach_days
    rows = reach.assign(
        campaign=campaign,
        entered_on=day,
        measure_on=day + timedelta(days=definition.reach_days),
        arm=_arms(reach),
        arm_until=day + timedelta(days=max(definition.reach_days, held_days)),
        band=reach["risk_band"].astype("str"),
        ranked_by=ranked_by,
        model_version=model_version,
        definition=json.dumps(definition.model_dump(mode="json"), sort_keys=True),
        list_id=list_id,
        proof="",
    )[reach["entered"].to_numpy(dtype=bool)]
    rows = rows.assign(proof=prove(rows, holdout.key))
    return _typed(rows[list(COLUMNS)].reset_index(drop=True))


def prove(rows: pd.DataFrame, key: str) -> pd.Series:
    """Compute the keyed hash of what a row says of customer and arm, by which a change shows."""
    secret = blake2b(key.encode()).digest()
    parts = rows[["campaign", "customer_id", "entry_number", "entered_on", "arm", "chance"]]
    proofs = [
        blake2b("\n".join(map(str, row)).encode(), digest_size=_PROOF_BYTES, key=secret).hexdigest()
        for row in parts.itertuples(index=False)
    ]
    return pd.Series(proofs, index=rows.index, dtype="str")


def identify(reach: pd.DataFrame, day: date, campaign: str, model_version: str) -> str:
    """Compute the id of a list: a hash of who is in its reach, in which arm and place, and with which play."""
    lines = [f"{day},{campaign},{model_version}"]
    told = reach.assign(arm=_arms(reach))[["customer_id", "arm", "place", "play"]]
    lines += map(",".join, told.astype(str).to_numpy().tolist())
    return blake2b("\n".join(lines).encode(), digest_size=_LIST_BYTES).hexdigest()


def _arms(reach: pd.DataFrame) -> pd.Series:
    return pd.Series(np.where(reach["holdout"], HELD_OUT, LISTED), index=reach.index, dtype="str")


def newest_day(ledger: pd.DataFrame, campaign: str) -> date | None:
    """Return the newest day on which somebody entered a campaign; None where nobody did."""
    days = ledger.loc[ledger["campaign"] == campaign, "entered_on"]
    return max(days) if len(days) else None


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Give columns the types that they have in a file that was read, whether it has rows or not."""
    types: dict[str, str] = {field.name: "float64" for field in _SCHEMA if field.type == pa.float64()}
    types |= dict.fromkeys(_TEXTS, "str") | {"entry_number": "int64", "place": "int64", "counted": "bool"}
    return rows.astype(types).astype(dict.fromkeys(_DAYS, object))


def _say(where: str, column: str, rows: pd.DataFrame, what: str) -> str:
    examples = ", ".join(map(str, rows["customer_id"].unique()[:3]))
    return f"{where}: {column} of {len(rows):,} rows {what} (customers {examples}, ...). {_REMEDY}"
