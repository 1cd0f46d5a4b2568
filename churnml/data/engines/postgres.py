"""PostgreSQL: everything is computed in the database; churnml makes temporary views there and nothing else."""

from __future__ import annotations

import re
import weakref
from collections.abc import Mapping, Set
from typing import Any

import ibis
import ibis.expr.types as ir

from churnml.data.engines.addresses import split_address, without_password
from churnml.data.engines.engine import TABLE_NAMES, Engine, Found, said, unknown_timezone
from churnml.data.engines.layout import FileForm
from churnml.errors import InputError, MissingExtraError, OutsideError

try:
    import psycopg
    from ibis.backends.postgres import Backend
except ImportError as missing:
    raise MissingExtraError("Reading a shop from PostgreSQL", "postgres") from missing

# A server that answers and refuses says so with FATAL; what it then says of itself passes.
_REFUSED = re.compile(r"FATAL:(?!.*(starting up|shutting down|recovery mode|too many|connection slots))", re.DOTALL)


class PostgresEngine(Engine):
    """A session on a PostgreSQL server.

    Parameters
    ----------
    address : str
        Address ``postgres://user@host:port/database``, or with ``/schema`` at its end. A password that it does not hold
        is looked up as every PostgreSQL program does: in ``PGPASSWORD`` and in the password file.
    timezone : str
        Time zone of the shop's wall clock, into which zone-aware times are converted.
    """

    errors = (psycopg.Error,)
    remedy = f"The schema must hold tables or views with the contract's names ({TABLE_NAMES})."

    def __init__(self, address: str, timezone: str) -> None:
        self._address = without_password(address)
        split_address(address)
        try:
            self.backend: Backend = ibis.connect(address.replace("postgresql://", "postgres://", 1), autocommit=True)
        except psycopg.Error as error:
            kind = InputError if _REFUSED.search(str(error)) else OutsideError
            raise kind(
                f"{self._address}: cannot be opened. {said(error)} Look at the address, and whether the server runs."
            ) from error
        weakref.finalize(self.backend, self.backend.con.close)
        try:
            self.backend.raw_sql(f"SET TIME ZONE {_quoted(timezone)}").close()
        except psycopg.Error as error:
            raise unknown_timezone(timezone) from error

    def find(self, source: Any, names: Mapping[str, str], forms: Mapping[str, FileForm]) -> Found:
        """Find tables and views of the schema by name."""
        listed = sorted(self.backend.list_tables())
        own = self._own_types()
        found = {
            table: _with_plain_types(self.backend.table(name), own.get(name, set()))
            for table, name in names.items()
            if name in listed
        }
        return Found(tables=found, names=listed)

    def _own_types(self) -> dict[str, set[str]]:
        """Name the columns of types that somebody made in this database, such as enumerations, by table."""
        query = (
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE data_type = 'USER-DEFINED' AND table_schema = current_schema()"
        )
        found: dict[str, set[str]] = {}
        with self.backend.raw_sql(query) as cursor:
            for table, column in cursor.fetchall():
                found.setdefault(table, set()).add(column)
        return found

    def keep(self, name: str, table: ir.Table, *, stored: bool) -> ir.Table:
        """Make a temporary view, or a temporary table; the database's own order of letters ends here."""
        columns = ", ".join(
            f'{_identifier(column)} COLLATE "C" AS {_identifier(column)}' if kind.is_string() else _identifier(column)
            for column, kind in table.schema().items()
        )
        kind = "TABLE" if stored else "VIEW"
        kept = f"churnml_{name}"
        query = f"SELECT {columns} FROM ({self.backend.compile(table)}) AS known"  # noqa: S608, identifiers are quoted
        try:
            self.backend.raw_sql(f"CREATE TEMPORARY {kind} {_identifier(kept)} AS {query}").close()
            if stored:
                self.backend.raw_sql(f"ANALYZE {_identifier(kept)}").close()
        except psycopg.errors.InsufficientPrivilege as error:
            raise InputError(
                f"{self._address}: {said(error)} churnml makes temporary views. Grant the right TEMPORARY on the "
                "database to this user."
            ) from error
        return self.backend.table(kept)

    def forget(self, name: str) -> None:
        """Drop a stored temporary table."""
        self.backend.raw_sql(f"DROP TABLE {_identifier(f'churnml_{name}')}").close()


def _with_plain_types(table: ir.Table, own: Set[str]) -> ir.Table:
    """Give a table with columns of rare types as text; Ibis takes an enumeration for one, and no function works."""
    texts = {
        column: table[column].cast("string") if kind.is_unknown() else table[column].concat("")
        for column, kind in table.schema().items()
        if kind.is_unknown() or (kind.is_string() and column in own)
    }
    return table.mutate(**texts) if texts else table


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
