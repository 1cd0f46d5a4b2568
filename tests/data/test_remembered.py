"""Remembered checks: never of other bytes, other settings or a check that failed."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pandas as pd
import pytest

from churnml.config import TableSource
from churnml.data import reading as reading_module
from churnml.data.engines.duckdb import DuckDBEngine
from churnml.data.reading import check, read
from churnml.errors import InputError

pytestmark = pytest.mark.slow

ORDERS = "order_id,customer_id,ordered_at,amount\n1,a,2025-01-05,9.5\n1,a,2025-01-05,9.5\n2,,2025-02-01,12\n"


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Lists the checks that really looked at the data."""
    monkeypatch.setenv("CHURNML_CACHE", str(tmp_path / "cache"))
    looked: list[str] = []
    real = reading_module.check_tables
    monkeypatch.setattr(reading_module, "check_tables", lambda *of: looked.append("") or real(*of))
    return looked


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "orders.csv").write_text(ORDERS)
    return folder


def test_the_same_bytes_are_checked_once_and_tell_the_same(counted: list[str], folder: Path) -> None:
    first, again = read(folder), read(folder)
    assert len(counted) == 1
    assert again.report == first.report
    assert again.report.plain == first.report.plain
    assert again.report.notes, "a dropped duplicate and a row without a customer"
    one, other = (shop.tables["orders"].order_by("order_id").to_pandas() for shop in (first, again))
    pd.testing.assert_frame_equal(one, other)
    assert len(other) == 1


def test_another_byte_is_checked_even_where_size_and_time_are_the_same(counted: list[str], folder: Path) -> None:
    read(folder)
    file = folder / "orders.csv"
    before = file.stat()
    file.write_text(ORDERS.replace("12\n", "-2\n"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert file.stat().st_size == before.st_size
    with pytest.raises(InputError, match="negative"):
        read(folder)


def test_what_names_rows_of_the_shop_is_for_its_owner_alone(counted: list[str], folder: Path, tmp_path: Path) -> None:
    read(folder)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "cache").glob("*.json")] == [0o600]


def test_failures_are_never_remembered(counted: list[str], folder: Path) -> None:
    (folder / "orders.csv").write_text(ORDERS.replace("12\n", "-2\n"))
    for _ in range(2):
        with pytest.raises(InputError):
            read(folder)
    assert len(counted) == 2


def test_other_settings_another_table_and_the_command_check_anew(counted: list[str], folder: Path) -> None:
    read(folder)
    read(folder, timezone="Asia/Tokyo")
    read(folder, tables={"orders": TableSource(columns={"discount": "amount"})})
    (folder / "returns.csv").write_text("return_id,customer_id,returned_at,amount\n1,a,2025-02-01,2\n")
    read(folder)
    check(folder)
    assert len(counted) == 5


def test_what_one_engine_saw_is_not_said_of_another(
    counted: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AnotherEngine(DuckDBEngine):
        """Reads as DuckDB does, under another name."""

    read(folder)
    monkeypatch.setattr(reading_module, "open_engine", lambda _, timezone, allow: AnotherEngine(timezone, allow))
    read(folder)
    assert len(counted) == 2


@pytest.mark.parametrize("rubbish", [b"", b"{}", b"[1]", b'{"rows": ', zlib.compress(b"x")])
def test_rubbish_in_the_folder_is_as_nothing(rubbish: bytes, counted: list[str], folder: Path, tmp_path: Path) -> None:
    expected = read(folder).report
    (remembered,) = (tmp_path / "cache").iterdir()
    remembered.write_bytes(rubbish)
    assert read(folder).report == expected
    assert len(counted) == 2


def test_without_a_named_folder_the_cache_is_where_the_system_keeps_caches(
    counted: list[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CHURNML_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    read(folder)
    read(folder)
    assert len(counted) == 1
    assert len(list((tmp_path / "user" / "churnml").glob("*.json"))) == 1


def test_a_folder_that_cannot_be_written_is_no_error(
    counted: list[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CHURNML_CACHE", str(tmp_path / "file" / "cache"))
    read(folder)
    read(folder)
    assert len(counted) == 2


def test_a_database_file_is_remembered_and_memory_is_not(counted: list[str], tmp_path: Path) -> None:
    import duckdb

    orders = pd.DataFrame({"order_id": ["1"], "customer_id": ["a"], "ordered_at": ["2025-01-05"], "amount": [1.0]})
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE orders AS SELECT * FROM orders")
    read(tmp_path / "shop.duckdb")
    read(tmp_path / "shop.duckdb")
    read({"orders": orders})
    read({"orders": orders})
    assert len(counted) == 3


def test_rows_in_the_log_of_a_database_are_checked(counted: list[str], tmp_path: Path) -> None:
    import duckdb

    file = tmp_path / "shop.duckdb"
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,amount\n1,a,2025-01-05,9.5\n")
    with duckdb.connect(str(file)) as connection:
        connection.execute(f"CREATE TABLE orders AS FROM read_csv('{tmp_path}/orders.csv')")
    read(file)
    connection = duckdb.connect(str(file), config={"checkpoint_threshold": "1GB"})
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    connection.execute("INSERT INTO orders VALUES (9, 'a', DATE '2025-03-01', -1)")
    connection.close()
    assert (tmp_path / "shop.duckdb.wal").exists()
    with pytest.raises(InputError, match="negative"):
        read(file)
