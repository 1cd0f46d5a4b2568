"""Finding a shop's raw tables for DuckDB: in a folder of files, in a DuckDB file, or in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
from ibis.backends.duckdb import Backend

from churnml.data.contract import TABLES, plain_name
from churnml.data.engines.addresses import without_password
from churnml.data.engines.databases import from_database
from churnml.data.engines.engine import Found, said
from churnml.data.engines.fetched import fetch
from churnml.data.engines.folders import from_folder
from churnml.data.engines.frames import to_arrow
from churnml.data.engines.layout import FileForm, is_read
from churnml.data.engines.sql import adopt, scratch_of
from churnml.data.engines.sqlite import from_sqlite, is_sqlite
from churnml.errors import InputError
from churnml.failures import outside_failure

_SERVERS = ("mysql", "mariadb")
_DATABASE_SUFFIXES = (".duckdb", ".db", ".ddb", ".sqlite", ".sqlite3")
_ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".tgz")
REMEDY = (
    f"Give a folder with files such as orders.parquet, orders.csv or orders.xlsx (tables: {', '.join(TABLES)}), "
    "a DuckDB or SQLite file with tables of these names, or an address such as postgres://user@host/database, "
    "mysql://user@host/database or s3://bucket/folder. For other names and formats, churnml init proposes the settings."
)


def find(
    source: Any,
    engine: Backend,
    names: Mapping[str, str],
    forms: Mapping[str, FileForm],
    allow: Sequence[str | Path] = (),
) -> Found:
    """Find the raw tables of a folder of files, a file or an address of these, or a mapping of tables in memory.

    Parameters
    ----------
    source : object
        Folder, file, address or mapping to look in.
    engine : DuckDB backend
        DuckDB backend that will hold or read the tables.
    names : mapping of str to str
        Name that the source uses for each contract table.
    forms : mapping of str to FileForm
        How the files of a table are written, where that is not as usual.
    allow : sequence of str or Path, optional
        Folders that views within a DuckDB file may read.

    Raises
    ------
    InputError
        Where the source as a whole is missing or cannot be opened.
    OutsideError
        Where the disk, a server or a store fails.
    """
    if isinstance(source, Mapping):
        return _from_mapping(source, engine, names)
    if not isinstance(source, str | Path):
        raise InputError(f"A shop cannot be read from {source!r:.40}. {REMEDY}")
    if "://" in str(source):
        scheme = str(source).split("://")[0].lower()
        if scheme in _SERVERS:
            from churnml.data.engines.mysql import from_mysql

            return from_mysql(str(source), engine, names)
        path = fetch(str(source), names, scratch_of(engine) / "fetched", REMEDY)
    else:
        path = Path(source)
    shown = without_password(source)[:200]
    try:
        if not path.exists():
            raise InputError(f"{shown}: there is no such file or folder. {REMEDY}")
        if path.is_dir() or is_read(path):
            return from_folder(path, engine, names, forms)
        if path.suffix.lower() in _ARCHIVES:
            raise InputError(f"{shown}: is an archive. Unpack it, and give the folder of what it holds. {REMEDY}")
        if path.suffix not in _DATABASE_SUFFIXES:
            raise InputError(
                f"{shown}: is neither a folder nor a table nor a database (.duckdb, .db, .sqlite). {REMEDY}"
            )
        if is_sqlite(path):
            return from_sqlite(path, engine, names)
        return from_database(path, engine, names, allow, REMEDY)
    except (OSError, ValueError) as error:
        failure = outside_failure(error, shown)
        if failure is not None:
            raise failure from error
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(f"{shown}: cannot be opened ({reason}). {REMEDY}") from error


def _from_mapping(source: Mapping[str, Any], engine: Backend, names: Mapping[str, str]) -> Found:
    found = Found(names=[str(name) for name in source])
    for table, name in names.items():
        if name not in source:
            continue
        try:
            engine.con.register(f"frame_{table}", to_arrow(source[name]))
            found.tables[table] = adopt(engine, table, f"FROM frame_{table}", stored=True)
            engine.con.unregister(f"frame_{table}")
        except (duckdb.Error, InputError) as error:
            found.failures[table] = f"{table}: {said(error)} Bring it as a pandas, Polars or Arrow table."
    # What is written like a missing table is said of that table.
    missing = set(names) - set(found.tables)
    unknown = [name for name in found.names if name not in names.values() and plain_name(name) not in missing]
    if unknown:
        known = ", ".join(names.values())
        found.failures["unknown"] = f"{', '.join(unknown)}: not in the contract. Known tables: {known}."
    return found
