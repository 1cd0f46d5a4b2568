"""Rows of a table that stand for something else than the table does, such as the views of a log of events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

from churnml.config import TableSource
from churnml.data.checks.counts import counts_of
from churnml.data.contract import Column
from churnml.data.door import as_type


def are_meant(raw: ir.Table, where: Mapping[str, Sequence[str]]) -> ir.BooleanValue:
    """Say which rows have one of the values in each of some columns."""
    return ibis.and_(*(as_type(raw, Column(name, "id")).isin(list(values)) for name, values in where.items()))


def rows_where(raw: ir.Table, name: str, source: TableSource) -> tuple[ir.Table, list[str], list[str]]:
    """Leave out the rows of a table that its settings do not mean.

    Parameters
    ----------
    raw : Ibis table
        Table as received, with the names that the source uses.
    name : str
        Name of the table in the contract.
    source : TableSource
        Settings of the table.

    Returns
    -------
    table : Ibis table
        Rows that are meant.
    failures, notes : list of str
        A sentence for each column that is missing; and how many rows are left out.
    """
    absent = [column for column in source.where if column not in raw.columns]
    if absent:
        said = f"{name}: tables.{name}.where in the config names {', '.join(absent)}, but there is no such column"
        return raw, [f"{said} (received: {', '.join(raw.columns)}). Correct the config."], []
    meant = are_meant(raw, source.where).fill_null(False)
    counts = counts_of(raw.aggregate(rows=raw.count(), meant=meant.sum()))
    left = counts["rows"] - counts["meant"]
    kept = " and ".join(f"{column} is {' or '.join(values)}" for column, values in source.where.items())
    said = f"{name}: {left:,} of {counts['rows']:,} rows are left out: those meant are where {kept}."
    return raw.filter(meant), [], [said] if left else []
