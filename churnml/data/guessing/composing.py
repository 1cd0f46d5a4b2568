"""Columns that no column of a table holds: they stand in another table, are made of several, or are alike for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from churnml.data.contract import ORDER_ITEMS, ORDERS, REVIEWS, Column, Table
from churnml.data.formats import plain_number
from churnml.data.guessing.evidence import ColumnEvidence, Source, TableEvidence
from churnml.data.guessing.match import SURELY_MEETS, fits
from churnml.data.guessing.names import column_score
from churnml.data.guessing.proposal import ProposedColumn, Question, Reason
from churnml.data.guessing.shapes import numbers_in

_SURE_NAME, _MARGIN = 0.8, 0.1
_SCALES = (10, 20, 100)
_ENDS = {"5", "10", "20", "100", "5.0", "10.0", "20.0", "100.0"}


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a table and its source when a column is missing.

    Attributes
    ----------
    source : Source
        Evidence of all tables.
    links : mapping of str to ColumnEvidence
        Columns of ``orders`` that those of other tables should meet.
    certain : mapping of str to ColumnEvidence
        Columns of the table that are certain, by their names in the contract.
    """

    source: Source
    links: Mapping[str, ColumnEvidence]
    certain: Mapping[str, ColumnEvidence]


def composed(
    contract: Table, declared: Column, table: TableEvidence, known: Known, ask: Callable[[Question], object]
) -> ProposedColumn | None:
    """Propose a column that no column of the table holds; None where nothing tells what it is.

    Parameters
    ----------
    contract : Table
        Table of the contract.
    declared : Column
        Column of the contract that is missing.
    table : TableEvidence
        Table of the source.
    known : Known
        What is known already.
    ask : callable
        Function that returns the answer to a question; None where there is none.
    """
    name, certain = declared.name, known.certain
    if contract.name == "orders" and name == "order_id" and _is_without_number(table, certain):
        return _number(table, certain, ask)
    if contract.name == "orders" and name == "amount" and "order_id" in certain:
        is_computed = {"quantity", "unit_price"} <= set(certain)
        return None if is_computed else _amount_elsewhere(table, certain["order_id"], known.source)
    if contract is ORDER_ITEMS and name == "quantity" and {"order_id", "product_id"} <= set(certain):
        return pieces(contract, table, certain, ask)
    if contract is REVIEWS and name == "scale" and "rating" in certain:
        return _scale(table, certain, ask)
    if contract.key == (name,) and name not in ("order_id", "customer_id") and not _may_be_key(table, certain):
        return _key(contract, table, certain, ask)
    return None


def without_number(customer: ColumnEvidence, time: ColumnEvidence) -> ProposedColumn:
    """Propose a number for orders that have none: the rows of a customer at one time are one order."""
    return _of_parts("order_id", [customer, time], "no_number")


def _number(
    table: TableEvidence, certain: Mapping[str, ColumnEvidence], ask: Callable[[Question], object]
) -> ProposedColumn:
    """Propose the column that numbers orders under a name that does not say so, or else customer and time."""
    placed = {column.name for column in certain.values()}
    question = Question(
        kind="number",
        table="orders",
        column="order_id",
        theirs=table.title,
        options=[
            column.name
            for column in table.columns
            if column.name not in placed and column.distinct > 1 and fits(column.shape, ORDERS.column["order_id"])
        ],
        examples=[],
        needed=False,
    )
    answer = ask(question) if question.options else None
    if isinstance(answer, str):
        said = [Reason(key="number", values={})]
        return ProposedColumn(name="order_id", source=table.column[answer], reasons=said)
    return without_number(certain["customer_id"], certain["ordered_at"])


def person_elsewhere(table: TableEvidence, customer: ColumnEvidence, source: Source) -> ProposedColumn | None:
    """Propose the person behind an id that every order has for itself, where a table of customers says whose it is."""
    if not table.is_key(customer):
        return None
    for other in (other for other in source.tables if other is not table):
        keys = [one for one in other.columns if other.is_key(one) and customer.share_in(one) >= SURELY_MEETS]
        people = [
            column
            for column in other.columns
            if column_score(column.name, "customers", "customer_id") >= _SURE_NAME
            and column.filled == other.rows
            and column.distinct < other.rows
        ]
        if keys and len(people) == 1:
            return _of_table("customer_id", people[0], other, (customer.name, keys[0].name), "person")
    return None


def pieces(
    contract: Table, table: TableEvidence, certain: Mapping[str, ColumnEvidence], ask: Callable[[Question], object]
) -> ProposedColumn | None:
    """Propose one piece for each line where no column could count them."""
    order = ["order_id"] if "order_id" in certain else ["customer_id", "ordered_at"]
    if not {*order, "product_id"} <= set(certain) or any(
        column_score(column.name, "order_items", "quantity") for column in table.columns
    ):
        return None
    question = Question(
        kind="pieces",
        table=contract.name,
        column="quantity",
        theirs=table.title,
        options=["one"],
        examples=[certain[name].name for name in (*order, "product_id")],
        needed=False,
    )
    return _of_value("quantity", 1, "pieces") if ask(question) == "one" else None


def _scale(
    table: TableEvidence, certain: Mapping[str, ColumnEvidence], ask: Callable[[Question], object]
) -> ProposedColumn | None:
    """Propose the scale of ratings above five stars: the highest of them where scales end, else what is answered."""
    rating, placed = certain["rating"], {column.name for column in certain.values()}
    others = [one for one in table.columns if one.name not in placed and one.sample and set(one.sample) <= _ENDS]
    if others:
        question = Question(
            kind="column",
            table="reviews",
            column="scale",
            theirs=table.title,
            options=[one.name for one in others],
            examples=[", ".join(one.examples) for one in others],
            needed=False,
        )
        named = table.column.get(str(ask(question)))
        said = [Reason(key="answered", values={})]
        return None if named is None else ProposedColumn(name="scale", source=named, reasons=said, answered=True)
    highest = max((float(value) for value in rating.sample if plain_number(value, ".", None)), default=0.0)
    if highest <= float(REVIEWS.column["scale"].default or 0):
        return None
    if highest in _SCALES:
        return _of_value("scale", int(highest), "scale")
    question = Question(
        kind="scale",
        table="reviews",
        column="scale",
        theirs=rating.name,
        options=[scale for scale in _SCALES if scale > highest],
        examples=[f"{highest:g}"],
        needed=False,
    )
    answer = ask(question)
    return _of_value("scale", answer, "answered") if isinstance(answer, int) else None


def _key(
    contract: Table, table: TableEvidence, certain: Mapping[str, ColumnEvidence], ask: Callable[[Question], object]
) -> ProposedColumn | None:
    """Propose a key of several columns, the first of those that come into question whose rows all differ."""
    (name,) = contract.key
    named = [column for column in table.columns if column_score(column.name, contract.name, name) >= _SURE_NAME]
    event = certain.get(str(contract.event_time))
    who = [certain[one] for one in ("order_id", "customer_id") if one in certain]
    options = [[column, one] for column in named for one in who if column is not one]
    options += [[one, event] for one in who if event is not None]
    if not options:
        return None
    question = Question(
        kind="key",
        table=contract.name,
        column=name,
        theirs=table.title,
        options=[tuple(column.name for column in parts) for parts in options],
        examples=[],
        needed=False,
    )
    answer = ask(question)
    chosen = [parts for parts in options if tuple(part.name for part in parts) == answer]
    return _of_parts(name, chosen[0], "parts") if chosen else None


def _is_without_number(table: TableEvidence, certain: Mapping[str, ColumnEvidence]) -> bool:
    """Tell whether orders have no number: customer and time are known, and no other column may be one."""
    known = [certain[name].name for name in ("customer_id", "ordered_at") if name in certain]
    return len(known) == 2 and not _may_be_key(table, certain)


def _may_be_key(table: TableEvidence, certain: Mapping[str, ColumnEvidence]) -> bool:
    """Tell whether a column without a certain place could tell the rows apart."""
    placed = {column.name for column in certain.values()}
    return any(
        table.is_key(column) and fits(column.shape, ORDERS.column["order_id"])
        for column in table.columns
        if column.name not in placed
    )


def _amount_elsewhere(table: TableEvidence, order_id: ColumnEvidence, source: Source) -> ProposedColumn | None:
    """Propose an amount that stands in another table, such as one of payments, whose rows name the order."""
    options = []
    for other in (other for other in source.tables if other is not table):
        keys = [column for column in other.columns if column.share_in(order_id) >= SURELY_MEETS]
        keys = [column for column in keys if column_score(column.name, "order_items", "order_id") >= _SURE_NAME]
        amounts = [column for column in other.columns if fits(column.shape, ORDERS.column["amount"])]
        scored = [(column_score(column.name, "orders", "amount"), column) for column in amounts]
        options += [(score, other, keys[0], column) for score, column in scored if keys and score >= _SURE_NAME]
    if not options:
        return _worth_of_items(table, order_id, source)
    options.sort(key=lambda option: -option[0])
    if len(options) > 1 and options[0][0] - options[1][0] < _MARGIN:
        return None
    _, other, key, amount = options[0]
    return _of_table("amount", amount, other, (order_id.name, key.name), "summed")


def _worth_of_items(table: TableEvidence, order_id: ColumnEvidence, source: Source) -> ProposedColumn | None:
    """Propose what the items of orders cost, by the prices of one table: of pieces, or of rows that count none."""
    found = []
    for other in (other for other in source.tables if other is not table):
        named = {
            name: [one for one in other.columns if column_score(one.name, "order_items", name) >= _SURE_NAME]
            for name in ("order_id", "unit_price", "quantity")
        }
        keys = [column for column in named["order_id"] if column.share_in(order_id) >= SURELY_MEETS]
        prices = [column for column in named["unit_price"] if fits(column.shape, ORDERS.column["amount"])]
        counts = [column for column in named["quantity"] if fits(column.shape, ORDER_ITEMS.column["quantity"])]
        may_count = any(column_score(one.name, "order_items", "quantity") for one in other.columns)
        # Of what was taken off an item, no setting says how.
        is_reduced = any(
            column_score(one.name, "orders", "discount") >= _SURE_NAME and any(numbers_in(one.sample, (None, None)))
            for one in other.columns
        )
        if keys and prices and (counts or not may_count) and not is_reduced:
            found.append((other, keys, prices, counts))
    if len(found) != 1:
        return None
    other, keys, prices, counts = found[0]
    if max(map(len, (keys, prices, counts))) > 1:
        return None
    worth = _of_table("amount", prices[0], other, (order_id.name, keys[0].name), "summed")
    times = {"times": counts[0].name} if counts else {}
    return replace(worth, setting={**(worth.setting or {}), **times})


def _of_parts(name: str, parts: Sequence[ColumnEvidence], reason: str) -> ProposedColumn:
    """Propose a column that is made of several."""
    names = [part.name for part in parts]
    made = ColumnEvidence(name=", ".join(names), type="text", filled=0, distinct=0, sample={})
    return ProposedColumn(name=name, source=made, reasons=[Reason(key=reason, values={})], setting={"from": names})


def _of_value(name: str, value: int, reason: str) -> ProposedColumn:
    """Propose a column that has one value."""
    made = ColumnEvidence(name=str(value), type="whole", filled=0, distinct=1, sample={})
    return ProposedColumn(name=name, source=made, reasons=[Reason(key=reason, values={})], setting={"value": value})


def _of_table(
    name: str, column: ColumnEvidence, other: TableEvidence, by: tuple[str, str], reason: str
) -> ProposedColumn:
    """Propose a column of another table; ``by`` are the columns that meet, here and there."""
    here, there = by
    setting: dict[str, Any] = {"from": column.name, "table": other.name, "by": here}
    setting |= {"key": there} if there != here else {}
    setting |= {"sum": True} if reason == "summed" else {}
    said = Reason(key=reason, values={"table": other.title, "by": here})
    return ProposedColumn(name=name, source=column, reasons=[said], setting=setting)
