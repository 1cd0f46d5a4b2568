"""Customers whom a contact keeps or wakes: how contacts act on decisions to leave, and what the kept do from then on.

Nothing that was drawn without contacts is drawn anew. Whether a decision to leave turns, and the life that follows,
come from a stream of that customer and decision alone: neither other customers nor later contacts can change them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnml.data.contract import TABLES
from churnml.data.simulator.behaviour import NEVER, Flags, Floats, Ints, Lives, live_on
from churnml.data.simulator.columns import flags, merged, numbers, plain, times, words
from churnml.data.simulator.doings import visit_table
from churnml.data.simulator.effects import Effects
from churnml.data.simulator.season import DAY
from churnml.data.simulator.sent import Sent
from churnml.data.simulator.tables import Chunk, order_tables, reward_table
from churnml.data.simulator.treatment import TYPES, Treatment
from churnml.data.simulator.turned import without_later
from churnml.data.simulator.types import moments, moments_of_visits, types_of

_BY_TIME = ("customer_id", "sent_at", "contact_id")
_COMES_BACK_DAYS = 3.0
_SLEEPING_DOG = TYPES.index("sleeping_dog")


def let_act(
    sent: Sent, treatment: Treatment, seed: int, effects: Effects, chunk: Chunk, tables: dict[str, pa.Table]
) -> tuple[Chunk, dict[str, pa.Table]]:
    """Let contacts act on the customers of a chunk.

    Parameters
    ----------
    sent : Sent
        Contacts of these customers.
    treatment : Treatment
        What a contact does.
    seed : int
        Seed of the shop.
    effects : Effects
        Effects that drive leaving.
    chunk : Chunk
        Customers and their orders without contacts.
    tables : dict of str to Arrow table
        Their tables without contacts.

    Returns
    -------
    tuple of Chunk and dict of str to Arrow table
        Both with the contacts and what they changed. ``leaving`` says at each decision what happens if the customer is
        left alone, so that whoever orders again was kept.
    """
    tables = tables | {"contacts": merged([tables["contacts"], sent.table], _BY_TIME)}
    visited = moments_of_visits(chunk, tables["visits"])
    left_at = _woken_at(sent, treatment, seed, chunk, types_of(chunk, visited, treatment, seed))
    if (left_at < NEVER).any():
        chunk = replace(chunk, lives=chunk.lives.keep(chunk.lives.ordered_at < left_at[chunk.lives.customer]))
        tables = without_later(tables, chunk, left_at)
    leaves = np.zeros(chunk.customers, dtype=np.bool_)
    leaves[chunk.lives.customer[chunk.left & chunk.lives.leaving]] = True
    lives, more = [chunk.lives], []
    for customer in np.unique(sent.customer[leaves[sent.customer]]):
        own = slice(*np.searchsorted(visited, moments(np.array([customer, customer + 1]), 0)))
        visits = visited[own] - moments(customer, 0)
        for further, made in _stays(chunk.one(customer), effects, treatment, seed, sent.to(customer), visits):
            lives.append(replace(further, customer=np.full_like(further.customer, customer)))
            more.append(made)
    if not more:
        return chunk, tables
    kept = replace(chunk, lives=Lives.joined(lives))
    member = np.isin(np.arange(chunk.customers), tables["rewards"]["customer_id"].combine_chunks().indices.to_numpy())
    for name in more[0]:
        tables[name] = merged([tables[name], *(made[name] for made in more)], TABLES[name].key)
    cents = np.rint(100 * tables["orders"]["amount"].cast(pa.float64()).to_numpy()).astype(np.int64)
    tables["rewards"] = reward_table(kept, cents, member)
    tables["subscriptions"] = _subscriptions(tables["subscriptions"], chunk, kept)
    return kept, tables


def potential_table(
    sent: Sent | None, treatment: Treatment, seed: int, chunk: Chunk, visits: pa.Table, until: int
) -> pa.Table:
    """Make the table of what each decision would have been, left alone and contacted once in time.

    Parameters
    ----------
    sent : Sent or None
        Contacts of the customers.
    treatment : Treatment
        What a contact does.
    seed : int
        Seed of the shop.
    chunk : Chunk
        Customers and their orders as they happened.
    visits : Arrow table
        Their visits.
    until : int
        Second since 1970 before which decisions fall.

    Returns
    -------
    Arrow table
        One row per decision: ``type`` says what the customer is, ``y0`` and ``y1`` whether they leave when left alone
        and when contacted, ``p0`` and ``p1`` how probable it was, ``contacted`` whether a contact acts on it.
    """
    lives = chunk.lives
    kinds = types_of(chunk, moments_of_visits(chunk, visits), treatment, seed)
    contacted = np.zeros(lives.customer.size, dtype=np.bool_)
    if sent is not None:
        contacted[_acting(sent, treatment, lives)[1]] = True
    hazard, shares = lives.hazards.sum(axis=1), 1 - treatment.strengths[kinds]
    decided = lives.due_at < until
    y1 = lives.leaving & decided
    for place in np.flatnonzero(decided & (shares != 1)):
        rng = _stream(seed, chunk, lives.customer[place], lives.number[place])
        if lives.leaving[place]:
            y1[place] = not _stay(rng, hazard[place], shares[[place]])[0]
        else:
            y1[place] = _wakes(rng, hazard[place], shares[place])
    table = {
        "customer_id": chunk.customer_ids(lives.customer),
        "number": numbers(lives.number),
        "due_at": times(lives.due_at),
        "type": words(TYPES, kinds),
        "y0": flags(lives.leaving),
        "y1": flags(y1),
        "p0": pa.array(-np.expm1(-hazard)),
        "p1": pa.array(-np.expm1(-hazard * shares)),
        "contacted": flags(contacted),
    }
    return pa.table(table).filter(pa.array(decided))


def _stays(
    one: Chunk, effects: Effects, treatment: Treatment, seed: int, sent_at: Ints, visited: Ints
) -> Iterator[tuple[Lives, dict[str, pa.Table]]]:
    """Give the further orders of a customer from each decision that a contact turned, and the tables of them."""
    while True:
        last = one.lives.keep(slice(-1, None))
        due_at = int(last.due_at[0])
        if not last.leaving[0] or due_at >= one.end:
            return
        kind = int(types_of(one, visited, treatment, seed)[-1])
        acting, shares = treatment.hazard_shares(sent_at, int(last.ordered_at[0]), due_at, kind)
        rng = _stream(seed, one, 0, last.number[0])
        turning = acting[_stay(rng, last.hazards.sum(), shares)]
        if not turning.size:
            return
        next_at = due_at
        if turning[0] >= due_at:
            next_at = int(turning[0] + DAY * rng.exponential(_COMES_BACK_DAYS)) + 1
        if next_at >= one.end:
            return
        further = replace(one, lives=live_on(rng, one.people, one.kind, effects, last, next_at, one.end))
        made = order_tables(rng, further)
        # The visits before the order that follows the decision were drawn with the life before.
        visits = visit_table(rng, further, effects)
        made["visits"] = visits.filter(pc.greater_equal(visits["visited_at"], made["orders"]["ordered_at"][0]))
        visited = np.union1d(visited, moments_of_visits(one, made["visits"]))
        one = replace(one, lives=Lives.joined([one.lives, further.lives]))
        sent = Sent(np.zeros_like(sent_at), sent_at, made["orders"])
        left_at = _woken_at(sent, treatment, seed, one, types_of(one, visited, treatment, seed))
        made = without_later(made, one, left_at)
        one = replace(one, lives=one.lives.keep(one.lives.ordered_at < left_at[0]))
        yield further.lives.keep(further.lives.ordered_at < left_at[0]), made


def _acting(sent: Sent, treatment: Treatment, lives: Lives) -> tuple[Flags, Ints]:
    """Tell which contacts act on the decision after the order before them, and the rows of these decisions."""
    row = np.searchsorted(moments(lives.customer, lives.ordered_at), moments(sent.customer, sent.sent_at), "right")
    row = np.maximum(row - 1, 0)
    acts = treatment.acts_on(sent.sent_at, lives.ordered_at[row], lives.due_at[row])
    acts &= lives.customer[row] == sent.customer
    return acts, row[acts]


def _woken_at(sent: Sent, treatment: Treatment, seed: int, chunk: Chunk, kinds: Ints) -> Ints:
    """Give the second at which a contact makes each customer leave who would have stayed, ``NEVER`` for the others."""
    lives, left_at = chunk.lives, np.full(chunk.customers, NEVER)
    stays = (kinds == _SLEEPING_DOG) & ~lives.leaving & (lives.due_at < chunk.end)
    rows = np.unique(_acting(sent, treatment, lives)[1])
    for row in rows[stays[rows]][::-1]:
        customer, due_at = lives.customer[row], int(lives.due_at[row])
        sent_at = sent.to(customer)
        _, shares = treatment.hazard_shares(
            sent_at[sent_at < due_at], int(lives.ordered_at[row]), due_at, _SLEEPING_DOG
        )
        rng = _stream(seed, chunk, customer, lives.number[row])
        if _wakes(rng, lives.hazards[row].sum(), shares[-1]):
            left_at[customer] = due_at
    return left_at


def _wakes(rng: np.random.Generator, hazard: float, share: float) -> bool:
    """Draw whether who stays under a hazard would leave under a greater share of it."""
    return bool(rng.random() < -np.expm1(-(share - 1) * hazard))


def _stay(rng: np.random.Generator, hazard: float, shares: Floats) -> Flags:
    """Draw, once, whether who leaves under a hazard would stay under shares of it."""
    stays: Flags = rng.random() >= np.expm1(-shares * hazard) / np.expm1(-hazard)
    return stays


def _stream(seed: int, chunk: Chunk, customer: int, number: int) -> np.random.Generator:
    return np.random.default_rng([seed, int(customer) + chunk.base + 1, int(number)])


def _subscriptions(table: pa.Table, before: Chunk, after: Chunk) -> pa.Table:
    """Let the kept cancel as long after they leave in the end as they would have, and not at all where they do not.

    Those whom a contact woke let theirs run.
    """
    was, is_ = before.left_at, after.left_at
    delay = np.where((was == is_) | (was == NEVER), 0, is_ - was).astype("timedelta64[s]")
    delay[(was < NEVER) & (is_ == NEVER)] = np.timedelta64("NaT")
    customer = table["customer_id"].combine_chunks().indices.to_numpy()
    moved = table["cancelled_at"].to_numpy() + delay[customer]
    over = np.fmin(table["ended_at"].to_numpy(), np.datetime64(before.end, "s"))
    cancels = moved < over
    reason = plain(table["cancel_reason"])
    columns = {
        "cancelled_at": pa.array(np.where(cancels, moved, np.datetime64("NaT")), pa.timestamp("us")),
        "cancel_reason": pc.if_else(pa.array(cancels), reason, None).cast(table["cancel_reason"].type),
    }
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, values)
    return table
