"""Checking raw tables against the contract: every failure at once, and a count of what is tolerated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import ibis
import ibis.expr.types as ir

from churnml.data.contract import ORDERS, RECORDED_AT, TABLES, Column, Table
from churnml.data.door import as_type, normalise

_EXAMPLES = 3
_TYPE_REMEDY = {
    "time": "Write times as 2025-03-31 14:05:00 (or 2025-03-31).",
    "plan": "Write times as 2025-03-31 14:05:00 (or 2025-03-31).",
    "money": "Write money as a number with a decimal point, below 100 trillion.",
    "number": "Write a number with a decimal point.",
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
    """

    rows: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    duplicated: frozenset[str] = frozenset()


def check_tables(raw: Mapping[str, ir.Table]) -> CheckReport:
    """Check every raw table against its contract.

    Parameters
    ----------
    raw
        Raw tables by contract name, as ``sources.raw_tables`` finds them.

    Returns
    -------
    CheckReport
        All failures and notes over all tables.
    """
    rows: dict[str, int] = {}
    failures: list[str] = []
    notes: list[str] = []
    duplicated: set[str] = set()
    for name, received in raw.items():
        table = TABLES[name]
        missing = [column for column in table.required if column not in received.columns]
        if missing:
            failures += [
                f"{name}.{column}: the column is missing (received: {', '.join(received.columns)}). "
                f"Add it, or name the column that holds it under tables.{name}.columns in the config."
                for column in missing
            ]
            continue
        rows[name], found, tolerated = _check_values(received, table)
        failures += found
        notes += tolerated
        if rows[name] and not found:
            dropped, found = _check_keys(normalise(received, table), table)
            failures += found
            if dropped and not found:
                duplicated.add(name)
                notes.append(f"{name}: {dropped:,} identical rows were dropped.")
    if not failures:
        notes += _check_orphans(raw)
    return CheckReport(rows, failures, notes, frozenset(duplicated))


def _check_values(raw: ir.Table, table: Table) -> tuple[int, list[str], list[str]]:
    columns = [column for column in (*table.columns, RECORDED_AT) if column.name in raw.columns]
    counts = {"rows": raw.count()}
    for column in columns:
        counts |= {f"{kind}:{column.name}": rows.sum() for kind, rows in _bad_rows(raw, column).items()}
    if "currency" in raw.columns:
        counts["currencies"] = raw.currency.nunique()
    if table is ORDERS:
        counts["zero"] = (as_type(raw, ORDERS.column["amount"]) == 0).sum()
    found = {name: int(count or 0) for name, count in raw.aggregate(**counts).to_pandas().iloc[0].items()}
    total = found["rows"]
    if not total:
        return 0, [f"{table.name}: the table is empty. Export it again, or remove it if the shop has no such data."], []
    failures: list[str] = []
    notes: list[str] = []
    for column in columns:
        for kind, rows in _bad_rows(raw, column).items():
            count = found[f"{kind}:{column.name}"]
            if not count:
                continue
            if kind == "empty" and column.name == "customer_id" and table.name != "customers":
                notes.append(f"{table.name}: {count:,} of {total:,} rows have no customer_id and are left out.")
                continue
            failures.append(_failure(raw.filter(rows), table, column, kind, count, total))
    if found.get("currencies", 0) > 1:
        listed = ", ".join(sorted(map(str, raw.currency.topk(5).to_pandas().currency.dropna())))
        failures.append(
            f"{table.name}.currency: {found['currencies']} currencies ({listed}), but amounts must be in one. "
            "Convert the amounts to one currency."
        )
    if found.get("zero"):
        notes.append(f"orders: {found['zero']:,} of {total:,} orders have an amount of 0; they count as orders.")
    extra = [name for name in raw.columns if name not in table.column and name != RECORDED_AT.name]
    if extra and not table.attributes:
        notes.append(f"{table.name}: columns that are not used: {', '.join(extra)}.")
    return total, failures, notes


def _bad_rows(raw: ir.Table, column: Column) -> dict[str, ir.BooleanValue]:
    """Conditions on raw rows that must not hold, by kind of failure."""
    received = raw[column.name]
    given = received.notnull()
    if received.type().is_string():
        given = given & (received != "")
    elif received.type().is_floating():
        given = given & ~received.isnan()
    value = as_type(raw, column)
    bad = {"unreadable": given & value.isnull()}
    if column.required:
        bad["empty"] = ~given
    if column.minimum is not None:
        bad["negative"] = (value < column.minimum).fill_null(False)
    return bad


def _failure(bad: ir.Table, table: Table, column: Column, kind: str, count: int, total: int) -> str:
    key = next((name for name in table.key if name in bad.columns), column.name)
    examples = bad.select(key=bad[key].cast("string"), value=bad[column.name].cast("string"))
    examples = examples.order_by("key", "value").limit(_EXAMPLES).to_pandas()
    rows = "; ".join(
        f"{key} {row.key}" + ("" if kind == "empty" or key == column.name else f": {row.value}")
        for row in examples.itertuples()
    )
    if count > _EXAMPLES:
        rows += "; ..."
    where = f"{table.name}.{column.name}: {count:,} of {total:,} rows"
    if kind == "empty":
        return f"{where} are empty ({rows}). Fill them, or drop these rows."
    if kind == "negative":
        return (
            f"{where} are negative ({rows}). Amounts are paid amounts, 0 or more; put refunds into the table returns."
        )
    received = str(bad[column.name].type())
    return f"{where} are not a {_kind_name(column)} (received {received}; {rows}). {_TYPE_REMEDY[column.type]}"


def _kind_name(column: Column) -> str:
    return {"plan": "time", "flag": "true/false value", "money": "money amount"}.get(column.type, column.type)


def _check_keys(table: ir.Table, contract: Table) -> tuple[int, list[str]]:
    """Count identical rows, and name keys that stand for different content."""
    keys = table.select(*contract.key)
    counts = table.aggregate(rows=table.count()).cross_join(keys.distinct().aggregate(keys=lambda t: t.count()))
    rows, distinct_keys = (int(value) for value in counts.to_pandas().iloc[0])
    if rows == distinct_keys:
        return 0, []
    distinct = table.distinct()
    distinct_rows = int(distinct.count().to_pandas())
    if distinct_rows == distinct_keys:
        return rows - distinct_rows, []
    named = ibis.literal("") if not contract.key else _key_text(distinct, contract)
    clashes = distinct.group_by(key=named).aggregate(rows=lambda t: t.count())
    clashes = clashes.filter(clashes.rows > 1)
    count = int(clashes.count().to_pandas())
    examples = ", ".join(clashes.order_by("key").limit(_EXAMPLES).to_pandas().key) + (
        ", ..." if count > _EXAMPLES else ""
    )
    return 0, [
        f"{contract.name}: {count:,} keys ({', '.join(contract.key)}) stand for rows with different content "
        f"({examples}). Keep one row per key; add up lines that share one."
    ]


def _key_text(table: ir.Table, contract: Table) -> ir.StringValue:
    parts = [table[name].cast("string").fill_null("") for name in contract.key]
    return ibis.literal(" / ").join(parts)


def _check_orphans(raw: Mapping[str, ir.Table]) -> list[str]:
    """Count rows that belong to an order which is not in the table of orders."""
    orders = raw["orders"].select(order_id=as_type(raw["orders"], ORDERS.column["order_id"])).distinct()
    notes = []
    for name, received in raw.items():
        table = TABLES[name]
        if table.event_time is not None:
            continue
        ids = received.select(order_id=as_type(received, table.column["order_id"]))
        count = int(ids.anti_join(orders, "order_id").count().to_pandas())
        if count:
            notes.append(f"{name}: {count:,} rows belong to no order of the table orders and are left out.")
    return notes
