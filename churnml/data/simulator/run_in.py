"""The customers that a shop's data show: those who order in it, also where they came before it begins."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np

from churnml.data.simulator.behaviour import Ints, Lives, live
from churnml.data.simulator.effects import Effects
from churnml.data.simulator.kinds import Kind
from churnml.data.simulator.people import People, draw_people
from churnml.data.simulator.season import DAY, YEAR_DAYS


def draw_customers(
    rng: np.random.Generator, customers: int, kind: Kind, effects: Effects, start: int, end: int
) -> tuple[People, Lives, Ints]:
    """Draw customers until as many as wanted order within the data.

    Customers come from ``kind.run_in_years`` before the start on, so that the shop has customers of all ages on its
    first day. Who has left, or pauses until the end, orders nothing in the data and is not among them.

    Parameters
    ----------
    rng : numpy Generator
        Source of all draws.
    customers : int
        Number of customers.
    kind : Kind
        Kind of shop, which says who its customers are.
    effects : Effects
        Effects that each driver adds to the hazard of leaving.
    start, end : int
        First and last bound of the data, ``[start, end)``, in seconds since 1970.

    Returns
    -------
    tuple of People, Lives and array of int
        The customers, their orders within the data, and how many orders each made before the start.
    """
    first = start - round(kind.run_in_years * YEAR_DAYS * DAY)
    own_first, own_end = kind.season.own_time(np.array([first, end], dtype=np.float64))
    seen_share = min(1.0, 1.5 * (end - start) / (end - first))
    parts: list[tuple[People, Lives, Ints]] = []
    missing = customers
    while missing:
        drawn = missing if first == start else math.ceil(1.05 * missing / seen_share) + 16
        people = draw_people(rng, drawn, kind, effects, float(own_first), float(own_end))
        part = _seen(people, live(rng, people, kind, effects, start, end), missing)
        seen_share = max(part[2].size / drawn, 0.5 * seen_share)
        parts.append(part)
        missing -= part[2].size
    return _joined(parts)


def _seen(people: People, lives: Lives, at_most: int) -> tuple[People, Lives, Ints]:
    """Keep the first customers who have orders, and number these orders from 1."""
    seen, first = np.unique(lives.customer, return_index=True)
    if seen.size > at_most:
        rows = first[at_most]  # sorted by customer: so many orders belong to the first ones
        lives = lives.keep(slice(rows))
        seen, first = seen[:at_most], first[:at_most]
    before = lives.number[first] - 1
    customer = np.searchsorted(seen, lives.customer)
    return people.keep(seen), replace(lives, customer=customer, number=lives.number - before[customer]), before


def _joined(parts: list[tuple[People, Lives, Ints]]) -> tuple[People, Lives, Ints]:
    """Put draws of customers after each other."""
    if len(parts) == 1:
        return parts[0]
    base = np.cumsum([0, *(before.size for _, _, before in parts)])
    people = {field.name: [getattr(part[0], field.name) for part in parts] for field in fields(People)}
    lives = [replace(own, customer=own.customer + first) for (_, own, _), first in zip(parts, base[:-1], strict=True)]
    return (
        People(**{name: np.concatenate(values) for name, values in people.items()}),
        Lives.joined(lives),
        np.concatenate([before for _, _, before in parts]),
    )
