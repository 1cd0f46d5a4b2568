"""Where the lines of the page's charts run: tables go in, coordinates come out, and the template draws them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

_LEFT, _TOP, _RIGHT, _BOTTOM = 50.0, 12.0, 340.0, 252.0  # the frame that the template draws
_TICKS = 5
_LEAST_TOP = 0.05
_NICE = (0.1, 0.2, 0.25, 0.5, 1.0)

Share = Callable[[float], str]


def reliability(table: Sequence[Mapping[str, Any]], write: Share) -> dict[str, Any] | None:
    """Compute the points of the chart of predicted probabilities against outcomes.

    Parameters
    ----------
    table : sequence of mapping of str to object
        Bins of predictions, as records of `churnml.statistics.calibration.reliability_table`.
    write : callable
        Function that writes a share as text.

    Returns
    -------
    dict or None
        ``line`` (points of the diagonal), ``points`` (``x, y, low, high``) and the ``ticks`` of both axes; None for an
        empty table.
    """
    if not table:
        return None
    highest = max([_LEAST_TOP, *(row["mean_predicted"] for row in table), *(row["high"] for row in table)])
    top = next((nice for nice in _NICE if nice >= highest), 1.0)
    x, y = _scales(top)
    return {
        "line": _points([(0.0, 0.0), (top, top)], x, y),
        "points": [
            {
                "x": x(row["mean_predicted"]),
                "y": y(row["churned_share"]),
                "low": y(row["low"]),
                "high": y(row["high"]),
            }
            for row in table
        ],
        "ticks": _ticks(top, x, y, write),
    }


def gains(table: Sequence[Mapping[str, Any]], write: Share) -> dict[str, Any] | None:
    """Compute the points of the chart of the share of leavers found against the share of customers contacted.

    Parameters
    ----------
    table : sequence of mapping of str to object
        Shares by length of list, as records of `churnml.statistics.metrics.gains_table`.
    write : callable
        Function that writes a share as text.

    Returns
    -------
    dict or None
        Points of the lines ``model``, ``best`` and ``random``, and the ``ticks`` of both axes; None where nobody left.
    """
    known = [row for row in table if row["captured_share"] is not None]
    if not known:
        return None
    x, y = _scales(1.0)
    return {
        "model": _points([(row["contacted_share"], row["captured_share"]) for row in known], x, y),
        "best": _points([(row["contacted_share"], row["best_share"]) for row in known], x, y),
        "random": _points([(0.0, 0.0), (1.0, 1.0)], x, y),
        "ticks": _ticks(1.0, x, y, write),
    }


def shares(counts: Mapping[str, int]) -> list[tuple[str, float, float]]:
    """Place counts side by side in a bar of 100: name, start and length of each that is not empty.

    Examples
    --------
    >>> shares({"high": 1, "medium": 0, "low": 3})
    [('high', 0.0, 25.0), ('low', 25.0, 75.0)]
    """
    total, start, placed = sum(counts.values()), 0.0, []
    for name, count in counts.items():
        if count:
            length = 100 * count / total
            placed.append((name, round(start, 3), round(length, 3)))
            start += length
    return placed


def _scales(top: float) -> tuple[Callable[[float], float], Callable[[float], float]]:
    return (
        lambda share: round(_LEFT + (_RIGHT - _LEFT) * share / top, 1),
        lambda share: round(_BOTTOM - (_BOTTOM - _TOP) * share / top, 1),
    )


def _points(pairs: Sequence[tuple[float, float]], x: Callable[[float], float], y: Callable[[float], float]) -> str:
    return " ".join(f"{x(across)},{y(up)}" for across, up in pairs)


def _ticks(
    top: float, x: Callable[[float], float], y: Callable[[float], float], write: Share
) -> list[dict[str, float | str]]:
    steps = [top * step / _TICKS for step in range(_TICKS + 1)]
    return [{"x": x(step), "y": y(step), "label": write(step)} for step in steps]
