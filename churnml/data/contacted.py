"""What customers were sent after a day, and whether they ordered with or without a discount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.data.template import on_its_day

_LONG_DAYS = 3_650


def contacted(
    shop: Shop, day: date, days: int, campaigns: tuple[str, ...], *, offers_too: bool = False
) -> pd.DataFrame:
    """Say what customers were sent in ``[day, day + days)``, as known at its end.

    Parameters
    ----------
    shop : Shop
        Shop with a table of contacts.
    day : date
        First day that counts.
    days : int
        Number of days that count.
    campaigns : tuple of str
        Campaigns whose contacts are told apart from others' offers.
    offers_too : bool, optional
        Whether others' offers count as theirs, as for customers whom no campaign at all should contact.

    Returns
    -------
    pandas DataFrame
        A row per customer who was treated, by ``customer_id``: ``own`` (1.0 where the campaigns contacted them),
        ``cost`` (of these contacts, as far as the shop tells it), ``without_cost`` (number of these of which it does
        not), ``other_offer`` (1.0 where another campaign sent an offer) and ``redeemed`` (1.0 where an offer of theirs
        was used).
    """
    table: pd.DataFrame = on_its_day(History(shop, day), _contacted, days, campaigns, offers_too).to_pandas()
    return table.set_index("customer_id").astype("float64")


def discounted_orders(shop: Shop, day: date, days: int) -> pd.Series:
    """Say who ordered in ``[day, day + days)``, by ``customer_id``: 1.0 with a discount, 0.0 without."""
    table = on_its_day(History(shop, day), _discounted, days).to_pandas()
    return pd.Series(table["discounted"].to_numpy(dtype="float64"), index=pd.Index(table["customer_id"]))


def contacted_since(shop: Shop, day: date, campaign: str) -> set[str]:
    """Name the customers whom a campaign contacted on a day or later."""
    if not shop.has("contacts"):
        return set()
    sent = contacted(shop, day, _LONG_DAYS, (campaign,))
    return set(sent.index[sent["own"] > 0])


def recorded(shop: Shop, contact_ids: Sequence[str]) -> set[str]:
    """Return those of some ids of contacts that the shop's table holds."""
    if not contact_ids or not shop.has("contacts"):
        return set()
    contacts = shop.tables["contacts"]
    known = contacts.filter(contacts.contact_id.isin(list(contact_ids))).select("contact_id").to_pandas()
    return set(known["contact_id"])


def _contacted(then: History, days: int, campaigns: tuple[str, ...], offers_too: bool) -> ir.Table:
    later = then.later(days)
    sent = later.treatments(*campaigns)
    sent = sent.filter(later.within(sent.sent_at, days))
    own = (sent.campaign.isin(campaigns) | ibis.literal(offers_too)).fill_null(False)
    return sent.group_by("customer_id").aggregate(
        own=own.ifelse(1.0, 0.0).max(),
        cost=sent.cost.sum(where=own).cast("float64").fill_null(0.0),
        without_cost=(own.sum() - sent.cost.count(where=own)).cast("float64"),
        other_offer=own.ifelse(0.0, 1.0).max(),
        redeemed=(own & (sent.redeemed_at >= sent.sent_at)).fill_null(False).ifelse(1.0, 0.0).max(),
    )


def _discounted(then: History, days: int) -> ir.Table:
    later = then.later(days)
    orders = later.uncancelled_orders
    orders = orders.filter(later.within(orders.ordered_at, days))
    discounted = (orders.discount > 0).fill_null(False)
    return orders.group_by("customer_id").aggregate(discounted=discounted.ifelse(1.0, 0.0).max())
