"""NumPy arrays -> Arrow columns of the contract's types."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from churnml.data.simulator.behaviour import NEVER, Flags, Ints


def ids(prefix: str, numbers: Ints, width: int) -> pa.StringArray:
    """Write numbers as ids of one length, so that they sort like the numbers: 17 -> C0000017.

    Parameters
    ----------
    prefix : str
        Letter in front.
    numbers : array of int
        Numbers of at most ``width`` digits.
    width : int
        Number of digits of each id.

    Returns
    -------
    Arrow StringArray
        One id per number.
    """
    digits = pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")
    return pc.binary_join_element_wise(prefix, digits, "")


def repeated(values: pa.Array, rows: npt.NDArray[np.integer[Any]]) -> pa.DictionaryArray:
    """Refer each row to one of a few values, which is smaller and faster than writing it out.

    Parameters
    ----------
    values : Arrow array
        Distinct values.
    rows : array of int
        Position in ``values`` per row; -1 is null.

    Returns
    -------
    Arrow DictionaryArray
        One value per row; plain text once in a Parquet file.
    """
    rows = rows.astype(np.int32)
    return pa.DictionaryArray.from_arrays(pa.array(rows, mask=rows < 0), values)


def words(choices: tuple[str, ...], codes: npt.NDArray[np.integer[Any]]) -> pa.DictionaryArray:
    """Write one of the words per row, by its position; -1 is null."""
    return repeated(pa.array(choices, pa.string()), codes)


def money(cents: Ints) -> pa.Decimal128Array:
    """Turn whole cents into DECIMAL(18,4), exactly."""
    scaled = np.ascontiguousarray(cents, dtype=np.int64) * 100
    low_high = np.column_stack([scaled, scaled >> 63])  # 128 bits: the sign fills the upper half
    return pa.Array.from_buffers(pa.decimal128(18, 4), len(scaled), [None, pa.py_buffer(low_high)])


def times(seconds: Ints, end: int = NEVER) -> pa.TimestampArray:
    """Turn seconds since 1970 into naive times.

    Parameters
    ----------
    seconds : array of int
        Seconds since 1970, or ``NEVER``.
    end : int, optional
        Second since 1970 from which on nothing is known yet.

    Returns
    -------
    Arrow TimestampArray
        Microsecond times without a zone; null where not known by ``end``.
    """
    unknown = seconds >= end
    micros = np.where(unknown, 0, seconds) * 1_000_000
    return pa.array(micros, mask=unknown).cast(pa.timestamp("us"))


def flags(values: Flags) -> pa.BooleanArray:
    """Turn NumPy flags into an Arrow column."""
    return pa.array(values, pa.bool_())


def numbers(values: npt.NDArray[np.integer[Any]]) -> pa.Int32Array:
    """Turn small whole numbers into an Arrow column."""
    return pa.array(values.astype(np.int32))


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write out a column that refers to few values; others are given back."""
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def merged(parts: list[pa.Table], by: tuple[str, ...]) -> pa.Table:
    """Put tables of one kind together, sorted by some of their columns.

    Parameters
    ----------
    parts : list of Arrow table
        Tables; a column that one of them lacks is null there.
    by : tuple of str
        Columns that decide the order.

    Returns
    -------
    Arrow table
        All rows.
    """
    whole = pa.concat_tables(parts, promote_options="default").unify_dictionaries()
    keys = pa.table({name: plain(whole[name]) for name in by})
    return whole.take(pc.sort_indices(keys, sort_keys=[(name, "ascending") for name in by])).combine_chunks()
