"""The importer of CDNOW, on lines worked out by hand and on the published data."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from churnml.data.importers import ImportReport, import_dataset
from churnml.data.importers.cdnow import read
from churnml.errors import InputError

MASTER = (
    " 00001 19970101  1   11.77",
    " 00002 19970112  1   12.00",
    " 00002 19970112  5   77.00",
    " 00003 19970102  2    0.00",
    " 00003 19980228  2   20.76",
)


def write(path: Path, lines: tuple[str, ...] | list[str]) -> Path:
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
    return path


def rows_of(path: Path) -> list[tuple[Any, ...]]:
    orders: Any = read(path).tables["orders"]
    return [tuple(row.values()) for row in orders.to_pylist()]


def test_every_line_is_an_order_numbered_within_its_customers_day(tmp_path: Path) -> None:
    path = write(tmp_path / "CDNOW_master.txt", MASTER)
    report = import_dataset("cdnow", path, tmp_path / "out")
    assert [tuple(row.values()) for row in pq.read_table(tmp_path / "out" / "orders.parquet").to_pylist()] == [
        ("00001-19970101-1", "00001", datetime(1997, 1, 1), Decimal("11.7700")),
        ("00002-19970112-1", "00002", datetime(1997, 1, 12), Decimal("12.0000")),
        ("00002-19970112-2", "00002", datetime(1997, 1, 12), Decimal("77.0000")),
        ("00003-19970102-1", "00003", datetime(1997, 1, 2), Decimal("0.0000")),
        ("00003-19980228-1", "00003", datetime(1998, 2, 28), Decimal("20.7600")),
    ]
    assert report == ImportReport(
        rows={"orders": 5},
        left_out={},
        notes=(
            "Orders of 0 dollars, kept: 1.",
            "Days on which a customer has several orders, kept apart: 1.",
            "The number of CDs is not imported, as the price of one is not known.",
        ),
    )


def test_heading_line_line_ends_and_blank_lines_change_nothing(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain.txt", MASTER)
    headed = tmp_path / "headed.txt"
    headed.write_text("customer_id date number_of_cds dollar_value\n" + "\n".join(MASTER) + "\n\n")
    assert rows_of(headed) == rows_of(plain)


def test_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    path = write(tmp_path / "CDNOW_master.txt", MASTER)
    import_dataset("cdnow", path, tmp_path / "one")
    import_dataset("cdnow", tmp_path, tmp_path / "two")
    assert (tmp_path / "one" / "orders.parquet").read_bytes() == (tmp_path / "two" / "orders.parquet").read_bytes()


def test_later_lines_change_no_earlier_id(tmp_path: Path) -> None:
    whole = rows_of(write(tmp_path / "whole.txt", MASTER))
    for length in range(1, len(MASTER)):
        assert rows_of(write(tmp_path / "cut.txt", MASTER[:length])) == whole[:length]


def test_folder_means_the_master_file(tmp_path: Path) -> None:
    write(tmp_path / "CDNOW_master.txt", MASTER)
    write(tmp_path / "CDNOW_sample.txt", [" 00004 0001 19970101  2   29.33"])
    assert len(rows_of(tmp_path)) == 5


def test_sample_file_has_the_master_files_ids(tmp_path: Path) -> None:
    path = write(tmp_path / "CDNOW_sample.txt", [" 00004 0001 19970101  2   29.33"])
    assert rows_of(path) == [("00004-19970101-1", "00004", datetime(1997, 1, 1), Decimal("29.3300"))]


def test_folder_without_the_master_file_lists_what_was_found(tmp_path: Path) -> None:
    write(tmp_path / "CDNOW_sample.txt", MASTER)
    with pytest.raises(InputError, match=re.escape("holds no CDNOW_master.txt (found: CDNOW_sample.txt)")):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no lines"),
        (b"customer date cds dollars\r\n", "holds no lines"),
        (b"1,19970101,1,11.77\r\n", "line 1 has 1 fields, but 4 (customer, date, CDs, dollars)"),
        (
            b"00001 19970101 1 11.77\r\n00002 19970112 1\r\n",
            "1 of 2 lines do not have 4 fields like the first (line 2: 3)",
        ),
        (b"PK\x03\x04\xff", "cannot be read as plain text"),
    ],
)
def test_files_of_another_shape_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "CDNOW_master.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(message)):
        read(path)


def test_values_of_another_kind_are_all_listed(tmp_path: Path) -> None:
    lines = ["x1 19970101 1 11.77", "00002 19970231 1 12.00", "00003 1997-1-2 1.5 -20.76", "00004 19970101 1 nan"]
    path = write(tmp_path / "CDNOW_master.txt", lines)
    with pytest.raises(InputError) as caught:
        read(path)
    assert [failure.split(" Give ")[0] for failure in caught.value.failures] == [
        f"{path}: 1 of 4 lines do not hold a customer number (line 1: 'x1').",
        f"{path}: 2 of 4 lines do not hold a date such as 19970118 (line 2: '19970231', line 3: '1997-1-2').",
        f"{path}: 1 of 4 lines do not hold a whole number of CDs (line 3: '1.5').",
        f"{path}: 2 of 4 lines do not hold an amount of dollars of 0 or more (line 3: '-20.76', line 4: 'nan').",
    ]


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("there is no such file or folder")):
        read(tmp_path / "CDNOW_master.txt")


@pytest.mark.slow
def test_published_data_give_the_published_counts(shared_data: Path) -> None:
    imported = read(shared_data / "cdnow")
    orders = imported.tables["orders"]
    assert orders.num_rows == 69_659
    assert len(orders["order_id"].unique()) == 69_659
    assert len(orders["customer_id"].unique()) == 23_570
    assert pc.sum(pc.equal(orders["amount"], Decimal(0))).as_py() == 80
    assert pc.min_max(orders["ordered_at"]).as_py() == {"min": datetime(1997, 1, 1), "max": datetime(1998, 6, 30)}


@pytest.mark.slow
def test_published_sample_is_a_part_of_the_published_master_file(shared_data: Path) -> None:
    sample = rows_of(shared_data / "cdnow" / "CDNOW_sample.txt")
    assert len(sample) == 6_919
    assert len({customer for _, customer, _, _ in sample}) == 2_357
    assert set(sample) <= set(rows_of(shared_data / "cdnow"))


@pytest.mark.slow
@pytest.mark.parametrize("day", ["19970331", "19980101"])
def test_data_cut_at_a_day_import_like_the_whole_cut_at_that_day(shared_data: Path, tmp_path: Path, day: str) -> None:
    heading, *lines = (shared_data / "cdnow" / "CDNOW_master.txt").read_text().splitlines()
    cut = write(tmp_path / "CDNOW_master.txt", [heading, *(line for line in lines if line.split()[1] < day)])
    before = [row for row in rows_of(shared_data / "cdnow") if row[2] < datetime.strptime(day, "%Y%m%d")]
    assert rows_of(cut) == before
