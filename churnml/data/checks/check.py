"""All checks in order."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import ibis.expr.types as ir

from churnml.data.checks.between import (
    check_currencies,
    check_rows_of_orders,
    currencies_of,
    note_amounts_without_currency,
)
from churnml.data.checks.customers import check_customers
from churnml.data.checks.days import check_after_orders, check_days
from churnml.data.checks.lines import check_keys
from churnml.data.checks.links import check_links
from churnml.data.checks.report import CheckReport
from churnml.data.checks.values import check_values, missing_columns, miswritten_columns
from churnml.data.contract import TABLES, Table
from churnml.data.engines.engine import Engine, said


def check_tables(raw: Mapping[str, ir.Table], engine: Engine, add_lines: Collection[str] = ()) -> CheckReport:
    """Check every raw table against its contract.

    Parameters
    ----------
    raw : mapping of str to Ibis table
        Raw tables by contract name, as the engine finds them.
    engine : Engine
        Engine on which the raw tables live.
    add_lines : collection of str, optional
        Names of tables whose lines are added up where nothing but their number tells them apart.

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
    impossible: dict[str, set[str]] = {}
    for name, received in raw.items():
        table = TABLES[name]
        try:
            found = check_values(received, table, engine)
            lines = check_keys(received, table, found, add=name in add_lines)
            currencies[name] = currencies_of(received, table)
            unnamed = note_amounts_without_currency(received, table, currencies[name], found.rows)
        except engine.errors as error:
            failures.append(f"{name}: the table cannot be read to its end. {said(error)} Export it again.")
            continue
        rows[name], plain[name], impossible[name] = found.rows, found.plain, found.impossible
        failures += missing_columns(received, table) + miswritten_columns(received, table)
        failures += [*found.failures, *lines.clashes]
        notes += found.notes + unnamed
        if lines.fewer and not lines.clashes:
            duplicated.add(name)
            notes.append(lines.note)
    failures += check_currencies(currencies)
    if "orders" in raw and not failures:
        failures += check_days(raw["orders"], plain["orders"])
        notes += check_after_orders(raw, plain)
        for name, found in check_rows_of_orders(raw, plain).items():
            failures += found.failures
            notes += found.notes
            impossible[name] |= found.impossible
    linked = {name: received for name, received in raw.items() if name in plain and _has_ids(received, TABLES[name])}
    if "orders" in linked:
        unmet, counted = check_links(linked, plain)
        failures += unmet
        notes += counted + check_customers(linked["orders"], plain["orders"])
    return CheckReport(
        rows=rows,
        failures=failures,
        notes=notes,
        duplicated=frozenset(duplicated),
        plain=plain,
        impossible={name: frozenset(columns) for name, columns in impossible.items() if columns},
        columns={name: list(received.columns) for name, received in raw.items()},
    )


def _has_ids(raw: ir.Table, contract: Table) -> bool:
    return all(name in raw.columns for name in contract.required if contract.column[name].type == "id")
