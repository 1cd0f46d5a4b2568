"""Looking at sources: files, encodings, sheets and databases; and shops under other names, from evidence to a check."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pytest
import xlsxwriter

from churnml.config import load_config
from churnml.data.guessing.asking import proposal_for
from churnml.data.guessing.looking import Look
from churnml.data.guessing.settings_text import settings_text
from churnml.data.guessing.text_form import encoding_of
from churnml.data.reading import read
from churnml.errors import InputError
from tests.data.guessing.renamed import renamed, scored, shop_of

ORDERS = pd.DataFrame(
    {
        "Sipariş No": ["1", "2", "3"],
        "Müşteri No": ["Ayşe", "Çağla", "Ayşe"],
        "Sipariş Tarihi": ["13.01.2025", "14.02.2025", "15.03.2025"],
        "Toplam Tutar": ["1.664,10 TL", "12,50 TL", "3,00 TL"],
    }
)
TURKISH = dict(zip(["order_id", "customer_id", "ordered_at", "amount"], ORDERS, strict=True))


@pytest.mark.parametrize(
    ("text", "encoding", "told"),
    [
        ("Sipariş", "utf-8", None),
        ("Sipariş", "cp1254", "cp1254"),
        ("Käufer", "cp1252", "cp1252"),
        ("Sipariş", "utf-16", "utf-16"),
    ],
)
def test_encodings(tmp_path: Path, text: str, encoding: str, told: str | None) -> None:
    (tmp_path / "a.csv").write_text(text, encoding=encoding)
    assert encoding_of([tmp_path / "a.csv"]) == told


def test_a_file_becomes_settings_that_read_it(tmp_path: Path) -> None:
    """1,664.10 + 12.50 + 3.00 = 1,679.60, in Turkish lira."""
    (tmp_path / "shop").mkdir()
    ORDERS.to_csv(tmp_path / "shop" / "siparişler 2025.csv", index=False, sep=";", encoding="cp1254")
    proposal = proposal_for(tmp_path / "shop")
    (table,) = proposal.tables
    assert {column.name: column.source.name for column in table.columns} == TURKISH
    assert (table.source.encoding, table.decimal, table.thousands, proposal.currency) == ("cp1254", ",", ".", "TRY")
    (tmp_path / "s.yaml").write_text(settings_text(proposal, "shop", "s.yaml"), encoding="utf-8")
    shop = read(tmp_path / "shop", tables=load_config(tmp_path / "s.yaml").tables.sources)
    assert str(shop.tables["orders"].amount.sum().to_pandas()) == "1679.6000"
    assert shop.currency == "TRY"


def test_the_sheets_of_a_workbook(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "shop.xlsx") as book:
        for sheet, rows in {
            "Bestellungen": [
                ["Bestellnummer", "Kundennummer", "Bestelldatum", "Gesamtbetrag"],
                ["b1", "k1", "13.01.2025", 12.5],
            ],
            "Kunden": [["Kundennummer", "Registriert am"], ["k1", "13.01.2025"]],
        }.items():
            page = book.add_worksheet(sheet)
            for place, row in enumerate(rows):
                page.write_row(place, 0, row)
    proposal = proposal_for(tmp_path / "shop.xlsx")
    assert [(table.name, table.source.sheet) for table in proposal.tables] == [
        ("orders", "Bestellungen"),
        ("customers", "Kunden"),
    ]
    (tmp_path / "s.yaml").write_text(settings_text(proposal, "shop.xlsx", "s.yaml"), encoding="utf-8")
    shop = read(tmp_path / "shop.xlsx", tables=load_config(tmp_path / "s.yaml").tables.sources)
    assert shop.report.rows == {"orders": 1, "customers": 1}


def test_a_database(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "shop.duckdb") as connection:
        connection.execute(
            "CREATE TABLE sales AS SELECT 'o1' order_no, 'c1' client_id, DATE '2025-01-05' sold_on, 9.5 total"
        )
    (table,) = proposal_for(tmp_path / "shop.duckdb").tables
    assert {column.name: column.source.name for column in table.columns} == {
        "order_id": "order_no", "customer_id": "client_id", "ordered_at": "sold_on", "amount": "total",
    }  # fmt: skip


def test_parts_and_files_that_cannot_be_read(tmp_path: Path) -> None:
    for part in (1, 2):
        ORDERS.assign(**{"Sipariş No": [f"{part}{n}" for n in range(3)]}).to_csv(
            tmp_path / f"sales-{part}.csv", index=False
        )
    (tmp_path / "kunden.xlsx").write_text("none", encoding="utf-8")
    look = Look(tmp_path)
    assert [(table.name, table.rows) for table in look.source.tables] == [("sales", 6)]
    assert list(look.source.unread) == ["kunden.xlsx"]
    with pytest.raises(InputError, match="holds no table that can be read"):
        Look(tmp_path / "kunden.xlsx")


def test_totals_of_orders_are_counted(tmp_path: Path) -> None:
    rows = [(str(n // 2), "a", "2025-01-13", "9.00" if n % 2 == 0 else "") for n in range(20)]
    pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at", "amount"]).to_csv(
        tmp_path / "orders.csv", index=False
    )
    (table,) = proposal_for(tmp_path).tables
    assert (table.lines, table.total) == (True, "first")  # the second row of each of the ten orders is empty


def test_what_nobody_answers_is_refused_with_the_setting(tmp_path: Path) -> None:
    ORDERS.assign(**{"Sipariş Tarihi": ["03/04/2025", "05/06/2025", "07/08/2025"]}).to_csv(
        tmp_path / "a.csv", index=False
    )
    with pytest.raises(InputError) as refused:
        proposal_for(tmp_path)
    (failure,) = refused.value.failures
    assert "(03/04/2025" in failure or "05/06/2025" in failure
    assert "%d/%m/%Y (the day first), %m/%d/%Y (the month first)" in failure
    assert "tables.orders.date_format" in failure


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    return shop_of(tmp_path_factory.mktemp("renamed"))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 5, 19])
def test_shops_under_other_names(shop: dict[str, pd.DataFrame], seed: int) -> None:
    """At least 95 % of the columns are right without a question, and none is wrong; all 60: ``benchmarks/init.py``."""
    score = scored(shop, seed)
    assert score.wrong == 0, score.seen
    assert score.right >= 0.95 * score.columns, score.seen


def test_the_renamings_are_of_the_whole_contract(shop: dict[str, pd.DataFrame]) -> None:
    assert len(renamed(shop, 0).tables) == 11
