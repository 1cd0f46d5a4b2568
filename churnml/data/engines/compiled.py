"""Queries that DuckDB was asked before, of the same shop or of another one of the same columns: compiled once."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.operations as ops
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.common.graph import Node

from churnml.data.recent import Recent

_MOST = 500
_ROWS = 131_072  # of a batch of Arrow, as relations of DuckDB make them
_texts: Recent[tuple[str, list[str]]] = Recent(_MOST)
_texts_of_forms: Recent[tuple[str, ibis.Schema]] = Recent(_MOST)
# No text of a shop holds the names that stand for its tables.
_OURS = f"churnml_{uuid4().hex}"
_TABLE = re.compile(rf'"{_OURS}_(\d+)"')


class RememberingBackend(Backend):  # type: ignore[misc]  # Ibis has no types
    """DuckDB by Ibis, which takes longer to write the text of a query than DuckDB to answer it of a small shop.

    Every shop has a database of its own, in which its tables have the same names as in others'; a text says nothing of
    the database.
    """

    def compile(
        self,
        expr: ir.Expr,
        /,
        *,
        limit: int | None = None,
        params: Mapping[ir.Expr, Any] | None = None,
        pretty: bool = False,
    ) -> str:
        """Return the text of a query."""
        query = expr.as_table().op()
        if limit is None and isinstance(query, ops.SQLQueryResult):
            return str(query.query)
        if params or pretty:
            text: str = super().compile(expr, limit=limit, params=params, pretty=pretty)
            return text
        asked, held = form_of(query)
        compile_it = super().compile
        text, held_then = _texts.of((asked, limit), lambda: (compile_it(expr, limit=limit), held))
        return _renamed(text, dict(zip(held_then, held, strict=True)))

    def _to_duckdb_relation(
        self,
        expr: ir.Expr,
        *,
        params: Mapping[ir.Expr, Any] | None = None,
        limit: int | None = None,
        **options: Any,
    ) -> Asked:
        self._run_pre_execute_hooks(expr)
        return Asked(self.con, self.compile(expr.as_table(), limit=limit, params=params, **options))


class Asked:
    """A query that DuckDB 2 parses and binds once, when it answers.

    A relation of DuckDB's own does both before as well, to know its columns, which Ibis knows already: for a small shop
    that takes as long as half of the answer. It is asked in the way in which a relation asks; where a DuckDB has none,
    and for all that is asked of it beside Arrow, a relation answers.

    Parameters
    ----------
    connection : DuckDB connection
        Connection that answers.
    text : str
        One query without parameters.
    """

    def __init__(self, connection: Any, text: str) -> None:
        self._connection = connection
        self._text = text

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection.sql(self._text), name)

    def to_arrow_table(self) -> pa.Table:
        """Return all rows."""
        if not hasattr(self._connection, "_submit"):
            return self._connection.sql(self._text).to_arrow_table()
        return self._connection._submit(self._text, None, "arrow", _ROWS).arrow_table()

    def to_arrow_reader(self, rows: int) -> pa.RecordBatchReader:
        """Return a reader that gives so many rows at once."""
        if not hasattr(self._connection, "_submit"):
            return self._connection.sql(self._text).to_arrow_reader(rows)
        return self._connection._submit(self._text, None, "stream", rows).arrow_reader()


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """Put new names into a text, all at once: what is one's new name may have been another's."""
    if not names:
        return text
    return re.sub("|".join(map(re.escape, names)), lambda found: names[found[0]], text)


def text_of_form(
    backend: Backend, query: Callable[..., ir.Table], schemas: Sequence[ibis.Schema], *arguments: Hashable
) -> tuple[str, ibis.Schema]:
    """Return the text of a query of tables with these columns, and the columns that it gives; see ``with_tables``."""

    def make() -> tuple[str, ibis.Schema]:
        made = query(*(ibis.table(schema, name=f"{_OURS}_{place}") for place, schema in enumerate(schemas)), *arguments)
        return Backend.compile(backend, made), made.schema()

    return _texts_of_forms.of((query, *schemas, arguments), make)


def with_tables(text: str, names: Sequence[str]) -> str:
    """Name the tables in the text of a query, by the places at which it takes them."""
    return _TABLE.sub(lambda found: names[int(found[1])], text)


def form_of(query: Node) -> tuple[Hashable, list[str]]:
    """Return what a query asks, of whichever database, and the names of the tables in memory that it reads.

    Ibis makes such a name for each table anew, so that it stands nowhere else in the text of the query.
    """
    places: dict[Node, int] = {}
    form: list[Hashable] = []
    held: list[str] = []
    waiting = [query]
    while waiting:
        node = waiting[-1]
        missing = [part for part in _parts(node.__args__) if part not in places] if node not in places else []
        if missing:
            waiting += missing
            continue
        waiting.pop()
        if node in places:
            continue
        places[node] = len(form)
        arguments = node.__args__
        if isinstance(node, ops.InMemoryTable):
            held.append(node.name)
            arguments = (node.schema,)
        form.append((type(node), *(_plain(argument, places) for argument in arguments)))
    return tuple(form), held


def _parts(value: Any) -> list[Node]:
    if isinstance(value, Node):
        return [value]
    if isinstance(value, Mapping):
        value = tuple(value.values())
    return [part for one in value for part in _parts(one)] if isinstance(value, tuple | list) else []


def _plain(value: Any, places: Mapping[Node, int]) -> Hashable:
    """Write an argument such that two are equal only if they say the same: 1, True and 1.0 are not."""
    if isinstance(value, Node):
        return (Node, places[value])
    if isinstance(value, str):
        return value
    if isinstance(value, dt.DataType):
        return dt.DataType, hash(value), str(value)
    if isinstance(value, Backend):
        return (Backend,)
    if isinstance(value, Mapping):
        return (Mapping, *((name, _plain(one, places)) for name, one in value.items()))
    if isinstance(value, tuple | list):
        return (tuple, *(_plain(one, places) for one in value))
    return type(value), repr(value)
