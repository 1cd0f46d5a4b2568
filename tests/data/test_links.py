"""How rows of different tables meet by id: worked out by hand, the same on every engine."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from churnml.config import TableSource, load_config
from churnml.data.reading import check, read
from churnml.errors import ConfigError
from tests.servers import load_postgres

pytestmark = pytest.mark.slow


def orders(customers: list[Any], **columns: Any) -> pd.DataFrame:
    rows = {"order_id": [f"o{at}" for at in range(len(customers))], "customer_id": customers}
    return pd.DataFrame({**rows, "ordered_at": "2025-01-01", "amount": 1, **columns})


def customers(**consent: Any) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list(consent), "contactable": list(consent.values())})


def visits(*of: str) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": of, "visited_at": "2025-01-01"})


def test_consent_that_meets_nobody_is_a_failure() -> None:
    found = check({"orders": orders(["Ann", "Ann", "Bob"]), "customers": customers(ann="no", bob="no")})
    assert found.failures == [
        "customers.customer_id: none of 2 ids stands in orders.customer_id, which would hold 2 but for letter case "
        "(ann / Ann, bob / Bob). Write the ids alike in both tables."
    ]


def test_consent_of_a_single_customer_is_not_lost_either() -> None:
    found = check({"orders": orders(["Ann", "bob"]), "customers": customers(ann="no", bob="yes", cem="yes")})
    assert found.failures == [
        "customers.customer_id: 2 of 3 ids stand in no order, so a refusal of contact would not be seen; "
        "orders.customer_id would hold 1 but for letter case (ann / Ann). Write the ids alike in both tables."
    ]
    # Where consent is not told, or the customer has a row too, which may be the one that refuses, it is a note.
    for table in (customers(ann="no", bob="yes")[["customer_id"]], customers(ann="no", Ann="no", bob="yes")):
        report = check({"orders": orders(["Ann", "bob"]), "customers": table})
        assert report.failures == []
    assert report.notes == [
        "customers: 1 of 3 rows are of customers without an order. Of their 1 ids orders.customer_id would hold 1 but "
        "for letter case (ann / Ann). Write the ids alike in both tables."
    ]


@pytest.mark.parametrize(
    ("this", "that", "ways"),
    [
        ("ann@x.test", "Ann@X.test", "letter case"),
        ("0017", "17", "leading zeros"),
        ('" 17"', "17", "blanks around them"),
        ('"17\u00a0"', "17", "blanks around them"),
        ("jose\u0301", "jos\u00e9", "composed letters (Unicode NFC)"),
        ("JOSE\u0301", "jos\u00e9", "composed letters (Unicode NFC) and letter case"),
        ("I\u015eIL", "\u0131\u015f\u0131l", "letter case"),
        ("\u0130zel", "izel", "letter case"),
    ],
)
def test_ids_that_differ_only_in_writing_are_named(this: str, that: str, ways: str) -> None:
    report = check({"orders": orders([that, "x"]), "visits": visits(this.strip('"'), "x", "y")})
    assert report.notes == [
        "visits: 2 of 3 rows are of customers without an order. Of their 2 ids orders.customer_id would hold 1 but for "
        f"{ways} ({this} / {that}). Write the ids alike in both tables."
    ]
    assert check({"orders": orders([that]), "visits": visits(this.strip('"'))}).failures == [
        f"visits.customer_id: none of 1 ids stands in orders.customer_id, which would hold 1 but for {ways} "
        f"({this} / {that}). Write the ids alike in both tables."
    ]


def test_a_handful_may_meet_nothing_but_not_a_table() -> None:
    few, many = ("v", "w", "x", "y"), ("v", "w", "x", "y", "z")
    assert check({"orders": orders(["a"]), "visits": visits(*few)}).notes == [
        "visits: 4 of 4 rows are of customers without an order."
    ]
    assert check({"orders": orders(["a"]), "visits": visits(*many)}).failures == [
        "visits.customer_id: none of 5 ids stands in orders.customer_id. Export both tables with the same ids."
    ]


def test_ids_of_orders_are_compared_alike() -> None:
    complaints = pd.DataFrame(
        {"complaint_id": [1, 2, 3], "customer_id": "a", "opened_at": "2025-01-02", "order_id": ["O0", "o1", None]}
    )
    deliveries = pd.DataFrame({"order_id": ["O0", "O1"], "promised_at": "2025-01-02"})
    report = check({"orders": orders(["a", "a", None]), "complaints": complaints, "deliveries": deliveries})
    assert report.failures == [
        "deliveries.order_id: none of 2 ids stands in orders.order_id, which would hold 2 but for letter case "
        "(O0 / o0, O1 / o1). Write the ids alike in both tables."
    ]
    assert report.notes[-1:] == [
        "complaints.order_id: 1 of 2 rows name no order with a customer. Of their 1 ids orders.order_id would hold 1 "
        "but for letter case (O0 / o0). Write the ids alike in both tables."
    ]


def test_customers_of_whom_consent_is_not_told_are_counted() -> None:
    # Of a, b, c and d, who ordered, c has an empty answer and d no row; e did not order.
    told = customers(a="yes", b="no", c=None, e=None)
    assert check({"orders": orders(["a", "b", "c", "d", "d"]), "customers": told}).notes == [
        "customers: 1 of 4 rows are of customers without an order.",
        "customers: the consent of 2 of 4 customers with an order is unknown (1 have no row, 1 an empty contactable). "
        "They are left out of the work list, unless scoring.unknown_consent in the config is include.",
    ]
    assert len(check({"orders": orders(["a", "d"]), "customers": told[["customer_id"]]}).notes) == 1


def test_a_customer_in_two_ways_of_writing_is_named() -> None:
    assert check({"orders": orders(["Ann", "ann", "007", "7", "7", "b"])}).notes == [
        "orders.customer_id: ids are the same as another, 1 but for leading zeros (7 / 007), 1 but for letter case "
        "(ann / Ann), and count as different customers. Write them alike if they are one."
    ]


def test_the_id_that_is_named_can_be_put_into_the_config(tmp_path: Path) -> None:
    for guest in ("0", "007", "NO", "~", "1:30", "2025-01-01", "#1", "a, b", "müşteri\t"):
        [note] = check({"orders": orders([guest] * 20 + [f"c{at}" for at in range(20)])}).notes
        named = note.split("not_customers: ")[1].removesuffix(" in the config.")
        (tmp_path / "settings.yaml").write_text(f"tables: {{orders: {{not_customers: {named}}}}}", encoding="utf-8")
        sources = load_config(tmp_path / "settings.yaml").tables.sources
        assert sources["orders"].not_customers == [guest]
    (tmp_path / "settings.yaml").write_text("tables: {orders: {not_customers: [007]}}")
    with pytest.raises(ConfigError, match=re.escape('(received 7). Write it in quotes, such as "007".')):
        load_config(tmp_path / "settings.yaml")


@pytest.mark.parametrize("name", ["Contactable", "contactable ", "CONTACTABLE"])
def test_consent_in_a_column_that_is_written_differently_is_not_passed_over(name: str, tmp_path: Path) -> None:
    told = customers(a="yes", b="no").rename(columns={"contactable": name})
    said = (
        f"customers: the column {name!r} is not read, though contactable is a column of the contract. Call it "
        f"contactable, or name it under tables.customers.columns in the config (contactable: {name!r})."
    )
    tables = {"orders": orders(["a", "b"]), "customers": told}
    assert check(tables).failures == [said]
    for table, rows in tables.items():
        rows.to_csv(tmp_path / f"{table}.csv", index=False)
    assert check(tmp_path).failures == [said]
    found = check(tmp_path, tables={"customers": {"columns": {"contactable": name}}})
    assert not found.failures


@pytest.mark.parametrize("name", ["Customers", "CUSTOMERS"])
def test_consent_in_a_table_that_is_written_differently_is_not_passed_over(name: str, tmp_path: Path) -> None:
    told = customers(a="yes", b="no")
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as made:
        made.from_arrow(pa.Table.from_pandas(orders(["a", "b"]))).create("orders")
        made.from_arrow(pa.Table.from_pandas(told)).create(f'"{name}"')
    said = [
        f"customers: the table {name!r} is not read, though customers is a table of the contract. Call it customers, "
        "or name it under tables.customers.name in the config."
    ]
    assert (
        check(tmp_path / "shop.duckdb").failures == check({"orders": orders(["a", "b"]), name: told}).failures == said
    )
    both = {"orders": orders(["a", "b"]), "customers": told, name: told}
    assert check(both).failures[0].startswith(f"{name}: not in the contract. Known tables: orders, ")
    assert check(tmp_path / "shop.duckdb", tables={"customers": {"name": name}}).failures == []


def test_currencies_and_cancellations_are_not_passed_over_either() -> None:
    for name, ours in (("Currency", "currency"), ("cancelled at", "cancelled_at"), ("Recorded-At", "recorded_at")):
        [failure] = check({"orders": orders(["a", "b"]).assign(**{name: "2025-01-01"})}).failures
        assert failure.startswith(
            f"orders: the column {name!r} is not read, though {ours} is a column of the contract."
        )
    assert check({"orders": orders(["a", "b"]).assign(Status="x")}).columns["orders"][-1] == "Status"


def test_an_id_with_a_large_share_of_the_orders_is_named() -> None:
    # 20 of 1,000 orders are 2 %; 19 are not.
    others = [f"c{at}" for at in range(980)]
    assert check({"orders": orders(["GUEST"] * 20 + others)}).notes == [
        "orders.customer_id: GUEST has 20 of 1,000 orders (2%). If it stands for guests, leave them out by "
        'tables.orders.not_customers: ["GUEST"] in the config.'
    ]
    assert check({"orders": orders(["GUEST"] * 19 + others)}).notes == []
    assert check({"orders": orders(["GUEST"] * 20 + others + ["x"])}).notes == []


def test_ids_that_are_no_customers_are_left_out_of_every_table() -> None:
    shop = {
        "orders": orders(["GUEST", "a", "GUEST", "b"]),
        "visits": visits("GUEST", "a"),
        "customers": customers(GUEST="yes", a="yes", b="no"),
    }
    # The setting stands with one table and holds for all.
    found = read(shop, tables={"orders": TableSource(not_customers=["GUEST", "GUST"])})
    assert found.report.notes == [
        "orders: 2 rows of GUEST, named by not_customers, are left out.",
        "orders: GUST: named by not_customers, but without an order.",
        "customers: 1 rows of GUEST, named by not_customers, are left out.",
        "visits: 1 rows of GUEST, named by not_customers, are left out.",
        "orders: 2 of 4 rows have no customer_id and are left out.",
        "visits: 1 of 2 rows have no customer_id and are left out.",
        "customers: 1 of 3 rows are of customers without an order.",
    ]
    assert found.report.rows == {"orders": 4, "visits": 2, "customers": 3}
    kept = {name: set(table.customer_id.to_pandas()) for name, table in found.tables.items()}
    assert kept == {"orders": {"a", "b"}, "visits": {"a"}, "customers": {"a", "b"}}


def test_numbers_are_named_as_text() -> None:
    found = read({"orders": orders([0, 7, 7.0])}, tables={"orders": TableSource(not_customers=["0"])})
    assert set(found.tables["orders"].customer_id.to_pandas()) == {"7"}


SHOP = {
    "orders": orders(["Ann", "jos\u00e9", " bob", "17", "17", "b"]),
    "visits": visits("ANN", "JOSE\u0301", "bob", "0017", "b", "z"),
    "customers": customers(Ann=True, b=None),
}
NOTES = [
    "visits: 5 of 6 rows are of customers without an order. Of their 5 ids orders.customer_id would hold 1 but for "
    'blanks around them (bob / " bob"), 1 but for composed letters (Unicode NFC) and letter case (JOSE\u0301 / '
    "jos\u00e9), 1 but for leading zeros (0017 / 17), 1 but for letter case (ANN / Ann). Write the ids alike in both "
    "tables.",
    "customers: the consent of 4 of 5 customers with an order is unknown (3 have no row, 1 an empty contactable). They "
    "are left out of the work list, unless scoring.unknown_consent in the config is include.",
]


def test_in_memory() -> None:
    assert sorted(read(SHOP).report.notes) == sorted(NOTES)


def test_in_postgresql(postgres: str) -> None:
    assert sorted(read(load_postgres(postgres, "links", SHOP)).report.notes) == sorted(NOTES)


def test_in_spark(spark: str, tmp_path: Path) -> None:
    for name, table in SHOP.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    assert sorted(read(spark.replace("pyspark://", f"pyspark://{tmp_path}")).report.notes) == sorted(NOTES)
