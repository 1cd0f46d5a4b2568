"""Checking: every failure of every table at once, each with table, column, count, examples and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from churnml.data.contract import TABLES
from churnml.data.reading import check, read
from churnml.errors import InputError


def orders(**columns: Any) -> pd.DataFrame:
    """Three good orders, with other columns laid over them."""
    good = {
        "order_id": [1, 2, 3],
        "customer_id": ["a", "a", "b"],
        "ordered_at": ["2025-01-01", "2025-02-01", "2025-02-02 10:00"],
        "amount": ["1", "2.5", "0"],
    }
    return pd.DataFrame({**good, **columns})


def failures(**tables: pd.DataFrame) -> list[str]:
    return check({"orders": orders(), **tables}).failures


@pytest.mark.slow
@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (
            {"ordered_at": ["2025-01-01", None, "soon"]},
            [
                "orders.ordered_at: 1 of 3 rows are not a time (received string; order_id 3: soon). "
                "Write times as 2025-03-31 14:05:00 (or 2025-03-31).",
                "orders.ordered_at: 1 of 3 rows are empty (order_id 2). Fill them, or drop these rows.",
            ],
        ),
        (
            {"amount": ["12,50", "inf", "nan"]},
            [
                "orders.amount: 3 of 3 rows are not a money amount (received string; order_id 1: 12,50, 2: inf, 3: "
                "nan). A comma stands for the decimal point: write 12.50. Or set tables.orders.decimal in the config."
            ],
        ),
        (
            {"amount": [float("nan"), float("inf"), 1e15]},
            [
                "orders.amount: 1 of 3 rows are not a money amount (received float64; order_id 2: inf). "
                "Write money as a number with a decimal point, such as 1234.50.",
                "orders.amount: 1 of 3 rows lie above 100,000,000,000 (order_id 3: 1000000000000000.0). "
                "Correct them, or leave these rows out.",
                "orders.amount: 1 of 3 rows are empty (order_id 1). Fill them, or drop these rows.",
            ],
        ),
        (
            {"amount": [-5, 2, -0.01]},
            [
                "orders.amount: 2 of 3 rows are negative (order_id 1: -5.0, 3: -0.01). An amount is what was paid, "
                "0 or more; a refund is a row of the table returns."
            ],
        ),
        (
            {"order_id": [1, None, None]},
            ["orders.order_id: 2 of 3 rows are empty (customer_id a, b). Fill them, or drop these rows."],
        ),
        (
            {"order_id": [1e20, 2, 3]},
            [
                "orders.order_id: 1 of 3 rows are not an exact id (received float64; customer_id a: 1e+20). "
                "Write ids as text or as whole numbers, exported anew: a float or 5.12E+12 has lost digits."
            ],
        ),
        (
            {"customer_id": ["5.12346E+12", "5,12346E+12", "17850"]},
            [
                "orders.customer_id: 2 of 3 rows are not an exact id (received string; order_id 1: 5.12346E+12, "
                "2: 5,12346E+12). Write ids as text or as whole numbers, exported anew: a float or 5.12E+12 has lost "
                "digits."
            ],
        ),
        (
            {"customer_id": pd.Series([16_777_215, 16_777_216, 16_777_217], dtype="float32")},
            [
                "orders.customer_id: 2 of 3 rows are not an exact id (received float32; order_id 2: 16777216.0, "
                "3: 16777216.0). Write ids as text or as whole numbers, exported anew: a float or 5.12E+12 has lost "
                "digits."
            ],
        ),
        (
            {"customer_id": [True, False, True]},
            [
                "orders.customer_id: 3 of 3 rows are not an exact id (received boolean; order_id 1: true, 2: false, "
                "3: true). True and false name nothing: bring the column that holds the ids."
            ],
        ),
        (
            {"order_id": ["5.12E+12", "2", "3"], "amount": ["free", 1, 2]},
            [
                "orders.order_id: 1 of 3 rows are not an exact id (received string; customer_id a: 5.12E+12). Write "
                "ids as text or as whole numbers, exported anew: a float or 5.12E+12 has lost digits.",
                "orders.amount: 1 of 3 rows are not a money amount (received string; order_id 5.12E+12: free). "
                "Write money as a number with a decimal point, such as 1234.50.",
            ],
        ),
        (
            {"order_id": ["1", "NULL", "3"]},
            ["orders.order_id: 1 of 3 rows are empty (customer_id a). Fill them, or drop these rows."],
        ),
        (
            {
                "ordered_at": ["0001-01-01", "9999-12-31", "2025-01-01"],
                "cancelled_at": ["1970-01-01", "9999-12-31", ""],
            },
            [
                "orders.ordered_at: 2 of 3 rows lie before 1980 or after 2099 (order_id 1: 0001-01-01, 2: 9999-12-31). "
                "Correct them, or leave empty what is not known.",
                "orders.cancelled_at: 1 of 3 rows lie before 1980 or after 2099 (order_id 1: 1970-01-01). "
                "Correct them, or leave empty what is not known.",
            ],
        ),
        (
            {"ordered_at": [1_735_689_600] * 3},
            [
                "orders.ordered_at: 3 of 3 rows are not a time (received int64; order_id 1: 1735689600, "
                "2: 1735689600, 3: 1735689600). This is a count since 1970: write it as 2025-03-31 14:05:00. "
                "Or set tables.orders.date_format in the config."
            ],
        ),
        (
            {"order_id": [7, 7, 8]},
            [
                "orders: 1 of 2 keys (order_id) stand for rows with different content (7). "
                "Keep one row per key; add up lines that share one."
            ],
        ),
        (
            {"currency": ["EUR", "TRY", None]},
            [
                "orders.currency: the amounts are in EUR and TRY, but all of a shop must be in one currency. "
                "Convert them to one."
            ],
        ),
        (
            {"customer_id": [None, "", "  "]},
            [
                "orders.customer_id: all 3 rows are empty. Export the table with its customers, or name the column "
                "that holds them under tables.orders.columns in the config."
            ],
        ),
    ],
)
def test_failures_of_orders(columns: dict[str, Any], expected: list[str]) -> None:
    assert check({"orders": orders(**columns)}).failures == expected


@pytest.mark.slow
def test_all_failures_of_all_tables_come_at_once(tmp_path: Path) -> None:
    bad = pd.DataFrame({"order_id": [1, 1, None], "customer_id": ["a", "b", "c"], "amount": [-1.0, 2.0, float("inf")]})
    tables = {
        "orders": bad,
        "visits": pd.DataFrame({"customer_id": [None, None], "visited_at": ["x", "2025-01-01"]}),
        "customers": pd.DataFrame({"customer_id": [None, "b"], "contactable": ["yes", "perhaps"]}),
        "returns": [],
        "shoes": bad,
    }
    with pytest.raises(InputError) as caught:
        read(tables)
    assert [" ".join(failure.split(" ")[:6]) for failure in caught.value.failures] == [
        "returns: the type list was received,",
        "shoes: not in the contract. Known",
        "orders.ordered_at: the column is missing (received:",
        "orders.order_id: 1 of 3 rows are",
        "orders.amount: 1 of 3 rows are",
        "orders.amount: 1 of 3 rows are",
        "orders: 1 of 1 keys (order_id)",
        "customers.customer_id: 1 of 2 rows are",
        "customers.contactable: 1 of 2 rows are",
        "visits.customer_id: all 2 rows are empty.",
        "visits.visited_at: 1 of 2 rows are",
    ]
    assert str(caught.value) == "\n".join(caught.value.failures)
    assert check(tables).failures == caught.value.failures


def test_an_id_that_is_the_only_handle_is_shown_as_it_stands() -> None:
    customers = pd.DataFrame({"customer_id": [1e20, 1, 2]})
    assert check({"orders": orders(customer_id=[1, 2, 1]), "customers": customers}).failures == [
        "customers.customer_id: 1 of 3 rows are not an exact id (received float64; customer_id 1e+20). Write ids as "
        "text or as whole numbers, exported anew: a float or 5.12E+12 has lost digits."
    ]


def test_a_row_that_fails_in_several_columns_is_named_for_each() -> None:
    found = check({"orders": orders(ordered_at=["x", "2025-01-01", "2025-01-01"], amount=["y", "1", "1"])}).failures
    assert [failure.split(" (")[0] for failure in found] == [
        "orders.ordered_at: 1 of 3 rows are not a time",
        "orders.amount: 1 of 3 rows are not a money amount",
    ]
    assert all("order_id 1: " in failure for failure in found)


def test_three_examples_are_enough_and_long_ones_are_cut() -> None:
    many = pd.DataFrame(
        {"order_id": range(1_000, 6_310), "customer_id": "a", "ordered_at": "2025-01-01", "amount": "x" * 500}
    )
    [failure] = check({"orders": many}).failures
    assert failure.startswith(
        "orders.amount: 5,310 of 5,310 rows are not a money amount (received string; order_id 1000: "
    )
    assert f"order_id 1000: {'x' * 40}..., 1001: {'x' * 40}..., 1002: {'x' * 40}..., ...). Write" in failure


@pytest.mark.slow
def test_missing_columns_and_empty_tables() -> None:
    nothing = {name: pd.DataFrame({"other": ["x"]}) for name in TABLES}
    assert check(nothing).failures == [
        "customers.customer_id: the column is missing (received: other). Add it, or name the column that holds it "
        "under tables.customers.columns in the config."
        if name == "customers"
        else f"{name}: the columns {', '.join(table.required)} are missing (received: other). Add them, or name the "
        f"columns that hold them under tables.{name}.columns in the config."
        for name, table in TABLES.items()
    ]
    empty = {
        name: pd.DataFrame({column: pd.Series([], dtype="str") for column in table.required})
        for name, table in TABLES.items()
    }
    assert check(empty).failures == [
        f"{name}: the table is empty. Export it again, or remove it if the shop has no such data." for name in TABLES
    ]


@pytest.mark.slow
def test_a_file_with_only_a_header_is_an_empty_table(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,amount\n", encoding="utf-8")
    assert check(tmp_path).failures == [
        "orders: the table is empty. Export it again, or remove it if the shop has no such data."
    ]


@pytest.mark.slow
def test_currencies_are_compared_between_tables_but_not_among_attributes() -> None:
    returns = pd.DataFrame(
        {"return_id": [1], "customer_id": ["a"], "returned_at": ["2025-01-01"], "amount": [1], "currency": ["TRY"]}
    )
    found = check({"orders": orders(currency=["EUR", "EUR", ""]), "returns": returns}).failures
    assert [failure.split(",")[0] for failure in found] == [
        "orders.currency: the amounts are in EUR",
        "returns.currency: the amounts are in TRY",
    ]
    customers = pd.DataFrame({"customer_id": ["a", "b"], "currency": ["EUR", "TRY"]})
    assert failures(customers=customers) == []


@pytest.mark.slow
def test_identical_rows_are_dropped_and_counted() -> None:
    twice = pd.concat([orders(), orders(amount=["1.0", "2.50", "0.0000"])])
    shop = read({"orders": twice})
    assert shop.report.notes == [
        "orders: 2 of 6 orders have an amount of 0; they count as orders.",
        "orders: 3 identical rows were dropped.",
    ]
    assert shop.tables["orders"].count().to_pandas() == 3


@pytest.mark.slow
def test_keys_of_several_columns_are_compared_column_by_column() -> None:
    items = pd.DataFrame(
        {"order_id": ["a / b", "a"], "product_id": ["c", "b / c"], "quantity": [1, 2], "unit_price": [1, 1]}
    )
    assert failures(order_items=items) == []
    clash = pd.DataFrame({"order_id": ["1"] * 2, "product_id": ["p"] * 2, "quantity": [1, 2], "unit_price": [1, "1.0"]})
    assert failures(order_items=clash) == [
        "order_items: 1 of 1 keys (order_id, product_id, unit_price) stand for rows with different content "
        "(1 / p / 1.0000). Keep one row per key; add up lines that share one (tables.order_items.same_lines: add does)."
    ]


@pytest.mark.slow
def test_rewards_without_a_kind_have_a_key() -> None:
    rewards = pd.DataFrame({"customer_id": ["a", "a"], "changed_at": ["2025-01-01"] * 2, "points": [5, 6]})
    [failure] = failures(rewards=rewards)
    assert "(a / 2025-01-01 00:00:00 / empty)" in failure


@pytest.mark.slow
def test_rows_without_a_customer_clash_with_nothing() -> None:
    visits = pd.DataFrame({"customer_id": [None, None, "a"], "visited_at": ["2025-01-01"] * 3, "pages": [1, 2, 3]})
    shop = read({"orders": orders(), "visits": visits})
    assert "visits: 2 of 3 rows have no customer_id and are left out." in shop.report.notes
    assert shop.tables["visits"].count().to_pandas() == 1


@pytest.mark.slow
def test_what_is_tolerated_is_counted() -> None:
    shop = read(
        {
            "orders": orders(
                customer_id=["a", None, "b"], recorded_at=["2025-01-02", "2025-01-02", None], fax=[1, 2, 3]
            ),
            "deliveries": pd.DataFrame({"order_id": [1, 2, 9], "promised_at": ["2025-01-05"] * 3}),
        }
    )
    assert shop.report.notes == [
        "orders: 1 of 3 rows have no customer_id and are left out.",
        "orders: 1 of 3 orders have an amount of 0; they count as orders.",
        "orders: 1 of 3 rows have no recorded_at and are taken as known from when they happened.",
        "deliveries: 2 rows belong to no order with a customer and are left out.",
    ]


def test_stand_ins_for_nothing_are_no_customers() -> None:
    shop = read({"orders": orders(customer_id=["a", " NaN", "null"], amount=[1, 2, 3])})
    assert shop.report.notes == [
        "orders.customer_id: 2 of 3 rows hold a stand-in for nothing ( NaN, null) and count as empty.",
        "orders: 2 of 3 rows have no customer_id and are left out.",
    ]
    assert shop.tables["orders"].customer_id.to_pandas().to_list() == ["a"]


def test_a_good_shop_has_nothing_to_report() -> None:
    report = check({"orders": orders(amount=[1, 2, 3])})
    assert (report.rows, report.failures, report.notes) == ({"orders": 3}, [], [])


@pytest.mark.parametrize(
    ("texts", "remedy"),
    [
        (["2024-05-04", "2024-24-08"], "Day and month are exchanged, in the rows that can be read too: write"),
        (["04.10.2025", "24.08.2025"], "The day stands first: write the year first, as 2025-03-31."),
        (["04/10/2025", "08/24/2025"], "The month stands first: write the year first, as 2025-03-31."),
        (["04/10/2025", "05/10/2025"], "Which number is the day, and which the month, cannot be known: write the year"),
        (["04 10 2025", "05 10 2025"], "Which number is the day, and which the month, cannot be known: write the year"),
        (
            ["03/04/2025 10:00", "05/06/2025 10:00"],
            "Which number is the day, and which the month, cannot be known: wri",
        ),
        (
            ["25/04/03", "24/08/05"],
            "Which number is the day, and which the month, cannot be known: write the year first",
        ),
        (["4-3-25", "5-3-25"], "Which number is the day, and which the month, cannot be known: write the year first"),
        (["4 Oct 2025", "24 Aug 2025"], "Write months as numbers and offsets instead of zones"),
        (["20251004", "20250824"], "Divide year, month and day: 2025-03-31."),
        ([1724457600, 1724457601], "This is a count since 1970: write it as 2025-03-31 14:05:00."),
        ([45000, 45001], "This is how a spreadsheet counts days: format the column as 2025-03-31."),
        (["soon", "2025-02-30"], "Write times as 2025-03-31 14:05:00 (or 2025-03-31)."),
    ],
)
def test_how_to_write_a_time_goes_by_how_it_is_written(texts: list[Any], remedy: str) -> None:
    orders = pd.DataFrame({"order_id": [1, 2], "customer_id": "a", "ordered_at": texts, "amount": 1})
    (failure,) = check({"orders": orders}).failures
    assert f"). {remedy}" in failure


def test_rows_of_other_tables_long_after_the_last_order_are_named() -> None:
    orders = pd.DataFrame(
        {"order_id": range(40), "customer_id": "a", "ordered_at": pd.date_range("2025-01-01", periods=40), "amount": 1}
    )
    # The last order is of 2025-02-09; 60 days later is 2025-04-10.
    visits = pd.DataFrame({"customer_id": "a", "visited_at": ["2025-01-05", "2025-04-10", "2025-04-11", "2060-01-01"]})
    report = check({"orders": orders, "visits": visits})
    assert report.failures == []
    assert (
        "visits.visited_at: 2 of 4 rows lie more than 60 days after the last order and count from their day on alone "
        "(customer_id a: 2025-04-11, a: 2060-01-01)."
    ) in report.notes


def test_amounts_that_name_no_currency_are_counted() -> None:
    [note] = [note for note in check({"orders": orders(currency=["EUR", None, ""])}).notes if "currency" in note]
    assert note == ("orders.currency: 2 of 3 rows are empty; their amounts are taken to be in EUR, like all others.")
    for currency in (["EUR"] * 3, [None] * 3):
        assert not any("currency" in note for note in check({"orders": orders(currency=currency)}).notes)
