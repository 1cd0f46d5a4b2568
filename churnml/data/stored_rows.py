"""Rows of customers that are written once and read often: in memory where they are few, in a scratch file if many."""

from __future__ import annotations

import weakref
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from churnml.data.scratch import Scratch

ROWS_IN_MEMORY = 200_000
"""Number of rows up to which they lie in memory."""
ROWS_PER_PIECE = 25_000
"""Number of rows that are worked on together."""
_ID = "customer_id"
_ROWS_PER_BUCKET = 100_000
_Piece = TypeVar("_Piece", pd.DataFrame, pa.Table)


class StoredRows(ABC):
    """A row per customer, in an order of its own; frames of them carry ``customer_id`` as a column or as the index."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    @abstractmethod
    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows; of many, ask for few columns."""

    @abstractmethod
    def values(self, column: str) -> pd.Series:
        """Return one column of all rows, in their order, without their ids."""

    @abstractmethod
    def ids(self) -> pd.Series:
        """Return the ids of all customers, in the order of the rows."""

    @abstractmethod
    def of(self, customers: Collection[str]) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows; who is not there is left out."""

    @abstractmethod
    def pieces(self) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another."""

    @abstractmethod
    def sorted_by(self, places: NDArray[np.int64]) -> Iterator[pd.DataFrame]:
        """Return the rows in another order, piece by piece: the place of each row in it, from 0."""

    def head(self, count: int) -> pd.DataFrame:
        """Return the first rows."""
        found, missing = [], count
        for piece in self.pieces():
            found.append(piece.head(missing))
            missing -= len(found[-1])
            if not missing:
                break
        return pd.concat(found) if len(found) > 1 else found[0]


class RowsInMemory(StoredRows):
    """Rows of a frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    @classmethod
    def of_tables(cls, tables: Iterable[pa.Table], schema: pa.Schema) -> RowsInMemory:
        """Take Arrow tables with ``customer_id``, which becomes the index."""
        whole = pa.concat_tables([*tables] or [schema.empty_table()])
        # A column leaves Arrow as it becomes one of pandas, so that the numbers hardly lie in memory twice.
        frame: pd.DataFrame = whole.to_pandas(self_destruct=True)
        return cls(frame.set_index(_ID))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._frame)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows."""
        return self._frame if columns is None else self._frame[list(columns)]

    def values(self, column: str) -> pd.Series:
        """Return one column of all rows."""
        return self._frame[column].reset_index(drop=True)

    def ids(self) -> pd.Series:
        """Return the ids of all customers."""
        return pd.Series(ids_of(self._frame).to_numpy())

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another; one piece without rows where there are none."""
        for start in range(0, max(len(self._frame), 1), ROWS_PER_PIECE):
            yield self._frame.iloc[start : start + ROWS_PER_PIECE]

    def sorted_by(self, places: NDArray[np.int64]) -> Iterator[pd.DataFrame]:
        """Return the rows in another order, all at once."""
        yield self._frame.iloc[np.argsort(places, kind="stable")]

    def of(self, customers: Collection[str]) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows."""
        return self._frame[ids_of(self._frame).isin(set(customers))]


class RowsInFile(StoredRows):
    """Rows in a scratch file, which goes with the object.

    Parameters
    ----------
    tables : iterable of Arrow table
        Rows, piece by piece, with the columns of the schema; there is one at least.
    schema : Arrow schema
        Names and types of the columns.
    like : pandas DataFrame
        A frame with the index and the types that frames of the rows shall have.
    """

    def __init__(self, tables: Iterable[pa.Table], schema: pa.Schema, like: pd.DataFrame) -> None:
        scratch = Scratch()
        weakref.finalize(self, scratch.remove)
        path = scratch.path / "rows.parquet"
        self._scratch, self._schema = scratch.path, schema
        self._types = dict(like.dtypes)
        self._indexed = like.index.name == _ID
        with pq.ParquetWriter(path, schema, compression="lz4", use_dictionary=_texts(schema)) as writer:
            for table in tables:
                writer.write_table(table, row_group_size=ROWS_PER_PIECE)
        self._file = pq.ParquetFile(path)
        self._length = int(self._file.metadata.num_rows)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self._length

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows; of many, ask for few columns."""
        wanted = None if columns is None else [*([_ID] if self._indexed else []), *columns]
        return self._framed(self._file.read(columns=wanted, use_threads=False))

    def values(self, column: str) -> pd.Series:
        """Return one column of all rows."""
        found: pd.Series = self._file.read(columns=[column], use_threads=False)[column].to_pandas()
        return found.astype(self._types[column])

    def ids(self) -> pd.Series:
        """Return the ids of all customers."""
        found: pd.Series = self._file.read(columns=[_ID], use_threads=False)[_ID].to_pandas()
        return found

    def of(self, customers: Collection[str]) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows."""
        wanted = pa.array(list(customers), pa.string())
        found = [table.filter(pc.is_in(table[_ID], wanted)) for table in self._tables()]
        return self._framed(pa.concat_tables(found))

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another."""
        return map(self._framed, self._tables())

    def sorted_by(self, places: NDArray[np.int64]) -> Iterator[pd.DataFrame]:
        """Return the rows in another order: each goes to a file of its neighbours, which are sorted by themselves."""
        with Scratch(self._scratch) as folder:
            files = self._in_buckets(folder, places)
            for bucket, path in enumerate(files):
                with pa.OSFile(str(path)) as file:
                    table = pa.ipc.open_stream(file).read_all()
                own = places[places // _ROWS_PER_BUCKET == bucket]
                yield self._framed(table.take(pa.array(np.argsort(own, kind="stable"))))
                path.unlink()

    def _in_buckets(self, folder: Path, places: NDArray[np.int64]) -> list[Path]:
        buckets = places // _ROWS_PER_BUCKET
        paths = [folder / f"{bucket}.arrows" for bucket in range(int(buckets.max(initial=0)) + 1)]
        writers = [pa.ipc.new_stream(str(path), self._schema) for path in paths]
        start = 0
        for table in self._tables():
            of_rows = buckets[start : start + len(table)]
            for bucket in np.unique(of_rows):
                writers[bucket].write_table(table.take(pa.array(np.flatnonzero(of_rows == bucket))))
            start += len(table)
        for writer in writers:
            writer.close()
        return paths

    def _tables(self) -> Iterator[pa.Table]:
        for group in range(self._file.metadata.num_row_groups):
            yield self._file.read_row_group(group, use_threads=False)

    def _framed(self, table: pa.Table) -> pd.DataFrame:
        frame: pd.DataFrame = table.to_pandas()
        if self._indexed:
            frame = frame.set_index(_ID)
        return frame.astype({name: kind for name, kind in self._types.items() if name in frame})


class RenamedRows(StoredRows):
    """Rows that carry other ids than those under which they were written.

    Parameters
    ----------
    rows : StoredRows
        Rows with ids of before.
    new_ids : pandas Series
        New id of each customer, by the one of before.
    """

    def __init__(self, rows: StoredRows, new_ids: pd.Series) -> None:
        self._rows, self._new_ids = rows, new_ids
        self._old_ids = dict(zip(new_ids.to_numpy(), new_ids.index, strict=True))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows."""
        return self._renamed(self._rows.frame(columns))

    def values(self, column: str) -> pd.Series:
        """Return one column of all rows."""
        return self.ids() if column == _ID else self._rows.values(column)

    def ids(self) -> pd.Series:
        """Return the ids of all customers."""
        return self._rows.ids().map(self._new_ids)

    def pieces(self) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another."""
        return map(self._renamed, self._rows.pieces())

    def sorted_by(self, places: NDArray[np.int64]) -> Iterator[pd.DataFrame]:
        """Return the rows in another order, piece by piece."""
        return map(self._renamed, self._rows.sorted_by(places))

    def of(self, customers: Collection[str]) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows."""
        return self._renamed(self._rows.of([self._old_ids[name] for name in customers if name in self._old_ids]))

    def _renamed(self, frame: pd.DataFrame) -> pd.DataFrame:
        if frame.index.name == _ID:
            return frame.set_axis(pd.Index(self._new_ids.loc[frame.index].to_numpy(), name=_ID))
        return frame.assign(customer_id=frame[_ID].map(self._new_ids)) if _ID in frame else frame


def ids_of(frame: pd.DataFrame) -> pd.Index | pd.Series:
    """Return the ids of the customers of a frame."""
    return frame.index if frame.index.name == _ID else frame[_ID]


def store_tables(tables: Iterable[pa.Table], schema: pa.Schema) -> StoredRows:
    """Store Arrow tables with ``customer_id``, which becomes the index of their frames.

    Parameters
    ----------
    tables : iterable of Arrow table
        Rows, piece by piece.
    schema : Arrow schema
        Names and types of their columns.
    """
    held, rest = _first(tables)
    if rest is None:
        return RowsInMemory.of_tables(_emptied(held), schema)
    like = schema.empty_table().to_pandas().set_index(_ID)
    return RowsInFile(chain(_emptied(held), rest), schema, like)


def store_frames(frames: Iterable[pd.DataFrame], schema: pa.Schema) -> StoredRows:
    """Store frames, one at least.

    Parameters
    ----------
    frames : iterable of pandas DataFrame
        Rows, piece by piece, with ``customer_id`` as a column, and all with the same types.
    schema : Arrow schema
        Names and types of their columns in a file.
    """
    held, rest = _first(frames)
    if rest is None:
        return RowsInMemory(pd.concat(held, ignore_index=True) if len(held) > 1 else held[0].reset_index(drop=True))
    like = held[0].head(0)
    every = chain(_emptied(held), rest)
    return RowsInFile((pa.Table.from_pandas(one, schema, preserve_index=False) for one in every), schema, like)


def _first(pieces: Iterable[_Piece]) -> tuple[list[_Piece], Iterator[_Piece] | None]:
    """Take pieces as long as they are to lie in memory, and give those that follow; None where there are none."""
    held: list[_Piece] = []
    count, rest = 0, iter(pieces)
    for piece in rest:
        held.append(piece)
        count += len(piece)
        if count > ROWS_IN_MEMORY:
            return held, rest
    return held, None


def _emptied(pieces: list[_Piece]) -> Iterator[_Piece]:
    """Give pieces away one by one, so that each is gone when it was worked on."""
    pieces.reverse()
    while pieces:
        yield pieces.pop()


def _texts(schema: pa.Schema) -> list[str]:
    return [field.name for field in schema if pa.types.is_string(field.type) or pa.types.is_large_string(field.type)]
