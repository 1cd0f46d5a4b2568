"""A list as the import file of a tool, and beside it those whom nobody may contact with it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.campaigns.ledger import HELD_OUT, read_ledger
from churnml.campaigns.team import SAVE
from churnml.data.files import read_table, whole_file
from churnml.errors import InputError
from churnml.reporting.carried import FILE as CARRIED
from churnml.reporting.csv_files import guard, read_list_csv
from churnml.reporting.exports.phone import with_country_code
from churnml.reporting.exports.tool import Tool

NO_CONSENT, HELD_BACK = "no_consent", "held_out"
"""Why nobody may contact a customer with a list."""
NO_ADDRESS, SHARED, TWICE = "no_address", "shared", "twice"
"""Why a customer whom one may contact is not in the file: no address that the tool takes, that of somebody whom nobody
may contact, or that of somebody before."""
_PROPERTIES = {
    "churnml_risk": "churn_probability",
    "churnml_play": "play",
    "churnml_reason": "reason_1",
    "churnml_list_date": "snapshot_date",
}
_SUPPRESSED = "churnml_suppressed"
_ID = "customer_id"
_ADDRESSES = ("email", "phone")


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What an export wrote, and what it lacks.

    Attributes
    ----------
    files : tuple of Path or str
        File of the list, and file of those whom nobody may contact with it.
    written : int
        Number of customers in the file of the list.
    suppressed : dict of str to int
        Number of customers in the other file by reason: ``no_consent`` or ``held_out``.
    left_out : dict of str to int
        Number of customers of the list who are not in its file, by reason.
    not_carried : tuple of str
        Columns that the tool takes and the list does not carry.
    without_code : int
        Number of phone numbers that are left out, since they have no country code or are none.
    consent_unknown : int
        Number of customers in the file of whom the shop does not tell whether they agreed.
    """

    files: tuple[Path | str, ...]
    written: int
    suppressed: dict[str, int]
    left_out: dict[str, int]
    not_carried: tuple[str, ...]
    without_code: int
    consent_unknown: int


def export_list(
    folder: str | Path, tool: Tool, out: str | Path, name: str = SAVE, calling_code: int | None = None
) -> Exported:
    """Write a list as the import file of a tool.

    Whoever is held out by any campaign of the folder, or did not agree to be contacted, is in no such file but in
    another one beside it; so is nobody who shares an address with them.

    Parameters
    ----------
    folder : str or Path
        Folder of the list.
    tool : Tool
        Tool that is to import it.
    out : str or Path
        CSV file to write; the other one has ``-suppression`` in its name.
    name : str, optional
        Name of the list.
    calling_code : int, optional
        Country code of phone numbers without one; None leaves these numbers out.

    Raises
    ------
    InputError
        Where there is no such list, it carries no column by which the tool knows customers, or a file cannot be read or
        written.
    """
    folder, out = Path(folder), Path(out)
    listed, carried = _read_list(folder, name), _read_carried(folder, tool)
    against = _suppressed(folder, listed)
    fields = [field for field in tool.headers if field == _ID or field in carried]
    addresses, those_against = (
        _contacts(carried.reindex(ids), fields, tool, calling_code) for ids in (listed.index, against.index)
    )
    allowed = ~listed.index.isin(against.index)
    reasons = _left_out(addresses[allowed], those_against, tool)
    taken = addresses[allowed][reasons.isna()]
    known = those_against[_known(those_against, tool)]
    cells_against = _cells(known[[field for field in fields if field in tool.needs]], tool)
    list_cells = _cells(taken, tool)
    if tool.has_properties:
        list_cells |= _properties(listed.loc[taken.index], carried.reindex(taken.index), tool)
        cells_against[_SUPPRESSED] = against[known.index].tolist()
    beside = out.with_name(f"{out.stem}-suppression{out.suffix}")
    _write(cells_against, beside)
    _write(list_cells, out)
    phones = carried["phone"].reindex(taken.index) if "phone" in fields else pd.Series(dtype="str")
    return Exported(
        files=(out, beside),
        written=len(taken),
        suppressed=_counts(against[known.index]),
        left_out=_counts(reasons),
        not_carried=tuple(field for field in tool.headers if field not in fields),
        without_code=int(phones.notna().sum() - taken.get("phone", phones).notna().sum()),
        consent_unknown=int(listed.loc[taken.index, "contactable"].isna().sum()),
    )


def _counts(reasons: pd.Series) -> dict[str, int]:
    return {str(reason): int(count) for reason, count in reasons.value_counts().sort_index().items()}


def _read_list(folder: Path, name: str) -> pd.DataFrame:
    """Read the rows of a list by id, as texts."""
    path = folder / ("worklist.csv" if name == SAVE else f"lists/{name}.csv")
    if not path.is_file():
        there = [SAVE, *sorted(each.stem for each in (folder / "lists").glob("*.csv"))]
        raise InputError(f"{path}: there is no such list. Name the folder of a list, and one of: {', '.join(there)}.")
    table = read_list_csv(path)
    missing = [column for column in (_ID, "contactable", *_PROPERTIES.values()) if column not in table]
    if missing:
        raise InputError(
            f"{path}: has no {', '.join(missing)}, so it is no list. Bring back the file that was written."
        )
    return table.set_index(_ID)


def _read_carried(folder: Path, tool: Tool) -> pd.DataFrame:
    """Read what is carried by id; refuse where that tells the tool of nobody."""
    path = folder / CARRIED
    carried = read_table(path).set_index(_ID) if path.is_file() else pd.DataFrame(index=pd.Index([], name=_ID))
    if not {_ID, *carried.columns} & set(tool.needs):
        needs = " or ".join(tool.needs)
        raise InputError(
            f"{folder}: its lists carry no {needs}, by which {tool.title} knows customers. Set reporting.carry: "
            f"[{', '.join(tool.needs)}] and make the list again, without pseudonyms: a list with them carries nothing."
        )
    return carried


def _suppressed(folder: Path, listed: pd.DataFrame) -> pd.Series:
    """Find whom nobody may contact with a list: why, by id."""
    try:
        ranking = pd.read_parquet(folder / "ranking.parquet", columns=[_ID, "holdout", "contactable"])
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / 'ranking.parquet'}: cannot be read ({error}). Make the list again.") from error
    ledger = read_ledger(folder)
    day = date.fromisoformat(listed["snapshot_date"].iloc[0]) if len(listed) else date.max
    holds = [arm == HELD_OUT and until >= day for arm, until in zip(ledger["arm"], ledger["arm_until"], strict=True)]
    refused = ~ranking["contactable"].fillna(True).to_numpy(dtype=bool)
    why = [
        pd.Series(NO_CONSENT, ranking[_ID][refused]),
        pd.Series(NO_CONSENT, listed.index[listed["contactable"] == str(False)]),
        pd.Series(HELD_BACK, ranking[_ID][ranking["holdout"].to_numpy(dtype=bool)]),
        pd.Series(HELD_BACK, ledger[_ID][np.array(holds, dtype=bool)]),
    ]
    found = pd.concat(why).astype("str")
    return found[~found.index.duplicated()].sort_index()


def _contacts(carried: pd.DataFrame, fields: Sequence[str], tool: Tool, calling_code: int | None) -> pd.DataFrame:
    """Return the fields that a tool takes, by id; null what it would refuse."""
    found = carried.assign(**{_ID: carried.index})[list(fields)].astype("str")
    if "email" in found:
        found["email"] = found["email"].where(found["email"].fillna("").map(tool.takes_email).astype(bool))
    if "phone" in found:
        numbers = [with_country_code(text, calling_code) for text in found["phone"].fillna("")]
        found["phone"] = pd.Series(numbers, found.index, dtype="str")
    return found


def _known(contacts: pd.DataFrame, tool: Tool) -> pd.Series:
    """Find the customers whom the tool would know."""
    return contacts[[field for field in tool.needs if field in contacts]].notna().any(axis=1)


def _left_out(contacts: pd.DataFrame, those_against: pd.DataFrame, tool: Tool) -> pd.Series:
    """Find why customers whom one may contact are not in the file; null where they are."""
    contacts, those_against = (
        table.assign(email=table["email"].str.lower()) if "email" in table else table
        for table in (contacts, those_against)
    )
    shared = pd.Series(False, contacts.index)
    for field in set(_ADDRESSES) & set(contacts):
        shared |= contacts[field].isin(those_against[field].dropna())
    key = contacts[[field for field in tool.needs if field in contacts]]
    conditions = {
        NO_ADDRESS: ~_known(contacts, tool).to_numpy(dtype=bool),
        SHARED: shared.to_numpy(dtype=bool),
        TWICE: key.duplicated().to_numpy(dtype=bool),
    }
    found = np.select(list(conditions.values()), list(conditions), "")
    return pd.Series(found, contacts.index, dtype="str").mask(found == "")


def _cells(contacts: pd.DataFrame, tool: Tool) -> dict[str, list[str]]:
    """Write the tool's own columns, by their titles."""
    return {
        tool.headers[field]: [tool.write(field, text) if text else "" for text in contacts[field].fillna("")]
        for field in map(str, contacts)
    }


def _properties(listed: pd.DataFrame, carried: pd.DataFrame, tool: Tool) -> dict[str, list[str]]:
    """Write consent, why customers are on the list, and what is carried besides the tool's own columns."""
    texts = {title: listed[column].fillna("") for title, column in _PROPERTIES.items()}
    texts["churnml_risk"] = texts["churnml_risk"].str.replace(",", ".")  # as people of some languages write it
    texts |= {str(name): carried[name].fillna("") for name in carried if name not in tool.headers}
    days = [date.fromisoformat(day).strftime(tool.day) for day in texts["churnml_list_date"]]
    cells = {title: list(map(guard, values)) for title, values in texts.items()} | {"churnml_list_date": days}
    if tool.consent is None:
        return cells
    title, agreed = tool.consent
    return {title: [agreed if told == str(True) else "" for told in listed["contactable"]], **cells}


def _write(cells: Mapping[str, Sequence[str]], path: Path) -> None:
    with whole_file(path) as scratch, scratch.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(cells)
        writer.writerows(zip(*cells.values(), strict=True))
