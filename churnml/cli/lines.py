"""Tables as lines of the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest


def aligned(rows: Sequence[Sequence[str]], least: Sequence[int]) -> list[str]:
    """Write rows as lines: the first column to the left, each at least so wide, the last width for all that follow."""
    widths = []
    for place, cells in enumerate(zip_longest(*rows, fillvalue="")):
        widths.append(max(least[min(place, len(least) - 1)], *(len(cell.strip()) + 1 for cell in cells)))
    return [
        "".join(
            f"{cell:<{width}}" if not place else f"{cell:>{width}}"
            for place, (cell, width) in enumerate(zip(row, widths, strict=False))
        )
        for row in rows
    ]
