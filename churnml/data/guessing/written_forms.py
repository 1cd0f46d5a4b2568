"""How the chosen columns of a table are written: dates, numbers, and whose amount stands in a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from churnml.data.contract import Table
from churnml.data.guessing.chosen_tables import Open
from churnml.data.guessing.proposal import ProposedColumn, Question, Reason
from churnml.data.guessing.shapes import common_formats, says_format


def with_dates(
    contract: Table, columns: Sequence[ProposedColumn], open_: Open
) -> tuple[list[ProposedColumn], str | None]:
    """Give each time its format, and return the one of most; a column whose format is not known is left out."""
    kept: list[ProposedColumn] = []
    for column in columns:
        dates = column.source.shape.dates
        if column.name not in types_of(contract, "time", "plan"):
            kept.append(column)
            continue
        form = dates[0]
        if len(dates) > 1:
            question = Question(
                kind="date_format",
                table=contract.name,
                column=column.name,
                theirs=column.source.name,
                options=dates,
                examples=column.source.examples,
                needed=contract.name == "orders" and column.name in contract.required,
            )
            answer = open_.ask(question)
            if not isinstance(answer, str):
                if question.key in open_.answers:
                    open_.left_out.append(Reason(key="column", values={"table": contract.name, "column": column.name}))
                continue
            form = answer
        kept.append(replace(column, date_format=form))
    forms = [column.date_format or "" for column in kept if column.name in types_of(contract, "time", "plan")]
    # Columns in ISO would be held to the format of the table too, so it has one only where none is.
    most = max(sorted(set(forms)), key=forms.count) if forms and all(forms) else None
    return kept, most


def with_numbers(
    contract: Table, columns: Sequence[ProposedColumn], open_: Open
) -> tuple[list[ProposedColumn], str | None, str | None]:
    """Find the one format of all numbers in text; columns of another one are left out."""
    numbers = [column for column in columns if column.name in types_of(contract, "money", "number")]
    texts = [column for column in numbers if column.source.type == "text" and says_format(column.source.shape)]
    if not texts:
        return list(columns), None, None
    options, apart = common_formats([column.source.shape for column in texts])
    form = options[0]
    if len(options) > 1:
        question = Question(
            kind="number_format",
            table=contract.name,
            theirs=texts[0].source.name,
            options=options,
            examples=texts[0].source.examples,
            needed=contract.name == "orders",
        )
        answer = open_.ask(question)
        if not isinstance(answer, tuple):
            return [column for column in columns if column not in texts], None, None
        form = answer
    others = [texts[place] for place in apart]
    for column in others:
        open_.left_out.append(Reason(key="column", values={"table": contract.name, "column": column.name}))
    return [column for column in columns if column not in others], *form


def total_of(
    columns: Mapping[str, ProposedColumn], open_: Open, *, lines: bool, is_unnumbered: bool
) -> Literal["first", "sum"] | None:
    """Return what the amount of a line is; None where there is none, or no lines, or the order is not known yet."""
    if not lines or not {"amount", "order_id"} <= set(columns):
        return None
    if columns["amount"].setting is not None:  # what another table says of the order stands in all of its lines
        return "first"
    return "sum" if is_unnumbered else _total(columns, open_)


def _total(columns: Mapping[str, ProposedColumn], open_: Open) -> Literal["first", "sum"] | None:
    """Return what was answered about the amount of a line."""
    question = Question(
        kind="total",
        table="orders",
        column="amount",
        theirs=columns["amount"].source.name,
        options=["sum", "first"],
        examples=columns["amount"].source.examples,
        needed=True,
    )
    answer = open_.ask(question)
    return "first" if answer == "first" else "sum" if answer == "sum" else None


def types_of(contract: Table, *types: str) -> set[str]:
    """Name the columns of a contract table that are of some types."""
    return {column.name for column in contract.columns if column.type in types}
