"""All checks in order."""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir

from churnml.data.checks.between import check_currencies, check_orphans, currencies_of
from churnml.data.checks.lines import check_keys
from churnml.data.checks.report import CheckReport
from churnml.data.checks.values import check_values, missing_columns
from churnml.data.contract import TABLES
from churnml.data.engines.engine import Engine, said


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
            rows[name], found, tolerated, plain[name] = check_values(received, table)
            dropped, clashes = check_keys(received, table, plain[name])
            currencies[name] = currencies_of(received, table)
        except engine.errors as error:
            failures.append(f"{name}: the table cannot be read to its end. {said(error)} Export it again.")
            continue
        failures += missing_columns(received, table) + found + clashes
        notes += tolerated
        if dropped and not clashes:
            duplicated.add(name)
            notes.append(f"{name}: {dropped:,} identical rows were dropped.")
    failures += check_currencies(currencies)
    if "orders" in raw and not failures:
        notes += check_orphans(raw, plain)
    return CheckReport(rows, failures, notes, frozenset(duplicated), plain)
