"""Which files hold which table: parts are told by their names, and nothing is joined in or passed over in silence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from churnml.config import TableSource
from churnml.data.engines.layout import lay_out
from churnml.data.reading import check, read
from churnml.errors import InputError

HEADER = "order_id,customer_id,ordered_at,amount\n"
REFUSED = "the table's name, but"


def folder_with(folder: Path, names: Sequence[str]) -> Path:
    """A folder of files with one order each, numbered in this order."""
    for number, name in enumerate(names, 1):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{HEADER}{number},a,2025-01-0{number},{number}\n", encoding="utf-8")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "names",
    [
        ["orders.csv"],
        ["orders-1.csv", "orders_2.csv", "orders.3.csv"],
        ["orders_2024-01.csv", "orders-2024-01-31.csv", "orders.2024_02.csv", "orders-00001-00010.csv"],
        ["orders/part-00000-9f2c.c000.csv", "orders/2024/any name.csv", "orders/orders-1.csv", "orders-7.csv"],
    ],
)
def test_files_that_are_a_table_or_its_parts(tmp_path: Path, names: list[str]) -> None:
    report = check(folder_with(tmp_path, names))
    assert report.failures == report.notes == []
    assert report.rows == {"orders": len(names)}
    assert report.files == {"orders": dict.fromkeys(sorted(names), 1)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        *("orders_old.csv", "orders-test.csv", "orders_backup.csv", "orders_items.csv", "orders2.csv", "orders_de.csv"),
        *("orders (1).csv", "orders copy.csv", "ORDERS.CSV", "Orders.csv", "orders.CSV", "orders.csv.GZ"),
        *("orders_1_old.csv", "orders-.csv", "orders/orders_old.csv", "Orders/part-0.csv", "orders_old.parquet"),
    ],
)
def test_a_file_that_only_begins_with_the_name_is_refused(tmp_path: Path, name: str) -> None:
    [failure] = check(folder_with(tmp_path, ["orders.csv", name])).failures
    shown = "Orders/" if name.startswith("Orders/") else name
    assert failure.startswith(
        f"orders: {shown} begins with {REFUSED} is neither the table nor a part of it (orders.csv, "
    )
    assert failure.endswith("Rename what belongs to it, and move elsewhere what does not.")


def test_all_refused_files_are_named_and_the_rules_follow_a_mapped_name(tmp_path: Path) -> None:
    folder_with(tmp_path, ["sales.csv", "sales-2.csv", "sales_old.csv", "Sales.csv", "orders_old.csv"])
    report = check(tmp_path, tables={"orders": TableSource(name="sales")})
    assert re.match(
        rf"orders: Sales\.csv, sales_old\.csv begin with {REFUSED} are neither .*sales-1\.csv", report.failures[0]
    )
    assert report.notes == ["Found beside the tables, and not read: orders_old.csv."]


@pytest.mark.slow
def test_what_could_hold_rows_and_is_not_read_is_noted(tmp_path: Path) -> None:
    folder_with(tmp_path, ["orders.csv", "orders_old/orders.csv", "photos/a.csv"])
    for name in (
        "customers.feather",
        "custommers.csv",
        "orders.csv.bak",
        "visits.json",
        "README.md",
        ".orders_old.csv",
    ):
        (tmp_path / name).touch()
    assert check(tmp_path).notes == [
        "Found beside the tables, and not read: customers.feather, custommers.csv, orders.csv.bak, orders_old/, "
        "visits.json."
    ]


def test_a_note_follows_what_lies_there_though_the_check_is_remembered(tmp_path: Path) -> None:
    folder_with(tmp_path, ["orders.csv"])
    assert read(tmp_path).report.notes == []
    (tmp_path / "custommers.csv").touch()
    shop = read(tmp_path)
    assert shop.report.notes == ["Found beside the tables, and not read: custommers.csv."]
    assert shop.report.files == {"orders": {"orders.csv": 1}}, "what is remembered names the files too"


def test_one_part_in_two_forms_is_refused(tmp_path: Path) -> None:
    folder_with(tmp_path, ["orders-1.csv", "orders-2.csv"])
    (tmp_path / "orders-2.csv.gz").write_bytes(b"")
    assert check(tmp_path).failures == [
        "orders: found compressed and as it is (orders-2.csv, orders-2.csv.gz). Keep one of the two."
    ]


def test_a_table_of_hudi_is_no_folder_of_parts(tmp_path: Path) -> None:
    folder_with(tmp_path, ["orders/part-0.csv", "orders/.hoodie/hoodie.properties"])
    [failure] = check(tmp_path).failures
    assert failure.startswith("orders: the folder is a table of Apache Hudi, whose files also hold rows that were")


def test_folders_behind_links_are_looked_through_once(tmp_path: Path) -> None:
    folder_with(tmp_path / "elsewhere", ["part-0.csv"])
    folder_with(tmp_path / "shop", ["orders/2024/part-1.csv"])
    (tmp_path / "shop/orders/2025").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "shop/orders/2025/again").symlink_to(tmp_path / "shop/orders")
    found = lay_out(tmp_path / "shop", {"orders": "orders"})
    assert [file.name for file in found.tables["orders"]] == ["orders/2024/part-1.csv", "orders/2025/part-0.csv"]


def orders(first: int, count: int) -> pd.DataFrame:
    numbers = range(first, first + count)
    return pd.DataFrame(
        {"order_id": numbers, "customer_id": "a", "ordered_at": pd.Timestamp("2025-01-01"), "amount": 1.5}
    )


def write_partitions(folder: Path, kind: str, partitions: dict[str, pd.DataFrame]) -> Path:
    for path, frame in partitions.items():
        file = folder / f"{path}.{kind}"
        file.parent.mkdir(parents=True, exist_ok=True)
        frame.to_parquet(file) if kind == "parquet" else frame.to_csv(file, index=False)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_folders_names_are_columns(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "country=TR"  # what stands above the folder of the table is no column
    partitions = {
        "orders/channel=web%2Fapp/p": orders(1, 2),
        "orders/channel=__HIVE_DEFAULT_PARTITION__/p": orders(3, 1),
        "orders/channel=00017/year=2025/p": orders(4, 3),
        "orders/p": orders(7, 1),
    }
    shop = read(write_partitions(folder, kind, partitions))
    found = shop.tables["orders"].order_by("order_id").to_pandas()
    assert found.channel.fillna("null").tolist() == ["web/app"] * 2 + ["null"] + ["00017"] * 3 + ["null"]
    assert shop.report.notes == []
    assert "year" in shop.report.columns["orders"]
    assert shop.has("orders", ["channel"])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_two_currencies_in_folders_names_are_refused_as_always(tmp_path: Path, kind: str) -> None:
    partitions = {"orders/currency=EUR/p": orders(1, 2), "orders/currency=USD/p": orders(3, 3)}
    report = check(write_partitions(tmp_path, kind, partitions))
    assert report.failures == [
        "orders.currency: the amounts are in EUR and USD, but all of a shop must be in one currency. Convert them to "
        "one."
    ]
    assert list(report.files["orders"].values()) == [2, 3]


def test_a_column_that_is_in_the_files_too_is_refused(tmp_path: Path) -> None:
    write_partitions(tmp_path, "parquet", {"orders/Amount=2/p": orders(1, 2)})
    [failure] = check(tmp_path).failures
    assert "Amount stands in the folders' names (orders/Amount=2/p.parquet) and is a column of the files too" in failure


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("name", "beside"),
    [
        *(("shop[1]", "shop1"), ("a*b", "axb"), ("a?b", "axb"), ("{x,y}", "x"), ("o'brien", "obrien"), ("a b", "ab")),
        *(("mağaza", "magaza"), ("100%41", "100A"), ("x=1", "x"), ("back\\slash", "backslash")),
        *(("[!a]", "b"), ("**", "any"), ("$HOME", "HOME"), ("a;b", "a"), ('quo"te', "quote"), ("a#b", "a")),
    ],
)
def test_a_path_is_what_it_says(tmp_path: Path, name: str, beside: str, kind: str) -> None:
    for folder, rows in ((name, 4), (beside, 2)):
        write_partitions(
            tmp_path / folder, kind, {"orders": orders(1, rows), "customers": orders(1, 1)[["customer_id"]]}
        )
    shop = read(tmp_path / name)
    assert shop.tables["orders"].count().to_pandas() == 4
    assert shop.report.rows == {"orders": 4, "customers": 1}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["part[1].csv", "part*.csv", "a'b {1,2}?.csv"])
def test_the_name_of_a_part_is_what_it_says(tmp_path: Path, name: str) -> None:
    folder_with(tmp_path, [f"orders/{name}", "orders/part1.csv"])
    assert read(tmp_path).report.files == {"orders": {f"orders/{name}": 1, "orders/part1.csv": 1}}


def test_a_part_whose_ending_is_in_capitals_is_not_passed_over(tmp_path: Path) -> None:
    [failure] = check(folder_with(tmp_path, ["orders/1.CSV", "orders/2.csv"])).failures
    assert failure.startswith("orders: orders/1.CSV begins with the table's name, but is neither the table nor a part")


def test_a_refusal_is_raised_where_the_shop_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=re.escape(REFUSED)):
        read(folder_with(tmp_path, ["orders.csv", "orders_old.csv"]))
