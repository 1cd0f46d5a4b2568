"""The engines on which a shop's tables may live: DuckDB, PostgreSQL and Spark; DuckDB holds copies of MySQL's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from churnml.data.engines.addresses import without_password
from churnml.data.engines.duckdb import DuckDBEngine
from churnml.data.engines.engine import Engine, Found

__all__ = ["Engine", "Found", "open_engine", "without_password"]


def open_engine(source: Any, timezone: str, allow: Sequence[str | Path] = ()) -> Engine:
    """Open the engine that a source needs.

    Parameters
    ----------
    source : object
        Address that begins with ``postgres://`` or ``pyspark://``, a Spark session, or a source that DuckDB reads: a
        folder, a file, tables in memory, or an address that begins with ``mysql://`` or ``mariadb://``.
    timezone : str
        Time zone of the shop's wall clock, into which zone-aware times are converted.
    allow : sequence of str or Path, optional
        Folders that views within a DuckDB file may read.

    Raises
    ------
    MissingExtraError
        Where the packages of the engine are not installed.
    InputError
        Where the engine refuses to open the source, or the time zone is not known.
    OutsideError
        Where the engine cannot be reached.
    """
    scheme = source.split("://")[0].lower() if isinstance(source, str) and "://" in source else ""
    if scheme in ("postgres", "postgresql"):
        from churnml.data.engines.postgres import PostgresEngine

        return PostgresEngine(source, timezone)
    if scheme == "pyspark" or _is_spark_session(source):
        from churnml.data.engines.spark import SparkEngine

        return SparkEngine(source, timezone)
    return DuckDBEngine(timezone, allow)


def _is_spark_session(source: Any) -> bool:
    return not isinstance(source, Mapping) and type(source).__module__.startswith("pyspark.sql.")
