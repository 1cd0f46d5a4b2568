"""Proposals: what is certain is proposed, and all else is a question."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from churnml.data.guessing.evidence import ColumnEvidence, Source, TableEvidence
from churnml.data.guessing.proposal import Proposal
from churnml.data.guessing.propose import propose

DAYS = ["13.01.2025", "14.02.2025", "15.03.2025", "16.04.2025"]


def column(name: str, values: Sequence[str], type_: str = "text") -> ColumnEvidence:
    different = list(dict.fromkeys(values))
    sample = {value: place for place, value in enumerate(different)}
    return ColumnEvidence(name=name, type=type_, filled=len(values), distinct=len(different), sample=sample)  # type: ignore[arg-type]


def table(name: str, **columns: Sequence[str]) -> TableEvidence:
    rows = max(map(len, columns.values()))
    named = [column(theirs.replace("_", " "), values) for theirs, values in columns.items()]
    return TableEvidence(name=name, rows=rows, columns=named)


def orders(**more: Sequence[str]) -> TableEvidence:
    usual = {
        "Bestellnummer": ["b1", "b2", "b3", "b4"],
        "Kundennummer": ["k1", "k2", "k1", "k3"],
        "Bestelldatum": DAYS,
        "Gesamtbetrag": ["12,50", "1.664,10", "3,00", "4,99"],
    }
    return table("Bestellungen.csv", **{**usual, **more})


def mapped(proposal: Proposal, name: str = "orders") -> dict[str, str]:
    (found,) = [table for table in proposal.tables if table.name == name]
    return {column.name: column.source.name for column in found.columns}


def test_what_is_certain_needs_no_question() -> None:
    proposal = propose(Source(tables=[orders()]))
    assert proposal.questions == []
    assert mapped(proposal) == {
        "order_id": "Bestellnummer",
        "customer_id": "Kundennummer",
        "ordered_at": "Bestelldatum",
        "amount": "Gesamtbetrag",
    }
    (found,) = proposal.tables
    assert (found.date_format, found.decimal, found.thousands, found.lines) == ("%d.%m.%Y", ",", ".", False)


def test_an_ambiguous_date_is_asked_for_and_its_answer_taken() -> None:
    source = Source(tables=[orders(Bestelldatum=["03/04/2025", "05/06/2025", "07/08/2025", "09/10/2025"])])
    proposal = propose(source)
    (question,) = proposal.questions
    assert question.key == ("date_format", "orders", "ordered_at")
    assert question.options == ("%d/%m/%Y", "%m/%d/%Y")
    assert question.needed
    assert "ordered_at" not in mapped(proposal)
    answered = propose(source, {question.key: "%m/%d/%Y"})
    assert answered.questions == []
    assert answered.tables[0].date_format == "%m/%d/%Y"


def test_an_ambiguous_number_is_asked_for() -> None:
    source = Source(tables=[orders(Gesamtbetrag=["1.234", "2.345", "3.456", "4.567"])])
    (question,) = propose(source).questions
    assert question.key == ("number_format", "orders", "")
    assert question.options == [(None, None), (",", ".")]
    assert propose(source, {question.key: (",", ".")}).tables[0].thousands == "."


def test_a_column_of_no_name_is_asked_for() -> None:
    source = Source(tables=[orders(Gesamtbetrag=[], xyzzy=["12,50", "1,00", "3,00", "4,99"])])
    (question,) = propose(source).questions
    assert question.key == ("column", "orders", "amount")
    assert question.options == ["xyzzy"]
    assert mapped(propose(source, {question.key: "xyzzy"}))["amount"] == "xyzzy"


def test_two_columns_that_fit_alike_are_asked_for() -> None:
    source = Source(tables=[orders(Summe=["10,00", "1.500,00", "2,00", "4,00"])])
    (question,) = propose(source).questions
    assert question.key == ("column", "orders", "amount")
    assert sorted(question.options) == ["Gesamtbetrag", "Summe"]


def test_an_id_of_the_contracts_own_name_needs_no_question() -> None:
    """An invoice is called a number of an order too; it is asked about where it alone tells rows apart."""
    numbers = {"order_id": ["1", "2", "3", "4"], "invoice_no": ["i1", "i2", "i3", "i4"]}
    usual = {"customer_id": ["k1", "k2", "k1", "k3"], "ordered_at": DAYS, "amount": ["1", "2", "3", "4"]}

    def named(**columns: Sequence[str]) -> TableEvidence:
        return TableEvidence(name="orders.csv", rows=4, columns=[column(*one) for one in columns.items()])

    assert propose(Source(tables=[named(**numbers, **usual)])).questions == []
    lines = named(**{**numbers, "order_id": ["1", "1", "2", "3"]}, **usual)
    assert [question.column for question in propose(Source(tables=[lines])).questions] == ["order_id"]


def test_a_word_that_is_not_known_makes_no_rival() -> None:
    proposal = propose(Source(tables=[orders(Kundensegment=["x", "y", "x", "z"])]))
    assert proposal.questions == []
    assert mapped(proposal)["customer_id"] == "Kundennummer"


def test_what_a_file_ends_with_is_no_part_of_its_name() -> None:
    assert orders().subject == "Bestellungen"
    assert table("shop_orders_dataset-2024.csv.gz", a=["1"]).subject == "shop_orders_dataset"


def test_a_column_that_meets_orders_needs_no_name() -> None:
    visits = table("Besuche.csv", wer=["k1", "k2", "k3", "k1"], Besuchszeit=DAYS)
    proposal = propose(Source(tables=[orders(), visits]))
    assert proposal.questions == []
    assert mapped(proposal, "visits") == {"customer_id": "wer", "visited_at": "Besuchszeit"}


def test_a_column_that_meets_nothing_is_asked_for_in_spite_of_its_name() -> None:
    visits = table("Besuche.csv", Kundennummer=["x1", "x2", "x3", "x4"], Besuchszeit=DAYS)
    questions = propose(Source(tables=[orders(), visits])).questions
    assert [question.key for question in questions] == [("column", "visits", "customer_id")]


def test_numbers_that_are_ids_of_orders_and_customers_alike_are_told_by_name() -> None:
    numbers = orders(Bestellnummer=["1", "2", "3", "4"], Kundennummer=["1", "2", "1", "3"])
    visits = table("Besuche.csv", wer=["1", "2", "3", "1"], Besuchszeit=DAYS)
    assert [question.key for question in propose(Source(tables=[numbers, visits])).questions] == [
        ("column", "visits", "customer_id")
    ]


def test_rows_of_orders_that_are_lines() -> None:
    lines = orders(
        Bestellnummer=["b1", "b1", "b2", "b3"], Artikelnummer=["p", "q", "p", "r"], Menge=["1", "2", "1", "7"],
        Einzelpreis=["12,50", "832,05", "3,00", "0,71"],
    )  # fmt: skip
    (question,) = propose(Source(tables=[lines])).questions
    assert question.key == ("total", "orders", "amount")
    (found,) = propose(Source(tables=[lines]), {question.key: "sum"}).tables
    assert (found.lines, found.total) == (True, "sum")
    assert {"product_id", "quantity", "unit_price"} <= {column.name for column in found.columns}


def test_of_lines_without_an_order_nobody_is_asked_whose_amount_it_is() -> None:
    numbers = {"Bestellnummer": ["b1", "b1", "b2", "b3"], "Auftragsnummer": ["1", "1", "2", "3"]}
    keys = [question.key for question in propose(Source(tables=[orders(**numbers)])).questions]
    assert ("column", "orders", "order_id") in keys
    assert ("total", "orders", "amount") not in keys


def test_an_amount_of_another_table_stands_in_all_lines_of_an_order() -> None:
    """Two lines of one order, for which 4.00 and 1.50 were paid: the order's sum of 5.50 is in both."""
    lines = table("orders.csv", Order_ID=["1", "1", "2"], Customer_ID=["a", "a", "b"], Order_Date=DAYS[:3])
    paid = table("payments.csv", Order_ID=["1", "1", "2"], Payment_Value=["4.00", "1.50", "3.00"])
    proposal = propose(Source(tables=[lines, paid]))
    assert proposal.questions == []
    (found,) = proposal.tables
    assert (found.lines, found.total) == (True, "first")


def test_lines_without_an_amount_have_quantity_and_price() -> None:
    lines = table(
        "export.csv", Invoice=["i1", "i1", "i2"], StockCode=["p", "q", "p"], Quantity=["1", "2", "3"],
        InvoiceDate=DAYS[:3], Price=["1.25", "2.50", "1.25"], CustomerID=["c", "c", "d"],
    )  # fmt: skip
    proposal = propose(Source(tables=[lines]))
    assert proposal.questions == []
    assert mapped(proposal) == {
        "order_id": "Invoice", "customer_id": "CustomerID", "ordered_at": "InvoiceDate", "product_id": "StockCode",
        "quantity": "Quantity", "unit_price": "Price",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("amounts", "more", "asked"),
    [
        (["1", "2", "1", "3"], {}, True),  # pieces, of which the price says what all cost
        (["1.50", "2.00", "1.00", "3.00"], {}, False),
        (["900", "800", "700", "600"], {}, False),
        (["1", "2", "1", "3"], {"Quantity": ["1", "1", "1", "2"]}, False),
    ],
)
@pytest.mark.parametrize("is_numbered", [True, False])
def test_an_amount_that_may_count_pieces_is_asked_for(
    amounts: Sequence[str], more: dict[str, Sequence[str]], asked: bool, is_numbered: bool
) -> None:
    number = {"TRANSACTION_NO": ["1", "1", "2", "3"]} if is_numbered else {}
    lines = table(
        "raw.csv", CUSTOMER_ID=["1", "1", "2", "3"], TRANSACTION_DT=DAYS, AMOUNT=amounts,
        SALES_PRICE=["44", "150", "129", "39"], PRODUCT_ID=["p", "q", "p", "r"], **number, **more,
    )  # fmt: skip
    questions = propose(Source(tables=[lines])).questions
    assert (("column", "orders", "amount") in [question.key for question in questions]) == asked
    if asked:
        (question,) = [question for question in questions if question.column == "amount"]
        assert question.options[:2] == ["AMOUNT", "SALES PRICE"]


def test_a_status_that_says_cancelled_is_named() -> None:
    proposal = propose(Source(tables=[orders(Status=["offen", "storniert", "offen", "offen"])]))
    (reason,) = proposal.left_out
    assert (reason.key, reason.values) == ("status", {"column": "Status", "value": "storniert"})


def test_a_further_table_is_left_out_where_nobody_answers_for_what_it_needs() -> None:
    returns = table("Retouren.csv", Retourennummer=["r1", "r2"], Kundennummer=["k1", "k2"], foo=["1,00", "2,00"])
    source = Source(tables=[orders(), returns])
    keys = [question.key for question in propose(source).questions]
    proposal = propose(source, dict.fromkeys(keys))
    assert [table.name for table in proposal.tables] == ["orders"]
    assert [reason.key for reason in proposal.left_out] == ["needed"]


@pytest.mark.parametrize(("share", "second"), [(1.0, ["a", "b"]), (0.5, ["a", "x"]), (0.0, ["x", "y"])])
def test_the_share_of_values_that_meet(share: float, second: list[str]) -> None:
    assert column("this", second).share_in(column("that", ["a", "b", "c"])) == share


def test_samples_meet_where_both_hold_all() -> None:
    """Of 1,000 values each sample holds those of the smallest hashes: 10 of the one, 5 of the other."""
    many = ColumnEvidence(name="m", type="text", filled=1000, distinct=1000, sample={f"v{n}": n for n in range(10)})
    few = ColumnEvidence(name="f", type="text", filled=500, distinct=500, sample={f"v{n}": n for n in range(0, 10, 2)})
    assert few.share_in(many) == 1
    assert many.share_in(few) == 5 / 9  # of the nine up to 8, those with an even number
