"""Reasons of leaving: what preceded it among the customers who left, against those who stayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from churnml.analytics.groups import FEWEST, OTHER
from churnml.data.history import History
from churnml.data.population import labels
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.available import fitting
from churnml.features.builder import build
from churnml.features.families.complaints import COMPLAINTS
from churnml.features.families.delivery import DELAY_OF_LAST, LATE_NOW
from churnml.features.families.reviews import LOW_STARS
from churnml.features.family import Aggregate, Derived, Feature, days_since_last
from churnml.statistics.shares import newcombe, wilson

NONE_KNOWN = "none known"
NO_COMPLAINT = "no complaint"
NO_TOPIC = "no topic"

_AROUND_DAYS = 30
_SLOW_DAYS = 2
_USUAL_SHARE = 0.5
_YEAR_DAYS = 365
_MOST_TOPICS = 15

# A complaint without a response has waited until it was resolved, or until now.
DAYS_SINCE_SLOW_ANSWER = Aggregate(
    name="days_since_last_slow_complaint",
    unit="days",
    describe=f"Days from the last complaint that waited more than {_SLOW_DAYS} days for a first response, or still "
    "does, to the snapshot; null without one",
    source=COMPLAINTS,
    reduce=days_since_last("opened_at"),
    only=lambda complaint: complaint.response_days.fill_null(complaint.was_open_days) > _SLOW_DAYS,
    needs=("first_response_at",),
)


@dataclass(frozen=True)
class Sign:
    """A condition on named features of a customer, null being false."""

    needs: tuple[str, ...]
    holds: Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True)
class Reason:
    """Something that may precede leaving: it is there where one of its signs is.

    A shop that lacks the tables of some signs is judged by the others, and by none where it lacks them all.
    """

    name: str
    describe: str
    signs: tuple[Sign, ...]


def _around_last_order(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Say whether something so many days ago lies after their last order or not long before it."""
    return lambda X: X[name] <= X["days_since_last_order"].fillna(0.0) + _AROUND_DAYS


def _is_above_zero(name: str) -> Callable[[pd.DataFrame], pd.Series]:
    return lambda X: X[name] > 0


REASONS = (
    Reason(
        "quality",
        f"Sent something back, or gave at most {LOW_STARS} of 5 stars in the last review, after the last order or in "
        f"the {_AROUND_DAYS} days before it",
        (
            Sign(("days_since_last_return", "days_since_last_order"), _around_last_order("days_since_last_return")),
            Sign(
                ("review_stars_last", "days_since_last_review", "days_since_last_order"),
                lambda X: (X["review_stars_last"] <= LOW_STARS) & _around_last_order("days_since_last_review")(X),
            ),
        ),
    ),
    Reason(
        "service",
        f"Complained, after the last order or in the {_AROUND_DAYS} days before it, and waited more than {_SLOW_DAYS} "
        "days for an answer, or still does",
        (
            Sign(
                (DAYS_SINCE_SLOW_ANSWER.name, "days_since_last_order"), _around_last_order(DAYS_SINCE_SLOW_ANSWER.name)
            ),
        ),
    ),
    Reason(
        "unresolved complaint",
        "A complaint is open now",
        (Sign(("complaints_open",), lambda X: X["complaints_open"] > 0),),
    ),
    Reason(
        "late delivery",
        "The last delivery came after the promised day, or an order under way is past it; by the hour and minute where "
        "the shop's promised times carry them",
        tuple(Sign((name,), _is_above_zero(name)) for name in (*DELAY_OF_LAST, *LATE_NOW)),
    ),
    Reason(
        "price",
        "Used to buy on discount (two orders or more, and at least half of those up to the last such one), and the one "
        "to three orders since were at the full price",
        (
            Sign(
                ("discount_ended_usual_share", "orders_discounted_total", "orders_at_full_price_since_discount"),
                lambda X: (
                    (X["discount_ended_usual_share"] >= _USUAL_SHARE)
                    & (X["orders_discounted_total"] >= 2)
                    & X["orders_at_full_price_since_discount"].between(1, 3)
                ),
            ),
        ),
    ),
)
"""All reasons, as conditions on features."""


def compute_reasons_of_leaving(
    shop: Shop,
    snapshot_date: date,
    definition: ChurnDefinition,
    data_end: date,
    churned: pd.Series | None = None,
) -> pd.DataFrame:
    """Compare what preceded a day among the eligible customers who then left and among those who stayed.

    What preceded is told by the features known on the day, as written in ``REASONS``; a customer may have several
    reasons. It is looked for around their last order and not in a fixed time before the day: who left has often been
    silent for months, so in a fixed time those who stayed would show more of everything that comes with an order. A
    reason goes with leaving where the interval of the difference lies above 0; that is no proof of a cause.

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

    Returns
    -------
    pandas DataFrame
        A row per reason whose tables the shop brought, then one for ``none known``: ``reason``; ``churned`` (customers
        who left and had it), ``churned_share`` of all who left, ``low``, ``high``; ``stayed``, ``stayed_share``,
        ``stayed_low``, ``stayed_high`` likewise; ``difference`` of the shares, ``difference_low``,
        ``difference_high``. Intervals of 95 %: Wilson's, and Newcombe's of the difference. Shares of nobody are null;
        no rows where the window ends after the data.
    """
    churned = _known(labels(shop, snapshot_date, definition, data_end) if churned is None else churned)
    given = {feature.name: feature for feature in fitting(History(shop, snapshot_date), definition)}
    if shop.has(COMPLAINTS.table, DAYS_SINCE_SLOW_ANSWER.needs):
        given[DAYS_SINCE_SLOW_ANSWER.name] = DAYS_SINCE_SLOW_ANSWER
    told = {
        reason.name: signs
        for reason in REASONS
        if (signs := [sign for sign in reason.signs if given.keys() >= set(sign.needs)])
    }
    held = {}
    if len(churned) and told:
        needed = _with_inputs((name for signs in told.values() for sign in signs for name in sign.needs), given)
        X = build(History(shop, snapshot_date), definition, needed)
        churned = churned.reindex(X.index)
        held = {name: np.logical_or.reduce([sign.holds(X) for sign in signs]) for name, signs in told.items()}
    left = churned.to_numpy() == 1
    if len(churned):
        held[NONE_KNOWN] = ~np.logical_or.reduce([np.zeros(len(left), dtype=bool), *held.values()])
    table = pd.DataFrame({"reason": pd.Series(list(held), dtype="str")})
    table["churned"] = np.array([int((has & left).sum()) for has in held.values()], dtype="int64")
    table["stayed"] = np.array([int((has & ~left).sum()) for has in held.values()], dtype="int64")
    return _compared(table, int(left.sum()), int((~left).sum()))


def compute_complaint_topics(
    shop: Shop,
    snapshot_date: date,
    definition: ChurnDefinition,
    data_end: date,
    churned: pd.Series | None = None,
    *,
    shared_by: int = 1,
) -> pd.DataFrame:
    """Show what the eligible customers complained of in the 365 days before a day, and how many of them left.

    Topics are free text, so letters count alike in either case and blanks once. A customer with complaints of several
    topics is counted with each. What a single customer wrote is no topic and may name them: it is under ``other``.

    Parameters
    ----------
    shop : Shop
        Shop whose complaints are counted.
    snapshot_date : date
        Snapshot before which the complaints were made.
    definition : ChurnDefinition
        Definition of leaving.
    data_end : date
        Day at which the data ends: nothing on or after it is known.
    churned : pandas Series, optional
        Labels of the day, as from `churnml.data.population.labels`; computed where they are not passed.
    shared_by : int, optional
        Number of customers below which a topic goes under ``other`` too.

    Returns
    -------
    pandas DataFrame
        A row for each of the 15 topics with the most complaints, most first; then ``other`` for the rest of them,
        ``no topic`` for complaints without one, and ``no complaint``: ``topic``, ``complaints``, ``customers``,
        ``churned``, ``churned_share`` (of the customers), ``low``, ``high``; ``difference`` from those without a
        complaint, ``difference_low``, ``difference_high``; ``is_small`` below 30 customers. No rows where no complaint
        of the eligible names a topic, or the window ends after the data.
    """
    columns = ["customer_id", "topic", "complaints"]
    churned = _known(labels(shop, snapshot_date, definition, data_end) if churned is None else churned)
    rows = pd.DataFrame(columns=columns)
    if len(churned) and shop.has("complaints", ["topic"]):
        history = History(shop, snapshot_date)
        complaints = history.table("complaints")
        complaints = complaints.filter(history.within(complaints.opened_at, _YEAR_DAYS))
        counted = complaints.group_by("customer_id", "topic").aggregate(complaints=complaints.count())
        rows = counted.order_by("customer_id", "topic").to_pandas()[columns]
    rows["customer"] = churned.index.get_indexer(pd.Index(rows["customer_id"]))
    rows = rows[rows["customer"] >= 0]
    given = {text: " ".join(text.casefold().split()) for text in rows["topic"].dropna().unique()}
    rows["topic"] = rows["topic"].map(given)
    totals = (
        rows.groupby("topic").agg(complaints=("complaints", "sum"), customers=("customer", "nunique")).reset_index()
    )
    totals = totals[totals["customers"] >= max(2, shared_by)].sort_values(
        ["complaints", "topic"], ascending=[False, True]
    )
    shown = [topic for topic in totals["topic"].head(_MOST_TOPICS) if topic != OTHER]
    rows["topic"] = rows["topic"].where(rows["topic"].isin(shown) | rows["topic"].isna(), OTHER).fillna(NO_TOPIC)
    left = churned.to_numpy() == 1
    found = []
    for topic in [*shown, OTHER, NO_TOPIC] if given else []:
        of_topic = rows[rows["topic"] == topic]
        customers = np.unique(of_topic["customer"].to_numpy(dtype="int64"))
        if len(customers):
            found.append((topic, int(of_topic["complaints"].sum()), len(customers), int(left[customers].sum())))
    silent = np.ones(len(left), dtype=bool)
    silent[rows["customer"].to_numpy(dtype="int64")] = False
    if found:
        found.append((NO_COMPLAINT, 0, int(silent.sum()), int((silent & left).sum())))
    table = pd.DataFrame(found, columns=["topic", "complaints", "customers", "churned"])
    table = table.astype({"topic": "str", "complaints": "int64", "customers": "int64", "churned": "int64"})
    table["churned_share"] = table["churned"] / table["customers"].where(table["customers"] > 0)
    table["low"], table["high"] = wilson(table["churned"], table["customers"])
    of_silent = int((silent & left).sum()), int(silent.sum())
    table["difference"] = table["churned_share"] - of_silent[0] / (of_silent[1] or np.nan)
    table["difference_low"], table["difference_high"] = newcombe(table["churned"], table["customers"], *of_silent)
    table.loc[table["topic"] == NO_COMPLAINT, ["difference", "difference_low", "difference_high"]] = np.nan
    table["is_small"] = table["customers"] < FEWEST
    return table


def _known(churned: pd.Series) -> pd.Series:
    """Return the labels that are known; none where the window ends after the data."""
    return churned.dropna()


def _with_inputs(names: Iterable[str], given: dict[str, Feature]) -> list[Feature]:
    """Return the features of these names and all their inputs, in the order in which they are computed."""
    wanted, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        wanted.add(name)
        feature = given[name]
        waiting += feature.inputs if isinstance(feature, Derived) else ()
    return [feature for name, feature in given.items() if name in wanted]


def _compared(table: pd.DataFrame, churned: int, stayed: int) -> pd.DataFrame:
    """Add shares of those who left and of those who stayed, their intervals, and their difference."""
    table["churned_share"] = table["churned"] / (churned or np.nan)
    table["low"], table["high"] = wilson(table["churned"], churned)
    table["stayed_share"] = table["stayed"] / (stayed or np.nan)
    table["stayed_low"], table["stayed_high"] = wilson(table["stayed"], stayed)
    table["difference"] = table["churned_share"] - table["stayed_share"]
    table["difference_low"], table["difference_high"] = newcombe(table["churned"], churned, table["stayed"], stayed)
    columns = ["reason", "churned", "churned_share", "low", "high", "stayed", "stayed_share", "stayed_low"]
    return table[[*columns, "stayed_high", "difference", "difference_low", "difference_high"]]
