"""Rows of another program's database, copied in batches into DuckDB's scratch file."""

from __future__ import annotations

from collections.abc import Iterable

import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from churnml.data.engines.sql import adopt, identifier

ROWS = 20_000
"""Rows of a batch."""


def copy_batches(engine: Backend, table: str, batches: Iterable[pa.Table]) -> ir.Table:
    """Copy batches, of which there is at least one, and register them as a raw table."""
    name = f"source_{table}"
    begins = f"CREATE TABLE {identifier(name)} AS"
    for batch in batches:
        engine.con.register("batch", batch)
        engine.con.execute(f"{begins} SELECT * FROM batch")  # noqa: S608, identifiers are quoted
        engine.con.unregister("batch")
        begins = f"INSERT INTO {identifier(name)}"
    return adopt(engine, table, f"FROM {identifier(name)}", stored=False)
