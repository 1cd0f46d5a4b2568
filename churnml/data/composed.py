"""Columns that are no column of their table: of another one, made of several, or the same for all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from churnml.config import ColumnSource, TableSource
from churnml.data.checks.counts import counts_of
from churnml.data.contract import ORDERS, RECORDED_AT, TABLES, Column
from churnml.data.door import as_type, value_of, without_gaps
from churnml.data.formats import as_contract_writes

_EXACT = "decimal(18,4)"
_MIDNIGHT = r"[T ]00:00(:00(\.0+)?)?$"
_PIECES = Column("churnml pieces", "number")
_KEY, _VALUE, _DIFFERENT = "churnml key", "churnml value", "churnml different"


def other_tables(sources: Mapping[str, TableSource]) -> dict[str, str]:
    """Name the tables of a source that hold columns of others, each by a name of its own for ``with_composed``."""
    return {
        place_of(name, column): theirs.table
        for name, source in sources.items()
        for column, theirs in source.composed.items()
        if theirs.table is not None
    }


def elsewhere_of(source: TableSource) -> list[str]:
    """Name the columns of a table that stand in another one, and are written as the contract has them already."""
    return [column for column, theirs in source.composed.items() if theirs.table is not None]


def place_of(table: str, column: str) -> str:
    """Return the name by which the table is opened that holds a column."""
    return f"{table}_{column}_elsewhere"


def named_by_setting(failure: str, sources: Mapping[str, TableSource]) -> str:
    """Name the settings of a column where a sentence speaks of the table that holds it."""
    for table, source in sources.items():
        for column in source.composed:
            place = place_of(table, column)
            failure = failure.replace(f"tables.{place}.name", f"tables.{table}.columns.{column}.table")
            failure = failure.replace(place, f"{table}.{column}")
    return failure


def with_composed(
    raw: ir.Table, name: str, source: TableSource, others: Mapping[str, ir.Table]
) -> tuple[ir.Table, list[str], list[str]]:
    """Add the columns that no column of a table holds.

    Parameters
    ----------
    raw : Ibis table
        Table as received, with the names that the source uses.
    name : str
        Name of the table in the contract.
    source : TableSource
        Settings of the table.
    others : mapping of str to Ibis table
        Further tables of the source, by the names of ``other_tables``.

    Returns
    -------
    table : Ibis table
        Table with these columns, under the contract's names.
    failures : list of str
        Sentences about columns that are missing, or rows of which several say different things.
    notes : list of str
        How many rows have nothing to add up.
    """
    failures: list[str] = []
    notes: list[str] = []
    added: dict[str, ir.Value] = {}
    joined: dict[str, ir.Table] = {}
    for column, theirs in source.composed.items():
        where = f"{name}: tables.{name}.columns.{column} in the config"
        if theirs.value is not None:
            added[column] = ibis.literal(theirs.value)
        elif isinstance(theirs.from_, list):
            if absent := [one for one in theirs.from_ if one not in raw.columns]:
                failures.append(_absent(where, absent, raw))
            else:
                is_time = _declared(name, column, source).type in ("time", "plan")
                added[column] = (_moment if is_time else _joined)(raw, theirs.from_)
        elif (other := others.get(place_of(name, column))) is not None:
            key, by = theirs.key or str(theirs.by), str(theirs.by)
            wanted = [key, str(theirs.from_), *([theirs.times] if theirs.times else [])]
            absent_there = [one for one in wanted if one not in other.columns]
            if by not in raw.columns or absent_there:
                failures += [_absent(where, [by], raw)] * (by not in raw.columns)
                failures += [_absent(where, absent_there, other)] * bool(absent_there)
                continue
            declared = _declared(name, column, source)
            values = _values(other, (name, key), theirs, declared, source)
            if not theirs.sum:
                failures += _differing(values, where, theirs)
            joined[column] = values
            added[f"{_KEY} {column}"] = as_type(raw, Column(by, "id"))
    twins = [one for one in raw.columns if one.lower() in source.composed and one not in source.composed]
    table = (raw.drop(*twins) if twins else raw).mutate(**added) if added else raw
    for column, values in joined.items():
        key = f"{_KEY} {column}"
        kept = [one for one in table.columns if one not in (key, column)]
        found = values.select(_KEY, **{_VALUE: values[_VALUE]})
        theirs = source.composed[column]
        both = table.left_join(found, table[key] == found[_KEY])
        if theirs.sum:
            notes += _of_nothing(both, f"{name}.{column}", theirs)
        value = found[_VALUE].fill_null("0") if theirs.sum else found[_VALUE]
        table = both.select(*(table[one] for one in kept), **{column: value})
    return table, failures, notes


def customers_of_orders(raw: Mapping[str, ir.Table]) -> dict[str, ir.Table]:
    """Return the tables that name orders and no customers, with the customers of these orders."""
    orders = raw.get("orders")
    if orders is None or not {"order_id", "customer_id"} <= set(orders.columns):
        return {}
    ids = {name: as_type(orders, ORDERS.column[name]) for name in ("order_id", "customer_id")}
    known = orders.select(**{_KEY: ids["order_id"], _VALUE: ids["customer_id"]}).group_by(_KEY)
    customers = known.aggregate(customer_id=lambda rows: rows[_VALUE].max())
    completed: dict[str, ir.Table] = {}
    for name, table in raw.items():
        columns = TABLES[name].column
        wanted = {"order_id", "customer_id"} <= set(columns) and "customer_id" not in table.columns
        if name != "orders" and wanted and "order_id" in table.columns:
            keyed = table.mutate(**{_KEY: as_type(table, columns["order_id"])})
            both = keyed.left_join(customers, keyed[_KEY] == customers[_KEY])
            completed[name] = both.select(*(keyed[one] for one in table.columns), customer_id=customers.customer_id)
    return completed


def _joined(raw: ir.Table, columns: Sequence[str]) -> ir.StringValue:
    """Return one id of several columns."""
    return ibis.literal("-").join([as_type(raw, Column(one, "id")) for one in columns])


def _moment(raw: ir.Table, columns: Sequence[str]) -> ir.StringValue:
    """Return a time of several columns, such as a day and a clock; what is left where one of them is empty."""
    texts = [without_gaps(raw[one]).cast("string").strip() for one in columns]
    # A day of a column of times ends with midnight.
    return ibis.literal(" ").join([text.re_replace(_MIDNIGHT, "") for text in texts])


def _declared(name: str, column: str, source: TableSource) -> Column:
    """Return what the contract says of a column; those that it does not know are text."""
    known = {**TABLES["order_items"].column} if source.lines else {}
    return {**known, **TABLES[name].column, RECORDED_AT.name: RECORDED_AT}.get(column, Column(column, "text"))


def _values(
    other: ir.Table, place: tuple[str, str], theirs: ColumnSource, declared: Column, source: TableSource
) -> ir.Table:
    """Return a row for each value of the key: what it stands for as text, and how many different ones there are."""
    name, key = place
    rows = other.select(
        **{_KEY: as_type(other, Column(key, "id")), declared.name: other[str(theirs.from_)]},
        **({_PIECES.name: other[theirs.times]} if theirs.times else {}),
    )
    rows = as_contract_writes(rows, name, source, [_PIECES])
    value, unread = as_type(rows, declared), _unread(rows, declared)
    if theirs.times:
        value = (value.cast(_EXACT) * as_type(rows, _PIECES).cast(_EXACT)).cast(_EXACT)
        unread = ibis.coalesce(unread, _unread(rows, _PIECES))
    looked = rows.select(_KEY, **{_VALUE: value, "unread": unread}).drop_null(_KEY)
    one = looked[_VALUE].cast(_EXACT).sum() if theirs.sum else looked[_VALUE].max()
    return looked.group_by(_KEY).aggregate(
        **{_VALUE: ibis.coalesce(looked.unread.max(), one.cast("string")), _DIFFERENT: looked[_VALUE].nunique()}
    )


def _unread(rows: ir.Table, declared: Column) -> ir.StringValue:
    """Return the text of a value that cannot be read; null where it can."""
    value, brought = as_type(rows, declared), value_of(rows, declared)
    return ibis.ifelse(brought.notnull() & value.isnull(), brought.cast("string"), ibis.null("string"))


def _differing(values: ir.Table, where: str, theirs: ColumnSource) -> list[str]:
    count = counts_of(values.aggregate(n=(values[_DIFFERENT] > 1).sum()))["n"]
    if not count:
        return []
    return [
        f"{where}: for {count:,} values of {theirs.by}, {theirs.table} holds several different {theirs.from_}. Set "
        "sum: true where they are added up, or name a column that has one."
    ]


def _of_nothing(both: ir.Table, column: str, theirs: ColumnSource) -> list[str]:
    """Count the rows whose sum is that of nothing, which is 0."""
    counts = counts_of(both.aggregate(rows=both.count(), alone=both[_KEY].isnull().sum()))
    if not counts["alone"]:
        return []
    return [f"{column}: {counts['alone']:,} of {counts['rows']:,} rows have nothing in {theirs.table} and are 0."]


def _absent(where: str, absent: Sequence[str], table: ir.Table) -> str:
    received = ", ".join(table.columns)
    return f"{where} says {', '.join(absent)}, but there is no such column (received: {received}). Correct the config."
