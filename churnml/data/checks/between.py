"""What holds between tables: one currency, and orders that lines and deliveries belong to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import ibis.expr.types as ir

from churnml.data.checks.counts import count_of, counts_of
from churnml.data.checks.judge import Bad, judge
from churnml.data.checks.report import Findings
from churnml.data.contract import ORDERS, TABLES, Column, NotBefore, Table
from churnml.data.door import as_type, through_the_door
from churnml.data.impossible import lies_before

_LISTED_CURRENCIES = 6


def currencies_of(raw: ir.Table, table: Table) -> list[str]:
    """List the currencies of a table of amounts; none where it has no amounts."""
    if "currency" not in raw.columns or not any(column.type == "money" for column in table.columns):
        return []
    listed = raw.select(currency=as_type(raw, ORDERS.column["currency"])).distinct()
    listed = listed.order_by("currency").limit(_LISTED_CURRENCIES).to_pandas()
    return [str(value) for value in listed.currency.dropna()]


def note_amounts_without_currency(raw: ir.Table, table: Table, listed: Collection[str], rows: int) -> list[str]:
    """Say how many amounts are taken to be in the currency that the others name."""
    if len(listed) != 1:
        return []
    empty = count_of(as_type(raw, ORDERS.column["currency"]).isnull().sum())
    (currency,) = listed
    return [
        f"{table.name}.currency: {empty:,} of {rows:,} rows are empty; their amounts are taken to be in {currency}, "
        "like all others."
    ] * (empty > 0)


def check_currencies(found: Mapping[str, list[str]]) -> list[str]:
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


def check_rows_of_orders(raw: Mapping[str, ir.Table], plain: Mapping[str, Collection[str]]) -> dict[str, Findings]:
    """Look through the tables whose rows name an order: times before it, and rows that begin with it but have none."""
    orders = raw["orders"].select(
        order_of_row=through_the_door(raw["orders"], ORDERS.column["order_id"], plain["orders"]),
        order_began=through_the_door(raw["orders"], ORDERS.column["ordered_at"], plain["orders"]),
        customer_of_order=through_the_door(raw["orders"], ORDERS.column["customer_id"], plain["orders"]),
    )
    orders = orders.drop_null("customer_of_order").drop("customer_of_order").distinct()
    return {
        name: _check_rows_of_orders(received, TABLES[name], orders, plain[name])
        for name, received in raw.items()
        if name != "orders" and "order_id" in received.columns and _rules(received, TABLES[name])
    }


def _check_rows_of_orders(raw: ir.Table, table: Table, orders: ir.Table, plain: Collection[str]) -> Findings:
    rows = raw.mutate(order_of_row=through_the_door(raw, table.column["order_id"], plain))
    rows = rows.left_join(orders, "order_of_row")
    times = {column: through_the_door(rows, column, plain) for column in _rules(raw, table)}
    before = {column: lies_before(time, rows.order_began) for column, time in times.items()}
    counts = {"orphans": rows.order_began.isnull().sum()}
    counts |= {f"before:{column.name}": is_before.sum() for column, is_before in before.items()}
    counts |= {
        f"values:{column.name}": (time.notnull() & rows.order_began.notnull()).sum() for column, time in times.items()
    }
    found = counts_of(rows.aggregate(**counts))
    findings = Findings()
    if found["orphans"] and table.event_time is None:
        findings.notes.append(
            f"{table.name}: {found['orphans']:,} rows belong to no order with a customer and are left out."
        )
    for column, is_before in before.items():
        count, total = found[f"before:{column.name}"], found[f"values:{column.name}"]
        if count:
            rule = _rules(raw, table)[column]
            bad = Bad(rows=rows.filter(is_before), table=table, column=column, fault=rule, count=count, total=total)
            findings.add(judge(bad), column.name)
    return findings


def _rules(raw: ir.Table, table: Table) -> dict[Column, NotBefore]:
    """Give the columns whose times follow that of the order which the row names."""
    brought = [column for column in table.columns if column.name in raw.columns]
    return {column: rule for column in brought for rule in column.not_before if rule.is_of_order}
