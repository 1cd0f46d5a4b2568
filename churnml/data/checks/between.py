"""What holds between tables: one currency, and orders that lines and deliveries belong to."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import ibis.expr.types as ir

from churnml.data.contract import ORDERS, TABLES, Table
from churnml.data.door import as_type, through_the_door

_LISTED_CURRENCIES = 6


def currencies_of(raw: ir.Table, table: Table) -> list[str]:
    """List the currencies of a table of amounts; none where it has no amounts."""
    if "currency" not in raw.columns or not any(column.type == "money" for column in table.columns):
        return []
    listed = raw.select(currency=as_type(raw, ORDERS.column["currency"])).distinct()
    listed = listed.order_by("currency").limit(_LISTED_CURRENCIES).to_pandas()
    return [str(value) for value in listed.currency.dropna()]


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


def check_orphans(raw: Mapping[str, ir.Table], plain: Mapping[str, Collection[str]]) -> list[str]:
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
