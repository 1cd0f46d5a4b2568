"""Values: which rows of a table hold something that the contract does not take, and what is tolerated."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir

from churnml.data.checks.report import EXAMPLES, short
from churnml.data.contract import ORDERS, RECORDED_AT, Column, Table
from churnml.data.door import as_type, changes, value_of, without_gaps
from churnml.data.ids import is_stand_in

# Placeholders for "never" and "not known" lie outside: 0001-01-01, 1900-01-01, 1970-01-01 and 9999-12-31. A later
# time may well be such a "never"; only rows themselves cannot begin there.
_EARLIEST = datetime(1980, 1, 1)
_LATEST = datetime(2100, 1, 1)
_TYPE_REMEDY = {
    "id": "Write ids as text or as whole numbers, exported anew: a float or 5.12E+12 has lost digits.",
    "time": "Write times as 2025-03-31 14:05:00 (or 2025-03-31).",
    "plan": "Write times as 2025-03-31 14:05:00 (or 2025-03-31).",
    "money": "Write money as a number with a decimal point, below 100 trillion.",
    "number": "Write a finite number with a decimal point.",
    "flag": "Write true or false.",
}


def missing_columns(raw: ir.Table, table: Table) -> list[str]:
    """Name the required columns that are not there."""
    return [
        f"{table.name}.{column}: the column is missing (received: {', '.join(raw.columns)}). "
        f"Add it, or name the column that holds it under tables.{table.name}.columns in the config."
        for column in table.required
        if column not in raw.columns
    ]


def check_values(raw: ir.Table, table: Table) -> tuple[int, list[str], list[str], frozenset[str]]:
    """Count the rows of a table; give failures, notes and the columns whose values are as they shall be."""
    columns = [column for column in (*table.columns, RECORDED_AT) if column.name in raw.columns]
    bad = {column: _bad_rows(raw, table, column) for column in columns}
    counts = {"rows": raw.count()}
    for column, kinds in bad.items():
        counts |= {f"{kind}:{column.name}": rows.sum() for kind, rows in kinds.items()}
    changed = {column.name: changes(raw, column) for column in columns}
    counts |= {f"changed:{name}": rows.sum() for name, rows in changed.items() if not isinstance(rows, bool)}
    ids = [column.name for column in columns if column.type == "id" and raw[column.name].type().is_string()]
    counts |= {f"nobody:{name}": is_stand_in(raw[name]).sum() for name in ids}
    if RECORDED_AT in columns:
        counts["not recorded"] = without_gaps(raw[RECORDED_AT.name]).isnull().sum()
    if table is ORDERS and "amount" in raw.columns:
        counts["zero"] = (as_type(raw, ORDERS.column["amount"]) == 0).sum()
    found = {name: int(count or 0) for name, count in raw.aggregate(**counts).to_pandas().iloc[0].items()}
    total = found["rows"]
    if not total:
        empty = f"{table.name}: the table is empty. Export it again, or remove it if the shop has no such data."
        return 0, [empty], [], frozenset()
    failures: list[str] = []
    notes: list[str] = []
    notes += [_stand_ins(raw, table, name, count, total) for name in ids if (count := found[f"nobody:{name}"])]
    for column, kinds in bad.items():
        for kind, rows in kinds.items():
            count = found[f"{kind}:{column.name}"]
            if not count:
                continue
            if kind == "empty" and column.name == "customer_id" and table.name != "customers":
                if count < total:
                    notes.append(f"{table.name}: {count:,} of {total:,} rows have no customer_id and are left out.")
                    continue
                failures.append(
                    f"{table.name}.customer_id: all {total:,} rows are empty. Export the table with its customers, or "
                    f"name the column that holds them under tables.{table.name}.columns in the config."
                )
                continue
            failures.append(_failure(raw.filter(rows), table, column, kind, count, total))
    if found.get("zero"):
        notes.append(f"orders: {found['zero']:,} of {total:,} orders have an amount of 0; they count as orders.")
    if found.get("not recorded"):
        notes.append(
            f"{table.name}: {found['not recorded']:,} of {total:,} rows have no recorded_at and are taken as known "
            "from when they happened."
        )
    extra = [name for name in raw.columns if name not in table.column and name not in (RECORDED_AT.name, "currency")]
    if extra and not table.attributes:
        notes.append(f"{table.name}: columns that are not used: {', '.join(extra)}.")
    plain = frozenset(name for name, rows in changed.items() if not found.get(f"changed:{name}", rows))
    return total, failures, notes, plain


def _bad_rows(raw: ir.Table, table: Table, column: Column) -> dict[str, ir.BooleanValue]:
    """Conditions on raw rows that must not hold, by kind of failure."""
    received = raw[column.name]
    given = value_of(raw, column).notnull()
    value = as_type(raw, column)
    bad: dict[str, ir.BooleanValue] = {}
    if not (received.type().is_string() and column.type == "text"):  # that stays what it is
        bad["unreadable"] = given & value.isnull()
    if column.required:
        bad["empty"] = ~given
    if column.minimum is not None:
        bad["negative"] = (value < column.minimum).fill_null(False)
    if column.type in ("time", "plan"):
        far = value < ibis.literal(_EARLIEST)
        if column.name in (table.event_time, RECORDED_AT.name):
            far = far | (value >= ibis.literal(_LATEST))
        bad["far"] = far.fill_null(False)
    return bad


def _stand_ins(raw: ir.Table, table: Table, name: str, count: int, total: int) -> str:
    written = raw.filter(is_stand_in(raw[name])).select(name).distinct().order_by(name).limit(EXAMPLES + 1)
    examples = [short(value) for value in written.to_pandas()[name]]
    listed = ", ".join(examples[:EXAMPLES]) + (", ..." if len(examples) > EXAMPLES else "")
    return (
        f"{table.name}.{name}: {count:,} of {total:,} rows hold a stand-in for nothing ({listed}) and count as empty."
    )


def _failure(bad: ir.Table, table: Table, column: Column, kind: str, count: int, total: int) -> str:
    # An empty key tells nobody which row is meant: another required column does.
    handles = [name for name in (*table.key, *table.required) if name in bad.columns and name != column.name]
    handle = handles[0] if handles else column.name
    named = as_type(bad, table.column[handle]) if handle in table.column else bad[handle]
    examples = bad.select(handle=named.cast("string"), value=bad[column.name].cast("string"))
    examples = examples.order_by("handle", "value").limit(EXAMPLES).to_pandas()
    with_value = kind != "empty" and handle != column.name
    listed = [
        f"{short(row.handle)}: {short(row.value)}" if with_value else short(row.handle) for row in examples.itertuples()
    ]
    rows = f"{handle} {', '.join(listed)}" + (", ..." if count > EXAMPLES else "")
    where = f"{table.name}.{column.name}: {count:,} of {total:,} rows"
    if kind == "empty":
        return f"{where} are empty{f' ({rows})' if handles else ''}. Fill them, or drop these rows."
    if kind == "negative":
        return (
            f"{where} are negative ({rows}). Amounts are paid amounts, 0 or more; put refunds into the table returns."
        )
    if kind == "far":
        return (
            f"{where} lie before {_EARLIEST.year} or after {_LATEST.year - 1} ({rows}). Correct them, or leave empty "
            "what is not known."
        )
    received = str(bad[column.name].type()).removeprefix("!")
    return f"{where} are not {_kind_name(column)} (received {received}; {rows}). {_TYPE_REMEDY[column.type]}"


def _kind_name(column: Column) -> str:
    names = {"id": "an exact id", "plan": "a time", "flag": "a true/false value", "money": "a money amount"}
    return names.get(column.type, f"a {column.type}")
