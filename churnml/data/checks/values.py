"""Values: which rows of a table hold something that the contract does not take, and what is tolerated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from churnml.data.checks.counts import counts_of
from churnml.data.checks.judge import COARSE_FROM, EARLIEST, Bad, Fault, judge
from churnml.data.checks.report import EXAMPLES, Findings, short
from churnml.data.contract import ORDERS, RECORDED_AT, Column, NotBefore, Table, plain_name
from churnml.data.door import TYPES, as_number, as_type, changes, value_of, without_gaps
from churnml.data.engines.engine import Engine
from churnml.data.ids import is_stand_in
from churnml.data.impossible import LATEST, lies_first_before

# How far a double, or what computes with it, lies off the number that was meant, relative to it.
_NOISE = {
    "float16": 1e-3,
    "float32": 2e-7,
    "float64": 1e-14,
    "string": 1e-15,
}  # text: 0.30000000000000004 is how a program writes 0.3
_DIGITS = 4
_FIVE_DIGITS = r"\.\d{4}\d*[1-9]\d*\s*$"
_Look = Callable[[ir.Table, Column], ir.Value]


def missing_columns(raw: ir.Table, table: Table) -> list[str]:
    """Name the required columns that are not there."""
    missing = [column for column in table.required if column not in raw.columns]
    if not missing:
        return []
    received = f"(received: {', '.join(raw.columns)})"
    where = f"under tables.{table.name}.columns in the config."
    if len(missing) == 1:
        return [
            f"{table.name}.{missing[0]}: the column is missing {received}. Add it, or name the column that holds it "
            f"{where}"
        ]
    return [
        f"{table.name}: the columns {', '.join(missing)} are missing {received}. Add them, or name the columns that "
        f"hold them {where}"
    ]


def miswritten_columns(raw: ir.Table, table: Table) -> list[str]:
    """Name columns whose names are the contract's but for capitals, blanks and dashes.

    Passed over, they would take with them what they say: a refusal of contact, a cancellation, a second currency.
    """
    contract = {*table.column, RECORDED_AT.name, "currency"} - {*table.required}  # those are told to be missing
    meant = {name: plain_name(name) for name in raw.columns if name not in table.column}
    return [
        f"{table.name}: the column {name!r} is not read, though {ours} is a column of the contract. Call it {ours}, or "
        f"name it under tables.{table.name}.columns in the config ({ours}: {name!r})."
        for name, ours in meant.items()
        if ours in contract and name != ours
    ]


def check_values(raw: ir.Table, table: Table, engine: Engine) -> Findings:
    """Look through the values of a table."""
    found = counts_of(engine.of_form(_counts, [raw], table))
    total = found["rows"]
    if not total:
        empty = f"{table.name}: the table is empty. Export it again, or remove it if the shop has no such data."
        return Findings(failures=[empty])
    columns = _brought(raw, table)
    retyped = {column.name: raw[column.name].type() != TYPES[column.type] for column in columns}
    plain = frozenset(name for name, all_rows in retyped.items() if not found.get(f"changed:{name}", all_rows))
    findings = Findings(rows=total, plain=plain)
    stand_ins = {column.name: found.get(f"nobody:{column.name}", 0) for column in columns}
    findings.notes.extend(_stand_ins(raw, table, name, count, total) for name, count in stand_ins.items() if count)
    wrong = {name.rpartition(":")[2] for name, count in found.items() if count and name.startswith("bad:")}
    for column in (column for column in columns if column.name in wrong):
        for fault, rows in _bad_rows(raw, table, column).items():
            count = found[f"bad:{fault}:{column.name}"]
            if count:
                of = found.get(f"values:{fault}:{column.name}", total)
                found_rows = Bad(rows=raw.filter(rows), table=table, column=column, fault=fault, count=count, total=of)
                findings.add(judge(found_rows), column.name)
    if found.get("zero"):
        zero = f"{found['zero']:,} of {total:,} orders have an amount of 0"
        findings.notes.append(f"orders: {zero}; they count as orders.")
    if found.get("not recorded"):
        findings.notes.append(
            f"{table.name}: {found['not recorded']:,} of {total:,} rows have no recorded_at and are taken as known "
            "from when they happened."
        )
    return findings


def _brought(raw: ir.Table, table: Table) -> list[Column]:
    return [column for column in (*table.columns, RECORDED_AT) if column.name in raw.columns]


def _counts(raw: ir.Table, table: Table) -> ir.Table:
    """Count the rows, those with each fault, those that the door changes, and stand-ins for nothing."""
    columns = _brought(raw, table)
    raw = raw.mutate(**{_name(look, column): look(raw, column) for column in columns for look in _looks_at(column)})
    counts = {"rows": raw.count()}
    for column in columns:
        kinds = _bad_rows(raw, table, column)
        counts |= {f"bad:{fault}:{column.name}": rows.sum() for fault, rows in kinds.items()}
        counts |= {
            f"values:{rule}:{column.name}": (
                _look(as_type, raw, column).notnull() & _look(as_type, raw, table.column[rule.column]).notnull()
            ).sum()
            for rule in kinds
            if isinstance(rule, NotBefore)
        }
        changed = changes(raw, column, _look(as_type, raw, column))
        if not isinstance(changed, bool):
            counts[f"changed:{column.name}"] = changed.sum()
        if column.type == "id" and raw[column.name].type().is_string():
            counts[f"nobody:{column.name}"] = is_stand_in(raw[column.name]).sum()
    if RECORDED_AT.name in raw.columns:
        counts["not recorded"] = without_gaps(raw[RECORDED_AT.name]).isnull().sum()
    if table is ORDERS and "amount" in raw.columns:
        counts["zero"] = (_look(as_type, raw, ORDERS.column["amount"]) == 0).sum()
    return raw.aggregate(**counts)


def _looks_at(column: Column) -> list[_Look]:
    return [value_of, as_type, *([as_number] if column.type in ("number", "money") else [])]


def _look(look: _Look, raw: ir.Table, column: Column) -> Any:
    """Look at a column as the door does; what was computed with the rows is not written out for every fault."""
    name = _name(look, column)
    return raw[name] if name in raw.columns else look(raw, column)


def _name(look: _Look, column: Column) -> str:
    return f"churnml {look.__name__} {column.name}"


def _bad_rows(raw: ir.Table, table: Table, column: Column) -> dict[Fault, ir.BooleanValue]:
    """Conditions on raw rows that must not hold, by fault."""
    received = raw[column.name]
    given = _look(value_of, raw, column).notnull()
    bad: dict[Fault, ir.BooleanValue] = {}
    if column.type in ("number", "money"):
        bad = _bad_numbers(raw, table, column)
    elif not (received.type().is_string() and column.type == "text"):  # that stays what it is
        bad["unreadable"] = given & _look(as_type, raw, column).isnull()
    if column.required:
        bad["empty"] = ~given
    if column.values:
        bad["unknown"] = ~_look(as_type, raw, column).isin(column.values)
    if column.type in ("time", "plan"):
        value = _look(as_type, raw, column)
        far = value < ibis.literal(EARLIEST)
        if column.name in (table.event_time, RECORDED_AT.name):
            far = far | (value >= ibis.literal(LATEST))
        bad["far"] = far
        starts = {
            rule: _look(as_type, raw, table.column[rule.column])
            for rule in column.not_before
            if rule.column in raw.columns
        }
        before = lies_first_before(value, starts)
        bad |= {rule: rows & ~far.fill_null(False) for rule, rows in before.items()}
    return {fault: rows.fill_null(False) for fault, rows in bad.items()}


def _bad_numbers(raw: ir.Table, table: Table, column: Column) -> dict[Fault, ir.BooleanValue]:
    number = _look(as_number, raw, column)
    bad: dict[Fault, ir.BooleanValue] = {"unreadable": without_gaps(raw[column.name]).notnull() & number.isnull()}
    if column.bounds is not None:
        bad["below"] = number < column.bounds.minimum
        bad["above"] = number > column.bounds.maximum
    if column.at_most is not None:
        most = table.column[column.at_most]
        limit = _look(as_type, raw, most) if most.default is None else _look(as_type, raw, most).fill_null(most.default)
        least = most.bounds.minimum if most.bounds else 0
        bad["over"] = (number > limit) & (limit >= least)  # a limit that cannot be is named by itself
    if column.type == "money":
        rounded = _is_rounded(raw, column)
        bad |= {} if rounded is None else {"rounded": rounded}
    if raw[column.name].type() == dt.float32:
        bad["coarse"] = number.abs() >= COARSE_FROM[column.type]
    return bad


def _is_rounded(raw: ir.Table, column: Column) -> ir.BooleanValue | None:
    """Find the amounts that the door rounds; a binary fraction that was meant for a decimal one is not rounded."""
    received = raw[column.name]
    kind = received.type()
    if kind.is_integer() or (kind.is_decimal() and kind.scale is not None and kind.scale <= _DIGITS):
        return None
    amount = _look(as_type, raw, column)
    if kind.is_decimal():
        return received != amount
    number = _look(as_number, raw, column).cast("float64")
    off = (number - amount.cast("float64")).abs() > number.abs() * _NOISE.get(str(kind).removeprefix("!"), 0.0)
    return off & (received.re_search("[eE]") | received.re_search(_FIVE_DIGITS)) if kind.is_string() else off


def _stand_ins(raw: ir.Table, table: Table, name: str, count: int, total: int) -> str:
    written = raw.filter(is_stand_in(raw[name])).select(name).distinct().order_by(name).limit(EXAMPLES + 1)
    examples = [short(value) for value in written.to_pandas()[name]]
    listed = ", ".join(examples[:EXAMPLES]) + (", ..." if len(examples) > EXAMPLES else "")
    return (
        f"{table.name}.{name}: {count:,} of {total:,} rows hold a stand-in for nothing ({listed}) and count as empty."
    )
