"""Counts that a check asks for: plain numbers, since a frame of one row takes longer than the engine."""

from __future__ import annotations

import ibis.expr.types as ir


def counts_of(table: ir.Table) -> dict[str, int]:
    """Return the numbers of a table of one row, by column; null is 0."""
    (row,) = table.to_pyarrow().to_pylist()
    return {name: int(count or 0) for name, count in row.items()}


def count_of(value: ir.IntegerScalar) -> int:
    """Return a number; null is 0."""
    return int(value.to_pyarrow().as_py() or 0)
