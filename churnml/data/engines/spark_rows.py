"""Rows of customers on Spark: the executors keep them and compute on them, and little of them comes to the driver."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import uuid4

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import StorageLevel
from pyspark.sql import DataFrame

from churnml.data.local_rows import ROWS_PER_PIECE
from churnml.data.stored_rows import ID, RANK, Counts, StoredRows, Transform, in_order
from churnml.errors import InputError
from churnml.version import __version__

Batches = Iterable[pa.RecordBatch]
Refusing = Callable[[], AbstractContextManager[None]]
_BESIDE = "beside "
_HASH = "md5 of the id"
_KINDS = {
    pa.string(): "string",
    pa.large_string(): "string",
    pa.float64(): "double",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp_ntz",
}


@dataclass(frozen=True)
class Shape:
    """How frames of rows look.

    Attributes
    ----------
    like : pandas DataFrame
        A frame without rows, with the index, the columns and the types.
    """

    like: pd.DataFrame

    @property
    def columns(self) -> list[str]:
        """Names of the columns, those of the index included."""
        return [*([ID] if self.like.index.name == ID else []), *self.like.columns]

    @property
    def beside(self) -> list[str]:
        """SQL that selects the columns with names that those of other rows do not have, but for the id."""
        return [ID, *(f"{_name(name)} as {_name(_BESIDE + name)}" for name in self.columns if name != ID)]

    def from_beside(self, table: pa.Table) -> pa.Table:
        """Return the columns that `beside` selected, with their own names."""
        names = [name if name == ID else _BESIDE + name for name in self.columns]
        return table.select(names).rename_columns(self.columns)

    def framed(self, table: pa.Table) -> pd.DataFrame:
        """Return rows, or some columns of them, as a frame."""
        frame: pd.DataFrame = in_wall_clock(table).to_pandas()
        if self.like.index.name == ID:
            frame = frame.set_index(ID)
        return frame.astype({name: kind for name, kind in self.like.dtypes.items() if name in frame})


class RowsOnSpark(StoredRows):
    """Rows that Spark's executors keep on their disks; what is lost with one of them is computed again by the others.

    Parameters
    ----------
    rows : Spark DataFrame
        Rows, with ``customer_id`` among the columns.
    shape : Shape
        How frames of them look.
    refusing : callable
        Function that makes a context in which Spark's errors become those of the input.
    order : str, optional
        Column by which the rows are in order.
    length : int, optional
        Number of rows where they are not kept but computed when they are read; None keeps and counts them.
    """

    is_distributed = True

    def __init__(
        self, rows: DataFrame, shape: Shape, refusing: Refusing, order: str = ID, length: int | None = None
    ) -> None:
        self._shape, self._refusing, self._order = shape, refusing, order
        self._needed: tuple[RowsOnSpark, ...] = ()  # rows of which these are computed whenever they are read
        if length is None:
            # A view is analysed once; Spark Connect would send and analyse the whole query with each request.
            view = f"churnml_{uuid4().hex}"
            with refusing():
                rows.createOrReplaceTempView(view)
                rows = rows.sparkSession.table(view).persist(StorageLevel.DISK_ONLY)
                length = rows.count()
            weakref.finalize(self, _let_go, rows, view).atexit = False
        self._rows, self._length = rows, length

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._length

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows; of many, ask for few columns."""
        return self._framed(self._rows, columns)

    def values(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of all rows, in an order that Spark chooses."""
        return Shape(self._shape.like.reset_index(drop=True)).framed(self._table(self._rows.select(*columns)))

    def of(self, customers: Collection[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows."""
        wanted = pa.table({ID: pa.array(list(dict.fromkeys(customers)), pa.string())})
        named = self._rows.sparkSession.createDataFrame(wanted).hint("broadcast")
        return self._framed(self._rows.join(named, ID, "left_semi"), columns)

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another; all of them come to the driver for it."""
        whole = self.frame(columns)
        return (whole.iloc[start : start + ROWS_PER_PIECE] for start in range(0, max(len(whole), 1), ROWS_PER_PIECE))

    def head(self, count: int) -> pd.DataFrame:
        """Return the first rows."""
        return self._framed(self._rows.orderBy(self._order).limit(count))

    def where_null(self, column: str, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the rows in which a column is null, in the order of the rows."""
        return self._framed(self._rows.filter(f"{_name(column)} is null"), columns)

    def counts(self, *columns: str) -> Counts:
        """Count the rows by the texts in columns."""
        table = self._table(self._rows.groupBy(*columns).count())
        values = zip(*(table[name].to_pylist() for name in columns), strict=True)
        return in_order(dict(zip(values, table["count"].to_pylist(), strict=True)))

    def totals(self, column: str, by: str) -> dict[str, float]:
        """Add up money, which has two decimals, by the values of another column."""
        cents = self._rows.selectExpr(_name(by), f"cast(round({_name(column)} * 100) as bigint) as cents")
        table = self._table(cents.filter(f"{_name(by)} is not null").groupBy(by).sum("cents"))
        return {value: total / 100 for value, total in zip(table[0].to_pylist(), table[1].to_pylist(), strict=True)}

    def drawn(self, count: int) -> pd.DataFrame:
        """Return so many rows whose ids have the least MD5 sums, in the order of the rows."""
        if len(self) <= count:
            return self.frame()
        return self._framed(self._rows.selectExpr("*", f"md5({ID}) as {_name(_HASH)}").orderBy(_HASH).limit(count))

    def mapped(
        self, transform: Transform, schema: pa.Schema, *, beside: StoredRows | None = None, summed: Sequence[str] = ()
    ) -> tuple[StoredRows, pd.Series]:
        """Make rows of these, each by itself, on the executors."""
        others = [] if beside is None else [_on_spark(beside)]
        # A row of the driver's own tells the types, and what is wrong with the function before all machines run it.
        first = self.head(1)
        ids = first.index if first.index.name == ID else first[ID]
        like = transform(first, *(other.of(ids) for other in others))[list(schema.names)].head(0)
        sums = [f"sum {place}" for place in range(len(summed))]
        kinds = pa.schema([*schema, *(pa.field(name, pa.int64()) for name in sums)])
        shape, shapes = self._shape, [other._shape for other in others]

        def made(table: pa.Table) -> pa.Table:
            own = shape.framed(table.select(shape.columns))
            told = transform(own, *(each.framed(each.from_beside(table)) for each in shapes))
            told = told[[*schema.names, *summed]].set_axis(kinds.names, axis="columns")
            return pa.Table.from_pandas(told, kinds, preserve_index=False)

        joined = self._rows
        for other in others:
            joined = joined.join(other._rows.selectExpr(*other._shape.beside), ID)
        order = self._order if self._order in schema.names else ID
        rows = RowsOnSpark(joined.mapInArrow(shipped(made), spark_schema(kinds)), Shape(like), self._refusing, order)
        if not summed:
            return rows, pd.Series(dtype="int64")
        table = self._table(rows._rows.selectExpr(*(f"sum({_name(name)})" for name in sums)))
        return rows, pd.Series([column[0].as_py() for column in table.columns], index=list(summed))

    def ranked(self, column: str) -> StoredRows:
        """Return the rows with the greatest number of a column first, ties by id, and ``risk_rank``."""
        place = f"cast(row_number() over (order by {_name(column)} desc, {ID} asc) as bigint) as {RANK}"
        columns = Shape(pd.DataFrame({ID: pd.array([], dtype="str"), RANK: pd.array([], dtype="int64")}))
        ranks = RowsOnSpark(self._rows.selectExpr(ID, place), columns, self._refusing)
        shape = Shape(self._shape.like.assign(**{RANK: pd.array([], dtype="int64")}))
        both = RowsOnSpark(self._rows.join(ranks._rows, ID), shape, self._refusing, RANK, len(self))
        both._needed = (self, ranks)
        return both

    def write_parquet(self, path: str | Path, transform: Transform, schema: pa.Schema) -> None:
        """Write what a function makes of the rows as a folder of parts, in their order."""
        shape = self._shape

        def made(table: pa.Table) -> pa.Table:
            return pa.Table.from_pandas(transform(shape.framed(table)), schema, preserve_index=False)

        rows = self._rows.select(*shape.columns).orderBy(self._order)
        with self._refusing():
            write_parts(rows.mapInArrow(shipped(made), spark_schema(schema)), path, "overwrite")

    def _framed(self, rows: DataFrame, columns: Sequence[str] | None = None) -> pd.DataFrame:
        read = self._shape.columns if columns is None else columns
        if columns is not None and self._shape.like.index.name == ID:
            read = [ID, *columns]
        table = self._table(rows.select(*dict.fromkeys([*read, self._order])))
        return self._shape.framed(table.sort_by(self._order).select(list(read)))

    def _table(self, rows: DataFrame) -> pa.Table:
        with self._refusing():
            return rows.toArrow()


def shipped(transform: Callable[[pa.Table], pa.Table]) -> Callable[[Batches], Iterator[pa.RecordBatch]]:
    """Return what executors run of a function of tables; a part without rows gives none."""
    version = __version__

    def apply(batches: Batches) -> Iterator[pa.RecordBatch]:
        from churnml.version import __version__ as there

        if there != version:
            raise ImportError(f"the executors have churnml {there}, the driver {version}")
        for batch in batches:
            yield from transform(in_wall_clock(pa.Table.from_batches([batch]))).to_batches()

    return apply


def write_parts(rows: DataFrame, folder: str | Path, mode: Literal["append", "overwrite"]) -> None:
    """Write rows as ``part-*.parquet`` into a folder, or below an address, that the whole cluster reaches.

    A folder that is there is added to, or takes the new rows in place of its own.
    """
    is_address = "://" in str(folder)
    address = str(folder) if is_address else f"file:{Path(folder).absolute()}"
    rows.write.mode(mode).options(
        compression="zstd", **{"mapreduce.fileoutputcommitter.marksuccessfuljobs": "false"}
    ).parquet(address)
    if not is_address:
        for checksum in Path(folder).glob(".*.crc"):
            checksum.unlink()


def spark_schema(schema: pa.Schema) -> str:
    """Write names and types of columns as Spark does."""
    return ", ".join(f"{_name(field.name)} {_KINDS[field.type]}" for field in schema)


def in_wall_clock(table: pa.Table) -> pa.Table:
    """Return a table whose times are those of the session's clock, without a zone."""
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.tz is not None:
            table = table.set_column(place, field.name, pc.local_timestamp(table[field.name]))
    return table


def why_not_run(error: BaseException) -> InputError | None:
    """Say what the executors lack; None where the error is another one."""
    text = str(error)
    lines = [line.strip() for line in text.splitlines()]
    missing = next((line for line in lines if line.startswith(("ModuleNotFoundError", "ImportError"))), None)
    if missing is None:
        return None
    return InputError(
        f"Spark's executors cannot run churnml: {missing.split(': ', 1)[-1]}. Install the same churnml for their "
        "Python (pip install 'churnml[spark]' on every machine, or a packed environment in spark.archives), or name "
        "the Python that has it in spark.pyspark.python."
    )


def _on_spark(rows: StoredRows) -> RowsOnSpark:
    if not isinstance(rows, RowsOnSpark):
        raise TypeError(f"rows beside rows on Spark lie there too (received {type(rows).__name__})")
    return rows


def _let_go(rows: DataFrame, view: str) -> None:
    with suppress(Exception):  # the session may have ended before
        rows.unpersist()
        rows.sparkSession.catalog.dropTempView(view)


def _name(column: str) -> str:
    return "`" + column.replace("`", "``") + "`"
