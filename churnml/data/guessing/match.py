"""Which table of a source is which table of the contract, and which column which: by names, values, keys and links."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from churnml.data.contract import ORDER_ITEMS, ORDERS, TABLES, Column, Table, plain_name
from churnml.data.guessing.evidence import ColumnEvidence, Source, TableEvidence
from churnml.data.guessing.names import column_score, meanings_of, table_score
from churnml.data.guessing.shapes import Shape

_NAME, _STRUCTURE, _NAMELESS = 0.8, 0.2, 0.25
_TABLE_NAME, _TABLE_COLUMNS = 0.45, 0.55
_POSSIBLE_TABLE = 0.4
MEETS = 0.5
# Numbers from 1 on are ids of customers and orders alike; what meets one of the two alone is that.
SURELY_MEETS, _BY_LINK = 0.95, 0.9
# Where nothing else says who ordered, an address of theirs does.
_BY_EMAIL = 0.8
# Of two that fit alike, the one of the contract's own name is chosen.
_SAME_NAME = 0.001
# And of a time that is written and one that is counted, the written one.
_COUNTED = 0.1
# A number that stands in several rows is that of an order nearly as well: what else is called so, is asked about.
_OF_LINES = 0.7
_NEARLY_FILLED = 0.9
# An id of nothing that is named, or of what is not known, may be anything's where it stands in several rows.
_UNSAID = 0.6
# That of a hash of 256 bits.
_LONGEST_ID = 64
_AS_IT_IS = 0.5


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A column of the source for a column of the contract.

    Attributes
    ----------
    column : ColumnEvidence
        Column of the source.
    score : float
        How well both fit, from 0 to 1.
    name_score : float
        How well the names alone fit, from 0 to 1.
    is_key : bool
        Whether every row has a value of its own.
    meets : float or None
        Share of the values that the linked column of orders has too; None where there is no link.
    """

    column: ColumnEvidence
    score: float
    name_score: float
    is_key: bool
    meets: float | None


Pairs = Mapping[str, Pair]


def pair_tables(source: Source) -> tuple[dict[str, TableEvidence], np.ndarray]:
    """Assign the tables of a source to those of the contract, such that all together fit best.

    Returns
    -------
    dict of str to TableEvidence
        Table of the source for each table of the contract that has one.
    array
        How well each table of the source fits each table of the contract.
    """
    names = list(TABLES)
    scores = np.array([[_fit_of_table(table, TABLES[name]) for name in names] for table in source.tables])
    if not len(scores):
        return {}, scores
    rows, columns = linear_sum_assignment(scores, maximize=True)
    pairs = {
        names[int(column)]: source.tables[int(row)]
        for row, column in zip(rows, columns, strict=True)
        if scores[row, column] >= _POSSIBLE_TABLE
    }
    return {name: pairs[name] for name in names if name in pairs}, scores


def pair_columns(
    table: TableEvidence, contract: Table, links: Mapping[str, ColumnEvidence], taken: Collection[str] = ()
) -> tuple[dict[str, Pair], dict[str, list[Pair]]]:
    """Assign columns of a table to those of a contract table, such that all together fit best.

    Parameters
    ----------
    table : TableEvidence
        Table of the source.
    contract : Table
        Table of the contract.
    links : mapping of str to ColumnEvidence
        Columns of ``orders`` that others should meet, by their names in the contract.
    taken : collection of str, optional
        Names of columns that have another place already.

    Returns
    -------
    dict of str to Pair
        Chosen column for each column of the contract that has one.
    dict of str to list of Pair
        All that come into question for each, the best first.
    """
    columns = [column for column in table.columns if column.name not in taken]
    pairs = [[_pair(table, column, contract, declared, links) for column in columns] for declared in contract.columns]
    if not columns:
        return {}, {}
    scores = np.array([[pair.score for pair in row] for row in pairs])
    chosen = {
        contract.columns[row].name: pairs[row][place]
        for row, place in zip(*linear_sum_assignment(scores, maximize=True), strict=True)
        if scores[row, place] > 0
    }
    ranked = {
        declared.name: sorted((pair for pair in row if pair.score > 0), key=lambda pair: -pair.score)
        for declared, row in zip(contract.columns, pairs, strict=True)
    }
    return chosen, ranked


def fits(shape: Shape, declared: Column) -> bool:
    """Check whether values of a shape can be those of a column of the contract."""
    if shape.kind == "empty":
        return False
    if declared.type in ("time", "plan"):
        return shape.kind == "time" or (shape.kind == "number" and bool(shape.dates))
    if declared.name == "discount" and shape.is_share:  # of a price, and no money
        return False
    if declared.type in ("money", "number"):
        return shape.kind == "number" or (shape.kind == "flag" and shape.whole and declared.name != "scale")
    if declared.type == "flag":
        return shape.kind == "flag"
    if declared.type == "id":
        is_id = shape.kind in ("text", "email", "flag") or (shape.kind == "number" and shape.whole) or _is_day_id(shape)
        return is_id and shape.longest <= _LONGEST_ID
    return shape.kind in ("text", "flag") or (shape.kind == "number" and shape.whole and declared.name != "text")


def _is_day_id(shape: Shape) -> bool:
    """Tell whether times may be ids: numbers such as 20250331 look like days."""
    return shape.dates == ("%Y%m%d",)


def _pair(
    table: TableEvidence,
    column: ColumnEvidence,
    contract: Table,
    declared: Column,
    links: Mapping[str, ColumnEvidence],
) -> Pair:
    name_score = column_score(column.name, contract.name, declared.name)
    if declared.name == "customer_id" and column.shape.kind == "email":
        name_score = max(name_score, _BY_EMAIL)
    is_key, meets, structure = table.is_key(column), None, _AS_IT_IS
    if contract.name == "orders" and declared.name == "order_id" and not is_key and not _says_order(column):
        name_score *= _UNSAID
    if contract.key == (declared.name,):
        # A row of an order may be a line of it, so that its id stands in several.
        structure = 1.0 if is_key else _OF_LINES if contract.name == "orders" else 0.0
    elif declared.name in links and contract.name != "orders":
        meets = column.share_in(links[declared.name])
        structure = 1.0 if meets >= MEETS else 0.0
        if meets >= SURELY_MEETS and all(
            column.share_in(other) < MEETS for name, other in links.items() if name != declared.name
        ):
            name_score = max(name_score, _BY_LINK)
    elif declared.type == "id" and declared.name != "line_id" and is_key and table.rows > 1:
        structure = 0.2
    possible = fits(column.shape, declared) and not _is_other_kind(column, declared)
    if contract.key == (declared.name,) and declared.name in links and contract.name != "orders":
        meets = column.share_in(links[declared.name])
        possible = possible and meets > 0
    if contract.key == (declared.name,) and not is_key:
        # Each row names its order, though a few below the rows may not.
        possible = possible and contract.name == "orders" and column.filled >= _NEARLY_FILLED * table.rows
    if name_score == 0 and (meets is None or meets < MEETS):
        score = _NAMELESS * structure
    else:
        score = _NAME * max(name_score, 0.5 if meets is not None and meets >= MEETS else 0) + _STRUCTURE * structure
    if plain_name(column.name) == declared.name:
        score += _SAME_NAME
    if declared.type in ("time", "plan") and column.shape.kind == "number":
        score -= _COUNTED
    return Pair(column=column, score=score if possible else 0.0, name_score=name_score, is_key=is_key, meets=meets)


def _says_order(column: ColumnEvidence) -> bool:
    return any("order" in of for of in meanings_of(column.name))


def _is_other_kind(column: ColumnEvidence, declared: Column) -> bool:
    """Tell by name and values that a column is another kind of thing, though its name speaks of what is declared.

    "Sales Record Number" and "Discount %" are no amounts, "couponDiscount" with numbers is no code, a price no id.
    """
    meanings = meanings_of(column.name)
    is_number = any(of == {"id"} for of in meanings)
    is_share = "%" in column.name or any("percent" in of for of in meanings)
    if declared.name == "discount_code":
        return column.shape.kind in ("number", "flag") and any("discount" in of for of in meanings) and not is_number
    if declared.type == "id":
        return any("price" in of for of in meanings) and not is_number
    return declared.type == "money" and (is_number or is_share)


def _fit_of_table(table: TableEvidence, contract: Table) -> float:
    if not table.rows:
        return 0.0
    chosen, _ = pair_columns(table, contract, {})
    times = [name for name in contract.required if contract.column[name].type in ("time", "plan")]
    if contract is ORDERS and not all(name in chosen for name in times):
        return 0.0
    needed = [chosen[name].score if name in chosen else 0.0 for name in contract.required]
    further = sum(chosen[name].name_score > _AS_IT_IS for name in chosen if name not in contract.required)
    name = table_score(table.subject, contract.name)
    columns = sum(needed) / len(needed)
    if contract is ORDERS:
        columns = max(columns, fit_of_lines(table), _fit_without_number(chosen))
    return _TABLE_NAME * name + _TABLE_COLUMNS * columns + 0.02 * min(further, 5)


def _fit_without_number(chosen: Pairs) -> float:
    """Say how well a table fits as orders without a number: who, when and how much stand in its place."""
    scores = [chosen[name].score if name in chosen else 0.0 for name in ("customer_id", "ordered_at", "amount")]
    return sum(scores) / 3 if min(scores) >= _AS_IT_IS else 0.0


def fit_of_lines(table: TableEvidence) -> float:
    """Say how well a table fits as lines of orders without an amount: quantity and price stand in its place."""
    items, _ = pair_columns(table, ORDER_ITEMS, {})
    worth = [items[name].score if name in items else 0.0 for name in ("quantity", "unit_price")]
    taken = [items[name].column.name for name in ("quantity", "unit_price") if name in items]
    orders, _ = pair_columns(table, ORDERS, {}, taken)
    scores = [orders[name].score if name in orders else 0.0 for name in ("order_id", "customer_id", "ordered_at")]
    return (sum(scores) + min(worth)) / 4 if min(*scores, *worth) >= _AS_IT_IS else 0.0


def rivals(ranked: Sequence[Pair], chosen: Pair, others: Collection[str], margin: float) -> list[Pair]:
    """Return the columns that fit nearly as well as the chosen one, and have no better place."""
    return [
        pair
        for pair in ranked
        if pair.column.name != chosen.column.name
        and pair.column.name not in others
        and pair.score >= chosen.score - margin
    ]
