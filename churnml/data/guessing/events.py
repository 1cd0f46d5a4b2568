"""Tables whose rows stand for several things, of which some are orders: a column says which, by a word."""

from __future__ import annotations

from churnml.data.guessing.evidence import ColumnEvidence, TableEvidence
from churnml.data.guessing.names import meanings_of

_MOST_KINDS = 12
_OTHER = frozenset({"cart", "pages", "visit", "open", "click", "item", "line", "amount", "payment"})
_TAKEN_BACK = frozenset({"return", "refund", "cancel"})


def purchases_of(table: TableEvidence) -> dict[str, list[str]]:
    """Return the column that says of rows whether they are orders, with the value that says so; empty where none does.

    One value is a word for an order, another one for what is none (a view, a line of an order, a payment), and none
    for what takes an order back, whose rows are amounts below 0.
    """
    found = {column.name: value for column in table.columns if (value := _purchase(column)) is not None}
    return {name: [value] for name, value in found.items()} if len(found) == 1 else {}


def _purchase(column: ColumnEvidence) -> str | None:
    if not 1 < column.distinct <= _MOST_KINDS or column.shape.kind != "text":
        return None
    words = {value: [set(of) for of in meanings_of(value)] for value in column.sample}
    orders = [value for value, of in words.items() if of and all("order" in meant for meant in of)]
    others = [value for value in words if value not in orders]
    is_other = any(meant & _OTHER for value in others for meant in words[value])
    is_taken_back = any(meant & _TAKEN_BACK for of in words.values() for meant in of)
    return orders[0] if len(orders) == 1 and is_other and not is_taken_back else None
