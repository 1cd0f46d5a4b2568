"""Finding raw tables: every source gives the same shop, and what cannot be read is said in a sentence."""

from __future__ import annotations

import functools
import gc
import gzip
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

from churnml.config import TableSource
from churnml.data.engines import open_engine
from churnml.data.reading import check, read
from churnml.data.shop import Shop
from churnml.errors import InputError

HEADER = "order_id,customer_id,ordered_at,amount\n"
ROWS = "1,a,2025-01-05,9.5\n2,b,2025-02-01,12\n"


def frames() -> dict[str, pd.DataFrame]:
    """A shop as pandas has it: whole numbers with gaps are floats, and every column that may be empty is once."""
    orders = pd.DataFrame(
        {
            "order_id": [1, 2, 3, 4],
            "customer_id": [17850.0, 17850.0, None, 12.0],
            "ordered_at": pd.to_datetime(
                ["2025-01-05 10:00", "2025-03-30 23:59:59.123456", "2025-02-01", "2025-02-02"], format="ISO8601"
            ),
            "amount": [9.5, 0.1 + 0.2, 12, 99_999_999.9999],
            "channel": ["web", None, "app", 'a, "b"\nc'],
            "cancelled_at": pd.to_datetime([None, None, None, "2025-02-03 08:00"]),
        }
    )
    customers = pd.DataFrame(
        {"customer_id": ["17850", "00017"], "contactable": pd.array([True, None], dtype="boolean")}
    )
    visits = pd.DataFrame(
        {
            "customer_id": [17850, 12],
            "visited_at": pd.to_datetime(["2025-01-01", "2025-01-02 12:00"], format="ISO8601"),
            "pages": [3, None],
        }
    )
    return {"orders": orders, "customers": customers, "visits": visits}


def as_parquet(folder: Path) -> Path:
    for name, frame in frames().items():
        frame.to_parquet(folder / f"{name}.parquet")
    return folder


def as_csv(folder: Path) -> Path:
    for name, frame in frames().items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    return folder


def as_zipped_csv(folder: Path) -> Path:
    for name, frame in frames().items():
        frame.to_csv(folder / f"{name}.csv.gz", index=False)
    return folder


def as_excel_csv(folder: Path) -> Path:
    for name, frame in frames().items():
        frame.to_csv(folder / f"{name}.csv", index=False, sep=";", encoding="utf-8-sig", lineterminator="\r\n")
    return folder


def as_csv_parts(folder: Path) -> Path:
    shop = frames()
    shop["orders"].iloc[:1].to_csv(folder / "orders-1.csv", index=False)
    shop["orders"].iloc[1:2].to_csv(folder / "orders_2024.csv", index=False, sep="\t")
    (folder / "orders" / "2025").mkdir(parents=True)
    shop["orders"].iloc[2:, ::-1].to_csv(folder / "orders" / "2025" / "any name.csv.gz", index=False)
    for name in ("customers", "visits"):
        shop[name].to_csv(folder / f"{name}.csv", index=False)
    return folder


def as_parquet_parts(folder: Path) -> Path:
    shop = frames()
    (folder / "orders" / "2025").mkdir(parents=True)
    shop["orders"].iloc[:2].to_parquet(folder / "orders" / "2025" / "part-0.parquet")
    shop["orders"].iloc[2:].astype({"order_id": "str"}).to_parquet(folder / "orders" / "2025" / "part-1.parquet")
    (folder / "orders" / "_SUCCESS").touch()
    for name in ("customers", "visits"):
        shop[name].to_parquet(folder / f"{name}.parquet")
    return folder


def as_duckdb(folder: Path) -> Path:
    with duckdb.connect(str(folder / "shop.duckdb")) as connection:
        for name, frame in frames().items():
            connection.register("frame", pa.Table.from_pandas(frame))
            connection.execute(f"CREATE TABLE {name} AS FROM frame")
    return folder / "shop.duckdb"


def as_pandas_objects(folder: Path) -> Mapping[str, Any]:
    return {name: frame.astype(object).where(frame.notna(), None) for name, frame in frames().items()}


def as_polars(folder: Path) -> Mapping[str, Any]:
    return {name: pl.from_pandas(frame, nan_to_null=False) for name, frame in frames().items()}


def as_arrow(folder: Path) -> Mapping[str, Any]:
    return {name: pa.Table.from_pandas(frame, preserve_index=False) for name, frame in frames().items()}


SOURCES: list[Callable[[Path], Any]] = [
    as_parquet,
    as_csv,
    as_zipped_csv,
    as_excel_csv,
    as_csv_parts,
    as_parquet_parts,
    as_duckdb,
    as_pandas_objects,
    as_polars,
    as_arrow,
]


@functools.cache
def read_once() -> Shop:
    return read(frames())


def content(shop: Shop) -> dict[str, pd.DataFrame]:
    return {name: table.order_by(table.columns).to_pandas() for name, table in shop.tables.items()}


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_every_source_gives_the_same_shop(source: Callable[[Path], Any], tmp_path: Path) -> None:
    expected, shop = read_once(), read(source(tmp_path))
    assert {name: table.schema() for name, table in shop.tables.items()} == {
        name: table.schema() for name, table in expected.tables.items()
    }
    assert shop.brought == expected.brought
    assert shop.report == expected.report
    found, content_expected = content(shop), content(expected)
    for name, frame in found.items():
        assert_frame_equal(frame, content_expected[name])


@pytest.mark.slow
def test_the_shop_by_hand(tmp_path: Path) -> None:
    shop = read_once()
    assert shop.report.rows == {"orders": 4, "customers": 2, "visits": 2}
    assert shop.report.notes == [
        "orders: 1 of 4 rows have no customer_id and are left out.",
        "customers: 1 of 2 rows are of customers without an order.",
        "customers: the consent of 1 of 2 customers with an order is unknown (1 have no row, 0 an empty contactable). "
        "They are left out of the work list, unless scoring.unknown_consent in the config is include.",
    ]
    orders = content(shop)["orders"]
    assert orders.order_id.tolist() == ["1", "2", "4"]
    assert orders.customer_id.tolist() == ["17850", "17850", "12"]
    assert [str(amount) for amount in orders.amount] == ["9.5000", "0.3000", "99999999.9999"]
    assert orders.channel.tolist()[2] == 'a, "b"\nc'
    assert orders.ordered_at.tolist()[1] == pd.Timestamp("2025-03-30 23:59:59.123456")
    assert shop.brought["orders"] == frozenset(frames()["orders"].columns)
    assert shop.has("orders", ["channel"])
    assert not shop.has("orders", ["discount"])
    assert not shop.has("returns")


@pytest.mark.slow
def test_other_files_do_no_harm(tmp_path: Path) -> None:
    as_csv(tmp_path)
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "orders.csv").write_text("not,a,table\n1", encoding="utf-8")
    for name in ("README", "notes.md", "._orders.csv", ".orders.csv.swp"):
        (tmp_path / name).write_bytes(b"\xff\x00")
    (tmp_path / "orders" / "_temporary").mkdir(parents=True)
    (tmp_path / "orders" / "_temporary" / "part.parquet").write_bytes(b"broken")
    (tmp_path / "orders" / ".part.csv").write_bytes(b"broken")
    assert read(tmp_path).report == read_once().report


@pytest.mark.slow
def test_a_file_belongs_to_the_longest_name(tmp_path: Path) -> None:
    (tmp_path / "order.csv").write_text(HEADER + ROWS, encoding="utf-8")
    (tmp_path / "order_items.csv").write_text("order_id,product_id,quantity,unit_price\n1,p,1,2\n", encoding="utf-8")
    shop = read(tmp_path, tables={"orders": TableSource(name="order")})
    assert shop.report.rows == {"orders": 2, "order_items": 1}


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["o'brien", "shop[1]*?", "mağaza {x}"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_any_folder_name_will_do(tmp_path: Path, folder: str, kind: str) -> None:
    (tmp_path / folder).mkdir()
    (as_csv if kind == "csv" else as_parquet)(tmp_path / folder)
    assert read(tmp_path / folder).report.rows["orders"] == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        # Shopify's order names begin with a hash, which many readers take for a comment.
        (HEADER + ROWS.replace("1,a", "#1001,a").replace("2,b", "#1002,b"), ["#1001", "#1002"]),
        ("\n\n" + HEADER + ROWS, ["1", "2"]),
        ((HEADER + ROWS).replace("\n", "\r"), ["1", "2"]),
        ("," + HEADER + "0,1,a,2025-01-05,9.5\n", ["1"]),  # pandas writes its index under an empty name
        ('"order_id";"customer_id";"ordered_at";"amount, net, all";amount\n7;a;2025-01-01;x;5\n', ["7"]),
        # The quotes come long after what a reader would sample.
        (HEADER + "".join(f"{i:05},a,2025-01-01,1\n" for i in range(25_000)) + '99999,"a,b",2025-01-01,1\n', None),
    ],
)
def test_csv_is_read_without_a_guess(tmp_path: Path, text: str, ids: list[str] | None) -> None:
    (tmp_path / "orders.csv").write_text(text, encoding="utf-8", newline="")
    orders = content(read(tmp_path))["orders"]
    if ids is None:
        assert len(orders) == 25_001
        assert orders.customer_id.tolist()[-1] == "a,b"
    else:
        assert orders.order_id.tolist() == ids


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        ("orders.csv", HEADER + ROWS + "3,a,2025-01-05\n", "Line 4 has 3 columns, the header 4."),
        ("orders.csv", HEADER + ROWS + "3,a,2025-01-05,9,5\n", "Line 4 has 5 columns, the header 4."),
        ("orders.csv", (HEADER + "1,ç,2025-01-05,9\n").encode("latin-1"), "orders.csv is not UTF-8 text."),
        ("orders.csv", (HEADER + ROWS).encode("utf-16"), "orders.csv is not UTF-8 text."),
        ("orders.csv", "", "orders.csv is empty, without even a header."),
        (
            *("orders.csv", b'\xef\xbb\xbf"sep=;"\n' + (HEADER + ROWS).replace(",", ";").encode()),
            'with "sep=;" in quotes, which cannot be passed over together. Remove the first line.',
        ),
        ("orders.csv", "\n\n", "orders.csv has no header."),
        ("orders.csv", "amount,Amount\n1,2\n", "several columns are called amount"),
        ("orders.csv.gz", "no gzip", "orders.csv.gz cannot be read."),
        ("orders.csv.gz", gzip.compress((HEADER + ROWS).encode(), mtime=0)[:-12], "orders.csv.gz cannot be read."),
        ("orders.parquet", "PAR1 broken PAR1", "orders.parquet cannot be read."),
        ("orders.parquet", "PAR1 broken", "orders.parquet is cut off: its end is missing."),
        ("orders.parquet", "order_id\n", "orders.parquet is no Parquet file, whatever its name says."),
        ("orders.parquet", "", "orders.parquet is empty, without even a header."),
    ],
)
def test_unreadable_files_are_all_named(tmp_path: Path, name: str, written: str | bytes, message: str) -> None:
    (tmp_path / name).write_bytes(written if isinstance(written, bytes) else written.encode())
    (tmp_path / "visits.csv").write_text("customer_id\n1\n", encoding="utf-8")
    failures = check(tmp_path).failures
    assert failures[0].startswith(f"orders: {name} cannot be read. ")
    assert message in failures[0]
    remedy = "Copy it again, or export it again." if "parquet" in name else "Export it again."
    if "UTF-8 text" in message:
        remedy = "Export it as UTF-8, or set tables.orders.encoding in the config, such as cp1254."
    assert failures[0].endswith(remedy)
    assert "\n" not in failures[0]
    assert failures[1].startswith("visits.visited_at: the column is missing (received: customer_id).")


def test_latin_text_further_down_is_found_too(tmp_path: Path) -> None:
    rows = "".join(f"{i},a,2025-01-01,1\n" for i in range(60_000))
    (tmp_path / "orders.csv").write_bytes((HEADER + rows).encode() + "x,ç,2025-01-01,1\n".encode("latin-1"))
    [failure] = check(tmp_path).failures
    assert failure.startswith("orders: orders.csv cannot be read. Line 6")
    assert "utf-8" in failure


@pytest.mark.slow
def test_parquet_that_breaks_in_the_middle(tmp_path: Path) -> None:
    frame = pd.DataFrame({"order_id": range(50_000), "customer_id": "a", "ordered_at": "2025-01-01", "amount": 1.0})
    frame.to_parquet(tmp_path / "orders.parquet")
    broken = bytearray((tmp_path / "orders.parquet").read_bytes())
    broken[1_000:100_000] = bytes(99_000)
    (tmp_path / "orders.parquet").write_bytes(broken)
    [failure] = check(tmp_path).failures
    assert failure.startswith("orders: ")
    assert failure.endswith("Export it again.")
    with pytest.raises(InputError):
        read(tmp_path)


def test_csv_beside_parquet_is_refused(tmp_path: Path) -> None:
    as_csv(tmp_path)
    as_parquet(tmp_path)
    assert check(tmp_path).failures == [
        f"{name}: found as CSV and as Parquet ({name}.csv, {name}.parquet). Keep one of the two."
        for name in ("orders", "customers", "visits")
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "nowhere: there is no such file or folder. Give a folder"),
        ("empty", "orders: the table is missing (found: nothing). Give a folder"),
        ("orders.zip", "orders.zip: is an archive. Unpack it, and give the folder of what it holds."),
        ("orders.png", "orders.png: is neither a folder nor a table nor a database (.duckdb, .db, .sqlite)."),
        ("fake.duckdb", "fake.duckdb: is not a DuckDB file, whatever its name says."),
        ("hollow.db", "hollow.db: is not a DuckDB file, whatever its name says."),
        ("x" * 5_000, "cannot be opened (File name too long)"),
    ],
)
def test_a_source_that_cannot_be_opened(tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "orders.png").write_bytes(b"no table")
    (tmp_path / "orders.zip").write_bytes(b"PK\5\6" + bytes(18))
    (tmp_path / "fake.duckdb").write_bytes(b"Another format 3\0" * 100)
    (tmp_path / "hollow.db").touch()
    with pytest.raises(InputError, match=re.escape(message)):
        read(tmp_path / source)


@pytest.mark.parametrize("source", [None, 5, [1]])
def test_a_source_of_another_kind(source: Any) -> None:
    with pytest.raises(InputError, match=r"^A shop cannot be read from .*\. Give a folder"):
        read(source)


def test_an_address_of_no_engine_is_refused() -> None:
    with pytest.raises(InputError, match=r"^oracle://: files are not read from such an address\."):
        read("oracle://user:secret@host/db")


def test_a_broken_duckdb_file(tmp_path: Path) -> None:
    path = as_duckdb(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:5_000])
    with pytest.raises(InputError, match=re.escape(f"{path}: cannot be opened.")):
        read(path)


@pytest.mark.slow
def test_views_of_a_duckdb_file_are_tables(tmp_path: Path) -> None:
    path = as_duckdb(tmp_path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("ALTER TABLE orders RENAME TO sales")
        connection.execute("CREATE VIEW orders AS FROM sales WHERE order_id < 3")
        (tmp_path / "gone.csv").write_text("a\n1\n", encoding="utf-8")
        connection.execute(f"CREATE VIEW returns AS FROM read_csv('{tmp_path}/gone.csv')")
    (tmp_path / "gone.csv").unlink()
    [failure] = check(path).failures
    assert failure.startswith(f"returns: returns is a view that reads {tmp_path}/gone.csv, but a shop's views read no")
    with duckdb.connect(str(path)) as connection:
        connection.execute("DROP VIEW returns")
    assert read(path).report.rows["orders"] == 2


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ([1, 2], "the type list was received, but a DataFrame (pandas, Polars), an Arrow table,"),
        (pd.DataFrame(), "the table has no columns."),
        (pl.DataFrame(), "the table has no columns."),
        (pl.LazyFrame(), "the table has no columns."),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "several columns are called a"),
        (pa.table([pa.array([1]), pa.array([2])], names=["a", "A"]), "several columns are called a"),
    ],
)
def test_frames_that_are_no_tables(frame: Any, message: str) -> None:
    failures = check({"orders": frame, "shoes": 1, 5: 2}).failures
    assert failures[0].startswith(f"orders: {message}")
    assert failures[1:] == [
        "shoes, 5: not in the contract. Known tables: orders, order_items, customers, deliveries, complaints, returns, "
        "reviews, visits, rewards, contacts, subscriptions."
    ]


@pytest.mark.slow
def test_rare_types_become_text() -> None:
    orders = pd.DataFrame(
        {
            "order_id": [2**70, 1],
            "customer_id": pd.Categorical(["a", "b"]),
            "ordered_at": ["2025-01-01", pd.Timestamp("2025-01-02 03:00")],
            "amount": ["1.5", 2],
            "channel": [{"a": 1}, None],
        }
    )
    found = content(read({"orders": orders}))["orders"]
    assert found.order_id.tolist() == ["1", str(2**70)]
    assert found.ordered_at.tolist() == [pd.Timestamp("2025-01-02 03:00"), pd.Timestamp("2025-01-01")]
    assert [str(amount) for amount in found.amount] == ["2.0000", "1.5000"]


def scratch_folders() -> set[str]:
    return {name for name in os.listdir(tempfile.gettempdir()) if name.startswith("churnml-")}


@pytest.mark.slow
def test_no_scratch_files_stay_after_the_shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    shop = read(frames())
    assert len(scratch_folders()) == 1
    orders = shop.tables["orders"]
    del shop
    gc.collect()
    assert orders.count().to_pandas() == 3  # a table keeps its engine
    del orders
    gc.collect()
    assert scratch_folders() == set()
    with pytest.raises(InputError, match="timezone"):
        read(frames(), timezone="Europe/Nowhere")
    gc.collect()
    assert scratch_folders() == set()


@pytest.mark.slow
def test_no_scratch_files_stay_after_the_process(tmp_path: Path) -> None:
    program = (
        "import pandas as pd, os\nfrom churnml.data.reading import read\n"
        "shop = read({'orders': pd.DataFrame({'order_id': [1], 'customer_id': [1], 'ordered_at': ['2025-01-01'], "
        "'amount': [1]})})\nassert os.listdir(os.environ['TMPDIR'])\nraise SystemExit(3)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "churnml-" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_bar_is_printed_among_results() -> None:
    backend = open_engine({}, "UTC").backend
    backend = open_engine({}, "UTC").backend
    assert backend.raw_sql("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]
