"""DuckDB, out of core: the engine of folders, files and tables in memory."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from ibis.util import gen_name

from churnml.data.engines import sources
from churnml.data.engines.compiled import Asked, RememberingBackend, text_of_form, with_tables
from churnml.data.engines.engine import Engine, Found, unknown_timezone
from churnml.data.engines.layout import FileForm
from churnml.data.engines.sql import identifier, quoted
from churnml.data.scratch import Scratch

_MOST_MEMORY_GB = 2.0
_SHARE_OF_MEMORY = 0.6


class DuckDBEngine(Engine):
    """A DuckDB database in a scratch file, so that tables may be larger than the memory; it goes with the engine.

    Parameters
    ----------
    timezone : str
        Time zone of the shop's wall clock, into which zone-aware times are converted.
    allow : sequence of str or Path, optional
        Folders that views within a DuckDB file may read.
    """

    errors = (duckdb.Error,)
    reads_forms = True
    remedy = sources.REMEDY
    # Parts of so many take 2.4 GiB where all of 9 million orders at once took 5.0, and no longer.
    orders_at_once = 1_000_000

    def __init__(self, timezone: str, allow: Sequence[str | Path] = ()) -> None:
        self._allow = allow
        scratch = Scratch()
        self.backend = RememberingBackend().connect(
            scratch.path / "shop.duckdb",
            temp_directory=str(scratch.path),
            memory_limit=f"{_memory_limit_gb():.2f}GB",
            preserve_insertion_order=False,
            # Nothing is fetched or loaded, and no variable of the program is a table because some SQL names it.
            autoinstall_known_extensions=False,
            autoload_known_extensions=False,
            python_enable_replacements=False,
        )
        # The connection outlives the backend for a moment and would write its file anew: it is closed first.
        weakref.finalize(self.backend, _close, self.backend.con, scratch)
        self.backend.raw_sql("PRAGMA disable_checkpoint_on_shutdown")  # the file goes with the engine
        # It would be printed among results. A notebook without ipywidgets cannot show it, and cannot switch it off.
        with suppress(duckdb.InvalidInputException):
            self.backend.raw_sql("SET enable_progress_bar = false")
        try:
            self.backend.raw_sql(f"SET TimeZone = {quoted(timezone)}")
        except duckdb.Error as error:
            raise unknown_timezone(timezone) from error

    def find(self, source: Any, names: Mapping[str, str], forms: Mapping[str, FileForm]) -> Found:
        """Find raw tables in files, a DuckDB file or a mapping."""
        return sources.find(source, self.backend, names, forms, self._allow)

    def files(self, source: Any, found: Found) -> dict[str, Path] | None:
        """Return the files of tables, or the DuckDB file; None for tables in memory or of a server, and for views."""
        if isinstance(source, Mapping) or self._allow or ("://" in str(source) and not found.files):
            return None
        path = Path(source)
        if found.files or path.is_dir():
            return {file.name: file.path for files in found.files.values() for file in files}
        # Changes that the file itself does not hold yet: those of DuckDB, and of SQLite.
        logs = [path.with_name(f"{path.name}{suffix}") for suffix in (".wal", "-wal")]
        return {file.name: file for file in (path, *logs) if file.exists()}

    def keep(self, name: str, table: ir.Table, *, stored: bool) -> ir.Table:
        """Name a table; only a stored one needs it here."""
        return self.backend.create_table(name, table) if stored else table

    def forget(self, name: str) -> None:
        """Drop a stored table."""
        self.backend.drop_table(name)

    def beside(self, frame: pd.DataFrame) -> ir.Table:
        """Read the rows where they are."""
        return ibis.memtable(frame)

    def view(self, table: ir.Table) -> str:
        """Make a temporary view, which costs a query nothing; it goes with the connection."""
        name = identifier(gen_name("churnml_view"))
        self.backend.raw_sql(f"CREATE TEMP VIEW {name} AS {self.backend.compile(table)}")
        return name

    def of_form(self, query: Callable[..., ir.Table], tables: Sequence[ir.Table], *arguments: Hashable) -> ir.Table:
        """Return a query whose text is written once for all tables of the same columns."""
        text, schema = text_of_form(self.backend, query, [table.schema() for table in tables], *arguments)
        found: ir.Table = self.backend.sql(with_tables(text, list(map(self.view, tables))), schema=schema)
        return found

    def frame(self, table: ir.Table) -> pd.DataFrame:
        """Return the rows by Arrow's own conversion: that of Ibis looks at all columns again, for a third longer."""
        frame: pd.DataFrame = table.to_pyarrow().to_pandas()
        return frame

    def hash_rows(self, columns: Mapping[str, ir.Value]) -> ir.IntegerValue:
        """Hash the values themselves, in a quarter of the time that their texts take."""
        hashed: ir.IntegerValue = _hash(ibis.struct(dict(columns)))
        return hashed

    def _stream(self, table: ir.Table, rows: int) -> Iterable[pa.RecordBatch]:
        stream: Iterable[pa.RecordBatch] = Asked(self.backend.con, self.backend.compile(table)).to_arrow_reader(rows)
        return stream


def _memory_limit_gb() -> float:
    """Leave room for others: at most 2 GB and 60 % of the machine; what is larger goes to the scratch file."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if hasattr(os, "sysconf") else 8e9
    return min(_MOST_MEMORY_GB, _SHARE_OF_MEMORY * memory / 1e9)


def _close(connection: duckdb.DuckDBPyConnection, scratch: Scratch) -> None:
    connection.close()
    scratch.remove()


# Ibis has no types for its decorator, and takes a value of any type only where none is written.
@ibis.udf.scalar.builtin(name="hash")  # type: ignore[untyped-decorator]
def _hash(row) -> dt.uint64:  # type: ignore[no-untyped-def]
    """Hash a value of any type; that of Ibis makes a text of the hash on its way to a signed number."""
