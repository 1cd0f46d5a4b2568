"""Which table of a source is which of the contract, and what in it the others meet: certain, or asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from churnml.data.contract import DELIVERIES, ORDERS, TABLES
from churnml.data.guessing.composing import person_elsewhere
from churnml.data.guessing.evidence import ColumnEvidence, Source, TableEvidence
from churnml.data.guessing.match import fit_of_lines, pair_columns, pair_tables
from churnml.data.guessing.names import table_score
from churnml.data.guessing.proposal import Answers, ProposedColumn, Question, Reason

SURE = 0.72
"""Score from which on a column is certain."""
MOST_OPTIONS = 6
_TABLE_MARGIN, _NAMED = 0.1, 0.6


@dataclass
class Open:
    """What was collected on the way: questions, and what is left out."""

    answers: Answers
    questions: list[Question] = field(default_factory=list)
    left_out: list[Reason] = field(default_factory=list)

    def ask(self, question: Question) -> object:
        """Return the answer; None where there is none yet, or it says to leave it out."""
        if question.key not in self.answers:
            self.questions.append(question)
        return self.answers.get(question.key)


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The source, its table for each of the contract, the columns of orders that others meet, and who ordered."""

    source: Source
    tables: Mapping[str, TableEvidence]
    links: Mapping[str, ColumnEvidence]
    people: Mapping[str, ProposedColumn]


def choose_tables(source: Source, open_: Open) -> Chosen:
    """Choose the tables of a source, and the columns of orders that those of others should meet."""
    chosen = _tables(source, open_)
    people = _people(chosen, source, open_)
    links = {**_links(chosen, open_), **{name: column.source for name, column in people.items()}}
    if "deliveries" in chosen and chosen["deliveries"] is chosen.get("orders") and not _is_of_orders(chosen, links):
        del chosen["deliveries"]
    return Chosen(source=source, tables=chosen, links=links, people=people)


def _tables(source: Source, open_: Open) -> dict[str, TableEvidence]:
    """Return the table of the source for each table of the contract, certain or answered."""
    by_title = {table.title: table for table in source.tables}
    if len(by_title) == 1:  # without orders there is no shop
        return _with_deliveries({"orders": source.tables[0]})
    paired, scores = pair_tables(source)
    if "orders" not in paired and (lone := paired.pop("order_items", None)) is not None:
        paired = {"orders": lone, **paired}
    chosen: dict[str, TableEvidence] = {}
    for name, table in paired.items():
        row = scores[[other is table for other in source.tables].index(True)]
        if _is_sure_table(row, name, table, paired):
            chosen[name] = table
            continue
        question = Question(
            kind="table",
            table=name,
            theirs=table.title,
            options=[table.title],
            examples=[column.name for column in table.columns][:MOST_OPTIONS],
            needed=name == "orders",
        )
        answer = open_.ask(question)
        if isinstance(answer, str):
            chosen[name] = by_title[answer]
        elif question.key in open_.answers:
            open_.left_out.append(Reason(key="table", values={"table": name, "theirs": table.title}))
    if "orders" not in paired:
        options = list(by_title)
        answer = open_.ask(
            Question(kind="table", table="orders", theirs="", options=options, examples=options, needed=True)
        )
        if isinstance(answer, str):
            chosen = {
                "orders": by_title[answer],
                **{name: of for name, of in chosen.items() if of is not by_title[answer]},
            }
    return _with_deliveries(chosen)


def _with_deliveries(chosen: Mapping[str, TableEvidence]) -> dict[str, TableEvidence]:
    """Add deliveries where the table of orders says when they were promised."""
    if "orders" not in chosen or "deliveries" in chosen:
        return dict(chosen)
    pairs, _ = pair_columns(chosen["orders"], DELIVERIES, {})
    is_there = all(name in pairs and pairs[name].score >= SURE for name in DELIVERIES.required)
    return {**chosen, **({"deliveries": chosen["orders"]} if is_there else {})}


def _is_sure_table(row: np.ndarray, name: str, table: TableEvidence, paired: Mapping[str, TableEvidence]) -> bool:
    """Check whether a table is one of the contract by its name, or by all of the columns that this needs."""
    # A table with the columns of both is of orders, whose rows are lines.
    free = [
        other for other in TABLES if other not in (name, *paired) and not (name == "orders" and other == "order_items")
    ]
    scores = dict(zip(TABLES, row, strict=True))
    if any(scores[name] < scores[other] + _TABLE_MARGIN for other in free):
        return False
    if table_score(table.subject, name) >= _NAMED:
        return True
    columns, _ = pair_columns(table, TABLES[name], {})
    certain = {needed for needed in columns if columns[needed].score >= SURE}
    return certain >= set(TABLES[name].required) or (name == "orders" and fit_of_lines(table) >= SURE)


def _links(chosen: Mapping[str, TableEvidence], open_: Open) -> dict[str, ColumnEvidence]:
    """Return the columns of orders that those of other tables should meet."""
    if "orders" not in chosen:
        return {}
    orders = chosen["orders"]
    pairs, _ = pair_columns(orders, ORDERS, {})
    names = ("order_id", "customer_id")
    sure = {name: pairs[name].column for name in names if name in pairs and pairs[name].score >= SURE}
    answers = [
        (name, str(open_.answers.get((kind, "orders", name)))) for kind in ("number", "column") for name in names
    ]
    return {**sure, **{name: orders.column[answer] for name, answer in answers if answer in orders.column}}


def _is_of_orders(chosen: Mapping[str, TableEvidence], links: Mapping[str, ColumnEvidence]) -> bool:
    """Check whether every row of the table of orders is an order, so that it is a delivery too."""
    return "order_id" in links and chosen["orders"].is_key(links["order_id"])


def _people(chosen: Mapping[str, TableEvidence], source: Source, open_: Open) -> dict[str, ProposedColumn]:
    """Return the customer of orders where it stands in another table."""
    customer = _links(chosen, open_).get("customer_id")
    person = None if customer is None else person_elsewhere(chosen["orders"], customer, source)
    return {} if person is None else {"customer_id": person}
