"""Templates: a query that was compiled once is, on each day, the query of that day."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime

import ibis
import ibis.expr.types as ir
import pandas as pd
import pytest

from churnml.data import template
from churnml.data.draw import draw
from churnml.data.history import History
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.data.template import Template
from tests.random_shop import Maker

DAYS = [date(2024, 2, 29), date(2024, 12, 31), date(2025, 3, 30)]


@pytest.fixture(scope="module")
def shop() -> Shop:
    return read(Maker(11, date(2025, 5, 1), 30).tables())


def recent(history: History) -> ir.Table:
    orders = history.uncancelled_orders
    orders = orders.filter(history.within(orders.ordered_at, 90, ago=5))
    return orders.select("order_id", days=history.days_since(orders.ordered_at)).order_by("order_id")


def of_the_day(history: History) -> ir.Table:
    return recent(history).mutate(month=ibis.literal(history.snapshot_date.month))


def with_fixed_days(history: History) -> ir.Table:
    ids = {"id": ibis.literal("5000-01-01"), "other_id": ibis.literal("5000-01-01T00:00:00")}
    fixed = ids | {"then": ibis.timestamp(datetime(2020, 5, 1)), "text": ibis.literal("'2020-05-01' and '0001-01-01T'")}
    return recent(history).mutate(**fixed, never=ibis.date(date(9999, 12, 31)))


@pytest.mark.slow
@pytest.mark.parametrize("query", [recent, of_the_day, with_fixed_days])
@pytest.mark.parametrize("day", DAYS)
def test_on_a_day_it_gives_what_the_query_gives(shop: Shop, query: Callable[[History], ir.Table], day: date) -> None:
    expected = query(History(shop, day)).to_pandas()
    assert len(expected)
    made = Template(shop, query)
    pd.testing.assert_frame_equal(made.on(day).to_pandas(), expected, check_exact=True)


@pytest.mark.slow
def test_a_query_in_which_nothing_stands_for_the_day_is_made_for_each(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(template, "_PLACEHOLDER", re.compile("another printer"))
    for day in DAYS:
        expected = recent(History(shop, day)).to_pandas()
        pd.testing.assert_frame_equal(Template(shop, recent).on(day).to_pandas(), expected, check_exact=True)


@pytest.mark.slow
def test_a_query_that_does_not_ask_for_the_day_is_made_once(shop: Shop) -> None:
    made = []

    def query(history: History) -> ir.Table:
        made.append(history)
        return recent(history)

    compiled = Template(shop, query)
    for day in DAYS:
        compiled.on(day)
    assert len(made) == 1


@pytest.mark.slow
def test_shops_with_the_same_columns_share_what_was_compiled(shop: Shop) -> None:
    made = []

    def query(history: History) -> ir.Table:
        made.append(history)
        return recent(history)

    other = read(Maker(12, date(2025, 5, 1), 20).tables())
    poorer = read({"orders": Maker(12, date(2025, 5, 1), 20).tables()["orders"]})
    with draw(other, 0.5, seed=3) as drawn:
        for of in (shop, other, drawn, poorer):
            expected = recent(History(of, DAYS[2])).to_pandas()
            found = Template(of, query, "what was asked for here").on(DAYS[2]).to_pandas()
            pd.testing.assert_frame_equal(found, expected, check_exact=True)
            assert len(found)
    assert len(made) == 3, "once for shops of eleven tables, for what is drawn of one, and for one of orders alone"


@pytest.mark.slow
def test_a_query_that_looks_at_rows_while_it_is_made_is_not_shared(shop: Shop) -> None:
    def query(history: History) -> ir.Table:
        first = history.shop.tables["orders"].order_id.min().to_pandas()
        return recent(history).mutate(first=ibis.literal(first))

    other = read(Maker(13, date(2025, 5, 1), 20).tables())
    for of in (shop, other):
        found = Template(of, query, "the first of all").on(DAYS[2]).to_pandas()
        assert set(found["first"]) == {of.tables["orders"].order_id.min().to_pandas()}


@pytest.mark.slow
@pytest.mark.parametrize("of", ["another table", "the whole shop"])
def test_a_query_that_reads_other_tables_than_those_it_is_given_is_not_shared(shop: Shop, of: str) -> None:
    def query(history: History) -> ir.Table:
        known = ibis.memtable({"order_id": chosen}) if of == "another table" else history.shop.whole.tables["orders"]
        return recent(history).mutate(known=known.count().as_scalar())

    other = read(Maker(14, date(2025, 5, 1), 20).tables())
    chosen = ["1", "2", "3"]
    with draw(other, 0.5, seed=3) as drawn:
        for one in (shop, drawn):
            found = Template(one, query, ("other tables", of)).on(DAYS[2]).to_pandas()
            expected = 3 if of == "another table" else one.whole.tables["orders"].count().to_pandas()
            assert set(found["known"]) == {expected}
