"""Delta Lake tables: rows of the newest version alone, partitions, and features that files do not show."""

from __future__ import annotations

import re
import shutil
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from churnml.data.reading import check, read
from churnml.errors import InputError, MissingExtraError

SCHEMA = pa.schema(
    [
        ("order_id", pa.string()),
        ("customer_id", pa.string()),
        ("ordered_at", pa.timestamp("us")),
        ("amount", pa.decimal128(18, 4)),
        ("channel", pa.string()),
    ]
)


def orders(*rows: tuple[str, str, int, str, str | None]) -> pa.Table:
    return pa.Table.from_pylist(
        [
            {
                "order_id": order,
                "customer_id": customer,
                "ordered_at": datetime(2024, 3, day),
                "amount": Decimal(amount),
                "channel": channel,
            }
            for order, customer, day, amount, channel in rows
        ],
        schema=SCHEMA,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A table of three versions: written, added to, and a row changed and another deleted."""
    table = tmp_path / "orders"
    write_deltalake(table, orders(("1", "ann", 1, "10", "web"), ("2", "bob", 2, "20", None)), partition_by=["channel"])
    write_deltalake(table, orders(("3", "ann", 3, "30.5", "a b/c")), mode="append")
    DeltaTable(table).delete("order_id = '1'")
    DeltaTable(table).update({"amount": "25"}, predicate="order_id = '2'")
    return tmp_path


def test_rows_are_those_of_the_newest_version(folder: Path) -> None:
    assert len(list((folder / "orders").rglob("*.parquet"))) > 2, "files of older versions are still there"
    rows = read(folder).tables["orders"].order_by("order_id").to_pyarrow().to_pylist()
    assert [(row["order_id"], row["amount"], row["channel"]) for row in rows] == [
        ("2", Decimal(25), None),
        ("3", Decimal("30.5"), "a b/c"),
    ]


def test_a_table_that_has_changed_is_checked_anew(folder: Path) -> None:
    assert read(folder).tables["orders"].count().execute() == 2
    write_deltalake(folder / "orders", orders(("4", "ann", 4, "-1", "web")), mode="append")
    with pytest.raises(InputError, match=re.escape("orders.amount: 1 of 3 rows")):
        read(folder)


def test_features_that_the_files_do_not_show_are_refused(folder: Path) -> None:
    log = sorted((folder / "orders" / "_delta_log").glob("*.json"))[0]
    log.write_text(log.read_text().replace('"timestampNtz"', '"timestampNtz","columnMapping"'))
    (failure,) = check(folder).failures
    assert failure == "orders: the Delta Lake table uses columnMapping, which is not read. Export it as Parquet."


def test_files_outside_of_the_folder_are_refused(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "orders", orders(("1", "ann", 1, "10", "web")))
    (part,) = (tmp_path / "orders").glob("*.parquet")
    shutil.copy(part, tmp_path / "others.parquet")
    (log,) = (tmp_path / "orders" / "_delta_log").glob("*.json")
    log.write_text(log.read_text().replace(part.name, "../others.parquet"))
    (failure,) = check(tmp_path).failures
    assert failure.startswith("orders: the Delta Lake table has files outside of its folder (")


def test_a_broken_log_is_one_message(folder: Path) -> None:
    for log in (folder / "orders" / "_delta_log").glob("*.json"):
        log.write_text("{")
    (failure,) = check(folder).failures
    assert failure.startswith("orders: the Delta Lake table cannot be read. ")


def test_without_the_package_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deltalake", None)
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'churnml[delta]'")):
        read(folder)
