"""The tables that follow an order: orders, their lines and deliveries, complaints, returns, reviews, rewards, truth."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from churnml.data.simulator.behaviour import CAUSES, NEVER, Flags, Ints, Lives
from churnml.data.simulator.columns import flags, ids, money, numbers, repeated, times, words
from churnml.data.simulator.effects import DRIVERS
from churnml.data.simulator.fault import PRODUCTS, TIMES, Fault
from churnml.data.simulator.kinds import Kind
from churnml.data.simulator.messages import REVIEW_TEXTS, complaint_place, complaint_texts, review_place
from churnml.data.simulator.people import People
from churnml.data.simulator.season import DAY

CHANNELS = ("web", "app", "phone")
CATEGORIES = ("home", "kitchen", "garden", "books", "toys", "beauty", "sports", "pets")
TOPICS = ("delivery", "wrong item", "quality", "billing", "other")
SEVERITIES = ("low", "medium", "high")
RETURN_REASONS = ("wrong item", "does not fit", "damaged", "changed my mind")
TIERS = ("basic", "silver", "gold")

_ORDER_DIGITS = 3
_DAMAGED = RETURN_REASONS.index("damaged")
_POINTS_PER_REWARD = 100


@dataclass(frozen=True)
class Chunk:
    """One chunk of customers: who they are, their orders, and the ids of both.

    ``base`` is the number of the customers before the chunk, ``width`` the digits of a customer id, ``start`` and
    ``end`` the seconds since 1970 between which orders fall, ``joined_at`` the second of each customer's first order
    ever, ``orders_before`` how many were made before the start, and ``fault`` a product that is sent back more often.
    """

    kind: Kind
    people: People
    lives: Lives
    joined_at: Ints
    orders_before: Ints
    base: int
    width: int
    start: int
    end: int
    fault: Fault | None = None

    @property
    def customers(self) -> int:
        """How many customers there are."""
        return int(self.people.first_at.size)

    @property
    def left(self) -> Flags:
        """After which orders customers left for good, by the end."""
        return self.lives.is_last & (self.lives.due_at < self.end)

    @property
    def left_at(self) -> Ints:
        """The second at which each customer left, ``NEVER`` where they have not."""
        at = np.full(self.customers, NEVER)
        at[self.lives.customer[self.left]] = self.lives.due_at[self.left]
        return at

    def one(self, customer: int) -> Chunk:
        """Give one of the customers, counted within the chunk."""
        rows = slice(*np.searchsorted(self.lives.customer, [customer, customer + 1]))
        lives = self.lives.keep(rows)
        return replace(
            self,
            people=self.people.keep(np.array([customer])),
            lives=replace(lives, customer=np.zeros_like(lives.customer)),
            joined_at=self.joined_at[[customer]],
            orders_before=self.orders_before[[customer]],
            base=self.base + customer,
        )

    def customer_numbers(self, customer: Ints) -> Ints:
        """Return the shop-wide numbers, from 1, of customers counted within the chunk."""
        return customer + self.base + 1

    def customer_ids(self, customer: Ints) -> pa.DictionaryArray:
        """Return the ids of customers counted within the chunk."""
        return repeated(ids("C", self.customer_numbers(np.arange(self.customers)), self.width), customer)

    def order_ids(self, prefix: str, rows: Ints | Flags) -> pa.StringArray:
        """Return the ids of orders, or with another prefix of what belongs to them one to one."""
        customer, number = self.numbers_of(rows)
        return ids(prefix, customer * 10**_ORDER_DIGITS + number, self.width + _ORDER_DIGITS)

    def numbers_of(self, rows: Ints | Flags) -> tuple[Ints, Ints]:
        """Return the shop-wide number of the customer of orders, and the number of each among that customer's."""
        return self.customer_numbers(self.lives.customer[rows]), self.lives.number[rows]


def order_tables(rng: np.random.Generator, chunk: Chunk) -> dict[str, pa.Table]:
    """Make the tables whose rows follow an order.

    Parameters
    ----------
    rng : numpy Generator
        Source of all draws.
    chunk : Chunk
        Customers and their orders.

    Returns
    -------
    dict of str to Arrow table
        ``orders``, ``order_items``, ``deliveries``, ``complaints``, ``returns``, ``reviews`` and ``rewards``; some
        may have no rows.
    """
    gross, items = _items(rng, chunk)
    discount = np.rint(gross * chunk.lives.discount_share).astype(np.int64)
    return {
        "orders": _orders(rng, chunk, gross - discount, discount),
        "order_items": items,
        "deliveries": _deliveries(chunk),
        "complaints": _complaints(rng, chunk),
        "returns": _returns(rng, chunk, gross - discount, items),
        "reviews": _reviews(rng, chunk),
        "rewards": reward_table(chunk, gross - discount, member=rng.random(chunk.customers) < 0.6),
    }


def truth_tables(chunk: Chunk) -> dict[str, pa.Table]:
    """Make the tables of what no shop knows: who has left, when, why, and the hazards of every decision.

    Parameters
    ----------
    chunk : Chunk
        Customers and their orders.

    Returns
    -------
    dict of str to Arrow table
        ``customers`` (``left_at`` and ``cause`` null where they have not left by the end of the data; ``joined_at`` is
        the first order ever, and ``orders_before_start`` counts the orders that are not written because they came
        before the first day) and ``orders`` (``decided_at`` null where the decision lies after the end).
    """
    lives = chunk.lives
    left_at = chunk.left_at
    cause = np.full(chunk.customers, -1)
    cause[lives.customer[chunk.left]] = lives.cause[chunk.left]
    customers = {
        "customer_id": chunk.customer_ids(np.arange(chunk.customers)),
        "left": flags(left_at < NEVER),
        "left_at": times(left_at),
        "cause": words(CAUSES, cause),
        "base_hazard": pa.array(chunk.people.base_hazard),
        "pace_days": pa.array(chunk.people.pace_days),
        "joined_at": times(chunk.joined_at),
        "orders_before_start": numbers(chunk.orders_before),
    }
    orders = {
        "order_id": chunk.order_ids("O", np.arange(lives.customer.size)),
        "customer_id": chunk.customer_ids(lives.customer),
        "decided_at": times(lives.due_at, chunk.end),
    }
    orders |= {f"hazard_{cause}": pa.array(lives.hazards[:, place]) for place, cause in enumerate(CAUSES)}
    orders |= {f"exposed_{driver}": flags(lives.exposed[:, place]) for place, driver in enumerate(DRIVERS)}
    orders["leave_probability"] = pa.array(-np.expm1(-lives.hazards.sum(axis=1)))
    return {"customers": pa.table(customers), "orders": pa.table(orders)}


def reward_table(chunk: Chunk, amount: Ints, member: Flags) -> pa.Table:
    """Credit members a point per whole unit of money; every fifth order redeems where the points suffice.

    Parameters
    ----------
    chunk : Chunk
        Customers and their orders.
    amount : array of int
        Amount of each order, in cents.
    member : array of bool
        Whether each customer collects points.

    Returns
    -------
    Arrow table
        ``rewards``, by customer and time.
    """
    lives = chunk.lives
    rows = np.flatnonzero(member[lives.customer] & (lives.cancelled_at == NEVER) & (amount >= 100))
    points = amount[rows] // 100
    running = np.concatenate([[0], np.cumsum(points)])
    first_row = np.searchsorted(lives.customer[rows], lives.customer[rows])
    balance = running[1:] - running[first_row]
    nth = np.arange(rows.size) - first_row + 1
    # The points of n rewards are there at the nth, so no earlier one can have made the balance negative.
    redeems = np.flatnonzero((nth % 5 == 0) & (balance >= _POINTS_PER_REWARD * (nth // 5)))
    order = np.concatenate([np.arange(rows.size), redeems])
    redeemed = np.repeat([0, 1], [rows.size, redeems.size])
    by_time = np.lexsort((redeemed, order))
    order, redeemed = order[by_time], redeemed[by_time]
    return pa.table(
        {
            "customer_id": chunk.customer_ids(lives.customer[rows[order]]),
            "changed_at": times(lives.ordered_at[rows[order]]),
            "points": numbers(np.where(redeemed == 1, -_POINTS_PER_REWARD, points[order])),
            "kind": words(("earned", "redeemed"), redeemed),
            "tier": words(TIERS, np.searchsorted([5, 12], nth[order], side="right")),
        }
    )


def _items(rng: np.random.Generator, chunk: Chunk) -> tuple[Ints, pa.Table]:
    """Fill the baskets: one to four different products each; give the sum per order in cents beside the table."""
    lives, kind, size = chunk.lives, chunk.kind, chunk.lives.customer.size
    lines = 1 + rng.binomial(3, chunk.people.line_share[lives.customer])
    order = np.repeat(np.arange(size), lines)
    line = np.arange(order.size) - np.repeat(np.cumsum(lines) - lines, lines)
    # Steps of one size keep the products of an order distinct, near each other in price.
    furthest = PRODUCTS - 1 - 3 * 40
    wanted = chunk.people.taste[lives.customer] * furthest + rng.normal(0.0, 40.0, size)
    product = np.clip(wanted, 0, furthest).astype(np.int64)[order] + line * rng.integers(1, 41, size)[order]
    list_price = np.rint(kind.cheapest_cents * kind.price_ratio ** (np.arange(PRODUCTS) / PRODUCTS)).astype(np.int64)
    price = np.rint(list_price[product] * (1 + lives.price_rise[order])).astype(np.int64)
    quantity = 1 + (rng.random(order.size) < 0.15) + (rng.random(order.size) < 0.04)
    if kind.bulk_spread:
        quantity = np.maximum(np.rint(quantity * chunk.people.bulk[lives.customer[order]]).astype(np.int64), 1)
    sums = np.concatenate([[0], np.cumsum(price * quantity)])
    ends = np.cumsum(lines)
    columns = {
        "order_id": repeated(chunk.order_ids("O", np.arange(size)), order),
        "product_id": repeated(ids("P", np.arange(1, PRODUCTS + 1), 4), product),
        "quantity": numbers(quantity),
        "unit_price": money(price),
        "category": words(CATEGORIES, product * 7 % len(CATEGORIES)),
    }
    return sums[ends] - sums[ends - lines], pa.table(columns)


def _orders(rng: np.random.Generator, chunk: Chunk, amount: Ints, discount: Ints) -> pa.Table:
    lives, size = chunk.lives, chunk.lives.customer.size
    return pa.table(
        {
            "order_id": chunk.order_ids("O", np.arange(size)),
            "customer_id": chunk.customer_ids(lives.customer),
            "ordered_at": times(lives.ordered_at),
            "amount": money(amount),
            "discount": money(discount),
            "channel": words(CHANNELS, np.searchsorted([0.55, 0.95], rng.random(size))),
            "currency": words(("EUR",), np.zeros(size, dtype=np.int64)),
            "cancelled_at": times(lives.cancelled_at, chunk.end),
        }
    )


def _deliveries(chunk: Chunk) -> pa.Table:
    lives = chunk.lives
    sent = lives.promised_at < NEVER
    return pa.table(
        {
            "order_id": chunk.order_ids("O", sent),
            "promised_at": times(lives.promised_at[sent]),
            "shipped_at": times(lives.shipped_at[sent], chunk.end),
            "delivered_at": times(lives.delivered_at[sent], chunk.end),
        }
    )


def _complaints(rng: np.random.Generator, chunk: Chunk) -> pa.Table:
    lives = chunk.lives
    raised = np.flatnonzero(lives.opened_at < chunk.end)
    other = rng.integers(2, len(TOPICS), raised.size)
    topic = np.where(lives.wrong[raised], 1, np.where(lives.late[raised], 0, other))
    text = complaint_place(topic, *chunk.numbers_of(raised))
    return pa.table(
        {
            "complaint_id": chunk.order_ids("K", raised),
            "customer_id": chunk.customer_ids(lives.customer[raised]),
            "opened_at": times(lives.opened_at[raised]),
            "order_id": chunk.order_ids("O", raised),
            "first_response_at": times(lives.first_response_at[raised], chunk.end),
            "resolved_at": times(lives.resolved_at[raised], chunk.end),
            "topic": words(TOPICS, topic),
            "severity": words(SEVERITIES, np.searchsorted([0.5, 0.85], rng.random(raised.size))),
            "text": words(complaint_texts(TOPICS), text),
        }
    )


def _returns(rng: np.random.Generator, chunk: Chunk, amount: Ints, items: pa.Table) -> pa.Table:
    lives, size = chunk.lives, chunk.lives.customer.size
    drawn = rng.random(size)
    usual = np.where(lives.wrong, np.maximum(0.5, chunk.kind.return_share), chunk.kind.return_share)
    returned_at = _after_delivery(rng, lives, longest_days=14)
    rows = np.flatnonzero((drawn < usual) & (returned_at < chunk.end))
    share = np.where(rng.random(rows.size) < 0.5, 1.0, rng.uniform(0.2, 0.8, rows.size))
    reason = np.where(lives.wrong[rows], 0, rng.integers(1, len(RETURN_REASONS), rows.size))
    if chunk.fault is not None:
        # What is sent back besides takes no draws from the others, so that the rest of the shop stays as it is.
        more = _faulty(chunk, items, chunk.fault) & (drawn >= usual) & (drawn < TIMES * usual)
        besides = np.flatnonzero(more & (returned_at < chunk.end))
        order = np.argsort(np.concatenate([rows, besides]), kind="stable")
        rows = np.concatenate([rows, besides])[order]
        share = np.concatenate([share, np.ones(besides.size)])[order]
        reason = np.concatenate([reason, np.full(besides.size, _DAMAGED)])[order]
    return pa.table(
        {
            "return_id": chunk.order_ids("R", rows),
            "customer_id": chunk.customer_ids(lives.customer[rows]),
            "returned_at": times(returned_at[rows]),
            "amount": money(np.rint(amount[rows] * share).astype(np.int64)),
            "order_id": chunk.order_ids("O", rows),
            "reason": words(RETURN_REASONS, reason),
        }
    )


def _faulty(chunk: Chunk, items: pa.Table, fault: Fault) -> Flags:
    """Find the orders that hold the faulty product and are placed from the day on."""
    product, order = (items[name].combine_chunks().indices.to_numpy() for name in ("product_id", "order_id"))
    holds = np.zeros(chunk.lives.customer.size, dtype=np.bool_)
    holds[order[product == fault.product - 1]] = True
    first = (fault.day - dt.date(1970, 1, 1)).days * DAY
    return holds & (chunk.lives.ordered_at >= first)


def _reviews(rng: np.random.Generator, chunk: Chunk) -> pa.Table:
    """Rate some orders with one to five stars, fewer with nought to ten; disappointments cost stars."""
    lives, size = chunk.lives, chunk.lives.customer.size
    submitted_at = _after_delivery(rng, lives, longest_days=10)
    drawn = rng.random(size)
    rows = np.flatnonzero((drawn < 0.16) & (submitted_at < chunk.end))
    nps = drawn[rows] > 0.12
    mood = rng.normal(4.3, 0.8, rows.size) - 1.5 * lives.late[rows] - 1.8 * lives.wrong[rows]
    stars = np.clip(np.rint(mood), 1, 5).astype(np.int64)
    points = np.clip(np.rint(2.5 * (mood - 1)), 0, 10).astype(np.int64)
    text = review_place(stars, *chunk.numbers_of(rows))
    return pa.table(
        {
            "review_id": chunk.order_ids("V", rows),
            "customer_id": chunk.customer_ids(lives.customer[rows]),
            "submitted_at": times(submitted_at[rows]),
            "rating": numbers(np.where(nps, points, stars)),
            "order_id": chunk.order_ids("O", rows),
            "scale": numbers(np.where(nps, 10, 5)),
            "text": words(REVIEW_TEXTS, np.where(rng.random(rows.size) < 0.3, text, -1)),
        }
    )


def _after_delivery(rng: np.random.Generator, lives: Lives, longest_days: int) -> Ints:
    """Draw a time within some days after each delivery; never where nothing was delivered."""
    wait = rng.integers(3600, longest_days * DAY, lives.customer.size)
    return np.where(lives.delivered_at < NEVER, np.minimum(lives.delivered_at, NEVER - wait) + wait, NEVER)
