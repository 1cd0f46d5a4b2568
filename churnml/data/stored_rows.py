"""Rows of customers that are written once and read often, on this machine or on a cluster."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from churnml.data.files import whole_file

ID = "customer_id"
RANK = "risk_rank"
"""Column with the place of a row among all: 1 has the greatest number of what they are ranked by."""
Transform = Callable[..., pd.DataFrame]
Counts = dict[tuple[str | None, ...], int]


class StoredRows(ABC):
    """A row per customer, in an order of its own; frames of them carry ``customer_id`` as a column or as the index."""

    is_distributed: bool = False
    """Whether the rows lie on a cluster: what is said of many at once is then computed and written there."""

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of rows."""

    @abstractmethod
    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows; of many, ask for few columns."""

    @abstractmethod
    def values(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of all rows, without their ids; on a cluster in any order, the same for all of them."""

    @abstractmethod
    def of(self, customers: Collection[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows; who is not there is left out."""

    @abstractmethod
    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another."""

    def ids(self) -> pd.Series:
        """Return the ids of all customers, in the order of the rows."""
        return self.values([ID])[ID]

    def head(self, count: int) -> pd.DataFrame:
        """Return the first rows."""
        found, missing = [], count
        for piece in self.pieces():
            found.append(piece.head(missing))
            missing -= len(found[-1])
            if not missing:
                break
        return pd.concat(found) if len(found) > 1 else found[0]

    def where_null(self, column: str, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the rows in which a column is null, in the order of the rows."""
        read = list(dict.fromkeys([*columns, column]))
        found = [piece.loc[piece[column].isna(), list(columns)] for piece in self.pieces(read)]
        return pd.concat(found, ignore_index=found[0].index.name != ID)

    def counts(self, *columns: str) -> Counts:
        """Count the rows by the texts in columns, the most first; a null is None."""
        counts = self.values(columns).value_counts(dropna=False)
        return in_order({_texts(found): int(count) for found, count in zip(counts.index, counts, strict=True)})

    def totals(self, column: str, by: str) -> dict[str, float]:
        """Add up money, which has two decimals, by the values of another column: to the same in any order of rows."""
        rows = self.values([column, by])
        cents = np.rint(rows[column].fillna(0.0).to_numpy(dtype=np.float64) * 100).astype(np.int64)
        return {str(value): int(total) / 100 for value, total in pd.Series(cents).groupby(rows[by].array).sum().items()}

    def drawn(self, count: int) -> pd.DataFrame:
        """Return so many rows whose ids have the least MD5 sums, in the order of the rows; all where they are fewer."""
        if len(self) <= count:
            return self.frame()
        ids = self.ids()
        sums = b"".join(md5(name.encode(), usedforsecurity=False).digest() for name in ids)
        first = np.frombuffer(sums, dtype=">u8")[::2]
        return self.of(ids.to_numpy()[np.argpartition(first, count)[:count]])

    @abstractmethod
    def mapped(
        self, transform: Transform, schema: pa.Schema, *, beside: StoredRows | None = None, summed: Sequence[str] = ()
    ) -> tuple[StoredRows, pd.Series]:
        """Make rows of these, each by itself.

        Parameters
        ----------
        transform : callable
            Function of frames of the same customers in the same order, one of these rows and one of those beside, if
            there are; gives a frame with ``customer_id`` as a column, the columns of the schema, and those to be added
            up. It sees pieces of any size, each once or, where a machine of a cluster fails, again.
        schema : Arrow schema
            Names and types of the columns that are kept.
        beside : StoredRows, optional
            Further rows of the same customers.
        summed : sequence of str, optional
            Columns of whole numbers that are added up over all rows and not kept.

        Returns
        -------
        tuple of StoredRows and pandas Series
            The rows in the order of these, and the sums by column.
        """

    @abstractmethod
    def ranked(self, column: str) -> StoredRows:
        """Return the rows with the greatest number of a column first, ties by id, and ``risk_rank``."""

    def write_parquet(self, path: str | Path, transform: Transform, schema: pa.Schema) -> None:
        """Write what a function makes of the rows, in their order: a file; a cluster writes a folder of parts.

        Parameters
        ----------
        path : str or Path
            File to write, whole or not at all; on a cluster a folder, or an address.
        transform : callable
            Function of a frame of rows that gives a frame with the columns of the schema.
        schema : Arrow schema
            Names and types of the columns.
        """
        with whole_file(path) as scratch, pq.ParquetWriter(scratch, schema, compression="zstd") as writer:
            for piece in self.pieces():
                writer.write_table(pa.Table.from_pandas(transform(piece), schema, preserve_index=False))


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
        self.is_distributed = rows.is_distributed

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self._rows)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return all rows."""
        return self._renamed(self._rows.frame(columns))

    def values(self, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of all rows."""
        return self._renamed(self._rows.values(columns))

    def of(self, customers: Collection[str], columns: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the rows of some customers, in the order of the rows."""
        known = [self._old_ids[name] for name in customers if name in self._old_ids]
        return self._renamed(self._rows.of(known, columns))

    def pieces(self, columns: Sequence[str] | None = None) -> Iterator[pd.DataFrame]:
        """Return the rows one piece after another."""
        return map(self._renamed, self._rows.pieces(columns))

    def head(self, count: int) -> pd.DataFrame:
        """Return the first rows."""
        return self._renamed(self._rows.head(count))

    def where_null(self, column: str, columns: Sequence[str]) -> pd.DataFrame:
        """Return some columns of the rows in which a column is null, in the order of the rows."""
        return self._renamed(self._rows.where_null(column, columns))

    def counts(self, *columns: str) -> Counts:
        """Count the rows by the texts in columns."""
        return self._rows.counts(*columns)

    def totals(self, column: str, by: str) -> dict[str, float]:
        """Add up money by the values of another column."""
        return self._rows.totals(column, by)

    def drawn(self, count: int) -> pd.DataFrame:
        """Return so many rows: those that are drawn by the ids of before."""
        return self._renamed(self._rows.drawn(count))

    def mapped(
        self, transform: Transform, schema: pa.Schema, *, beside: StoredRows | None = None, summed: Sequence[str] = ()
    ) -> tuple[StoredRows, pd.Series]:
        """Make rows of these, each by itself."""
        renamed = partial(_of_renamed, transform=transform, new_ids=self._new_ids)
        return self._rows.mapped(renamed, schema, beside=beside, summed=summed)

    def ranked(self, column: str) -> StoredRows:
        """Return the rows with the greatest number of a column first, ties by the ids of before."""
        return RenamedRows(self._rows.ranked(column), self._new_ids)

    def write_parquet(self, path: str | Path, transform: Transform, schema: pa.Schema) -> None:
        """Write what a function makes of the rows."""
        self._rows.write_parquet(path, partial(_of_renamed, transform=transform, new_ids=self._new_ids), schema)

    def _renamed(self, frame: pd.DataFrame) -> pd.DataFrame:
        return _with_ids(frame, self._new_ids)


def ids_of(frame: pd.DataFrame) -> pd.Index | pd.Series:
    """Return the ids of the customers of a frame."""
    return frame.index if frame.index.name == ID else frame[ID]


def _of_renamed(*frames: pd.DataFrame, transform: Transform, new_ids: pd.Series) -> pd.DataFrame:
    """Return what a function makes of frames with other ids; it may travel to other machines."""
    return transform(*(_with_ids(frame, new_ids) for frame in frames))


def _with_ids(frame: pd.DataFrame, new_ids: pd.Series) -> pd.DataFrame:
    if frame.index.name == ID:
        return frame.set_axis(pd.Index(new_ids.reindex(frame.index), name=ID))
    return frame.assign(customer_id=frame[ID].map(new_ids)) if ID in frame else frame


def in_order(counts: Counts) -> Counts:
    """Return counts with the most first, and those of which there are as many by their texts."""
    return dict(sorted(counts.items(), key=lambda one: (-one[1], [text or "" for text in one[0]])))


def _texts(values: Any) -> tuple[str | None, ...]:
    return tuple(None if pd.isna(value) else str(value) for value in values)
