"""Queries of a history that are compiled once and then used for any day."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import date, datetime, time, timedelta
from functools import cache
from uuid import uuid4

import ibis
import ibis.expr.types as ir

from churnml.data.history import History
from churnml.data.shop import Shop

_NO_DAY = date(1, 1, 1) + timedelta(days=1_000_000)
# Calls of functions that there are not stand in the query for its days. No text of a shop holds their names.
_OURS = f"churnml_{uuid4().hex}"
_PLACEHOLDER = re.compile(rf"{_OURS}_(timestamp|date)_(before|after)_(\d+)\(\)", re.IGNORECASE)


class Template:
    """A query of a history, compiled once for all snapshots, since compiling costs a small shop more than computing.

    Parameters
    ----------
    shop
        The shop.
    query
        Makes the query of a history. One that asks for ``history.snapshot_date`` is made and compiled for each day,
        as what it does with the day cannot be known; so is one in which no placeholder stands for the day.
    """

    def __init__(self, shop: Shop, query: Callable[[History], ir.Table]) -> None:
        self._shop = shop
        self._query = query
        try:
            table = query(_HistoryOfNoDay(shop, _NO_DAY))
        except _DayAskedError:
            self._text = None
        else:
            text = shop.engine.backend.compile(table)
            # A query in which nothing stands for the day would be the same one on every day.
            self._text = text if _PLACEHOLDER.search(text) else None
            self._schema = table.schema()

    def on(self, snapshot_date: date) -> ir.Table:
        """Give the query for a day."""
        if self._text is None:
            return self._query(History(self._shop, snapshot_date))
        text = _PLACEHOLDER.sub(lambda found: _written(found, snapshot_date), self._text)
        table: ir.Table = self._shop.engine.backend.sql(text, schema=self._schema)
        return table


def on_its_day(history: History, query: Callable[..., ir.Table], *arguments: Hashable) -> ir.Table:
    """Give a query of a history, compiled once for all days of its shop.

    Parameters
    ----------
    history
        The shop and the day.
    query
        A function of a module, which takes a history and the arguments; see ``Template``.
    arguments
        What else it takes.
    """
    answers, asked = history.shop.answers, (query, *arguments)
    if asked not in answers:
        answers[asked] = Template(history.shop, lambda known: query(known, *arguments))
    template: Template = answers[asked]
    return template.on(history.snapshot_date)


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
