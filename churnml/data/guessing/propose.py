"""Evidence in, proposal out: what is certain is proposed, all else is a question until it is answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from churnml.data.contract import DELIVERIES, ORDER_ITEMS, ORDERS, TABLES, Column, Table, plain_name
from churnml.data.guessing.composing import Known, composed, person_elsewhere, without_number
from churnml.data.guessing.evidence import ColumnEvidence, Source, TableEvidence
from churnml.data.guessing.match import MEETS, Pair, fit_of_lines, fits, pair_columns, pair_tables, rivals
from churnml.data.guessing.names import meanings_of, table_score
from churnml.data.guessing.proposal import Answers, Proposal, ProposedColumn, ProposedTable, Question, Reason
from churnml.data.guessing.shapes import common_formats, says_format

_SURE, _ASKED, _MARGIN = 0.72, 0.45, 0.08
_TABLE_MARGIN, _NAMED = 0.1, 0.6
_MOST_OPTIONS = 6
_MOST_STATES = 30
LINES = Table(
    "orders",
    key=("order_id",),
    event_time="ordered_at",
    columns=(*ORDERS.columns, *(replace(column, required=False) for column in ORDER_ITEMS.columns[1:])),
)
"""Orders with a row for each of their lines."""
_ZONES = {"TRY": "Europe/Istanbul", "EUR": "Europe/Berlin", "GBP": "Europe/London", "USD": "America/New_York"}


@dataclass
class _Open:
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
class _Chosen:
    """The source, its table for each of the contract, the columns of orders that others meet, and who ordered."""

    source: Source
    tables: Mapping[str, TableEvidence]
    links: Mapping[str, ColumnEvidence]
    people: Mapping[str, ProposedColumn]


def propose(source: Source, answers: Answers | None = None) -> Proposal:
    """Propose settings for a source.

    Parameters
    ----------
    source : Source
        Evidence of all tables.
    answers : mapping, optional
        Answers to questions of an earlier proposal, by the keys of these.

    Returns
    -------
    Proposal
        What is certain and what was answered; and what is still to be asked.
    """
    open_ = _Open(answers or {})
    chosen = _tables(source, open_)
    people = _people(chosen, source, open_)
    links = {**_links(chosen, open_), **{name: column.source for name, column in people.items()}}
    if "deliveries" in chosen and chosen["deliveries"] is chosen.get("orders") and not _is_of_orders(chosen, links):
        del chosen["deliveries"]
    shop = _Chosen(source=source, tables=chosen, links=links, people=people)
    tables = [_table(TABLES[name], table, shop, open_) for name, table in chosen.items()]
    known = [table for table in tables if table is not None]
    used = {id(table.source) for table in known}
    currency = _currency(known)
    return Proposal(
        tables=known,
        unused=[table for table in source.tables if id(table) not in used],
        unread=source.unread,
        questions=open_.questions,
        left_out=open_.left_out,
        currency=currency,
        timezone=_timezone(known, currency, open_),
    )


def _tables(source: Source, open_: _Open) -> dict[str, TableEvidence]:
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
            examples=[column.name for column in table.columns][:_MOST_OPTIONS],
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
    is_there = all(name in pairs and pairs[name].score >= _SURE for name in DELIVERIES.required)
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
    certain = {needed for needed in columns if columns[needed].score >= _SURE}
    return certain >= set(TABLES[name].required) or (name == "orders" and fit_of_lines(table) >= _SURE)


def _links(chosen: Mapping[str, TableEvidence], open_: _Open) -> dict[str, ColumnEvidence]:
    """Return the columns of orders that those of other tables should meet."""
    if "orders" not in chosen:
        return {}
    orders = chosen["orders"]
    pairs, _ = pair_columns(orders, ORDERS, {})
    names = ("order_id", "customer_id")
    sure = {name: pairs[name].column for name in names if name in pairs and pairs[name].score >= _SURE}
    answers = {name: str(open_.answers.get(("column", "orders", name))) for name in names}
    return {**sure, **{name: orders.column[answer] for name, answer in answers.items() if answer in orders.column}}


def _is_of_orders(chosen: Mapping[str, TableEvidence], links: Mapping[str, ColumnEvidence]) -> bool:
    """Check whether every row of the table of orders is an order, so that it is a delivery too."""
    return "order_id" in links and chosen["orders"].is_key(links["order_id"])


def _people(chosen: Mapping[str, TableEvidence], source: Source, open_: _Open) -> dict[str, ProposedColumn]:
    """Return the customer of orders where it stands in another table."""
    customer = _links(chosen, open_).get("customer_id")
    person = None if customer is None else person_elsewhere(chosen["orders"], customer, source)
    return {} if person is None else {"customer_id": person}


def _table(contract: Table, table: TableEvidence, shop: _Chosen, open_: _Open) -> ProposedTable | None:
    """Return the proposal for one table; None where a column that it needs is left out."""
    lines = contract is ORDERS and "order_id" in shop.links and not table.is_key(shop.links["order_id"])
    if lines and "order_items" not in shop.tables:
        contract = LINES
    columns = _columns(contract, table, shop, open_)
    is_unnumbered = any(column.name == "order_id" and column.setting for column in columns)
    lines = lines or is_unnumbered
    columns, date_format = _with_dates(contract, columns, open_)
    columns, decimal, thousands = _with_numbers(contract, columns, open_)
    names = {column.name: column for column in columns}
    missing = [name for name in _needed(contract, names, shop.links) if name not in names]
    if missing and contract.name != "orders":
        values = {"table": contract.name, "theirs": table.title, "columns": ", ".join(missing)}
        open_.left_out.append(Reason(key="needed", values=values))
        return None
    used = {name for column in columns for name in column.used}
    if contract.name == "orders" and "cancelled_at" not in names:
        open_.left_out += _cancelled_by_status(table, used)
    return ProposedTable(
        name=contract.name,
        source=table,
        columns=columns,
        decimal=decimal,
        thousands=thousands,
        date_format=date_format,
        lines=lines,
        total=_total_of(names, open_, lines=lines, is_unnumbered=is_unnumbered),
        # Each row is a piece or an order, so that identical ones are several.
        same_lines="add" if is_unnumbered or any(column.setting == {"value": 1} for column in columns) else "drop",
        negative=contract.name == "orders" and "returns" not in shop.tables and _is_negative(names),
        unused=[column.name for column in table.columns if column.name not in used],
    )


def _is_negative(names: Mapping[str, ProposedColumn]) -> bool:
    """Check whether amounts, or what they are computed of, are below 0 in some rows."""
    of_amount = ["amount"] if "amount" in names else ["quantity", "unit_price"]
    return any(names[name].source.negative for name in of_amount if name in names)


def _cancelled_by_status(table: TableEvidence, used: Collection[str]) -> list[Reason]:
    """Name columns that tell cancelled orders by a word: without a time these count like all others."""
    reasons = []
    for column in (column for column in table.columns if column.name not in used and column.distinct <= _MOST_STATES):
        said = [value for value in column.sample if any("cancel" in meanings for meanings in meanings_of(value))]
        if said and column.shape.kind == "text":
            reasons.append(Reason(key="status", values={"column": column.name, "value": said[0]}))
    return reasons


def _needed(contract: Table, columns: Collection[str], links: Mapping[str, ColumnEvidence]) -> list[str]:
    """Return the columns without which there is no table: lines compute an amount, orders have a customer."""
    computed = contract is LINES and {"quantity", "unit_price"} <= set(columns)
    of_order = contract.name != "orders" and "order_id" in columns and "order_id" in links
    spared = {*(["amount"] if computed else []), *(["customer_id"] if of_order else [])}
    return [name for name in contract.required if name not in spared]


def _columns(contract: Table, table: TableEvidence, shop: _Chosen, open_: _Open) -> list[ProposedColumn]:
    links = shop.links
    chosen, ranked = pair_columns(table, contract, links if contract.name != "orders" else {})
    certain = {
        name: pair
        for name, pair in chosen.items()
        if pair.score >= _SURE
        and not (pair.meets is not None and pair.meets < MEETS)
        and not rivals(ranked[name], pair, _placed(chosen, name), _margin(contract, name, pair))
    }
    needed = _needed(contract, certain, links)
    taken = {pair.column.name for pair in certain.values()}
    known = Known(source=shop.source, links=links, certain={name: pair.column for name, pair in certain.items()})
    columns: list[ProposedColumn] = []
    for declared in contract.columns:
        name = declared.name
        if contract.name == "orders" and name in shop.people:
            columns.append(shop.people[name])
            continue
        if name in certain:
            columns.append(_proposed(name, certain[name]))
            continue
        options = [pair for pair in ranked.get(name, []) if pair.column.name not in taken]
        likely = [pair for pair in options if pair.score >= _ASKED]
        if not likely and (made := composed(contract, declared, table, known, open_.ask)) is not None:
            columns.append(made)
            continue
        options = likely or (options if name in needed else [])
        if name in needed and not options:
            options = [_unnamed(column) for column in table.columns if fits(column.shape, declared)]
        if not options and not (name in needed and contract.name == "orders"):
            continue
        question = _which(contract, declared, table, options[:_MOST_OPTIONS], needed=name in needed)
        answer = open_.ask(question)
        if answer is None and question.key in open_.answers and name not in needed:
            values = {"table": contract.name, "column": name, "theirs": ", ".join(question.options)}
            open_.left_out.append(Reason(key="unsure", values=values))
        if isinstance(answer, str) and answer in table.column:
            column = table.column[answer]
            taken.add(answer)
            pair = next((pair for pair in options if pair.column is column), _unnamed(column))
            columns.append(_proposed(name, pair, answered=True))
    return _with_number(contract, columns, open_)


def _with_number(contract: Table, columns: list[ProposedColumn], open_: _Open) -> list[ProposedColumn]:
    """Add a number of orders that have none, as somebody said."""
    sources = {column.name: column.source for column in columns}
    is_said = open_.answers.get(("column", "orders", "order_id"), "") is None
    if contract.name != "orders" or not is_said or not {"customer_id", "ordered_at"} <= set(sources):
        return columns
    return [without_number(sources["customer_id"], sources["ordered_at"]), *columns]


def _margin(contract: Table, name: str, pair: Pair) -> float:
    """Return how much better than others a column has to fit; an id of the contract's own name, no worse than they."""
    is_same = name in _types(contract, "id") and plain_name(pair.column.name) == name
    return 0.0 if is_same else _MARGIN


def _placed(chosen: Mapping[str, Pair], name: str) -> set[str]:
    """Return the columns that have a certain place elsewhere."""
    return {pair.column.name for other, pair in chosen.items() if other != name and pair.score >= _SURE}


def _unnamed(column: ColumnEvidence) -> Pair:
    return Pair(column=column, score=0.0, name_score=0.0, is_key=False, meets=None)


def _which(
    contract: Table, declared: Column, table: TableEvidence, options: Sequence[Pair], *, needed: bool
) -> Question:
    return Question(
        kind="column",
        table=contract.name,
        column=declared.name,
        theirs=table.title,
        options=[pair.column.name for pair in options],
        examples=[", ".join(pair.column.examples) for pair in options],
        needed=needed and contract.name == "orders",
        or_none=contract.name == "orders" and declared.name == "order_id",
    )


def _proposed(name: str, pair: Pair, *, answered: bool = False) -> ProposedColumn:
    reasons = []
    if answered:
        reasons.append(Reason(key="answered", values={}))
    elif pair.name_score:
        reasons.append(Reason(key="name", values={}))
    if pair.is_key:
        reasons.append(Reason(key="key", values={"n": pair.column.distinct}))
    if pair.meets is not None:
        reasons.append(Reason(key="meets", values={"share": pair.meets}))
    return ProposedColumn(name=name, source=pair.column, reasons=reasons, answered=answered)


def _with_dates(
    contract: Table, columns: Sequence[ProposedColumn], open_: _Open
) -> tuple[list[ProposedColumn], str | None]:
    """Give each time its format, and return the one of most; a column whose format is not known is left out."""
    kept: list[ProposedColumn] = []
    for column in columns:
        dates = column.source.shape.dates
        if column.name not in _types(contract, "time", "plan"):
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
    forms = [column.date_format or "" for column in kept if column.name in _types(contract, "time", "plan")]
    # Columns in ISO would be held to the format of the table too, so it has one only where none is.
    most = max(sorted(set(forms)), key=forms.count) if forms and all(forms) else None
    return kept, most


def _with_numbers(
    contract: Table, columns: Sequence[ProposedColumn], open_: _Open
) -> tuple[list[ProposedColumn], str | None, str | None]:
    """Find the one format of all numbers in text; columns of another one are left out."""
    numbers = [column for column in columns if column.name in _types(contract, "money", "number")]
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


def _types(contract: Table, *types: str) -> set[str]:
    return {column.name for column in contract.columns if column.type in types}


def _total_of(
    columns: Mapping[str, ProposedColumn], open_: _Open, *, lines: bool, is_unnumbered: bool
) -> Literal["first", "sum"] | None:
    """Return what the amount of a line is; None where there is none, or no lines."""
    if not lines or "amount" not in columns:
        return None
    return "sum" if is_unnumbered else _total(columns, open_)


def _total(columns: Mapping[str, ProposedColumn], open_: _Open) -> Literal["first", "sum"] | None:
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


def _currency(tables: Sequence[ProposedTable]) -> str | None:
    """Return the currency that a column or the signs of amounts say, where it is one."""
    said: set[str] = set()
    for column in (column for table in tables if table.name == "orders" for column in table.columns):
        if column.name == "currency":
            said |= {value.upper() for value in column.source.sample}
        elif column.name == "amount":
            said |= set(column.source.shape.currencies)
    return said.pop() if len(said) == 1 else None


def _timezone(tables: Sequence[ProposedTable], currency: str | None, open_: _Open) -> str | None:
    """Ask for the shop's wall clock where times name a zone."""
    columns = [column for table in tables for column in table.columns]
    zoned = [column.source for column in columns if column.source.shape.zoned]
    if not zoned:
        return None
    likely = _ZONES.get(currency or "")
    options = [zone for zone in (likely, "UTC", *_ZONES.values()) if zone is not None]
    question = Question(
        kind="timezone",
        table="",
        theirs=zoned[0].name,
        options=list(dict.fromkeys(options)),
        examples=zoned[0].examples,
        needed=False,
    )
    answer = open_.ask(question)
    return answer if isinstance(answer, str) else None
