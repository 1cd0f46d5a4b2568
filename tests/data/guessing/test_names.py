"""Names: words in three languages, however they are written, and what stands beside them."""

from __future__ import annotations

import pytest

from churnml.data.contract import TABLES
from churnml.data.guessing.names import column_score, meanings_of, table_score


@pytest.mark.parametrize(
    ("name", "meanings"),
    [
        ("Bestelldatum", ["order", "time"]),
        ("KUNDENNUMMER", ["customer", "id"]),
        ("Müşteri No", ["customer", "id"]),
        ("müşterinin_siparişleri", ["customer", "order"]),
        ("orderDate", ["order", "time"]),
        ("customerID", ["customer", "id"]),
        ("Kaeufer-Nr.", ["customer", "id"]),
        ("İPTAL TARİHİ", ["cancel", "time"]),
    ],
)
def test_words_are_found_in_names(name: str, meanings: list[str]) -> None:
    found = meanings_of(name)
    assert len(found) == len(meanings)
    assert all(meaning in of for meaning, of in zip(meanings, found, strict=True))


def test_a_word_that_is_not_known_means_nothing() -> None:
    assert meanings_of("xyzzy") == (frozenset(),)


@pytest.mark.parametrize("name", TABLES)
def test_the_contracts_own_names_are_certain(name: str) -> None:
    assert table_score(name, name) == 1
    assert all(column_score(column, name, column) == 1 for column in TABLES[name].column)


@pytest.mark.parametrize(
    ("name", "table", "column", "score"),
    [
        ("Sipariş Tarihi", "orders", "ordered_at", 1.0),
        ("Tarih", "orders", "ordered_at", 0.95),  # of an order, as the table is of orders
        ("Teslim Tarihi", "deliveries", "delivered_at", 1.0),
        ("Teslim Tarihi", "deliveries", "promised_at", 0.0),
        ("Tahmini Teslim Tarihi", "deliveries", "delivered_at", 0.65),  # says one thing more
        ("customer_email", "orders", "customer_id", 0.65),
        ("order_xyzzy_date", "orders", "ordered_at", 0.88),
        ("note", "orders", "amount", 0.0),
    ],
)
def test_how_well_names_fit(name: str, table: str, column: str, score: float) -> None:
    assert column_score(name, table, column) == pytest.approx(score)


def test_a_table_of_lines_is_none_of_orders() -> None:
    assert table_score("Bestellpositionen", "order_items") == 1
    assert table_score("Bestellpositionen", "orders") == pytest.approx(0.65)
    assert table_score("Kunden", "orders") == 0
