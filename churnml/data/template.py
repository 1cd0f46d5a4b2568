"""Queries of a history that are compiled once and then used for any day."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Hashable
from datetime import date, datetime, time, timedelta
from functools import cache
from uuid import uuid4

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.common.exceptions import IbisError

from churnml.data.history import History
from churnml.data.recent import Recent
from churnml.data.shop import Shop

_NO_DAY = date(1, 1, 1) + timedelta(days=1_000_000)
# Calls of functions that there are not stand in the query for its days. No text of a shop holds their names.
_OURS = f"churnml_{uuid4().hex}"
_TABLE = re.compile(rf'"{_OURS}_table_(\w+)"')
_PLACEHOLDER = re.compile(rf"{_OURS}_(timestamp|date)_(before|after)_(\d+)\(\)", re.IGNORECASE)


class Template:
    """A query of a history, compiled once for all snapshots, since compiling costs a small shop more than computing.

    Parameters
    ----------
    shop : Shop
        Shop on which the query runs.
    query : callable
        Function that makes the query of a history. One that asks for ``history.snapshot_date`` is made and compiled for
        each day, as what it does with the day cannot be known; so is one in which no placeholder stands for the day.
    asked : hashable, optional
        Key of what the query asks, where two with the same key differ in nothing but the shop: then shops whose tables
        have the same columns share what was compiled. None shares nothing, as for queries of code that is not
        churnml's: what such code reads beside the history, such as a constant of its notebook, may have changed.
    """

    def __init__(self, shop: Shop, query: Callable[[History], ir.Table], asked: Hashable = None) -> None:
        self._shop = shop
        self._query = query
        compiled = None if asked is None else _shared(shop, query, asked)
        self._text, self._schema = compiled or _compiled(shop, query)

    def on(self, snapshot_date: date) -> ir.Table:
        """Return the query of the shop as known on a day."""
        if self._text is None:
            return self._query(History(self._shop, snapshot_date))
        text = _PLACEHOLDER.sub(lambda found: _written(found, snapshot_date), self._text)
        table: ir.Table = self._shop.engine.backend.sql(text, schema=self._schema)
        return table


def on_its_day(history: History, query: Callable[..., ir.Table], *arguments: Hashable) -> ir.Table:
    """Return the query of a history, compiled once for all days of its shop.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    query : callable
        Function of a module, which takes a history and the arguments; see `Template`.
    *arguments : object
        Further arguments of the query.
    """
    answers, asked = history.shop.answers, (query, *arguments)
    if asked not in answers:
        answers[asked] = Template(history.shop, lambda known: query(known, *arguments), asked)
    template: Template = answers[asked]
    return template.on(history.snapshot_date)


_Compiled = tuple[str | None, ibis.Schema | None]
_shared_texts: Recent[_Compiled] = Recent(200)


def _compiled(shop: Shop, query: Callable[[History], ir.Table]) -> _Compiled:
    """Compile a query of no day; no text where it asks for one, or where nothing in it stands for one."""
    try:
        table = query(_HistoryOfNoDay(shop, _NO_DAY))
    except _DayAskedError:
        return None, None
    return _text_of(shop, table)


def _text_of(shop: Shop, table: ir.Table) -> _Compiled:
    if table.op().find(ops.InMemoryTable):  # which the engine is told of by Ibis alone
        return None, None
    text = shop.engine.backend.compile(table)
    # A query in which nothing stands for the day would be the same one on every day.
    return (text, table.schema()) if _PLACEHOLDER.search(text) else (None, None)


def _shared(shop: Shop, query: Callable[[History], ir.Table], asked: Hashable) -> _Compiled | None:
    """Compile a query for all shops of a form, and name this shop's tables in it; None where that is not possible."""
    views = {name: _view(shop, name) for name in shop.tables}
    if None in views.values():
        return None
    columns = tuple((name, table.schema()) for name, table in sorted(shop.tables.items()))
    key = (type(shop.engine), columns, frozenset(shop.brought.items()), shop.sample is None, asked)

    def make() -> _Compiled:
        unbound = {name: ibis.table(schema, name=f"{_OURS}_table_{name}") for name, schema in columns}
        return _compiled_of_columns(dataclasses.replace(shop, tables=unbound), query)

    text, schema = _shared_texts.of(key, make)
    return None if text is None else (_TABLE.sub(lambda found: str(views[found[1]]), text), schema)


def _compiled_of_columns(form: Shop, query: Callable[[History], ir.Table]) -> _Compiled:
    """Compile a query of tables that are known by their columns alone; no text where it reads anything else."""
    try:
        table = query(_HistoryOfNoDay(form, _NO_DAY))
    except (_DayAskedError, IbisError):  # it asks for the day, or looks at rows while it is made
        return None, None
    if any(not isinstance(read, ops.UnboundTable) for read in table.op().find(ops.PhysicalTable)):
        return None, None
    return _text_of(form, table)


def _view(shop: Shop, name: str) -> str | None:
    if ("view", name) not in shop.answers:
        shop.answers["view", name] = shop.engine.view(shop.tables[name])
    found: str | None = shop.answers["view", name]
    return found


class _DayAskedError(Exception):
    """The query asks for the day itself."""


class _HistoryOfNoDay(History):
    """A history that writes placeholders where another one writes its day."""

    @property
    def snapshot_date(self) -> date:
        raise _DayAskedError

    def _moment(self, days: int) -> ir.TimestampScalar:
        return _placeholder("timestamp", (self._now.date() - _NO_DAY).days + days)

    def _today(self) -> ir.DateScalar:
        return _placeholder("date", (self._now.date() - _NO_DAY).days)


@cache
def _placeholder(kind: str, days: int) -> ir.Scalar:
    name = f"{_OURS}_{kind}_{'before' if days < 0 else 'after'}_{abs(days)}"

    def stands_for() -> None:
        """Stand for a day."""

    declared = ibis.udf.scalar.builtin(stands_for, name=name, signature=((), kind))
    scalar: ir.Scalar = declared()
    return scalar


def _written(placeholder: re.Match[str], snapshot_date: date) -> str:
    kind, side, days = placeholder.groups()
    off = timedelta(days=int(days))
    day = snapshot_date - off if side.lower() == "before" else snapshot_date + off
    if kind.lower() == "date":
        return f"CAST('{day.isoformat()}' AS DATE)"
    return f"CAST('{datetime.combine(day, time.min).isoformat(sep=' ')}' AS TIMESTAMP)"
