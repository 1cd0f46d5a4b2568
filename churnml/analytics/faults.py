"""Faults found early: what has more complaints, returns, low ratings or late deliveries lately than noise explains."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial

import ibis.expr.types as ir
import numpy as np
import pandas as pd
from scipy import stats

from churnml.analytics.bought import ITEM, lines_with
from churnml.data.history import History
from churnml.data.lateness import late, measure_of
from churnml.features.deliveries import DELIVERIES
from churnml.features.families.reviews import LOW_STARS, REVIEWS
from churnml.statistics.logodds import Floats
from churnml.statistics.several_effects import benjamini_hochberg

FAULTS = ("complaints", "returns", "low ratings", "late deliveries")
WEEKS = (4, 8, 12)
"""Numbers of newest weeks that are looked at."""
LEVEL = 0.05
"""Share of what is raised that may be noise, on average."""
FEWEST = 5.0
"""Events that the shop's rate lets expect of what is looked at, then and now."""
HIT, UNDER_WAY = "hit", "under way"

_BASE_WEEKS = 52
_FOLLOWED_WEEKS = 12
_REACH_WEEKS = WEEKS[-1] + _BASE_WEEKS + _FOLLOWED_WEEKS
_PLACES = ("country", "region", "state", "province", "city")
_FOLLOWED = {"complaints": "opened_at", "returns": "returned_at"}
"""Tables of what comes after an order, and when it does."""
_WEEK = 7
_FIGURES = ("events", "expected", "ratio", "low", "high", "p_adjusted")


@dataclass(frozen=True, kw_only=True)
class _Look:
    """One kind of fault among the values of one group, week by week.

    Attributes
    ----------
    fault, group : str
        Kind of fault, and what it is looked for in: ``product``, ``category`` or where customers live.
    ages : int
        Number of weeks after an order (a rating, a delivery) in which a fault counts.
    rows : Ibis table
        ``value, customer_id, week, event_week``: those of a value with a fault, the week in which they came, counted
        back from the day, and the week of the first fault.
    counted : callable
        Function that counts all of them (``value, week, n``), and those with a fault (``event_week`` beside).
    """

    fault: str
    group: str
    ages: int
    rows: ir.Table
    counted: Callable[[], tuple[pd.DataFrame, pd.DataFrame]]


def compute_faults(history: History) -> pd.DataFrame:
    """Find what has more faults in the newest weeks than in the year before, beyond noise.

    Looked at is every product, every category and every place where customers live (attributes of ``customers`` named
    country, region, state, province or city), for complaints and returns in the 12 weeks after an order, for ratings of
    at most 2 stars of 5 (or that share of another scale), and for deliveries that came late. A return that names a
    product is one of that product alone; other events are of all that the order holds.

    A week of an order is at risk until its first event. The shop's rates by age, in the 52 weeks that end 12 weeks
    before the day, say how many events to expect of each value in any weeks, whatever the age of its orders
    (indirect standardisation: Breslow and Day 1987, "Statistical methods in cancer research II", chapter 2). If nothing
    changed but what changed for all others too (a rise of theirs counts, a fall does not), the events of the newest 4,
    8 or 12 weeks are binomial among those of both times (Przyborowski and Wilenski 1940, "Homogeneity of results in
    testing samples from Poisson series", Biometrika 31). Of all these one-sided p-values those are raised whose
    adjusted value (Benjamini and Hochberg 1995) is at most 5 %. A value of which the shop's rates let expect fewer than
    five events in either time is not looked at.

    Parameters
    ----------
    history : History
        The shop as known on a day.

    Returns
    -------
    pandas DataFrame
        A row for each value that is raised, with the window that says it most clearly, the strongest first: ``fault``,
        ``group``, ``value``, ``weeks`` (of the window), ``events`` in them, ``expected`` by the value's own year
        before, ``ratio`` of both and its 95 % interval ``low``, ``high`` (Clopper and Pearson), ``p_adjusted``;
        ``customers_hit`` in these weeks, ``customers_under_way``, who have an order of it that is not delivered (null
        where the shop does not tell deliveries), and ``looked_at``, the number of all values and kinds of faults.
    """
    looks = _looks(history, _groups(history))
    tested = pd.concat([_nothing(), *(_tested(look) for look in looks)], ignore_index=True)
    tested["p_adjusted"] = benjamini_hochberg(tested["p"])
    tested["looked_at"] = len(tested.drop_duplicates(["fault", "group", "value"]))
    raised = tested[tested["p_adjusted"] <= LEVEL].sort_values(["p", "ratio", "fault", "group", "value"])
    raised = raised.drop_duplicates(["fault", "group", "value"]).drop(columns="p").reset_index(drop=True)
    customers = fault_customers(history, raised)
    counts = customers.groupby(["fault", "group", "value", "status"]).size()
    keys = list(zip(raised["fault"], raised["group"], raised["value"], strict=True))
    for name, status in (("customers_hit", HIT), ("customers_under_way", UNDER_WAY)):
        raised[name] = pd.array([int(counts.get((*key, status), 0)) for key in keys], dtype="Int64")
    if not _tells_deliveries(history):
        raised["customers_under_way"] = pd.array([None] * len(raised), dtype="Int64")
    named = ["fault", "group", "value", "weeks", *_FIGURES, "customers_hit", "customers_under_way", "looked_at"]
    return raised[named]


def fault_customers(history: History, faults: pd.DataFrame) -> pd.DataFrame:
    """Name the customers whom faults hit, and those who have such an order under way.

    Parameters
    ----------
    history : History
        The shop as known on the day of the faults.
    faults : pandas DataFrame
        Faults, with ``fault``, ``group``, ``value`` and ``weeks``.

    Returns
    -------
    pandas DataFrame
        ``fault, group, value, status, customer_id``: ``hit`` within the weeks, or ``under way``, with an order of it
        that is not delivered as far as is known; a customer may be both.
    """
    columns = ["fault", "group", "value", "status", "customer_id"]
    found = [pd.DataFrame({name: pd.Series(dtype="str") for name in columns})]
    for look in _looks(history, [group for group in _groups(history) if group in set(faults["group"])]):
        own = faults[(faults["fault"] == look.fault) & (faults["group"] == look.group)]
        if own.empty:
            continue
        weeks = dict(zip(own["value"], own["weeks"], strict=True))
        rows = look.rows.filter(look.rows.value.isin(list(weeks)), look.rows.event_week < max(weeks.values()))
        hit = rows.select("value", "customer_id", "event_week").distinct().to_pandas()
        hit = hit[hit["event_week"] < hit["value"].map(weeks)].assign(status=HIT)
        found.append(hit.drop_duplicates(["value", "customer_id"]).assign(fault=look.fault, group=look.group))
        if _tells_deliveries(history):
            orders = _orders_of(history, look.group)
            deliveries = history.table("deliveries")
            arrived = deliveries.drop_null(["delivered_at"])
            sent = orders.filter(orders.value.isin(list(weeks))).semi_join(deliveries, "order_id")
            orders = sent.anti_join(arrived, "order_id")
            waits = orders.select("value", "customer_id").distinct().to_pandas()
            found.append(waits.assign(status=UNDER_WAY, fault=look.fault, group=look.group))
    return pd.concat(found, ignore_index=True)[columns].sort_values(columns, ignore_index=True)


def _tells_deliveries(history: History) -> bool:
    return history.shop.has("deliveries", ["delivered_at"])


def _looks(history: History, groups: Sequence[str]) -> Iterator[_Look]:
    """Return every kind of fault that the shop tells in some groups; each is read before the next is asked for."""
    for group in groups:
        orders = _orders_of(history, group)
        newest = orders.filter(history.within(orders.ordered_at, _WEEK * (WEEKS[-1] + _FOLLOWED_WEEKS)))
        counts = newest.group_by("value").aggregate(n=newest.count())
        lively = orders.filter(history.within(orders.ordered_at, _WEEK * _REACH_WEEKS))
        with history.shop.engine.stored(lively.semi_join(counts.filter(counts.n >= FEWEST), "value")) as stored:
            yield from _looks_at(history, group, stored)


def _looks_at(history: History, group: str, orders: ir.Table) -> Iterator[_Look]:
    shop = history.shop
    ordered = cache(partial(_counted, orders.select("value", week=_week(history, orders.ordered_at))))
    for fault in _FOLLOWED:
        if shop.has(fault, ["order_id"]):
            yield _followed(history, orders, group, fault, ordered)
    if shop.has("reviews", ["order_id"]):
        reviews = REVIEWS.rows(history)
        rated = reviews.select("order_id", at=reviews.submitted_at, bad=reviews.stars <= LOW_STARS)
        yield _at_once(history, orders, rated, "low ratings", group)
    if _tells_deliveries(history):
        deliveries = DELIVERIES.rows(history).drop_null(["delivered_at"])
        is_late = late(deliveries, measure_of(history)) > 0
        came = deliveries.select("order_id", at=deliveries.delivered_at, bad=is_late)
        yield _at_once(history, orders, came, "late deliveries", group)


def _groups(history: History) -> list[str]:
    shop = history.shop
    found = ["product"] if shop.has("order_items") else []
    found += ["category"] if shop.has("order_items", ["category"]) else []
    brought = history.table("customers").columns if shop.has("customers") else ()
    return [*found, *(name for name in brought if name.lower() in _PLACES)]


def _orders_of(history: History, group: str) -> ir.Table:
    """Return each order once for every value of a group in it: ``order_id, customer_id, ordered_at, value``."""
    if group in ("product", "category"):
        lines = lines_with(history, "products" if group == "product" else "categories")
        return lines.select("order_id", "customer_id", "ordered_at", value=lines[ITEM]).distinct()
    customers, orders = history.table("customers"), history.uncancelled_orders
    places = customers.select("customer_id", value=customers[group].cast("string")).drop_null(["value"])
    table = orders.select("order_id", "customer_id", "ordered_at").inner_join(places, "customer_id")
    return table.select("order_id", "customer_id", "ordered_at", "value")


def _week(history: History, time: ir.Value) -> ir.Value:
    """Count the weeks from a time to the day: 0 are the newest seven days."""
    return ((history.days_since(time) - 1) / float(_WEEK)).floor().cast("int64")


def _followed(history: History, orders: ir.Table, group: str, fault: str, ordered: Callable[[], pd.DataFrame]) -> _Look:
    """Look at what comes after an order."""
    events = history.table(fault)
    names_product = group == "product" and fault == "returns" and history.shop.has("returns", ["product_id"])
    only = events.product_id if names_product else events.order_id
    hit = orders.inner_join(events.select("order_id", at=events[_FOLLOWED[fault]], only=only), "order_id")
    if names_product:
        hit = hit.filter((hit.only == hit.value).fill_null(True))
    first = hit.group_by("order_id", "value", "customer_id", "ordered_at").aggregate(at=hit["at"].min())
    rows = first.select(
        "value", "customer_id", week=_week(history, first.ordered_at), event_week=_week(history, first["at"])
    )
    faults = rows.select("value", "week", "event_week")
    return _Look(
        fault=fault, group=group, ages=_FOLLOWED_WEEKS, rows=rows, counted=lambda: (ordered(), _counted(faults))
    )


def _at_once(history: History, orders: ir.Table, judged: ir.Table, fault: str, group: str) -> _Look:
    """Look at what is good or bad when it comes."""
    rows = orders.drop("ordered_at").inner_join(judged, "order_id")
    rows = rows.select("value", "customer_id", "bad", week=_week(history, rows["at"]))

    def counted() -> tuple[pd.DataFrame, pd.DataFrame]:
        of_both = _counted(rows.drop("customer_id"))
        bad = of_both[of_both["bad"].fillna(False).astype(bool)]
        came = of_both.groupby(["value", "week"])[["n"]].sum().reset_index()
        return came, bad.assign(event_week=bad["week"])

    bad = rows.filter(rows.bad)
    hit = bad.select("value", "customer_id", "week", event_week=bad.week)
    return _Look(fault=fault, group=group, ages=1, rows=hit, counted=counted)


def _counted(rows: ir.Table) -> pd.DataFrame:
    """Count rows by all their columns, within the weeks that are looked at."""
    within = rows.filter(rows.week < _REACH_WEEKS)
    counts: pd.DataFrame = within.group_by(rows.columns).aggregate(n=within.count()).to_pandas()
    return counts


def _tested(look: _Look) -> pd.DataFrame:
    came, faults = look.counted()
    return _nothing() if came.empty else _compared(came, faults, look)


def _compared(came: pd.DataFrame, faults: pd.DataFrame, look: _Look) -> pd.DataFrame:
    """Compare the newest weeks of each value with its year before, by counts of orders and their first faults."""
    code, values = pd.factorize(came["value"], sort=True)
    at_risk = np.zeros((len(values), _REACH_WEEKS), dtype=np.int64)
    np.add.at(at_risk, (code, came["week"].to_numpy()), came["n"].to_numpy(dtype=np.int64))
    at = pd.Index(values).get_indexer(pd.Index(faults["value"]))
    week, size = faults["week"].to_numpy(), faults["n"].to_numpy(dtype=np.int64)
    age = week - faults["event_week"].to_numpy()
    calendar = np.arange(_REACH_WEEKS)
    windows = {weeks: (0, weeks) for weeks in WEEKS} | {0: (WEEKS[-1], WEEKS[-1] + _BASE_WEEKS)}
    events = {name: np.zeros(len(values), dtype=np.int64) for name in windows}
    expected = {name: np.zeros(len(values)) for name in windows}
    for passed in range(look.ages):
        happened = np.zeros_like(at_risk)
        now = age == passed
        np.add.at(happened, (at[now], week[now]), size[now])
        exposed = {}
        for name, (first, last) in windows.items():
            within = (calendar - passed >= first) & (calendar - passed < last)
            events[name] += happened[:, within].sum(axis=1)
            exposed[name] = at_risk[:, within].sum(axis=1)
            hits = happened[:, within].sum() if name == 0 else 0
        rate = hits / max(int(exposed[0].sum()), 1)  # the base is the last window
        for name in windows:
            expected[name] += rate * exposed[name]
        at_risk -= happened
    base, by_base = events[0], expected[0]
    tables = []
    for weeks in WEEKS:
        seen, by_rate = events[weeks], expected[weeks]
        rest = _ratio(
            _ratio(seen.sum() - seen, by_rate.sum() - by_rate), _ratio(base.sum() - base, by_base.sum() - by_base)
        )
        offset = by_rate * np.where(np.isfinite(rest), np.maximum(rest, 1.0), 1.0)
        is_enough = (by_rate >= FEWEST) & (by_base >= FEWEST)
        table = _figures(seen, base, offset, by_base)
        tables.append(table.assign(value=values, weeks=weeks)[is_enough])
    table = pd.concat(tables, ignore_index=True).assign(fault=look.fault, group=look.group)
    return table[list(_nothing().columns)]


def _figures(seen: np.ndarray, base: np.ndarray, offset: Floats, by_base: Floats) -> pd.DataFrame:
    """Compare events of two times with what is expected of them: p-value, ratio and its interval."""
    n = seen + base
    with np.errstate(divide="ignore", invalid="ignore"):
        share = offset / (offset + by_base)
        odds = (1 - share) / share
        low = np.where(seen > 0, stats.beta.ppf(0.025, seen, base + 1), 0.0)
        high = np.where(base > 0, stats.beta.ppf(0.975, seen + 1, base), 1.0)
        expected = offset * base / by_base
        return pd.DataFrame(
            {
                "events": seen,
                "expected": expected,
                "ratio": np.where(base > 0, seen / expected, np.nan),
                "low": odds * low / (1 - low),
                "high": np.where(high < 1, odds * high / (1 - high), np.nan),
                "p": stats.binom.sf(seen - 1, n, share),
            }
        )


def _ratio(part: Floats, whole: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(part / whole, dtype=np.float64)


def _nothing() -> pd.DataFrame:
    kinds = {"fault": "str", "group": "str", "value": "str", "weeks": "int64", "events": "int64"}
    kinds |= dict.fromkeys(("expected", "ratio", "low", "high", "p"), "float64")
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})
