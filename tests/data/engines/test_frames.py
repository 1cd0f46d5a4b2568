"""Tables that people have in hand, a view that may read nothing else, and addresses without their password."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import ibis
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from churnml.data.engines import without_password
from churnml.data.reading import check, read
from churnml.errors import InputError

COLUMNS: dict[str, Any] = {
    "order_id": [1, 2],
    "customer_id": ["a", "b"],
    "ordered_at": [date(2025, 1, 5), date(2025, 2, 1)],
    "amount": [9.5, 12.0],
}
DECIMALS = {"order_id": [Decimal(1), Decimal(2)], "amount": [Decimal("9.5"), Decimal(12)]}
FRAMES: dict[str, Callable[[], Any]] = {
    "pandas dates": lambda: pd.DataFrame(COLUMNS),
    "pandas Arrow dates": lambda: pd.DataFrame(COLUMNS).astype({"ordered_at": pd.ArrowDtype(pa.date32())}),
    "pandas float16": lambda: pd.DataFrame(COLUMNS).astype({"amount": np.float16}),
    "Polars": lambda: pl.DataFrame(COLUMNS),
    "Polars LazyFrame": lambda: pl.LazyFrame(COLUMNS).filter(pl.col("amount") > 0),
    "Polars Int128": lambda: pl.DataFrame(COLUMNS).with_columns(pl.col("order_id").cast(pl.Int128)),
    "Arrow": lambda: pa.table(COLUMNS),
    "Arrow date64": lambda: pa.table(COLUMNS | {"ordered_at": pa.array(COLUMNS["ordered_at"], pa.date64())}),
    "Arrow float16": lambda: pa.table(COLUMNS | {"amount": pa.array(np.array([9.5, 12], np.float16))}),
    "Arrow decimal256": lambda: pa.table(COLUMNS | {"order_id": pa.array([1, 2], pa.decimal256(60, 0))}),
    "Arrow decimal256 with a point": lambda: pa.table(
        COLUMNS
        | {
            "order_id": pa.array(DECIMALS["order_id"], pa.decimal256(60, 40)),
            "amount": pa.array(DECIMALS["amount"], pa.decimal256(60, 40)),
        }
    ),
    "Arrow decimal of scale 36": lambda: pa.table(
        COLUMNS
        | {
            "order_id": pa.array(DECIMALS["order_id"], pa.decimal128(38, 36)),
            "amount": pa.array(DECIMALS["amount"], pa.decimal128(38, 36)),
        }
    ),
    "Arrow stream": lambda: pa.table(COLUMNS).to_reader(),
    "DuckDB relation": lambda: duckdb.connect().from_arrow(pa.table(COLUMNS)),
    "Ibis": lambda: ibis.memtable(pd.DataFrame(COLUMNS)),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", FRAMES)
def test_tables_in_hand_are_read(kind: str) -> None:
    found = read({"orders": FRAMES[kind]()}).tables["orders"].order_by("order_id").to_pandas()
    assert found.order_id.tolist() == ["1", "2"]
    assert found.customer_id.tolist() == ["a", "b"]
    assert found.ordered_at.tolist() == [pd.Timestamp("2025-01-05"), pd.Timestamp("2025-02-01")]
    assert found.amount.astype(float).tolist() == [9.5, 12.0]


@pytest.mark.slow
@pytest.mark.parametrize("kind", [pa.decimal128(5, -2), pa.decimal128(38, -2), pa.decimal256(50, -2)])
def test_decimals_of_whole_hundreds_are_read_exactly(kind: pa.DataType) -> None:
    hundreds = pa.array([Decimal("1E+2"), Decimal("12E+2")], kind)
    found = read({"orders": pa.table(COLUMNS | {"order_id": hundreds, "amount": hundreds})})
    rows = found.tables["orders"].order_by("amount").to_pandas()
    assert rows.order_id.tolist() == ["100", "1200"]
    assert rows.amount.tolist() == [Decimal(100), Decimal(1200)]
    assert found.report.notes == []


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (pd.Series([1]), "the type Series was received, but a DataFrame"),
        (pl.Series([1]), "the type Series was received, but a DataFrame"),
        (pa.chunked_array([[1]]), "the type ChunkedArray was received, but a DataFrame"),
        (pl.LazyFrame(COLUMNS).select("absent"), "the Polars LazyFrame cannot be computed ("),
        (pl.LazyFrame(COLUMNS).map_batches(lambda frame: 1 / 0), "the Polars LazyFrame cannot be computed ("),
        (pl.scan_csv("absent.csv"), "the Polars LazyFrame cannot be computed ("),
    ],
)
def test_what_is_no_table_is_a_sentence(frame: Any, said: str) -> None:
    [failure] = check({"orders": frame}).failures
    assert failure.startswith("orders: ")
    assert said in failure


def test_text_that_is_no_unicode_is_named() -> None:
    orders = pd.DataFrame(COLUMNS | {"customer_id": pd.Series(["a", "\ud800"], dtype=object)})
    [failure] = check({"orders": orders}).failures
    assert failure.startswith("orders: column customer_id: 1 of 2 rows hold text that is no Unicode (row 1: '\\ud800')")


def database(folder: Path, view: str) -> Path:
    path = folder / "shop[1].duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE VIEW orders AS {view}")
    return path


@pytest.mark.slow
def test_a_view_reads_no_other_file_unless_its_folder_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    lake = tmp_path / "lake" / "o.csv"
    pd.DataFrame(COLUMNS).to_csv(lake, index=False)
    path = database(tmp_path, f"FROM read_csv('{lake}')")
    [failure] = check(path).failures
    assert failure.startswith(f"orders: orders is a view that reads {lake}, but a shop's views read no other files.")
    assert "tables.allow" in failure
    assert check(path, allow=[tmp_path / "lake"]).rows == {"orders": 2}
    assert check(path, allow=[tmp_path / "lake"]).failures == []
    with pytest.raises(InputError, match=re.escape(f"tables.allow: {tmp_path}/gone is no folder.")):
        read(path, allow=[tmp_path / "gone"])


@pytest.mark.parametrize("view", ["SELECT content AS a FROM read_text('/etc/hostname')", "FROM glob('/etc/*')"])
def test_no_function_of_a_view_sees_the_machine(tmp_path: Path, view: str) -> None:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(f"CREATE VIEW orders AS {view}")
    [failure] = check(tmp_path / "shop.duckdb").failures
    assert "a shop's views read no other files" in failure


def test_the_configuration_of_a_database_that_was_brought_is_locked(tmp_path: Path) -> None:
    shop = read(database(tmp_path, "SELECT 1 order_id, 'a' customer_id, DATE '2025-01-01' ordered_at, 1.5 amount"))
    for statement in ("SET enable_external_access = true", "SET allowed_directories = ['/']"):
        with pytest.raises(duckdb.Error):
            shop.engine.backend.raw_sql(statement)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgres:ann:secret@db/shop", "postgres:...@db/shop"),
        ("postgres:secret@db/shop", "postgres:...@db/shop"),
        ("ann:secret@db/shop", "ann:...@db/shop"),
        ("postgres:/ann:secret@db/shop", "postgres:...@db/shop"),
        ("host=db user=ann password='a secret' port=1", "host=db user=ann password=... port=1"),
        (
            "pyspark:///lake?spark.hadoop.fs.s3a.secret.key=secret&x=1",
            "pyspark:///lake?spark.hadoop.fs.s3a.secret.key=...&x=1",
        ),
        ("data/shop", "data/shop"),
    ],
)
def test_no_form_of_an_address_shows_its_password(address: str, shown: str) -> None:
    assert without_password(address) == shown
    with pytest.raises(InputError) as raised:
        read(address)
    assert "secret" not in str(raised.value).replace("secret.key", "")


@pytest.mark.parametrize("address", ["postgres://ann:hidden@db:99999/shop", "postgres://ann:hidden@[::1/shop"])
def test_an_address_that_is_none_is_a_sentence(address: str) -> None:
    with pytest.raises(
        InputError, match=r"^postgres://ann@.*: is not an address\. A port is a number up to 65535"
    ) as raised:
        read(address)
    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize("kind", ["frame", "parquet"])
def test_floats_that_hold_no_cents_are_named(kind: str, tmp_path: Path) -> None:
    def checked(amounts: list[float], width: Any) -> tuple[list[str], list[str]]:
        made = pa.table(COLUMNS | {"amount": pa.array(np.array(amounts, width))})
        pq.write_table(made, tmp_path / "orders.parquet")
        report = check({"orders": made} if kind == "frame" else tmp_path)
        return report.failures, report.notes

    # float16 lies 1/64 apart from 16 on, float32 from 2 ** 17 = 131,072 on.
    assert checked([15.75, 17], np.float16) == ([], [])
    [failure] = checked([15.75, 16.5], np.float16)[0]
    assert (
        "amount: the type is float16, in which whole numbers from 2,048 on become one another, and amounts" in failure
    )
    assert checked([9.5, 131_071.99], np.float32) == ([], [])
    assert checked([9.5, 131_072.5], np.float32) == (
        [],
        [
            "orders.amount: 1 of 2 rows are floats of 32 bits, which hold no cents from 131,072 on: export 64 bits or "
            "decimals (order_id 2: 131072.5)."
        ],
    )


@pytest.mark.parametrize("kind", ["frame", "parquet"])
@pytest.mark.parametrize(("largest", "is_refused"), [(2_047, False), (2_048, True), (float("inf"), True)])
def test_float16_is_refused_where_ids_merge(kind: str, largest: float, is_refused: bool, tmp_path: Path) -> None:
    ids = pa.array([np.float16(1), np.float16(largest), None], pa.float16())
    orders = pa.table({"order_id": [1, 2, 3], "customer_id": ids, "ordered_at": ["2025-01-01"] * 3, "amount": [1] * 3})
    pq.write_table(orders, tmp_path / "orders.parquet")
    failures = check({"orders": orders} if kind == "frame" else tmp_path).failures
    assert bool(failures) == is_refused
    if is_refused:
        assert "customer_id: the type is float16, in which whole numbers from 2,048 on become" in failures[0]
