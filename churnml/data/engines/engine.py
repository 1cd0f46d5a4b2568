"""What the rest of churnml asks of an engine."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnml.data.contract import TABLES
from churnml.errors import InputError

# Tables found and failures by contract name, and the names of all that there is.
Found = tuple[dict[str, ir.Table], dict[str, str], list[str]]
Transform = Callable[[pa.Table], pa.Table]

LISTED = 10
ROWS_PER_GROUP = 100_000


class Engine(ABC):
    """An Ibis backend, and what Ibis does not say in the same words for all of them.

    Attributes
    ----------
    backend
        The Ibis backend.
    errors
        What the engine raises where stored data cannot be read.
    remedy
        What a user may bring instead of a source that does not hold the tables.
    orders_at_once
        Orders whose customers it can look at together; None where it has no such bound.
    """

    backend: Any
    errors: tuple[type[Exception], ...]
    remedy: str
    orders_at_once: int | None = None

    @abstractmethod
    def find(self, source: Any, names: Mapping[str, str]) -> Found:
        """Find the raw tables of a source; ``names`` holds the source's name for each contract table."""

    @abstractmethod
    def keep(self, name: str, table: ir.Table, *, stored: bool) -> ir.Table:
        """Give a table a name on the engine, such that its text sorts by bytes; ``stored`` computes it once."""

    @abstractmethod
    def forget(self, name: str) -> None:
        """Let a table go that was stored under a name."""

    def files(self, source: Any, names: Mapping[str, str]) -> list[Path] | None:
        """Give the files that a source is made of; None where it is none."""
        return None

    def raw_tables(self, source: Any, names: Mapping[str, str]) -> tuple[dict[str, ir.Table], list[str]]:
        """Find the raw tables of a source, by contract name.

        Parameters
        ----------
        source
            What the engine was opened for.
        names
            For each contract table, the name that the source uses.

        Returns
        -------
        dict
            The tables that could be opened.
        list
            A sentence for each that could not, or that is missing.

        Raises
        ------
        InputError
            Where the source as a whole is missing or cannot be opened.
        """
        found, failures, received = self.find(source, names)
        listed = ", ".join(received[:LISTED]) + (", ..." if len(received) > LISTED else "") or "nothing"
        for table, name in names.items():
            if table in found or table in failures:
                continue
            if name != table:
                failures[table] = (
                    f"{table}: tables.{table}.name in the config says {name}, but there is no such table "
                    f"(found: {listed}). Correct the config."
                )
            elif table == "orders":
                failures[table] = f"orders: the table is missing (found: {listed}). {self.remedy}"
        return found, list(failures.values())

    def frame(self, table: ir.Table) -> pd.DataFrame:
        """Give the rows of a large table of plain numbers and texts."""
        frame: pd.DataFrame = table.to_pandas()
        return frame

    def hash_rows(self, columns: Mapping[str, ir.Value]) -> ir.IntegerValue:
        """Hash what stands in some columns of a row; null is a value of its own."""
        texts = [column.cast("string").fill_null("\2") for column in columns.values()]
        return ibis.literal("\1").join(texts).hash()

    def batches(self, tables: Iterable[ir.Table], rows: int = ROWS_PER_GROUP) -> Iterator[pa.Table]:
        """Give the rows of tables, one after another, in pieces of so many rows, without holding them all."""
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

    def _stream(self, table: ir.Table, rows: int) -> Iterable[pa.RecordBatch]:
        """Give the rows in batches of about so many."""
        stream: Iterable[pa.RecordBatch] = self.backend.to_pyarrow_batches(table, chunk_size=rows)
        return stream

    def write(self, tables: Sequence[ir.Table], transform: Transform, schema: pa.Schema, folder: Path) -> None:
        """Write tables with ``customer_id`` as Parquet parts, sorted by it, in bounded memory.

        Parameters
        ----------
        tables
            The rows, of customers apart, in the order of the customers and each sorted by them.
        transform
            Makes the rows that are written of a piece of them; it sees each piece once.
        schema
            What ``transform`` gives.
        folder
            An empty folder.
        """
        with pq.ParquetWriter(
            folder / "part-00000.parquet", schema, compression="zstd", use_dictionary=False
        ) as writer:
            for piece in self.batches(tables):
                writer.write_table(transform(piece).cast(schema), row_group_size=ROWS_PER_GROUP)


def said(error: Exception) -> str:
    """Give what a library's error says in one line, without its advice on the library's own options."""
    text = error.strerror or str(error) if isinstance(error, OSError) else str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(error).__name__]
    first = re.sub(r"^(\w+ )*Error: ", "", lines[0])
    if first.startswith("CSV Error") and len(lines) > 2:
        line = first.rsplit(" ", 1)[-1]
        columns = re.fullmatch(r"Expected Number of Columns: (\d+) Found: (\d+)", lines[2])
        first = (
            f"Line {line} has {columns[2]} columns, the header {columns[1]}" if columns else f"Line {line}: {lines[2]}"
        )
    return first[:300].rstrip(".") + "."


def unknown_timezone(timezone: str) -> InputError:
    """Make the error of a time zone that the engine does not know."""
    return InputError(f"timezone: {timezone!r} is not known. Use a name such as Europe/Istanbul or UTC.")


def without_password(source: object) -> str:
    """Write a source for people to read: an address without its password.

    Examples
    --------
    >>> without_password("postgres://ann:secret@db/shop")
    'postgres://ann@db/shop'
    >>> without_password("postgres://db/shop?user=ann&password=secret")
    'postgres://db/shop?user=ann&password=...'
    """
    text = re.sub(r"(?<=://)([^:@/?]*):.*@", r"\1@", str(source))
    return re.sub(r"(password=)[^&\s]*", r"\1...", text, flags=re.IGNORECASE)


TABLE_NAMES = ", ".join(TABLES)
