"""The summary of a ranking: all that its page shows, as JSON-ready values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from churnml.analytics.risk_groups import GONE
from churnml.campaigns.team import SAVE, WRITTEN, nothing_written
from churnml.plain import plain
from churnml.reporting.carried import read_carried
from churnml.reporting.page.shop_summary import summarise_shop
from churnml.scoring.changes import CHANGES
from churnml.scoring.declared_lists import OPEN_COMPLAINTS
from churnml.scoring.rules import BANDS
from churnml.words.complaints import say_complaint
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
    "lists",
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
    written: pd.DataFrame | None = None,
    past: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Summarise a ranking for the page.

    Parameters
    ----------
    ranking : Ranking
        Ranking to show.
    rows : int, optional
        Greatest number of customers: those of the work list in its order, then those of the other lists, then the
        most likely to leave.
    worklist : Worklist, optional
        Customers to contact, as from ``ranking.select``; None takes the configured list.
    overview : Overview, optional
        Figures of the shop; None leaves them out.
    brought : sequence of str, optional
        Sentences on what earlier lists brought, as from `churnml.words.campaigns.say_brought`.
    written : pandas DataFrame, optional
        What people wrote into earlier lists; see `churnml.campaigns.team`.
    past : mapping of str to object, optional
        Whether past lists were right: a sentence and a table; None leaves it out.

    Returns
    -------
    dict
        JSON-ready values. ``totals`` look at all customers, ``customers`` holds those that are shown, each with the
        reasons and events of their story; what the ranking does not have (a holdout, an earlier list, plays) is null or
        empty.
    """
    chosen = worklist or ranking.select()
    listed = chosen.frame
    shown = _choose(ranking.top(rows + len(listed)), listed, _of_further(ranking), rows, ranking.changes)
    shown["mention"] = [ranking.mention(row) or None for row in shown.itertuples()]
    shown = ranking.named(shown)
    shown["play_rule"] = shown["play_rule"].map(ranking.rule_names)
    written = nothing_written() if written is None else written
    card = ranking.model.card.to_json()
    titles = {name: play.title for name, play in ranking.plays.items()}
    ranks: dict[str, dict[str, int]] = {}
    for name, each in ranking.lists.items():
        for customer, rank in zip(each.rows["customer_id"], each.rows["list_rank"].tolist(), strict=True):
            ranks.setdefault(customer, {})[name] = rank
    owners = _newest(written)["owner"].dropna().to_dict()
    return {
        "language": ranking.language,
        "currency": ranking.currency,
        "snapshot_date": _day(ranking.snapshot_date),
        "measure_on": _day(ranking.top(1)["measure_on"].iloc[0]),
        "model_version": ranking.model.version,
        "definition": plain(ranking.model.definition.model_dump()),
        "totals": _totals(ranking, listed),
        "changes": _changes(ranking.changes),
        "customers": [
            {**one, "ranks": ranks.get(one["customer_id"], {}), "owner": owners.get(one["customer_id"])}
            for one in _customers(shown, ranking)
        ],
        "carried": _carried(read_carried(ranking, shown["customer_id"])),
        "lists": {SAVE: len(listed), **{name: len(one.rows) for name, one in ranking.lists.items()}},
        "complaints": _complaints(ranking),
        "notes": int((_newest(written)["outcome"].isna()).sum()),
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
        "past": None if past is None else dict(past),
        "guesses": ranking.guesses_said,
        "shop": None if overview is None else summarise_shop(overview.named(ranking.names)),
        "model": {
            **{key: card[key] for key in _OF_CARD},
        },
    }


def _newest(written: pd.DataFrame) -> pd.DataFrame:
    """Return what was last written of each customer, whatever the list, by ``customer_id``."""
    rows = written.sort_values("read_at", kind="stable")
    table: pd.DataFrame = rows.groupby("customer_id")[list(WRITTEN)].last()
    return table


def _complaints(ranking: Ranking) -> dict[str, Any] | None:
    """Count the open complaints, where a list shows them."""
    for one in ranking.lists.values():
        if one.declared.source == OPEN_COMPLAINTS:
            days = one.rows["days_open"]
            return {"customers": len(one.rows), "longest_days": int(days.max()) if len(days) else None}
    return None


def _of_further(ranking: Ranking) -> pd.DataFrame:
    """Return the customers of the lists besides the work list, each once, as the ranking has them."""
    ids = list(dict.fromkeys(name for one in ranking.lists.values() for name in one.rows["customer_id"]))
    ranked = ranking.rows.of(ids)
    return ranked.set_index("customer_id").reindex(ids).reset_index(names="customer_id")


def _choose(
    top: pd.DataFrame, listed: pd.DataFrame, further: pd.DataFrame, rows: int, changes: pd.DataFrame | None
) -> pd.DataFrame:
    """Return the customers that are shown, with ``list_rank`` (null off the work list) and ``change``."""
    frame = pd.concat([further[top.columns], top], ignore_index=True) if len(further) else top
    frame = frame.drop_duplicates("customer_id", ignore_index=True)
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


def _customers(shown: pd.DataFrame, ranking: Ranking) -> list[dict[str, Any]]:
    names = ["list_rank", "change", *_COLUMNS]
    columns = [[_value(value, _DECIMALS.get(name)) for value in shown[name]] for name in names]
    stories = ranking.stories(shown["customer_id"].tolist())
    unranked = [customer for customer in shown["customer_id"] if customer not in stories]
    events, about = ranking.explainer.events(unranked), _about(ranking)
    return [
        {
            **dict(zip(names, values, strict=True)),
            **(_story(stories[customer]) if customer in stories else _without_rank(events[customer])),
            "about": about.get(customer),
        }
        for customer, values in zip(shown["customer_id"], zip(*columns, strict=True), strict=True)
    ]


def _carried(columns: pd.DataFrame) -> dict[str, list[str | None]]:
    """Return what is carried of the customers that are shown, in their order, by column."""
    return {str(name): [_value(value) for value in columns[name]] for name in columns}


def _about(ranking: Ranking) -> dict[str, str]:
    """Say which complaint of a customer is open, by id."""
    said = {}
    for one in ranking.lists.values():
        if one.declared.source == OPEN_COMPLAINTS:
            for row in one.rows.to_dict("records"):
                complaint = {str(column): value for column, value in row.items()}
                said[row["customer_id"]] = say_complaint(
                    complaint, ranking.language, ranking.names, ranking.pseudonymous
                )
    return said


def _without_rank(events: pd.DataFrame) -> dict[str, Any]:
    nothing: dict[str, Any] = {"if_stayed": None, "if_left": None, "weights": {}, "effect": None}
    return {"leaving": [], "staying": [], **nothing, "events": _events(events)}


def _events(events: pd.DataFrame) -> list[list[str]]:
    return [
        [_day(day), str(kind), str(text)]
        for day, kind, text in zip(*(events[name].tolist() for name in ("day", "kind", "text")), strict=True)
    ]


def _story(story: Story) -> dict[str, Any]:
    return {
        "leaving": _reasons(story.leaving),
        "staying": _reasons(story.staying),
        "if_stayed": _value(story.worth["if_stayed"], 2),
        "if_left": _value(story.worth["if_left"], 2),
        "weights": {str(concept): round(float(weight), 2) for concept, weight in story.concepts.items()},
        "events": _events(story.events),
        "effect": story.effect,
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
