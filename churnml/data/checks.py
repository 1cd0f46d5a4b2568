"""Checking raw tables against the contract: every failure at once, and a count of what is tolerated."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir

from churnml.data.contract import ORDERS, RECORDED_AT, TABLES, Column, Table
from churnml.data.door import as_type, changes, normalise, through_the_door, without_gaps
from churnml.data.engines.engine import Engine, said

_EXAMPLES = 3
_LONGEST_EXAMPLE = 40
_LISTED_CURRENCIES = 6
# Placeholders for "never" and "not known" lie outside: 0001-01-01, 1900-01-01, 1970-01-01 and 9999-12-31. A later
# time may well be such a "never"; only rows themselves cannot begin there.
_EARLIEST = datetime(1980, 1, 1)
_LATEST = datetime(2100, 1, 1)
_TYPE_REMEDY = {
    "id": "Write ids as text or as whole numbers; a float keeps only 15 digits.",
    "time": "Write times as 2025-03-31 14:05:00 (or 2025-03-31).",
    "plan": "Write times as 2025-03-31 14:05:00 (or 2025-03-31).",
    "money": "Write money as a number with a decimal point, below 100 trillion.",
    "number": "Write a finite number with a decimal point.",
    "flag": "Write true or false.",
}


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes
    ----------
    rows
        Rows per table, as received.
    failures
        Sentences that name table, column, count, examples and remedy; the shop cannot be used until they are gone.
    notes
        What is tolerated, counted: left-out rows, dropped duplicates, columns that are not used.
    duplicated
        Tables in which identical rows have to be dropped.
    plain
        For each table, the columns whose values are as they shall be, so that nothing has to be converted.
    """

    rows: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    duplicated: frozenset[str] = frozenset()
    plain: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)


def check_tables(raw: Mapping[str, ir.Table], engine: Engine) -> CheckReport:
    """Check every raw table against its contract.

    Parameters
    ----------
    raw
        Raw tables by contract name, as the engine finds them.
    engine
        The engine on which they live.

    Returns
    -------
    CheckReport
        All failures and notes over all tables.
    """
    rows: dict[str, int] = {}
    failures: list[str] = []
    notes: list[str] = []
    duplicated: set[str] = set()
    currencies: dict[str, list[str]] = {}
    plain: dict[str, frozenset[str]] = {}
    for name, received in raw.items():
        table = TABLES[name]
        try:
            rows[name], found, tolerated, plain[name] = _check_values(received, table)
            dropped, clashes = _check_keys(received, table, plain[name])
            currencies[name] = _currencies(received, table)
        except engine.errors as error:
            failures.append(f"{name}: the table cannot be read to its end. {said(error)} Export it again.")
            continue
        failures += _missing(received, table) + found + clashes
        notes += tolerated
        if dropped and not clashes:
            duplicated.add(name)
            notes.append(f"{name}: {dropped:,} identical rows were dropped.")
    failures += _check_currencies(currencies)
    if "orders" in raw and not failures:
        notes += _check_orphans(raw, plain)
    return CheckReport(rows, failures, notes, frozenset(duplicated), plain)


def _missing(raw: ir.Table, table: Table) -> list[str]:
    return [
        f"{table.name}.{column}: the column is missing (received: {', '.join(raw.columns)}). "
        f"Add it, or name the column that holds it under tables.{table.name}.columns in the config."
        for column in table.required
        if column not in raw.columns
    ]


def _check_values(raw: ir.Table, table: Table) -> tuple[int, list[str], list[str], frozenset[str]]:
    columns = [column for column in (*table.columns, RECORDED_AT) if column.name in raw.columns]
    bad = {column: _bad_rows(raw, table, column) for column in columns}
    counts = {"rows": raw.count()}
    for column, kinds in bad.items():
        counts |= {f"{kind}:{column.name}": rows.sum() for kind, rows in kinds.items()}
    changed = {column.name: changes(raw, column) for column in columns}
    counts |= {f"changed:{name}": rows.sum() for name, rows in changed.items() if not isinstance(rows, bool)}
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
    given = without_gaps(received).notnull()
    value = as_type(raw, column)
    bad: dict[str, ir.BooleanValue] = {}
    if not (received.type().is_string() and column.type in ("id", "text")):  # these stay what they are
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


def _failure(bad: ir.Table, table: Table, column: Column, kind: str, count: int, total: int) -> str:
    # An empty key tells nobody which row is meant: another required column does.
    handles = [name for name in (*table.key, *table.required) if name in bad.columns and name != column.name]
    handle = handles[0] if handles else column.name
    named = as_type(bad, table.column[handle]) if handle in table.column else bad[handle]
    examples = bad.select(handle=named.cast("string"), value=bad[column.name].cast("string"))
    examples = examples.order_by("handle", "value").limit(_EXAMPLES).to_pandas()
    with_value = kind != "empty" and handle != column.name
    listed = [
        f"{_short(row.handle)}: {_short(row.value)}" if with_value else _short(row.handle)
        for row in examples.itertuples()
    ]
    rows = f"{handle} {', '.join(listed)}" + (", ..." if count > _EXAMPLES else "")
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


def _short(value: Any) -> str:
    text = "empty" if value is None or value != value else str(value)  # NaN, NaT: not equal to themselves
    return text if len(text) <= _LONGEST_EXAMPLE else text[:_LONGEST_EXAMPLE] + "..."


def _kind_name(column: Column) -> str:
    names = {"id": "an exact id", "plan": "a time", "flag": "a true/false value", "money": "a money amount"}
    return names.get(column.type, f"a {column.type}")


def _check_keys(raw: ir.Table, contract: Table, plain: Collection[str]) -> tuple[int, list[str]]:
    """Count identical rows, and name keys that stand for different content.

    Rows without a customer are left out of the shop, and those without a key are reported by themselves.
    """
    required = [name for name in contract.key if name in contract.required]
    if any(name not in raw.columns for name in required):
        return 0, []
    needed = sorted({*required, *({"customer_id"} & set(contract.column) & set(raw.columns))})
    looked_at = dict.fromkeys([*contract.key, *needed])
    keys = raw.select(**{name: through_the_door(raw, contract.column[name], plain) for name in looked_at})
    keys = keys.drop_null(needed).group_by(*contract.key).aggregate(rows=lambda t: t.count())
    found = keys.aggregate(rows=keys.rows.sum(), keys=keys.count()).to_pandas().iloc[0]
    rows, distinct_keys = int(found["rows"] or 0), int(found["keys"])
    if rows == distinct_keys:
        return 0, []
    distinct = normalise(raw, contract, plain).drop_null(needed).distinct()
    distinct_rows = int(distinct.count().to_pandas())
    if distinct_rows == distinct_keys:
        return rows - distinct_rows, []
    clashes = distinct.group_by(*contract.key).aggregate(rows_of_key=lambda t: t.count())
    clashes = clashes.filter(clashes.rows_of_key > 1)
    count = int(clashes.count().to_pandas())
    examples = clashes.order_by(*contract.key).limit(_EXAMPLES).to_pandas()[list(contract.key)]
    named = [" / ".join(map(_short, row)) for row in examples.itertuples(index=False)]
    listed = ", ".join(named) + (", ..." if count > _EXAMPLES else "")
    return 0, [
        f"{contract.name}: {count:,} of {distinct_keys:,} keys ({', '.join(contract.key)}) stand for rows with "
        f"different content ({listed}). Keep one row per key; add up lines that share one."
    ]


def _currencies(raw: ir.Table, table: Table) -> list[str]:
    if "currency" not in raw.columns or not any(column.type == "money" for column in table.columns):
        return []
    listed = raw.select(currency=as_type(raw, ORDERS.column["currency"])).distinct()
    listed = listed.order_by("currency").limit(_LISTED_CURRENCIES).to_pandas()
    return [str(value) for value in listed.currency.dropna()]


def _check_currencies(found: Mapping[str, list[str]]) -> list[str]:
    """Refuse amounts in more than one currency, within a table or between tables."""
    if len({currency for listed in found.values() for currency in listed}) < 2:
        return []
    several = {name: listed for name, listed in found.items() if len(listed) > 1} or found
    return [
        f"{name}.currency: the amounts are in {' and '.join(listed)}, but all of a shop must be in one currency. "
        "Convert them to one."
        for name, listed in several.items()
        if listed
    ]


def _check_orphans(raw: Mapping[str, ir.Table], plain: Mapping[str, Collection[str]]) -> list[str]:
    """Count rows that belong to an order which is not in the table of orders, or has no customer there."""
    orders = raw["orders"].select(
        **{
            name: through_the_door(raw["orders"], ORDERS.column[name], plain["orders"])
            for name in ("order_id", "customer_id")
        }
    )
    orders = orders.drop_null("customer_id")
    notes = []
    for name, received in raw.items():
        table = TABLES[name]
        if table.event_time is not None:
            continue
        ids = received.select(order_id=through_the_door(received, table.column["order_id"], plain[name]))
        count = int(ids.anti_join(orders, "order_id").count().to_pandas())
        if count:
            notes.append(f"{name}: {count:,} rows belong to no order with a customer and are left out.")
    return notes
