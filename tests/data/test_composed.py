"""Columns that stand elsewhere, are made of several or have one value: by hand, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from churnml.config import ColumnSource
from churnml.data.reading import check, read
from churnml.data.shop import Shop
from tests.engine_shops import place_tables

ORDERS = pd.DataFrame(
    [("o1", "k1", "2025-01-05"), ("o2", "k2", "2025-02-01"), ("o3", "k3", "2025-03-01")],
    columns=["order_id", "key", "ordered_at"],
)
PEOPLE = pd.DataFrame([("k1", "ann"), ("k2", "bob"), ("k3", "ann"), ("k4", "eve")], columns=["key", "person"])
PAYMENTS = pd.DataFrame([("o1", "1.10"), ("o1", "2.20"), ("o2", "0.05")], columns=["order", "paid"])
SOURCE = {"orders": ORDERS, "people": PEOPLE, "payments": PAYMENTS}
DAYS, CLOCKS = ["05.01.2025", "01.02.2025", "01.03.2025"], ["9:05", "17:30", "00:00"]
TIMES = ["2025-01-05 09:05:00", "2025-02-01 17:30:00", "2025-03-01 00:00:00"]
DAY_AND_CLOCK = {"from": ["day", "clock"], "date_format": "%d.%m.%Y %H:%M"}
SETTINGS: dict[str, Any] = {
    "orders": {
        "columns": {
            "customer_id": {"from": "person", "table": "people", "by": "key"},
            "amount": {"from": "paid", "table": "payments", "by": "order_id", "key": "order", "sum": True},
        }
    }
}


def rows_of(shop: Shop, table: str, *columns: str) -> list[tuple[Any, ...]]:
    frame = shop.tables[table].order_by(shop.tables[table].columns[0]).to_pandas()
    return list(frame[list(columns)].itertuples(index=False, name=None))


def test_columns_of_other_tables() -> None:
    """1.10 + 2.20 were paid for the first order, 0.05 for the second, nothing for the third; ann ordered twice."""
    shop = read(SOURCE, tables=SETTINGS)
    paid = [
        (order, person, str(amount))
        for order, person, amount in rows_of(shop, "orders", "order_id", "customer_id", "amount")
    ]
    assert paid == [("o1", "ann", "3.3000"), ("o2", "bob", "0.0500"), ("o3", "ann", "0.0000")]
    assert "orders.amount: 1 of 3 rows have nothing in payments and are 0." in shop.report.notes


@pytest.mark.parametrize("engine", ["postgres", "spark"])
def test_other_engines_compose_the_same(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Columns of other tables, the customer of a review's order, and -0.50, which was given back, on each engine."""
    payments = pd.concat([PAYMENTS, pd.DataFrame([("o3", "-0.50")], columns=["order", "paid"])])
    reviews = pd.DataFrame([("r1", "o2", "2025-02-03", 7)], columns=["review_id", "order_id", "submitted_at", "rating"])
    source = {**SOURCE, "payments": payments, "reviews": reviews}
    source["orders"] = ORDERS.drop(columns="ordered_at").assign(day=DAYS, clock=CLOCKS)
    columns = {"review_id": {"from": ["review_id", "order_id"]}, "scale": {"value": 10}}
    of_orders = {**SETTINGS["orders"]["columns"], "ordered_at": DAY_AND_CLOCK}
    tables = {"orders": {"columns": of_orders, "negative": "returns"}, "reviews": {"columns": columns}}
    place = place_tables(engine, request.getfixturevalue(engine), source, tmp_path)
    one, other = read(source, tables=tables), read(place, tables=tables)
    assert sorted(other.tables) == sorted(one.tables) == ["orders", "returns", "reviews"]
    for name in one.tables:
        columns = [column for column in one.tables[name].columns if column in other.brought[name]]
        assert rows_of(other, name, *columns) == rows_of(one, name, *columns), name
    assert rows_of(one, "reviews", "review_id", "customer_id") == [("r1-o2", "bob")]
    assert [str(amount) for (amount,) in rows_of(one, "returns", "amount")] == ["0.5000"]
    assert one.report.notes == other.report.notes
    assert [str(time) for (time,) in rows_of(one, "orders", "ordered_at")] == TIMES[:2]


@pytest.mark.parametrize("days", [pd.to_datetime(["2025-01-05", "2025-02-01", "2025-03-01"]), ["2025-01-05 00:00"] * 3])
def test_a_day_at_midnight_takes_the_clock(days: Any) -> None:
    """A column of times that are days, as databases and spreadsheets have them, and one of text."""
    orders = ORDERS.drop(columns="ordered_at").assign(day=days, clock=["9:05:07", "17:30:00", "00:00"])
    settings = {"orders": {"columns": {**SETTINGS["orders"]["columns"], "ordered_at": {"from": ["day", "clock"]}}}}
    times = [time for (time,) in rows_of(read({**SOURCE, "orders": orders}, tables=settings), "orders", "ordered_at")]
    assert [f"{time:%H:%M:%S}" for time in times] == ["09:05:07", "17:30:00", "00:00:00"]
    assert [str(time.date()) for time in times] == [str(day)[:10] for day in days]


def test_a_clock_that_is_missing_is_named() -> None:
    orders = ORDERS.drop(columns="ordered_at").assign(day=DAYS, clock=[None, *CLOCKS[1:]])
    settings = {"orders": {"columns": {**SETTINGS["orders"]["columns"], "ordered_at": DAY_AND_CLOCK}}}
    [failure] = check({**SOURCE, "orders": orders}, tables=settings).failures
    assert "1 of 3 rows are not a time (received string; order_id o1: 05.01.2025 (not %d.%m.%Y %H:%M))" in failure


@pytest.mark.parametrize("engine", ["duckdb", "postgres", "spark"])
def test_pieces_at_a_price_in_another_table(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """2 x 1,10 + 3 x 0,50 = 3.70 for the first order, 4 x 0,05 = 0.20 for the second, nothing for the third."""
    items = pd.DataFrame(
        [("o1", "1,10", "2"), ("o1", "0,50", "3,0"), ("o2", "0,05", "4")], columns=["order", "price", "pieces"]
    )
    source = {"orders": ORDERS.rename(columns={"key": "customer_id"}), "items": items}
    amount = {"from": "price", "times": "pieces", "table": "items", "by": "order_id", "key": "order", "sum": True}
    tables = {"orders": {"decimal": ",", "columns": {"amount": amount}}}
    place = source
    if engine != "duckdb":
        place = place_tables(engine, request.getfixturevalue(engine), source, tmp_path)
    paid = [float(amount) for (amount,) in rows_of(read(place, tables=tables), "orders", "amount")]
    assert paid == [3.7, 0.2, 0.0]
    if engine == "duckdb":
        broken = {**source, "items": items.replace("4", "four")}
        [failure] = check(broken, tables=tables).failures
        assert "four" in failure


def test_several_values_for_one_key_are_refused() -> None:
    people = pd.concat([PEOPLE, pd.DataFrame([("k1", "zoe")], columns=["key", "person"])])
    report = check({**SOURCE, "people": people}, tables=SETTINGS)
    assert any("for 1 values of key, people holds several different person" in failure for failure in report.failures)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"from": "person", "table": "nowhere", "by": "key"}, "tables.orders.columns.customer_id.table in the config"),
        ({"from": "name", "table": "people", "by": "key"}, "says name, but there is no such column (received: key,"),
        ({"from": "person", "table": "people", "by": "no"}, "says no, but there is no such column (received: order_id"),
        ({"from": ["order_id", "no"]}, "says no, but there is no such column"),
    ],
)
def test_what_is_not_there_is_named(source: dict[str, Any], said: str) -> None:
    settings = {"orders": {"columns": {**SETTINGS["orders"]["columns"], "customer_id": source}}}
    assert any(said in failure for failure in check(SOURCE, tables=settings).failures)


def test_a_value_of_another_table_is_written_as_the_table_says() -> None:
    """1.234,50 + 2,20 = 1236.70 in the table of payments; a day of another table, as 05.01.2025."""
    payments = pd.DataFrame(
        [("o1", "1.234,50"), ("o1", "2,20"), ("o2", "0,05"), ("o3", "1")], columns=["order", "paid"]
    )
    days = pd.DataFrame([("o1", "05.01.2025"), ("o2", "01.02.2025"), ("o3", "01.03.2025")], columns=["order", "day"])
    columns = {
        **SETTINGS["orders"]["columns"],
        "ordered_at": {"from": "day", "table": "days", "by": "order_id", "key": "order"},
    }
    tables = {"orders": {"decimal": ",", "thousands": ".", "date_format": "%d.%m.%Y", "columns": columns}}
    source = {**SOURCE, "orders": ORDERS.drop(columns="ordered_at"), "payments": payments, "days": days}
    shop = read(source, tables=tables)
    assert [str(amount) for (amount,) in rows_of(shop, "orders", "amount")] == ["1236.7000", "0.0500", "1.0000"]
    assert next(str(time) for (time,) in rows_of(shop, "orders", "ordered_at")) == "2025-01-05 00:00:00"


def test_what_cannot_be_read_stays_visible() -> None:
    payments = PAYMENTS.replace("0.05", "free")
    [failure] = check({**SOURCE, "payments": payments}, tables=SETTINGS).failures
    assert "orders.amount: 1 of 3 rows are not a money amount" in failure
    assert "free" in failure


@pytest.mark.parametrize(
    "setting",
    [{}, {"from": "a", "value": 1}, {"from": "a", "table": "t"}, {"from": "a", "by": "b"}, {"from": "a", "sum": True},
     {"from": ["a", "b"], "table": "t", "by": "c"}, {"from": "a", "table": "t", "by": "c", "times": "d"},
     {"from": []}, {"value": 1, "date_format": "%d.%m.%Y"}],
)  # fmt: skip
def test_settings_that_mean_nothing(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ColumnSource.model_validate(setting)


def test_rows_of_an_order_have_its_customer() -> None:
    """A key of two columns, a scale that is the same for all, and the customer of the order; that of o9 is unknown."""
    orders = ORDERS.rename(columns={"key": "customer_id"}).assign(amount=[1, 2, 3])
    reviews = pd.DataFrame(
        [("r1", "o1", "2025-01-06", 10), ("r1", "o2", "2025-02-03", 7), ("r2", "o9", "2025-02-04", 8)],
        columns=["review", "order_id", "submitted_at", "rating"],
    )
    tables = {"reviews": {"columns": {"review_id": {"from": ["review", "order_id"]}, "scale": {"value": 10}}}}
    shop = read({"orders": orders, "reviews": reviews}, tables=tables)
    assert rows_of(shop, "reviews", "review_id", "customer_id", "rating", "scale") == [
        ("r1-o1", "k1", 10.0, 10.0),
        ("r1-o2", "k2", 7.0, 10.0),
    ]
    assert "reviews: 1 of 3 rows have no customer_id and are left out." in shop.report.notes


def test_orders_below_nothing_are_returns() -> None:
    """Of three orders 5.00 - 1.00 stays, -2.50 and -3.00 were given back; the lines of these go."""
    rows = [
        ("1", "a", "2025-01-05", "5.00", "p", "1"), ("1", "a", "2025-01-05", "-1.00", "rebate", "1"),
        ("2", "a", "2025-01-09", "-2.50", "p", "-1"), ("3", "b", "2025-01-10", "-3.00", "q", "-2"),
    ]  # fmt: skip
    lines = pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at", "amount", "product_id", "quantity"])
    lines["unit_price"] = ["5.00", "0.00", "2.50", "1.50"]
    shop = read({"orders": lines}, tables={"orders": {"lines": True, "negative": "returns"}})
    assert [(order, str(amount)) for order, amount in rows_of(shop, "orders", "order_id", "amount")] == [
        ("1", "4.0000")
    ]
    back = rows_of(shop, "returns", "return_id", "customer_id", "amount")
    assert [(one, who, str(amount)) for one, who, amount in back] == [("2", "a", "2.5000"), ("3", "b", "3.0000")]
    assert shop.report.rows["order_items"] == 2
    assert "orders: 2 of 3 orders have an amount below 0 and are rows of returns." in shop.report.notes


def test_returns_of_two_kinds_are_refused() -> None:
    orders = pd.DataFrame([("1", "a", "2025-01-05", -2)], columns=["order_id", "customer_id", "ordered_at", "amount"])
    returns = pd.DataFrame([("r", "a", "2025-01-05", 2)], columns=["return_id", "customer_id", "returned_at", "amount"])
    failures = check({"orders": orders, "returns": returns}, tables={"orders": {"negative": "returns"}}).failures
    assert any("but the source has a table of these" in failure for failure in failures)


def test_a_file_of_words_between_blanks(tmp_path: Path) -> None:
    """Two orders of a day are one, 1.50 + 2.00, where there is no number; the header names the columns, or does not."""
    rows = [" 0001 20250105  1   1.50", " 0001 20250105  2   2.00", "", " 0002 20250301  1  10.00"]
    columns = {
        "order_id": {"from": ["column1", "column2"]}, "customer_id": "column1", "ordered_at": "column2",
        "amount": "column4",
    }  # fmt: skip
    form = {"delimiter": " ", "date_format": "%Y%m%d", "lines": True, "same_lines": "add", "columns": columns}
    for header, first in ((False, []), (True, ["column1  column2 column3   column4"])):
        (tmp_path / "orders.txt").write_text("\n".join([*first, *rows]) + "\n", encoding="ascii")
        shop = read(tmp_path, tables={"orders": {**form, "header": header}})
        assert [(one, str(amount)) for one, amount in rows_of(shop, "orders", "order_id", "amount")] == [
            ("0001-20250105", "3.5000"),
            ("0002-20250301", "10.0000"),
        ]
        assert shop.report.files["orders"] == {"orders.txt": 3}


def test_a_file_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("7;a;2025-01-05;1,50\n8;b;2025-01-06;2,00\n", encoding="utf-8")
    names = dict(
        zip(
            ["order_id", "customer_id", "ordered_at", "amount"],
            ["column1", "column2", "column3", "column4"],
            strict=True,
        )
    )
    shop = read(tmp_path, tables={"orders": {"header": False, "decimal": ",", "columns": names}})
    assert [(one, str(amount)) for one, amount in rows_of(shop, "orders", "order_id", "amount")] == [
        ("7", "1.5000"),
        ("8", "2.0000"),
    ]


@pytest.mark.parametrize("engine", ["duckdb", "postgres", "spark"])
@pytest.mark.parametrize(
    "amount", ["PAID", {"value": 7}, {"from": "paid", "table": "payments", "by": "order_id", "sum": True}]
)
def test_a_column_of_the_name_in_capitals_is_not_taken_for_it(
    engine: str, amount: Any, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """AMOUNT counts pieces here: what was paid is 7.00, and engines take AMOUNT and amount for one column."""
    rows = [("o1", "a", "2025-01-05", 3, 7.0)]
    names = ["order_id", "customer_id", "ordered_at", "AMOUNT", "PAID"]
    source: dict[str, Any] = {"orders": pd.DataFrame(rows, columns=names)}
    if "table" in amount:
        source["payments"] = pd.DataFrame([("o1", "7.00")], columns=["order_id", "paid"])
    place = source
    if engine != "duckdb":
        place = place_tables(engine, request.getfixturevalue(engine), source, tmp_path)
    shop = read(place, tables={"orders": {"columns": {"amount": amount}}})
    assert [float(paid) for (paid,) in rows_of(shop, "orders", "amount")] == [7.0]
