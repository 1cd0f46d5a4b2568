"""The page's block of what customers write about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churnml.analytics.free_text import FEWEST_MESSAGES, TOO_FEW
from churnml.reporting.page.shop_cells import Say, difference, line, number, text

Records = Sequence[Mapping[str, Any]]


def texts_block(topics: Records, months: Records, say: Say) -> dict[str, Any]:
    """Write the topics of each source, those of most messages first, with their share of each whole month's messages.

    Parameters
    ----------
    topics, months : sequence of mapping
        Rows, as from `churnml.analytics.free_text.compute_text_topics`.
    say : Say
        Writer of one language.
    """
    t = say.words["free_text"]
    rows = []
    for row in topics:
        known = row["topic"] != TOO_FEW
        shares = [
            month["share"]
            for month in months
            if (month["source"], month["topic"]) == (row["source"], row["topic"]) and month["is_complete"]
        ]
        small = say.t["small"] if row["is_small"] and known else ""
        rows.append(
            [
                text(t["sources"][row["source"]]),
                text(_topic(row["topic"], say), small),
                number(say.write.whole(row["messages"])),
                number(say.figure(row["share"] if known else None, "share")),
                number("") | {"line": line(shares) if known else None},
                number(say.write.whole(row["customers"])),
                number(say.figure(row["retention_rate"], "share"), small=say.between(row["low"], row["high"])),
                number(difference(row, say)),
            ]
        )
    titles = [t["source"], t["topic"], t["messages"], t["share"], t["trend"]]
    titles += [say.t[name] for name in ("customers", "came_back", "difference")]
    return say.block("text_topics", titles, 2, rows, title=t["text_topics"], note=t["note"])


def _topic(topic: str, say: Say) -> str:
    told = {TOO_FEW: say.words["free_text"]["too_few"].format(fewest=FEWEST_MESSAGES)}
    return str(told.get(topic) or say.words["values"].get(topic, topic))
