"""Pictures of the shop: churn over time, cohorts as curves, the flow between stages; tables go in, coordinates out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Records = Sequence[Mapping[str, Any]]
Picture = dict[str, Any]

_WIDTH, _HEIGHT = 640.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 624.0, 14.0, 224.0
_TICKS = 4
_NODE, _GAP, _LABEL = 12.0, 5.0, 150.0
_LEAST_RIBBON = 0.004
_NICE = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
_GOOD, _BAD = ("active", "loyal", "VIP", "won back"), ("at risk", "lapsed", "lost", "inactive")


def over_time(rows: Records, write: Callable[[float], str], day: Callable[[str], str]) -> Picture | None:
    """Place a share of several periods, with its intervals, one beside the other.

    Parameters
    ----------
    rows : sequence of mapping of str to object
        ``period_end, value, low, high`` of each period, oldest first.
    write : callable
        Function that writes a share.
    day : callable
        Function that writes a day.

    Returns
    -------
    dict or None
        ``picture_title``, ``ticks`` (``y, label``), ``marks`` (``x, label``), ``series`` (``points, css, title``) and
        ``intervals`` (``x, low, high, y``); None with fewer than two periods whose share is known.
    """
    known = [row for row in rows if row["value"] is not None]
    if len(known) < 2:
        return None
    highest = max(row["high"] if row["high"] is not None else row["value"] for row in known)
    y = _upwards(highest)
    across = [_across(place, len(known)) for place in range(len(known))]
    pairs = list(zip(across, known, strict=True))
    return {
        "kind": "lines",
        "picture_title": "",
        "ticks": _ticks(highest, write),
        "marks": [{"x": x, "label": day(row["period_end"])} for x, row in pairs],
        "series": [{"points": " ".join(f"{x},{y(row['value'])}" for x, row in pairs), "css": "curve", "title": ""}],
        "intervals": [
            {"x": x, "low": y(row["low"]), "high": y(row["high"]), "y": y(row["value"])}
            for x, row in pairs
            if row["low"] is not None
        ],
    }


def curves(table: Records, column: str, write: Callable[[float], str]) -> Picture | None:
    """Draw the share of each cohort who come back, month by month; the newest cohort is the darkest.

    Parameters
    ----------
    table : sequence of mapping of str to object
        ``cohort, month`` and the share of each cohort, oldest cohort first.
    column : str
        Column of the share.
    write : callable
        Function that writes a share.
    """
    told = [row for row in table if row["month"] > 0 and row[column] is not None]
    cohorts = list(dict.fromkeys(row["cohort"] for row in told))
    lines = {cohort: [row for row in told if row["cohort"] == cohort] for cohort in cohorts}
    lines = {cohort: rows for cohort, rows in lines.items() if len(rows) > 1}
    if not lines:
        return None
    months = max(row["month"] for row in told)
    highest = max(row[column] for row in told)
    y = _upwards(highest)
    return {
        "kind": "lines",
        "picture_title": "",
        "ticks": _ticks(highest, write),
        "marks": [{"x": _across(month - 1, months), "label": str(month)} for month in range(1, months + 1)],
        "series": [
            {
                "points": " ".join(f"{_across(row['month'] - 1, months)},{y(row[column])}" for row in rows),
                "css": f"age-{min(9, 9 * (place + 1) // len(lines))}",
                "title": cohort[:7],
            }
            for place, (cohort, rows) in enumerate(lines.items())
        ],
        "intervals": [],
    }


def flow(moves: Records, name: Callable[[str], str], write: Callable[[float], str]) -> Picture | None:
    """Draw how customers went from stages to stages, as ribbons between two bars.

    Parameters
    ----------
    moves : sequence of mapping of str to object
        ``before, after, customers`` of one period.
    name : callable
        Function that names a stage.
    write : callable
        Function that writes a number of customers.

    Returns
    -------
    dict or None
        ``nodes`` (``x, y, height, css, label, at, anchor``) and ``ribbons`` (``d, css, title``); None without moves.
    """
    total = sum(row["customers"] for row in moves)
    if not total:
        return None
    stages = list(dict.fromkeys([*(row["before"] for row in moves), *(row["after"] for row in moves)]))
    scale = (_HEIGHT - _GAP * (len(stages) - 1)) / total
    sides = {"before": _LABEL, "after": _WIDTH - _LABEL - _NODE}
    starts: dict[tuple[str, str], float] = {}
    nodes = []
    for side, x in sides.items():
        at = 0.0
        for stage in stages:
            customers = sum(row["customers"] for row in moves if row[side] == stage)
            if not customers:
                continue
            starts[side, stage] = at
            left = side == "before"
            nodes.append(
                {
                    "x": x,
                    "y": round(at, 1),
                    "height": round(max(customers * scale, 1.0), 1),
                    "css": _side(stage),
                    "label": f"{name(stage)} {write(customers)}",
                    "at": x - 6 if left else x + _NODE + 6,
                    "anchor": "end" if left else "start",
                }
            )
            at += customers * scale + _GAP
    ribbons = []
    for row in sorted(moves, key=lambda row: (stages.index(row["before"]), stages.index(row["after"]))):
        high = row["customers"] * scale
        ends = [starts["before", row["before"]], starts["after", row["after"]]]
        starts["before", row["before"]] += high
        starts["after", row["after"]] += high
        if row["customers"] / total >= _LEAST_RIBBON:
            title = f"{name(row['before'])} → {name(row['after'])}: {write(row['customers'])}"
            ribbons.append({"d": _ribbon(ends[0], ends[1], high), "css": _side(row["after"]), "title": title})
    return {"kind": "flow", "nodes": nodes, "ribbons": ribbons}


def _ribbon(left: float, right: float, high: float) -> str:
    begin, end = _LABEL + _NODE, _WIDTH - _LABEL - _NODE
    middle = (begin + end) / 2
    upper = f"M{begin},{left:.1f} C{middle},{left:.1f} {middle},{right:.1f} {end},{right:.1f}"
    lower = (
        f"L{end},{right + high:.1f} C{middle},{right + high:.1f} {middle},{left + high:.1f} {begin},{left + high:.1f} Z"
    )
    return f"{upper} {lower}"


def _side(stage: str) -> str:
    return "good" if stage in _GOOD else "bad" if stage in _BAD else "other"


def _top(highest: float) -> float:
    return next((nice for nice in _NICE if nice >= highest), max(highest, 1.0))


def _upwards(highest: float) -> Callable[[float], float]:
    top = _top(highest)
    return lambda share: round(_BOTTOM - (_BOTTOM - _TOP) * share / top, 1)


def _across(place: int, places: int) -> float:
    return round(_LEFT + (_RIGHT - _LEFT) * (place + 0.5) / places, 1)


def _ticks(highest: float, write: Callable[[float], str]) -> list[dict[str, float | str]]:
    top, y = _top(highest), _upwards(highest)
    return [{"y": y(top * step / _TICKS), "label": write(top * step / _TICKS)} for step in range(_TICKS + 1)]
