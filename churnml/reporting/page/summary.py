"""The summary of a ranking: all that its page shows, as JSON-ready values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from churnml.plain import plain
from churnml.reporting.carried import read_carried
from churnml.reporting.page.shop_summary import summarise_shop
from churnml.scoring.changes import CHANGES
from churnml.scoring.groups import GONE
from churnml.scoring.plays import BANDS
from churnml.words.plan import say_plan

if TYPE_CHECKING:
    from churnml.analytics.overview import Overview
    from churnml.scoring.ranking import Ranking
    from churnml.scoring.reasons import Reason
    from churnml.scoring.story import Story
    from churnml.scoring.worklist import Worklist

_COLUMNS = (
    "customer_id",
    "risk_rank",
    "churn_probability",
    "risk_band",
    "value_at_risk",
    "expected_profit",
    "segment",
    "lifecycle_stage",
    "group",
    "last_order_at",
    "play",
    "play_rule",
    "usually_buys",
    "goes_with",
    "mention",
    "contactable",
    "holdout",
    "contact_by",
)
_DECIMALS = {"churn_probability": 4, "value_at_risk": 2, "expected_profit": 2}
_OF_CARD = (
    "as_of",
    "candidate",
    "comparison",
    "figures",
    "gains",
    "gate",
    "learning",
    "level",
    "reliability",
    "value",
    "verdict",
)
_CHANGES_SHOWN = 50
_UNCHANGED = "same"


def summarise(
    ranking: Ranking,
    rows: int = 5_000,
    worklist: Worklist | None = None,
    overview: Overview | None = None,
    brought: Sequence[str] = (),
) -> dict[str, Any]:
    """Summarise a ranking for the page.

    Parameters
    ----------
    ranking : Ranking
        Ranking to show.
    rows : int, optional
        Greatest number of customers: those of the work list in its order, then the most likely to leave.
    worklist : Worklist, optional
        Customers to contact, as from ``ranking.select``; None takes the configured list.
    overview : Overview, optional
        Figures of the shop; None leaves them out.
    brought : sequence of str, optional
        Sentences on what earlier lists brought, as from `churnml.words.campaigns.say_brought`.

    Returns
    -------
    dict
        JSON-ready values. ``totals`` look at all customers, ``customers`` holds those that are shown, each with the
        reasons and events of their story; what the ranking does not have (a holdout, an earlier list, plays) is null or
        empty.
    """
    chosen = worklist or ranking.select()
    listed = chosen.frame
    shown = _choose(ranking.top(rows + len(listed)), listed, rows, ranking.changes)
    shown["mention"] = [ranking.mention(row) or None for row in shown.itertuples()]
    shown = ranking.named(shown)
    shown["play_rule"] = shown["play_rule"].map(ranking.rule_names)
    card = ranking.model.card.to_json()
    titles = {name: play.title for name, play in ranking.plays.items()}
    return {
        "language": ranking.language,
        "currency": ranking.currency,
        "snapshot_date": _day(ranking.snapshot_date),
        "measure_on": _day(ranking.top(1)["measure_on"].iloc[0]),
        "model_version": ranking.model.version,
        "definition": plain(ranking.model.definition.model_dump()),
        "totals": _totals(ranking, listed),
        "changes": _changes(ranking.changes),
        "customers": _customers(shown, ranking.stories(shown["customer_id"].tolist())),
        "carried": _carried(read_carried(ranking, shown["customer_id"])),
        "plays": {
            name: {part: getattr(play, part) for part in ("title", "wording", "owner", "cost", "offer")}
            for name, play in ranking.plays.items()
        },
        "drivers": plain(ranking.drivers[["concept", "weight"]].to_dict("records")),
        "excluded": plain(chosen.excluded),
        "holdout": ranking.holdout_said,
        "plan": say_plan(ranking.plan, titles, ranking.language, ranking.currency),
        "profit_source": ranking.profit_source,
        "brought": [*ranking.measured_said, *brought],
        "guesses": ranking.guesses_said,
        "shop": None if overview is None else summarise_shop(overview.named(ranking.names)),
        "model": {
            **{key: card[key] for key in _OF_CARD},
        },
    }


def _choose(frame: pd.DataFrame, listed: pd.DataFrame, rows: int, changes: pd.DataFrame | None) -> pd.DataFrame:
    """Return the customers that are shown, with ``list_rank`` (null off the work list) and ``change``."""
    others = frame[~frame["customer_id"].isin(listed["customer_id"])]
    # Ranks are small whole numbers, and null for the others.
    ranks = [*listed["list_rank"].tolist(), *[None] * len(others)]
    both = pd.concat([listed[frame.columns], others], ignore_index=True)
    changed = {} if changes is None else dict(zip(changes["customer_id"], changes["change"], strict=True))
    both["list_rank"] = pd.array(ranks, dtype="Int64")
    both["change"] = both["customer_id"].map(changed)
    return both.head(rows)


def _totals(ranking: Ranking, listed: pd.DataFrame) -> dict[str, Any]:
    # Who is gone would fill the highest band and hide the others.
    bands: Counter[str | None] = Counter()
    for (group, band), count in ranking.rows.counts("group", "risk_band").items():
        bands[band] += count if group != GONE else 0
    return {
        "customers": len(ranking),
        "groups": ranking.groups,
        "bands": {band: bands[band] for _, band in BANDS},
        "listed": len(listed),
        "listed_value_at_risk": _sum(listed["value_at_risk"]),
        "listed_expected_profit": _sum(listed["expected_profit"]),
    }


def _sum(money: pd.Series) -> float | None:
    return round(float(money.sum()), 2) if money.notna().any() else None


def _changes(changes: pd.DataFrame | None) -> dict[str, Any] | None:
    """Count what changed by kind, and give the first customers of each kind."""
    if changes is None:
        return None
    counts = changes["change"].value_counts()
    kinds = [kind for kind in CHANGES if kind != _UNCHANGED and kind in counts.index]
    first = pd.concat([changes[changes["change"] == kind].head(_CHANGES_SHOWN) for kind in kinds] or [changes.head(0)])
    columns = ["customer_id", "change", "before", "now", "sentence"]
    return {
        "counts": {kind: int(counts[kind]) for kind in kinds},
        "rows": [{name: _value(value) for name, value in row.items()} for row in first[columns].to_dict("records")],
    }


def _customers(shown: pd.DataFrame, stories: Mapping[str, Story]) -> list[dict[str, Any]]:
    names = ["list_rank", "change", *_COLUMNS]
    columns = [[_value(value, _DECIMALS.get(name)) for value in shown[name]] for name in names]
    return [
        {**dict(zip(names, values, strict=True)), **_story(stories[customer])}
        for customer, values in zip(shown["customer_id"], zip(*columns, strict=True), strict=True)
    ]


def _carried(columns: pd.DataFrame) -> dict[str, list[str | None]]:
    """Return what is carried of the customers that are shown, in their order, by column."""
    return {str(name): [_value(value) for value in columns[name]] for name in columns}


def _story(story: Story) -> dict[str, Any]:
    events = story.events
    return {
        "leaving": _reasons(story.leaving),
        "staying": _reasons(story.staying),
        "if_stayed": _value(story.worth["if_stayed"], 2),
        "if_left": _value(story.worth["if_left"], 2),
        "weights": {str(concept): round(float(weight), 2) for concept, weight in story.concepts.items()},
        "events": [
            [_day(day), str(kind), str(text)]
            for day, kind, text in zip(*(events[name].tolist() for name in ("day", "kind", "text")), strict=True)
        ],
    }


def _reasons(reasons: Sequence[Reason]) -> list[dict[str, Any]]:
    return [
        {"concept": reason.concept, "sentence": reason.sentence, "weight": round(float(reason.weight), 2)}
        for reason in reasons
    ]


def _value(value: Any, decimals: int | None = None) -> Any:
    if value is None or value is pd.NaT or value is pd.NA or value != value:  # what is not a number differs from itself
        return None
    if isinstance(value, date):
        return _day(value)
    value = plain(value)
    return round(value, decimals) if decimals is not None else value


def _day(day: Any) -> str:
    return str(pd.Timestamp(day).date())
