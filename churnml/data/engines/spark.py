"""Spark: everything is computed by the session's executors; results are written as parts by them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from churnml.data.engines import sources
from churnml.data.engines.engine import TABLE_NAMES, Engine, Found, Transform, said, unknown_timezone
from churnml.errors import InputError, MissingExtraError

try:
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession
except ImportError as missing:
    raise MissingExtraError("Reading a shop with Spark", "spark") from missing

_ROWS_PER_PART = 1_000_000


class SparkEngine(Engine):
    """A Spark session.

    Parameters
    ----------
    source
        A session, whose catalog holds the tables; or ``pyspark:///folder?spark.master=local[2]``, where the folder
        holds them as files (without a folder the catalog does) and what follows the question mark configures the
        session.
    timezone
        The wall clock into which zone-aware times are converted; it becomes the session's.
    """

    errors = (PySparkException, Py4JError)
    remedy = f"Name a folder with Parquet files, or a catalog with tables of these names: {TABLE_NAMES}."

    def __init__(self, source: Any, timezone: str) -> None:
        self._folder: Path | None = None
        session = source
        if isinstance(source, str):
            address = urlsplit(source)
            self._folder = Path(address.path) if address.path.strip("/") else None
            session = _session(dict(parse_qsl(address.query)))
        self.session: SparkSession = session
        self.backend = ibis.pyspark.connect(session)
        try:
            session.conf.set("spark.sql.session.timeZone", timezone)
            session.sql("SELECT current_timezone()").collect()
        except self.errors as error:
            raise unknown_timezone(timezone) from error

    def find(self, source: Any, names: Mapping[str, str]) -> Found:
        """Find tables of the session's catalog, or files of a folder."""
        if self._folder is not None:
            return self._from_folder(self._folder, names)
        listed = sorted(self.backend.list_tables())
        return {table: self.backend.table(name) for table, name in names.items() if name in listed}, {}, listed

    def keep(self, name: str, table: ir.Table, *, stored: bool) -> ir.Table:
        """Give the table itself: what is converted on the way is converted where it is read."""
        return table

    def forget(self, name: str) -> None:
        """Do nothing: Spark stores no table."""

    def write(self, tables: Sequence[ir.Table], transform: Transform, schema: pa.Schema, folder: Path) -> None:
        """Let the executors write the parts: customers by hash, sorted within each part."""
        (table,) = tables
        rows = self.session.sql(self.backend.compile(table))
        parts = -(-rows.count() // _ROWS_PER_PART) or 1
        rows = rows.repartition(parts, "customer_id").sortWithinPartitions("customer_id")
        made = rows.mapInArrow(_applied(transform, schema), _spark_schema(schema))
        written = folder / "written"
        made.write.option("compression", "zstd").parquet(str(written))
        for number, part in enumerate(sorted(written.glob("part-*.parquet"))):
            part.rename(folder / f"part-{number:05d}.parquet")
        for left in written.iterdir():
            left.unlink()
        written.rmdir()

    def _from_folder(self, folder: Path, names: Mapping[str, str]) -> Found:
        if not folder.is_dir():
            raise InputError(f"{folder}: there is no such folder. {self.remedy}")
        found: dict[str, ir.Table] = {}
        failures: dict[str, str] = {}
        for table, name in names.items():
            files = sources.table_files(folder, name, set(names.values()))
            if not files:
                continue
            paths = [str(file) for file in files]
            try:
                if any(path.endswith(".parquet") for path in paths):
                    frame = self.session.read.parquet(*paths)
                else:
                    frame = self.session.read.csv(paths, header=True, mode="FAILFAST", multiLine=True, escape='"')
                view = f"churnml_{uuid4().hex}_{table}"  # several shops may share a session
                frame.createOrReplaceTempView(view)
                found[table] = self.backend.table(view)
            except self.errors as error:
                failures[table] = f"{table}: {', '.join(file.name for file in files)} cannot be read. {said(error)}"
        return found, failures, sorted(entry.name for entry in folder.iterdir())


def _session(settings: Mapping[str, str]) -> SparkSession:
    if settings.get("spark.master", "local").startswith("local"):
        # Executors on this machine run the Python that runs here, which has what churnml needs.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("churnml")
    for key, value in {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", **settings}.items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, Py4JError, RuntimeError, OSError) as error:
        raise InputError(f"Spark cannot be started. {said(error)} It needs Java 17 or newer.") from error
    session.sparkContext.setLogLevel("ERROR")
    return session


def _applied(transform: Transform, schema: pa.Schema) -> Any:
    def apply(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from transform(pa.Table.from_batches([batch])).cast(schema).to_batches()

    return apply


def _spark_schema(schema: pa.Schema) -> str:
    kinds = {pa.string(): "string", pa.large_string(): "string", pa.float64(): "double", pa.date32(): "date"}
    return ", ".join(f"`{field.name}` {kinds[field.type]}" for field in schema)
