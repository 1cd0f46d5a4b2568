"""Earlier looks at a model's health, as their files say: some alarms need two in a row."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from churnml.errors import InputError

FOLDER = "monitor"
"""Folder in that of the lists, with the file of each day's look."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """An earlier look.

    Attributes
    ----------
    day : date
        Its day.
    open : frozenset of str
        Names of the findings that were not in order.
    above : frozenset of str
        Names of the numbers that lay above their limits.
    """

    day: date
    open: frozenset[str]
    above: frozenset[str]


def read_looks(folder: Path, before: date) -> list[Look]:
    """Read the looks of a folder of lists at days before a day, oldest first.

    Raises
    ------
    InputError
        Where a file cannot be read.
    """
    looks = []
    for path in sorted((folder / FOLDER).glob("????-??-??.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            day = date.fromisoformat(content["snapshot_date"])
            names = frozenset(one["name"] for one in content["findings"] if one["grade"] in ("warn", "fail"))
            above = frozenset(
                name
                for name, one in content["limits"].items()
                if one["limit"] is not None and one["number"] > one["limit"]
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}: cannot be read ({error}). Remove it, or bring back the file that was there."
            ) from error
        if day < before:
            looks.append(Look(day=day, open=names, above=above))
    return looks
