"""Habits and satisfaction by group: how often, what and when segments, stages and tiers buy, and how content."""

from __future__ import annotations

from collections.abc import Iterator

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.analytics.groups import FEWEST
from churnml.analytics.lifecycle import STAGES
from churnml.analytics.periods import LookBack
from churnml.analytics.segments import SEGMENTS
from churnml.data.history import History
from churnml.features.families.reviews import REVIEWS
from churnml.features.families.rewards import TIERS
from churnml.statistics.figure import ratio

HABIT_DAYS = 365
"""Number of days before the day whose orders, lines and ratings count."""
FIGURES = ("orders_per_customer", "order_value", "lines_per_order", "stars", "nps")
"""What is told of each group, each with an interval."""

_MOST_VALUES = 12
_NPS_SCALE, _PROMOTER, _DETRACTOR = 10.0, 9, 6
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
Parts = dict[str, list[tuple[str, str]]]


def compute_habits(back: LookBack) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare the habits of the eligible customers of a day by segment, stage and tier.

    Orders that are not cancelled, their lines and ratings of the last 365 days count. Each figure is a ratio of sums
    over the customers of a group, whose interval lets all that one customer did hang together
    (`churnml.statistics.figure`). A group says how its customers are now, so some of what is told of it made it a
    group: champions order often by definition.

    Parameters
    ----------
    back : LookBack
        Periods of the shop, as from `churnml.analytics.periods.look_back`.

    Returns
    -------
    habits : pandas DataFrame
        ``group`` (``segment``, ``stage``; ``tier``, the last that ``rewards`` named, where it does), ``value``,
        ``customers``, ``is_small`` (below 30), and, each with its 95 % interval in ``<figure>_low`` and
        ``<figure>_high``, null where there is nothing to divide by: ``orders_per_customer``, ``order_value`` (money per
        order), ``lines_per_order``, ``stars`` (of five, all scales brought to it) and ``nps`` in points, of the ratings
        on the scale of 10.
    shares : pandas DataFrame
        ``group, value, habit, of``: of each group the share of its orders on a ``weekday`` and by a ``channel``, and
        of its lines in a ``category`` (the twelve most frequent of each), with ``low``, ``high``, and ``shop_share`` of
        all customers.
    """
    history = back.history
    standing = back.standings.get(history.snapshot_date)
    if standing is None:
        standing = pd.DataFrame({"stage": pd.Categorical([], STAGES), "segment": pd.Categorical([], SEGMENTS)})
    standing = standing.dropna(subset=["stage"])
    counts, parts = _counts(history, standing.index)
    rows, shares = [], []
    for group, value, members in _groups(history, standing):
        own = counts[members]
        rows.append({"group": group, "value": value, "customers": len(own), **_told(own)})
        for habit, columns in parts.items():
            for of, column in columns:
                share = ratio(own[column], own[f"of {habit}"])
                shop = counts[column].sum() / max(counts[f"of {habit}"].sum(), 1.0)
                low, high = (np.clip(end, 0.0, 1.0) for end in share.interval)
                told = {"share": share.value, "low": low, "high": high, "shop_share": shop}
                shares.append({"group": group, "value": value, "habit": habit, "of": of, **told})
    figures = [name for figure in FIGURES for name in (figure, f"{figure}_low", f"{figure}_high")]
    table = pd.DataFrame(rows, columns=["group", "value", "customers", *figures])
    table.insert(3, "is_small", table["customers"] < FEWEST)
    table = table.astype({"customers": "int64", "is_small": "bool"} | dict.fromkeys(figures, "float64"))
    names = ["group", "value", "habit", "of", "share", "low", "high", "shop_share"]
    of_habits = pd.DataFrame(shares, columns=names).astype(dict.fromkeys(names[4:], "float64"))
    return table, of_habits.dropna(subset=["share"]).reset_index(drop=True)


def _groups(history: History, standing: pd.DataFrame) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for group in ("segment", "stage"):
        for value in standing[group].cat.categories:
            yield group, str(value), (standing[group] == value).to_numpy()
    if history.shop.has("rewards", ["tier"]):
        held = TIERS.rows(history)
        last = held.group_by("customer_id").aggregate(tier=held.tier.argmax(held.changed_at)).to_pandas()
        tiers = last.set_index("customer_id")["tier"].reindex(standing.index)
        for value in sorted(tiers.dropna().unique()):
            yield "tier", str(value), (tiers == value).to_numpy()


def _told(own: pd.DataFrame) -> dict[str, float]:
    figures = {
        "orders_per_customer": ratio(own["orders"], np.ones(len(own))),
        "order_value": ratio(own["amount"], own["orders"]),
        "lines_per_order": ratio(own["lines"], own["orders"].where(own["lines"] > 0, 0.0)),
        "stars": ratio(own["stars"], own["ratings"]),
        "nps": ratio(100 * (own["promoters"] - own["detractors"]), own["tens"]),
    }
    bounds = {"stars": (0.0, 5.0), "nps": (-100.0, 100.0)}
    told: dict[str, float] = {}
    for name, figure in figures.items():
        low, high = np.clip(figure.interval, *bounds.get(name, (0.0, np.inf)))
        told |= {name: figure.value, f"{name}_low": float(low), f"{name}_high": float(high)}
    return told


def _counts(history: History, customers: pd.Index) -> tuple[pd.DataFrame, Parts]:
    """Count what each customer did, a column per number, and name the columns of each habit by what they are of."""
    shop = history.shop
    orders = history.uncancelled_orders
    orders = orders.filter(history.within(orders.ordered_at, HABIT_DAYS))
    weekday = orders.ordered_at.day_of_week.index()
    parts: Parts = {"weekday": [(name, f"weekday {name}") for name in _WEEKDAYS]}
    sums = {f"weekday {name}": orders.count(where=weekday == place) for place, name in enumerate(_WEEKDAYS)}
    if shop.has("orders", ["channel"]):
        parts["channel"] = _values(orders, "channel")
        sums |= {column: orders.count(where=orders.channel == of) for of, column in parts["channel"]}
        sums["of channel"] = orders.channel.count()
    tables = [
        orders.group_by("customer_id").aggregate(
            orders=orders.count(), amount=orders.amount.sum().cast("float64"), **sums
        )
    ]
    if shop.has("order_items"):
        lines = history.table("order_items")
        lines = lines.filter(~lines.order_cancelled, history.within(lines.ordered_at, HABIT_DAYS))
        sums = {"lines": lines.count()}
        if shop.has("order_items", ["category"]):
            parts["category"] = _values(lines, "category")
            sums |= {column: lines.count(where=lines.category == of) for of, column in parts["category"]}
            sums["of category"] = lines.category.count()
        tables.append(lines.group_by("customer_id").aggregate(**sums))
    if shop.has("reviews"):
        reviews = REVIEWS.rows(history)
        reviews = reviews.filter(history.within(reviews.submitted_at, HABIT_DAYS))
        is_ten = (reviews["scale"] == _NPS_SCALE).fill_null(False)
        tables.append(
            reviews.group_by("customer_id").aggregate(
                stars=reviews.stars.sum().cast("float64"),
                ratings=reviews.count(),
                tens=reviews.count(where=is_ten),
                promoters=reviews.count(where=is_ten & (reviews.rating >= _PROMOTER)),
                detractors=reviews.count(where=is_ten & (reviews.rating <= _DETRACTOR)),
            )
        )
    frames = [table.to_pandas().set_index("customer_id").reindex(customers) for table in tables]
    counts = pd.concat(frames, axis=1).astype("float64").fillna(0.0)
    needed = ("lines", "stars", "ratings", "tens", "promoters", "detractors")
    counts = counts.assign(**{name: 0.0 for name in needed if name not in counts})
    return counts.assign(**{"of weekday": counts["orders"]}), parts


def _values(rows: ir.Table, column: str) -> list[tuple[str, str]]:
    """Return the most frequent values of a column, and the names of the columns that count them.

    Texts of the shop are no names of columns: engines change some signs.
    """
    found = rows.drop_null([column]).group_by(column).aggregate(n=lambda table: table.count()).to_pandas()
    found = found.sort_values(["n", column], ascending=[False, True]).head(_MOST_VALUES)
    return [(str(value), f"{column} {place}") for place, value in enumerate(found[column])]
