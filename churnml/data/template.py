"""Queries of a history that are compiled once and then used for any day."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from datetime import date, timedelta

import ibis.expr.types as ir

from churnml.data.history import History
from churnml.data.shop import Shop

# No shop holds times of these years (the door refuses them), so a day near it in a query is its snapshot, moved.
_PLACEHOLDER = date(5000, 1, 1)
_NEAR = timedelta(days=200 * 366)
_YEAR = re.compile(r"(?<![\w.])(?:4[89]|5[01])\d\d(?![\w.])")
# Only what a time compiles to: a customer's id may well look like a day.
_DAY = re.compile(
    r"(MAKE_(?:DATE|TIMESTAMP)\()(\d{4}), (\d{1,2}), (\d{1,2})"
    r"|(CAST\(')(\d{4})-(\d{2})-(\d{2})(?=T00:00:00' AS TIMESTAMP\))"
)


class Template:
    """A query of a history, compiled once for all snapshots, since compiling costs a small shop more than computing.

    Parameters
    ----------
    shop
        The shop.
    query
        Makes the query of a history. One that asks for ``history.snapshot_date`` is made and compiled for each day,
        as what it does with the day cannot be known; so is one whose text holds days that are not told for sure.
    """

    def __init__(self, shop: Shop, query: Callable[[History], ir.Table]) -> None:
        self._shop = shop
        self._query = query
        try:
            table = query(_HistoryOfNoDay(shop, _PLACEHOLDER))
        except _DayAskedError:
            self._text = None
        else:
            text = shop.engine.backend.compile(table)
            self._text = text if _is_movable(text) else None
            self._schema = table.schema()

    def on(self, snapshot_date: date) -> ir.Table:
        """Give the query for a day."""
        if self._text is None:
            return self._query(History(self._shop, snapshot_date))
        text = _DAY.sub(lambda found: _moved(found, snapshot_date - _PLACEHOLDER), self._text)
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
    @property
    def snapshot_date(self) -> date:
        raise _DayAskedError


def _is_movable(text: str) -> bool:
    """Tell whether every number that may be a year near the placeholder belongs to a day that is moved."""
    days = [_day_of(found) for found in _DAY.finditer(text)]
    return sum(map(_is_near, days)) == len(_YEAR.findall(text)) > 0


def _is_near(day: date) -> bool:
    return abs(day - _PLACEHOLDER) <= _NEAR


def _day_of(found: re.Match[str]) -> date:
    made, *parts, _, year, month, day = found.groups()
    return date(*map(int, parts)) if made else date(int(year), int(month), int(day))


def _moved(found: re.Match[str], by: timedelta) -> str:
    made, cast = found[1], found[5]
    called = _day_of(found)
    if not _is_near(called):
        return found[0]
    moved = called + by
    return f"{made}{moved.year}, {moved.month}, {moved.day}" if made else f"{cast}{moved.isoformat()}"
