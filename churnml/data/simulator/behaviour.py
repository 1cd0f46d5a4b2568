"""The customers' life in NumPy: when they order, what happens to the order, and whether they come back.

All times are whole seconds since 1970, gaps between orders are drawn in the customers' own time (see ``season``);
``NEVER`` stands for what does not happen. A decision falls when the next order would be due: until then customers know
how late the parcel is and how long their complaint has been open. They then order or have left for good.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from churnml.data.simulator.effects import DRIVERS, Effects
from churnml.data.simulator.kinds import Kind
from churnml.data.simulator.people import People
from churnml.data.simulator.season import DAY

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

NEVER = int(np.iinfo(np.int64).max)
MOST_ORDERS = 999  # an order id ends with three digits for the customer's order number
CAUSES = (*DRIVERS, "base")

_CARRIED = ("clock", "late_before", "opened_at", "resolved_at", "since_price", "slow")
_LATE_DAYS = 2
_LONG_OPEN_DAYS = 10
_PRICE_FADES = np.array([1.0, 0.75, 0.5])
# Share of the day against the clock: few order at night, most in the evening. It maps whole days onto themselves and
# never turns two times around, so that what holds for days (one Poisson process, say) still holds.
_SHARE_OF_DAY = np.array([0.0, 0.04, 0.25, 0.50, 0.75, 0.93, 1.0])
_SECOND_OF_DAY = np.array([0.0, 7.0, 11.0, 15.0, 19.0, 22.0, 24.0]) * 3600


@dataclass(frozen=True)
class Lives:
    """All orders of a chunk by customer and time, with what happened to each, one value per order.

    ``due_at`` is when the next order would come: then they decide. ``leaving`` says that they then leave, unless a
    contact keeps them and further orders follow; it is drawn also where ``due_at`` lies after the end of the data.
    ``hazards`` and ``exposed`` have one column per driver, the hazards a last one for base. ``cause`` counts in
    ``CAUSES``. ``next_...`` is what customers carry into the order that comes if they stay.
    """

    customer: Ints
    number: Ints
    ordered_at: Ints
    cancelled_at: Ints
    promised_at: Ints
    shipped_at: Ints
    delivered_at: Ints
    opened_at: Ints
    first_response_at: Ints
    resolved_at: Ints
    wrong: Flags
    late: Flags
    discount_share: Floats
    price_rise: Floats
    due_at: Ints
    leaving: Flags
    cause: Ints
    hazards: Floats
    exposed: Flags
    next_clock: Floats
    next_late_before: Flags
    next_opened_at: Ints
    next_resolved_at: Ints
    next_since_price: Ints
    next_slow: Flags

    @property
    def is_last(self) -> Flags:
        """Whether an order is its customer's last."""
        return np.append(self.customer[1:] != self.customer[:-1], True)

    def keep(self, rows: Ints | Flags | slice) -> Lives:
        """Give some of the orders."""
        return Lives(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @classmethod
    def joined(cls, parts: list[Lives]) -> Lives:
        """Put orders together by customer; those of a customer stay in the order of the parts."""
        joined = cls(
            **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)}
        )
        return joined.keep(np.argsort(joined.customer, kind="stable"))


@dataclass
class _State:
    """What the customers who are still there carry from order to order."""

    customer: Ints
    clock: Floats
    ordered_at: Ints
    late_before: Flags
    opened_at: Ints
    resolved_at: Ints
    since_price: Ints
    slow: Flags

    def keep(self, rows: Flags) -> _State:
        return _State(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def live(rng: np.random.Generator, people: People, kind: Kind, effects: Effects, start: int, end: int) -> Lives:
    """Simulate the orders of customers until they leave or the data ends.

    Parameters
    ----------
    rng : numpy Generator
        Source of all draws.
    people : People
        Customers as drawn by `draw_people`.
    kind : Kind
        Kind of shop, which says how it delivers and what its season is.
    effects : Effects
        Effects that each driver adds to the hazard of leaving.
    start, end : int
        Seconds since 1970 between which orders are kept, ``[start, end)``. What happened before has its consequences.

    Returns
    -------
    Lives
        The orders, sorted by customer and time. Times of what follows an order may lie after ``end``.
    """
    return _lives(rng, people, kind, effects, start, end, _newcomers(people, kind, end), first_number=1)


def live_on(
    rng: np.random.Generator, people: People, kind: Kind, effects: Effects, last: Lives, next_at: int, end: int
) -> Lives:
    """Simulate what a customer does after having stayed at a decision to leave.

    Parameters
    ----------
    rng : numpy Generator
        Source of all draws.
    people : People
        The customer.
    kind : Kind
        Kind of shop, which says how it delivers and what its season is.
    effects : Effects
        Effects that each driver adds to the hazard of leaving.
    last : Lives
        The one order after which the customer stays.
    next_at : int
        Second since 1970 of the order that follows: its ``due_at``, or later for who comes back.
    end : int
        Second since 1970 before which orders are kept; ``next_at`` lies before it.

    Returns
    -------
    Lives
        The further orders, sorted by time and numbered on.
    """
    carried = {name: getattr(last, f"next_{name}") for name in _CARRIED}
    carried["clock"] = carried["clock"] + (next_at - last.due_at)
    state = _State(customer=last.customer, ordered_at=np.array([next_at]), **carried)
    return _lives(rng, people, kind, effects, next_at, end, state, first_number=int(last.number[0]) + 1)


def _lives(
    rng: np.random.Generator,
    people: People,
    kind: Kind,
    effects: Effects,
    start: int,
    end: int,
    state: _State,
    first_number: int,
) -> Lives:
    strengths = np.array([getattr(effects, driver) for driver in DRIVERS])
    rounds: list[Lives] = []
    for number in range(first_number, MOST_ORDERS + 1):
        if not state.customer.size:
            break
        order = _order(rng, people, kind, state, may_change=number > 1)
        next_clock, slow = _next_gap(rng, people, kind, effects, state)
        due = np.maximum(_daily_clock(kind.season.calendar(next_clock)), state.ordered_at + 1)
        exposed, weights = _exposures(state, order, due)
        hazards = np.column_stack([weights * strengths, people.base_hazard[state.customer]])
        leaving, cause = _decide(rng, hazards)
        numbers = np.full(state.customer.size, number)
        orders = {"customer": state.customer, "number": numbers, "ordered_at": state.ordered_at, **order} | {
            "due_at": due,
            "leaving": leaving,
            "cause": cause,
            "hazards": hazards,
            "exposed": exposed,
        }
        kept = state.ordered_at >= start
        state.clock, state.slow, state.ordered_at = next_clock, slow, due
        made = Lives(**orders, **{f"next_{name}": getattr(state, name) for name in _CARRIED})
        rounds.append(made if kept.all() else made.keep(kept))
        state = state.keep(~leaving & (due < end))
    return Lives.joined(rounds)


def first_orders(people: People, kind: Kind, end: int) -> Ints:
    """Give the second since 1970 of everybody's first order ever."""
    return np.minimum(_daily_clock(kind.season.calendar(people.first_at)), end - 1)


def _newcomers(people: People, kind: Kind, end: int) -> _State:
    customers = people.first_at.size
    return _State(
        customer=np.arange(customers),
        clock=people.first_at,
        ordered_at=first_orders(people, kind, end),
        late_before=np.zeros(customers, dtype=np.bool_),
        opened_at=np.full(customers, NEVER),
        resolved_at=np.full(customers, NEVER),
        since_price=np.full(customers, -1),
        slow=np.zeros(customers, dtype=np.bool_),
    )


def _daily_clock(seconds: Floats) -> Ints:
    """Move evenly spread times to the hours at which people order; whole days stay where they are."""
    day = np.floor(seconds / DAY)
    of_day = np.interp(seconds / DAY - day, _SHARE_OF_DAY, _SECOND_OF_DAY)
    clock: Ints = day.astype(np.int64) * DAY + np.minimum(of_day.astype(np.int64), DAY - 1)
    return clock


def _order(
    rng: np.random.Generator, people: People, kind: Kind, state: _State, may_change: bool
) -> dict[str, npt.NDArray[np.generic]]:
    """Draw price, delivery and complaint of everybody's next order, and remember them in the state."""
    size = state.customer.size
    customary = people.discount_share[state.customer]
    ended = state.since_price >= 0
    ends_now = ~ended & (customary > 0) & (rng.random(size) < 0.055) & may_change
    state.since_price = np.where(ended | ends_now, state.since_price + 1, -1)
    promotion = np.where(rng.random(size) < 0.08, 0.10, 0.0)
    share = np.where(customary > 0, np.where(state.since_price >= 0, 0.0, customary), promotion)

    cancelled = rng.random(size) < 0.015
    cancelled_at = np.where(cancelled, state.ordered_at + rng.integers(600, 2 * DAY, size), NEVER)
    late = (rng.random(size) < people.late_share[state.customer]) & ~cancelled
    promise_days = rng.integers(kind.promise_days[0], kind.promise_days[1] + 1, size)
    promised = (state.ordered_at // DAY + promise_days) * DAY
    # Up to two days early, but not on the day of the order.
    days_off = np.maximum(np.searchsorted([0.20, 0.55, 0.95], rng.random(size)) - 2, 1 - promise_days)
    days_off = np.where(late, _LATE_DAYS + rng.exponential(2.5, size).astype(np.int64), days_off)
    delivered = promised + days_off * DAY + rng.integers(9 * 3600, 19 * 3600, size)
    shipped = state.ordered_at + ((delivered - state.ordered_at) * rng.uniform(0.05, 0.6, size)).astype(np.int64)
    wrong = (rng.random(size) < 0.03) & ~cancelled

    complains = (rng.random(size) < 0.03 + 0.14 * late + 0.40 * wrong) & ~cancelled
    opened = np.minimum(delivered, promised + _LATE_DAYS * DAY) + rng.integers(3600, 3 * DAY, size)
    first_response, resolved = _answer(rng, opened)
    for value, known in ((opened, complains), (first_response, complains), (resolved, complains)):
        value[~known] = NEVER
    state.opened_at = np.where(complains, opened, state.opened_at)
    state.resolved_at = np.where(complains, resolved, state.resolved_at)
    for value in (promised, delivered, shipped):
        value[cancelled] = NEVER
    return {
        "cancelled_at": cancelled_at,
        "promised_at": promised,
        "shipped_at": shipped,
        "delivered_at": delivered,
        "opened_at": opened,
        "first_response_at": first_response,
        "resolved_at": resolved,
        "wrong": wrong,
        "late": late,
        "discount_share": share,
        "price_rise": np.where(state.since_price >= 0, 0.06, 0.0),
    }


def _answer(rng: np.random.Generator, opened: Ints) -> tuple[Ints, Ints]:
    """Draw when complaints are first answered and resolved: most within days, some late, some never."""
    size = opened.size
    kind = rng.random(size)
    quick_days = np.minimum(rng.exponential(2.5, size), _LONG_OPEN_DAYS - 0.5)
    slow_days = _LONG_OPEN_DAYS + 0.5 + rng.exponential(12.0, size)
    open_days = np.where(kind < 0.55, quick_days, slow_days)
    resolved = opened + (open_days * DAY).astype(np.int64) + 60
    answer_days = np.minimum(rng.exponential(1.2, size), 0.5 * open_days)
    first_response = opened + (answer_days * DAY).astype(np.int64) + 30
    resolved[kind > 0.85] = NEVER
    first_response[kind > 0.93] = NEVER
    return first_response, resolved


def _next_gap(
    rng: np.random.Generator, people: People, kind: Kind, effects: Effects, state: _State
) -> tuple[Floats, Flags]:
    """Draw when the next order is due, and whether the gap up to it is one of a slow phase."""
    size = state.customer.size
    pace = people.pace_days[state.customer]
    if effects.memoryless:
        return state.clock + DAY * rng.exponential(pace), np.zeros(size, dtype=np.bool_)
    regularity = people.regularity[state.customer]
    ratio = rng.standard_gamma(regularity) / regularity
    turns = rng.random(size)
    slow = np.where(state.slow, turns > 0.25, turns < kind.slows_down)
    # Every gap of a slow phase is visibly long; a long gap outside of one is chance and means nothing.
    ratio = np.where(slow, np.maximum(kind.slow_times * ratio, kind.slow_least), ratio)
    return state.clock + DAY * np.maximum(pace * ratio, 1.0), slow


def _exposures(state: _State, order: dict[str, npt.NDArray[np.generic]], due: Ints) -> tuple[Flags, Floats]:
    """Compute which drivers each order is exposed to when the customer decides, and how gravely (1 is ordinary)."""
    promised = np.asarray(order["promised_at"], dtype=np.int64)
    delivered = np.asarray(order["delivered_at"], dtype=np.int64)
    arrives = promised < NEVER
    days_late = np.where(arrives, np.minimum(delivered, due) - np.where(arrives, promised, 0), 0) / DAY
    late = days_late >= _LATE_DAYS
    late_weight = np.minimum(0.8 + 0.05 * days_late, 1.5) * np.where(state.late_before, 1.5, 1.0)
    state.late_before = np.where(arrives, late, state.late_before)
    # Open at some time since this order, and by the decision for more than ten days.
    open_seconds = np.minimum(state.resolved_at, due) - state.opened_at
    complaint = (open_seconds > _LONG_OPEN_DAYS * DAY) & (state.resolved_at > state.ordered_at)
    price = (state.since_price >= 0) & (state.since_price < _PRICE_FADES.size)
    price_weight = _PRICE_FADES[np.clip(state.since_price, 0, _PRICE_FADES.size - 1)]
    exposed = np.column_stack([late, complaint, price, state.slow])
    ones = np.ones(due.size)
    return exposed, exposed * np.column_stack([late_weight, ones, price_weight, ones])


def _decide(rng: np.random.Generator, hazards: Floats) -> tuple[Flags, Ints]:
    """Draw who leaves, and which of the competing hazards took them, in proportion to their size."""
    total = hazards.sum(axis=1)
    leaving = rng.random(total.size) < -np.expm1(-total)
    point = rng.random(total.size) * total
    cause = (point[:, None] >= np.cumsum(hazards, axis=1)[:, :-1]).sum(axis=1)
    return leaving, cause
