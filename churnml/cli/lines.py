"""Tables and texts as lines of the terminal, as wide as it is."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from itertools import zip_longest
from textwrap import wrap

_GAP = 2
_ANY = 10_000


def width() -> int:
    """Return how many letters a line holds: those of the terminal, or any number where there is none."""
    if sys.stdout.isatty() or os.environ.get("COLUMNS", "").isdecimal():
        return shutil.get_terminal_size().columns
    return _ANY


def fitted(line: str, at_most: int) -> list[str]:
    """Break a line at spaces where it is too long; what follows the first line is indented.

    Examples
    --------
    >>> fitted("churn rate: those who left / all", 20)
    ['churn rate: those', '    who left / all']
    """
    if len(line) <= at_most:
        return [line]
    return wrap(line, at_most, subsequent_indent="    ", drop_whitespace=True, break_long_words=False) or [line]


def aligned(rows: Sequence[Sequence[str]], least: Sequence[int], at_most: int | None = None) -> list[str]:
    """Write rows as lines: the first column to the left, each at least so wide, the last width for all that follow.

    Parameters
    ----------
    rows : sequence of sequence of str
        Cells; the first row holds the titles.
    least : sequence of int
        Least width of each column; the last holds for all that follow.
    at_most : int, optional
        Letters that a line holds; None takes the terminal's. Where the table is wider, titles are broken, and columns
        that still do not fit stand below the others, beside the first column again.
    """
    at_most = width() - _GAP if at_most is None else at_most
    widths = []
    for place, cells in enumerate(zip_longest(*rows, fillvalue="")):
        widths.append(max(least[min(place, len(least) - 1)], *(len(cell.strip()) + 1 for cell in cells)))
    if sum(widths) > at_most:
        return _narrow(rows, at_most)
    return [_line(row, widths) for row in rows]


def _narrow(rows: Sequence[Sequence[str]], at_most: int) -> list[str]:
    columns = [[cell.strip() for cell in column] for column in zip_longest(*rows, fillvalue="")]
    widths = [_GAP + max([*map(len, cells), *map(len, title.split())], default=0) for title, *cells in columns]
    first, blocks = widths[0], [[0]]
    for place, wide in enumerate(widths[1:], start=1):
        if first + sum(widths[other] for other in blocks[-1][1:]) + wide > at_most and len(blocks[-1]) > 1:
            blocks.append([0])
        blocks[-1].append(place)
    lines = []
    for block in blocks:
        chosen = [widths[place] for place in block]
        titles = [wrap(columns[place][0], widths[place] - 1) or [""] for place in block]
        deep = max(map(len, titles))
        heads = zip(*([""] * (deep - len(title)) + title for title in titles), strict=True)
        bodies = zip(*(columns[place][1:] for place in block), strict=True)
        lines += ["", *(_line(row, chosen) for row in (*heads, *bodies))]
    return lines[1:]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = zip(row, widths, strict=False)
    return "".join(f"{cell:<{wide}}" if not place else f"{cell:>{wide}}" for place, (cell, wide) in enumerate(cells))
