"""The page's blocks of the loyalty programme: points over time, moves between tiers, and the way to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churnml.analytics.loyalty import NO_TIER
from churnml.reporting.page.shop_cells import Cell, Say, number, text

_POINTS = ("earned", "spent", "earners", "spenders", "balance")
_NEXT = ("from_points", "customers", "median_points", "near", "median_days")


def loyalty_blocks(summary: Mapping[str, Any], say: Say) -> list[dict[str, Any]]:
    """Write points, moves between tiers and the way to the next tier.

    Parameters
    ----------
    summary : mapping of str to object
        Figures of the shop, as from `churnml.reporting.page.shop_summary.summarise_shop`.
    say : Say
        Writer of one language.
    """
    t = say.words["loyalty"]
    points = [
        [text(say.write.day(row["period_end"])), *(_whole(row[name], say) for name in _POINTS)]
        for row in summary["points"]
    ]
    newest = max((row["period_end"] for row in summary["tier_moves"]), default=None)
    moves = [
        [
            *(text(t["no_tier"] if row[name] == NO_TIER else row[name]) for name in ("before", "after")),
            _whole(row["customers"], say),
            number(say.write.share(row["share"], 1), row["share"]),
        ]
        for row in summary["tier_moves"]
        if row["period_end"] == newest
    ]
    steps = [[text(row["tier"]), *(_whole(row[name], say) for name in _NEXT)] for row in summary["next_tiers"]]
    blocks = (
        ("points", ("until", *_POINTS), 1, points),
        ("tier_moves", ("before", "after", "customers", "share"), 2, moves),
        ("next_tiers", ("tier", *_NEXT), 1, steps),
    )
    return [
        say.block(name, [t[title] for title in titles], texts, rows, title=t[name], note=t[f"{name}_note"])
        for name, titles, texts, rows in blocks
    ]


def _whole(value: float | None, say: Say) -> Cell:
    return number("–" if value is None else say.write.whole(value))
