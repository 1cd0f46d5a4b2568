"""Iceberg tables: rows of the newest version, deletions and renamed columns, wherever the folder lies now."""

from __future__ import annotations

import re
import shutil
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog

from churnml.data.engines.iceberg import _here, data_files, newest_metadata
from churnml.data.reading import check, read
from churnml.errors import InputError, MissingExtraError

SCHEMA = pa.schema(
    [
        ("order_id", pa.int64()),
        ("customer_id", pa.string()),
        ("ordered_at", pa.timestamp("us")),
        ("total", pa.decimal128(18, 4)),
    ]
)


def orders(*rows: tuple[int, str, int, str]) -> pa.Table:
    names = SCHEMA.names
    listed = [
        dict(zip(names, (order, customer, datetime(2024, 3, day), Decimal(total)), strict=True))
        for order, customer, day, total in rows
    ]
    return pa.Table.from_pylist(listed, schema=SCHEMA)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop whose orders were written, added to, changed in place and given another column name; and then moved."""
    warehouse = tmp_path_factory.mktemp("warehouse")
    catalog = SqlCatalog("c", uri=f"sqlite:///{warehouse}/catalog.db", warehouse=f"file://{warehouse}")
    catalog.create_namespace("shop")
    table = catalog.create_table("shop.orders", SCHEMA)
    table.append(orders((1, "ann", 1, "10"), (2, "bob", 2, "20")))
    table.append(orders((3, "ann", 3, "30.5")))
    table.delete("order_id = 1")
    with table.update_schema() as update:
        update.rename_column("total", "amount")
    catalog.destroy_tables()
    catalog.close()
    folder = tmp_path_factory.mktemp("moved")
    shutil.move(newest_of(warehouse).parents[1], folder / "orders")
    return folder


def newest_of(folder: Path) -> Path:
    (metadata,) = {newest_metadata(path.parent) for path in folder.rglob("metadata")}
    assert metadata is not None
    return metadata


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "shop"))


def test_rows_are_those_of_the_newest_version(folder: Path) -> None:
    assert len(list((folder / "orders").rglob("*.parquet"))) == 3, "files of older versions are still there"
    rows = read(folder).tables["orders"].order_by("order_id").to_pyarrow().to_pylist()
    assert [(row["order_id"], row["customer_id"], row["ordered_at"], row["amount"]) for row in rows] == [
        ("2", "bob", datetime(2024, 3, 2), Decimal(20)),
        ("3", "ann", datetime(2024, 3, 3), Decimal("30.5")),
    ]


def test_an_older_version_is_another_shop(folder: Path) -> None:
    assert check(folder).rows == {"orders": 2}
    assert read(folder).tables["orders"].count().execute() == 2
    for version in sorted((folder / "orders" / "metadata").glob("*.metadata.json"))[2:]:
        version.unlink()
    # Before the column was renamed: the check is not the one that is remembered.
    with pytest.raises(InputError, match="amount"):
        read(folder)


def test_only_files_with_rows_of_today_are_asked_for(folder: Path) -> None:
    files = data_files(newest_of(folder))
    assert len(files) == 2
    assert all(file.exists() and file.is_relative_to(folder / "orders" / "data") for file in files)


def test_a_file_that_is_gone_is_one_message(folder: Path) -> None:
    data_files(newest_of(folder))[0].unlink()
    (failure,) = check(folder).failures
    assert failure.startswith("orders: the Iceberg table cannot be read. ")


def test_a_name_that_leads_out_of_the_folder_is_refused(folder: Path) -> None:
    metadata, location = newest_of(folder), "file:///warehouse/orders"
    assert _here(f"{location}/data/a%20b", location, metadata) == folder / "orders" / "data" / "a b"
    for name in ("../others.parquet", "data/%2e%2e/%2e%2e/others.parquet"):
        with pytest.raises(InputError, match="orders: the Iceberg table has files outside of its folder"):
            _here(f"{location}/{name}", location, metadata)


def test_files_outside_of_the_folder_are_refused(folder: Path) -> None:
    metadata = newest_of(folder)
    told = metadata.read_text(encoding="utf-8")
    location = re.search(r'"location":"([^"]*)"', told)
    assert location
    metadata.write_text(told.replace(location[0], '"location":"s3://elsewhere/orders"'), encoding="utf-8")
    (failure,) = check(folder).failures
    assert failure.startswith("orders: the Iceberg table has files outside of its folder (")


def test_a_table_beside_files_of_its_name_is_refused(folder: Path) -> None:
    (folder / "orders.csv").write_text("order_id,customer_id,ordered_at,amount\n1,a,2025-01-01,3\n")
    (failure,) = check(folder).failures
    assert failure.startswith("orders: found as CSV and as a table of Iceberg (")


def test_without_the_package_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyiceberg", None)
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'churnml[iceberg]'")):
        read(folder)
