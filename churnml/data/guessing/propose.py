"""Evidence in, proposal out: what is certain is proposed, all else is a question until it is answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from statistics import median

from churnml.config import EPOCH_FORMATS
from churnml.data.contract import ORDER_ITEMS, ORDERS, TABLES, Column, Table, plain_name
from churnml.data.guessing.chosen_tables import MOST_OPTIONS, SURE, Chosen, Open, choose_tables
from churnml.data.guessing.clocks import with_clocks
from churnml.data.guessing.composing import Known, composed, pieces, without_number
from churnml.data.guessing.evidence import ColumnEvidence, Source, TableEvidence
from churnml.data.guessing.match import MEETS, Pair, fits, pair_columns, rivals
from churnml.data.guessing.names import meanings_of
from churnml.data.guessing.proposal import Answers, Proposal, ProposedColumn, ProposedTable, Question, Reason
from churnml.data.guessing.shapes import numbers_in
from churnml.data.guessing.written_forms import total_of, types_of, with_dates, with_numbers

_ASKED, _MARGIN = 0.45, 0.08
_MOST_STATES = 30
LINES = Table(
    "orders",
    key=("order_id",),
    event_time="ordered_at",
    columns=(*ORDERS.columns, *(replace(column, required=False) for column in ORDER_ITEMS.columns[1:])),
)
"""Orders with a row for each of their lines."""
_ZONES = {"TRY": "Europe/Istanbul", "EUR": "Europe/Berlin", "GBP": "Europe/London", "USD": "America/New_York"}


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
    open_ = Open(answers or {})
    shop = choose_tables(source, open_)
    tables = [_table(TABLES[name], table, shop, open_) for name, table in shop.tables.items()]
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


def _table(contract: Table, table: TableEvidence, shop: Chosen, open_: Open) -> ProposedTable | None:
    """Return the proposal for one table; None where a column that it needs is left out."""
    lines = contract is ORDERS and _is_of_lines(table, shop)
    if lines and "order_items" not in shop.tables:
        contract = LINES
    columns = _columns(contract, table, shop, open_)
    is_unnumbered = any(column.name == "order_id" and column.setting for column in columns)
    lines = lines or is_unnumbered
    columns, date_format = with_dates(contract, columns, open_)
    columns = with_clocks(contract, table, columns)
    columns, decimal, thousands = with_numbers(contract, columns, open_)
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
        total=total_of(names, open_, lines=lines, is_unnumbered=is_unnumbered),
        # Each row is a piece or an order, so that identical ones are several.
        same_lines="add" if is_unnumbered or any(column.setting == {"value": 1} for column in columns) else "drop",
        negative=contract.name == "orders" and "returns" not in shop.tables and _is_negative(names),
        several=contract.name == "customers" and not table.is_key(names["customer_id"].source),
        unused=[column.name for column in table.columns if column.name not in used],
    )


def _is_of_lines(table: TableEvidence, shop: Chosen) -> bool:
    """Check whether rows are lines of orders: an order has several, or pieces and a price stand for an amount."""
    number = shop.links.get("order_id")
    if number is not None and not table.is_key(number):
        return True
    pairs, _ = pair_columns(table, LINES, {})
    certain = {name for name, pair in pairs.items() if pair.score >= SURE}
    worth = {"unit_price", "quantity" if "quantity" in pairs else "product_id"}
    return "amount" not in certain and worth <= certain and "order_items" not in shop.tables


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


def _columns(contract: Table, table: TableEvidence, shop: Chosen, open_: Open) -> list[ProposedColumn]:
    links = shop.links
    chosen, ranked = pair_columns(table, contract, links if contract.name != "orders" else {})
    certain = {
        name: pair
        for name, pair in chosen.items()
        if pair.score >= SURE
        and not (pair.meets is not None and pair.meets < MEETS)
        and not rivals(ranked[name], pair, _placed(chosen, name), _margin(contract, name, pair))
    }
    if contract.name == "orders" and _may_count_pieces(table, certain):
        certain = {name: pair for name, pair in certain.items() if name not in ("amount", "unit_price")}
    if _may_be_without_cents(certain, ranked.get("amount", [])):
        certain = {name: pair for name, pair in certain.items() if name != "amount"}
    taken = {pair.column.name for pair in certain.values()}
    known = Known(source=shop.source, links=links, certain={name: pair.column for name, pair in certain.items()})
    is_priced = contract is LINES and "unit_price" in certain and not {"amount", "quantity"} & set(certain)
    one = pieces(contract, table, known.certain, open_.ask) if is_priced else None
    needed = _needed(contract, [*certain, *(["quantity"] if one else [])], links)
    columns: list[ProposedColumn] = []
    for declared in contract.columns:
        name = declared.name
        if (person := _person(contract, declared, table, shop)) is not None:
            columns.append(person)
            continue
        if name in certain:
            columns.append(_proposed(name, certain[name]))
            continue
        if name == "quantity" and one is not None:
            columns.append(one)
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
        # What pieces are worth is no answer where a column may be the amount: that may be what was paid.
        is_worth = contract is LINES and name == "amount" and name not in needed
        is_needed = name in needed or is_worth
        shown = options[:MOST_OPTIONS] if likely else options  # of names that say nothing, each may be it
        question = _which(contract, declared, table, shown, needed=is_needed, or_none=is_worth)
        answer = open_.ask(question)
        if answer is None and question.key in open_.answers and name not in needed:
            values = {"table": contract.name, "column": name, "theirs": ", ".join(question.options)}
            open_.left_out.append(Reason(key="unsure", values=values))
        if isinstance(answer, str) and answer in table.column:
            column = table.column[answer]
            taken.add(answer)
            pair = next((pair for pair in options if pair.column is column), _unnamed(column))
            is_counted = open_.answers.get(("number", contract.name, name)) == answer
            columns.append(_proposed(name, pair, answered="number" if is_counted else "answered"))
    return _with_number(contract, columns, open_)


def _may_count_pieces(table: TableEvidence, certain: Mapping[str, Pair]) -> bool:
    """Tell whether an amount may be one of pieces, and a price that of them all: nothing else counts them."""
    pairs, _ = pair_columns(table, LINES, {})
    price, count = pairs.get("unit_price"), pairs.get("quantity")
    if "amount" not in certain or price is None or price.score < SURE or (count is not None and count.score >= SURE):
        return False
    amount = certain["amount"].column
    if not amount.shape.whole or amount.shape.currencies or amount is price.column:
        return False
    usual = [median(numbers_in(column.sample, column.shape.numbers[0])) for column in (amount, price.column)]
    return usual[0] < usual[1]


def _may_be_without_cents(certain: Mapping[str, Pair], ranked: Sequence[Pair]) -> bool:
    """Tell whether an amount of whole numbers may be a count: another column that comes into question has cents."""
    if "amount" not in certain or not certain["amount"].column.shape.whole:
        return False
    placed = {pair.column.name for pair in certain.values()}
    others = [pair.column for pair in ranked if pair.score >= _ASKED and pair.column.name not in placed]
    return any(column.shape.kind == "number" and not column.shape.whole for column in others)


def _person(contract: Table, declared: Column, table: TableEvidence, shop: Chosen) -> ProposedColumn | None:
    """Return who ordered where another table says so: of orders by that table, and of that table itself."""
    person = shop.people.get(declared.name)
    if person is None or contract.name == "orders":
        return person
    is_there = contract.name == "customers" and any(column is person.source for column in table.columns)
    return replace(person, setting=None) if is_there else None


def _with_number(contract: Table, columns: list[ProposedColumn], open_: Open) -> list[ProposedColumn]:
    """Add a number of orders that have none, as somebody said."""
    sources = {column.name: column.source for column in columns}
    is_said = open_.answers.get(("column", "orders", "order_id"), "") is None
    if contract.name != "orders" or not is_said or not {"customer_id", "ordered_at"} <= set(sources):
        return columns
    return [without_number(sources["customer_id"], sources["ordered_at"]), *columns]


def _margin(contract: Table, name: str, pair: Pair) -> float:
    """Return how much better than others a column has to fit; an id of the contract's own name, no worse than they."""
    is_same = name in types_of(contract, "id") and plain_name(pair.column.name) == name
    return 0.0 if is_same else _MARGIN


def _placed(chosen: Mapping[str, Pair], name: str) -> set[str]:
    """Return the columns that have a certain place elsewhere."""
    return {pair.column.name for other, pair in chosen.items() if other != name and pair.score >= SURE}


def _unnamed(column: ColumnEvidence) -> Pair:
    return Pair(column=column, score=0.0, name_score=0.0, is_key=False, meets=None)


def _which(
    contract: Table, declared: Column, table: TableEvidence, options: Sequence[Pair], *, needed: bool, or_none: bool
) -> Question:
    return Question(
        kind="column",
        table=contract.name,
        column=declared.name,
        theirs=table.title,
        options=[pair.column.name for pair in options],
        examples=[", ".join(pair.column.examples) for pair in options],
        needed=needed and contract.name == "orders",
        or_none=or_none or (contract.name == "orders" and declared.name == "order_id"),
    )


def _proposed(name: str, pair: Pair, *, answered: str | None = None) -> ProposedColumn:
    reasons = []
    if answered:
        reasons.append(Reason(key=answered, values={}))
    elif pair.name_score:
        reasons.append(Reason(key="name", values={}))
    if pair.is_key:
        reasons.append(Reason(key="key", values={"n": pair.column.distinct}))
    if pair.meets is not None:
        reasons.append(Reason(key="meets", values={"share": pair.meets}))
    return ProposedColumn(name=name, source=pair.column, reasons=reasons, answered=answered is not None)


def _currency(tables: Sequence[ProposedTable]) -> str | None:
    """Return the currency that a column or the signs of amounts say, where it is one."""
    said: set[str] = set()
    for column in (column for table in tables if table.name == "orders" for column in table.columns):
        if column.name == "currency":
            said |= {value.upper() for value in column.source.sample}
        elif column.name == "amount":
            said |= set(column.source.shape.currencies)
    return said.pop() if len(said) == 1 else None


def _timezone(tables: Sequence[ProposedTable], currency: str | None, open_: Open) -> str | None:
    """Ask for the shop's wall clock where times name a zone."""
    columns = [column for table in tables for column in table.columns]
    zoned = [column.source for column in columns if column.source.shape.zoned or column.date_format in EPOCH_FORMATS]
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
