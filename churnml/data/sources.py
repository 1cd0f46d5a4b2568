"""Finding a shop's raw tables: in a folder of files, in a DuckDB file, or in memory."""

from __future__ import annotations

import re
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from churnml.data.contract import TABLES
from churnml.errors import InputError

_DATABASE_SUFFIXES = (".duckdb", ".db", ".ddb")
_FILE = re.compile(r"\.(parquet|csv|csv\.gz)$")
_REMEDY = (
    f"Give a folder with files such as orders.parquet or orders.csv (tables: {', '.join(TABLES)}), "
    "or a DuckDB file with tables of these names."
)


def connect(timezone: str) -> Backend:
    """Open a DuckDB engine whose tables live in a scratch file, so that they may be larger than the memory.

    The file goes when the engine does. ``timezone`` is the wall clock into which zone-aware times are converted.
    """
    scratch = tempfile.TemporaryDirectory(prefix="churnml-")
    engine = ibis.duckdb.connect(Path(scratch.name) / "shop.duckdb", temp_directory=scratch.name)
    weakref.finalize(engine, scratch.cleanup)
    try:
        engine.raw_sql(f"SET TimeZone = '{timezone.replace(chr(39), '')}'")
    except duckdb.Error as error:
        raise InputError(f"timezone: {timezone!r} is not known. Use a name such as Europe/Istanbul or UTC.") from error
    return engine


def raw_tables(
    source: str | Path | Mapping[str, Any], engine: Backend, names: Mapping[str, str]
) -> dict[str, ir.Table]:
    """Find the raw tables of a source, by contract name.

    Parameters
    ----------
    source
        A folder of Parquet or CSV files, a DuckDB file, or a mapping of pandas, Polars or Arrow tables.
    engine
        The engine that will hold or read them.
    names
        For each contract table, the name that the source uses.

    Raises
    ------
    InputError
        Where the source is missing, cannot be read, or holds none of the tables.
    """
    if isinstance(source, Mapping):
        found = {
            table: engine.create_table(f"raw_{table}", _to_arrow(names[table], source[names[table]]))
            for table in TABLES
            if names[table] in source
        }
        unknown = sorted(set(source) - set(names.values()))
        if unknown:
            raise InputError(f"Tables {', '.join(unknown)} are not in the contract. Known tables: {', '.join(TABLES)}.")
        received = ", ".join(map(str, source)) or "an empty dict"
    elif "://" in str(source):
        scheme = str(source).split("://")[0]
        raise InputError(f"{scheme}://: shops are not read from such an address yet. {_REMEDY}")
    else:
        path = Path(source)
        if not path.exists():
            raise InputError(f"{path}: there is no such file or folder. {_REMEDY}")
        if path.is_dir():
            found = _from_folder(path, engine, names)
            received = ", ".join(sorted(entry.name for entry in path.iterdir())[:10]) or "an empty folder"
        elif path.suffix in _DATABASE_SUFFIXES:
            found, received = _from_database(path, engine, names)
        else:
            raise InputError(f"{path}: is neither a folder nor a DuckDB file (.duckdb, .db). {_REMEDY}")
    if "orders" not in found:
        raise InputError(f"orders: the table is missing (found: {received}). {_REMEDY}")
    return found


def _from_folder(folder: Path, engine: Backend, names: Mapping[str, str]) -> dict[str, ir.Table]:
    found: dict[str, ir.Table] = {}
    failures: list[str] = []
    for table, name in names.items():
        files = _table_files(folder, name)
        if not files:
            continue
        kinds = {"parquet" if file.suffix == ".parquet" else "csv" for file in files}
        if len(kinds) > 1:
            listed = ", ".join(file.name for file in files)
            failures.append(f"{table}: found as CSV and as Parquet ({listed}). Keep one of the two.")
            continue
        try:
            paths = [str(file) for file in files]
            if kinds == {"parquet"}:
                found[table] = engine.read_parquet(paths, table_name=f"raw_{table}", union_by_name=True)
            else:
                view = engine.read_csv(
                    paths, table_name=f"csv_{table}", all_varchar=True, header=True, union_by_name=True
                )
                found[table] = engine.create_table(f"raw_{table}", view)
        except duckdb.Error as error:
            first_line = str(error).splitlines()[0]
            failures.append(f"{table}: {', '.join(file.name for file in files)} cannot be read ({first_line}).")
    if failures:
        raise InputError(failures)
    return found


def _table_files(folder: Path, name: str) -> list[Path]:
    """Files of one table: ``orders.csv``, parts such as ``orders-1.csv`` or ``orders_2024.csv``, or a folder of parts."""
    part = re.compile(rf"{re.escape(name)}([._-][0-9A-Za-z._-]*)?\.(parquet|csv|csv\.gz)")
    files = [entry for entry in folder.iterdir() if entry.is_file() and part.fullmatch(entry.name)]
    parts = folder / name
    if parts.is_dir():
        files += [entry for entry in parts.rglob("*") if entry.is_file() and _FILE.search(entry.name)]
    return sorted(files)


def _from_database(path: Path, engine: Backend, names: Mapping[str, str]) -> tuple[dict[str, ir.Table], str]:
    try:
        engine.attach(path, name="source", read_only=True)
        listed = engine.list_tables(database=("source", "main"))
    except duckdb.Error as error:
        raise InputError(f"{path}: cannot be read as a DuckDB file ({str(error).splitlines()[0]}).") from error
    found = {table: engine.table(name, database=("source", "main")) for table, name in names.items() if name in listed}
    return found, ", ".join(listed) or "no tables"


def _to_arrow(name: str, frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if hasattr(frame, "to_arrow"):
        return frame.to_arrow()
    try:
        return pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        texts = frame.astype(dict.fromkeys(frame.select_dtypes("object").columns, "str"))
        return pa.Table.from_pandas(texts, preserve_index=False)
    except (AttributeError, TypeError) as error:
        raise InputError(f"{name}: is a {type(frame).__name__}, but a DataFrame or Arrow table is needed.") from error
