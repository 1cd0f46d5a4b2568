"""Texts of queries: written once for all shops of the same columns, and never for a query that says another thing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
import pytest

from churnml.data.engines import compiled
from churnml.data.engines.compiled import Asked, RememberingBackend, form_of
from churnml.data.engines.duckdb import DuckDBEngine
from churnml.data.recent import Recent


def raw_orders(**columns: list[Any]) -> tuple[RememberingBackend, ir.Table]:
    engine = DuckDBEngine("UTC")
    found = engine.raw_tables({"orders": pd.DataFrame(columns)}, {"orders": "orders"})
    return engine.backend, found.tables["orders"]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[ir.Expr]:
    """The queries whose texts were written since."""
    asked: list[ir.Expr] = []
    write = compiled.Backend.compile

    def note(self: RememberingBackend, expr: ir.Expr, /, **options: Any) -> str:
        asked.append(expr)
        return str(write(self, expr, **options))

    monkeypatch.setattr(compiled.Backend, "compile", note)
    monkeypatch.setattr(compiled, "_texts", Recent(500))
    return asked


def test_shops_of_the_same_columns_share_a_text_and_keep_their_rows(written: list[ir.Expr]) -> None:
    totals = []
    for amounts in ([1.5, 2.5], [7.0]):
        _, orders = raw_orders(amount=amounts)
        totals.append(orders.filter(orders.amount > 1).amount.sum().execute())
    assert totals == [4.0, 7.0]
    assert len(written) == 1


def test_another_type_of_a_column_is_another_text(written: list[ir.Expr]) -> None:
    for amounts in ([1.5], [1], ["1"]):
        _, orders = raw_orders(amount=amounts)
        orders.amount.cast("string").execute()
    assert len(written) == 3


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda t: t.mutate(x=1), lambda t: t.mutate(x=True)),
        (lambda t: t.mutate(x=ibis.literal(1.0)), lambda t: t.mutate(x=ibis.literal(1, type="int64"))),
        (lambda t: t.mutate(x=ibis.literal(0.0)), lambda t: t.mutate(x=ibis.literal(-0.0))),
        (lambda t: t.mutate(x=ibis.literal("1")), lambda t: t.mutate(x=ibis.literal(1))),
        (lambda t: t.mutate(x=t.a + t.b), lambda t: t.mutate(x=t.b + t.a)),
        (lambda t: t.mutate(x=t.a - t.b), lambda t: t.mutate(x=t.b - t.a)),
        # Made of the same parts in the same order, one of which is named once more.
        (lambda t: t.mutate(x=ibis.greatest(t.a, t.b, t.a)), lambda t: t.mutate(x=ibis.greatest(t.b, t.b, t.a))),
        (lambda t: t.select("a", "b"), lambda t: t.select("b", "a")),
        (lambda t: t.select(x="a"), lambda t: t.select(y="a")),
        (lambda t: t.filter(t.a > 1, t.b > 1), lambda t: t.filter(t.a > 1, t.b > 2)),
        (lambda t: t.limit(1), lambda t: t.limit(2)),
        (lambda t: t.order_by("a"), lambda t: t.order_by(ibis.desc("a"))),
        (lambda t: t.mutate(x=t.a.cast("int8")), lambda t: t.mutate(x=t.a.cast("int16"))),
        (lambda t: t.mutate(x=t.a.isin([1, 2])), lambda t: t.mutate(x=t.a.isin([1, 3]))),
    ],
)
def test_queries_that_differ_have_forms_that_differ(
    one: Callable[[ir.Table], ir.Table], other: Callable[[ir.Table], ir.Table]
) -> None:
    table = ibis.table({"a": "int64", "b": "int64"}, name="orders")
    forms = [form_of(query(table).op()) for query in (one, other, one)]
    assert forms[0] == forms[2]
    assert forms[0] != forms[1]


def test_what_the_program_holds_in_memory_shares_a_text_and_keeps_its_rows(written: list[ir.Expr]) -> None:
    backend, orders = raw_orders(amount=[1.0, 2.0, 3.0])
    for one, other in (([1.0, 2.0], [2.0]), ([3.0, 2.0, 1.0], [1.0, 3.0]), ([4.0], [4.0])):
        these, those = (ibis.memtable({"amount": values}) for values in (one, other))
        found = orders.semi_join(these, "amount").anti_join(those, "amount").semi_join(these, "amount")
        assert sorted(found.to_pandas().amount) == sorted({1.0, 2.0, 3.0} & set(one) - set(other))
    assert len(written) == 1
    assert list(backend.to_pandas(ibis.memtable({"amount": [1]})).amount) == [1]
    assert list(backend.to_pandas(ibis.memtable({"amount": ["1"]})).amount) == ["1"]
    assert len(written) == 3, "columns of another type are another text"


def test_tables_in_memory_may_change_places(written: list[ir.Expr]) -> None:
    backend, _ = raw_orders(amount=[1.0])
    few, many = (ibis.memtable({"amount": values}) for values in ([1.0, 2.0], [2.0, 3.0]))
    for one, other, left in ((few, many, 1.0), (many, few, 3.0), (few, many, 1.0)):
        assert list(backend.to_pandas(one.anti_join(other, "amount")).amount) == [left]
    assert len(written) == 1


def test_limits_and_parameters_are_part_of_what_is_asked(written: list[ir.Expr]) -> None:
    backend, orders = raw_orders(amount=[1.0, 2.0, 3.0])
    assert [len(backend.execute(orders, limit=limit)) for limit in (1, None, 2)] == [1, 3, 2]
    least = ibis.param("float64")
    above = orders.filter(orders.amount > least)
    assert [len(backend.execute(above, params={least: value})) for value in (0.5, 2.5)] == [3, 1]


def test_a_text_that_is_given_is_asked_as_it_is(written: list[ir.Expr]) -> None:
    backend, _ = raw_orders(amount=[1.0, 2.0])
    text = "SELECT sum(amount) AS total FROM raw_orders"
    asked = backend.sql(text, schema=ibis.schema({"total": "float64"}))
    assert backend.compile(asked) == text
    assert list(asked.to_pandas().total) == [3.0]
    assert written == []


def test_the_oldest_texts_go(written: list[ir.Expr], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_texts", Recent(2))
    backend, orders = raw_orders(amount=[1.0])
    for value in (1, 2, 1, 3, 1, 2):
        backend.compile(orders.mutate(x=value))
    assert len(written) == 4, "the first is asked for all along"


def counted(orders: ir.Table, others: ir.Table, above: float) -> ir.Table:
    rows = orders.filter(orders.amount > above)
    return rows.aggregate(total=rows.amount.sum(), others=others.count().as_scalar()).mutate(text=ibis.literal("{0}"))


def test_a_query_of_tables_is_made_once_for_all_of_the_same_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_texts_of_forms", Recent(500))
    made = []

    def query(orders: ir.Table, others: ir.Table, above: float) -> ir.Table:
        made.append((orders.schema(), above))
        return counted(orders, others, above)

    found = []
    for amounts, ids, above in (
        ([1.5, 2.5], [1, 2, 3], 1.0),
        ([7.0, 9.0], [4], 1.0),  # the same columns, other rows
        ([7.0, 9.0], [4], 8.0),  # another argument
        ([7.0, 9.0], ["a", "b"], 8.0),  # another type of a column of the second table
        ([7, 9], ["a", "b"], 8.0),  # and of the first
    ):
        engine = DuckDBEngine("UTC")
        tables = {"orders": pd.DataFrame({"amount": amounts}), "reviews": pd.DataFrame({"id": ids})}
        raw = engine.raw_tables(tables, {name: name for name in tables}).tables
        arguments = [raw["orders"], raw["reviews"]]
        found.append(tuple(engine.of_form(query, arguments, above).to_pandas().iloc[0]))
        assert found[-1] == tuple(counted(*arguments, above).to_pandas().iloc[0])
    text = "{0}"
    assert found == [(4.0, 3, text), (16.0, 1, text), (9.0, 1, text), (9.0, 2, text), (9.0, 2, text)]
    assert len(made) == 4


ANSWERS = """
    SELECT r AS whole, CASE WHEN r % 3 > 0 THEN r / 4 END AS share, CAST(r AS DECIMAL(12, 4)) AS money, NULL AS nothing,
        CAST(r AS VARCHAR) || '$1 ? :a' AS text, TIMESTAMP '2025-03-01 10:00' + to_days(CAST(r AS INT)) AS moment,
        [r] AS list, {'a': r} AS struct
    FROM range(300000) AS t(r) ORDER BY r
"""


class Older:
    """A connection of a DuckDB that is asked by relations alone."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.sql = connection.sql


@pytest.mark.parametrize("older", [False, True])
def test_a_query_is_answered_as_by_a_relation(older: bool) -> None:
    connection = duckdb.connect()
    asked = Asked(Older(connection) if older else connection, ANSWERS)
    expected = connection.sql(ANSWERS).to_arrow_table()
    assert asked.to_arrow_table().equals(expected)
    batches = list(asked.to_arrow_reader(1_000))
    assert max(batch.num_rows for batch in batches) <= 2_048  # a vector of DuckDB is the least
    assert pa.Table.from_batches(batches).equals(expected)
    assert asked.columns == expected.column_names
    with pytest.raises(duckdb.Error, match="nowhere"):
        Asked(connection, "SELECT * FROM nowhere").to_arrow_table()


def test_a_query_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    backend, orders = raw_orders(amount=[1.5])
    monkeypatch.setattr(duckdb._relation, "text_tokens", pytest.fail)
    assert orders.amount.sum().to_pandas() == 1.5
    with pytest.raises(BaseException, match="SELECT 1"):
        backend.con.sql("SELECT 1").fetchall()
