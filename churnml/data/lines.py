"""Lines: the key that tells rows apart, and lines that are added up because nothing else tells them apart."""

from __future__ import annotations

import ibis.expr.types as ir

from churnml.data.contract import Table

_EXACT = "decimal(18,4)"


def key_of(contract: Table, raw: ir.Table) -> tuple[str, ...]:
    """Return the key of a table, with the number of the line where it was brought."""
    return (*contract.key, contract.line) if contract.line in raw.columns and contract.line else contract.key


def added_up(table: ir.Table, contract: Table) -> ir.Table:
    """Add up lines that differ in nothing but the number that the contract adds.

    Sums are exact, as those of doubles depend on their order.
    """
    adds = str(contract.adds)
    same = [name for name in table.columns if name != adds]
    total = table[adds].cast(_EXACT).sum().cast(table[adds].type())
    return table.group_by(*same).aggregate(**{adds: total}).select(*table.columns)
