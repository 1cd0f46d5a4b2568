"""Customers with a row for each of their orders or addresses: one row of each."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from churnml.data.checks.counts import counts_of
from churnml.data.contract import CUSTOMERS
from churnml.data.door import as_type

_KEY, _PLACE = "churnml key", "churnml place"


def one_of_each(customers: ir.Table) -> tuple[ir.Table, list[str]]:
    """Keep the first row of each customer by its values, whatever their order in the source.

    Parameters
    ----------
    customers : Ibis table
        Raw table of customers, with the contract's names.

    Returns
    -------
    Ibis table
        Table with a row for each customer.
    list of str
        How many rows were left out, where any was.
    """
    if "customer_id" not in customers.columns:
        return customers, []
    keyed = customers.mutate(**{_KEY: as_type(customers, CUSTOMERS.column["customer_id"])})
    values = [keyed[name].cast("string") for name in customers.columns]
    place = ibis.row_number().over(group_by=keyed[_KEY], order_by=values)
    first = keyed.mutate(**{_PLACE: place}).filter(lambda rows: (rows[_PLACE] == 0) | rows[_KEY].isnull())
    counts = counts_of(
        keyed.aggregate(rows=keyed.count(), people=keyed[_KEY].nunique(), nobody=keyed[_KEY].isnull().sum())
    )
    left = counts["rows"] - counts["people"] - counts["nobody"]
    said = f"customers: {left:,} of {counts['rows']:,} rows are further ones of a customer and are left out."
    return first.drop(_KEY, _PLACE), [said] if left else []
