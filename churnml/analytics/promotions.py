"""Promotion codes: who came with which code, whether they ordered again, left, and still order with codes."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd

from churnml.analytics.afterwards import in_order, shown_texts
from churnml.analytics.groups import FEWEST, NOT_KNOWN, OTHER
from churnml.data.history import History
from churnml.definition import ChurnDefinition
from churnml.statistics.figure import error_from_sums
from churnml.statistics.shares import NORMAL_95, newcombe, wilson

NO_CODE = "no code"
_COUNTS = [
    *("asked", "repeated", "eligible", "churned"),
    *("reordered", "later", "coded", "later_squared", "coded_squared", "product"),
]


def compute_promotion_codes(
    history: History, definition: ChurnDefinition, churned: pd.Series, *, shared_by: int = 1
) -> pd.DataFrame:
    """Compare customers by the code of their first order.

    Letters of codes count alike in either case. Orders that are cancelled do not count; of orders at the same second
    that with the lowest id is the first. What goes with a code is no effect of it: who looks for codes may differ.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    definition : ChurnDefinition
        Definition of leaving, whose horizon is the time for a second order.
    churned : pandas Series
        Labels of the start of the last complete horizon, by customer id, as from `churnml.data.population.labels`.
    shared_by : int, optional
        Number of customers below which a code goes under ``other``; that of a single one always does.

    Returns
    -------
    pandas DataFrame
        A row for each of the 15 codes with the most customers, most first, then ``other`` and ``no code``: ``value``
        and ``customers`` who began with it; ``asked``, those whose first order lies a horizon back, ``repeat_rate`` of
        these who ordered again within it, ``repeat_rate_low``, ``repeat_rate_high`` (Wilson); ``eligible`` at the start
        of the last horizon, ``churn_rate`` of these, ``churn_rate_low``, ``churn_rate_high``, its ``difference`` from
        that of ``no code``, ``difference_low``, ``difference_high`` (Newcombe); ``later_orders`` after the first, and
        ``code_share`` of these with any code, ``code_share_low``, ``code_share_high`` (the orders of one customer hang
        together: Cochran 1977, section 9A); ``is_small`` below 30 customers. No rows where no order has a code.
    """
    each = _customers(history, definition) if history.shop.has("orders", ["discount_code"]) else None
    if each is None or each["code"].isna().all():
        return _with_rates(pd.DataFrame(columns=["value", "customers", *_COUNTS]))
    values = shown_texts(each["code"], each["customer_id"], shared_by).replace(NOT_KNOWN, NO_CODE)
    left = each["customer_id"].map(churned.dropna())
    each = each.assign(
        value=values,
        customers=1,
        eligible=left.notna(),
        churned=left.fillna(0) == 1,
        reordered=each["later"] > 0,
        later_squared=each["later"] ** 2,
        coded_squared=each["coded"] ** 2,
        product=each["later"] * each["coded"],
    )
    table = each.groupby("value")[["customers", *_COUNTS]].sum().astype("int64").reset_index()
    return _with_rates(in_order(table, last=(OTHER, NO_CODE)))


def _customers(history: History, definition: ChurnDefinition) -> pd.DataFrame:
    """Return a row per customer: code of the first order, whether asked for a second and found, later orders."""
    orders = history.uncancelled_orders.select("customer_id", "order_id", "ordered_at", "discount_code")
    orders = orders.mutate(
        place=ibis.row_number().over(group_by="customer_id", order_by=[orders.ordered_at, orders.order_id]),
        days_ago=history.days_since(orders.ordered_at),
        has_code=(orders.discount_code.strip().length() > 0).fill_null(False),
    )
    is_first = orders.place == 0
    code = orders.discount_code.strip().nullif("")
    first = orders.filter(is_first).select("customer_id", code=code, began=orders.days_ago)
    later = orders.filter(~is_first).inner_join(first.select("customer_id", "began"), "customer_id")
    soon = later.began - later.days_ago < definition.horizon_days
    counted = later.group_by("customer_id").aggregate(
        later=later.count(), coded=later.count(where=later.has_code), soon=later.count(where=soon)
    )
    table = first.left_join(counted, "customer_id").drop("customer_id_right").order_by("customer_id")
    found: pd.DataFrame = table.to_pandas()
    numbers = found[["later", "coded", "soon"]].fillna(0).astype("int64")
    asked = found["began"] >= definition.horizon_days
    return found.assign(**numbers, asked=asked, repeated=asked & (numbers["soon"] > 0))


def _with_rates(table: pd.DataFrame) -> pd.DataFrame:
    counts = {name: table[name].to_numpy(dtype=float) for name in ("customers", *_COUNTS)}
    found = table[["value", "customers", "asked"]].copy()
    for name, hits, n in (("repeat_rate", "repeated", "asked"), ("churn_rate", "churned", "eligible")):
        if name == "churn_rate":
            found["eligible"] = table["eligible"]
        found[name] = counts[hits] / np.where(counts[n] > 0, counts[n], np.nan)
        found[f"{name}_low"], found[f"{name}_high"] = wilson(counts[hits], counts[n])
    bare = (table["value"] == NO_CODE).to_numpy(dtype=bool)
    gone, stood = counts["churned"][bare].sum(), counts["eligible"][bare].sum()
    found["difference"] = np.where(bare, np.nan, found["churn_rate"] - gone / (stood or np.nan))
    low, high = newcombe(counts["churned"], counts["eligible"], gone, stood)
    found["difference_low"], found["difference_high"] = (np.where(bare, np.nan, end) for end in (low, high))
    found["later_orders"] = table["later"]
    share = counts["coded"] / np.where(counts["later"] > 0, counts["later"], np.nan)
    order = ("reordered", "coded", "later", "coded_squared", "product", "later_squared")
    half = NORMAL_95 * error_from_sums(*(counts[name] for name in order))
    found["code_share"], found["code_share_low"] = share, np.clip(share - half, 0.0, 1.0)
    found["code_share_high"] = np.clip(share + half, 0.0, 1.0)
    return found.assign(is_small=table["customers"] < FEWEST)
