"""Finding a shop's raw tables: in a folder of files, in a DuckDB file, or in memory."""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend

from churnml.data.contract import TABLES
from churnml.data.engines.engine import LISTED, Found, said
from churnml.errors import InputError

_DATABASE_SUFFIXES = (".duckdb", ".db", ".ddb")
_DATABASE_MARK = b"DUCK"
_FILE = re.compile(r"\.(parquet|csv|csv\.gz)$")
REMEDY = (
    f"Give a folder with files such as orders.parquet or orders.csv (tables: {', '.join(TABLES)}), "
    "a DuckDB file with tables of these names, or an address such as postgres://user@host/database."
)
_PLAIN = re.compile(
    r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|VARCHAR|DATE"
    r"|TIMESTAMP(_S|_MS)?|TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ"
)
# The engine would round nanoseconds up, and an order of 23:59:59.9999999 would move to the next day.
_NANOSECONDS = {
    "TIMESTAMP_NS": "make_timestamp(epoch_ns({}) // 1000)",
    "TIMESTAMPTZ_NS": "make_timestamptz(epoch_ns({}) // 1000)",
    "TIMESTAMP_NS WITH TIME ZONE": "make_timestamptz(epoch_ns({}) // 1000)",
}


def find(source: Any, engine: Backend, names: Mapping[str, str]) -> Found:
    """Find the raw tables of a folder of Parquet or CSV files, a DuckDB file, or a mapping of tables in memory.

    Parameters
    ----------
    source
        Where to look.
    engine
        The DuckDB backend that will hold or read them.
    names
        For each contract table, the name that the source uses.

    Returns
    -------
    tuple
        Tables found and failures by contract name, and the names of all that there is.

    Raises
    ------
    InputError
        Where the source as a whole is missing or cannot be opened.
    """
    if isinstance(source, Mapping):
        return _from_mapping(source, engine, names)
    if not isinstance(source, str | Path):
        raise InputError(f"A shop cannot be read from {source!r:.40}. {REMEDY}")
    if "://" in str(source):
        scheme = str(source).split("://")[0]
        raise InputError(f"{scheme}://: shops are not read from such an address. {REMEDY}")
    return _from_path(Path(source), engine, names)


def _from_mapping(source: Mapping[str, Any], engine: Backend, names: Mapping[str, str]) -> Found:
    found: dict[str, ir.Table] = {}
    failures: dict[str, str] = {}
    for table, name in names.items():
        if name not in source:
            continue
        try:
            frame = _to_arrow(source[name])
            _refuse_twins(frame.column_names)
            engine.con.register(f"frame_{table}", frame)
            found[table] = _adopt(engine, table, f"FROM frame_{table}", stored=True)
            engine.con.unregister(f"frame_{table}")
        except (duckdb.Error, InputError) as error:
            failures[table] = f"{table}: {said(error)} Bring it as a pandas, Polars or Arrow table."
    unknown = [str(name) for name in source if name not in set(names.values())]
    if unknown:
        failures["unknown"] = f"{', '.join(unknown)}: not in the contract. Known tables: {', '.join(names.values())}."
    return found, failures, [str(name) for name in source]


def _from_path(path: Path, engine: Backend, names: Mapping[str, str]) -> Found:
    try:
        if not path.exists():
            raise InputError(f"{path}: there is no such file or folder. {REMEDY}")
        if path.is_dir():
            found, failures = _from_folder(path, engine, names)
            return found, failures, sorted(entry.name for entry in path.iterdir())
        if path.suffix not in _DATABASE_SUFFIXES:
            raise InputError(f"{path}: is neither a folder nor a DuckDB file (.duckdb, .db). {REMEDY}")
        return _from_database(path, engine, names)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{str(path)[:200]}: cannot be opened ({reason}). {REMEDY}") from error


def _from_folder(folder: Path, engine: Backend, names: Mapping[str, str]) -> tuple[dict[str, ir.Table], dict[str, str]]:
    found: dict[str, ir.Table] = {}
    failures: dict[str, str] = {}
    for table, name in names.items():
        files = table_files(folder, name, set(names.values()))
        if not files:
            continue
        listed = ", ".join(str(file.relative_to(folder)) for file in files[:LISTED])
        listed += ", ..." if len(files) > LISTED else ""
        kinds = {"Parquet" if file.suffix == ".parquet" else "CSV" for file in files}
        if len(kinds) > 1:
            failures[table] = f"{table}: found as CSV and as Parquet ({listed}). Keep one of the two."
            continue
        try:
            hollow = [file.name for file in files if not file.stat().st_size]
            if hollow:
                raise InputError(f"{', '.join(hollow)} is empty, without even a header.")
            if kinds == {"Parquet"}:
                paths = ", ".join(quoted(str(file)) for file in files)
                query = f"FROM read_parquet([{paths}], union_by_name=true, hive_partitioning=false)"
                found[table] = _adopt(engine, table, query, stored=False)
            else:
                found[table] = _adopt(engine, table, _csv_query(files), stored=True)
        except (duckdb.Error, InputError, OSError) as error:
            failures[table] = (
                f"{table}: {listed} cannot be read. {said(error)} Export it again, as UTF-8 where it is text."
            )
    return found, failures


def table_files(folder: Path, name: str, names: Iterable[str]) -> list[Path]:
    """Files of one table: ``orders.csv``, parts such as ``orders-1.csv`` or ``orders_2024.csv``, or a folder of parts.

    A file belongs to the longest name that it may belong to: ``order_items.csv`` is no part of a table ``order``.
    """

    def may_belong(file: str, to: str) -> bool:
        if file == to and _FILE.search(file):
            return True
        return re.fullmatch(rf"{re.escape(to)}([._-][0-9A-Za-z._-]*)?\.(parquet|csv|csv\.gz)", file) is not None

    files = [
        entry
        for entry in folder.iterdir()
        if may_belong(entry.name, name)
        and entry.is_file()
        and not any(len(other) > len(name) and may_belong(entry.name, other) for other in names)
    ]
    parts = folder / name
    if parts.is_dir():
        files += [
            entry
            for entry in parts.rglob("*")
            # Names that begin so are notes of the programs that write folders of parts.
            if not any(step.startswith((".", "_")) for step in entry.relative_to(parts).parts)
            and _FILE.search(entry.name)
            and entry.is_file()
        ]
    return sorted(files)


def _csv_query(files: Iterable[Path]) -> str:
    """Say how to read CSV files as text, without a guess: the header line alone tells columns and delimiter."""
    alike: dict[tuple[int, str, tuple[str, ...]], list[Path]] = {}
    for file in files:
        alike.setdefault(_csv_header(file), []).append(file)
    parts = []
    for (skip, delimiter, header), paths in alike.items():
        listed = ", ".join(quoted(str(path)) for path in paths)
        columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in header)
        parts.append(
            f"FROM read_csv([{listed}], columns={{{columns}}}, delim={quoted(delimiter)}, skip={skip}, "
            "auto_detect=false, header=true, quote='\"', escape='\"', comment='')"
        )
    return f"FROM ({' UNION ALL BY NAME '.join(parts)})"


def _csv_header(file: Path) -> tuple[int, str, tuple[str, ...]]:
    """Read blank lines before the header, delimiter and column names."""
    opened = gzip.open if file.name.endswith(".gz") else open
    try:
        with opened(file, "rt", encoding="utf-8-sig", newline="") as text:
            skip = 0
            for first in text:
                if first.strip():
                    break
                skip += 1
            else:
                raise InputError(f"{file.name} has no header.")
            unquoted = re.sub(r'"[^"]*"', "", first)
            delimiter = max(",;\t|", key=unquoted.count)
            names = next(csv.reader(chain([first], text), delimiter=delimiter))
    except UnicodeDecodeError as error:
        raise InputError(f"{file.name} is not UTF-8 text.") from error
    except (EOFError, zlib.error, csv.Error) as error:
        raise InputError(f"{file.name}: {error}") from error
    header = tuple(name or f"column{place}" for place, name in enumerate(names, 1))
    _refuse_twins(header)
    return skip, delimiter, header


def _from_database(path: Path, engine: Backend, names: Mapping[str, str]) -> Found:
    with path.open("rb") as file:
        mark = file.read(12)[8:]
    if mark != _DATABASE_MARK:
        raise InputError(f"{path}: is not a DuckDB file, whatever its name says. {REMEDY}")
    try:
        engine.raw_sql(f"ATTACH {quoted(str(path))} AS source (READ_ONLY)")
        rows = engine.raw_sql(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_catalog = 'source' AND table_schema = 'main' ORDER BY table_name"
        ).fetchall()
    except duckdb.Error as error:
        raise InputError(f"{path}: cannot be opened. {said(error)} Close what else uses it, or copy it.") from error
    listed = [str(name) for (name,) in rows]
    found: dict[str, ir.Table] = {}
    failures: dict[str, str] = {}
    for table, name in names.items():
        if name not in listed:
            continue
        try:
            found[table] = _adopt(engine, table, f"FROM source.main.{_identifier(name)}", stored=False)
        except duckdb.Error as error:
            failures[table] = f"{table}: {name} cannot be read. {said(error)} Write the table again."
    return found, failures, listed


def _adopt(engine: Backend, table: str, query: str, stored: bool) -> ir.Table:
    """Register a query as the raw table, its rare types as text and its nanoseconds cut off."""
    columns = []
    for name, kind, *_ in engine.raw_sql(f"DESCRIBE SELECT * {query}").fetchall():
        column = _identifier(name)
        if kind in _NANOSECONDS:
            columns.append(f"{_NANOSECONDS[kind].format(column)} AS {column}")
        elif _PLAIN.fullmatch(kind):
            columns.append(column)
        else:
            columns.append(f"CAST({column} AS VARCHAR) AS {column}")
    kind = "TABLE" if stored else "VIEW"
    engine.raw_sql(f"CREATE {kind} raw_{table} AS SELECT {', '.join(columns)} {query}")
    return engine.table(f"raw_{table}")


def _to_arrow(frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        table = frame
    elif isinstance(frame, pd.DataFrame):
        _refuse_twins(map(str, frame.columns))
        table = pa.table({str(name): _pandas_column(frame[name]) for name in frame.columns})
    elif hasattr(frame, "to_arrow"):
        table = frame.to_arrow()
    else:
        raise InputError(f"the type {type(frame).__name__} was received, but a DataFrame or Arrow table is needed.")
    if not table.column_names:
        raise InputError("the table has no columns.")
    return table


def _pandas_column(column: pd.Series) -> pa.Array:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        # pandas 3 warns where Arrow takes its zone-aware times by itself.
        naive = pa.array(column.dt.tz_convert("UTC").dt.tz_localize(None), from_pandas=True)
        return naive.cast(pa.timestamp(naive.type.unit, "UTC"))
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = None
    if array is None or isinstance(array.type, pa.ExtensionType):
        # Values of several types, or of one that only pandas has: the door reads them as text.
        missing = column.isna()
        array = pa.array([None if gap else str(value) for value, gap in zip(column, missing, strict=True)], pa.string())
    return array


def _refuse_twins(names: Iterable[str]) -> None:
    counts = Counter(name.lower() for name in names)
    twins = [name for name, count in counts.items() if count > 1]
    if twins:
        raise InputError(
            f"several columns are called {', '.join(twins)} (capital and small letters are not told apart)."
        )


def quoted(text: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
