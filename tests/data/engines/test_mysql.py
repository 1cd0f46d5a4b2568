"""MySQL and MariaDB: types as they are, one moment of the database, and the same bytes as from Parquet."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pymysql
import pytest

from churnml.data.engines import mysql as engine_module
from churnml.data.reading import check, read
from churnml.definition import ChurnDefinition
from churnml.errors import ChurnmlError, InputError, MissingExtraError
from churnml.features.available import available
from churnml.features.store import write_features
from tests.engine_shops import SHOPS, tables_of
from tests.servers import load_mariadb

SCHEMA = """
CREATE DATABASE kinds CHARACTER SET latin5;
CREATE TABLE kinds.orders (
  order_id BIGINT UNSIGNED, customer_id VARCHAR(20), ordered_at DATETIME(6), amount DECIMAL(12,2),
  discount DECIMAL(18,4), cancelled_at DATETIME, recorded_at TIMESTAMP(3) NULL,
  channel ENUM('web','mağaza'), picture BLOB
);
SET time_zone = '+03:00';
INSERT INTO kinds.orders VALUES
  (18446744073709551615, 'şule', '2024-02-29 23:59:59.999999', 1234567890.12, 0.0001, '0000-00-00 00:00:00',
   '2024-03-01 02:00:00.250', 'mağaza', 'x'),
  (2, 'İpek', '2024-03-02 00:00:00', 0.10, NULL, '2024-03-03 10:00:00', NULL, 'web', NULL);
CREATE TABLE kinds.customers (
  customer_id VARCHAR(20) CHARACTER SET utf8mb4, contactable TINYINT(1), vip BIT(1), born DATE,
  note TEXT CHARACTER SET utf8mb4
);
INSERT INTO kinds.customers VALUES ('şule', 1, b'1', '1990-01-02', 'a 🎁'), ('İpek', 0, b'0', '0000-00-00', '');
CREATE VIEW kinds.accounts AS SELECT customer_id FROM kinds.customers;
CREATE TABLE kinds.logs (customer_id VARCHAR(20), visited_at DATETIME);
"""


def connect(address: str, **options: Any) -> pymysql.Connection[Any]:
    parts = urlsplit(address)
    assert parts.hostname
    assert parts.port
    who: dict[str, Any] = {"user": "shop", "password": "secret", "charset": "utf8mb4", "autocommit": True}
    return pymysql.connect(host=parts.hostname, port=parts.port, **who, **options)


@pytest.fixture(scope="module")
def kinds(mariadb: str) -> str:
    """The address of a database with columns of many kinds."""
    with closing(connect(mariadb)) as connection, connection.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")  # as old shops have it: days that are none are kept
        for statement in filter(str.strip, SCHEMA.split(";\n")):
            cursor.execute(statement)
    return f"{mariadb}/kinds"


def test_values_arrive_as_they_are(kinds: str) -> None:
    shop = read(kinds, timezone="Europe/Istanbul")
    first, second = shop.tables["orders"].order_by("ordered_at").to_pyarrow().to_pylist()
    assert first["order_id"] == "18446744073709551615"
    assert first["customer_id"] == "şule"
    assert first["ordered_at"] == datetime(2024, 2, 29, 23, 59, 59, 999999)
    assert (first["amount"], first["discount"]) == (Decimal("1234567890.1200"), Decimal("0.0001"))
    assert (first["cancelled_at"], second["cancelled_at"]) == (None, datetime(2024, 3, 3, 10))
    # A TIMESTAMP is a moment, and is told by the shop's wall clock whatever the session's zone was.
    assert first["recorded_at"] == datetime(2024, 3, 1, 2, 0, 0, 250000)
    assert first["channel"] == "mağaza"
    ipek, sule = shop.tables["customers"].order_by("customer_id").to_pyarrow().to_pylist()
    if ipek["customer_id"] != "İpek":
        ipek, sule = sule, ipek
    assert (sule["contactable"], sule["vip"], sule["note"]) == (True, 1, "a 🎁")
    assert (ipek["contactable"], ipek["vip"], ipek["born"]) == (False, 0, None)


def test_zero_dates_are_counted(kinds: str) -> None:
    report = check(kinds)
    assert report.failures == []
    assert "orders.cancelled_at: 1 zero dates (0000-00-00) are read as empty." in report.notes
    assert "customers.born: 1 zero dates (0000-00-00) are read as empty." in report.notes


def test_views_and_other_names_are_mapped(kinds: str) -> None:
    shop = read(kinds, tables={"customers": {"name": "accounts"}})
    assert sorted(shop.tables["customers"].to_pyarrow().column("customer_id").to_pylist()) == ["İpek", "şule"]


def test_an_empty_table_is_one_as_everywhere(kinds: str) -> None:
    report = check(kinds, tables={"visits": {"name": "logs"}})
    assert report.failures == [
        "visits: the table is empty. Export it again, or remove it if the shop has no such data."
    ]


def test_all_tables_are_of_one_moment(mariadb: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = {name: tables_of(1)[name] for name in ("orders", "customers")}
    address = load_mariadb(mariadb, tables)
    batches: Callable[..., Any] = engine_module._batches

    def read_and_delete(connection: Any, *arguments: Any) -> Any:
        yield from batches(connection, *arguments)
        with closing(connect(address, database=urlsplit(address).path[1:])) as other, other.cursor() as cursor:
            cursor.execute("DELETE FROM customers LIMIT 1")

    with monkeypatch.context() as patch:
        patch.setattr(engine_module, "_batches", read_and_delete)
        # One customer is gone before the second table is read, and is still of its moment.
        assert check(address).rows == {name: len(table) for name, table in tables.items()}
    assert check(address).rows["customers"] == len(tables["customers"]) - 2


def test_features_are_the_same_bytes_as_from_parquet(mariadb: str, tmp_path: Path) -> None:
    tables, snapshot = tables_of(0), SHOPS[0][1]
    (tmp_path / "shop").mkdir()
    for name, table in tables.items():
        table.to_parquet(tmp_path / "shop" / f"{name}.parquet", index=False, coerce_timestamps="us")
    written = []
    for name, source in (("files", tmp_path / "shop"), ("server", load_mariadb(mariadb, tables))):
        shop = read(source)
        write_features(
            shop, [snapshot], ChurnDefinition(), available(shop, ["recency", "monetary", "basket"]), tmp_path / name
        )
        written.append({path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.parquet")})
    assert written[0] == written[1]
    assert written[0]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://shop:secret@127.0.0.1:1/shop", "mysql://shop@127.0.0.1:1/shop: cannot be opened. Can't connect"),
        ("mysql://shop:secret@127.0.0.1", "mysql://shop@127.0.0.1: names no database. Write it as mysql://user@host/"),
        ("mariadb://shop@h/shop?tls=1", "mariadb://shop@h/shop?tls=1: tls is not known. The options are ssl_ca, unix"),
        ("mysql://shop:secret@h:port/shop", "mysql://shop@h:port/shop: is not an address."),
    ],
)
def test_what_cannot_be_opened_is_said_without_the_password(address: str, said: str) -> None:
    with pytest.raises(ChurnmlError, match=re.escape(said)) as raised:
        read(address)
    assert "secret" not in str(raised.value)


def test_a_wrong_password_and_an_unknown_database_are_named(kinds: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = kinds.replace(":secret@", ":wrong@")
    with pytest.raises(InputError, match=re.escape("/kinds: cannot be opened. Access denied for user 'shop'")):
        read(wrong)
    with pytest.raises(InputError, match=re.escape("Unknown database 'kindz'")):
        read(kinds.replace("/kinds", "/kindz"))
    monkeypatch.setenv("MYSQL_PWD", "secret")
    assert read(kinds.replace(":secret@", "@")).tables["orders"].count().execute() == 2


def test_a_database_without_orders_says_what_it_holds(mariadb: str) -> None:
    address = load_mariadb(mariadb, {"customers": tables_of(1)["customers"]})
    with pytest.raises(InputError, match=re.escape("orders: the table is missing (found: customers).")):
        read(address)


def test_without_the_driver_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "churnml.data.engines.mysql")
    monkeypatch.setitem(sys.modules, "pymysql", None)
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'churnml[mysql]'")):
        read("mysql://shop@127.0.0.1/shop")
