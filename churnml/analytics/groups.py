"""Retention by group: which kinds of customers leave more often than the rest of the shop."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from churnml.data.contract import CUSTOMERS, RECORDED_AT
from churnml.data.history import History
from churnml.data.population import eligible, labels
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.families.basket import ITEMS
from churnml.statistics.shares import newcombe, wilson

FEWEST = 30
"""Customers below which a value is marked as small."""
OTHER = "other"
FEW = "few"
"""Value that stands for all with fewer customers than can be compared."""
NOT_KNOWN = "not known"

_COLUMNS = {
    "tier": "rewards.tier",
    "channel": "orders.channel",
    "first product": "order_items.product_id",
    "first category": "order_items.category",
}
_MOST_SHOWN = 15
_MOST_VALUES = 30
_LEAST_SHARED = 5
_ALWAYS = "country"


def compute_retention_by_group(
    shop: Shop,
    snapshot_date: date,
    definition: ChurnDefinition,
    data_end: date,
    churned: pd.Series | None = None,
    *,
    shared_by: int = 1,
) -> pd.DataFrame:
    """Show which share of the eligible customers of a day left, by what is known of them on that day.

    Groups are the ``tier`` (the last that ``rewards`` named; not known where it named two at once), the ``channel`` of
    their last order, ``first product`` and ``first category`` (the line with the highest amount of their first order),
    and the text attributes of ``customers`` that have two to 30 values, each shared by five customers on average;
    ``country`` may have more. An attribute that tells customers apart, such as an address, is no group, and a value
    that a single customer has is under ``other``, so that the table names nobody. Of orders at the same second that
    with the lowest id counts, of lines with the same amount that with the lowest product.

    Attributes of ``customers`` carry no time at which they became known, so they are taken as they stand now: one that
    is rewritten when a customer leaves (a status, a last city) tells the outcome. ``churnml audit`` lists them, and
    names those that show signs of it.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are compared.
    snapshot_date : date
        Snapshot on which the customers are looked at.
    definition : ChurnDefinition
        Definition of leaving.
    data_end : date
        Day at which the data ends: nothing on or after it is known.
    churned : pandas Series, optional
        Labels of that day, as from `churnml.data.population.labels`; computed where they are not passed.
    shared_by : int, optional
        Number of customers below which a value of a group goes under ``other``.

    Returns
    -------
    pandas DataFrame
        For each group the 15 values with the most customers, most first, and then ``other`` for all that are left and
        ``not known`` where nothing is: ``group``, ``value``, ``customers``, ``churned``, ``churn_rate``, ``low``,
        ``high`` (Wilson); ``difference`` from the churn rate of all others, ``difference_low``, ``difference_high``
        (Newcombe; null where there are no others); ``differs`` where that interval does not hold 0: of many values
        every twentieth does so by chance; ``is_small`` below 30 customers. No rows where the window ends after the
        data.
    """
    told = labels(shop, snapshot_date, definition, data_end) if churned is None else churned
    left = told.dropna().to_numpy() == 1
    tables = []
    if len(left):
        values = _values(History(shop, snapshot_date), definition)
        tables = [_counted(str(group), values[group], left, shared_by) for group in values]
    table = pd.concat([_counted("", pd.Series([], dtype="str"), left[:0], 1), *tables], ignore_index=True)
    table["churn_rate"] = table["churned"] / table["customers"]
    table["low"], table["high"] = wilson(table["churned"], table["customers"])
    others, gone = len(left) - table["customers"], int(left.sum()) - table["churned"]
    table["difference"] = table["churn_rate"] - gone / others.where(others > 0)
    low, high = newcombe(table["churned"], table["customers"], gone, others)
    table["difference_low"], table["difference_high"] = low, high
    table["differs"] = pd.Series((low > 0) | (high < 0), dtype="boolean").mask(np.isnan(low))
    table["is_small"] = table["customers"] < FEWEST
    return table


def by_difference(table: pd.DataFrame) -> pd.DataFrame:
    """Order the values of each group for people: the greatest difference first, and small values as one.

    Parameters
    ----------
    table : pandas DataFrame
        Values of groups, as from `compute_groups`.

    Returns
    -------
    pandas DataFrame
        The same columns. Values with fewer than 30 customers are added up as the last of their group, ``few``, whose
        difference and interval are null.
    """
    is_small = table["is_small"].astype(bool)
    large = table[~is_small].sort_values("difference", ascending=False, kind="stable")
    few = table[is_small].groupby("group", as_index=False, sort=False)[["customers", "churned"]].sum()
    few = few.assign(value=FEW, is_small=True, churn_rate=few["churned"] / few["customers"])
    both = pd.concat([large, few], ignore_index=True) if len(few) else large
    places = {group: place for place, group in enumerate(dict.fromkeys(table["group"]))}
    ordered: pd.DataFrame = both.sort_values("group", key=lambda groups: groups.map(places), kind="stable")
    return ordered.reset_index(drop=True)[list(table.columns)]


def column_of(group: str) -> str:
    """Return the column that the values of a group stand in, as ``table.column``.

    Examples
    --------
    >>> column_of("tier"), column_of("city")
    ('rewards.tier', 'customers.city')
    """
    return _COLUMNS.get(group, f"customers.{group}")


def _values(history: History, definition: ChurnDefinition) -> pd.DataFrame:
    """Return the value of every group for each eligible customer, in the order of the customers."""
    shop, customers = history.shop, eligible(history, definition).select("customer_id")
    parts = []
    if shop.has("rewards", ["tier"]):
        rewards = history.table("rewards")
        held = _rows_at(rewards.drop_null(["tier"]), "changed_at", customers, last=True)
        tiers = held.group_by("customer_id").aggregate(tier=held.tier.max(), tiers=held.tier.nunique())
        parts.append(tiers.filter(tiers.tiers == 1).drop("tiers"))
    if shop.has("orders", ["channel"]):
        orders = _rows_at(history.uncancelled_orders, "ordered_at", customers, last=True)
        parts.append(orders.group_by("customer_id").aggregate(channel=orders.channel.argmin(orders.order_id)))
    if shop.has("order_items"):
        parts.append(_first_lines(history, customers))
    if attributes := _attributes(history):
        parts.append(history.table("customers").select("customer_id", *attributes))
    table = customers
    for part in parts:
        table = table.left_join(part, "customer_id").drop("customer_id_right")
    # Ids are many and long, and the labels stand in the same order.
    frame: pd.DataFrame = table.order_by("customer_id").drop("customer_id").to_pandas() if parts else pd.DataFrame()
    for name in attributes:
        holders = frame[name].map(frame[name].value_counts())
        frame[name] = frame[name].mask(holders == 1, OTHER)
    return frame


def _rows_at(rows: ir.Table, time: str, customers: ir.Table, *, last: bool) -> ir.Table:
    """Return the first or the last rows of some customers: more than one of each only at the same second."""
    found = rows.group_by("customer_id").aggregate(**{time: rows[time].max() if last else rows[time].min()})
    return rows.semi_join(found.semi_join(customers, "customer_id"), ["customer_id", time])


def _first_lines(history: History, customers: ir.Table) -> ir.Table:
    """Return product and category of the line with the highest amount of every customer's first order."""
    orders = _rows_at(history.uncancelled_orders, "ordered_at", customers, last=False)
    # Joining the lines of all orders takes three times as long.
    items = ITEMS.rows(history.of_orders(orders))
    lines = items.select(
        "customer_id",
        "order_id",
        "product_id",
        category=items.category.fill_null(""),
        amount=items.quantity * items.unit_price,
    )
    order = [lines.order_id, lines.amount.desc(), lines.product_id, lines.category]
    lines = lines.mutate(place=ibis.row_number().over(group_by="customer_id", order_by=order))
    best = lines.filter(lines.place == 0)
    named = {"first product": best.product_id}
    if history.shop.has("order_items", ["category"]):
        named["first category"] = best.category.nullif("")
    return best.select("customer_id", **named)


def _attributes(history: History) -> list[str]:
    """Name the text attributes of customers with few values; ids are none."""
    if not history.shop.has("customers"):
        return []
    customers = history.table("customers")
    declared = {*CUSTOMERS.column, RECORDED_AT.name, "tier", "channel", "first product", "first category"}
    texts = [
        name
        for name, kind in customers.schema().items()
        if kind.is_string() and name not in declared and not name.lower().endswith("id")
    ]
    if not texts:
        return []
    counts = customers.aggregate(
        **{f"values of {name}": customers[name].nunique() for name in texts},
        **{f"customers with {name}": customers[name].count() for name in texts},
    )
    found = counts.to_pandas().iloc[0]

    def is_group(name: str) -> bool:
        values, known = found[f"values of {name}"], found[f"customers with {name}"]
        return values > 1 and (name.lower() == _ALWAYS or values <= min(_MOST_VALUES, known / _LEAST_SHARED))

    return [name for name in texts if is_group(name)]


def _counted(group: str, values: pd.Series, churned: np.ndarray, shared_by: int) -> pd.DataFrame:
    """Count customers, and those who left, by value: the largest first, then the others and those not known."""
    counts = pd.DataFrame({"value": values.astype("str").fillna(NOT_KNOWN).to_numpy(), "churned": churned})
    table = counts.groupby("value")["churned"].agg(["size", "sum"]).reset_index()
    table = table.sort_values(["size", "value"], ascending=[False, True])
    named = table["value"][~table["value"].isin([OTHER, NOT_KNOWN]) & (table["size"] >= shared_by)]
    shown = [*named.head(_MOST_SHOWN), NOT_KNOWN]
    table["value"] = table["value"].where(table["value"].isin(shown), OTHER)
    table = table.groupby("value", sort=False).sum().reindex([*shown[:-1], OTHER, NOT_KNOWN]).dropna().reset_index()
    table = table.rename(columns={"size": "customers", "sum": "churned"})
    table.insert(0, "group", group)
    return table.astype({"group": "str", "value": "str", "customers": "int64", "churned": "int64"})
