"""Files as datasets are published: no header, no number of orders, an id for each order, returns among orders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter

from churnml.config import load_config
from churnml.data.engines.layout import FileForm
from churnml.data.guessing.asking import proposal_for
from churnml.data.guessing.proposal import Proposal, Question
from churnml.data.guessing.settings_text import settings_text
from churnml.data.guessing.text_form import form_of
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.errors import InputError

LINES = [" 00001 19970101  1   11.77", " 00002 19970112  1   12.00", " 00002 19970112  5   77.00",
         " 00003 19970102  2   20.76", " 00003 19970330  2   20.76", " 00003 19970402  2   19.54"]  # fmt: skip
HEADER = " customer_id  date number_of_cds  dollar_value"
ANSWERS = {"customer_id": "column1", "ordered_at": "column2", "amount": "column4"}


def shop_of(source: Path, proposal: Proposal) -> Shop:
    settings = source.parent / "settings.yaml"
    settings.write_text(settings_text(proposal, "shop", "settings.yaml"), encoding="utf-8")
    return read(source, tables=load_config(settings).tables.sources)


def orders_of(shop: Shop) -> list[tuple[str, str, str]]:
    frame = shop.tables["orders"].order_by("order_id").to_pandas()
    return list(zip(frame["order_id"], frame["customer_id"], frame["amount"].astype(str), strict=True))


PURCHASES = [
    ("00001-19970101", "00001", "11.7700"),
    ("00002-19970112", "00002", "89.0000"),  # 12.00 + 77.00 on one day
    ("00003-19970102", "00003", "20.7600"),
    ("00003-19970330", "00003", "20.7600"),
    ("00003-19970402", "00003", "19.5400"),
]


def test_orders_without_a_number_are_a_customers_rows_at_one_time(tmp_path: Path) -> None:
    (tmp_path / "MASTER.txt").write_text("\n".join([HEADER, *LINES]) + "\n", encoding="ascii")
    shop = shop_of(tmp_path / "MASTER.txt", proposal_for(tmp_path / "MASTER.txt"))
    assert orders_of(shop) == PURCHASES


def test_without_a_header_columns_are_asked_for_and_no_number_is_an_answer(tmp_path: Path) -> None:
    (tmp_path / "MASTER.txt").write_text("\n".join(LINES) + "\n", encoding="ascii")

    def ask(question: Question) -> Any:
        assert question.kind == "column"
        return ANSWERS.get(question.column)

    assert orders_of(shop_of(tmp_path / "MASTER.txt", proposal_for(tmp_path / "MASTER.txt", ask))) == PURCHASES
    with pytest.raises(InputError, match=r"Which column of MASTER.txt is orders\.amount\?"):
        proposal_for(tmp_path / "MASTER.txt")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a b c\n1 2 3\n", {"delimiter": " "}),
        ("1 2.5 2025-01-31\n4 5 2025-02-01\n", {"delimiter": " ", "header": False}),
        ("a,b c,d\n1,2,3\n", {}),
        ("1;2,50;2025-01-31\n", {"header": False}),
        ("some words of a note\nand more of them\n", {}),
        ("1;2\n", {}),  # of two columns, years may be names
        ("", {}),
        ("Orders of May\n\na;b;c\n1;2;3\n4;5;6\n", {"skip": 2}),
        ("a;b;c;d\n1;2;3;4\n1;2;3;4\n\nSum;2\nOf the shop\n", {"footer": 3}),
        ("a;b;c;d\n1;2;3;4\n1;2;3\n", {}),  # the last row is cut, but a row
        ("a;b;c;d\n1;2;3;4\n\nTotal;;;4\n", {"footer": 2}),
        ("a;b;c;d\n1;2;3;4\n;;;\nGenel Toplam;2;3;4\n", {"footer": 2}),
        ("a;b;c;d\nTotal;2;3;4\nTotal;2;3;4\n", {}),  # a word that stands in every row
        ("a;b;c;d\n1;2;3;4\nby someone;;;\n", {"footer": 1}),
        ('a;b;c;d\n1;2;3;"x\ny"\n', {}),  # the last line is the end of a value
        ("sep=;\na;b;c\n1;2;3\n", {}),
    ],
)
def test_what_the_first_and_last_lines_tell(tmp_path: Path, text: str, told: dict[str, Any]) -> None:
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert form_of(tmp_path / "a.txt", None) == FileForm(**told)


def test_a_title_and_a_footer_are_no_rows(tmp_path: Path) -> None:
    """7.50 + 9.00 = 16.50 in two orders; the sum that the report ends with is none."""
    rows = ["Sipariş Raporu", "", "Sipariş No;Müşteri No;Sipariş Tarihi;Toplam Tutar", "1;a;13.01.2025;7,50",
            "2;b;28.01.2025;9,00", "", "Toplam;16,50"]  # fmt: skip
    (tmp_path / "rapor.csv").write_text("\r\n".join(rows) + "\r\n", encoding="cp1254", newline="")
    shop = shop_of(tmp_path / "rapor.csv", proposal_for(tmp_path / "rapor.csv"))
    assert orders_of(shop) == [("1", "a", "7.5000"), ("2", "b", "9.0000")]


@pytest.mark.parametrize("below", [["Genel Toplam", "", "", "16,50 TL"], ["Rapor sonu", "", "", ""]])
def test_a_sum_below_the_rows_of_a_spreadsheet_is_no_row(tmp_path: Path, below: list[str]) -> None:
    """7.50 + 9.00 = 16.50 in two orders."""
    with xlsxwriter.Workbook(tmp_path / "rapor.xlsx") as book:
        page = book.add_worksheet("Rapor")
        rows = [["Sipariş Raporu"], [], ["Sipariş No", "Müşteri No", "Sipariş Tarihi", "Toplam Tutar"],
                ["1", "a", "13.01.2025", "7,50 TL"], ["2", "b", "28.01.2025", "9,00 TL"], [], below]  # fmt: skip
        for place, row in enumerate(rows):
            page.write_row(place, 0, row)
    shop = shop_of(tmp_path / "rapor.xlsx", proposal_for(tmp_path / "rapor.xlsx"))
    assert orders_of(shop) == [("1", "a", "7.5000"), ("2", "b", "9.0000")]


def test_a_file_without_a_header_with_other_line_ends(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text("7,a,2025-01-05,1.50\r\n8,b,2025-01-06,2.00\r\n", encoding="utf-8", newline="")
    names = {"order_id": "column1", "customer_id": "column2", "ordered_at": "column3", "amount": "column4"}
    shop = read(tmp_path, tables={"orders": {"header": False, "columns": names}})
    assert orders_of(shop) == [("7", "a", "1.5000"), ("8", "b", "2.0000")]


@pytest.fixture
def marketplace(tmp_path: Path) -> Path:
    """Write twelve orders of six people, each under a number of its own, as a marketplace publishes its tables."""
    folder = tmp_path / "published"
    folder.mkdir()
    numbers = range(12)
    days = [f"2017-{1 + n:02}-10 10:00:00" for n in numbers]
    tables: dict[str, tuple[str, list[str]]] = {
        "orders": (
            "order_id,customer_id,order_status,order_purchase_timestamp,order_estimated_delivery_date",
            [f"o{n},c{n},delivered,{days[n]},2018-02-01 00:00:00" for n in numbers],
        ),
        "customers": ("customer_id,customer_unique_id,customer_city", [f"c{n},u{n % 6},city{n}" for n in numbers]),
        "order_items": (
            "order_id,order_item_id,product_id,seller_id,price,freight_value",
            [f"o{n},{piece},p{n % 4},s,{n + 0.5},1.00" for n in numbers for piece in range(1, 3)],
        ),
        "order_payments": (
            "order_id,payment_sequential,payment_type,payment_value",
            [f"o{n},{part},voucher,{n + part}.25" for n in numbers for part in (1, 2)],
        ),
        "order_reviews": (
            "review_id,order_id,review_score,review_creation_date",
            [f"r{n // 2},o{n},{1 + n % 5},2018-03-01 00:00:00" for n in numbers],
        ),
    }
    for name, (header, rows) in tables.items():
        (folder / f"market_{name}_dataset.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return folder


def test_tables_of_a_marketplace_meet_by_their_keys(marketplace: Path) -> None:
    """Of order n are paid (n + 1.25) + (n + 2.25) = 2n + 3.50, in all 2 x 66 + 42 = 174, by six people."""
    proposal = proposal_for(marketplace)
    assert {table.name: table.source.name.split("_", 1)[1] for table in proposal.tables} == {
        "orders": "orders_dataset.csv",
        "customers": "customers_dataset.csv",
        "deliveries": "orders_dataset.csv",
        "order_items": "order_items_dataset.csv",
        "reviews": "order_reviews_dataset.csv",
    }
    shop = shop_of(marketplace, proposal)
    orders = shop.tables["orders"].order_by("order_id").to_pandas()
    assert (len(orders), orders["amount"].sum(), orders["customer_id"].nunique()) == (12, 174, 6)
    assert shop.tables["order_items"].quantity.sum().to_pandas() == 24
    # Each person has an address for each of two orders: that of the order of the lower number stays.
    customers = shop.tables["customers"].order_by("customer_id").to_pandas()
    assert customers[["customer_id", "customer_city"]].to_numpy().tolist() == [
        [f"u{n}", sorted([f"city{n}", f"city{n + 6}"])[0]] for n in range(6)
    ]
    assert "customers: 6 of 12 rows are further ones of a customer and are left out." in shop.report.notes
    reviews = shop.tables["reviews"].order_by("review_id").to_pandas()
    assert reviews["review_id"].tolist()[:2] == ["r0-o0", "r0-o1"]
    assert reviews["customer_id"].tolist()[:2] == ["u0", "u1"]


BASKETS = ["1,a,2025-01-13,p,1,2.00,7", "1,a,2025-01-13,q,1,3.50,7", "2,a,2025-01-13,p,2,2.00,7",
           "3,b,2025-01-13,p,1,2.00,8", "4,b,2025-01-14,q,1,3.50,8"]  # fmt: skip


@pytest.mark.parametrize("name", ["Bon", "xyzzy", "Sequence"])
def test_a_number_of_orders_is_counted_where_its_name_does_not_say_so(tmp_path: Path, name: str) -> None:
    """Customer a has two orders on one day: 2.00 + 3.50 and 2 x 2.00, which only the first column tells apart."""
    header = f"{name},Customer ID,Date,SKU,Quantity,Unit Price,Till"
    (tmp_path / "raw.csv").write_text("\n".join([header, *BASKETS]) + "\n", encoding="utf-8")
    proposal = proposal_for(tmp_path / "raw.csv")
    (reason,) = next(column for column in proposal.tables[0].columns if column.name == "order_id").reasons
    assert reason.key == "number"
    shop = shop_of(tmp_path / "raw.csv", proposal)
    assert orders_of(shop) == [
        ("1", "a", "5.5000"), ("2", "a", "4.0000"), ("3", "b", "2.0000"), ("4", "b", "3.5000")
    ]  # fmt: skip


def test_two_numbers_that_part_rows_in_different_ways_are_no_number(tmp_path: Path) -> None:
    """Order 1 came in two parcels, and 4 in one with 5: nobody can count which of both numbers is that of orders."""
    rows = [*BASKETS, "5,b,2025-01-14,p,1,2.00,8"]
    rows = [f"{row},k{parcel}" for row, parcel in zip(rows, (1, 2, 3, 4, 5, 5), strict=True)]
    header = "Bon,Customer ID,Date,SKU,Quantity,Unit Price,Till,xyzzy"
    (tmp_path / "raw.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    number = proposal_for(tmp_path / "raw.csv").tables[0].columns[0]
    assert (number.name, number.setting) == ("order_id", {"from": ["Customer ID", "Date"]})


def test_pieces_and_a_price_in_place_of_an_amount(tmp_path: Path) -> None:
    """A row for each order: 2 x 1.50 and 1 x 4.00."""
    rows = ["invoice_no,customer_id,quantity,price,invoice_date", "I1,a,2,1.50,13/1/2025", "I2,b,1,4.00,5/8/2025"]
    (tmp_path / "raw.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    shop = shop_of(tmp_path / "raw.csv", proposal_for(tmp_path / "raw.csv"))
    assert orders_of(shop) == [("I1", "a", "3.0000"), ("I2", "b", "4.0000")]


def test_returns_among_orders(tmp_path: Path) -> None:
    """Invoice 1 is 2 x 1.50 + 3 x 1.50 = 7.50 in two lines of one product; C2 gives 1.50 back."""
    rows = ["Invoice,StockCode,Quantity,InvoiceDate,Price,Customer ID", "1,p,2,2025-01-13,1.50,a",
            "1,p,3,2025-01-13,1.50,a", "C2,p,-1,2025-01-20,1.50,a", "3,q,1,2025-02-13,9.00,b"]  # fmt: skip
    (tmp_path / "raw.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    shop = shop_of(tmp_path / "raw.csv", proposal_for(tmp_path / "raw.csv"))
    assert orders_of(shop) == [("1", "a", "7.5000"), ("3", "b", "9.0000")]
    assert shop.tables["returns"].amount.sum().to_pandas() == 1.5
    assert shop.tables["order_items"].quantity.sum().to_pandas() == 6  # 2 + 3 + 1


@pytest.mark.parametrize(("highest", "scale"), [(5, None), (10, 10), (100, 100), (7, 20)])
def test_the_scale_of_ratings(tmp_path: Path, highest: int, scale: int | None) -> None:
    """Up to 5 stars nothing is said; 10 and 100 are scales; of a highest rating of 7, a person knows."""
    orders = "order_id,customer_id,ordered_at,amount\n1,a,2025-01-13,2\n2,b,2025-01-14,3\n"
    reviews = f"review_id,customer_id,submitted_at,rating\nr1,a,2025-01-20,{highest}\nr2,b,2025-01-21,1\n"
    for name, text in (("orders", orders), ("reviews", reviews)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    asked: list[Question] = []

    def ask(question: Question) -> Any:
        asked.append(question)
        return 20

    proposal = proposal_for(tmp_path, ask)
    (table,) = [table for table in proposal.tables if table.name == "reviews"]
    settings = [column.setting for column in table.columns if column.name == "scale"]
    assert settings == ([{"value": scale}] if scale else [])
    assert [list(question.options) for question in asked] == ([[10, 20, 100]] if highest == 7 else [])


def test_rows_that_are_pieces_at_a_price(tmp_path: Path) -> None:
    """Pairs of rows are alike, so each row is a piece: 2 x 1.50 a day. The channel, which many share, is no number."""
    rows = [f"2025-01-{day:02},{'ab'[day % 2]},p,1.50,{1 + day % 3}" for day in range(1, 7) for _ in range(2)]
    header = "t_dat,customer_id,article_id,price,sales_channel_id"
    (tmp_path / "raw.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    shop = shop_of(tmp_path / "raw.csv", proposal_for(tmp_path / "raw.csv"))
    assert orders_of(shop)[0] == ("a-2025-01-02", "a", "3.0000")
    assert (shop.report.rows["orders"], shop.tables["order_items"].quantity.sum().to_pandas()) == (6, 12)


def test_a_share_is_no_discount(tmp_path: Path) -> None:
    rows = ["Order ID,Customer ID,Order Date,Sales,Discount", "1,a,1/13/2025,2.00,0.2", "2,b,1/14/2025,3.00,0"]
    (tmp_path / "raw.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (table,) = proposal_for(tmp_path / "raw.csv").tables
    assert {column.name: column.source.name for column in table.columns} == {
        "order_id": "Order ID", "customer_id": "Customer ID", "ordered_at": "Order Date", "amount": "Sales",
    }  # fmt: skip


@pytest.mark.parametrize(("count", "paid"), [("quantityOrdered", ["7.0000", "4.0000"]), (None, ["5.5000", "4.0000"])])
def test_orders_are_worth_what_their_items_cost(tmp_path: Path, count: str | None, paid: list[str]) -> None:
    """2 x 1.50 + 1 x 4.00 and 1 x 4.00; where nothing counts pieces, a price is that of its row."""
    orders = "orderNumber,orderDate,status,customerNumber\n1,2025-01-13,Shipped,a\n2,2025-01-14,Shipped,b\n"
    items = [("1", "p", "2", "1.50"), ("1", "q", "1", "4.00"), ("2", "q", "1", "4.00")]
    header = ["orderNumber", "productCode", *([count] if count else []), "priceEach"]
    rows = [[*item[:2], *([item[2]] if count else []), item[3]] for item in items]
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "orders.csv").write_text(orders, encoding="utf-8")
    (folder / "orderdetails.csv").write_text("\n".join(map(",".join, [header, *rows])) + "\n", encoding="utf-8")
    shop = shop_of(folder, proposal_for(folder))
    assert [amount for _, _, amount in orders_of(shop)] == paid


def test_items_with_a_discount_do_not_say_what_was_paid(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    orders = "OrderID,CustomerID,OrderDate\n1,a,2025-01-13\n2,b,2025-01-14\n"
    (folder / "Orders.csv").write_text(orders, encoding="utf-8")
    for discount in ("0", "0.25"):
        items = f"OrderID,ProductID,UnitPrice,Quantity,Discount\n1,p,2.00,1,0\n2,p,2.00,2,{discount}\n"
        (folder / "Order Details.csv").write_text(items, encoding="utf-8")
        if discount == "0":
            assert orders_of(shop_of(folder, proposal_for(folder))) == [("1", "a", "2.0000"), ("2", "b", "4.0000")]
        else:
            with pytest.raises(InputError, match=r"is orders\.amount\?"):
                proposal_for(folder)


def test_a_number_of_orders_stands_in_all_of_their_rows(tmp_path: Path) -> None:
    """Shopify's Id is in the first row of an order alone, as are time and total; its Name is in all."""
    rows = [f"#{n},k{n % 4}@x.com,{2 + n}.00,2025-01-{1 + n:02},SKU,1,1.00,{5000 + n}" for n in range(9)]
    further = [f"#{n},k{n % 4}@x.com,,,SKU2,1,1.00," for n in range(9)]
    header = "Name,Email,Total,Created at,Lineitem sku,Lineitem quantity,Lineitem price,Id"
    (tmp_path / "raw.csv").write_text("\n".join([header, *rows, *further]) + "\n", encoding="utf-8")
    shop = shop_of(tmp_path / "raw.csv", proposal_for(tmp_path / "raw.csv"))
    assert orders_of(shop)[:2] == [("#0", "k0@x.com", "2.0000"), ("#1", "k1@x.com", "3.0000")]
    assert shop.report.rows["orders"] == 9


@pytest.mark.parametrize("name", ["İskonto %", "Discount Percent", "Rabatt in Prozent"])
def test_a_percentage_is_no_discount(tmp_path: Path, name: str) -> None:
    rows = [f"Order ID,Customer ID,Order Date,Total,{name}", "1,a,1/13/2025,2.00,20", "2,b,1/14/2025,3.00,0"]
    (tmp_path / "raw.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (table,) = proposal_for(tmp_path / "raw.csv").tables
    assert "discount" not in {column.name for column in table.columns}


def test_what_pieces_are_worth_is_no_amount_where_columns_may_be_one(tmp_path: Path) -> None:
    """Item Total and Order Amount come into question alike: somebody says which, or that none is the amount."""
    rows = ["Order ID,Customer ID,Order Date,SKU,Quantity,Price,Item Total,Order Amount",
            "1,a,1/13/2025,p,2,1.50,2.50,4.00", "1,a,1/13/2025,q,1,1.50,1.50,4.00"]  # fmt: skip
    (tmp_path / "raw.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"is orders\.amount\?"):
        proposal_for(tmp_path / "raw.csv")
    shop = shop_of(tmp_path / "raw.csv", proposal_for(tmp_path / "raw.csv", lambda question: None))
    assert orders_of(shop) == [("1", "a", "4.5000")]  # 2 x 1.50 + 1.50


def test_a_total_goes_before_sales(tmp_path: Path) -> None:
    rows = [
        "Order Id,Customer Id,order date,Sales,Order Item Total",
        "1,a,1/13/2025,9.00,8.00",
        "2,b,1/14/2025,5.00,4.00",
    ]
    (tmp_path / "raw.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (table,) = proposal_for(tmp_path / "raw.csv").tables
    assert {column.name: column.source.name for column in table.columns}["amount"] == "Order Item Total"


def test_yes_and_no_are_no_amounts(tmp_path: Path) -> None:
    rows = ["Order ID,Customer ID,Date,Total,Discount Applied", "1,a,2025-01-13,2.00,True", "2,b,2025-01-14,3.00,False"]
    (tmp_path / "raw.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (table,) = proposal_for(tmp_path / "raw.csv").tables
    assert "discount" not in {column.name for column in table.columns}


def test_what_nearly_every_row_has_of_its_own_numbers_no_orders(tmp_path: Path) -> None:
    """Twelve rows of six orders, and a till's count that stands twice once, in one order: by chance it tells them."""
    counts = [7, 7, *range(8, 18)]
    rows = [f"{count},{'ab'[row % 4 // 2]},2025-01-{1 + row // 2:02},p{row},1,1.50" for row, count in enumerate(counts)]
    (tmp_path / "raw.csv").write_text(
        "\n".join(["xyzzy,Customer ID,Date,SKU,Qty,Price", *rows]) + "\n", encoding="utf-8"
    )
    assert shop_of(tmp_path / "raw.csv", proposal_for(tmp_path / "raw.csv")).report.rows["orders"] == 6


def test_of_names_that_say_nothing_each_is_shown(tmp_path: Path) -> None:
    names = [f"x{place}" for place in range(9)]
    rows = [f"{n},2025-01-1{n},{n}.50,{','.join(f'v{n}{name}' for name in names)}" for n in range(5)]
    (tmp_path / "raw.csv").write_text(
        f"Order ID,Date,Total,{','.join(names)}\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )
    proposal = proposal_for(tmp_path / "raw.csv", lambda question: "x8" if "x8" in question.options else None)
    assert {column.name: column.source.name for column in proposal.tables[0].columns}["customer_id"] == "x8"


def test_a_count_of_items_is_no_amount(tmp_path: Path) -> None:
    """Total_Items says what it is; Total_Points does not, but Total_Cost alone has cents."""
    for count in ("Total_Items", "Total_Points"):
        rows = [f"Transaction_ID,Date,Customer,{count},Total_Cost", "1,2025-01-13,a,3,2.50", "2,2025-01-14,b,4,3.00"]
        (tmp_path / "raw.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"is orders\.amount\?.*Total_Cost"):
            proposal_for(tmp_path / "raw.csv")


@pytest.mark.parametrize("name", ["id", "PIN Code", "Reference"])
def test_an_id_of_nothing_that_stands_in_several_rows_is_asked_for(tmp_path: Path, name: str) -> None:
    rows = [f"{name},date,amount", "1,2025-01-13,2.50", "1,2025-01-14,3.00", "2,2025-01-14,4.00"]
    (tmp_path / "raw.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    asked: list[Question] = []

    def ask(question: Question) -> Any:
        asked.append(question)
        return name if question.column == "customer_id" else "sum" if question.kind == "total" else None

    proposal = proposal_for(tmp_path / "raw.csv", ask)
    assert name in asked[0].options
    assert {column.name: column.source.name for column in proposal.tables[0].columns}["customer_id"] == name
