"""The door: raw columns become the contract's types, and what does not fit becomes visible.

Ids become strings, money DECIMAL(18,4), numbers float64, and times naive wall-clock time. A value that cannot be
converted becomes null here and is reported by ``checks``.
"""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from churnml.data.contract import RECORDED_AT, Column, Table

TYPES: dict[str, dt.DataType] = {
    "id": dt.string,
    "text": dt.string,
    "flag": dt.boolean,
    "number": dt.float64,
    "money": dt.Decimal(18, 4),
    "time": dt.Timestamp(scale=6),
    "plan": dt.Timestamp(scale=6),
}
_OFFSET = r":\d{2}(\.\d+)?\s*(Z|[+-]\d{2}(:?\d{2})?)$"


def normalise(raw: ir.Table, table: Table) -> ir.Table:
    """Give a raw table the contract's columns and types.

    Parameters
    ----------
    raw
        The table as found; it must hold the required columns.
    table
        Its contract.

    Returns
    -------
    ibis Table
        Every column of the contract in its type, those that were not brought as nulls, and ``recorded_at`` where it
        was brought. Other columns stay only where the contract keeps attributes.
    """
    columns = {column.name: as_type(raw, column) for column in table.columns}
    if RECORDED_AT.name in raw.columns:
        columns[RECORDED_AT.name] = as_type(raw, RECORDED_AT)
    if table.attributes:
        columns |= {name: raw[name] for name in raw.columns if name not in columns}
    return raw.select(**columns)


def as_type(raw: ir.Table, column: Column) -> ir.Value:
    """Convert one raw column; null where it is missing or a value does not convert."""
    target = TYPES[column.type]
    if column.name not in raw.columns:
        return ibis.null(target)
    value = raw[column.name]
    if column.type in ("id", "text"):
        return _to_text(value)
    if value.type().is_string():
        value = value.nullif("")
    if column.type in ("time", "plan"):
        return _to_time(value, target)
    return value.try_cast(target)


def _to_text(value: ir.Value) -> ir.Value:
    kind = value.type()
    if kind.is_floating():
        # A whole number that passed through a column with gaps: 17850.0 is the id "17850".
        return ibis.ifelse(value == value.floor(), value.cast("int64").cast("string"), value.cast("string"))
    return value.nullif("") if kind.is_string() else value.cast("string")


def _to_time(value: ir.Value, target: dt.DataType) -> ir.Value:
    kind = value.type()
    if kind.is_string():
        zoned = value.try_cast(dt.Timestamp(timezone="UTC")).cast(dt.timestamp)
        return ibis.ifelse(value.re_search(_OFFSET), zoned, value.try_cast(dt.timestamp)).cast(target)
    if kind.is_timestamp() or kind.is_date():
        # The engine's session clock is the shop's wall clock, so zone-aware times lose their zone rightly here.
        return value.cast(dt.timestamp).cast(target)
    return ibis.null(target)
