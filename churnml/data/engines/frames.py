"""Tables in memory, and those of a user's own connections, as Arrow that every engine knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from churnml.data.engines.csv_text import refuse_twins
from churnml.data.engines.sql import MOST_SCALE
from churnml.errors import InputError

_NEEDED = "but a DataFrame (pandas, Polars), an Arrow table, a DuckDB relation or an Ibis table is needed."
_BATCH_ROWS = 100_000
_EXACT_IN_FLOAT16, _CENTS_IN_FLOAT16 = 2_048, 16


def to_arrow(frame: Any) -> pa.Table | pa.RecordBatchReader:
    """Return a table in memory as an Arrow table, and the result of a query as a stream that is read once.

    Parameters
    ----------
    frame : object
        Table as a pandas or Polars DataFrame, a Polars LazyFrame, an Arrow table, dataset or stream, a DuckDB relation,
        or an Ibis table; the latter two are computed on the connection to which they belong.

    Raises
    ------
    InputError
        Where it is none of these, has no columns, or holds text that is no Unicode.
    """
    found = _as_arrow(frame)
    refuse_twins(found.schema.names)
    if not found.schema.names:
        raise InputError("the table has no columns.")
    if isinstance(found, pa.Table):
        return _table(found)
    schema = pa.schema([pa.field(field.name, _known_type(field.type)) for field in found.schema])
    return pa.RecordBatchReader.from_batches(schema, _batches(found, schema))


def refuse_lost_digits(table: pa.Table) -> None:
    """Refuse float16 that has lost digits: an engine reads it as float32, where that is not seen.

    Raises
    ------
    InputError
        With the columns.
    """
    lossy = []
    for field, column in zip(table.schema, table.columns, strict=True):
        if pa.types.is_float16(field.type):
            values = column.cast(pa.float32())
            values = pc.abs(pc.if_else(pc.is_nan(values), None, values))
            parts = pc.if_else(pc.equal(values, pc.floor(values)), None, values)
            if (pc.max(values).as_py() or 0) >= _EXACT_IN_FLOAT16 or (pc.max(parts).as_py() or 0) >= _CENTS_IN_FLOAT16:
                lossy.append(field.name)
    if lossy:
        raise InputError(
            f"{', '.join(lossy)}: the type is float16, in which whole numbers from {_EXACT_IN_FLOAT16:,} on become one "
            f"another, and amounts from {_CENTS_IN_FLOAT16} on lose their cents. Export whole numbers, text or float64."
        )


def _as_arrow(frame: Any) -> pa.Table | pa.RecordBatchReader:
    module, kind = type(frame).__module__.split(".")[0].lstrip("_"), type(frame).__name__
    if isinstance(frame, pa.Table | pa.RecordBatchReader):
        return frame
    if isinstance(frame, pd.DataFrame):
        refuse_twins(map(str, frame.columns))
        return pa.table({_text(name): _from_pandas(frame[name], str(name)) for name in frame.columns})
    if module == "polars" and kind in ("DataFrame", "LazyFrame"):
        return _from_polars(_collected(frame) if kind == "LazyFrame" else frame)
    if module == "duckdb" and hasattr(frame, "to_arrow_reader"):
        return frame.to_arrow_reader(_BATCH_ROWS)
    if module == "ibis" and hasattr(frame, "to_pyarrow") and hasattr(frame, "schema"):
        return _from_ibis(frame)
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    if module == "pyarrow" and hasattr(frame, "scanner"):
        return frame.scanner().to_reader()
    if hasattr(frame, "__arrow_c_stream__") and kind not in ("Series", "ChunkedArray"):
        return pa.RecordBatchReader.from_stream(frame)
    raise InputError(f"the type {kind} was received, {_NEEDED}")


def _collected(frame: Any) -> Any:
    try:
        return frame.collect()
    except Exception as error:  # what its own functions raise comes as it is
        raise InputError(
            f"the Polars LazyFrame cannot be computed ({str(error)[:200] or type(error).__name__})."
        ) from error


def _from_ibis(table: Any) -> pa.Table:
    from ibis.common.exceptions import IbisError

    try:
        # Its stream asks DuckDB for a name that DuckDB 2 no longer has.
        return table.to_pyarrow()
    except IbisError as error:
        raise InputError(f"the Ibis table cannot be computed ({str(error)[:200]}).") from error


def _from_polars(frame: Any) -> pa.Table:
    import polars

    columns = {}
    for column in frame.get_columns():
        try:
            array = None if column.dtype.is_object() else column.to_arrow()
        except (pa.ArrowException, polars.exceptions.PolarsError):
            array = None  # of a type that only Polars has, such as Int128
        columns[_text(column.name)] = _texts(column.to_list(), column.name) if array is None else array
    return pa.table(columns)


def _from_pandas(column: pd.Series, name: str) -> pa.Array:
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        # pandas 3 warns where Arrow takes its zone-aware times by itself.
        naive = pa.array(column.dt.tz_convert("UTC").dt.tz_localize(None), from_pandas=True)
        return naive.cast(pa.timestamp(naive.type.unit, "UTC"))
    try:
        array = pa.array(column, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        array = None
    if array is None or isinstance(array.type, pa.ExtensionType):
        # Values of several types, or of one that only pandas has: the door reads them as text.
        missing = column.isna()
        array = _texts([None if gap else value for value, gap in zip(column, missing, strict=True)], name)
    return array


def _texts(values: Iterable[Any], name: str) -> pa.Array:
    """Write values as text; what is no Unicode is named."""
    texts = [None if value is None else str(value) for value in values]
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError as error:
        wrong = [place for place, text in enumerate(texts) if text is not None and not _is_unicode(text)]
        raise InputError(
            f"column {ascii(name)[1:-1]}: {len(wrong):,} of {len(texts):,} rows hold text that is no Unicode (row "
            f"{wrong[0]:,}: {ascii(texts[wrong[0]])[:60]}); it was read with a wrong encoding."
        ) from error


def _text(name: object) -> str:
    if not _is_unicode(str(name)):
        raise InputError(f"the column {str(name)!a} has a name that is no Unicode.")
    return str(name)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _table(table: pa.Table) -> pa.Table:
    schema = pa.schema([pa.field(field.name, _known_type(field.type)) for field in table.schema])
    refuse_lost_digits(table)
    columns = [_cast(column, kind) for column, kind in zip(table.columns, schema.types, strict=True)]
    return pa.table(columns, schema=schema)


def _batches(stream: pa.RecordBatchReader, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    for batch in stream:
        columns = [_cast(column, kind) for column, kind in zip(batch.columns, schema.types, strict=True)]
        yield pa.record_batch(columns, schema=schema)


def _known_type(kind: pa.DataType) -> pa.DataType:
    """Return the type itself, or where an engine does not know it one that holds the same values."""
    if pa.types.is_float16(kind):
        return pa.float32()
    return pa.string() if _is_rare_decimal(kind) else kind


def _is_rare_decimal(kind: pa.DataType) -> bool:
    """Tell whether a decimal is one that no engine holds, or only where it is not compared with larger numbers."""
    return pa.types.is_decimal(kind) and (pa.types.is_decimal256(kind) or not 0 <= kind.scale <= MOST_SCALE)


def _cast(column: Any, kind: pa.DataType) -> Any:
    if column.type.equals(kind):
        return column
    if _is_rare_decimal(column.type):
        # Arrow itself writes exponents.
        digits = (None if value is None else format(value, "f") for value in column.to_pylist())
        return pa.array([None if text is None else re.sub(r"\.0+$", "", text) for text in digits], kind)
    return column.cast(kind)
