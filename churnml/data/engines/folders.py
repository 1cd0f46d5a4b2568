"""Reading files with DuckDB: every path as it stands, every text file by its header alone."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from churnml.data.engines.as_text import as_plain_text, from_header_on
from churnml.data.engines.copied import copy_batches
from churnml.data.engines.engine import Found
from churnml.data.engines.iceberg import batches_of
from churnml.data.engines.layout import FileForm, TableFile, lay_out, lay_out_file, named
from churnml.data.engines.readable import check_readable, read_headers, refuse_repeated_keys, why_unreadable
from churnml.data.engines.sql import adopt, identifier, quoted, scratch_of
from churnml.errors import InputError

# The column that says from which file a row comes, while it is joined to what stands in the names of folders.
_FILE = "file of churnml"


def from_folder(path: Path, engine: Backend, names: Mapping[str, str], forms: Mapping[str, FileForm]) -> Found:
    """Find the tables of a folder of files, or of one file.

    Parameters
    ----------
    path : Path
        Folder that holds the files, or a file.
    engine : DuckDB backend
        DuckDB backend: text is stored in it, Parquet is read where it lies.
    names : mapping of str to str
        Name that the files have for each contract table.
    forms : mapping of str to FileForm
        How the files of a table are written, where that is not as usual.
    """
    is_folder = path.is_dir()
    layout = lay_out(path, names) if is_folder else lay_out_file(path, names)
    found = Found(
        failures=dict(layout.failures), names=sorted(entry.name for entry in (path.iterdir() if is_folder else [path]))
    )
    found.notes += layout.notes
    for table, files in layout.tables.items():
        if table in found.failures:
            continue
        if files[0].is_iceberg:
            try:
                found.tables[table] = copy_batches(engine, table, batches_of(files[0].path))
                found.files[table] = files
            except InputError as error:
                found.failures[table] = f"{error}"
            continue
        try:
            files = as_plain_text(files, forms.get(table, FileForm()), table, scratch_of(engine))
        except InputError as error:
            found.failures[table] = f"{table}: {error}"
            continue
        try:
            check_readable(files)
            files = from_header_on(files, scratch_of(engine))
            query = _parquet_query(files) if files[0].is_parquet else _csv_query(files)
            if any(file.keys for file in files):
                query = _with_keys(engine, table, query, files)
            found.tables[table] = adopt(engine, table, query, stored=not files[0].is_parquet)
            found.files[table] = files
            if not files[0].is_parquet and (hollow := _pass_over_hollow(engine, found.tables[table])):
                found.hollow[table] = hollow
                found.notes.append(f"{table}: {hollow:,} rows of {named(files)} without any value were passed over.")
        except (duckdb.Error, InputError, OSError) as error:
            found.failures[table] = f"{table}: {named(files)} cannot be read. {why_unreadable(table, files, error)}"
    return found


def _pass_over_hollow(engine: Backend, table: ir.Table) -> int:
    """Delete the rows of a stored table of text that hold no value at all, and return how many they are."""
    # In a file of one column, a row without a value is one.
    if len(table.columns) == 1:
        return 0
    empty = " AND ".join(f"coalesce(trim({identifier(name)}), '') = ''" for name in table.columns)
    ((count,),) = engine.raw_sql(f"DELETE FROM {identifier(table.get_name())} WHERE {empty}").fetchall()  # noqa: S608, names are quoted
    return int(count)


def _parquet_query(files: Sequence[TableFile]) -> str:
    return f"FROM read_parquet({_paths(files)}, union_by_name=true, hive_partitioning=false)"


def _csv_query(files: Sequence[TableFile]) -> str:
    """Say how to read CSV files as text, without a guess: the header line alone tells columns and delimiter."""
    alike: dict[tuple[int, str, tuple[str, ...]], list[TableFile]] = {}
    for file, header in zip(files, read_headers(files), strict=True):
        alike.setdefault((header.skip, header.delimiter, header.columns), []).append(file)
    parts = []
    for (skip, delimiter, columns), group in alike.items():
        kinds = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in columns)
        parts.append(
            f"FROM read_csv({_paths(group)}, columns={{{kinds}}}, delim={quoted(delimiter)}, skip={skip}, "
            "auto_detect=false, header=true, quote='\"', escape='\"', comment='', hive_partitioning=false)"
        )
    return f"FROM ({' UNION ALL BY NAME '.join(parts)})"


def _with_keys(engine: Backend, table: str, query: str, files: Sequence[TableFile]) -> str:
    """Join the columns that stand in the names of folders."""
    columns = [name for name, *_ in engine.raw_sql(f"DESCRIBE SELECT * {query}").fetchall()]
    refuse_repeated_keys(files, columns)
    keys = dict.fromkeys(key for file in files for key in file.keys)
    listed = pa.table(
        {
            _FILE: pa.array([str(file.path.absolute()) for file in files]),
            **{key: pa.array([file.keys.get(key) for file in files], pa.string()) for key in keys},
        }
    )
    engine.con.register("listed_keys", listed)
    engine.raw_sql(f"CREATE TABLE keys_{table} AS FROM listed_keys")
    engine.con.unregister("listed_keys")
    named_files = query.replace("hive_partitioning=false", f"hive_partitioning=false, filename={quoted(_FILE)}")
    column = identifier(_FILE)
    return f"FROM (SELECT * EXCLUDE ({column}) FROM ({named_files}) JOIN keys_{table} USING ({column}))"  # noqa: S608, names are quoted


def _paths(files: Sequence[TableFile]) -> str:
    return f"[{', '.join(quoted(_literal(file.path)) for file in files)}]"


def _literal(path: Path) -> str:
    """Write a path such that the engine does not take it for a pattern."""
    text = str(path.absolute())
    if "\\" in text and os.name == "posix" and re.search(r"[*?\[]", text):
        raise InputError(f"{text}: a path with a backslash and with one of * ? [ cannot be read. Rename the folder.")
    return re.sub(r"[*?\[]", r"[\g<0>]", text)
