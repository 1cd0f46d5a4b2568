"""What became of those who entered a campaign: whether they left, what they spent, and what they were sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from churnml.data.history import History
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.data.spend import net_spend
from churnml.definition import ChurnDefinition

OUTCOMES = ("churned", "net_revenue", "profit")
STAYED_AWAY = "churned_while_arm_held"


def find_outcomes(shop: Shop, rows: pd.DataFrame, definition: ChurnDefinition, data_end: date, margin: float) -> pd.DataFrame:
    """Find the outcome of matured rows of a ledger, one query per day of entry and table.

    Parameters
    ----------
    shop : Shop
        Shop whose orders, returns and contacts tell it.
    rows : pandas DataFrame
        Rows of a ledger, all of one definition, whose ``measure_on`` is not after ``data_end``.
    definition : ChurnDefinition
        Definition of leaving in the ledger.
    data_end : date
        Day at which the data ends: nothing on or after it is known.
    margin : float
        Share of what customers spend that the shop earns by it.

    Returns
    -------
    pandas DataFrame
        With the index of ``rows``: ``churned`` (1.0 left, 0.0 stayed; null where the shop does not know the customer
        any more), ``churned_while_arm_held`` (no order until the arm ran out either; null where that is not over, and
        for kinds of leaving that are not about orders), ``net_revenue``, ``cost`` and ``profit`` (money within the
        window), and, null without a table of contacts, ``treated`` (the campaign contacted the customer in the window),
        ``other_offer`` (another campaign sent an offer) and ``redeemed`` (1.0 or 0.0; null where the shop does not
        tell).
    """
    found = [_of_day(shop, part, definition, data_end) for _, part in rows.groupby("entered_on", sort=True)]
    table = pd.concat(found).loc[rows.index] if found else pd.DataFrame(index=rows.index)
    return table.assign(profit=margin * table["net_revenue"] - table["cost"])


def _of_day(shop: Shop, rows: pd.DataFrame, definition: ChurnDefinition, data_end: date) -> pd.DataFrame:
    day: date = rows["entered_on"].iloc[0]
    ids = pd.Index(rows["customer_id"])
    churned = labels(shop, day, definition, data_end).reindex(ids).to_numpy()
    spent = net_spend(shop, day, definition.reach_days, data_end, ids).to_numpy()
    sent = pd.concat([part for _, part in _sent_by_campaign(shop, rows, day, definition)]).reindex(rows.index)
    treated = sent["own"].to_numpy() if shop.has("contacts") else np.full(len(rows), np.nan)
    # What the shop gives no cost for costs what was planned. An offer costs where it was taken: with an order that was
    # not discounted, since a discount is in the amounts already.
    contact = np.where(sent["without_cost"] > 0, sent["cost"] + rows["play_cost"], sent["cost"])
    bought, discounted = (flag.reindex(ids).fillna(0.0).to_numpy() for flag in _bought(shop, day, definition))
    offer = rows["play_offer"].to_numpy() * bought * (1 - discounted)
    return pd.DataFrame(
        {
            "churned": churned,
            STAYED_AWAY: _while_arm_held(shop, rows, definition, data_end),
            "net_revenue": np.where(np.isnan(churned), np.nan, spent),
            "cost": np.where(np.nan_to_num(treated) > 0, contact + offer, 0.0),
            "treated": treated,
            "other_offer": sent["other_offer"].to_numpy(),
            "redeemed": sent["redeemed"].to_numpy(),
        },
        index=rows.index,
    )


def _while_arm_held(shop: Shop, rows: pd.DataFrame, definition: ChurnDefinition, data_end: date) -> np.ndarray:
    day, until = rows["entered_on"].iloc[0], rows["arm_until"]
    if definition.kind != "no_order" or max(until) > data_end:
        return np.full(len(rows), np.nan)
    days = (max(until) - day).days - definition.lead_days
    longer = definition.model_copy(update={"horizon_days": days})
    return labels(shop, day, longer, data_end).reindex(pd.Index(rows["customer_id"])).to_numpy()


def _sent_by_campaign(
    shop: Shop, rows: pd.DataFrame, day: date, definition: ChurnDefinition
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Say what customers were sent in the window, campaign by campaign, with the index of the rows."""
    columns = ["own", "cost", "without_cost", "other_offer", "redeemed"]
    for campaign, part in rows.groupby("campaign", sort=True):
        nothing = pd.DataFrame(0.0, index=part.index, columns=columns)
        if not shop.has("contacts"):
            yield str(campaign), nothing.assign(other_offer=np.nan, redeemed=np.nan)
            continue
        later = History(shop, day).later(definition.reach_days)
        sent = _sent(later, str(campaign), definition.reach_days).to_pandas().set_index("customer_id")
        told = sent.reindex(pd.Index(part["customer_id"])).fillna(0.0).astype("float64").set_axis(part.index)
        if not shop.has("contacts", ["redeemed_at"]):
            told["redeemed"] = np.nan
        yield str(campaign), told[columns]


def _sent(later: History, campaign: str, days: int) -> ir.Table:
    """Aggregate the contacts of a window by customer."""
    sent = later.treatments(campaign)
    sent = sent.filter(later.within(sent.sent_at, days))
    own = (sent.campaign == campaign).fill_null(False)
    return sent.group_by("customer_id").aggregate(
        own=own.any().cast("float64"),
        cost=sent.cost.sum(where=own).cast("float64").fill_null(0.0),
        without_cost=sent.count(where=own & sent.cost.isnull()).cast("float64"),
        other_offer=(~own).any().cast("float64"),
        redeemed=(own & sent.redeemed_at.notnull()).any().cast("float64"),
    )


def _bought(shop: Shop, day: date, definition: ChurnDefinition) -> tuple[pd.Series, pd.Series]:
    """Say who ordered within the window, and who did so with a discount, by customer; 1.0 for those who did."""
    later = History(shop, day).later(definition.reach_days)
    orders = later.uncancelled_orders
    orders = orders.filter(later.within(orders.ordered_at, definition.reach_days))
    discounted = (orders.discount > 0).fill_null(False) if shop.has("orders", ["discount"]) else ibis.literal(False)
    table = orders.group_by("customer_id").aggregate(discounted=discounted.any().cast("float64")).to_pandas()
    by_customer = table.set_index("customer_id")["discounted"]
    return pd.Series(1.0, index=by_customer.index), by_customer
