"""The door: raw columns become the contract's types, and what does not fit becomes visible.

Ids become strings, money DECIMAL(18,4), numbers float64, and times naive wall-clock time. A value that cannot be
converted becomes null here and is reported by ``checks``. Nothing is guessed: what is read is

- an id as it stands; only a whole number that passed through a column with gaps loses its ``.0``, so 17850.0 and the
  text ``17850.0`` are the id ``17850``, while ``00017`` stays what it is;
- empty text and NaN as null, and as an id also what stands for nobody; see ``ids``;
- money and numbers with a decimal point, never infinite; money is rounded to four digits after the point;
- flags from true/false, yes/no, ja/nein, evet/hayır, t/f, y/n and 1/0 in any case;
- times as ``2025-03-31``, ``2025-03-31 14:05`` or ``2025-03-31T14:05:00.123``, and followed by ``Z``, ``UTC`` or an
  offset such as ``+03:00`` converted to the shop's wall clock; digits beyond microseconds are cut off.
"""

from __future__ import annotations

import sys
from collections.abc import Collection

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from churnml.data.contract import RECORDED_AT, Column, Table
from churnml.data.ids import exact_id, somebody

TYPES: dict[str, dt.DataType] = {
    "id": dt.string,
    "text": dt.string,
    "flag": dt.boolean,
    "number": dt.float64,
    "money": dt.Decimal(18, 4),
    "time": dt.Timestamp(scale=6),
    "plan": dt.Timestamp(scale=6),
}
# Longer numbers, and exponents of three digits, are beyond what some engines read as a double.
_NUMBER = r"^\s*[+-]?(\d{1,60}\.?\d{0,60}|\.\d{1,60})([eE][+-]?0?\d{1,2})?\s*$"
_LARGEST = sys.float_info.max
# More does not fit into the type of money; the contract's bounds lie below.
_MOST_MONEY = 10**14 - 1
# What is read is a day of the calendar and a time of the clock: some engines fail at a text that is none.
_YEAR = r"(\d{3}[1-9]|\d{2}[1-9]\d|\d[1-9]\d{2}|[1-9]\d{3})"
_LEAP_YEAR = r"(\d{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)"
_MONTH_DAYS = (
    (_YEAR, r"(0?[13578]|1[02])", r"(0?[1-9]|[12]\d|3[01])"),
    (_YEAR, r"(0?[469]|11)", r"(0?[1-9]|[12]\d|30)"),
    (_YEAR, r"0?2", r"(0?[1-9]|1\d|2[0-8])"),
    (_LEAP_YEAR, r"0?2", "29"),
)
_DAY = f"({'|'.join(between.join(parts) for between in '-/' for parts in _MONTH_DAYS)})"
_CLOCK = r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?"
_NAIVE = rf"^{_DAY}([ T]{_CLOCK})?$"
_ZONED = rf"^{_DAY}[ T]{_CLOCK}\s*(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?)$"
# Day and minutes, seconds, and hours and minutes of the offset.
_ZONED_PARTS = r"^(.{8,10}[ T]\d{1,2}:\d{2})(:\d{2}(?:\.\d+)?)?\s*(?:Z|UTC|([+-]\d{2})(?::?(\d{2}))?)$"
_VISIBLE = r"[^\s\x0b]"
_BLANK, _DELETE = 32, 127


def normalise(raw: ir.Table, table: Table, plain: Collection[str] = ()) -> ir.Table:
    """Convert a raw table to the contract's columns and types.

    Parameters
    ----------
    raw : Ibis table
        Table as found; it must hold the required columns.
    table : Table
        Contract of the table.
    plain : collection of str, optional
        Names of columns whose values are all of the contract's type, as the check found; they are taken without a look.

    Returns
    -------
    Ibis table
        Every column of the contract in its type, those that were not brought as nulls, and ``recorded_at`` where it
        was brought. Other columns stay only where the contract keeps attributes.
    """
    declared = [*table.columns, *([RECORDED_AT] if RECORDED_AT.name in raw.columns else [])]
    columns = {column.name: through_the_door(raw, column, plain) for column in declared}
    if table.attributes:
        columns |= {
            name: raw[name] if name in plain else without_gaps(raw[name]) for name in raw.columns if name not in columns
        }
    return raw.select(**columns)


def through_the_door(raw: ir.Table, column: Column, plain: Collection[str]) -> ir.Value:
    """Return one column in its type: as it stands where it is among the plain ones, else converted."""
    return raw[column.name] if column.name in plain else as_type(raw, column)


def is_quick(raw: ir.Table, column: Column) -> bool:
    """Check whether the conversion of a brought column costs next to nothing, so that nobody need store the result."""
    kind = raw[column.name].type()
    if column.type in ("time", "plan"):
        return kind.is_date() or (kind.is_timestamp() and kind.timezone is None)
    return column.type in ("number", "money") and kind.is_numeric()


def changes(raw: ir.Table, column: Column, converted: ir.Value) -> ir.BooleanValue | bool:
    """Say in which rows the door gives a brought column another value: in none, in all (another type), or in some."""
    value = raw[column.name]
    if value.type() != TYPES[column.type]:
        return True
    if column.type in ("time", "plan", "money", "flag"):
        return False
    return ~value.identical_to(converted)


def as_type(raw: ir.Table, column: Column) -> ir.Value:
    """Convert one raw column; null where it is missing or a value does not convert."""
    target = TYPES[column.type]
    if column.name not in raw.columns:
        return ibis.null(target)
    if column.type == "id":
        return exact_id(_not_nan(raw[column.name]))
    value = value_of(raw, column)
    if column.type == "text":
        return value.cast("string")
    if column.type == "flag":
        return _to_flag(value)
    if column.type in ("time", "plan"):
        return _to_time(value, target)
    return _to_money(raw, column) if column.type == "money" else as_number(raw, column).cast(target)


def value_of(raw: ir.Table, column: Column) -> ir.Value:
    """Return what stands in a brought column; null is what stands for no value there."""
    value = raw[column.name]
    return somebody(value) if column.type == "id" and value.type().is_string() else without_gaps(value)


def without_gaps(value: ir.Value) -> ir.Value:
    """Make null of what stands for no value: empty text and NaN."""
    kind = value.type()
    if kind.is_string():
        # Nearly every value begins with a visible ASCII letter, which is told in a quarter of the time.
        first = value.ascii_str()
        return ibis.cases(
            ((first > _BLANK) & (first < _DELETE), value), (value.re_search(_VISIBLE), value), else_=ibis.null("string")
        )
    return _not_nan(value)


def _not_nan(value: ir.Value) -> ir.Value:
    kind = value.type()
    return ibis.ifelse(value.isnan(), ibis.null(kind), value) if kind.is_floating() else value


def as_number(raw: ir.Table, column: Column) -> ir.Value:
    """Return the plain number that a value of a number or an amount is, whatever its size; null where it is none."""
    value = without_gaps(raw[column.name])
    kind = value.type()
    if kind.is_string():
        return ibis.ifelse(value.re_search(_NUMBER), value, ibis.null("string")).try_cast("float64")
    if kind.is_floating() or kind.is_decimal():
        # The decimals of some engines may be no number; and Ibis 12 never calls a number of Spark infinite.
        return ibis.ifelse(value.cast("float64").abs() <= _LARGEST, value, ibis.null(kind))
    if kind.is_boolean() and column.type == "number":
        return ibis.cases((value, 1.0), (~value, 0.0))
    if kind.is_unsigned_integer():
        return value.cast("float64")  # it is not compared with numbers below 0
    return value if kind.is_integer() else _nothing(value, dt.float64)


def _to_money(raw: ir.Table, column: Column) -> ir.Value:
    value = raw[column.name]
    if value.type() == TYPES["money"]:
        return value
    number = as_number(raw, column)
    # A text is read digit by digit: a double keeps 15 of them.
    exact = value if value.type().is_string() else number
    fits = (number >= -_MOST_MONEY) & (number <= _MOST_MONEY)
    return ibis.ifelse(fits, exact, ibis.null(exact.type())).try_cast(TYPES["money"])


def _to_flag(value: ir.Value) -> ir.Value:
    kind = value.type()
    if kind.is_boolean():
        return value
    text = value.cast("string").strip().lower()
    said_yes = text.isin(["true", "t", "yes", "y", "1", "1.0", "ja", "evet"])
    said_no = text.isin(["false", "f", "no", "n", "0", "0.0", "nein", "hayır", "hayir"])
    return ibis.cases((said_yes, True), (said_no, False), else_=ibis.null("boolean"))


def _to_time(value: ir.Value, target: dt.DataType) -> ir.Value:
    kind = value.type()
    if kind.is_string():
        text = value.strip()
        # The engine's session clock is the shop's wall clock, so zone-aware times lose their zone rightly here.
        zoned = _with_full_offset(text)
        naive = ibis.ifelse(text.re_search(_NAIVE), text, ibis.null("string"))
        return ibis.coalesce(
            zoned.try_cast(dt.Timestamp(timezone="UTC")).cast(dt.timestamp), naive.try_cast(dt.timestamp)
        ).cast(target)
    if kind.is_timestamp() or kind.is_date():
        return value.cast(dt.timestamp).cast(target)
    return _nothing(value, target)


def _with_full_offset(text: ir.StringValue) -> ir.StringValue:
    """Write a zone-aware time as 10:00:00+03:00, which all engines read; null where it is none."""
    day, seconds, hours, minutes = (text.re_extract(_ZONED_PARTS, group) for group in range(1, 5))
    full = day.concat(_or(seconds, ":00"), _or(hours, "+00"), ":", _or(minutes, "00"))
    return ibis.ifelse(text.re_search(_ZONED), full, ibis.null("string"))


def _or(group: ir.StringValue, default: str) -> ir.StringValue:
    return group.nullif("").fill_null(default)


def _nothing(value: ir.Value, target: dt.DataType) -> ir.Value:
    """Return a column of nulls in place of values that do not convert."""
    return ibis.ifelse(value.isnull(), ibis.null(target), ibis.null(target))
