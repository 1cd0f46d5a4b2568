"""Shops at addresses: a real PostgreSQL server and a real Spark session, and what is said where they do not answer."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from churnml.data.engines import open_engine, without_password
from churnml.data.reading import check, read
from churnml.errors import InputError, OutsideError
from tests.random_shop import Maker
from tests.servers import load_postgres

ORDERS = pd.DataFrame(
    {
        "order_id": [1, 2, 3],
        "customer_id": ["b", "B", "a"],
        "ordered_at": pd.to_datetime(["2025-01-05 10:00", "2025-02-01 12:00", "2025-03-01 00:00"]),
        "amount": [9.5, 12.25, 0.1],
    }
)


@pytest.fixture(scope="module")
def orders_at(postgres: str) -> str:
    return load_postgres(postgres, "few", {"orders": ORDERS})


@pytest.mark.slow
def test_customers_are_sorted_by_bytes_whatever_the_database_does(orders_at: str) -> None:
    orders = read(orders_at).tables["orders"]
    assert list(orders.order_by("customer_id").to_pandas().customer_id) == ["B", "a", "b"]


@pytest.mark.slow
def test_money_is_exact_and_ids_are_text(orders_at: str) -> None:
    orders = read(orders_at).tables["orders"].order_by("order_id").to_pandas()
    assert list(orders.amount.astype(str)) == ["9.5000", "12.2500", "0.1000"]
    assert list(orders.order_id) == ["1", "2", "3"]


@pytest.mark.slow
def test_zone_aware_times_become_the_wall_clock_of_the_shop(postgres: str) -> None:
    address = load_postgres(postgres, "zoned", {"orders": ORDERS})
    zoned = "ALTER TABLE orders ALTER ordered_at TYPE timestamptz USING ordered_at AT TIME ZONE 'UTC'"
    open_engine(address, "UTC").backend.raw_sql(zoned).close()
    shop = read(address, timezone="Asia/Tokyo")
    found = shop.tables["orders"].order_by("order_id").to_pandas().ordered_at
    assert list(found) == list(ORDERS.ordered_at + pd.Timedelta(hours=9))


@pytest.mark.slow
def test_repeated_rows_of_a_database_are_dropped_and_clashes_are_named(postgres: str) -> None:
    twice = pd.concat([ORDERS, ORDERS.iloc[:1]])
    shop = read(load_postgres(postgres, "twice", {"orders": twice}))
    assert shop.report.notes[0] == "orders: 1 identical rows were dropped."
    assert shop.tables["orders"].count().to_pandas() == 3
    clash = pd.concat([ORDERS, ORDERS.iloc[:1].assign(amount=1.0)])
    report = check(load_postgres(postgres, "clash", {"orders": clash}))
    assert report.failures[0].startswith("orders: 1 of 3 keys (order_id) stand for rows with different content (1).")


@pytest.mark.slow
def test_all_that_is_wrong_in_a_database_is_said_at_once(postgres: str) -> None:
    wrong = ORDERS.assign(amount=[1.0, -2.0, 3.0]).drop(columns="ordered_at")
    with pytest.raises(InputError) as raised:
        read(load_postgres(postgres, "wrong", {"orders": wrong}))
    said = str(raised.value)
    assert "orders.ordered_at: the column is missing" in said
    assert "orders.amount: 1 of 3 rows are negative" in said


@pytest.mark.slow
def test_text_that_is_no_time_is_counted_and_named(postgres: str) -> None:
    wrong = ORDERS.assign(ordered_at=["2025-01-05", "2025-02-30", "2025-03-01"])
    report = check(load_postgres(postgres, "text", {"orders": wrong}))
    assert [failure.split(". ")[0] for failure in report.failures] == [
        "orders.ordered_at: 1 of 3 rows are not a time (received string; order_id 2: 2025-02-30)"
    ]


@pytest.mark.slow
def test_a_schema_without_orders_says_what_it_has(postgres: str) -> None:
    address = load_postgres(postgres, "bare", {"sales": ORDERS})
    with pytest.raises(InputError, match=re.escape("orders: the table is missing (found: sales).")):
        read(address)


@pytest.mark.slow
def test_only_temporary_things_are_made_in_a_database(postgres: str) -> None:
    address = load_postgres(postgres, "kept", Maker(1, date(2024, 3, 1), 3).tables())
    before = set(open_engine(address, "UTC").backend.list_tables())
    read(address)
    assert set(open_engine(address, "UTC").backend.list_tables()) == before


def test_a_server_that_does_not_answer_is_named_without_its_password() -> None:
    with pytest.raises(OutsideError) as raised:
        read("postgres://ann:secret@127.0.0.1:1/shop")
    assert str(raised.value).startswith("postgres://ann@127.0.0.1:1/shop: cannot be opened.")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgres://ann:se/c:r@et@db:5432/shop", "postgres://ann@db:5432/shop"),
        ("postgresql://db/shop?user=a&password=secret&x=1", "postgresql://db/shop?user=a&password=...&x=1"),
        ("postgres://db/shop", "postgres://db/shop"),
        (Path("data/shop"), "data/shop"),
    ],
)
def test_an_address_is_shown_without_its_password(address: str | Path, shown: str) -> None:
    assert without_password(address) == shown


@pytest.mark.slow
def test_an_unknown_time_zone_is_refused_by_every_engine(orders_at: str, spark: str) -> None:
    for source in (orders_at, spark, {}):
        with pytest.raises(InputError, match=re.escape("timezone: 'Mars/Olympus' is not known.")):
            open_engine(source, "Mars/Olympus")


@pytest.mark.slow
def test_spark_reads_parquet_parts_csv_and_a_catalog(spark: str, tmp_path: Path) -> None:
    (tmp_path / "orders").mkdir()
    for number, part in enumerate((ORDERS.iloc[:2], ORDERS.iloc[2:])):
        part.to_parquet(tmp_path / "orders" / f"{number}.parquet", coerce_timestamps="us")
    complaints = pd.DataFrame({"complaint_id": [7], "customer_id": ["a"], "opened_at": ["2025-03-02 10:00"]})
    complaints.to_csv(tmp_path / "complaints.csv", index=False)
    shop = read(spark.replace("pyspark://", f"pyspark://{tmp_path}"))
    orders = shop.tables["orders"].order_by("customer_id").to_pandas()
    assert list(orders.customer_id) == ["B", "a", "b"]
    assert list(shop.tables["complaints"].to_pandas().opened_at) == [pd.Timestamp("2025-03-02 10:00")]

    session = shop.engine.session
    session.createDataFrame(ORDERS.astype({"ordered_at": str})).createOrReplaceTempView("orders")
    assert read(session).tables["orders"].count().to_pandas() == 3


@pytest.mark.parametrize("name", ["nowhere", "orders.parquet"])
def test_what_is_no_folder_is_named_without_a_start_of_spark(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("churnml.data.engines.spark._session", lambda settings: pytest.fail("Spark is started"))
    (tmp_path / "orders.parquet").touch()
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / name}: there is no such folder. Name a folder")):
        read(f"pyspark://{tmp_path / name}")
