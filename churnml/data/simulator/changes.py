"""What can change in a simulated shop from a day on: a feed stops, a currency, a segment and a concept are new.

Nothing that was drawn without changes is drawn anew: before its day a shop is the same with and without a change, and
after it only those differ whom the change concerns.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace
from typing import Literal, cast, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from churnml.data.simulator.behaviour import CAUSES, NEVER, Floats, Ints
from churnml.data.simulator.columns import money, plain, times
from churnml.data.simulator.known import known_by
from churnml.data.simulator.season import DAY
from churnml.data.simulator.tables import Chunk
from churnml.data.simulator.turned import drawn_by_number, without_later
from churnml.days import parse_day
from churnml.errors import InputError

What = Literal["feed", "currency", "segment", "concept"]
SHARES = {"currency": 0.3, "segment": 0.8, "concept": 0.6}
"""Share of those whom a change can concern that it does, where it names none."""
FED_TABLE = "deliveries"
CURRENCY_TIMES = 35

NOTHING = pa.schema(
    [("change", pa.string()), ("customer_id", pa.string()), ("order_id", pa.string()), ("at", pa.timestamp("us"))]
).empty_table()
"""The truth of a shop in which nothing changed."""

_EPOCH = dt.date(1970, 1, 1)
_PRICE = CAUSES.index("price")


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of a simulated shop.

    Attributes
    ----------
    what : {'feed', 'currency', 'segment', 'concept'}
        What changes. ``feed``: the table of deliveries gets no row and no time any more. ``currency``: amount and
        discount of 30 % of the orders are 35 times as large. ``segment``: 80 % more newcomers, who hardly ever come
        back. ``concept``: of those whose customary discount has ended, 60 % leave at each decision, however long ago
        that was; before, one half of its weight was left at the third order after it, and none from the fourth on.
    day : date
        First day on which it is so.
    share : float or None, optional
        How strong it is, between 0 and 1: the share of the orders, of newcomers on top, or of decisions to leave, in
        place of the one above. None takes that one; a feed has none.

    Raises
    ------
    InputError
        Where the share is no such number, or is that of a feed.

    Examples
    --------
    >>> Change.parse("feed:2025-03-01").day
    datetime.date(2025, 3, 1)
    >>> Change.parse("concept:2025-03-01:0.4").share
    0.4
    """

    what: What
    day: dt.date
    share: float | None = None

    def __post_init__(self) -> None:
        """Refuse a share that means nothing."""
        if self.share is None:
            return
        if self.what not in SHARES:
            raise InputError(f"simulate.changes: {self.what} has no share (received {self.share}). Leave it out.")
        if not 0 < self.share < 1:
            raise InputError(f"simulate.changes: {self.what} has the share {self.share}. Give one between 0 and 1.")

    @classmethod
    def parse(cls, text: str) -> Change:
        """Read a change as it is written on the command line: ``feed:2025-03-01``, or ``concept:2025-03-01:0.4``.

        Raises
        ------
        InputError
            Where it is none.
        """
        what, _, rest = text.partition(":")
        day, _, share = rest.partition(":")
        if what not in get_args(What):
            raise InputError(
                f"simulate.change: is {text!r}. Give one of {', '.join(get_args(What))}, a colon and a day."
            )
        try:
            number = float(share) if share else None
        except ValueError:
            raise InputError(
                f"simulate.change: is {text!r}. Give a number between 0 and 1 as its share, such as 0.4."
            ) from None
        return cls(what=cast(What, what), day=parse_day(day, "simulate.change"), share=number)

    @property
    def strength(self) -> float:
        """The share of those whom it can concern that it does; 1 of a feed."""
        return SHARES.get(self.what, 1.0) if self.share is None else self.share

    @property
    def at(self) -> int:
        """The second since 1970 from which on it is so."""
        return (self.day - _EPOCH).days * DAY


def stop_feed(change: Change, tables: dict[str, pa.Table]) -> tuple[dict[str, pa.Table], pa.Table]:
    """Let no delivery arrive any more; gives the tables, and the orders whose delivery is missing."""
    orders, deliveries = tables["orders"], tables[FED_TABLE]
    known = known_by({"orders": orders, FED_TABLE: deliveries}, change.at)[FED_TABLE]
    sent, arrived = (pc.is_in(orders["order_id"], value_set=plain(table["order_id"])) for table in (deliveries, known))
    missing = orders.filter(pc.and_not(sent, arrived))
    truth = _truth(change, missing["customer_id"], missing["order_id"], missing["ordered_at"])
    return tables | {FED_TABLE: known}, truth


def change_currency(change: Change, seed: int, orders: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Write a part of the orders in another currency; gives the orders, and those that it concerns."""
    ordered = orders["ordered_at"].cast(pa.timestamp("s")).cast(pa.int64()).to_numpy()
    number = pc.cast(pc.utf8_slice_codeunits(orders["order_id"], 1), pa.int64()).to_numpy()
    other = (ordered >= change.at) & (_drawn(seed, change, number) < change.strength)
    for name in ("amount", "discount"):
        cents = np.rint(100 * orders[name].cast(pa.float64()).to_numpy()).astype(np.int64)
        place = orders.column_names.index(name)
        orders = orders.set_column(place, name, money(np.where(other, CURRENCY_TIMES * cents, cents)))
    concerned = orders.filter(pa.array(other))
    return orders, _truth(change, concerned["customer_id"], concerned["order_id"], concerned["ordered_at"])


def turn_concept(
    change: Change, seed: int, chunk: Chunk, tables: dict[str, pa.Table]
) -> tuple[Chunk, dict[str, pa.Table], pa.Table]:
    """Let those leave whose discount ended; gives chunk and tables without what would have followed, and who left.

    A decision that was to stay turns with the probability that makes 60 % of all such decisions, at least, leave.
    """
    lives = chunk.lives
    ended = (lives.next_since_price >= 0) & (lives.due_at >= change.at)
    hazard = lives.hazards.sum(axis=1)
    missing = np.where(ended, np.maximum(-math.log1p(-change.strength) - hazard, 0.0), 0.0)
    numbers = chunk.customer_numbers(lives.customer) * 1_000 + lives.number
    # Whoever stays under h leaves under h + m with probability 1 - exp(-m).
    turns = ~lives.leaving & (_drawn(seed, change, numbers) < -np.expm1(-missing))
    turned_at = np.full(chunk.customers, NEVER)
    np.minimum.at(turned_at, lives.customer[turns], lives.due_at[turns])
    kept = lives.ordered_at < turned_at[lives.customer]
    hazards, exposed = lives.hazards.copy(), lives.exposed.copy()
    hazards[:, _PRICE] += missing
    exposed[:, _PRICE] |= ended
    changed = replace(
        lives,
        hazards=hazards,
        exposed=exposed,
        leaving=lives.leaving | turns,
        cause=np.where(turns, _PRICE, lives.cause),
    )
    left = np.flatnonzero(turns & kept & (lives.due_at < chunk.end))
    truth = _truth(
        change, chunk.customer_ids(lives.customer[left]), chunk.order_ids("O", left), times(lives.due_at[left])
    )
    return replace(chunk, lives=changed.keep(kept)), without_later(tables, chunk, turned_at), truth


def say_newcomers(change: Change, chunk: Chunk) -> pa.Table:
    """Give the customers of a new segment, at their first order."""
    everyone = np.arange(chunk.customers)
    none = pa.nulls(chunk.customers, pa.string())
    return _truth(change, chunk.customer_ids(everyone), none, times(chunk.joined_at))


def _truth(change: Change, customer: pa.Array, order: pa.Array, at: pa.Array) -> pa.Table:
    table = pa.table({"customer_id": customer, "order_id": order, "at": at})
    columns = {name: plain(table[name]) for name in table.column_names}
    return pa.table({"change": pa.array([change.what] * table.num_rows, pa.string()), **columns})


def _drawn(seed: int, change: Change, numbers: Ints) -> Floats:
    return drawn_by_number(seed, get_args(What).index(change.what) + 1, numbers)
