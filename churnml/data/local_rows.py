"""Rows of customers on this machine: in memory where they are few, in a scratch file where they are many."""

from __future__ import annotations

import weakref
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
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
from churnml.data.stored_rows import ID, RANK, StoredRows, Transform, ids_of

ROWS_IN_MEMORY = 200_000
"""Number of rows up to which they lie in memory."""
ROWS_PER_PIECE = 25_000
"""Number of rows that are worked on together."""
_ROWS_PER_BUCKET = 100_000
_Piece = TypeVar("_Piece", pd.DataFrame, pa.Table)


class _OnThisMachine(StoredRows):
    def mapped(
        self, transform: Transform, schema: pa.Schema, *, beside: StoredRows | None = None, summed: Sequence[str] = ()
    ) -> tuple[StoredRows, pd.Series]:
        """Make rows of these, each by itself."""
        totals = np.zeros(len(summed), dtype=np.int64)

        def frames() -> Iterator[pd.DataFrame]:
            nonlocal totals
            for pieces in _side_by_side(self, beside):
                made = transform(*pieces)
                totals += made[list(summed)].to_numpy(dtype=np.int64).sum(axis=0)
                yield made[schema.names]

        return store_frames(frames(), schema), pd.Series(totals, index=list(summed))


class LocalRows(_OnThisMachine):
    """Rows on this machine."""

    @abstractmethod
    def sorted_by(self, places: NDArray[np.int64]) -> Iterator[pd.DataFrame]:
        """Return the rows in another order, piece by piece: the place of each row in it, from 0."""

    def ranked(self, column: str) -> StoredRows:
        """Return the rows with the greatest number of a column first, ties by id, and ``risk_rank``."""
        keys = self.values([ID, column]).sort_values([column, ID], ascending=[False, True])
        places = np.empty(len(keys), dtype=np.int64)
        places[keys.index.to_numpy()] = np.arange(len(keys))
        return OrderedRows(self, places)


class RowsInMemory(LocalRows):
    """Rows of a frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame

    @classmethod
    def of_tables(cls, tables: Iterable[pa.Table], schema: pa.Schema) -> RowsInMemory:
        """Take Arrow tables with ``customer_id``, which becomes the index."""
        whole = pa.concat_tables([*tables] or [schema.empty_table()])
        # A column leaves Arrow as it becomes one of pandas, so that the numbers hardly lie in memory twice.
        frame: pd.DataFrame = whole.to_pandas(self_destruct=True)
        return cls(frame.set_index(ID))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._frame)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows."""
        return self._frame if columns is None else self._frame[list(columns)]

    def values(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of all rows, without their ids."""
        indexed = self._frame.index.name == ID
        return (self._frame.reset_index() if indexed and ID in columns else self._frame)[list(columns)].reset_index(
            drop=True
        )

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another; one piece without rows where there are none."""
        frame = self.frame(columns)
        for start in range(0, max(len(frame), 1), ROWS_PER_PIECE):
            yield frame.iloc[start : start + ROWS_PER_PIECE]

    def sorted_by(self, places: NDArray[np.int64]) -> Iterator[pd.DataFrame]:
        """Return the rows in another order, all at once."""
        yield self._frame.iloc[np.argsort(places, kind="stable")]

    def of(self, customers: Collection[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows."""
        return self.frame(columns)[ids_of(self._frame).isin(set(customers))]


class RowsInFile(LocalRows):
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
        self._indexed = like.index.name == ID
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
        return self._framed(self._file.read(columns=self._read(columns), use_threads=False))

    def values(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of all rows, without their ids."""
        found: pd.DataFrame = self._file.read(columns=list(columns), use_threads=False).to_pandas()[list(columns)]
        return found.astype({name: self._types[name] for name in columns if name in self._types})

    def of(self, customers: Collection[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows."""
        wanted = pa.array(list(customers), pa.string())
        read = None if columns is None else list(dict.fromkeys([ID, *columns]))
        found = [table.filter(pc.is_in(table[ID], wanted)) for table in self._tables(read)]
        whole = self._framed(pa.concat_tables(found))
        return whole if columns is None else whole[list(columns)]

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another."""
        return map(self._framed, self._tables(self._read(columns)))

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

    def _read(self, columns: Sequence[str] | None) -> list[str] | None:
        return None if columns is None else [*([ID] if self._indexed else []), *columns]

    def _tables(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        for group in range(self._file.metadata.num_row_groups):
            table = self._file.read_row_group(group, columns=columns, use_threads=False)
            yield table if columns is None else table.select(columns)

    def _framed(self, table: pa.Table) -> pd.DataFrame:
        frame: pd.DataFrame = table.to_pandas()
        if self._indexed:
            frame = frame.set_index(ID)
        return frame.astype({name: kind for name, kind in self._types.items() if name in frame})


class OrderedRows(_OnThisMachine):
    """Rows of this machine in another order, with ``risk_rank``; they are put into it as they are read.

    Parameters
    ----------
    rows : LocalRows
        Rows, with ``customer_id`` as a column.
    places : array of int
        Place of each row, from 0.
    """

    def __init__(self, rows: LocalRows, places: NDArray[np.int64]) -> None:
        self._rows, self._places = rows, places

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows; of many, ask for few columns."""
        return self._chosen(columns, lambda piece: np.ones(len(piece), dtype=np.bool_))

    def values(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of all rows."""
        return self.frame(columns)

    def of(self, customers: Collection[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows."""
        wanted = pa.array(list(customers), pa.string())  # pandas would convert them again for each piece

        def is_wanted(piece: pd.DataFrame) -> NDArray[np.bool_]:
            return np.asarray(pc.is_in(pa.array(piece[ID], pa.string()), wanted))

        return self._chosen(columns, is_wanted, ID)

    def where_null(self, column: str, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the rows in which a column is null, in the order of the rows."""
        return self._chosen(columns, lambda piece: piece[column].isna().to_numpy(), column)

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another."""
        start = 0
        for piece in self._rows.sorted_by(self._places):
            told = piece.assign(**{RANK: np.arange(start + 1, start + len(piece) + 1)})
            start += len(piece)
            yield told if columns is None else told[list(columns)]

    def ranked(self, column: str) -> StoredRows:
        """Return the rows in another order."""
        return self._rows.ranked(column)

    def _chosen(
        self, columns: Sequence[str] | None, keep: Callable[[pd.DataFrame], NDArray[np.bool_]], *looked_at: str
    ) -> pd.DataFrame:
        read = None if columns is None else [name for name in dict.fromkeys([*columns, *looked_at]) if name != RANK]
        found, start = [], 0
        for piece in self._rows.pieces(read):
            told = piece.assign(**{RANK: self._places[start : start + len(piece)] + 1})
            start += len(piece)
            found.append(told[keep(told)])
        whole = pd.concat(found).sort_values(RANK, ignore_index=True)
        return whole if columns is None else whole[list(columns)]


def _side_by_side(rows: StoredRows, beside: StoredRows | None) -> Iterator[tuple[pd.DataFrame, ...]]:
    if beside is None:
        yield from ((piece,) for piece in rows.pieces())
        return
    for piece, other in zip(rows.pieces(), beside.pieces(), strict=True):
        ids = ids_of(piece)
        yield piece, other if list(ids) == list(ids_of(other)) else beside.of(ids).reindex(ids)


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
    like = schema.empty_table().to_pandas().set_index(ID)
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
