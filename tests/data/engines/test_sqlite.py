"""SQLite files: values of any type in any column, views, and changes that lie in the log."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from churnml.data.reading import check, read
from churnml.errors import InputError

SCHEMA = """
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id TEXT, ordered_at DATETIME, amount REAL, picture BLOB);
INSERT INTO orders VALUES
  (1, 'ann', '2024-02-29 23:59:59.999999', 0.1, x'00'),
  (2, 17, '2024-03-02', '12.3456', NULL),
  (3, 'ann', '2024-03-03', 7, 1);
CREATE TABLE "Müşteri" (id TEXT, consent BOOLEAN);
INSERT INTO "Müşteri" VALUES ('ann', 1), ('17', 0);
CREATE VIEW customers AS SELECT id AS customer_id, consent AS contactable FROM "Müşteri";
CREATE TABLE visits (customer_id TEXT, visited_at TEXT);
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
        database.executescript(SCHEMA)
    return tmp_path / "shop.db"


def test_values_are_read_digit_by_digit(file: Path) -> None:
    shop = read(file, tables={"visits": {"name": "orders", "columns": {"visited_at": "ordered_at"}}})
    first, second, third = shop.tables["orders"].order_by("order_id").to_pyarrow().to_pylist()
    assert [row["order_id"] for row in (first, second, third)] == ["1", "2", "3"]
    assert (first["ordered_at"], second["ordered_at"]) == (
        datetime(2024, 2, 29, 23, 59, 59, 999999),
        datetime(2024, 3, 2),
    )
    assert [row["amount"] for row in (first, second, third)] == [Decimal("0.1"), Decimal("12.3456"), Decimal(7)]
    assert second["customer_id"] == "17"
    customers = shop.tables["customers"].order_by("customer_id").to_pyarrow().to_pylist()
    assert [(row["customer_id"], row["contactable"]) for row in customers] == [("17", False), ("ann", True)]


def test_an_empty_table_is_one_as_everywhere(file: Path) -> None:
    (failure,) = check(file).failures
    assert failure.startswith("visits: the table is empty.")


def test_what_lies_in_the_log_is_read_and_checked_anew(file: Path) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.execute("DROP TABLE visits")
    assert read(file).tables["orders"].count().execute() == 3
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = wal")
        database.execute("INSERT INTO orders VALUES (4, 'ann', '2024-03-04', -1, NULL)")
        database.commit()
        assert file.with_name("shop.db-wal").exists()
        with pytest.raises(InputError, match=re.escape("orders.amount: 1 of 4 rows")):
            read(file)


def test_a_file_that_is_torn_is_one_message(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(InputError, match=re.escape(f"{file}: cannot be read (")):
        read(file)
