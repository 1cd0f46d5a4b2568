"""Spark: everything is computed by the session's executors; results are written as parts by them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial, reduce
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote
from uuid import uuid4

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from churnml.data.engines.addresses import split_address
from churnml.data.engines.engine import TABLE_NAMES, Engine, Found, Transform, said, unknown_timezone
from churnml.data.engines.layout import FileForm, TableFile, lay_out, named
from churnml.data.engines.readable import check_readable, read_headers, refuse_repeated_keys, why_unreadable
from churnml.data.stored_rows import ID, StoredRows
from churnml.errors import InputError, MissingExtraError

try:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import DataFrame, SparkSession, functions

    from churnml.data.engines.spark_rows import (
        RowsOnSpark,
        Shape,
        shipped,
        spark_schema,
        why_not_run,
        write_parts,
    )
except ImportError as missing:
    raise MissingExtraError("Reading a shop with Spark", "spark") from missing

_ROWS_PER_PART = 1_000_000
_FILE = "file of churnml"
# A task joins some twenty tables, each with a page of memory at least: of the usual size, 32 MiB for an executor of one
# core and 1 GiB, they do not fit. Nor does the sort of 64 MiB, packed, of what is shuffled.
_SMALL = {"spark.buffer.pageSize": "1m", "spark.sql.adaptive.advisoryPartitionSizeInBytes": "16m"}


class SparkEngine(Engine):
    """A Spark session.

    Parameters
    ----------
    source : object
        Spark session whose catalog holds the tables; or ``pyspark:///folder?spark.master=local[2]``, where the folder
        holds them as files (without a folder the catalog does) and what follows the question mark configures the
        session.
    timezone : str
        Time zone of the shop's wall clock, into which zone-aware times are converted; it becomes the session's.
    """

    errors = (PySparkException, Py4JError)
    is_distributed = True
    remedy = f"Name a folder with Parquet files, or a catalog with tables of these names: {TABLE_NAMES}."

    def __init__(self, source: Any, timezone: str) -> None:
        self._folder: Path | None = None
        session = source
        if isinstance(source, str):
            address = split_address(source)
            self._folder = _folder_of(address)
            if self._folder is not None and not self._folder.is_dir():  # said at once: to start Spark takes long
                raise InputError(f"{self._folder}: there is no such folder. {self.remedy}")
            session = _session(dict(parse_qsl(address.query)))
        self.session: SparkSession = session
        self.backend = ibis.pyspark.connect(session)
        try:
            session.conf.set("spark.sql.session.timeZone", timezone)
            session.sql("SELECT current_timezone()").collect()
        except self.errors as error:
            raise unknown_timezone(timezone) from error

    def find(self, source: Any, names: Mapping[str, str], forms: Mapping[str, FileForm]) -> Found:
        """Find tables of the session's catalog, or files of a folder."""
        if self._folder is not None:
            return self._from_folder(self._folder, names)
        listed = sorted(self.backend.list_tables())
        found = {table: self.backend.table(name) for table, name in names.items() if name in listed}
        return Found(tables=found, names=listed)

    def files(self, source: Any, found: Found) -> dict[str, Path] | None:
        """Return the files of the folder; None for a catalog."""
        if self._folder is None:
            return None
        return {file.name: file.path for files in found.files.values() for file in files}

    def keep(self, name: str, table: ir.Table, *, stored: bool) -> ir.Table:
        """Return the table itself: what is converted on the way is converted where it is read."""
        return table

    def forget(self, name: str) -> None:
        """Do nothing: Spark stores no table."""

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Make Spark's errors those of the input; where executors lack what churnml needs, say what."""
        with super().refusing():
            try:
                yield
            except PySparkException as error:
                lacking = why_not_run(error)
                if lacking is not None:
                    raise lacking from error
                raise

    def write(self, tables: Sequence[ir.Table], transform: Transform, schema: pa.Schema, folder: Path) -> None:
        """Write the parts on the executors: customers by hash, sorted within each part."""
        rows = self._rows(tables)
        with self.refusing():
            parts = -(-rows.count() // _ROWS_PER_PART) or 1
            rows = rows.repartition(parts, ID).sortWithinPartitions(ID)
            write_parts(
                rows.mapInArrow(shipped(partial(_cast, transform, schema)), spark_schema(schema)), folder, "append"
            )

    def store(self, tables: Sequence[ir.Table], transform: Transform, schema: pa.Schema) -> StoredRows:
        """Keep what a function makes of tables with ``customer_id`` on the executors."""
        made = self._rows(tables).mapInArrow(shipped(partial(_cast, transform, schema)), spark_schema(schema))
        like = schema.empty_table().to_pandas().set_index(ID)
        return RowsOnSpark(made, Shape(like), self.refusing)

    def _rows(self, tables: Sequence[ir.Table]) -> DataFrame:
        (table,) = tables
        return self.session.sql(self.backend.compile(table))

    def _from_folder(self, folder: Path, names: Mapping[str, str]) -> Found:
        layout = lay_out(folder, names)
        found = Found(failures=dict(layout.failures), names=sorted(entry.name for entry in folder.iterdir()))
        found.notes += layout.notes
        for table, files in layout.tables.items():
            if table in found.failures:
                continue
            if sheets := [file for file in files if file.is_spreadsheet]:
                found.failures[table] = f"{table}: Spark reads no spreadsheets ({named(sheets)}). Save them as CSV."
                continue
            if files[0].is_iceberg:
                found.failures[table] = f"{table}: Spark reads no Iceberg table in a folder. Export it as Parquet."
                continue
            try:
                check_readable(files)
                frame = self._read(files)
                view = f"churnml_{uuid4().hex}_{table}"  # several shops may share a session
                frame.createOrReplaceTempView(view)
                found.tables[table] = self.backend.table(view)
                found.files[table] = files
            except (*self.errors, InputError, OSError) as error:
                found.failures[table] = f"{table}: {named(files)} cannot be read. {why_unreadable(table, files, error)}"
        return found

    def _read(self, files: Sequence[TableFile]) -> DataFrame:
        """Read files that are alike together; columns that one part lacks are null in it."""
        alike: dict[Any, list[TableFile]] = {}
        headers = [None] * len(files) if files[0].is_parquet else read_headers(files)
        for file, header in zip(files, headers, strict=True):
            if header is not None and header.filled:
                raise InputError(
                    f"{file.name}: Spark cannot pass over lines before the header, such as sep=; (remove them)."
                )
            columns = () if header is None else (header.delimiter, header.columns)
            alike.setdefault((tuple(file.keys), columns), []).append(file)
        frames = [self._read_alike(group, list(keys), columns) for (keys, columns), group in alike.items()]
        return reduce(lambda one, other: one.unionByName(other, allowMissingColumns=True), frames)

    def _read_alike(self, files: Sequence[TableFile], keys: Sequence[str], header: tuple[Any, ...]) -> DataFrame:
        # A path is what it says, and no pattern.
        reader = self.session.read.option("__globPaths__", "false")
        paths = [str(file.path.absolute()) for file in files]
        if header:
            delimiter, columns = header
            schema = ", ".join(f"{_identifier(name)} string" for name in columns)
            reader = reader.schema(schema).options(
                sep=delimiter, header="true", mode="FAILFAST", multiLine="true", escape='"', encoding="UTF-8"
            )
        reader = reader.format("csv" if header else "parquet")
        if not header:
            reader = reader.option("mergeSchema", "true")
        plain = reader.option("recursiveFileLookup", "true").load(paths)  # folders' names are no columns here
        if not keys:
            return plain
        refuse_repeated_keys(files, plain.columns)
        rows = [(path, *(file.keys[key] for key in keys)) for path, file in zip(paths, files, strict=True)]
        kinds = ", ".join(f"{_identifier(name)} string" for name in (_FILE, *keys))
        listed = self.session.createDataFrame(rows, kinds)
        # Spark gives an address of the file: its signs are encoded, but for a plus.
        kept = functions.replace(functions.col("_metadata.file_path"), functions.lit("+"), functions.lit("%2B"))
        path = functions.regexp_replace(functions.url_decode(kept), "^file:/+", "/").alias(_FILE)
        return plain.select("*", path).join(functions.broadcast(listed), _FILE).drop(_FILE)


def _identifier(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _folder_of(address: SplitResult) -> Path | None:
    """Return the folder of an address: as it stands where it is there, else with its encoded signs."""
    if not address.path.strip("/"):
        return None
    folder = Path(address.path)
    return folder if folder.exists() else Path(unquote(address.path))


def _session(settings: Mapping[str, str]) -> SparkSession:
    if settings.get("spark.master", "local").startswith("local"):
        # Executors on this machine run the Python that runs here, which has what churnml needs.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    remote = "spark.remote" in settings
    builder = SparkSession.builder.appName("churnml")
    own = {} if remote else {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", **_SMALL}
    for key, value in {**own, **settings}.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError, RuntimeError, OSError) as error:
        raise InputError(f"Spark cannot be started. {said(error)} It needs Java 17 or newer.") from error
    if not remote:
        session.sparkContext.setLogLevel("ERROR")
    return session


def _cast(transform: Transform, schema: pa.Schema, table: pa.Table) -> pa.Table:
    return transform(table).cast(schema)
