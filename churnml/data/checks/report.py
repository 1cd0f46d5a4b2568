"""The report of a check, and how it names rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 3
_LONGEST_EXAMPLE = 40


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes
    ----------
    rows
        Rows per table, as received.
    failures
        Sentences that name table, column, count, examples and remedy; the shop cannot be used until they are gone.
    notes
        What is tolerated, counted: left-out rows, dropped duplicates, columns that are not used.
    duplicated
        Tables in which identical rows have to be dropped, or lines added up.
    plain
        For each table, the columns whose values are as they shall be, so that nothing has to be converted.
    impossible
        For each table, the columns with a few values that cannot be and are left out.
    files
        For each table that is read from files, their rows by name.
    """

    rows: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    duplicated: frozenset[str] = frozenset()
    plain: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)
    impossible: Mapping[str, frozenset[str]] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, int]] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Verdict:
    """A sentence, whether the shop is refused for it, and whether the door leaves something out."""

    sentence: str
    fails: bool = True
    leaves_out: bool = False


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found in one table; the attributes are those of a ``CheckReport``."""

    rows: int = 0
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    plain: frozenset[str] = frozenset()
    impossible: set[str] = field(default_factory=set)

    def add(self, verdict: Verdict, column: str) -> None:
        """Add a verdict on a column."""
        (self.failures if verdict.fails else self.notes).append(verdict.sentence)
        self.impossible.update({column} if verdict.leaves_out else ())


def short(value: Any) -> str:
    """Write a value as an example; a long one is cut."""
    text = "empty" if value is None or value != value else str(value)  # NaN, NaT: not equal to themselves
    return text if len(text) <= _LONGEST_EXAMPLE else text[:_LONGEST_EXAMPLE] + "..."
