"""Whom a contact moves: customers who can be persuaded, who stay or leave anyway, and who are better left alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from churnml.data.simulator.behaviour import Floats, Ints
from churnml.data.simulator.effects import DRIVERS
from churnml.data.simulator.tables import Chunk
from churnml.data.simulator.treatment import Treatment
from churnml.data.simulator.turned import drawn_by_number

_USE = 8
_LATE, _COMPLAINT, _SLOW = (DRIVERS.index(name) for name in ("late_delivery", "open_complaint", "own_pace"))


def moments(customer: Ints | int, at: Ints | int) -> Ints:
    """Write customer and time as numbers that sort by both."""
    return (np.asarray(customer, np.int64) << 40) + at


def moments_of_visits(chunk: Chunk, visits: pa.Table) -> Ints:
    """Give the customers and times of a table of visits, sorted."""
    customer = visits["customer_id"].cast(pa.string()).to_pandas().str[1:].astype(np.int64) - chunk.base - 1
    at = visits["visited_at"].cast(pa.timestamp("s")).cast(pa.int64()).to_numpy()
    return np.sort(moments(customer.to_numpy(), at))


def types_of(chunk: Chunk, visited: Ints, treatment: Treatment, seed: int) -> Ints:
    """Draw what each customer is at each decision, by what the shop can see of them.

    The shares of the treatment are odds, which facts multiply: that of the persuadable by 3 with a customary discount,
    and by 4 after a late delivery or with an open complaint; that of sure things by 3 where they order regularly; that
    of lost causes by 12 where two gaps after one another are slow; and that of sleeping dogs by 8 where they order
    regularly and did not visit between the last two orders. Each customer has one draw, so that who is the same in all
    of this is of the same type.

    Parameters
    ----------
    chunk : Chunk
        Customers and their orders.
    visited : array of int
        Their visits, from `moments_of_visits`.
    treatment : Treatment
        Shares of the types.
    seed : int
        Seed of the shop.

    Returns
    -------
    array of int, shape (orders,)
        Place in ``TYPES`` of the customer at the decision after each order.
    """
    lives, customer = chunk.lives, chunk.lives.customer
    slow = lives.exposed[:, _SLOW]
    regular = (chunk.people.regularity[customer] >= np.mean(chunk.kind.regularity)) & ~slow & ~lives.next_slow
    before = np.append(0, lives.ordered_at[:-1])
    before[np.append(True, customer[1:] != customer[:-1])] = 0
    visits = np.diff(
        np.searchsorted(visited, [moments(customer, before), moments(customer, lives.ordered_at)], "right"), axis=0
    )[0]
    odds: Floats = np.tile(treatment.shares, (customer.size, 1))
    for kind, holds, times in (
        (0, chunk.people.discount_share[customer] > 0, 3),
        (0, lives.exposed[:, _LATE] | lives.exposed[:, _COMPLAINT], 4),
        (1, regular, 3),
        (2, slow & lives.next_slow, 12),
        (3, regular & (visits == 0), 8),
    ):
        odds[holds, kind] *= times
    up_to = np.cumsum(odds, axis=1) / odds.sum(axis=1, keepdims=True)
    drawn = drawn_by_number(seed, _USE, chunk.customer_numbers(customer))
    types: Ints = (drawn[:, None] >= up_to[:, :-1]).sum(axis=1)
    return types
