"""Values that cannot be: refused, or left out and counted, each with its remedy; and nothing crashes after a check."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from decimal import Decimal
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from churnml.config import LINES, TableSource
from churnml.data.checks.days import lone_ends
from churnml.data.contract import TABLES
from churnml.data.history import History
from churnml.data.reading import check, read
from churnml.data.shop import Shop
from churnml.errors import InputError

pytestmark = pytest.mark.slow

TYPES = {
    "bool": pa.array([True, False]),
    "uint64": pa.array([2**64 - 1, 1], pa.uint64()),
    "int64": pa.array([-(2**63), 2**63 - 1]),
    "float32": pa.array([3e38, float("nan")], pa.float32()),
    "float64": pa.array([1.7e308, -float("inf")]),
    "decimal": pa.array([Decimal("9" * 30), Decimal("1.5")], pa.decimal128(38, 5)),
    "timestamp": pa.array([datetime(2025, 1, 1)] * 2, pa.timestamp("us", "UTC")),
    "date": pa.array([date(2025, 1, 1)] * 2),
    "time": pa.array([time(1, 2)] * 2),
    "binary": pa.array([b"\xff\x00", b"1"]),
    "list": pa.array([[1], [2]]),
    "struct": pa.array([{"a": 1}] * 2),
    "null": pa.nulls(2),
}

DAY = pd.Timestamp("2025-06-01")


def orders(rows: int = 40) -> pd.DataFrame:
    """Orders of one customer each, one a day from 2025-01-01 on."""
    days = pd.date_range("2025-01-01", periods=rows)
    return pd.DataFrame({"order_id": range(rows), "customer_id": "a", "ordered_at": days, "amount": 10})


def notes_of(shop: Shop, table: str) -> list[str]:
    return [note for note in shop.report.notes if note.startswith(table)]


def of_customer(table: str, **columns: Any) -> pd.DataFrame:
    """Give 40 rows of a table, one for each order, with these columns."""
    named = {
        "order_items": {"product_id": "p", "unit_price": 1, "quantity": 1},
        "deliveries": {"promised_at": "2025-03-01"},
        "complaints": {"complaint_id": range(40), "opened_at": "2025-03-05 09:00"},
        "returns": {"return_id": range(40), "returned_at": "2025-03-05", "amount": 1},
        "reviews": {"review_id": range(40), "submitted_at": "2025-03-05", "rating": 4},
        "visits": {"visited_at": pd.date_range("2025-01-01", periods=40)},
        "rewards": {"changed_at": pd.date_range("2025-01-01", periods=40), "points": 5},
        "contacts": {"contact_id": range(40), "campaign": "c", "sent_at": "2025-03-05"},
        "subscriptions": {"subscription_id": range(40), "started_at": "2025-03-05"},
    }[table]
    return pd.DataFrame({"order_id": range(40), "customer_id": "a", **named, **columns})


def among(usual: Any, *odd: Any) -> list[Any]:
    return [*odd, *[usual] * (40 - len(odd))]


REFUSED = [
    ("reviews", "scale", among(5, 0), "1 of 40 rows lie below 1 (review_id 0: 0). A scale is its best rating"),
    ("reviews", "scale", among(5, -5), "1 of 40 rows lie below 1"),
    ("reviews", "scale", among(5, 5000), "1 of 40 rows lie above 1,000"),
    ("reviews", "rating", among(4, 6), "1 of 40 rows lie above their scale (5 where it is empty) (review_id 0: 6)"),
    ("reviews", "rating", among(4, -1), "1 of 40 rows are negative"),
    ("order_items", "quantity", among(1, 999_999_999_999_999), "1 of 40 rows lie above 1,000,000,000"),
    ("order_items", "quantity", among(1, 0, -1, 0), "3 of 40 rows are 0 or less"),
    ("order_items", "unit_price", among(1, -1, -2, -3), "3 of 40 rows are negative"),
    ("order_items", "unit_price", among(1, 2e11), "1 of 40 rows lie above 100,000,000,000"),
    ("rewards", "points", among(1, -1e12), "1 of 40 rows lie below -1,000,000,000"),
    ("visits", "pages", among(1, -1), "1 of 40 rows are negative"),
    ("visits", "added_to_cart", among(1, 1e9), "1 of 40 rows lie above 1,000,000"),
    ("contacts", "cost", among(1, -1), "1 of 40 rows are negative"),
    ("subscriptions", "price", among(1, 1e12), "1 of 40 rows lie above 100,000,000,000"),
    ("returns", "amount", among(1, -9), "1 of 40 rows are negative (return_id 0: -9). The amount of a return is"),
    ("contacts", "arm", among("treatment", "Control"), "1 of 40 rows are neither treatment nor control"),
    ("contacts", "arm", [0, 1] * 20, "40 of 40 rows are neither treatment nor control (contact_id 0: 0, 1: 1, "),
    ("complaints", "resolved_at", ["2025-03-04"] * 40, "40 of 40 values lie on a day before opened_at"),
    ("complaints", "first_response_at", among(None, "2025-03-04"), "1 of 1 values lie on a day before opened_at"),
    ("contacts", "clicked_at", ["2025-03-04"] * 40, "40 of 40 values lie on a day before sent_at"),
    ("contacts", "redeemed_at", ["2025-03-04"] * 40, "40 of 40 values lie on a day before sent_at"),
    (
        "subscriptions",
        "cancelled_at",
        among("2025-03-05", *["2025-03-04"] * 3),
        "3 of 40 values lie on a day before sta",
    ),
    ("returns", "refunded_at", ["2025-03-04"] * 40, "40 of 40 values lie on a day before returned_at"),
    ("subscriptions", "ended_at", ["2025-03-04"] * 40, "40 of 40 values lie on a day before started_at"),
]
# What an order says is looked at where nothing else is wrong.
REFUSED_BY_ORDERS = [
    ("deliveries", "delivered_at", ["2024-12-31"] * 40, "40 of 40 values lie on a day before ordered_at"),
    ("deliveries", "promised_at", ["2024-12-31"] * 40, "40 of 40 values lie on a day before ordered_at"),
    ("deliveries", "shipped_at", among(None, "2024-12-31"), "1 of 1 values lie on a day before ordered_at"),
    # The orders are of 1 January to 9 February: 39 of them are placed after the first day, 37 after the third.
    ("returns", "returned_at", ["2025-01-01"] * 40, "39 of 40 values lie on a day before ordered_at of the order"),
    ("reviews", "submitted_at", ["2025-01-01"] * 40, "39 of 40 values lie on a day before ordered_at of the order"),
    ("complaints", "opened_at", ["2025-01-03"] * 40, "37 of 40 values lie on a day before ordered_at of the order"),
]


def rounds(cases: list[tuple[Any, ...]]) -> list[list[tuple[Any, ...]]]:
    """Give one case of each table at a time, so that a shop is read for all of them."""
    of_tables = [list(group) for _, group in groupby(sorted(cases, key=itemgetter(0)), itemgetter(0))]
    return [[case for case in row if case] for row in zip_longest(*of_tables)]


@pytest.mark.parametrize("cases", [*rounds(REFUSED), *([case] for case in REFUSED_BY_ORDERS)])
def test_what_cannot_be_is_refused(cases: list[tuple[str, str, list[Any], str]]) -> None:
    tables = {table: of_customer(table, **{column: values}) for table, column, values, _ in cases}
    failures = check({"orders": orders(), **tables}).failures
    for failure, (table, column, _, expected) in zip(sorted(failures), cases, strict=True):
        assert failure.startswith(f"{table}.{column}: {expected}")
        assert failure.endswith(".")


def test_a_rating_is_compared_with_the_scale_of_its_row() -> None:
    assert check({"orders": orders(), "reviews": of_customer("reviews", rating=10, scale=10)}).failures == []
    [failure] = check({"orders": orders(), "reviews": of_customer("reviews", rating=7, scale=among(10, 5))}).failures
    assert "1 of 40 rows lie above their scale (5 where it is empty) (review_id 0: 7). Bring the best" in failure


def test_negative_discounts_are_told_to_turn_their_sign() -> None:
    [failure] = check({"orders": orders().assign(discount=-5)}).failures
    assert failure == (
        "orders.discount: 40 of 40 rows are negative (order_id 0: -5, 1: -5, 10: -5, ...). A discount is what was "
        "taken off, 0 or more. Where all are negative, turn the sign in the export; a surcharge belongs to the amount."
    )


FEW = [
    ("order_items", "quantity", 0, 39),
    ("order_items", "quantity", -2, 39),
    ("order_items", "unit_price", -2.5, 39),
    ("deliveries", "delivered_at", "2024-12-31", 39),
    ("deliveries", "promised_at", "2024-12-31", 39),
    ("complaints", "resolved_at", "2025-03-04 23:00", 39),
    ("subscriptions", "ended_at", "2025-03-04", 39),
    ("deliveries", "shipped_at", "2024-12-31", 40),
    ("complaints", "first_response_at", "2025-03-04", 40),
    ("contacts", "opened_at", "2025-03-04", 40),
    ("contacts", "clicked_at", "2025-03-04", 40),
    ("contacts", "redeemed_at", "2025-03-04", 40),
    ("subscriptions", "cancelled_at", "2025-03-04", 39),
    ("returns", "refunded_at", "2025-03-04", 40),
]
FEW_ORDERS = ("orders", "cancelled_at", "2024-12-31", 39)  # with which go the rows that name them


@pytest.mark.parametrize("cases", [*rounds(FEW), [FEW_ORDERS]])
def test_a_few_that_cannot_be_are_left_out_and_counted(cases: list[tuple[str, str, Any, int]]) -> None:
    tables = {"orders": orders()}
    for table, column, value, _ in cases:
        usual = among(3 if table == "order_items" else "2025-05-01", value)
        tables[table] = (
            orders().assign(**{column: usual}) if table == "orders" else of_customer(table, **{column: usual})
        )
    shop = read(tables)
    assert shop.report.impossible == {table: {column} for table, column, _, _ in cases}
    for table, column, _, left in cases:
        [note] = [note for note in shop.report.notes if note.startswith(f"{table}.{column}: 1 of 40")]
        assert ("left out" in note) == (left == 39), "a row goes where its absence would say something false"
        rows = shop.tables[table].to_pandas()
        assert len(rows) == left
        assert rows[column].notna().sum() == 39
        assert len(History(shop, DAY.date()).table(table).to_pandas()) == left


TWO_TIMES = {
    # What is emptied, and the note on the time that lies before it.
    (
        "deliveries",
        "delivered_at",
        "shipped_at",
    ): "shipped_at; their shipped_at is taken as empty (order_id 0: 2025-02-01)",
    ("contacts", "clicked_at", "opened_at"): "opened_at; their opened_at is taken as empty (contact_id 0: 2025-03-06)",
    ("returns", "returned_at", "order_id"): "ordered_at of the order that they name; their order_id is taken as empty "
    "(return_id 0: 2024-12-31)",
    ("reviews", "submitted_at", "order_id"): "ordered_at of the order that they name; their order_id is taken as empty "
    "(review_id 0: 2024-12-31)",
    ("complaints", "opened_at", "order_id"): "ordered_at of the order that they name; their order_id is taken as empty "
    "(complaint_id 0: 2024-12-31)",
}


@pytest.mark.parametrize("case", TWO_TIMES)
def test_of_two_times_the_later_one_goes(case: tuple[str, str, str]) -> None:
    table, column, emptied = case
    early = {"deliveries": "2025-02-01", "contacts": "2025-03-06"}.get(table, "2024-12-31")
    columns = {column: among("2025-03-20", early)}
    columns |= {} if emptied == "order_id" else {emptied: "2025-03-07"}
    shop = read({"orders": orders(), table: of_customer(table, **columns)})
    [note] = [note for note in shop.report.notes if note.startswith(f"{table}.{column}")]
    assert note == f"{table}.{column}: 1 of 40 values lie on a day before {TWO_TIMES[case]}."
    rows = shop.tables[table].to_pandas()
    assert len(rows) == 40
    assert rows[column].notna().sum() == 40
    assert rows[emptied].isna().sum() == 1
    assert rows.loc[rows[emptied].isna(), column].item() == pd.Timestamp(early)


def test_many_that_name_later_orders_are_told_what_to_look_at() -> None:
    [failure] = check({"orders": orders(), "reviews": of_customer("reviews", submitted_at="2025-01-01")}).failures
    assert failure == (
        "reviews.submitted_at: 39 of 40 values lie on a day before ordered_at of the order that they name (review_id "
        "1: 2025-01-01, 10: 2025-01-01, 11: 2025-01-01, ...). Correct them: look whether day and month are exchanged, "
        "or another order is meant."
    )
    nameless = of_customer("reviews", submitted_at="2025-01-01").drop(columns="order_id")
    assert check({"orders": orders(), "reviews": nameless}).failures == []


def test_a_click_before_its_mail_says_nothing_of_the_opening() -> None:
    contacts = of_customer("contacts", opened_at="2025-03-06", clicked_at=among("2025-03-06", "2025-03-04"))
    shop = read({"orders": orders(), "contacts": contacts})
    assert [note.split(" (")[0] for note in notes_of(shop, "contacts.")] == [
        "contacts.clicked_at: 1 of 40 values lie on a day before sent_at; they are taken as empty"
    ]
    rows = shop.tables["contacts"].to_pandas()
    assert (rows.opened_at.notna().sum(), rows.clicked_at.notna().sum()) == (40, 39)


def test_a_time_that_stands_for_never_is_no_later_time() -> None:
    contacts = of_customer(
        "contacts", opened_at=among("9999-12-31", "2025-03-07"), clicked_at=among(None, "2025-03-06")
    )
    contacts.loc[1, "clicked_at"] = "2025-03-06"  # opened never, as 9999-12-31 says
    [failure] = check({"orders": orders(), "contacts": contacts}).failures
    assert failure.startswith("contacts.clicked_at: 1 of 2 values lie on a day before opened_at")
    contacts.loc[0, "opened_at"] = "2025-03-06"
    assert check({"orders": orders(), "contacts": contacts}).failures == []


def test_every_time_that_comes_later_is_judged_by_the_contract() -> None:
    later = {
        f"{table.name}.{column.name}": [rule.column for rule in column.not_before]
        for table in TABLES.values()
        for column in table.columns
        if column.type in ("time", "plan")
    }
    assert {name for name, columns in later.items() if not columns} == {
        *("orders.ordered_at", "customers.signed_up_at", "visits.visited_at", "rewards.changed_at", "contacts.sent_at"),
        "subscriptions.started_at",
    }
    assert later["deliveries.delivered_at"] == ["ordered_at", "shipped_at"]
    assert later["contacts.clicked_at"] == ["sent_at", "opened_at"]


def test_clocks_that_disagree_on_the_same_day_are_no_fault() -> None:
    complaints = of_customer("complaints", first_response_at="2025-03-05", resolved_at="2025-03-05 08:59:59")
    report = check({"orders": orders(), "complaints": complaints})
    assert not any("before" in sentence for sentence in report.failures + report.notes)


# Days are counted from the first on; 400 orders on 100 days is a small shop, 40,000 on 100 days a larger one.
@pytest.mark.parametrize(
    ("days", "per_day", "expected"),
    [
        ([*range(100)], 4, (0, 0)),
        ([*range(100), 100 + 27 * 365], 4, (0, 1)),  # 2052 for 2025
        ([*range(100), 5_000, 9_000], 1, (0, 2)),  # both of them, though they lie apart
        ([0, *range(10_000, 10_100)], 4, (1, 0)),
        ([0, 30, 60, 10_000], 1, (0, 1)),
        ([0, 10_000], 1, (0, 0)),  # which of the two is wrong?
        ([0, 1_000, 2_000, 3_000], 1, (0, 0)),  # a shop with rare orders
        ([*range(100), 170], 1, (0, 0)),  # 70 days of rest, of a shop with an order a day: one order of 101
        ([*range(100), 170], 400, (0, 0)),  # the shop opens again
        ([*range(28), *range(365, 393), 730], 4, (0, 0)),  # only in December
        ([0, *range(10_000, 10_100), 20_000], 4, (1, 1)),  # neither hides the other
        ([0, 1_000, 2_000, 3_000, 4_000, 5_000], 1, (0, 0)),  # rare orders at both ends
        ([*range(100), 99 + 365], 4, (0, 1)),  # one of 401, a year after orders of every day
        ([*range(100), 99 + 364], 4, (0, 0)),
        ([*range(80), 92, 92 + 389], 4, (0, 0)),  # 13 days of rest, and 389 are less than 30 times as many
        ([*range(80), 92, 92 + 390], 4, (0, 1)),
        ([*range(100), 99 + 365], 1, (0, 1)),  # one of 101 is less than 1 %
        ([*range(80), 79 + 365], 1, (0, 0)),  # one of 81 is more
        ([0, 2_000, *range(3_653, 3_753)], 4, (2, 0)),  # 8 of 408 are less than 2 %, over ten years
        ([0, 2_000, *range(3_652, 3_752)], 4, (0, 0)),  # a sparse start of less
        ([0, 2_000, *range(3_653, 3_753)], 1, (2, 0)),  # a handful, whatever their share
        ([0, 10, 20, 2_000, *range(3_653, 3_753)], 1, (0, 0)),  # 4 of 104 are more than 2 %
        ([*range(100), 99 + 1_653, 99 + 3_653], 4, (0, 2)),  # 5 of 405
        ([*range(100), 99 + 1_653, 99 + 3_652], 4, (0, 0)),
        ([*range(0, 3_653, 200), *range(3_653, 3_953)], 4, (0, 0)),  # a slow start, with an order every 200 days
    ],
)
def test_days_that_lie_alone(days: list[int], per_day: int, expected: tuple[int, int]) -> None:
    counts = pd.DataFrame({"day": pd.Timestamp("1990-01-01") + pd.to_timedelta(days, unit="D"), "orders": per_day})
    counts.loc[counts.index[-1], "orders"] = 1 if expected[1] else per_day
    assert lone_ends(counts) == expected


def test_one_order_among_thousands_is_alone_after_two_months() -> None:
    counts = pd.DataFrame({"day": pd.date_range("2025-01-01", periods=100), "orders": 10})
    later = pd.DataFrame({"day": [pd.Timestamp("2025-06-09")], "orders": [1]})  # 60 days after 10 April
    assert lone_ends(pd.concat([counts, later])) == (0, 1)
    assert lone_ends(pd.concat([counts, later.assign(orders=2)])) == (0, 0), "two of 1,002 are more than 0.1 %"
    assert lone_ends(pd.concat([counts, later.assign(day=later.day - pd.Timedelta(days=1))])) == (0, 0)


def test_a_few_orders_of_several_decades_are_named_on_either_side() -> None:
    usual = orders(593).assign(ordered_at=lambda t: pd.Timestamp("2023-01-01") + pd.to_timedelta(t.order_id, unit="D"))
    years = {
        "before": ["1981", "1985", "1993", "1999", "2004", "2008", "2012"],
        "after": map(str, range(2034, 2069, 5)),
    }
    for side, days in years.items():
        odd = pd.to_datetime([f"{year}-05-05" for year in days])
        wrong = pd.concat([usual, orders(7).assign(order_id=range(593, 600), ordered_at=odd)])
        [failure] = check({"orders": wrong}).failures
        assert failure.startswith(f"orders.ordered_at: 7 rows lie (order_id 593: {odd[0].date()}, 594: {odd[1].date()}")
        assert f"long {side} all others" in failure


def test_a_lone_order_is_named_with_its_day() -> None:
    wrong = orders().assign(ordered_at=lambda t: t.ordered_at.where(t.order_id != 7, pd.Timestamp("2052-01-08")))
    assert check({"orders": wrong}).failures == [
        "orders.ordered_at: 1 row lies (order_id 7: 2052-01-08) long after all others, which end on 2025-02-09, and "
        "would be taken for the end of the data. Correct them, or drop these rows."
    ]
    nobody = wrong.assign(customer_id=lambda t: t.customer_id.where(t.order_id != 7))
    assert read({"orders": nobody}).last_day == pd.Timestamp("2025-02-09").date(), "it is left out anyway"
    early = orders().assign(ordered_at=lambda t: t.ordered_at.where(t.order_id != 7, pd.Timestamp("1985-01-08")))
    [failure] = check({"orders": early}).failures
    assert "1 row lies (order_id 7: 1985-01-08) long before all others, which begin on 2025-01-01" in failure


ITEMS = pd.DataFrame(
    {
        "order_id": [1, 1, 1, 1, 2],
        "product_id": ["p", "p", "p", "q", "p"],
        "quantity": [2, 2, 2, 1, 5],
        "unit_price": [10.25, 10.25, 10.25, 3, 10.25],
    }
)


def test_identical_lines_are_dropped_with_what_that_takes_away() -> None:
    shop = read({"orders": orders(), "order_items": ITEMS})
    # Two of three lines of 2 x 10.25 go.
    assert notes_of(shop, "order_items") == [
        "order_items: 2 identical rows were dropped: 4 items, worth 41.00. If they are real, set "
        "tables.order_items.same_lines: add, or bring line_id."
    ]
    assert shop.tables["order_items"].quantity.sum().to_pandas() == 2 + 1 + 5


def test_lines_are_added_up_where_the_setting_says_so() -> None:
    tables = {"order_items": TableSource(same_lines="add")}
    lines = ITEMS.assign(quantity=[2, 2, 0.1, 1, 5])
    shop = read({"orders": orders(), "order_items": lines}, tables=tables)
    assert notes_of(shop, "order_items") == ["order_items: 5 lines were added up to 3."]
    rows = shop.tables["order_items"].order_by("order_id", "product_id").to_pandas()
    assert rows[["product_id", "quantity"]].to_numpy().tolist() == [["p", 4.1], ["q", 1.0], ["p", 5.0]]
    categories = ITEMS.assign(category=list("xyxxx"))
    [failure] = check({"orders": orders(), "order_items": categories}, tables=tables).failures
    assert failure.startswith("order_items: 1 of 3 keys (order_id, product_id, unit_price) stand for rows with")
    assert failure.endswith("Keep one row per key; add up lines that share one.")


def test_identical_lines_that_have_a_number_are_told_to_have_their_own() -> None:
    report = check({"orders": orders(), "order_items": ITEMS.assign(line_id=1)})
    assert report.notes[0] == (
        "order_items: 2 identical rows were dropped: 4 items, worth 41.00. If they are real, set "
        "tables.order_items.same_lines: add, or give each a line_id of its own."
    )


def test_lines_with_a_number_are_told_apart() -> None:
    shop = read({"orders": orders(), "order_items": ITEMS.assign(line_id=[1, 2, 2, 3, 1])})
    assert shop.report.notes[0].startswith("order_items: 1 identical rows were dropped: 2 items, worth 20.50.")
    assert shop.tables["order_items"].quantity.sum().to_pandas() == 2 + 2 + 1 + 5


def test_identical_points_are_dropped_or_added_up() -> None:
    points = pd.DataFrame({"customer_id": ["a"] * 3, "changed_at": "2025-01-02", "points": [5, 5, 5], "kind": "order"})
    shop = read({"orders": orders(), "rewards": points})
    assert notes_of(shop, "rewards") == [
        "rewards: 2 identical rows were dropped: 10 points. If they are real, set tables.rewards.same_lines: add."
    ]
    added = read({"orders": orders(), "rewards": points}, tables={"rewards": TableSource(same_lines="add")})
    assert added.tables["rewards"].points.sum().to_pandas() == 15


def test_only_lines_are_added_up() -> None:
    assert {name for name, table in TABLES.items() if table.adds} == {*LINES}
    with pytest.raises(InputError, match=re.escape("orders: tables.orders.same_lines is add, but only order_items")):
        read({"orders": orders()}, tables={"orders": TableSource(same_lines="add")})


@pytest.mark.parametrize(
    ("amounts", "note"),
    [
        ([19.99, 0.1 + 0.2, 3 * 19.99], None),  # binary fractions that were meant for decimal ones
        (
            [1e-12, 19.99, 5],
            "1 of 3 rows have more than four digits after the point and are rounded (",
        ),
        (["1e-12", "19.99000", "5"], "1 of 3 rows have more than four digits"),
        (["1.5e1", "19.99001", "0.00005"], "2 of 3 rows have more than four digits"),
        ([19.99, 12345678.901234, 1], "1 of 3 rows have more than four digits"),
        ([100 / 3, 1, 2], "1 of 3 rows have more than four digits"),
    ],
)
def test_amounts_that_are_rounded_are_counted(amounts: list[Any], note: str | None) -> None:
    notes = check({"orders": orders(3).assign(amount=amounts)}).notes
    assert [one.startswith(f"orders.amount: {note}") for one in notes if "rounded" in one] == ([True] if note else [])


def test_singles_are_not_rounded_where_they_say_what_they_can() -> None:
    amounts = pd.Series([19.99, 1234.56, 0.1], dtype="float32")
    assert check({"orders": orders(3).assign(amount=amounts)}).notes == []
    [note] = check({"orders": orders(3).assign(amount=pd.Series([1.00001, 1, 2], dtype="float32"))}).notes
    assert "1 of 3 rows have more than four digits" in note


def test_an_amount_below_0_is_negative_however_small() -> None:
    for amount in ("-1e-12", -1e-12):
        [failure] = check({"orders": orders(3).assign(amount=[amount, 1, 2])}).failures
        assert failure.startswith("orders.amount: 1 of 3 rows are negative (order_id 0: -1e-12)")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("12,50", "A comma stands for the decimal point: write 12.50."),
        (
            "1,234",
            "Whether the comma groups thousands or stands for the decimal point cannot be known: write 1234 or 1.234.",
        ),
        ("1.234,56", "Thousands are grouped and a comma stands for the decimal point: write 1234.50."),
        ("1 234,56", "Thousands are grouped and a comma stands for the decimal point: write 1234.50."),
        ("1,234.50", "Thousands are grouped by commas: leave them out, write 1234.50."),
        ("1'234.50", "Thousands are grouped: write 1234.50."),
        ("$12", "Leave currencies out: write 1234.50."),
        ("12 TL", "Leave currencies out: write 1234.50."),
        ("(12.50)", "Write the minus in front: -12.50."),
        ("12.50-", "Write the minus in front: -12.50."),
        ("10%", "A percentage is no amount: write what it comes to, such as 12.50."),
        ("free", "Write money as a number with a decimal point, such as 1234.50."),
        ("1e400", "Write money as a number with a decimal point, such as 1234.50."),
    ],
)
def test_how_to_write_an_amount_is_told_by_how_it_is_written(text: str, remedy: str) -> None:
    [failure] = check({"orders": orders(3).assign(amount=[text, "1", "2"])}).failures
    assert failure.removesuffix(" Or set tables.orders.decimal in the config.").endswith(f"{text}). {remedy}")


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("4/5", "Write what was given alone, such as 4, and what it is out of, such as 5, in the column scale."),
        ("4,5 / 5", "Write what was given alone, such as 4, and what it is out of, such as 5, in the column scale."),
        ("4 of 5", "Write what was given alone, such as 4, and what it is out of, such as 5, in the column scale."),
        ("80%", "Write 80 for 80%, and 100 in the column scale."),
        ("4,5", "A comma stands for the decimal point: write 4.5. Or set tables.reviews.decimal in the config."),
        ("4 stars", "Write how much was given as a number, such as 4."),
        ("★★★★", "Write how much was given as a number, such as 4."),
        ("good", "Write how much was given as a number, such as 4."),
    ],
)
def test_how_to_write_a_rating_is_told_by_how_it_is_written(text: str, remedy: str) -> None:
    [failure] = check({"orders": orders(), "reviews": of_customer("reviews", rating=among("4", text))}).failures
    assert failure == (
        f"reviews.rating: 1 of 40 rows are not a number (received string; review_id 0: {text}). {remedy}"
    )


@pytest.mark.parametrize(
    ("text", "remedy"),
    [("80%", "Write a number without the percent sign."), ("1/2", "Write a fraction with a decimal point: 0.5.")],
)
def test_how_to_write_a_quantity_is_told_by_how_it_is_written(text: str, remedy: str) -> None:
    lines = of_customer("order_items", quantity=among("1", text))
    [failure] = check({"orders": orders(), "order_items": lines}).failures
    assert failure.endswith(f"{text}). {remedy}")


@pytest.mark.parametrize(
    ("table", "column", "key"), [("rewards", "points", "customer_id"), ("order_items", "quantity", "order_id")]
)
def test_whole_numbers_that_singles_round_are_counted(table: str, column: str, key: str) -> None:
    # 2**24 + 1 has become 2**24; the number below it is exact.
    values = pd.Series(among(1, 16_777_217, 16_777_216, 16_777_215), dtype="float32")
    rows = of_customer(table, **{column: values})
    [note] = [note for note in check({"orders": orders(), table: rows}).notes if "32 bits" in note]
    first = "a: 16777216.0, a: 16777216.0" if key == "customer_id" else "0: 16777216.0, 1: 16777216.0"
    assert note == (
        f"{table}.{column}: 2 of 40 rows are floats of 32 bits, which round from 16,777,216 on: export 64 bits or "
        f"decimals ({key} {first})."
    )
    assert not any("32 bits" in note for note in check({"orders": orders(), table: rows.astype({column: float})}).notes)


@pytest.mark.parametrize("amount", ["1e17", "100000000001", 1e17, 1e300, "1E+20", "9" * 50])
def test_every_way_of_writing_a_number_has_the_same_bounds(amount: Any) -> None:
    few = [amount, "1", "2"] if isinstance(amount, str) else pd.Series([amount, 1, 2])
    [failure] = check({"orders": orders(3).assign(amount=few)}).failures
    assert failure.startswith("orders.amount: 1 of 3 rows lie above 100,000,000,000")


@pytest.mark.parametrize("kind", TYPES)
def test_a_column_of_any_type_is_judged(kind: str) -> None:
    tables = {name: pa.table({column.name: TYPES[kind] for column in table.columns}) for name, table in TABLES.items()}
    assert any(failure.startswith("orders") for failure in check(tables).failures)


@pytest.mark.parametrize("kind", ["bool", "timestamp", "date"])
def test_an_amount_of_another_type_is_no_amount(kind: str) -> None:
    raw = pa.Table.from_pandas(orders(2)).drop_columns("amount").append_column("amount", TYPES[kind])
    [failure] = check({"orders": raw}).failures
    assert failure.startswith("orders.amount: 2 of 2 rows are not a money amount (received ")


def test_a_few_rows_without_their_time_are_left_out() -> None:
    """Two of 40 are 5 %, and left out; three are refused."""
    visits = pd.DataFrame({"customer_id": "a", "visited_at": pd.date_range("2025-01-02", periods=40).astype("string")})
    few, many = (visits.assign(visited_at=visits.visited_at.where(visits.index >= count)) for count in (2, 3))
    shop = read({"orders": orders(), "visits": few})
    assert shop.tables["visits"].count().to_pandas() == 38
    [note] = notes_of(shop, "visits.visited_at")
    assert note.startswith("visits.visited_at: 2 of 40 rows are empty and are left out")
    with pytest.raises(InputError, match=re.escape("visits.visited_at: 3 of 40 rows are empty")):
        read({"orders": orders(), "visits": many})
