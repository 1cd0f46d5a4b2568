"""The report of a check, and how it names rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 3
_LONGEST_EXAMPLE = 40


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes
    ----------
    rows : dict of str to int
        Number of rows per table, as received.
    failures : list of str
        Sentences that name table, column, count, examples and remedy; the shop cannot be used until they are gone.
    notes : list of str
        Sentences about what is tolerated, with counts: left-out rows, dropped duplicates.
    duplicated : frozenset of str
        Names of tables in which identical rows have to be dropped, or lines added up.
    plain : mapping of str to frozenset of str
        Names of the columns, by table, whose values are all of the contract's type, so that nothing has to be
        converted.
    impossible : mapping of str to frozenset of str
        Names of the columns, by table, with a few impossible values, which are left out.
    files : mapping of str to mapping of str to int
        Number of rows by file name, for each table that is read from files.
    columns : mapping of str to sequence of str
        Names of all columns by table, as received, with the contract's names for those that are mapped.
    """

    rows: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    duplicated: frozenset[str] = frozenset()
    plain: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False)
    impossible: Mapping[str, frozenset[str]] = field(default_factory=dict)
    files: Mapping[str, Mapping[str, int]] = field(default_factory=dict, compare=False)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict, compare=False)


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
