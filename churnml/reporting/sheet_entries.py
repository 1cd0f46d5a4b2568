"""Reading what people wrote into a work list: a spreadsheet in any language of churnml, or a CSV file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from churnml.campaigns.kept_lists import LISTS, days_in
from churnml.campaigns.team import COLUMNS, SAVE, WRITTEN, add_written, campaign_of, nothing_written, read_written
from churnml.errors import InputError
from churnml.reporting.columns import columns, names_in
from churnml.reporting.csv_files import read_list_csv
from churnml.words import LANGUAGES

SHEET = "worklist.xlsx"
_NEEDED = ("customer_id", "snapshot_date")
_HASH_BYTES = 16
_LAST_HEAD = 40
"""Rows of a sheet within which the titles of the columns stand."""


@dataclass(frozen=True)
class Sheets:
    """The sheets of a folder of lists, as they were read.

    Attributes
    ----------
    written : pandas DataFrame
        What people wrote, now and before; see `churnml.campaigns.team`.
    seen : mapping of Path to int
        When each sheet was saved last, in nanoseconds.
    """

    written: pd.DataFrame
    seen: Mapping[Path, int]

    def check_unchanged(self) -> None:
        """Refuse to go on where somebody saved a sheet since it was read.

        Raises
        ------
        InputError
            With the sheets that were saved or opened.
        """
        failures = [
            f"{path}: was saved while the new list was made. Run it again, so that nothing that was written is lost."
            for path, saved in self.seen.items()
            if path.exists() and path.stat().st_mtime_ns != saved
        ]
        failures += [said for path in self.seen if (said := _open(path)) is not None]
        if failures:
            raise InputError(failures)


def read_sheets(out: Path, campaign: str) -> Sheets:
    """Read what people wrote into the sheets of a folder of lists, and add it to what was known.

    Raises
    ------
    InputError
        Where a sheet is open in a program or cannot be read, all at once: what is written in it would be lost.
    """
    paths = [out / SHEET, *(out / LISTS / day.isoformat() / SHEET for day in days_in(out / LISTS))]
    paths = [path for path in paths if path.is_file()]
    written, seen, failures = read_written(out), {}, []
    for path in paths:
        said = _open(path)
        if said is not None:
            failures.append(said)
            continue
        try:
            seen[path] = path.stat().st_mtime_ns
            if _is_as_written(path):
                continue
            found = read_sheet(path, campaign)
        except InputError as error:
            failures += error.failures
            continue
        written = add_written(written, found.assign(read_from=_place(path, out, found)))
    if failures:
        raise InputError(failures)
    return Sheets(written, seen)


def read_sheet(path: str | Path, campaign: str) -> pd.DataFrame:
    """Read what people wrote into one work list.

    Parameters
    ----------
    path : str or Path
        Spreadsheet or CSV file that churnml wrote, with cells filled in by people.
    campaign : str
        Campaign of the list.

    Returns
    -------
    pandas DataFrame
        A row per customer and sheet of whom something was written; see `churnml.campaigns.team.COLUMNS`.

    Raises
    ------
    InputError
        Where the file cannot be read, is no work list, or a cell holds what its column cannot.
    """
    path = Path(path)
    try:
        saved = datetime.fromtimestamp(int(path.stat().st_mtime))
        tables = _tables_of(path)
    except (OSError, ValueError, CalamineError) as error:
        raise InputError(
            f"{path}: cannot be read ({error}). Close the program that has it open, or repair it."
        ) from error
    failures: list[str] = []
    parts = []
    for name, rows in tables.items():
        table = _by_column(rows)
        if table is None:
            continue
        filled = table[[column for column in WRITTEN if column in table]].map(_is_filled).any(axis=1).astype(bool)
        parts.append(_as_written(table[filled], f"{path}: sheet {name}", failures).assign(read_from=name))
    if not parts:
        raise InputError(
            f"{path}: is no work list, since no sheet has the columns {', '.join(_NEEDED)}. Name a list that churnml "
            "wrote, or move the file away."
        )
    if failures:
        raise InputError(failures)
    found = pd.concat(parts, ignore_index=True)
    of_lists = [campaign_of(campaign, name) for name in found["list"]]
    found = found.assign(campaign=of_lists, read_at=saved)[list(COLUMNS)]
    return found if len(found) else nothing_written()


def _tables_of(path: Path) -> dict[str, list[list[Any]]]:
    """Return the rows of each sheet; a CSV file is one sheet."""
    if path.suffix.lower() == ".csv":
        frame = read_list_csv(path)
        return {path.name: [list(frame.columns), *frame.astype(object).where(frame.notna(), None).to_numpy().tolist()]}
    with CalamineWorkbook.from_path(str(path)) as book:
        return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def _by_column(rows: Sequence[Sequence[Any]]) -> pd.DataFrame | None:
    """Find the titles, in the language that most of them are in, and name the columns as machines do."""
    best: tuple[int, int, list[str]] | None = None
    for at, row in enumerate(rows[:_LAST_HEAD]):
        for names in _titles():
            heads = [names.get(str(cell).strip(), str(cell)) for cell in row]
            known = len(set(heads) & set(names.values()))
            if set(_NEEDED) <= set(heads) and (best is None or known > best[0]):
                best = known, at, heads
    if best is None:
        return None
    _, at, heads = best
    body = [list(row) + [None] * (len(heads) - len(row)) for row in rows[at + 1 :]]
    table = pd.DataFrame([row[: len(heads)] for row in body], columns=pd.Index(heads, dtype="str"), dtype=object)
    table = table.loc[:, ~table.columns.duplicated()]
    return table[table["customer_id"].map(_is_filled).astype(bool)]


def _titles() -> list[dict[str, str]]:
    """Return the names of columns by their titles in each language, and by themselves."""
    of_languages = [{each.title: name for name, each in columns(language).items()} for language in LANGUAGES]
    return [{name: name for name in columns("en")}, *of_languages]


def _as_written(table: pd.DataFrame, where: str, failures: list[str]) -> pd.DataFrame:
    given = {name: table[name].tolist() if name in table else [None] * len(table) for name in WRITTEN}
    customers = [_text(cell) for cell in table["customer_id"]]
    codes = {name.casefold(): code for language in LANGUAGES for code, name in names_in(language)["outcome"].items()}

    def read(column: str, cells: Sequence[Any], as_value: Any) -> list[Any]:
        values = []
        for customer, cell in zip(customers, cells, strict=True):
            try:
                values.append(as_value(cell) if _is_filled(cell) else None)
            except ValueError:
                failures.append(f"{where}: {column} of customer {customer} is {str(cell)!r:.80}. {_REMEDIES[column]}")
                values.append(None)
        return values

    lists = {name: code for language in LANGUAGES for code, name in names_in(language)["list"].items()}
    of_list = table["list"].tolist() if "list" in table else [SAVE] * len(table)
    return pd.DataFrame(
        {
            "list": [lists.get(str(name), str(name)) for name in of_list],
            "list_date": read("list_date", table["snapshot_date"].tolist(), _day),
            "customer_id": customers,
            "owner": [_text(cell) for cell in given["owner"]],
            "contacted_on": read("contacted_on", given["contacted_on"], _day),
            "outcome": [_code(cell, codes) for cell in given["outcome"]],
            "note": [_text(cell) for cell in given["note"]],
            "cost": read("cost", given["cost"], _money),
        }
    )


_REMEDIES = {
    "list_date": "Leave the day of the list as it was written.",
    "contacted_on": "Write a day, such as 2025-03-01.",
    "cost": "Write a number of 0 or more, such as 2.50.",
}


def _is_filled(cell: Any) -> bool:
    return cell is not None and cell == cell and str(cell).strip() != ""


def _text(cell: Any) -> str | None:
    if not _is_filled(cell):
        return None
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell)) if whole else str(cell).strip()


def _code(cell: Any, codes: Mapping[str, str]) -> str | None:
    text = _text(cell)
    return None if text is None else codes.get(text.casefold(), text)


def _day(cell: Any) -> date:
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    return date.fromisoformat(str(cell).strip()[:10])


def _money(cell: Any) -> float:
    text = str(cell).strip().replace(" ", "")
    # A comma before one or two last digits is a decimal comma.
    amount = float(re.sub(r",(\d{1,2})$", r".\1", text))
    if not 0 <= amount < float("inf"):
        raise ValueError(text)
    return amount


def hash_of(path: Path) -> str:
    """Hash the content of a file."""
    return blake2b(path.read_bytes(), digest_size=_HASH_BYTES).hexdigest()


def _is_as_written(path: Path) -> bool:
    """Say whether a sheet is byte for byte what the manifest beside it says was written: then nobody wrote into it."""
    try:
        manifest = json.loads((path.parent / "run.json").read_text(encoding="utf-8"))
        return bool(manifest["files"][path.name] == hash_of(path))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _open(path: Path) -> str | None:
    """Say so where a program has a sheet open: LibreOffice and Excel lay a file beside it."""
    marks = [path.parent / f".~lock.{path.name}#", path.parent / f"~${path.name}"]
    if any(mark.exists() for mark in marks):
        return f"{path}: is open in a program. Save and close it, so that nothing that was written is lost."
    return None


def _place(path: Path, out: Path, found: pd.DataFrame) -> pd.Series:
    return f"{path.relative_to(out).as_posix()}: " + found["read_from"]
