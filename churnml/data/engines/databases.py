"""A shop in a DuckDB file: it is read, and what stands in it reads nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from ibis.backends.duckdb import Backend

from churnml.data.engines.engine import Found, said
from churnml.data.engines.sql import adopt, identifier, quoted, scratch_of
from churnml.errors import InputError, OutsideError

_MARK = b"DUCK"


def from_database(
    path: Path, engine: Backend, names: Mapping[str, str], allow: Sequence[str | Path], remedy: str
) -> Found:
    """Find the tables and views of a DuckDB file.

    A view is SQL that somebody else wrote: from here on the connection opens no file but the shop's, its own scratch
    files and those of the folders that are allowed, and no statement can change that.

    Parameters
    ----------
    path : Path
        DuckDB file.
    engine : DuckDB backend
        DuckDB backend to which the file is attached.
    names : mapping of str to str
        Name that the file uses for each contract table.
    allow : sequence of str or Path
        Folders that views may read.
    remedy : str
        Text that says what may be brought instead of a file that is no database.

    Raises
    ------
    InputError
        Where the file cannot be opened, or a folder is not there.
    OutsideError
        Where another program writes to it.
    """
    with path.open("rb") as file:
        if file.read(12)[8:] != _MARK:
            raise InputError(f"{path}: is not a DuckDB file, whatever its name says. {remedy}")
    try:
        engine.raw_sql(f"ATTACH {quoted(str(path.absolute()))} AS source (READ_ONLY)")
        _lock(engine, allow)
        rows = engine.raw_sql(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_catalog = 'source' AND table_schema = 'main' ORDER BY table_name"
        ).fetchall()
    except duckdb.Error as error:
        kind = OutsideError if isinstance(error, duckdb.IOException) and "lock" in str(error) else InputError
        raise kind(f"{path}: cannot be opened. {said(error)} Close what else uses it, or copy it.") from error
    found = Found(names=[str(name) for (name,) in rows])
    for table, name in names.items():
        if name not in found.names:
            continue
        try:
            found.tables[table] = adopt(engine, table, f"FROM source.main.{identifier(name)}", stored=False)
        except duckdb.PermissionException as error:
            other = re.search(r'"([^"]+)"', str(error))
            found.failures[table] = (
                f"{table}: {name} is a view that reads {other[1] if other else 'what lies outside'}, but a shop's "
                "views read no other files. Name the folder under tables.allow in the config if it is the shop's, or "
                "write the rows into the DuckDB file."
            )
        except duckdb.Error as error:
            found.failures[table] = f"{table}: {name} cannot be read. {said(error)} Write the table again."
    return found


def _lock(engine: Backend, allow: Sequence[str | Path]) -> None:
    for folder in allow:
        if not Path(folder).is_dir():
            raise InputError(f"tables.allow: {folder} is no folder. Correct the config.")
    folders = ", ".join(quoted(str(Path(folder).absolute())) for folder in (scratch_of(engine), *allow))
    engine.raw_sql(f"SET allowed_directories = [{folders}]")
    engine.raw_sql("SET enable_external_access = false")
    engine.raw_sql("SET lock_configuration = true")
