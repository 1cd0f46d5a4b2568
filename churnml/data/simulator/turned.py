"""Customers who leave earlier than was drawn, and draws that hang on a customer or an order alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnml.data.simulator.behaviour import Floats, Ints
from churnml.data.simulator.columns import plain
from churnml.data.simulator.tables import Chunk

_MIX = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def without_later(tables: dict[str, pa.Table], chunk: Chunk, left_at: Ints) -> dict[str, pa.Table]:
    """Leave out what customers would have done after they left.

    Parameters
    ----------
    tables : dict of str to Arrow table
        Tables of the customers.
    chunk : Chunk
        Customers.
    left_at : array of int, shape (customers,)
        Second since 1970 at which each customer leaves.
    """
    stays = tables["orders"].filter(_before(tables["orders"], "ordered_at", chunk, left_at))["order_id"]
    changed = {}
    for name, table in tables.items():
        if "order_id" in table.column_names:
            # Complaints, returns and reviews name their order; nothing else does.
            table = table.filter(pc.is_in(plain(table["order_id"]), value_set=plain(stays)))
        elif name in ("visits", "rewards"):
            table = table.filter(_before(table, "visited_at" if name == "visits" else "changed_at", chunk, left_at))
        elif name == "contacts":
            for column in ("opened_at", "clicked_at"):
                known = pc.if_else(_before(table, column, chunk, left_at), table[column], None)
                table = table.set_column(table.column_names.index(column), column, known)
        changed[name] = table
    return changed


def drawn_by_number(seed: int, use: int, numbers: Ints) -> Floats:
    """Give a number from 0 to below 1 for each customer or order, by seed, use and its own number (SplitMix64).

    Parameters
    ----------
    seed : int
        Seed of the shop.
    use : int
        What it is drawn for, from 1 to 15.
    numbers : array of int
        Numbers of customers or orders.
    """
    salt = (seed * 16 + use) * int(_MIX[0]) % 2**64
    mixed = numbers.astype(np.uint64) + np.uint64(salt)  # wraps around, as it shall
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[1]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[2]
    mixed ^= mixed >> np.uint64(31)
    return (mixed >> np.uint64(11)) / np.float64(2**53)


def _before(table: pa.Table, column: str, chunk: Chunk, left_at: Ints) -> pa.Array:
    """Say of each row whether its time is null or lies before its customer left."""
    customer = pc.cast(pc.utf8_slice_codeunits(plain(table["customer_id"]), 1), pa.int64()).to_numpy() - chunk.base - 1
    at = table[column].cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    return pa.array(pc.fill_null(at, -1).to_numpy() < left_at[customer])
