"""The numbers that sentences say, computed once more with pandas from the raw tables, apart from churnml's features."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

WINDOWS = (30, 60, 90, 180, 365)


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read the Parquet files of a folder by table."""
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


def compute_facts(tables: Mapping[str, pd.DataFrame], day: pd.Timestamp, customers: pd.Index) -> pd.DataFrame:
    """Compute what was known of customers at the start of a day.

    Parameters
    ----------
    tables
        Raw tables by name.
    day
        The snapshot.
    customers
        Ids of the customers.

    Returns
    -------
    pandas DataFrame
        A row per customer, a column per feature, named as churnml names it.
    """
    orders = tables["orders"]
    orders = orders[(orders.ordered_at < day) & ~(orders.cancelled_at < day)].sort_values("ordered_at")
    parts = [_orders(orders, day), _gaps(orders), _discounts(orders)]
    parts.append(_deliveries(tables["deliveries"], orders, day))
    parts.append(_complaints(tables["complaints"], orders, day))
    parts += [_visits(tables["visits"], day), _contacts(tables["contacts"], day)]
    parts.append(_subscriptions(tables["subscriptions"], day))
    parts.append(_items(tables["order_items"], orders, day))
    facts = pd.concat([part.reindex(customers) for part in parts], axis=1)
    facts[[name for name in facts if name.endswith(_COUNTS)]] = facts[
        [name for name in facts if name.endswith(_COUNTS)]
    ].fillna(0)
    facts["pace_days"] = _paces(_order_days(orders), customers)
    facts["overdue_ratio"] = facts.days_since_last_order / facts.pace_days
    facts["gap_last_to_median_ratio"] = facts.gap_last_days / facts.gap_median_days
    facts["orders_90d_share_of_365d"] = facts.orders_90d / facts.orders_365d
    facts["visits_90d_share_of_365d"] = facts.visits_90d / facts.visits_365d
    return facts


_COUNTS = tuple(
    f"{kind}_{days}d" for kind in ("orders", "visits", "amount_sum", "contacts", "pages") for days in WINDOWS
)


def _days(day: pd.Timestamp, times: pd.Series) -> pd.Series:
    return (day - times.dt.normalize()).dt.days.astype("float64")


def _in(times: pd.Series, day: pd.Timestamp, days: int) -> pd.Series:
    return (times >= day - pd.Timedelta(days=days)) & (times < day)


def _orders(orders: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    by = orders.groupby("customer_id")
    found = {
        "days_since_last_order": _days(day, by.ordered_at.max()),
        "days_since_first_order": _days(day, by.ordered_at.min()),
        "order_days_total": orders.ordered_at.dt.normalize().groupby(orders.customer_id).nunique().astype("float64"),
    }
    for days in WINDOWS:
        rows = orders[_in(orders.ordered_at, day, days)].groupby("customer_id")
        found[f"orders_{days}d"] = rows.size().astype("float64")
        found[f"amount_sum_{days}d"] = rows.amount.apply(lambda amounts: float(sum(amounts)))
    return pd.DataFrame(found)


def _order_days(orders: pd.DataFrame) -> pd.DataFrame:
    day = pd.DataFrame({"customer_id": orders.customer_id, "day": orders.ordered_at.dt.normalize()}).drop_duplicates()
    by = day.groupby("customer_id")
    return day.assign(gap=by.day.diff().dt.days, before=by.cumcount())


def _paces(days: pd.DataFrame, customers: pd.Index) -> pd.Series:
    """Give each customer a pace: their own from three gaps on, else that of customers with as few orders."""
    own = days.groupby("customer_id").gap.agg(["median", "size"]).reindex(customers)
    first = days[days.before.between(1, 3)]
    shop = {
        n: gaps.median() if len(gaps := days.gap[days.before == n]) >= 20 else first.gap.median() for n in (1, 2, 3)
    }
    return own["median"].where(own["size"] > 3, own["size"].map(shop))


def _gaps(orders: pd.DataFrame) -> pd.DataFrame:
    gaps = _order_days(orders).dropna()
    last = ~gaps.customer_id.duplicated(keep="last")
    return pd.DataFrame(
        {
            "gap_median_days": gaps.groupby("customer_id").gap.median(),
            "gap_last_days": gaps[last].set_index("customer_id").gap,
            "gap_earlier_median_days": gaps[~last].groupby("customer_id").gap.median(),
        }
    )


def _discounts(orders: pd.DataFrame) -> pd.DataFrame:
    discount = orders.discount.fillna(0).astype("float64") > 0
    last = orders.ordered_at[discount].groupby(orders.customer_id).max()
    at_last = orders.customer_id.map(last)
    full = (
        (orders.ordered_at > at_last)
        .groupby(orders.customer_id)
        .sum()
        .astype("float64")
        .where(lambda n: n.index.isin(last.index))
    )
    until = (
        (orders.ordered_at <= at_last)
        .groupby(orders.customer_id)
        .sum()
        .astype("float64")
        .where(lambda n: n.index.isin(last.index))
    )
    total = discount.groupby(orders.customer_id).sum().astype("float64")
    return pd.DataFrame(
        {
            "orders_at_full_price_since_discount": full,
            "orders_until_last_discount": until,
            "orders_discounted_total": total,
            "discount_ended_usual_share": (total / until).where(full > 0),
        }
    )


def _deliveries(deliveries: pd.DataFrame, orders: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    rows = deliveries.merge(orders[["order_id", "customer_id", "ordered_at"]], on="order_id")
    rows["delay"] = (rows.delivered_at.dt.normalize() - rows.promised_at.dt.normalize()).dt.days
    came = rows[rows.delivered_at < day].sort_values(["delivered_at", "delay"])
    place = came[::-1].groupby("customer_id").cumcount()[::-1]
    under_way = rows[~(rows.delivered_at < day)]
    last, before = (came[place == at].set_index("customer_id").delay.astype("float64") for at in (0, 1))
    found = {
        "delivery_delay_last_days": last,
        "delivery_delay_before_last_days": before,
        "order_under_way_past_promise_max_days": _days(day, under_way.promised_at).groupby(under_way.customer_id).max(),
        "orders_under_way": under_way.groupby("customer_id").size().astype("float64"),
    }
    waiting = under_way[~(under_way.shipped_at < day)]
    found["order_not_shipped_max_days"] = _days(day, waiting.ordered_at).groupby(waiting.customer_id).max()
    for days in WINDOWS:
        recent = came[_in(came.delivered_at, day, days)]
        found[f"delivery_delay_mean_days_{days}d"] = recent.groupby("customer_id").delay.mean()
    made = pd.DataFrame(found)
    pair = made[["delivery_delay_last_days", "delivery_delay_before_last_days"]]
    made["delivery_delay_last_two_max_days"] = pair.max(axis=1, skipna=False)
    made["delivery_delay_last_two_min_days"] = pair.min(axis=1, skipna=False)
    return made


def _complaints(complaints: pd.DataFrame, orders: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    rows = complaints[complaints.opened_at < day].copy()
    rows["until"] = rows.resolved_at.where(rows.resolved_at < day, day).dt.normalize()
    rows["open"] = ~(rows.resolved_at < day)
    rows["last"] = rows.customer_id.map(orders.groupby("customer_id").ordered_at.max())
    rows["was_open"] = (rows.until - rows.opened_at.dt.normalize()).dt.days.astype("float64")
    start = rows[["opened_at", "last"]].max(axis=1, skipna=False).dt.normalize()
    rows["after"] = (rows.until - start).dt.days.astype("float64").where(lambda days: days > 0)
    rows = rows.sort_values(["opened_at", "was_open"])
    by = rows.groupby("customer_id")
    found = {
        "complaint_open_max_days": rows[rows.open].groupby("customer_id").was_open.max(),
        "complaint_open_after_last_order_max_days": by.after.max(),
        "complaint_last_open_days": by.was_open.last(),
        "complaints_open": by.open.sum().astype("float64"),
    }
    solved = rows[~rows.open & _in(rows.opened_at, day, 365)]
    found["complaint_resolution_mean_days_365d"] = solved.groupby("customer_id").was_open.mean()
    for days in WINDOWS:
        found[f"complaints_{days}d"] = (
            rows[_in(rows.opened_at, day, days)].groupby("customer_id").size().astype("float64")
        )
    return pd.DataFrame(found)


def _visits(visits: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    seen = visits[visits.visited_at < day]
    found = {"days_since_last_visit": _days(day, seen.groupby("customer_id").visited_at.max())}
    for days in WINDOWS:
        rows = seen[_in(seen.visited_at, day, days)].groupby("customer_id")
        found[f"visits_{days}d"] = rows.size().astype("float64")
        if days == 90:
            found["pages_90d"], found["pages_mean_90d"] = rows.pages.sum().astype("float64"), rows.pages.mean()
    return pd.DataFrame(found)


def _contacts(contacts: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    rows = contacts[(contacts.sent_at < day) & (contacts.arm != "control")].sort_values("sent_at").copy()
    rows["opened"] = rows.opened_at < day
    last = rows[rows.opened].groupby("customer_id").sent_at.max()
    unopened = ~(rows.sent_at <= rows.customer_id.map(last))
    opened_at = rows.opened_at[rows.opened].groupby(rows.customer_id).max()
    found = {
        "contacts_since_last_opened": unopened.groupby(rows.customer_id).sum().astype("float64"),
        "days_since_last_contact": _days(day, rows.groupby("customer_id").sent_at.max()),
        "days_since_last_contact_opened": _days(day, opened_at),
    }
    for days in WINDOWS[2:]:
        by = rows[_in(rows.sent_at, day, days)].groupby("customer_id")
        found[f"contacts_{days}d"], opened = by.size().astype("float64"), by.opened.sum().astype("float64")
        found[f"contacts_opened_{days}d"] = opened
        found[f"contacts_opened_share_{days}d"] = opened / found[f"contacts_{days}d"]
    return pd.DataFrame(found)


def _subscriptions(subscriptions: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    rows = subscriptions[subscriptions.started_at < day]
    stopped = rows.cancelled_at < day
    running = rows[~stopped & ~(rows.ended_at < day)]
    by = running.groupby("customer_id")
    return pd.DataFrame(
        {
            "days_since_subscription_start": _days(day, by.started_at.min()),
            "subscription_price_sum": by.price.apply(lambda prices: float(sum(prices))),
            "days_since_last_subscription_cancelled": _days(
                day, rows[stopped].groupby("customer_id").cancelled_at.max()
            ),
        }
    )


def _items(items: pd.DataFrame, orders: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    rows = items.merge(orders[["order_id", "customer_id", "ordered_at"]], on="order_id")
    everybody = orders.customer_id.unique()
    found = {}
    for days in (90, 365):
        by = rows[_in(rows.ordered_at, day, days)].groupby("customer_id")
        found[f"items_{days}d"] = by.quantity.sum().astype("float64").reindex(everybody).fillna(0)
        if days == 365:
            found["categories_365d"] = by.category.nunique().astype("float64").reindex(everybody).fillna(0)
    return pd.DataFrame(found).replace([np.inf, -np.inf], np.nan)
