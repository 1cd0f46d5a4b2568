"""MySQL and MariaDB: tables are read in batches of one moment into DuckDB's scratch file, where all is computed."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote

import pyarrow as pa
from ibis.backends.duckdb import Backend

from churnml.data.engines.addresses import split_address, without_password
from churnml.data.engines.copied import ROWS, copy_batches
from churnml.data.engines.engine import Found
from churnml.errors import InputError, MissingExtraError, OutsideError

try:
    import pymysql
    from pymysql.cursors import SSCursor
except ImportError as missing:
    raise MissingExtraError("Reading a shop from MySQL or MariaDB", "mysql") from missing

_OPTIONS = ("ssl_ca", "unix_socket")
_MOST_DIGITS = 38
_OF_CLIENT = range(2000, 3000)
"""Numbers of errors that the client gives: it does not reach the server, or lost it."""
_BUSY = {1040, 1053, 1203}  # too many connections, the server goes down, too many of this user
_ZERO = re.compile(r"0000-00-00( 00:00:00(\.0+)?)?")
_INTEGERS = {
    "tinyint": pa.int16(),
    "smallint": pa.int32(),
    "mediumint": pa.int32(),
    "int": pa.int64(),
    "year": pa.int32(),
}
_OTHERS = {
    "float": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    # A TIMESTAMP is a moment: the session's zone is UTC, and the door converts it.
    "timestamp": pa.timestamp("us", "UTC"),
}
_BYTES = ("binary", "varbinary", "blob", "tinyblob", "mediumblob", "longblob", "geometry", "point", "vector")


@dataclass(frozen=True, kw_only=True)
class _Column:
    """A column of a table, with the type that it has in DuckDB."""

    name: str
    kind: str
    type: pa.DataType

    @property
    def is_time(self) -> bool:
        """Whether its values may be zero dates."""
        return self.kind in ("date", "datetime", "timestamp")

    @property
    def convert(self) -> Callable[[Any], Any]:
        """What makes a value of the type of what the driver gives."""
        if self.kind == "bit":
            return lambda value: None if value is None else int.from_bytes(value, "big")
        if pa.types.is_string(self.type):
            return lambda value: None if value is None else str(value)
        return lambda value: value


def from_mysql(address: str, engine: Backend, names: Mapping[str, str]) -> Found:
    """Read the contract's tables of a MySQL or MariaDB database.

    All are read in one transaction, which sees the database as it was when it began and writes nothing.

    Parameters
    ----------
    address : str
        Address ``mysql://user@host:port/database``, with ``?ssl_ca=FILE`` or ``?unix_socket=FILE`` where that is
        needed. A password that it does not hold is looked up in ``MYSQL_PWD`` and in the part ``client`` of
        ``~/.my.cnf``.
    engine : DuckDB backend
        DuckDB backend that will hold the tables.
    names : mapping of str to str
        Name that the database uses for each contract table.

    Raises
    ------
    InputError
        Where the database cannot be opened.
    """
    found = Found()
    with _transaction(address) as (connection, columns):
        found.names += sorted(columns)
        for table, name in names.items():
            if name not in columns:
                continue
            try:
                batches = _batches(connection, name, columns[name], found.notes)
                found.tables[table] = copy_batches(engine, table, batches)
            except (pymysql.Error, pa.ArrowException, ValueError, TypeError) as error:
                said = f"{name} cannot be read. {_said(error)} Look at the table in the database."
                found.failures[table] = f"{table}: {said}"
    return found


def write_csv(address: str, is_wanted: Callable[[str], bool], folder: Path) -> None:
    """Write tables as CSV files of their names, all of one moment.

    Parameters
    ----------
    address : str
        Address, as in ``from_mysql``.
    is_wanted : callable
        Function that tells by its name whether a table is written.
    folder : Path
        Folder to fill.

    Raises
    ------
    InputError
        Where the database cannot be opened or read.
    """
    with _transaction(address) as (connection, columns):
        for table in filter(is_wanted, columns):
            with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as text:
                writer = csv.writer(text)
                writer.writerow(column.name for column in columns[table])
                for rows in _rows(connection, table, columns[table]):
                    writer.writerows(map(_plain, row) for row in rows)


@contextmanager
def _transaction(address: str) -> Iterator[tuple[pymysql.Connection[Any], dict[str, list[_Column]]]]:
    """Open a database, and give the columns of its tables without those of bytes, which no shop's table holds.

    Raises
    ------
    InputError
        Where the server refuses to open it.
    OutsideError
        Where the server does not answer, or the disk fails.
    """
    shown = without_password(address)
    options = _options(address, shown)
    try:
        with closing(pymysql.connect(**options)) as connection:
            yield connection, _begin(connection, options["database"])
    except (pymysql.Error, OSError, RuntimeError) as error:
        kind = OutsideError if _is_outside(error) else InputError
        raise kind(
            f"{shown}: cannot be opened. {_said(error)} Look at the address, and whether the server runs."
        ) from error


def _options(address: str, shown: str) -> dict[str, Any]:
    """Return what an address says, as the driver wants it.

    Raises
    ------
    InputError
        Where it names no database, or an option that is not known.
    """
    parts = split_address(address)
    database = unquote(parts.path.strip("/"))
    if not database or "/" in database:
        raise InputError(f"{shown}: names no database. Write it as mysql://user@host/database.")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        raise InputError(f"{shown}: {', '.join(unknown)} is not known. The options are {', '.join(_OPTIONS)}.")
    known: dict[str, Any] = {"host": parts.hostname, "port": parts.port, "database": database, **options}
    if parts.username:
        known["user"] = unquote(parts.username)
    password = unquote(parts.password) if parts.password else os.environ.get("MYSQL_PWD")
    if password:
        known["password"] = password
    file = Path("~/.my.cnf").expanduser()
    if file.is_file():
        known["read_default_file"] = str(file)
    return {"charset": "utf8mb4", **{name: value for name, value in known.items() if value is not None}}


def _begin(connection: pymysql.Connection[Any], database: str) -> dict[str, list[_Column]]:
    columns: dict[str, list[_Column]] = {}
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("SET SESSION time_zone = '+00:00'")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        cursor.execute(
            "SELECT table_name, column_name, data_type, column_type, numeric_precision, numeric_scale "
            "FROM information_schema.columns WHERE table_schema = %s ORDER BY table_name, ordinal_position",
            [database],
        )
        for table, name, kind, written, precision, scale in cursor.fetchall():
            if kind.lower() not in _BYTES:
                column = _Column(name=name, kind=kind.lower(), type=_type(kind.lower(), written, precision, scale))
                columns.setdefault(table, []).append(column)
    return columns


def _type(kind: str, written: str, precision: int | None, scale: int | None) -> pa.DataType:
    """Return the type of a column; what has none of its own is text."""
    if kind == "bit":
        return pa.uint64()
    if kind == "bigint":
        return pa.uint64() if "unsigned" in written.lower() else pa.int64()
    if kind == "decimal" and precision is not None and scale is not None and precision <= _MOST_DIGITS:
        return pa.decimal128(precision, scale)
    return _INTEGERS.get(kind) or _OTHERS.get(kind) or pa.string()


def _batches(
    connection: pymysql.Connection[Any], table: str, columns: Sequence[_Column], notes: list[str]
) -> Iterator[pa.Table]:
    """Return the rows of a table, zero dates as null, and note these; the first batch of an empty table is empty."""
    schema = pa.schema([(column.name, column.type) for column in columns])
    zeros = dict.fromkeys((column.name for column in columns if column.is_time), 0)
    for rows in _rows(connection, table, columns):
        values = {}
        for column, received in zip(columns, zip(*rows, strict=True) if rows else [()] * len(columns), strict=True):
            cells = [column.convert(cell) for cell in received]
            if column.is_time:
                # The driver leaves what is no day as it is written.
                is_zero = [isinstance(cell, str) and _ZERO.fullmatch(cell) is not None for cell in cells]
                zeros[column.name] += sum(is_zero)
                cells = [None if zero else cell for zero, cell in zip(is_zero, cells, strict=True)]
            values[column.name] = pa.array(cells, column.type)
        yield pa.table(values, schema=schema)
    read = "zero dates (0000-00-00) are read as empty."
    notes += [f"{table}.{name}: {count:,} {read}" for name, count in zeros.items() if count]


def _rows(
    connection: pymysql.Connection[Any], table: str, columns: Sequence[_Column]
) -> Iterator[Sequence[tuple[Any, ...]]]:
    """Return the rows of a table in batches, of which there is at least one."""
    listed = ", ".join(_quoted(column.name) for column in columns)
    with connection.cursor(SSCursor) as cursor:
        cursor.execute(f"SELECT {listed} FROM {_quoted(table)}")  # noqa: S608, identifiers are quoted
        first = True
        while (rows := cursor.fetchmany(ROWS)) or first:
            yield rows
            first = False


def _plain(cell: Any) -> Any:
    """Write a number of a double column without an exponent."""
    return format(Decimal(repr(cell)), "f") if isinstance(cell, float) else cell


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _is_outside(error: Exception) -> bool:
    """Say whether the server did not answer, has no room for more or goes down, or the disk failed."""
    if not isinstance(error, pymysql.Error):
        return isinstance(error, OSError)
    number = error.args[0] if error.args else None
    return isinstance(number, int) and (number in _BUSY or number in _OF_CLIENT)


def _said(error: Exception) -> str:
    """Return what the server says, without the number of the error."""
    return str(error.args[-1] if error.args else error).splitlines()[0][:300].rstrip(".") + "."
