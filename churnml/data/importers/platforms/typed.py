"""Lines of an export as typed rows: every cell is read exactly, or named with its file, column and line."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from churnml.data.importers.imported import MONEY, examples
from churnml.data.importers.platforms.declared import Export, Field
from churnml.data.importers.platforms.files import ExportFile, read_rows
from churnml.data.importers.platforms.values import folded, read_flag, read_number, read_time
from churnml.errors import InputError

PERSON, REFERENCE, LINE, FILE = "_person", "_reference", "_line", "_file"
"""Columns beside the fields: the e-mail's or telephone's pseudonym, the platform's number, and where a row stands."""
_BATCH = 20_000
_SHOWN = 5
_MOST = Decimal(10) ** 14
_EMPTY = {"", "null", r"\n", "none", "nan", "-", "--"}
_GUEST = "0"
_ZERO_TIME = "0000-00-00"
_TYPES = {
    "text": pa.string(),
    "code": pa.string(),
    "email": pa.string(),
    "phone": pa.string(),
    "number": MONEY,  # added up exactly
    "money": MONEY,
    "time": pa.timestamp("us"),
    "flag": pa.bool_(),
}
_MEANT = {
    "number": "a number",
    "money": "an amount",
    "time": "a time that can be read in one way",
    "flag": "yes or no",
}


@dataclass
class _Column:
    """What was seen in a column of a file.

    Attributes
    ----------
    wrong : list of str
        First values that could not be read, with their lines.
    count : int
        Number of values that could not be read.
    shown : set
        Decimal signs, or whether times name a zone, that values showed.
    assumed : str
        First number whose decimal sign had to be assumed; empty where there is none.
    """

    wrong: list[str] = field(default_factory=list)
    count: int = 0
    shown: set[Any] = field(default_factory=set)
    assumed: str = ""


def write_typed(files: Sequence[ExportFile], export: Export, out: Path) -> set[str]:
    """Write the lines of an export's files as Parquet, in batches.

    Parameters
    ----------
    files : sequence of ExportFile
        Files of the export, in the order in which their lines count.
    export : Export
        The export.
    out : Path
        File to write.

    Returns
    -------
    set of str
        Fields whose times are those of UTC; all others are the shop's wall clock.

    Raises
    ------
    InputError
        With every file and column that holds what cannot be read.
    """
    schema = pa.schema(
        [(name, _TYPES[declared.kind]) for name, declared in export.fields.items()]
        + [(PERSON, pa.string()), (REFERENCE, pa.string()), (LINE, pa.int64()), (FILE, pa.int64())]
    )
    columns: dict[tuple[Path, str], _Column] = defaultdict(_Column)
    start = 0
    with pq.ParquetWriter(out, schema) as writer:
        for number, file in enumerate(files):
            rows = islice(read_rows(file.path, export.encoding), file.header + 1, None)
            lines = ((line, row) for line, row in enumerate(rows, file.header + 2) if any(cell.strip() for cell in row))
            while batch := list(islice(lines, _BATCH)):
                values = _values(file, export, batch, columns)
                values[LINE] = list(range(start, start + len(batch)))
                values[FILE] = [number] * len(batch)
                start += len(batch)
                writer.write_table(pa.table(values, schema=schema))
    failures = list(_failures(columns, files, export))
    if failures:
        raise InputError(failures)
    return {name for (_, name), seen in columns.items() if True in seen.shown}


def _values(
    file: ExportFile,
    export: Export,
    batch: Sequence[tuple[int, list[str]]],
    columns: dict[tuple[Path, str], _Column],
) -> dict[str, list[Any]]:
    values: dict[str, list[Any]] = {}
    for name, declared in export.fields.items():
        place = file.positions.get(name)
        if place is None:
            values[name] = [None] * len(batch)
            continue
        read, seen = _reader(declared, export), columns[file.path, name]
        cells = ((line, row[place].strip() if place < len(row) else "") for line, row in batch)
        values[name] = [_read(cell, line, read, seen) for line, cell in cells]
    nothing = [None] * len(batch)
    emails = values[export.email] if export.email else nothing
    phones = values[export.phone] if export.phone else nothing
    values[PERSON] = [pseudonym(email or phone) for email, phone in zip(emails, phones, strict=True)]
    numbers = values[export.customer] if export.customer else nothing
    values[REFERENCE] = [None if number == _GUEST else number for number in numbers]
    return values


def pseudonym(contact: str | None) -> str | None:
    """Return the customer id of an e-mail address or telephone number: the start of its SHA-256.

    All importers give the same address the same id, so that tickets and messages meet the orders.

    Examples
    --------
    >>> pseudonym("ann@example.com")
    '71d4f55f72fa128d'
    """
    return None if contact is None else hashlib.sha256(contact.encode()).hexdigest()[:16]


def _read(cell: str, line: int, read: Callable[[str, _Column], Any], seen: _Column) -> Any:
    if cell.lower() in _EMPTY:
        return None
    try:
        return read(cell, seen)
    except ValueError:
        seen.count += 1
        if len(seen.wrong) <= _SHOWN:
            seen.wrong.append(f"line {line:,}: {cell!r}")
        return None


def _reader(declared: Field, export: Export) -> Callable[[str, _Column], Any]:
    def number(cell: str, seen: _Column) -> Decimal:
        value, sign = read_number(cell, export.decimal)
        if sign is not None:
            seen.shown.add(sign)
        elif "." in cell or "," in cell:
            seen.assumed = seen.assumed or cell
        if abs(value) >= _MOST:
            raise ValueError(cell)
        return round(value, 4)

    def time(cell: str, seen: _Column) -> datetime | None:
        if cell.startswith(_ZERO_TIME):
            return None
        value, is_utc = read_time(cell, export.day_first)
        seen.shown.add(is_utc or export.is_utc)
        return value

    readers: Mapping[str, Callable[[str, _Column], Any]] = {
        # Shopify and spreadsheets write ' before what Excel would take for a number.
        "text": lambda cell, _: cell.removeprefix("'"),
        "code": lambda cell, _: folded(cell),
        "email": lambda cell, _: cell.lower() if "@" in cell else None,
        "phone": lambda cell, _: "".join(sign for sign in cell if sign.isdigit() or sign == "+") or None,
        "number": number,
        "money": number,
        "time": time,
        "flag": lambda cell, _: read_flag(cell),
    }
    return readers[declared.kind]


def _failures(
    columns: Mapping[tuple[Path, str], _Column], files: Sequence[ExportFile], export: Export
) -> Iterator[str]:
    titles = {(file.path, name): title for file in files for name, title in file.titles.items()}
    for (path, name), seen in columns.items():
        where, kind = f"{path}: {titles[path, name]}", export.fields[name].kind
        if seen.count:
            yield (
                f"{where}: {seen.count:,} values are not {_MEANT[kind]} ({examples(seen.wrong, _SHOWN)}). Export the "
                "file again as the platform gives it, or correct them."
            )
        if seen.assumed and seen.shown - {export.decimal}:
            yield (
                f"{where}: {seen.assumed!r} can be read in two ways, since other values have "
                f"{min(seen.shown - {export.decimal})!r} as decimal sign. Write all numbers alike."
            )
    for name in (name for name, declared in export.fields.items() if declared.kind == "time"):
        parts = [file for file in files if columns[file.path, name].shown]
        if len(set().union(*(columns[file.path, name].shown for file in parts))) == 2:
            where = ", ".join(f"{file.path}: {titles[file.path, name]}" for file in parts)
            yield f"{where}: some times name their zone, others do not. Export all of them in the same way."
