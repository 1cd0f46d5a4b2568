"""Reading a shop: its tables are found, checked, brought to the contract's types and kept on an engine."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
from pydantic import ValidationError

from churnml.config import LINES, TableSource, misplaced
from churnml.data.checks import CheckReport, check_tables
from churnml.data.checks.files import check_files
from churnml.data.composed import (
    customers_of_orders,
    elsewhere_of,
    named_by_setting,
    other_tables,
    place_of,
    with_composed,
)
from churnml.data.contract import RECORDED_AT, TABLES
from churnml.data.door import is_quick, normalise
from churnml.data.engines import Engine, Found, open_engine
from churnml.data.engines.engine import unknown_timezone
from churnml.data.engines.layout import FileForm
from churnml.data.formats import as_contract_writes
from churnml.data.impossible import leave_out
from churnml.data.lines import added_up
from churnml.data.negative_orders import without_returns
from churnml.data.not_customers import count_rows_of, forgotten, without
from churnml.data.one_row import one_of_each
from churnml.data.order_lines import judge_orders, split_lines
from churnml.data.remembered import key_of, recall, remember
from churnml.data.shop import Shop
from churnml.data.where import rows_where
from churnml.definition import failures_of
from churnml.errors import CheckError, ConfigError

Source = Any  # str | Path | Mapping[str, DataFrame] | SparkSession, of which only some are installed


def check(
    source: Source,
    *,
    timezone: str = "UTC",
    tables: Mapping[str, TableSource | Mapping[str, Any]] | None = None,
    allow: Sequence[str | Path] = (),
) -> CheckReport:
    """Check a shop's tables and report all that is wrong or tolerated.

    Parameters
    ----------
    source : object
        Source of the shop's tables, as in `read`.
    timezone : str, optional
        Time zone of the shop's wall clock, as in `read`.
    tables : mapping of str to TableSource or dict, optional
        Names that the source uses for tables and columns, as in `read`.
    allow : sequence of str or Path, optional
        Folders that views within a DuckDB file may read.

    Returns
    -------
    CheckReport
        Failures, notes and rows per table; nothing is raised for bad values.

    Raises
    ------
    InputError
        Where the source cannot be opened at all.
    """
    return _open(source, timezone, _table_sources(tables), allow, anew=True)[2]


def read(
    source: Source,
    *,
    timezone: str = "UTC",
    tables: Mapping[str, TableSource | Mapping[str, Any]] | None = None,
    allow: Sequence[str | Path] = (),
) -> Shop:
    """Read a shop's tables, check them and bring them to the contract's types.

    What was found in order in files is not checked again until a byte of them changes; the reports lie in
    the user's cache folder (``~/.cache/churnml`` on Linux), or in the folder that the environment variable
    ``CHURNML_CACHE`` names.

    Parameters
    ----------
    source : object
        Folder of Parquet or CSV files named after the tables (one file, numbered parts, or a folder of parts for each),
        a DuckDB file, a mapping of table name to pandas, Polars or Arrow table, DuckDB relation or Ibis table,
        ``postgres://user@host/database``, ``mysql://user@host/database``, a Spark session, or ``pyspark:///folder``.
    timezone : str, optional
        Time zone of the shop's wall clock: zone-aware times are converted to it, naive times are taken as they are.
    tables : mapping of str to TableSource or dict, optional
        Names that the source uses, where they differ: for each contract table its name and its columns there.
    allow : sequence of str or Path, optional
        Folders that views within a DuckDB file may read; without them, views read what is in the file.

    Returns
    -------
    Shop
        Checked tables of the shop.

    Raises
    ------
    InputError
        With every failing table and column at once.
    ConfigError
        Where ``tables`` names what is no table of the contract, or holds what is no setting.

    Examples
    --------
    >>> import pandas as pd
    >>> orders = pd.DataFrame(
    ...     [(1, "a", "2025-01-05", 9.5), (2, "a", "2025-02-01", 12)],
    ...     columns=["order_id", "customer_id", "ordered_at", "amount"],
    ... )
    >>> shop = read({"orders": orders})
    >>> shop.first_day, shop.last_day
    (datetime.date(2025, 1, 5), datetime.date(2025, 2, 1))
    """
    sources = _table_sources(tables)
    engine, raw, report = _open(source, timezone, sources, allow)
    if report.failures:
        raise CheckError(report.failures)
    add_lines = _added(sources)
    checked: dict[str, ir.Table] = {}
    with engine.refusing():
        for name in sorted(raw, key=list(TABLES).index):  # orders first: others begin with them
            table = _through_the_door(raw[name], name, report, checked.get("orders"), add=name in add_lines)
            checked[name] = engine.keep(name, table, stored=_is_changed(raw[name], name, report))
    brought = {name: frozenset(received.columns) for name, received in raw.items()}
    return Shop(checked, brought, report, engine, raw)


def _open(
    source: Source,
    timezone: str,
    renamed: Mapping[str, TableSource],
    allow: Sequence[str | Path],
    *,
    anew: bool = False,
) -> tuple[Engine, dict[str, ir.Table], CheckReport]:
    if not isinstance(timezone, str):
        raise unknown_timezone(timezone)
    names = {table: (renamed[table].name if table in renamed else None) or table for table in TABLES}
    forms = _forms(renamed)
    engine = open_engine(source, timezone, allow)
    elsewhere = other_tables(renamed)
    found = engine.raw_tables(source, {**names, **elsewhere}, forms)
    raw = {table: rows for table, rows in found.tables.items() if table in TABLES}
    lines: dict[str, ir.Table] = {}
    failures = [named_by_setting(failure, renamed) for failure in found.failures.values()]
    with engine.refusing():
        for table, theirs in renamed.items():
            if table in raw:
                if theirs.where:
                    lines[table] = raw[table]
                    raw[table], wrong, noted = rows_where(raw[table], table, theirs)
                    failures += wrong
                    found.notes += noted
                if theirs.composed:
                    raw[table], wrong, noted = with_composed(raw[table], table, theirs, found.tables)
                    raw[table] = engine.keep(f"{table}_composed", raw[table], stored=True)
                    failures += wrong
                    found.notes += noted
                raw[table], wrong = _with_contract_names(raw[table], table, theirs)
                raw[table] = as_contract_writes(raw[table], table, theirs, written=elsewhere_of(theirs))
                failures += wrong
    failures += misplaced(renamed)
    if "orders" in raw and "orders" in renamed:
        with engine.refusing():
            if renamed["orders"].lines:
                lines.setdefault("orders", raw["orders"])
                raw, wrong, noted = _of_lines(engine, raw, renamed["orders"])
                failures += wrong
                found.notes += noted
            if renamed["orders"].negative == "returns":
                lines.setdefault("orders", raw["orders"])
                raw, wrong, noted = without_returns(raw)
                if noted and "order_items" in raw:
                    raw["order_items"] = engine.keep("items_of_orders", raw["order_items"], stored=True)
                failures += wrong
                found.notes += noted
    if "customers" in raw and "customers" in renamed and renamed["customers"].several == "one":
        with engine.refusing():
            lines.setdefault("customers", raw["customers"])
            one, noted = one_of_each(raw["customers"])
            raw["customers"] = engine.keep("customers_one", one, stored=True)
            found.notes += noted
    with engine.refusing():
        for name, table in customers_of_orders(raw).items():
            raw[name] = engine.keep(f"{name}_of_orders", table, stored=True)
    nobody = sorted({id_ for theirs in renamed.values() for id_ in theirs.not_customers})
    brought, raw = raw, without(raw, nobody)
    settings = {table: theirs.model_dump() for table, theirs in renamed.items()}
    read_as = json.dumps([type(engine).__name__, timezone, settings], sort_keys=True)
    key = None if failures else key_of(engine.files(source, found), read_as)
    report = None if key is None or anew else recall(key)
    if report is None:
        with engine.refusing():
            report = _checked(engine, raw, found, _added(renamed) & {*LINES}, lines)
            report = dataclasses.replace(report, notes=count_rows_of(brought, nobody) + report.notes)
        if key is not None:
            remember(key, report)
    if "customers" in raw:
        raw["customers"] = forgotten(raw["customers"], nobody)
    return (
        engine,
        raw,
        dataclasses.replace(report, failures=failures + report.failures, notes=found.notes + report.notes),
    )


def _table_sources(tables: Mapping[str, TableSource | Mapping[str, Any]] | None) -> dict[str, TableSource]:
    """Return how each table is named in the source, or all that is wrong with it."""
    failures: list[str] = []
    sources: dict[str, TableSource] = {}
    for name, given in (tables or {}).items():
        if name not in TABLES:
            failures.append(f"tables.{name}: is no table of the contract. Name one of {', '.join(TABLES)}.")
            continue
        try:
            sources[name] = TableSource.model_validate(given)
        except ValidationError as error:
            failures += failures_of(error, f"tables.{name}")
    if failures:
        raise ConfigError(failures)
    return sources


def _forms(sources: Mapping[str, TableSource]) -> dict[str, FileForm]:
    """Return how the files of all tables are written; one that only holds a column shares the encoding, and no more."""
    forms = {table: _form(source) for table, source in sources.items()}
    like = {source.name: forms[table] for table, source in sources.items()}
    elsewhere = {
        place_of(table, column): like.get(theirs.table, FileForm(encoding=source.encoding))
        for table, source in sources.items()
        for column, theirs in source.composed.items()
    }
    return forms | elsewhere


def _form(source: TableSource) -> FileForm:
    return FileForm(
        sheet=source.sheet,
        encoding=source.encoding,
        delimiter=source.delimiter,
        header=source.header,
        skip=source.skip,
        footer=source.footer,
        decimal=source.decimal,
    )


def _of_lines(
    engine: Engine, raw: Mapping[str, ir.Table], source: TableSource
) -> tuple[dict[str, ir.Table], list[str], list[str]]:
    """Replace lines by their orders, and by order_items where the source has no table of these."""
    split = split_lines(raw["orders"], source)
    orders, failures, notes = judge_orders(engine.keep("orders_of_lines", split.orders, stored=True), source)
    if source.same_lines == "drop" and (same := _same_rows(raw["orders"])):
        notes.append(
            f"orders: {same:,} lines that are like another one in all columns were dropped. If they are real, set "
            "tables.orders.same_lines: add."
        )
    items = {}
    if split.items is not None:
        items = {"order_items": engine.keep("items_of_lines", split.items, stored=True)}
    return (
        {"orders": orders, **items, **{name: table for name, table in raw.items() if name != "orders"}},
        failures,
        notes,
    )


def _same_rows(rows: ir.Table) -> int:
    return int(rows.count().to_pandas()) - int(rows.distinct().count().to_pandas())


def _checked(
    engine: Engine,
    raw: Mapping[str, ir.Table],
    found: Found,
    add_lines: Collection[str],
    lines: Mapping[str, ir.Table],
) -> CheckReport:
    """Check the tables, and whether all that stands in their files is in them."""
    report = check_tables(raw, engine, add_lines)
    counted = report.rows | {name: int(rows.count().to_pandas()) for name, rows in lines.items()}
    read_rows = {name: rows + found.hollow.get(name, 0) for name, rows in counted.items()}
    files, failures, notes = check_files(found.files, read_rows)
    return dataclasses.replace(report, files=files, failures=failures + report.failures, notes=report.notes + notes)


def _with_contract_names(raw: ir.Table, name: str, source: TableSource) -> tuple[ir.Table, list[str]]:
    """Rename a raw table's columns as the contract does; a mapped column replaces one that has its name."""
    table, columns = TABLES[name], source.names
    known = {**table.column, **(TABLES["order_items"].column if source.lines else {})}
    where = f"{name}: tables.{name}.columns in the config"
    allowed = {*known, RECORDED_AT.name, "currency"}
    unknown = [ours for ours in source.columns if ours not in allowed and not table.attributes]
    absent = [theirs for theirs in columns.values() if theirs not in raw.columns]
    failures = [
        f"{where} names {ours}, which is no column of {name} (known: {', '.join(known)}). Correct the config."
        for ours in unknown
    ] + [
        f"{where} says {theirs}, but there is no such column (received: {', '.join(raw.columns)}). Correct the config."
        for theirs in absent
    ]
    mapped = {ours: raw[theirs] for ours, theirs in columns.items() if theirs in raw.columns}
    moved = set(columns.values()) - set(table.required)
    # Engines take AMOUNT and amount for one column, so the one that is not meant goes, whatever its capitals.
    meant = {*mapped, *source.composed}
    named = {ours.lower() for ours in meant}
    kept = [
        column
        for column in raw.columns
        if column not in mapped and column not in moved and (column in meant or column.lower() not in named)
    ]
    return raw.select(*kept, **mapped), failures


def _added(tables: Mapping[str, TableSource]) -> frozenset[str]:
    added = {name for name, table in tables.items() if table.same_lines == "add"}
    return frozenset(added | ({"order_items"} if "orders" in added else set()))


def _through_the_door(raw: ir.Table, name: str, report: CheckReport, orders: ir.Table | None, *, add: bool) -> ir.Table:
    """Normalise one table, without what the check found to be left out."""
    contract = TABLES[name]
    table = normalise(raw, contract, report.plain.get(name, frozenset()))
    if "customer_id" in table.columns:
        table = table.drop_null("customer_id")
    table = leave_out(table, contract, report.impossible.get(name, ()), orders)
    if name in report.duplicated:
        table = added_up(table, contract) if add else table.distinct()
    return table


def _is_changed(raw: ir.Table, name: str, report: CheckReport) -> bool:
    """Check whether a table had to be converted or freed of rows, so that it is stored and this is done once."""
    if name in report.duplicated or name in report.impossible:
        return True
    plain = report.plain.get(name, frozenset())
    declared = {**TABLES[name].column, RECORDED_AT.name: RECORDED_AT}
    return not all(
        is_quick(raw, column) for name, column in declared.items() if name in raw.columns and name not in plain
    )
