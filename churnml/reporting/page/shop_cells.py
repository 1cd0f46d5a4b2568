"""What the blocks of the page's part about the shop are made of: cells, and the words and numbers in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from churnml.reporting.page.numbers import Numbers
from churnml.words import Language, Words, words
from churnml.words.names import name_of
from churnml.words.numbers import number_writer

Cell = dict[str, Any]
_SHADES = 9


class Say:
    """What all blocks need to write: texts, names and numbers of one language."""

    def __init__(self, language: Language, currency: str | None) -> None:
        self.language, self.write = language, Numbers(language, currency)
        self.words = words(language)
        self.t: Words = {**self.words["shop"], **self.words["service"]}

    def name(self, kind: str | None, code: str) -> str:
        """Return the name of a code of churnml."""
        known = str(self.words["names"].get(code, ""))
        return known or (code if kind is None else name_of(kind, code, self.language))

    def figure(self, value: float | None, unit: str) -> str:
        """Write a figure in its unit."""
        if value is None:
            return "–"
        if unit in ("days", "hours"):
            return number_writer(unit, self.language)(value)
        if unit == "money":
            return self.write.money(value)
        return self.write.share(value, 1) if unit == "share" else self.write.decimal(value, 2)

    def points(self, value: float) -> str:
        """Write a difference of shares in points; one that rounds to nothing has no sign."""
        rounded = round(100 * value, 1) or 0.0
        return ("+" if rounded > 0 else "") + self.write.decimal(rounded, 1)

    def change(self, value: float, unit: str) -> str:
        """Write a change of a figure with its sign and unit."""
        if unit == "share":
            return f"{self.points(value)} {self.t['points']}"
        rounded = round(value, 1 if unit == "days" else 2) or 0.0
        return ("+" if rounded > 0 else "") + self.figure(rounded, unit)

    def between(self, low: float | None, high: float | None, unit: str = "share") -> str:
        """Write an interval."""
        return "–" if low is None or high is None else f"{self.figure(low, unit)} – {self.figure(high, unit)}"

    def block(
        self, name: str, titles: Sequence[str], numbers: int, rows: list[list[Cell]], **more: Any
    ) -> dict[str, Any]:
        """Make a block; all but the first columns hold numbers, as far as ``numbers`` says."""
        columns = [{"title": title, "is_number": place >= numbers} for place, title in enumerate(titles)]
        said = {
            "note": self.t.get(f"{name}_note", ""),
            "title": self.t.get(name, ""),
            "is_open": False,
            "picture": None,
        }
        return {"id": name, "columns": columns, "rows": rows, **said, **more}


def text(text: str, small: str = "") -> Cell:
    """Make a cell of text, with smaller text below it."""
    return {"text": text, "small": small, "is_number": False, "shade": None, "bar": None, "line": None}


def number(text: str, shade: float | None = None, small: str = "", bar: float | None = None) -> Cell:
    """Make a cell of a number; shade and bar are shares of the strongest shade and of the longest bar."""
    place = None if shade is None else round(_SHADES * min(max(shade, 0.0), 1.0))
    length = None if bar is None else round(100 * bar, 1)
    return {"text": text, "small": small, "is_number": True, "shade": place, "bar": length, "line": None}


def difference(row: Mapping[str, Any], say: Say) -> str:
    """Write the difference of a row in points, with its interval."""
    if row["difference"] is None or row["difference_low"] is None:
        return "–"
    ends = f"{say.points(row['difference_low'])} – {say.points(row['difference_high'])}"
    return f"{say.points(row['difference'])} ({ends})"


def line(values: Sequence[float | None]) -> str | None:
    """Place the known values in a frame of 100 by 24, from the lowest to the highest."""
    known = [(place, value) for place, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return None
    low, high = min(value for _, value in known), max(value for _, value in known)
    across, up = 96 / (len(values) - 1), 20 / (high - low or 1)
    return " ".join(f"{round(2 + across * place, 1)},{round(22 - up * (value - low), 1)}" for place, value in known)
