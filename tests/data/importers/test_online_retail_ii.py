"""The importer of Online Retail II, on a small workbook worked out by hand and on the published data."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from churnml.data.contract import TABLES
from churnml.data.importers import ImportReport, import_dataset, importers
from churnml.data.importers.online_retail_ii import (
    BAD_DEBT,
    NO_CUSTOMER,
    NO_PRICE,
    NOT_RETURNED,
    NOT_SOLD,
    REPEATED,
    read,
    repeated_lines,
)
from churnml.data.importers.online_retail_ii_file import read_lines
from churnml.errors import InputError

NAME = "online-retail-ii"
COLUMNS = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
FIRST, SECOND = "Year 2009-2010", "Year 2010-2011"
UK = "United Kingdom"
DEC_1, DEC_2 = datetime(2009, 12, 1, 7, 45), datetime(2009, 12, 2, 10, 33)
BOTH = datetime(2010, 12, 1, 8, 26)
MUG: tuple[Any, ...] = (536365, "85123A", "MUG", 6, BOTH, 2.55, 17850, UK)
SHEETS: dict[str, list[tuple[Any, ...]]] = {
    FIRST: [
        # The invoice's second minute stands before its first, and one invoice number is text.
        (489434, 85048, "BALL", 1, datetime(2009, 12, 1, 7, 46), 6.50, 13085, UK),
        ("489434", "85048", "BALL", 12, DEC_1, 6.95, 13085.0, UK),
        (489434.0, "79323P", "LIGHTS", 2, DEC_1, 6.75, 13085, UK),
        # Twice the same line in one sheet: bought twice.
        (489434, "79323P", "LIGHTS", 1, DEC_1, 6.75, 13085, UK),
        (489434, "79323P", "LIGHTS", 1, DEC_1, 6.75, 13085, UK),
        ("C489449", 22087, "BUNTING", -2, DEC_2, 2.95, 16321, "Australia"),
        ("C489449", 22088, "BAG", -3, DEC_2, 0.001, 16321, "Australia"),
        ("A506401", "B", "Adjust bad debt", 1, DEC_2, -53594.36, None, UK),
        (489435, 22041, "FRAME", 3, DEC_2, 2.10, None, UK),
        (489436, 22041, "FRAME", 1, DEC_2, 0, 13090, "France"),
        (489437, 22041, "FRAME", -1, DEC_2, 2.10, 13085, UK),
        ("C489438", "M", "Manual", 1, DEC_2, 2.10, 13085, UK),
        MUG,
        MUG,
    ],
    SECOND: [
        MUG,
        MUG,
        (536365, 71053, "LANTERN", 1, BOTH, 3.39, 17850, UK),
        (536370, 22728, "CLOCK", 24, datetime(2010, 12, 1, 8, 45), 3.75, 12583, "France"),
        (536380, 22729, "CLOCK", 1, datetime(2011, 1, 5, 9, 0), 1.25, 13085, "Cyprus"),
    ],
}


def write_excel(path: Path, sheets: dict[str, list[tuple[Any, ...]]], columns: list[str] | None = None) -> Path:
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd hh:mm"}) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate([columns or COLUMNS, *rows]):
                sheet.write_row(number, 0, row)
    return path


def write_parquet(path: Path, sheets: dict[str, list[tuple[Any, ...]]], sheet: bool = True) -> Path:
    """Write the same content as the published data's Parquet copies have it: ids as text, whole customer numbers."""
    rows = [(*row, name) for name, lines in sheets.items() for row in lines]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, "sheet"])
    for column in ("Invoice", "StockCode"):
        frame[column] = [str(value).removesuffix(".0") for value in frame[column]]
    frame["Customer ID"] = frame["Customer ID"].astype("Int64")
    (frame if sheet else frame.drop(columns="sheet")).to_parquet(path)
    return path


def rows_of(folder: Path, table: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in pq.read_table(folder / f"{table}.parquet").to_pylist()]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_tables_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    report = import_dataset(NAME, write_excel(tmp_path / "shop.xlsx", SHEETS), tmp_path / "out")
    assert rows_of(tmp_path / "out", "orders") == [
        # 12 x 6.95 + 4 x 6.75 + 1 x 6.50 = 83.40 + 27.00 + 6.50
        ("489434", "13085", DEC_1, Decimal("116.9000")),
        # 2 copies in each sheet are 2 copies: 12 x 2.55 + 3.39 = 30.60 + 3.39
        ("536365", "17850", BOTH, Decimal("33.9900")),
        ("536370", "12583", datetime(2010, 12, 1, 8, 45), Decimal("90.0000")),
        ("536380", "13085", datetime(2011, 1, 5, 9, 0), Decimal("1.2500")),
    ]
    assert rows_of(tmp_path / "out", "order_items") == [
        ("489434", "79323P", 4, Decimal("6.7500")),
        ("489434", "85048", 1, Decimal("6.5000")),
        ("489434", "85048", 12, Decimal("6.9500")),
        ("536365", "71053", 1, Decimal("3.3900")),
        ("536365", "85123A", 12, Decimal("2.5500")),
        ("536370", "22728", 24, Decimal("3.7500")),
        ("536380", "22729", 1, Decimal("1.2500")),
    ]
    # 2 x 2.95 + 3 x 0.001
    assert rows_of(tmp_path / "out", "returns") == [("C489449", "16321", DEC_2, Decimal("5.9030"))]
    # 13085 is of the United Kingdom at first and of Cyprus later.
    assert rows_of(tmp_path / "out", "customers") == [
        ("12583", "France"),
        ("13085", UK),
        ("13090", "France"),
        ("16321", "Australia"),
        ("17850", UK),
    ]
    assert report == ImportReport(
        rows={"orders": 4, "order_items": 7, "customers": 5, "returns": 1},
        left_out={REPEATED: 2, BAD_DEBT: 1, NO_CUSTOMER: 1, NO_PRICE: 1, NOT_SOLD: 1, NOT_RETURNED: 1},
        notes=("Customers without an order (all their invoices are cancellations or free of charge), kept: 2.",),
    )


def test_columns_have_the_contracts_types(tmp_path: Path) -> None:
    import_dataset(NAME, write_excel(tmp_path / "shop.xlsx", SHEETS), tmp_path / "out")
    arrow = {"id": pa.string(), "time": pa.timestamp("us"), "money": pa.decimal128(18, 4), "number": pa.int64()}
    for name in ("orders", "order_items", "customers", "returns"):
        schema = pq.read_schema(tmp_path / "out" / f"{name}.parquet")
        declared = {column.name: arrow[column.type] for column in TABLES[name].columns if column.required}
        found = {field.name: field.type for field in schema if field.name != "country"}
        assert found == declared
        assert schema.metadata is None


def test_parquet_twin_gives_the_same_bytes(tmp_path: Path) -> None:
    import_dataset(NAME, write_excel(tmp_path / "shop.xlsx", SHEETS), tmp_path / "excel")
    import_dataset(NAME, write_parquet(tmp_path / "shop.parquet", SHEETS), tmp_path / "parquet")
    assert contents(tmp_path / "excel") == contents(tmp_path / "parquet")


def test_row_order_changes_no_byte(tmp_path: Path) -> None:
    backwards = {name: rows[::-1] for name, rows in reversed(SHEETS.items())}
    import_dataset(NAME, write_excel(tmp_path / "shop.xlsx", SHEETS), tmp_path / "forwards")
    import_dataset(NAME, write_excel(tmp_path / "back.xlsx", backwards), tmp_path / "backwards")
    assert contents(tmp_path / "forwards") == contents(tmp_path / "backwards")


def test_without_sheets_nothing_is_removed_and_a_note_says_so(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "shop.parquet", SHEETS, sheet=False)
    report = import_dataset(NAME, source, tmp_path / "out")
    assert report.left_out[REPEATED] == 0
    assert "no column sheet" in report.notes[-1]
    # All 4 copies count: 24 x 2.55 + 3.39
    assert ("536365", "17850", BOTH, Decimal("64.5900")) in rows_of(tmp_path / "out", "orders")


@pytest.mark.parametrize(
    ("kind", "value"), [("float64", 489434.0), ("int64", 489434), ("str", "489434.0"), ("str", " 489434 ")]
)
def test_ids_never_end_in_point_zero(tmp_path: Path, kind: str, value: object) -> None:
    frame = pd.DataFrame([(value, value, "", 1, DEC_1, 1.0, value, UK)], columns=COLUMNS)
    frame.astype(dict.fromkeys(("Invoice", "StockCode", "Customer ID"), kind)).to_parquet(tmp_path / "shop.parquet")
    tables = read(tmp_path / "shop.parquet").tables
    assert tables["order_items"]["order_id"].to_pylist() == ["489434"]
    assert tables["order_items"]["product_id"].to_pylist() == ["489434"]
    assert tables["orders"]["customer_id"].to_pylist() == ["489434"]


def test_folder_with_one_file_is_the_file_and_lock_files_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_excel(tmp_path / "in" / "shop.xlsx", SHEETS)
    (tmp_path / "in" / "~$shop.xlsx").write_bytes(b"lock")
    assert import_dataset(NAME, tmp_path / "in", tmp_path / "out").rows["orders"] == 4


def test_folder_with_several_candidates_or_none_lists_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("holds no Excel or Parquet file (found: nothing)")):
        read(tmp_path)
    write_excel(tmp_path / "a.xlsx", SHEETS)
    write_parquet(tmp_path / "b.parquet", SHEETS)
    with pytest.raises(InputError, match=re.escape("holds 2 Excel or Parquet files (found: a.xlsx, b.parquet)")):
        read(tmp_path)


def test_missing_sheet_is_named(tmp_path: Path) -> None:
    path = write_excel(tmp_path / "shop.xlsx", {FIRST: SHEETS[FIRST], "Notes": []})
    with pytest.raises(InputError, match=re.escape(f"the sheet {SECOND} is missing (found: {FIRST}, Notes)")):
        read(path)


def test_missing_columns_are_named_for_every_sheet_at_once(tmp_path: Path) -> None:
    columns = [
        "InvoiceNo",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "UnitPrice",
        "Customer ID",
        "Country",
    ]
    path = write_excel(tmp_path / "shop.xlsx", SHEETS, columns)
    with pytest.raises(InputError, match=re.escape("the columns Invoice, Price are missing")) as caught:
        read(path)
    assert [f"sheet {name}" in failure for name, failure in zip(SHEETS, caught.value.failures, strict=True)] == [
        True
    ] * 2
    pd.DataFrame({"Invoice": ["1"]}).to_parquet(tmp_path / "shop.parquet")
    with pytest.raises(InputError, match=re.escape("Customer ID, Country are missing (found: Invoice)")):
        read(tmp_path / "shop.parquet")


def test_values_of_another_kind_are_all_listed(tmp_path: Path) -> None:
    bad = [
        (1, "A", "", 1, "soon", 1.0, 5, UK),
        (2, "A", "", 1, 40148.3, 1.0, 5, UK),
        (3, None, "", 1.5, DEC_1, "free", 5, UK),
        (None, "A", "", 1e6, DEC_1, 1.0, 5, UK),
    ]
    path = write_excel(tmp_path / "shop.xlsx", {FIRST: bad, SECOND: []})
    with pytest.raises(InputError) as caught:
        read(path)
    where = f"{path}, sheet {FIRST}"
    assert [failure.split(" Give ")[0] for failure in caught.value.failures] == [
        f"{where}: Invoice: 1 of 4 lines hold no invoice number (invoice None: '').",
        f"{where}: StockCode: 1 of 4 lines hold no stock code (invoice 3: '').",
        f"{where}: Quantity: 2 of 4 lines hold no whole number below a million "
        "(invoice 3: 1.5, invoice None: 1000000.0).",
        f"{where}: InvoiceDate: 2 of 4 lines hold no date and time (invoice 1: 'soon', invoice 2: 40148.3).",
        f"{where}: Price: 1 of 4 lines hold no number below a million (invoice 3: 'free').",
    ]


def test_invoice_of_two_customers_is_refused(tmp_path: Path) -> None:
    two = [(7, "A", "", 1, DEC_1, 1.0, 5, UK), (7, "B2", "", 1, DEC_1, 1.0, 6, UK)]
    path = write_excel(tmp_path / "shop.xlsx", {FIRST: two, SECOND: []})
    with pytest.raises(InputError, match=re.escape("Customer ID: 1 of 1 invoices name several customers (7)")):
        read(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("shop.xlsx", b"no workbook", "cannot be read as an Excel file"),
        ("shop.xlsx", b"PK\x03\x04 cut off", "cannot be read as an Excel file"),
        ("shop.parquet", b"no parquet", "cannot be read as a Parquet file"),
        ("shop.csv", b"a,b", "is neither an Excel (.xlsx) nor a Parquet file"),
        ("shop.zip", b"PK", "is an archive. Unpack it"),
        ("missing/shop.xlsx", None, "there is no such file or folder"),
    ],
)
def test_unreadable_files_are_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=re.escape(message)):
        read(tmp_path / name)


def test_file_without_lines_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape("holds no lines")):
        read(write_excel(tmp_path / "shop.xlsx", {FIRST: [], SECOND: []}))


def test_unknown_dataset_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(f"Choose one of: {', '.join(importers())}.")):
        import_dataset("online-retail", tmp_path, tmp_path / "out")


def test_failed_import_leaves_no_output(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        import_dataset(NAME, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_tables_of_an_earlier_import_go_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "reviews.parquet").write_bytes(b"old")
    (tmp_path / "out" / "notes.txt").write_bytes(b"mine")
    import_dataset(NAME, write_excel(tmp_path / "shop.xlsx", SHEETS), tmp_path / "out")
    found = [path.name for path in sorted((tmp_path / "out").iterdir())]
    assert found == ["customers.parquet", "notes.txt", "order_items.parquet", "orders.parquet", "returns.parquet"]


@cache
def published(folder: Path) -> Any:
    return read(folder / "online_retail_ii")


@pytest.mark.slow
def test_published_data_give_the_published_counts(shared_data: Path) -> None:
    imported = published(shared_data)
    assert imported.left_out == {
        REPEATED: 22_523,
        BAD_DEBT: 6,
        NO_CUSTOMER: 235_281,
        NO_PRICE: 70,
        NOT_SOLD: 0,
        NOT_RETURNED: 0,
    }
    tables = imported.tables
    rows = {name: table.num_rows for name, table in tables.items()}
    assert rows == {"orders": 36_969, "order_items": 769_030, "customers": 5_942, "returns": 7_901}
    assert len(tables["orders"]["customer_id"].unique()) == 5_878
    for name, table in tables.items():
        assert table.group_by(TABLES[name].key).aggregate([]).num_rows == table.num_rows


@pytest.mark.slow
def test_published_sheets_without_their_overlap_give_the_published_counts(shared_data: Path) -> None:
    lines, has_sheets = read_lines(shared_data / "online_retail_ii" / "online_retail_II.parquet")
    kept = lines[~repeated_lines(lines)]
    assert has_sheets
    assert (len(lines), len(kept)) == (1_067_370, 1_044_847)
    assert (kept["invoice"].nunique(), kept["customer"].nunique()) == (53_628, 5_942)


def test_published_amounts_are_the_sums_of_their_items(shared_data: Path) -> None:
    tables = published(shared_data).tables
    items = tables["order_items"]
    value = pc.multiply(items["quantity"].cast(pa.decimal128(19, 0)), items["unit_price"])
    sums = pa.table({"order_id": items["order_id"], "value": value}).group_by("order_id").aggregate([("value", "sum")])
    both = tables["orders"].join(sums, "order_id")
    assert both.num_rows == tables["orders"].num_rows
    assert pc.all(pc.equal(both["amount"].cast(pa.decimal128(38, 4)), both["value_sum"])).as_py()


# The first day lies in the overlap of the sheets.
@pytest.mark.slow
@pytest.mark.parametrize("day", [datetime(2010, 12, 6), datetime(2011, 6, 1)])
def test_data_cut_at_a_day_import_like_the_whole_cut_at_that_day(
    shared_data: Path, tmp_path: Path, day: datetime
) -> None:
    source = shared_data / "online_retail_ii" / "online_retail_II.parquet"
    raw = pq.read_table(source)
    pq.write_table(raw.filter(pc.less(raw["InvoiceDate"], pa.scalar(day))), tmp_path / "cut.parquet")
    cut, whole = read(tmp_path / "cut.parquet").tables, published(shared_data).tables

    def key_sorted(name: str, table: pa.Table) -> pa.Table:
        return table.sort_by([(key, "ascending") for key in TABLES[name].key])

    for name, time in (("orders", "ordered_at"), ("returns", "returned_at")):
        before = whole[name].filter(pc.less(whole[name][time], pa.scalar(day)))
        assert key_sorted(name, cut[name]).equals(key_sorted(name, before))
    items = whole["order_items"]
    before = items.filter(pc.is_in(items["order_id"], cut["orders"]["order_id"]))
    assert key_sorted("order_items", cut["order_items"]).equals(key_sorted("order_items", before))
    known = whole["customers"].filter(pc.is_in(whole["customers"]["customer_id"], cut["customers"]["customer_id"]))
    assert key_sorted("customers", cut["customers"]).equals(key_sorted("customers", known))
