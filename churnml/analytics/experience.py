"""What customers experience after an order, over time, and how those stay whose first experience was bad."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from churnml.data.history import History
from churnml.data.lateness import late, measure_of
from churnml.definition import ChurnDefinition
from churnml.features.deliveries import DELIVERIES
from churnml.features.families.reviews import LOW_STARS, REVIEWS, STARS
from churnml.statistics.figure import error_from_sums
from churnml.statistics.shares import NORMAL_95, matched_difference, newcombe, wilson

NONE_BAD = "none of these"
ANY_BAD = "any of these"
SETTLING_DAYS = 30
"""Days from the first order in which it shows how it went."""

_NPS_SCALE = 10
_PROMOTER, _DETRACTOR = 9, 6
_EXACT = "decimal(18,4)"
# Engines give a product of two of these all the digits that they have, and lose none of its six decimals.
_FACTOR = "decimal(19,3)"


def compute_experience(history: History, period_days: int, periods: int) -> pd.DataFrame:
    """Show deliveries, complaints, returns and ratings of one period after the other.

    Periods are ``[end - period_days, end)``, the last one ending on the history's day. Each row of a table counts in
    the period of its own time: a delivery when it arrived, a complaint when it was opened.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    period_days : int
        Length of a period in days.
    periods : int
        Number of periods, counted back from the day.

    Returns
    -------
    pandas DataFrame
        One row per period, oldest first: ``period_start``, ``period_end`` (dates), and as far as the shop brought the
        tables

        - ``deliveries`` that arrived, and ``late_share`` of them that came after the promised day, or after the
          promised time where the shop's promises carry a clock (`churnml.data.lateness`; interval: Wilson);
        - ``orders`` placed; ``complaints`` opened and ``complaint_rate``, complaints per order; ``returns``,
          ``return_rate`` per order and ``returned_share``, the amount sent back per amount ordered. As complaints and
          returns may be of earlier orders, these are no shares and may exceed 1;
        - ``ratings``, ``mean_rating_share`` (of the best of their scale), and ``scale`` (the one that the shop uses
          most, in all periods), ``scale_ratings`` and ``mean_rating`` on it;
        - ``nps_ratings`` on the scale of 10 and ``nps`` in points: the percentage of 9 and 10 less that of 0 to 6.

        Each figure has its 95 % interval in ``<figure>_low`` and ``<figure>_high``, and is null where there is nothing
        to divide by. The errors of rates and means let the rows of one customer hang together (Cochran 1977,
        "Sampling Techniques", section 9A). The interval of NPS is that of a difference of two shares of the same
        people with half a case added to each of four cells (Agresti and Min 2005, "Simple improved confidence
        intervals for comparing matched proportions", Statistics in Medicine 24).
    """
    table = pd.DataFrame({"period": np.arange(periods)[::-1]})
    ends = [history.snapshot_date - timedelta(days=period_days * int(period)) for period in table["period"]]
    table["period_start"] = [end - timedelta(days=period_days) for end in ends]
    table["period_end"] = ends
    for figures in _figures(history, period_days, periods):
        table = table.merge(figures, on="period", how="left")
    counts = table.columns.intersection(["deliveries", "orders", "complaints", "returns", "ratings", "scale_ratings"])
    counts = counts.union(table.columns.intersection(["nps_ratings"]))
    table[counts] = table[counts].fillna(0).astype("int64")
    return table.drop(columns="period")


def compute_first_experience(history: History, definition: ChurnDefinition) -> pd.DataFrame:
    """Compare how many customers came back after a bad first order and after a good one.

    It is asked of customers whose first order lies at least 30 days and one horizon back. Its experience is what was
    known 30 days after it: ``late delivery`` (late as in ``compute_experience``, or not delivered and past the promised
    day), ``complaint``, ``return``, ``low rating`` (at most 2 stars of 5, or that share of another scale). Rows that
    name an order count for that order; those that name none count if they lie within the 30 days. They came back with
    another order in the horizon after these 30 days (``lead_days`` plays no part), so nothing that tells the outcome
    tells the experience. Days are counted by date from the first order; all first orders of the same second are the
    first order.

    It is an association and no effect: customers with a bad experience may differ from the others in other ways too.

    Parameters
    ----------
    history : History
        The shop as known on a day.
    definition : ChurnDefinition
        Definition of leaving, whose horizon is the time to come back.

    Returns
    -------
    pandas DataFrame
        A row for each bad experience whose table the shop brought (a customer may have several), for ``any of these``
        and for ``none of these``: ``experience``, ``customers``, ``returned`` (those who ordered again),
        ``retention_rate``, ``low``, ``high`` (Wilson), and the ``difference`` from those with none,
        ``difference_low``, ``difference_high`` (Newcombe; null for these themselves). No rows without such tables.
    """
    bad = _bad_first_experiences(history)
    counted = _first_orders(history, definition, bad).to_pandas() if bad else pd.DataFrame()
    rows = []
    if bad:
        flags = counted[list(bad)].to_numpy(dtype=bool)
        chosen = dict(zip(bad, flags.T, strict=True)) | {ANY_BAD: flags.any(axis=1), NONE_BAD: ~flags.any(axis=1)}
        rows = [
            (name, int(counted["customers"][which].sum()), int(counted["returned"][which].sum()))
            for name, which in chosen.items()
        ]
    table = pd.DataFrame(rows, columns=["experience", "customers", "returned"])
    table = table.astype({"experience": "str", "customers": "int64", "returned": "int64"})
    table["retention_rate"] = table["returned"] / table["customers"].where(table["customers"] > 0)
    table["low"], table["high"] = wilson(table["returned"], table["customers"])
    is_none = table["experience"] == NONE_BAD
    good, stayed = int(table["customers"][is_none].sum()), int(table["returned"][is_none].sum())
    table["difference"] = table["retention_rate"] - stayed / (good or np.nan)
    low, high = newcombe(table["returned"], table["customers"], stayed, good)
    table["difference_low"], table["difference_high"] = low, high
    table.loc[is_none, ["difference", "difference_low", "difference_high"]] = np.nan
    return table


def _figures(history: History, period_days: int, periods: int) -> Iterator[pd.DataFrame]:
    """Return the figures that the shop's tables allow, by ``period``: 0 is the newest."""

    def dated(table: ir.Table, time: str) -> ir.Table:
        # Known times lie before the day, so its newest date is one day ago and in period 0.
        period = ((history.days_since(table[time]) - 1) / float(period_days)).floor().cast("int64")
        return table.filter(history.within(table[time], period_days * periods)).mutate(period=period)

    shop = history.shop
    if shop.has("deliveries", ["delivered_at"]):
        deliveries = dated(DELIVERIES.rows(history), "delivered_at")
        is_late = late(deliveries, measure_of(history)) > 0
        came = deliveries.group_by("period").aggregate(
            deliveries=deliveries.count(), late=deliveries.count(where=is_late)
        )
        yield _late_shares(came.order_by("period").to_pandas())
    orders = dated(history.uncancelled_orders, "ordered_at").select("period", "customer_id", "amount", times=1)
    events = {
        name: dated(history.table(name), time)
        for name, time in (("complaints", "opened_at"), ("returns", "returned_at"))
        if shop.has(name)
    }
    yield orders.group_by("period").aggregate(orders=orders.count()).order_by("period").to_pandas()
    for name, rate in (("complaints", "complaint_rate"), ("returns", "return_rate")):
        if name in events:
            rows = events[name].select("period", "customer_id", part=1, whole=0)
            found = rows.union(orders.select("period", "customer_id", part=0, whole=1))
            yield _ratio(found, rate).rename(columns={"part": name}).drop(columns="whole")
    if "returns" in events:
        rows = _money(events["returns"], part=True).union(_money(orders, part=False))
        yield _ratio(rows, "returned_share").drop(columns=["part", "whole"])
    if shop.has("reviews"):
        reviews = dated(REVIEWS.rows(history), "submitted_at")
        yield from _ratings(reviews.mutate(scale=reviews["scale"].fill_null(float(STARS))))


def _late_shares(table: pd.DataFrame) -> pd.DataFrame:
    low, high = wilson(table["late"], table["deliveries"])
    share = table["late"] / table["deliveries"]
    return table.drop(columns="late").assign(late_share=share, late_share_low=low, late_share_high=high)


def _money(table: ir.Table, *, part: bool) -> ir.Table:
    amount, nothing = table.amount, ibis.literal(Decimal(0), table.amount.type())
    return table.select("period", "customer_id", part=amount if part else nothing, whole=nothing if part else amount)


def _ratings(reviews: ir.Table) -> Iterator[pd.DataFrame]:
    """Return the means of ratings, and the NPS where there are ratings of its scale."""
    counts = reviews.group_by("scale").aggregate(ratings=reviews.count()).to_pandas()
    shares = reviews.select("period", "customer_id", part=reviews.stars.cast(_EXACT), whole=1)
    means = _ratio(shares, "mean_rating_share", 1 / STARS, 0.0, 1.0).drop(columns="part")
    yield means.rename(columns={"whole": "ratings"})
    usual = counts.sort_values(["ratings", "scale"], ascending=[False, True])["scale"].head(1)
    scale = float(usual.iloc[0]) if len(usual) else float(STARS)
    same = reviews.filter(reviews["scale"] == scale)
    ratings = same.select("period", "customer_id", part=same.rating.cast(_EXACT), whole=1)
    means = _ratio(ratings, "mean_rating").drop(columns="part").rename(columns={"whole": "scale_ratings"})
    yield means.assign(scale=scale)[["period", "scale", *means.columns.drop("period")]]
    if (counts["scale"] == _NPS_SCALE).any():
        tens = reviews.filter(reviews["scale"] == float(_NPS_SCALE))
        table = tens.group_by("period").aggregate(
            nps_ratings=tens.count(),
            promoters=tens.count(where=tens.rating >= _PROMOTER),
            detractors=tens.count(where=tens.rating <= _DETRACTOR),
        )
        yield _nps(table.order_by("period").to_pandas())


def _nps(table: pd.DataFrame) -> pd.DataFrame:
    n, above, below = table["nps_ratings"], table["promoters"], table["detractors"]
    low, high = matched_difference(above, below, n)
    points: dict[str, Any] = {"nps": 100 * (above - below) / n, "nps_low": 100 * low, "nps_high": 100 * high}
    return table.drop(columns=["promoters", "detractors"]).assign(**points)


def _ratio(
    rows: ir.Table, name: str, factor: float = 1.0, lowest: float = 0.0, highest: float = np.inf
) -> pd.DataFrame:
    """Divide the sums of ``part`` and ``whole`` of each period, with an interval by the spread among customers."""
    each = rows.group_by("period", "customer_id").aggregate(part=rows.part.sum(), whole=rows.whole.sum())
    x, y = each.part.cast(_FACTOR), each.whole.cast(_FACTOR)
    added = {"part": each.part, "whole": each.whole, "xx": x * x, "xy": x * y, "yy": y * y}
    totals = each.group_by("period").aggregate(
        customers=each.count(), **{key: value.sum().cast("float64") for key, value in added.items()}
    )
    table: pd.DataFrame = totals.order_by("period").to_pandas()
    ratio = table["part"] / table["whole"].where(table["whole"] > 0)
    sums = (table[key] for key in ("customers", "part", "whole", "xx", "xy", "yy"))
    half = NORMAL_95 * error_from_sums(*sums)
    table[name] = factor * ratio
    table[f"{name}_low"] = (factor * (ratio - half)).clip(lower=lowest)
    table[f"{name}_high"] = (factor * (ratio + half)).clip(upper=highest)
    return table.drop(columns=["customers", "xx", "xy", "yy"])


def _bad_first_experiences(history: History) -> dict[str, tuple[str, str]]:
    """Name the bad experiences that the shop's tables tell, with their table and the time at which one shows."""
    shop = history.shop
    found = {
        "late delivery": ("deliveries", "delivered_at"),
        "complaint": ("complaints", "opened_at"),
        "return": ("returns", "returned_at"),
        "low rating": ("reviews", "submitted_at"),
    }
    return {name: (table, time) for name, (table, time) in found.items() if shop.has(table, [time])}


def _first_orders(history: History, definition: ChurnDefinition, bad: dict[str, tuple[str, str]]) -> ir.Table:
    """Count customers, and those who came back, by what their first order was like: one row per combination."""
    orders = history.table("orders")
    cancelled_after = _days_between(orders.ordered_at, orders.cancelled_at, history)
    # What is cancelled later stood at the end of the experience, and the outcome may not change what came before it.
    stood = orders.filter((cancelled_after >= SETTLING_DAYS).fill_null(True))
    began = stood.group_by("customer_id").aggregate(first_at=stood.ordered_at.min())
    began = began.filter(history.days_since(began.first_at) >= SETTLING_DAYS + definition.horizon_days)
    first = stood.inner_join(began, "customer_id")
    first = first.filter(first.ordered_at == first.first_at).select("customer_id", "order_id", "first_at")
    again = history.uncancelled_orders.inner_join(began, "customer_id")
    after = _days_between(again.first_at, again.ordered_at, history)
    came_back = again.filter(after.between(SETTLING_DAYS, SETTLING_DAYS + definition.horizon_days - 1))
    table = began.left_join(came_back.select("customer_id").distinct().mutate(back=1), "customer_id")
    table = table.select("customer_id", returned=table.back.fill_null(0))
    for name, (source, time) in bad.items():
        rows = _late(history, first) if source == "deliveries" else _named(history, first, source, time)
        table = table.left_join(rows.select("customer_id").distinct().mutate(bad=1), "customer_id")
        table = table.mutate(**{name: table.bad.fill_null(0) == 1}).drop("bad", "customer_id_right")
    counted = table.group_by(*bad).aggregate(customers=table.count(), returned=table.returned.sum())
    return counted.order_by(*bad)


def _late(history: History, first: ir.Table) -> ir.Table:
    """Return the first orders that were late by the end of the settling days."""
    these = history.table("orders").semi_join(first, "order_id")
    deliveries = history.of_orders(these).table("deliveries").select("order_id", "promised_at", "delivered_at")
    rows = first.inner_join(deliveries, "order_id")
    promised = _days_between(rows.first_at, rows.promised_at, history)
    came = _days_between(rows.first_at, rows.delivered_at, history).fill_null(SETTLING_DAYS)
    is_late = late(rows, measure_of(history)) > 0
    return rows.filter(ibis.ifelse(came < SETTLING_DAYS, is_late, promised < SETTLING_DAYS))


def _named(history: History, first: ir.Table, source: str, time: str) -> ir.Table:
    """Return the rows about first orders within the settling days: they name it, or no order at all."""
    events = REVIEWS.rows(history) if source == "reviews" else history.table(source)
    if source == "reviews":
        events = events.filter(events.stars <= LOW_STARS)
    events = events.select("customer_id", event_at=events[time], of_order=events.order_id)
    rows = first.inner_join(events, "customer_id")
    after = _days_between(rows.first_at, rows.event_at, history)
    is_about = (rows.of_order == rows.order_id).fill_null(True)
    return rows.filter(after.between(0, SETTLING_DAYS - 1) & is_about)


def _days_between(begin: ir.Value, end: ir.Value, history: History) -> ir.Value:
    return history.days_since(begin) - history.days_since(end)
