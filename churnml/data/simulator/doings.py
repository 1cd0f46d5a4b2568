"""The tables of what customers are and do besides ordering: customers, visits, contacts, subscriptions."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa

from churnml.data.simulator.behaviour import NEVER, Flags, Ints
from churnml.data.simulator.columns import flags, ids, money, numbers, repeated, times, words
from churnml.data.simulator.effects import Effects
from churnml.data.simulator.season import DAY
from churnml.data.simulator.tables import Chunk

CITIES = ("Istanbul", "Ankara", "Izmir", "Bursa", "Antalya", "Adana", "Konya", "Gaziantep", "Mersin", "Kayseri")
AGE_GROUPS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
PLANS = ("monthly", "yearly")
CANCEL_REASONS = ("too expensive", "not used", "service")

_CAMPAIGN_EVERY_DAYS = 91
_CAMPAIGN_DIGITS = 3


def customer_tables(rng: np.random.Generator, chunk: Chunk, effects: Effects) -> dict[str, pa.Table]:
    """Make the tables of what customers are and do besides ordering.

    Who is about to leave visits less and opens fewer mails, and who has left hardly any; in a memoryless shop neither
    has to do with the orders. The shop's own offers have no effect: treated and untreated customers leave alike.

    Parameters
    ----------
    rng : numpy Generator
        Source of all draws.
    chunk : Chunk
        Customers and their orders.
    effects : Effects
        Effects that drive leaving, which say whether the shop is memoryless.

    Returns
    -------
    dict of str to Arrow table
        ``customers``, ``visits``, ``contacts`` and ``subscriptions``; some may have no rows.
    """
    lives, everyone = chunk.lives, np.arange(chunk.customers)
    last = np.searchsorted(lives.customer, everyone, side="right") - 1
    leaving_since = np.where(lives.leaving[last], lives.ordered_at[last], NEVER)
    left_at = np.where(lives.leaving[last], lives.due_at[last], NEVER)
    waits = np.where(rng.random(chunk.customers) < 0.6, 300, rng.exponential(6.0, chunk.customers) * DAY + 300)
    signed_up_at = chunk.joined_at - waits.astype(np.int64)
    contactable = rng.random(chunk.customers) < 0.85
    customers = {
        "customer_id": chunk.customer_ids(everyone),
        "signed_up_at": times(signed_up_at),
        "contactable": flags(contactable),
        "city": words(CITIES, (len(CITIES) * rng.random(chunk.customers) ** 2).astype(np.int64)),
        "age_group": words(AGE_GROUPS, rng.binomial(len(AGE_GROUPS) - 1, 0.4, chunk.customers)),
    }
    return {
        "customers": pa.table(customers),
        "visits": visit_table(rng, chunk, effects),
        "contacts": _contacts(rng, chunk, np.where(contactable, signed_up_at, NEVER), leaving_since, left_at),
        "subscriptions": _subscriptions(rng, chunk, left_at),
    }


def visit_table(rng: np.random.Generator, chunk: Chunk, effects: Effects) -> pa.Table:
    """Draw visits: a Poisson process between orders, and (unless memoryless) one just before many orders.

    Parameters
    ----------
    rng : numpy Generator
        Source of all draws.
    chunk : Chunk
        Customers and their orders.
    effects : Effects
        Effects that drive leaving, which say whether the shop is memoryless.

    Returns
    -------
    Arrow table
        ``visits``, by customer and time.
    """
    lives, size = chunk.lives, chunk.lives.customer.size
    until = np.minimum(lives.due_at, chunk.end)
    per_day = (1.0 if effects.memoryless else 0.5) / chunk.people.pace_days[lives.customer]
    fading = np.where(lives.leaving, 0.3, 1.0)
    counts = rng.poisson(per_day * fading * (until - lives.ordered_at) / DAY)
    order = np.repeat(np.arange(size), counts)
    span = (until - lives.ordered_at)[order]
    browsed_at = lives.ordered_at[order] + (span * rng.random(order.size)).astype(np.int64)
    shops = np.zeros(0, dtype=np.int64) if effects.memoryless else np.flatnonzero(rng.random(size) < 0.55)
    shopped_at = lives.ordered_at[shops] - rng.integers(60, 1800, shops.size)

    customer = np.concatenate([lives.customer[order], lives.customer[shops]])
    visited_at = np.concatenate([browsed_at, shopped_at])
    buys = np.repeat([False, True], [order.size, shops.size])
    by_time = np.lexsort((visited_at, customer))
    customer, visited_at, buys = customer[by_time], visited_at[by_time], buys[by_time]
    twice = np.zeros(customer.size, dtype=np.bool_)
    twice[1:] = (customer[1:] == customer[:-1]) & (visited_at[1:] == visited_at[:-1])
    customer, visited_at, buys = customer[~twice], visited_at[~twice], buys[~twice]
    in_cart = np.where(buys, 1 + rng.poisson(0.8, buys.size), rng.binomial(2, 0.12, buys.size))
    return pa.table(
        {
            "customer_id": chunk.customer_ids(customer),
            "visited_at": times(visited_at),
            "pages": numbers(1 + in_cart + rng.poisson(4.0, buys.size)),
            "added_to_cart": numbers(in_cart),
        }
    )


def _contacts(
    rng: np.random.Generator, chunk: Chunk, reachable_from: Ints, leaving_since: Ints, left_at: Ints
) -> pa.Table:
    """Send a mail every quarter: in turns a newsletter to all, and an offer of which a random part gets nothing."""
    days = np.arange(chunk.end // DAY - _CAMPAIGN_EVERY_DAYS // 2, chunk.start // DAY, -_CAMPAIGN_EVERY_DAYS)[::-1]
    sent_at = days * DAY + 9 * 3600 + rng.integers(0, 2 * 3600, (chunk.customers, days.size))
    customer, campaign = np.nonzero(sent_at > reachable_from[:, None])
    sent_at = sent_at[customer, campaign]
    is_offer = campaign % 2 == 1
    treated = is_offer & (rng.random(customer.size) < 0.8)
    mailed = treated | ~is_offer
    interest = np.where(sent_at > left_at[customer], 0.05, np.where(sent_at > leaving_since[customer], 0.18, 0.36))
    opens = mailed & (rng.random(customer.size) < interest)
    opened_at = np.where(opens, sent_at + (rng.exponential(0.8, customer.size) * DAY).astype(np.int64) + 60, NEVER)
    clicks = opens & (rng.random(customer.size) < 0.25)
    clicked_at = np.where(clicks, np.minimum(opened_at, NEVER - 600) + rng.integers(5, 600, customer.size), NEVER)
    kinds = ("newsletter", "offer")
    names = tuple(
        f"{kinds[place % 2]}-{dt.date(1970, 1, 1) + dt.timedelta(int(day))}" for place, day in enumerate(days)
    )
    contact = chunk.customer_numbers(customer) * 10**_CAMPAIGN_DIGITS + campaign + 1
    return pa.table(
        {
            "contact_id": ids("M", contact, chunk.width + _CAMPAIGN_DIGITS),
            "customer_id": chunk.customer_ids(customer),
            "campaign": words(names, campaign),
            "sent_at": times(sent_at),
            "opened_at": times(opened_at, chunk.end),
            "clicked_at": times(clicked_at, chunk.end),
            "arm": words(("treatment", "control"), np.where(is_offer, np.where(treated, 0, 1), -1)),
            "offer": words(("10 % off the next order",), np.where(treated, 0, -1)),
            "cost": money(np.where(treated, 100, np.where(mailed, 2, 0))),
        }
    )


def _subscriptions(rng: np.random.Generator, chunk: Chunk, left_at: Ints) -> pa.Table:
    """Let customers subscribe; who leaves often cancels, soon after. Leave out what is over at the start."""
    kind = chunk.kind
    started_at = chunk.joined_at + rng.integers(60, kind.subscribed_within_days * DAY, chunk.customers)
    subscribes = rng.random(chunk.customers) < kind.subscriber_share
    rows = np.flatnonzero(subscribes & (started_at < np.minimum(left_at, chunk.end)))
    started_at, left_at = started_at[rows], left_at[rows]
    yearly = rng.random(rows.size) < kind.yearly_plan_share
    ended_at = np.where(yearly, started_at + 365 * DAY, NEVER)
    has_left = left_at < NEVER
    soon = np.where(has_left, left_at, 0) + rng.integers(60, 30 * DAY, rows.size)
    any_time = started_at + rng.integers(DAY, 700 * DAY, rows.size)
    cancelled_at = np.where(has_left, soon, any_time)
    cancels: Flags = rng.random(rows.size) < np.where(has_left, kind.cancelling_leavers, kind.cancelling_stayers)
    cancels &= (cancelled_at < ended_at) & (cancelled_at < chunk.end)
    cancelled_at = np.where(cancels, cancelled_at, NEVER)
    seen = np.minimum(cancelled_at, ended_at) >= chunk.start
    reason = np.where(cancels, rng.integers(0, len(CANCEL_REASONS), rows.size), -1)
    everyone = ids("S", chunk.customer_numbers(np.arange(chunk.customers)), chunk.width)
    table = pa.table(
        {
            "subscription_id": repeated(everyone, rows),
            "customer_id": chunk.customer_ids(rows),
            "started_at": times(started_at),
            "ended_at": times(ended_at),
            "cancelled_at": times(cancelled_at),
            "plan": words(PLANS, yearly.astype(np.int64)),
            "price": money(np.where(yearly, 4900, 499)),
            "cancel_reason": words(CANCEL_REASONS, reason),
        }
    )
    return table if seen.all() else table.filter(pa.array(seen))
