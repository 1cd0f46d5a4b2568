"""Exports of platforms that no importer knows: one proposal each, right columns, and counts and sums by hand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from churnml.config import load_config
from churnml.data.guessing.asking import proposal_for
from churnml.data.guessing.proposal import Proposal, Question
from churnml.data.guessing.settings_text import settings_text
from churnml.data.reading import read
from tests.data.guessing.exports import EXPORTS, Export, orders

FOUND = orders(7)
QUESTIONS = {
    "etsy": 2,
    "ebay": 1,
    "squarespace": 1,
    "square": 2,
    "wix": 1,
    "shopware": 3,
    "shopware_6": 3,
    "ecwid": 3,
    "lightspeed": 2,
}
"""How many questions are asked at most, where any is: which of two totals, which of two products, the zone, and
of Lightspeed who sold and who bought."""


class Person:
    """Somebody who knows the shop and answers by what is true."""

    def __init__(self, export: Export) -> None:
        self.export = export
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> object:
        """Answer with the true column, or with none."""
        self.asked.append(question)
        right = {"timezone": "UTC"}.get(question.kind, self.export.truth.get(question.table, {}).get(question.column))
        return right if right in question.options else None


def proposed(name: str, folder: Path) -> tuple[Proposal, Person]:
    EXPORTS[name].write(FOUND, folder)
    person = Person(EXPORTS[name])
    return proposal_for(folder, person), person


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPORTS)
def test_what_is_proposed_is_right_and_reads_the_shop(name: str, tmp_path: Path) -> None:
    export = EXPORTS[name]
    (tmp_path / "shop").mkdir()
    proposal, person = proposed(name, tmp_path / "shop")
    for table in proposal.tables:
        truth = export.truth[table.name]
        wrong = {
            column.name: column.source.name
            for column in table.columns
            if column.source.name not in {truth.get(column.name), *export.also.get(f"{table.name}.{column.name}", ())}
        }
        assert not wrong
        assert set(truth) == {column.name for column in table.columns}
    assert len(person.asked) <= QUESTIONS.get(name, 0), person.asked
    settings = tmp_path / "s.yaml"
    settings.write_text(settings_text(proposal, "shop", "s.yaml"), encoding="utf-8")
    shop = read(tmp_path / "shop", tables=load_config(settings).tables.sources)
    paid = [amount for order in FOUND if (amount := export.amount(order)) is not None]
    assert shop.report.rows["orders"] == len(paid)
    assert shop.tables["orders"].amount.sum().to_pandas() == sum(paid, Decimal())
    who = {order.customer for order in FOUND if export.amount(order) is not None}
    assert shop.tables["orders"].customer_id.nunique().to_pandas() == len(who)
    if "," in export.truth["orders"]["ordered_at"]:  # of a day and a clock
        times = {order.time for order in FOUND if export.amount(order) is not None}
        assert set(shop.tables["orders"].ordered_at.to_pandas().dt.to_pydatetime()) == times
    if "order_items" in shop.report.rows:
        items = shop.tables["order_items"]
        assert items.quantity.sum().to_pandas() == sum(line.quantity for order in FOUND for line in order.lines)
    if name == "square":
        back = sum((order.goods for order in FOUND if export.amount(order) is None), Decimal())
        assert shop.tables["returns"].amount.sum().to_pandas() == back
