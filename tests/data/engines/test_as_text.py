"""Spreadsheets and other encodings give the same shop as UTF-8 text, and what cannot be read says what to set."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from churnml.data.engines.as_text import as_text
from churnml.data.reading import check, read
from churnml.data.shop import Shop

HEADER = ("order_id", "customer_id", "ordered_at", "amount", "channel")
ROWS = [
    ("17", "00042", "2025-03-31 10:05:07", "12.1", "mağaza"),
    ("18", "b", "2025-04-01 00:00:00", "1664", "web"),
]


def text(delimiter: str = ",") -> str:
    return "\n".join(delimiter.join(row) for row in (HEADER, *ROWS)) + "\n"


def sheet(path: Path, *names: str, title: str | None = None) -> Path:
    """A workbook with the orders in every sheet of these names: numbers and times as spreadsheets hold them."""
    with xlsxwriter.Workbook(path) as book:
        moment = book.add_format({"num_format": "dd.mm.yyyy hh:mm"})
        for name in names or ("Sheet1",):
            page = book.add_worksheet(name)
            top = 0 if title is None else 2
            page.write_row(0, 0, [title] if title else [])
            page.write_row(top, 0, HEADER)
            for place, (order, customer, time, amount, channel) in enumerate(ROWS, top + 1):
                page.write_number(place, 0, int(order))
                page.write_string(place, 1, customer)
                page.write_datetime(place, 2, datetime.fromisoformat(time), moment)
                page.write_number(place, 3, float(amount))
                page.write_string(place, 4, channel)
    return path


def rows_of(shop: Shop) -> list[list[str]]:
    frame = shop.tables["orders"].order_by("order_id").to_pandas()[list(HEADER)]
    return frame.astype(str).to_numpy().tolist()


EXPECTED = [[*ROWS[0][:3], "12.1000", ROWS[0][4]], [*ROWS[1][:3], "1664.0000", ROWS[1][4]]]


@pytest.mark.parametrize("encoding", ["cp1254", "iso-8859-9", "utf-16", "utf-8"])
def test_text_of_an_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "orders-1.csv").write_text("\n".join(text().split("\n")[:2]) + "\n", encoding=encoding)
    with gzip.open(tmp_path / "orders-2.csv.gz", "wt", encoding=encoding) as packed:
        packed.write("\n".join([text().split("\n")[0], text().split("\n")[2]]) + "\n")
    shop = read(tmp_path, tables={"orders": {"encoding": encoding}})
    assert rows_of(shop) == EXPECTED
    assert shop.report.files == {"orders": {"orders-1.csv": 1, "orders-2.csv.gz": 1}}


def test_a_wrong_encoding_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(text(), encoding="cp1254")
    [failure] = check(tmp_path).failures
    assert failure.startswith("orders: orders.csv cannot be read. orders.csv is not UTF-8 text. ")
    assert "tables.orders.encoding" in failure
    [failure] = check(tmp_path, tables={"orders": {"encoding": "utf-16"}}).failures
    assert failure.startswith("orders: orders.csv is not text of the encoding utf-16")
    assert failure.endswith("Correct tables.orders.encoding in the config.")


def test_a_delimiter_that_is_set(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(text("^"), encoding="utf-8")
    assert rows_of(read(tmp_path, tables={"orders": {"delimiter": "^"}})) == EXPECTED


@pytest.mark.parametrize("date_format", [None, "%Y-%d-%m"])
@pytest.mark.parametrize("decimal", [".", ","])
def test_a_spreadsheet_is_a_table(tmp_path: Path, date_format: str | None, decimal: str) -> None:
    """Formats are those of texts: cells that are numbers and times stay what they are."""
    thousands = "." if decimal == "," else ","
    sheet(tmp_path / "orders.xlsx", title="Sales of March")
    shop = read(tmp_path, tables={"orders": {"date_format": date_format, "decimal": decimal, "thousands": thousands}})
    assert rows_of(shop) == EXPECTED
    assert shop.report.files == {"orders": {"orders.xlsx": 2}}


def test_one_workbook_holds_all_tables(tmp_path: Path) -> None:
    book = sheet(tmp_path / "shop.xlsx", "Orders", "Archive")
    assert rows_of(read(book, tables={"orders": {"name": "shop"}})) == EXPECTED  # of two sheets, the table's own
    assert rows_of(read(tmp_path, tables={"orders": {"name": "shop", "sheet": "Archive"}})) == EXPECTED


@pytest.mark.parametrize(
    ("names", "settings", "said"),
    [
        (("A", "B"), {}, "orders.xlsx has the sheets A, B. Say which one holds the table, under tables.orders.sheet"),
        (("A",), {"sheet": "C"}, "orders.xlsx has no sheet C (found: A). Correct tables.orders.sheet"),
    ],
)
def test_a_sheet_that_is_not_known(tmp_path: Path, names: tuple[str, ...], settings: dict[str, str], said: str) -> None:
    sheet(tmp_path / "orders.xlsx", *names)
    [failure] = check(tmp_path, tables={"orders": settings}).failures
    assert failure.startswith(f"orders: {said}")


def test_what_is_no_spreadsheet(tmp_path: Path) -> None:
    (tmp_path / "orders.xlsx").write_text(text(), encoding="utf-8")
    [failure] = check(tmp_path).failures
    assert failure.startswith("orders: orders.xlsx cannot be read as a spreadsheet")


def test_values_beyond_the_header(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "orders.xlsx") as book:
        page = book.add_worksheet()
        page.write_row(0, 0, HEADER)
        page.write_row(1, 0, [*ROWS[0], "", "note"])
    [failure] = check(tmp_path).failures
    assert failure.startswith("orders: row 1 below the header of the sheet Sheet1 of orders.xlsx has values beyond")


@pytest.mark.parametrize(
    ("cell", "decimal", "written"),
    [
        (17850.0, ".", "17850"),
        (1e-05, ".", "0.00001"),
        (1234.5, ",", "1234,5"),
        (1234567890123456.0, ".", "1.234567890123456E+15"),  # beyond 15 digits a spreadsheet keeps zeros
        (True, ".", "true"),
        ("", ".", ""),
        # 10:05:07 as a share of the day ends a microsecond early.
        (datetime(2025, 3, 31, 10, 5, 6, 999999), ".", "2025-03-31T10:05:07.000000"),
    ],
)
def test_cells(cell: Any, decimal: str, written: str) -> None:
    assert as_text(cell, decimal) == written
