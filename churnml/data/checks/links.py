"""How the rows of other tables meet the orders by id, and of which customers the shop tells consent."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import ibis.expr.types as ir

from churnml.data.checks.alike import alike, said_alike
from churnml.data.checks.counts import count_of, counts_of
from churnml.data.contract import CUSTOMERS, ORDERS, TABLES
from churnml.data.door import through_the_door

# Fewer ids than these may all be of customers without an order, though nothing is wrong.
_HANDFUL = 5
_ALIKE = "Write the ids alike in both tables."


@dataclass(frozen=True, kw_only=True)
class _Link:
    """The ids of one column of a table, and those of the orders that they should meet.

    Attributes
    ----------
    table, column : str
        Names of table and column in which the ids stand.
    ids : Ibis table
        Ids of all rows, in a column ``id``.
    targets : Ibis table
        Ids of the orders, in a column ``id``.
    """

    table: str
    column: str
    ids: ir.Table
    targets: ir.Table


def check_links(raw: Mapping[str, ir.Table], plain: Mapping[str, Collection[str]]) -> tuple[list[str], list[str]]:
    """Count the rows that meet no order; give failures where nothing meets, or consent would be lost, and notes.

    Parameters
    ----------
    raw : mapping of str to Ibis table
        Raw tables by contract name, orders among them.
    plain : mapping of str to collection of str
        Names of the columns, by table, whose values are all of the contract's type.
    """
    failures: list[str] = []
    notes: list[str] = []
    for link in _links(raw, plain):
        failed, noted = _check(link, tells_consent=link.table == "customers" and _tells_consent(raw))
        failures += failed
        notes += noted
    if _tells_consent(raw) and not failures:
        notes += _unknown_consent(raw, plain)
    return failures, notes


def _tells_consent(raw: Mapping[str, ir.Table]) -> bool:
    return "customers" in raw and "contactable" in raw["customers"].columns


def _links(raw: Mapping[str, ir.Table], plain: Mapping[str, Collection[str]]) -> Iterator[_Link]:
    for name, received in raw.items():
        for column in ("order_id", "customer_id"):
            declared = TABLES[name].column.get(column)
            if name == "orders" or declared is None or column not in received.columns:
                continue
            targets = _ids_of_orders(raw["orders"], column, plain["orders"])
            ids = received.select(id=through_the_door(received, declared, plain[name])).drop_null("id")
            yield _Link(table=name, column=column, ids=ids, targets=targets)


def _ids_of_orders(orders: ir.Table, column: str, plain: Collection[str]) -> ir.Table:
    """Return the ids of the orders that have a customer, each of their customers once."""
    ids = {
        name: through_the_door(orders, ORDERS.column[name], plain) for name in dict.fromkeys([column, "customer_id"])
    }
    rows = orders.select(**ids).drop_null()
    ids = rows.select(id=rows[column])
    return ids.distinct() if column == "customer_id" else ids


def _check(link: _Link, *, tells_consent: bool) -> tuple[list[str], list[str]]:
    missed = link.ids.anti_join(link.targets, "id")
    missed_rows = count_of(missed.count())
    if not missed_rows or not count_of(link.targets.count()):
        return [], []
    counts = counts_of(link.ids.aggregate(rows=link.ids.count(), ids=link.ids.id.nunique()))
    rows, ids, missed_ids = counts["rows"], counts["ids"], count_of(missed.id.nunique())
    others = missed.select("id").distinct()
    # An id that has a row of its own lacks no consent.
    targets = link.targets.anti_join(link.ids, "id") if tells_consent else link.targets
    pairs = alike(others, targets.distinct())
    where, orders_column = f"{link.table}.{link.column}", f"orders.{link.column}"
    hint = f"would hold {said_alike(pairs)}. {_ALIKE}"
    if missed_ids == ids and (len(pairs) or ids >= _HANDFUL):
        remedy = f", which {hint}" if len(pairs) else ". Export both tables with the same ids."
        return [f"{where}: none of {ids:,} ids stands in {orders_column}{remedy}"], []
    if tells_consent and len(pairs):
        lost = "a refusal of contact would not be seen"
        return [f"{where}: {missed_ids:,} of {ids:,} ids stand in no order, so {lost}; {orders_column} {hint}"], []
    if tells_consent:
        pairs = alike(others, link.targets.distinct())
        hint = f"would hold {said_alike(pairs)}. {_ALIKE}"
    if TABLES[link.table].event_time is None:  # counted where such rows are looked through
        return [], [f"{where}: {orders_column} {hint}"] if len(pairs) else []
    what = "are of customers without an order" if link.column == "customer_id" else "name no order with a customer"
    said = f"{link.table if link.column == 'customer_id' else where}: {missed_rows:,} of {rows:,} rows {what}."
    return [], [f"{said} Of their {missed_ids:,} ids {orders_column} {hint}" if len(pairs) else said]


def _unknown_consent(raw: Mapping[str, ir.Table], plain: Mapping[str, Collection[str]]) -> list[str]:
    """Count the customers with an order of whom a shop that tells consent does not tell it."""
    customers = raw["customers"]
    told = customers.select(
        id=through_the_door(customers, CUSTOMERS.column["customer_id"], plain["customers"]),
        contactable=through_the_door(customers, CUSTOMERS.column["contactable"], plain["customers"]),
    ).distinct()
    ordered = _ids_of_orders(raw["orders"], "customer_id", plain["orders"])
    joined = ordered.left_join(told, "id")
    rowless = joined.id_right.isnull()
    found = joined.aggregate(
        customers=joined.count(), rowless=rowless.sum(), empty=(~rowless & joined.contactable.isnull()).sum()
    )
    count, rowless_count, empty = counts_of(found).values()
    if not rowless_count + empty:
        return []
    return [
        f"customers: the consent of {rowless_count + empty:,} of {count:,} customers with an order is unknown "
        f"({rowless_count:,} have no row, {empty:,} an empty contactable). They are left out of the work list, unless "
        "scoring.unknown_consent in the config is include."
    ]
