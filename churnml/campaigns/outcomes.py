"""What became of those who entered a campaign: whether they left, what they spent, and what they were sent."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from churnml.data.contacted import contacted, discounted_orders
from churnml.data.draw import only
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.data.spend import net_spend
from churnml.definition import ChurnDefinition
from churnml.words.campaigns import STAYED_AWAY
from churnml.words.value_names import ALL_CAMPAIGNS

_AT_ONCE = 100_000
_READ = ("orders", "returns", "contacts", "subscriptions")
_SENT = ["own", "cost", "without_cost", "other_offer", "redeemed"]


def find_outcomes(
    shop: Shop,
    rows: pd.DataFrame,
    definition: ChurnDefinition,
    data_end: date,
    margin: float,
    campaigns: tuple[str, ...],
) -> pd.DataFrame:
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
    campaigns : tuple of str
        Names of all campaigns, which together treat those who entered all of them.

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
    found = []
    days = [part for _, part in rows.groupby("entered_on", sort=True)]
    batches = np.cumsum([len(part) for part in days]) // _AT_ONCE
    for batch in np.unique(batches):
        parts = [part for part, of in zip(days, batches, strict=True) if of == batch]
        # The questions of a day are asked of customers of a few days alone, not of all.
        customers = pd.concat([part["customer_id"] for part in parts]).unique()
        with only(shop, customers.tolist(), _READ) as few:
            found += [_of_day(few, part, definition, data_end, campaigns) for part in parts]
    table = pd.concat(found).loc[rows.index] if found else pd.DataFrame(index=rows.index)
    return table.assign(profit=margin * table["net_revenue"] - table["cost"])


def _of_day(
    shop: Shop, rows: pd.DataFrame, definition: ChurnDefinition, data_end: date, campaigns: tuple[str, ...]
) -> pd.DataFrame:
    day: date = rows["entered_on"].iloc[0]
    ids = pd.Index(rows["customer_id"])
    churned = labels(shop, day, definition, data_end).reindex(ids).to_numpy()
    spent = net_spend(shop, day, definition.reach_days, data_end, ids).to_numpy()
    if shop.has("contacts"):
        sent = _sent(shop, rows, day, definition.reach_days, campaigns)
    else:
        sent = pd.DataFrame(np.nan, index=rows.index, columns=_SENT)
    treated = sent["own"].to_numpy()
    # What the shop gives no cost for costs what was planned. An offer costs where it was taken: with an order that was
    # not discounted, since a discount is in the amounts already.
    contact = np.where(sent["without_cost"] > 0, sent["cost"] + rows["play_cost"], sent["cost"])
    discounted = discounted_orders(shop, day, definition.reach_days).reindex(ids).to_numpy()
    offer = np.where(discounted == 0, rows["play_offer"], 0.0)
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


def _sent(shop: Shop, rows: pd.DataFrame, day: date, days: int, campaigns: tuple[str, ...]) -> pd.DataFrame:
    """Say what customers were sent in the window by their campaign and others, with the index of the rows."""
    found = []
    for campaign, part in rows.groupby("campaign", sort=True, observed=True):
        of_all = campaign == ALL_CAMPAIGNS
        sent = contacted(shop, day, days, campaigns if of_all else (str(campaign),), offers_too=bool(of_all))
        found.append(sent.reindex(pd.Index(part["customer_id"])).fillna(0.0).set_axis(part.index))
    sent = pd.concat(found).loc[rows.index]
    return sent if shop.has("contacts", ["redeemed_at"]) else sent.assign(redeemed=np.nan)
