"""SQLite files: tables are read in batches into DuckDB's scratch file, since its own reader is not shipped with it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa
from ibis.backends.duckdb import Backend

from churnml.data.engines.copied import ROWS, copy_batches
from churnml.data.engines.engine import Found
from churnml.data.engines.sql import identifier
from churnml.errors import InputError, OutsideError

_MARK = b"SQLite format 3\0"
_OUTSIDE = {5, 6, 10, 13, 14}  # busy, locked, failure of reading, disk full, cannot be opened


def is_sqlite(path: Path) -> bool:
    """Tell whether a file is a SQLite database, by how it begins."""
    with path.open("rb") as file:
        return file.read(len(_MARK)) == _MARK


def from_sqlite(path: Path, engine: Backend, names: Mapping[str, str]) -> Found:
    """Read the contract's tables of a SQLite file, in one transaction.

    A column of SQLite holds values of any type, whatever it says, so all are read as text, digit by digit; columns of
    bytes are left out.

    Parameters
    ----------
    path : Path
        SQLite file.
    engine : DuckDB backend
        DuckDB backend that will hold the tables.
    names : mapping of str to str
        Name that the file uses for each contract table.

    Raises
    ------
    InputError
        Where the file cannot be read.
    OutsideError
        Where another program holds it, or the disk fails.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as file:
            file.execute("BEGIN")
            listed = file.execute(
                "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY 1"
            )
            found = Found(names=[str(name) for (name,) in listed])
            for table, name in names.items():
                if name in found.names:
                    found.tables[table] = copy_batches(engine, table, _batches(file, name))
            return found
    except sqlite3.Error as error:
        # Extended codes hold the plain one in their last byte.
        is_outside = getattr(error, "sqlite_errorcode", 0) & 0xFF in _OUTSIDE
        kind = OutsideError if is_outside else InputError
        raise kind(f"{path}: cannot be read ({error}). Close what else uses it, or copy it.") from error


def _batches(file: sqlite3.Connection, table: str) -> Iterator[pa.Table]:
    """Return the rows of a table as text; the first batch of an empty table is empty."""
    quoted = identifier(table)
    kinds = {str(name): str(kind).upper() for _, name, kind, *_ in file.execute(f"PRAGMA table_info({quoted})")}
    columns = [name for name, kind in kinds.items() if "BLOB" not in kind]
    schema = pa.schema([(name, pa.string()) for name in columns])
    rows = file.execute(f"SELECT {', '.join(map(identifier, columns))} FROM {quoted}")  # noqa: S608, names are quoted
    first = True
    while (batch := rows.fetchmany(ROWS)) or first:
        values = zip(*batch, strict=True) if batch else [()] * len(columns)
        yield pa.table([pa.array(map(_text, cells), pa.string()) for cells in values], schema=schema)
        first = False


def _text(value: Any) -> str | None:
    return None if value is None or isinstance(value, bytes) else str(value)
