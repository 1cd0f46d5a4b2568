"""What the rest of churnml asks of an engine."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from ibis.util import gen_name

from churnml.data.contract import TABLES, plain_name
from churnml.data.engines.layout import FileForm, TableFile, listed
from churnml.data.local_rows import store_tables
from churnml.data.stored_rows import StoredRows
from churnml.errors import InputError

Transform = Callable[[pa.Table], pa.Table]

ROWS_PER_GROUP = 100_000


@dataclass(kw_only=True)
class Found:
    """What a source holds.

    Attributes
    ----------
    tables : dict of str to Ibis table
        Raw tables by contract name.
    failures : dict of str to str
        Sentence for each table that cannot be read, by contract name.
    names : list of str
        Names of all tables or files in the source.
    files : dict of str to sequence of TableFile
        Files of each table that is made of files, by contract name.
    hollow : dict of str to int
        Number of rows of text without any value, such as spreadsheets leave below their rows, which were passed over.
    notes : list of str
        Sentences about the source that a user should know.
    """

    tables: dict[str, ir.Table] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    files: dict[str, Sequence[TableFile]] = field(default_factory=dict)
    hollow: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Engine(ABC):
    """An Ibis backend, and what Ibis does not say in the same words for all of them.

    Attributes
    ----------
    backend : Ibis backend
        Backend that runs the queries.
    errors : tuple of exception types
        Exceptions that the engine raises where stored data cannot be read.
    remedy : str
        Text that says what may be brought instead of a source that does not hold the tables.
    orders_at_once : int or None
        Number of orders whose customers it can look at together; None where it has no such bound.
    is_distributed : bool
        Whether several machines compute, each of which writes parts of what comes out.
    reads_forms : bool
        Whether it reads files of other forms than UTF-8 text and Parquet.
    """

    backend: Any
    errors: tuple[type[Exception], ...]
    remedy: str
    orders_at_once: int | None = None
    is_distributed: bool = False
    reads_forms: bool = False

    @abstractmethod
    def find(self, source: Any, names: Mapping[str, str], forms: Mapping[str, FileForm]) -> Found:
        """Find the raw tables of a source; ``names`` and ``forms`` are those of ``raw_tables``."""

    @abstractmethod
    def keep(self, name: str, table: ir.Table, *, stored: bool) -> ir.Table:
        """Name a table on the engine, such that its text sorts by bytes; ``stored`` computes it once."""

    @abstractmethod
    def forget(self, name: str) -> None:
        """Let a table go that was stored under a name."""

    @contextmanager
    def stored(self, table: ir.Table) -> Iterator[ir.Table]:
        """Compute a table once, for as long as the block lasts."""
        name = gen_name("stored")
        kept = self.keep(name, table, stored=True)
        try:
            yield kept
        finally:
            self.forget(name)

    def beside(self, frame: pd.DataFrame) -> ir.Table | None:
        """Return rows of ours as a table to join with; None where they would have to be sent to a server."""
        return None

    def view(self, table: ir.Table) -> str | None:
        """Return how the text of a query names a table, as a view; None where the engine makes none."""
        return None

    def of_form(self, query: Callable[..., ir.Table], tables: Sequence[ir.Table], *arguments: Hashable) -> ir.Table:
        """Return a query of tables; an engine may write its text once for all tables of the same columns.

        Parameters
        ----------
        query : callable
            Function of a module, which takes the tables and the arguments and reads the columns of nothing else.
        tables : sequence of Ibis table
            Tables that are read.
        *arguments : hashable
            Further arguments of the query.
        """
        return query(*tables, *arguments)

    def files(self, source: Any, found: Found) -> dict[str, Path] | None:
        """Return the files that a source is made of, by their names within it; None where it is none."""
        return None

    def raw_tables(self, source: Any, names: Mapping[str, str], forms: Mapping[str, FileForm] | None = None) -> Found:
        """Find the raw tables of a source, by contract name, and say which are missing.

        Parameters
        ----------
        source : object
            Source that the engine was opened for.
        names : mapping of str to str
            Name that the source uses for each contract table.
        forms : mapping of str to FileForm, optional
            How the files of a table are written, where that is not as usual.

        Returns
        -------
        Found
            The tables that could be opened, and a sentence for each that could not, or that is missing.

        Raises
        ------
        InputError
            Where the source as a whole is missing or cannot be opened.
        """
        found = self.find(source, names, forms or {})
        for table, form in (forms or {}).items():
            if form.set and table in found.tables and not (self.reads_forms and table in found.files):
                found.failures[table] = (
                    f"{table}: {', '.join(f'tables.{table}.{name}' for name in form.set)} in the config is for files "
                    "that DuckDB reads, but the table is none. Take it out."
                )
        received = listed(found.names) or "nothing"
        for table, name in names.items():
            if table in found.tables or table in found.failures:
                continue
            alike = [other for other in found.names if plain_name(other) == name]
            if alike:
                found.failures[table] = (
                    f"{table}: the table {alike[0]!r} is not read, though {table} is a table of the contract. Call it "
                    f"{name}, or name it under tables.{table}.name in the config."
                )
            elif name != table:
                found.failures[table] = (
                    f"{table}: tables.{table}.name in the config says {name}, but there is no such table "
                    f"(found: {received}). Correct the config."
                )
            elif table == "orders":
                found.failures[table] = f"orders: the table is missing (found: {received}). {self.remedy}"
        return found

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Make the engine's errors, such as of a file that is gone or of a memory that is full, those of the input.

        Raises
        ------
        InputError
            With what the engine says.
        """
        try:
            yield
        except self.errors as error:
            raise InputError(
                f"The tables cannot be read to their end. {said(error)} Look whether all of them are there and whole, "
                "and export them again."
            ) from error

    def frame(self, table: ir.Table) -> pd.DataFrame:
        """Return the rows of a large table of plain numbers and texts."""
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def hash_rows(self, columns: Mapping[str, ir.Value]) -> ir.IntegerValue:
        """Hash what stands in some columns of a row; null is a value of its own."""
        texts = [column.cast("string").fill_null("\2") for column in columns.values()]
        return ibis.literal("\1").join(texts).hash()

    def batches(self, tables: Iterable[ir.Table], rows: int = ROWS_PER_GROUP) -> Iterator[pa.Table]:
        """Return the rows of tables, one after another, in pieces of so many rows, without holding them all."""
        waiting: list[pa.RecordBatch] = []
        count = 0
        for batch in (batch for table in tables for batch in self._stream(table, rows)):
            while batch.num_rows:
                piece = batch.slice(0, rows - count)
                batch = batch.slice(piece.num_rows)
                waiting.append(piece)
                count += piece.num_rows
                if count == rows:
                    yield pa.Table.from_batches(waiting)
                    waiting, count = [], 0
        if waiting:
            yield pa.Table.from_batches(waiting)

    def store(self, tables: Sequence[ir.Table], transform: Transform, schema: pa.Schema) -> StoredRows:
        """Keep what a function makes of tables with ``customer_id``; see ``write`` for its arguments."""
        return store_tables(map(transform, self.batches(tables)), schema)

    def _stream(self, table: ir.Table, rows: int) -> Iterable[pa.RecordBatch]:
        """Return the rows in batches of about so many."""
        stream: Iterable[pa.RecordBatch] = self.backend.to_pyarrow_batches(table, chunk_size=rows)
        return stream

    def write(self, tables: Sequence[ir.Table], transform: Transform, schema: pa.Schema, folder: Path) -> None:
        """Write tables with ``customer_id`` as Parquet parts, sorted by it, in bounded memory.

        Parameters
        ----------
        tables : sequence of Ibis table
            Rows to write, each table of other customers, in the order of the customers and sorted by them.
        transform : callable
            Function that makes the rows that are written of a piece of them; it sees each piece once.
        schema : Arrow schema
            Columns and types that ``transform`` gives.
        folder : Path
            Empty folder for the parts.
        """
        with pq.ParquetWriter(
            folder / "part-00000.parquet", schema, compression="zstd", use_dictionary=False
        ) as writer:
            for piece in self.batches(tables):
                writer.write_table(transform(piece).cast(schema), row_group_size=ROWS_PER_GROUP)


def said(error: Exception) -> str:
    """Return what a library's error says in one line, without its advice on the library's own options."""
    text = error.strerror or str(error) if isinstance(error, OSError) else _root_of(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    first = re.sub(r"^(\w+ )*Error: ", "", lines[0])
    if first.startswith("CSV Error") and len(lines) > 2:
        line = first.rsplit(" ", 1)[-1]
        columns = re.fullmatch(r"Expected Number of Columns: (\d+) Found: (\d+)", lines[2])
        first = (
            f"Line {line} has {columns[2]} columns, the header {columns[1]}" if columns else f"Line {line}: {lines[2]}"
        )
    return first[:300].rstrip(".") + "."


def _root_of(error: Exception) -> str:
    """Return what went wrong at first: the error of a call into Java says only that one was made."""
    cause = getattr(error, "java_exception", None)
    while cause is not None and cause.getCause() is not None:
        cause = cause.getCause()
    return str(error) if cause is None else str(cause.getMessage() or cause.toString())


def unknown_timezone(timezone: str) -> InputError:
    """Make the error of a time zone that the engine does not know."""
    return InputError(f"timezone: {timezone!r} is not known. Use a name such as Europe/Istanbul or UTC.")


TABLE_NAMES = ", ".join(TABLES)
