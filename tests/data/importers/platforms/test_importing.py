"""What all platforms share: files by their columns, cells that cannot be read, repeated lines, personal columns."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from churnml.data.importers import import_dataset, importers
from churnml.data.importers.platforms import PLATFORMS
from churnml.errors import InputError
from tests.conftest import Run
from tests.data.importers.platforms.conftest import ANN, SAMPLES, Imports, sample

ORDERS = sample("shopify/orders_export_1.csv")
CUSTOMERS = sample("shopify/customers_export.csv")
FILE = "orders_export_1.csv"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"1250.50,0.00,0.00,1250.50", b"1250.50,0.00,0.00,much", "Total: 1 values are not an amount (line 3: 'much')"),
        (b"yes,TRY,1250.50", b"maybe,TRY,1250.50", "Accepts Marketing: 1 values are not yes or no (line 3: 'maybe')"),
        (b"2024-03-04 09:00:00 +0300", b"03/04/2024", "Created at: 1 values are not a time that can be read in one"),
        (b"2024-03-04 09:00:00 +0300", b"2024-03-04 09:00:00", "Created at: some times name their zone, others do"),
        (b"1250.50,LAMP", b'"1.250,50",LAMP', None),
        (b"10.00,CAP", b'"1.250",CAP', None),
        (b"Total,", b"Sum,", "has no column Total (found: Name, Email,"),
        (b"Email,Financial", b"Mail,Financial", None),
    ],
)
def test_what_cannot_be_read_is_named_with_its_file_and_column(
    old: bytes, new: bytes, said: str | None, imports: Imports, tmp_path: Path
) -> None:
    assert ORDERS.count(old) == 1
    files = {FILE: ORDERS.replace(old, new)}
    if said is None:
        imports("shopify", files)
        return
    with pytest.raises(InputError) as raised:
        imports("shopify", files)
    (failure,) = raised.value.failures
    assert failure.startswith(f"{tmp_path / 'shopify' / FILE}: ")
    assert said in failure
    assert not (tmp_path / "shop").exists()


def test_a_number_that_can_be_read_in_two_ways_is_refused_beside_others(imports: Imports) -> None:
    files = {FILE: ORDERS.replace(b"10.00,CAP", b'"1.250",CAP').replace(b"1250.50,LAMP", b'"1250,5",LAMP')}
    with pytest.raises(InputError, match=re.escape("'1.250' can be read in two ways, since other values have ','")):
        imports("shopify", files)


def test_all_failures_are_said_at_once(imports: Imports) -> None:
    files = {
        FILE: ORDERS.replace(b"2024-03-04 09:00:00 +0300,1,Cap,10.00", b"soon,one,Cap,10.00"),
        "customers.csv": CUSTOMERS.replace(b"0.00,0", b"0.00,none at all"),
    }
    with pytest.raises(InputError) as raised:
        imports("shopify", files)
    assert [re.search(r"([\w ]+): 1 values", failure)[1] for failure in raised.value.failures] == [  # type: ignore[index]
        " Created at",
        " Lineitem quantity",
        " Total Orders",
    ]


def test_an_order_of_two_customers_is_refused(imports: Imports) -> None:
    lines = sample("amazon/orders.txt").replace(b"x1@marketplace.amazon.com\tRoger\tCAP", b"x3@m.com\tRoger\tCAP")
    with pytest.raises(InputError, match=re.escape("1 orders have lines with several values of customer_id (111-1)")):
        imports("amazon", {"orders.txt": lines})


def test_files_of_other_kinds_are_passed_over_and_named(imports: Imports) -> None:
    shop = imports(
        "shopify", {FILE: ORDERS, "products.csv": b"Handle,Title\na,b\n", "~$open.xlsx": b"", "notes.md": b""}
    )
    assert shop.report.notes[-1] == "Files that are no such export, passed over: products.csv."


def test_a_folder_without_the_export_is_told_what_is_wanted(imports: Imports) -> None:
    with pytest.raises(
        InputError, match=re.escape("holds no such export (found: customers.csv). Give Orders > Export")
    ):
        imports("shopify", {"customers.csv": CUSTOMERS})


def test_parts_that_overlap_count_once(imports: Imports) -> None:
    header, *lines = ORDERS.splitlines(keepends=True)
    # The second file holds the orders 1003 to 1001; the first ends with 1003.
    shop = imports("shopify", {"a.csv": header + b"".join(lines[:2]), "b.csv": header + b"".join(lines[1:])})
    assert shop.report.left_out["lines that several files repeat"] == 1
    assert shop.report.rows == {"orders": 3, "order_items": 4, "customers": 2}


def test_parts_that_disagree_are_refused(imports: Imports) -> None:
    later = ORDERS.replace(b"#1003,bob@example.com,partially_refunded", b"#1003,bob@example.com,refunded")
    with pytest.raises(InputError, match=re.escape("several files say different things of the same Name (#1003)")):
        imports("shopify", {"a.csv": ORDERS, "b.csv": later})


def test_the_same_files_give_the_same_bytes(imports: Imports) -> None:
    one = imports("shopify", {FILE: ORDERS, "customers.csv": CUSTOMERS}, into="one")
    two = imports("shopify", {FILE: ORDERS, "customers.csv": CUSTOMERS}, into="two")
    for path in one.folder.iterdir():
        assert path.read_bytes() == (two.folder / path.name).read_bytes(), path.name


def test_line_ends_blank_lines_and_semicolons_change_nothing(imports: Imports) -> None:
    one = imports("prestashop", {"ps_orders.csv": sample("prestashop/ps_orders.csv")}, into="one")
    text = sample("prestashop/ps_orders.csv").replace(b";", b"\t").replace(b"\n", b"\r\n\r\n")
    two = imports("prestashop", {"ps_orders.csv": text}, into="two")
    assert one.rows == two.rows


def test_no_personal_column_comes_along_unasked(tmp_path: Path) -> None:
    personal = {"email", "phone", "name", "city", "zip", "country"}
    for name, platform in PLATFORMS.items():
        assert set(platform.carried) <= personal
        for derivation in platform.derivations:
            assert not personal & set(derivation.columns), name


def test_what_cannot_be_carried_is_refused(imports: Imports) -> None:
    with pytest.raises(InputError, match=re.escape("`carry`: Shopify has no birthday. It has email, phone, name,")):
        imports("shopify", {FILE: ORDERS}, carry=["email", "birthday"])
    with pytest.raises(InputError, match=re.escape("`carry`: cdnow holds no personal columns")):
        import_dataset("cdnow", SAMPLES, "nowhere", carry=["email"])


def test_only_tables_of_its_own_are_replaced(imports: Imports, tmp_path: Path) -> None:
    imports("zendesk", {"tickets.csv": sample("zendesk/tickets.csv")})
    shop = imports("shopify", {FILE: ORDERS})
    assert set(shop.rows) == {"orders", "order_items", "customers", "complaints"}
    assert ANN in shop.column("complaints", "customer_id", "complaint_id").values()
    assert pq.read_schema(tmp_path / "shop" / "orders.parquet").metadata is None


def test_the_command_lists_importers_and_imports(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("import", "--list")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(importers())
    code, out, err = run(
        "import", "trendyol", SAMPLES / "trendyol", "--out", tmp_path / "out", "--carry", "email, city"
    )
    assert (code, err) == (0, "")
    assert "left out:         1 cancelled lines, as no time says when" in out
    assert pq.read_schema(tmp_path / "out" / "customers.parquet").names == ["customer_id", "email", "city"]
    code, _, err = run("import", "trendyol", SAMPLES / "trendyol", "--out", tmp_path / "out", "--carry", "shoe")
    assert (code, err) == (1, "--carry: Trendyol has no shoe. It has email, phone, name, city, country.\n")
    assert run("import", "trendyol")[0] == 2
