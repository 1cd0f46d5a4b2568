"""Raw tables in DuckDB: how they are registered, and how names and texts are written in SQL."""

from __future__ import annotations

import re
from pathlib import Path

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

_PLAIN = re.compile(
    r"BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)|VARCHAR|DATE"
    r"|TIMESTAMP(_S|_MS)?|TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ"
)
MOST_SCALE = 24
"""Digits after the point of the decimals that leave room before it for the bounds of money; others become text."""
_DECIMAL = re.compile(r"DECIMAL\(\d+,(\d+)\)")
# The engine would round nanoseconds up, and an order of 23:59:59.9999999 would move to the next day.
_NANOSECONDS = {
    "TIMESTAMP_NS": "make_timestamp(epoch_ns({}) // 1000)",
    "TIMESTAMPTZ_NS": "make_timestamptz(epoch_ns({}) // 1000)",
    "TIMESTAMP_NS WITH TIME ZONE": "make_timestamptz(epoch_ns({}) // 1000)",
}


def adopt(engine: Backend, table: str, query: str, *, stored: bool) -> ir.Table:
    """Register a query as the raw table, its rare types as text and its nanoseconds cut off."""
    columns = []
    for name, kind, *_ in engine.raw_sql(f"DESCRIBE SELECT * {query}").fetchall():
        column = identifier(name)
        if kind in _NANOSECONDS:
            columns.append(f"{_NANOSECONDS[kind].format(column)} AS {column}")
        elif (decimal := _DECIMAL.fullmatch(kind)) and int(decimal[1]) > MOST_SCALE:
            columns.append(f"regexp_replace(CAST({column} AS VARCHAR), '\\.0+$', '') AS {column}")
        elif _PLAIN.fullmatch(kind):
            columns.append(column)
        else:
            columns.append(f"CAST({column} AS VARCHAR) AS {column}")
    made = "TABLE" if stored else "VIEW"
    engine.raw_sql(f"CREATE {made} raw_{table} AS SELECT {', '.join(columns)} {query}")
    return engine.table(f"raw_{table}")


def scratch_of(engine: Backend) -> Path:
    """Return the folder of the engine's own files, which goes with it."""
    ((folder,),) = engine.raw_sql("SELECT current_setting('temp_directory')").fetchall()
    return Path(str(folder))


def quoted(text: str) -> str:
    """Write a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Write a name as SQL does."""
    return '"' + name.replace('"', '""') + '"'
