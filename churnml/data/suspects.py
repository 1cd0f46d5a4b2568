"""Columns that no time says when they became known, and signs in the data that they tell of a later day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

import ibis
import ibis.expr.types as ir
import numpy as np

from churnml.data.contract import RECORDED_AT, TABLES, Table
from churnml.data.shop import Shop

_MOST_VALUES = 100
_LEAST_ROWS = 20
_TELLING = 0.9  # AUROC from which on a column tells apart what was decided later
_EQUAL = 0.9  # share of customers from which on a column counts as their total over all of time


@dataclass(frozen=True)
class Suspect:
    """A column without a known-time.

    Attributes
    ----------
    table, column : str
        Names of the table and the column.
    read : bool
        Whether features may read the column: attributes of customers are kept, columns of other tables are not.
    signs : tuple of str
        Sentences that say what in the data shows that the column holds the future; none where nothing does.
    """

    table: str
    column: str
    read: bool
    signs: tuple[str, ...]


def find_suspects(shop: Shop, snapshot_date: date) -> list[Suspect]:
    """Find columns without a known-time, and look for signs of the future in them.

    A column of an event is compared with what happened to it later (was it delivered, resolved, cancelled after the
    day?), among the rows for which that was open on the day. A column of a customer, or of any table with customers, is
    compared with whether they ordered on that day or later, and with their totals over all of time.

    Parameters
    ----------
    shop : Shop
        Shop with its raw tables.
    snapshot_date : date
        Day before and after which values are compared.

    Returns
    -------
    list of Suspect
        Columns in the order of tables and columns; those with signs are likely leaks, the others cannot be judged.
    """
    now = ibis.timestamp(datetime.combine(snapshot_date, time.min))
    found = []
    for name, raw in shop.raw.items():
        contract = TABLES[name]
        known = {*contract.column, RECORDED_AT.name, "currency"}
        for column in (column for column in raw.columns if column not in known):
            signs = [*_signs_of_outcomes(shop, contract, column, now), *_signs_of_totals(shop, contract, column, now)]
            found.append(Suspect(name, column, contract.attributes, tuple(signs)))
    return found


def _rows(shop: Shop, contract: Table, column: str) -> ir.Table:
    """Return the key, the customer and a column of a raw table as text and number, beside the checked times."""
    raw = shop.raw[contract.name]
    value = raw[column]
    number = value.cast("float64") if value.type().is_numeric() or value.type().is_boolean() else ibis.null("float64")
    key = contract.key[0]
    values = raw.select(
        suspect_key=raw[key].cast("string"), suspect_text=value.cast("string"), suspect_number=number
    ).distinct()
    table = shop.tables[contract.name]
    return table.inner_join(values, table[key].cast("string") == values.suspect_key)


def _signs_of_outcomes(shop: Shop, contract: Table, column: str, now: ir.TimestampScalar) -> Iterator[str]:
    rows = _rows(shop, contract, column)
    if contract.event_time is not None:
        rows = rows.filter((rows[contract.event_time] < now).fill_null(False))
    outcomes = {
        declared.name: rows
        for declared in contract.columns
        if declared.type == "time" and declared.name != contract.event_time
    }
    if contract.name == "orders" and "deliveries" in shop.tables:
        deliveries = shop.tables["deliveries"].select("order_id", "delivered_at")
        outcomes["delivered_at"] = rows.inner_join(deliveries, "order_id")
    for outcome, joined in outcomes.items():
        open_rows = joined.filter(joined[outcome].isnull() | (joined[outcome] >= now))
        telling = _auroc_of(open_rows, open_rows[outcome].notnull())
        if telling is not None and telling[0] >= _TELLING:
            yield (
                f"of {telling[1]:,} rows without {outcome} on that day it tells apart those that got one later "
                f"(AUROC {telling[0]:.2f})"
            )


def _signs_of_totals(shop: Shop, contract: Table, column: str, now: ir.TimestampScalar) -> Iterator[str]:
    """Compare with the customer's orders on that day and later: their totals, and whether they came back."""
    rows = _rows(shop, contract, column)
    if "customer_id" not in rows.columns:
        return
    if contract.event_time is not None and contract.name != "customers":
        rows = rows.filter(rows[contract.event_time] < now)
    orders = shop.tables["orders"]
    later = orders.ordered_at >= now
    totals = orders.group_by("customer_id").aggregate(
        orders_then=orders.count(where=~later),
        orders_ever=orders.count(),
        amount_then=orders.amount.sum(where=~later).cast("float64"),
        amount_ever=orders.amount.sum().cast("float64"),
        since_last=(now.date().delta(orders.ordered_at.max(where=~later).date(), unit="day")),
    )
    totals = totals.filter(totals.orders_then > 0)
    joined = rows.inner_join(totals, "customer_id")
    came_back = joined.filter(joined.orders_ever > joined.orders_then)
    for what, word in (("orders_ever", "number of orders"), ("amount_ever", "amount")):
        near = (came_back.suspect_number - came_back[what]).abs() < 0.01
        found = came_back.aggregate(rows=came_back.count(), equal=near.fill_null(False).sum()).to_pandas().iloc[0]
        if found["rows"] >= _LEAST_ROWS and found["equal"] >= _EQUAL * found["rows"]:
            yield f"it is the customer's {word} over all of time, orders on and after that day included"
            return
    returned = joined.orders_ever > joined.orders_then
    telling = _auroc_of(joined, returned)
    recency = _auroc_of(joined.mutate(suspect_number=-joined.since_last.cast("float64")), returned)
    if telling is None or recency is None:
        return
    if telling[0] >= max(_TELLING, recency[0] + 0.05):
        yield (
            f"it tells who ordered on that day or later (AUROC {telling[0]:.2f}) better than the last order before "
            f"({recency[0]:.2f})"
        )


def _auroc_of(rows: ir.Table, outcome: ir.BooleanValue) -> tuple[float, int] | None:
    """Measure how well a column orders an outcome, by number or by mean outcome of each text, and in how many rows."""
    counted = rows.group_by("suspect_text", "suspect_number").aggregate(rows=rows.count(), happened=outcome.sum())
    table = counted.order_by("suspect_text").limit(1_000_000).to_pandas()
    total, happened = int(table["rows"].sum()), int(table["happened"].sum())
    if total < _LEAST_ROWS or not 0 < happened < total:
        return None
    if table["suspect_number"].notna().all() and len(table) > 2:
        score = table["suspect_number"].to_numpy()
    elif len(table) <= _MOST_VALUES:
        score = (table["happened"] / table["rows"]).to_numpy()
    else:
        return None
    return _weighted_auroc(score, table["happened"].to_numpy(float), table["rows"].to_numpy(float)), total


def _weighted_auroc(score: np.ndarray, happened: np.ndarray, rows: np.ndarray) -> float:
    """Return the probability that a row that happened ranks above one that did not; either direction counts."""
    order = np.argsort(score, kind="stable")
    _, groups = np.unique(score[order], return_inverse=True)
    yes = np.bincount(groups, weights=happened[order])
    no = np.bincount(groups, weights=(rows - happened)[order])
    below = np.concatenate([[0.0], np.cumsum(no)[:-1]])
    area = float((yes * (below + no / 2)).sum() / (yes.sum() * no.sum()))
    return max(area, 1 - area)
