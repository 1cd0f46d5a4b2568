"""The page's block of habits and satisfaction by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churnml.reporting.page.shop_cells import Cell, Say, number, text

Records = Sequence[Mapping[str, Any]]
_UNITS = {"orders_per_customer": "number", "order_value": "money", "lines_per_order": "number"}
_SATISFIED = {"stars": "number", "nps": "number"}
_KINDS = {"segment": "segment", "stage": "lifecycle_stage"}


def habits_block(table: Records, shares: Records, days: int, say: Say) -> dict[str, Any]:
    """Write how often, what and when each group buys, and how content it is.

    Parameters
    ----------
    table, shares : sequence of mapping
        Rows, as from `churnml.analytics.habits.compute_habits`.
    days : int
        Number of days that count.
    say : Say
        Writer of one language.
    """
    t = say.words["habits"]
    most: dict[tuple[str, str, str], Mapping[str, Any]] = {}
    for share in shares:  # the first of equal ones, as weekdays begin with Monday and values with the most frequent
        key = (share["group"], share["value"], share["habit"])
        if key not in most or share["share"] > most[key]["share"]:
            most[key] = share
    habits = [habit for habit in ("weekday", "channel", "category") if any(habit == key[2] for key in most)]
    rows = []
    for row in table:
        if not row["customers"]:
            continue
        group, value = row["group"], row["value"]
        name = say.name(_KINDS[group], value) if group in _KINDS else value
        rows.append(
            [
                text(t["groups"][group]),
                text(name, say.t["small"] if row["is_small"] else ""),
                number(say.write.whole(row["customers"])),
                *(_figure(row, figure, unit, say) for figure, unit in _UNITS.items()),
                *(_most(most.get((group, value, habit)), say) for habit in habits),
                *(_figure(row, figure, unit, say) for figure, unit in _SATISFIED.items()),
            ]
        )
    titles = [t[name] for name in ("group", "value", "customers", *_UNITS, *habits, *_SATISFIED)]
    block = say.block("habits", titles, 2, rows, title=t["habits"])
    return block | {"note": t["habits_note"].format(days=days)}


def _figure(row: Mapping[str, Any], name: str, unit: str, say: Say) -> Cell:
    return number(say.figure(row[name], unit), small=say.between(row[f"{name}_low"], row[f"{name}_high"], unit))


def _most(share: Mapping[str, Any] | None, say: Say) -> Cell:
    if share is None:
        return number("–")
    of = say.words["habits"]["weekdays"].get(share["of"], share["of"]) if share["habit"] == "weekday" else share["of"]
    return number(str(of), small=say.write.share(share["share"]))
