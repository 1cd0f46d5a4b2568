"""The page's block of faults that were found early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churnml.reporting.page.shop_cells import Say, number, text


def faults_block(table: Sequence[Mapping[str, Any]], say: Say) -> dict[str, Any]:
    """Write what is raised, the strongest first.

    Parameters
    ----------
    table : sequence of mapping
        Rows, as from `churnml.analytics.faults.compute_faults`.
    say : Say
        Writer of one language.
    """
    t = say.words["faults"]
    rows = [
        [
            text(t["kinds"][row["fault"]]),
            text(t["groups"].get(row["group"].lower(), row["group"])),
            text(str(row["value"])),
            *(number(say.write.whole(row[name])) for name in ("weeks", "events")),
            number(say.write.decimal(row["expected"], 1)),
            number(_times(row["ratio"], say), small=f"{_times(row['low'], say)} – {_times(row['high'], say)}"),
            *(number(_count(row[name], say)) for name in ("customers_hit", "customers_under_way")),
        ]
        for row in table
    ]
    names = ("fault", "group", "value", "weeks", "events", "expected", "ratio", "customers_hit", "customers_under_way")
    block = say.block("faults", [t[name] for name in names], 3, rows, is_open=True, title=t["faults"])
    return block | {"note": t["faults_note"]}


def _times(ratio: float | None, say: Say) -> str:
    return "–" if ratio is None else say.write.decimal(ratio, 1)


def _count(count: int | None, say: Say) -> str:
    return "–" if count is None else say.write.whole(count)
