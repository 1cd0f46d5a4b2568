"""What is proposed: tables, columns and formats with their reasons, what is left out, and questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from churnml.data.guessing.evidence import ColumnEvidence, TableEvidence

QuestionKind = Literal[
    "table", "column", "date_format", "number_format", "total", "pieces", "key", "number", "scale", "timezone"
]
QuestionKey = tuple[str, ...]
Answers = Mapping[QuestionKey, Any]
"""What was answered, by the key of the question; None leaves out what was asked for."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why something is proposed: the key of a text, and what stands in it."""

    key: str
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Question:
    """What cannot be known of the source.

    Attributes
    ----------
    kind : str
        Kind of the question, which its text goes by.
    table : str
        Name of the contract table; empty where it is about all.
    column : str
        Name of the contract column; empty where it is about the table.
    theirs : str
        Name in the source of what is asked about.
    options : sequence of object
        Answers that come into question, the likeliest first.
    examples : sequence of str
        Values of the source that show what is meant.
    needed : bool
        Whether the shop cannot be read without an answer.
    or_none : bool
        Whether a person may answer that the source has nothing of the kind.
    """

    kind: QuestionKind
    table: str
    column: str = ""
    theirs: str
    options: Sequence[Any]
    examples: Sequence[str]
    needed: bool
    or_none: bool = False

    @property
    def key(self) -> QuestionKey:
        """Key of the answer."""
        return (self.kind, self.table, self.column)


@dataclass(frozen=True, kw_only=True)
class ProposedColumn:
    """A column of the contract, the source's column for it, how its times are written, and why.

    Attributes
    ----------
    name : str
        Name in the contract.
    source : ColumnEvidence
        Column of the source.
    reasons : sequence of Reason
        What it was recognised by.
    date_format : str or None
        How its times are written; None where it is no time, or in ISO 8601.
    answered : bool
        Whether a person said so.
    setting : mapping of str to object or None
        Setting of a column that is no column of the table itself; None where it is one.
    """

    name: str
    source: ColumnEvidence
    reasons: Sequence[Reason]
    date_format: str | None = None
    answered: bool = False
    setting: Mapping[str, Any] | None = None

    @property
    def used(self) -> list[str]:
        """Names of the columns of the table itself that it is taken from."""
        if self.setting is None:
            return [self.source.name]
        return list(self.setting["from"]) if isinstance(self.setting.get("from"), list) else []


@dataclass(frozen=True, kw_only=True)
class ProposedTable:
    """A table of the contract, and where and how it is found.

    Attributes
    ----------
    name : str
        Name in the contract.
    source : TableEvidence
        Table of the source.
    columns : sequence of ProposedColumn
        Columns, in the contract's order; with ``lines`` those of ``order_items`` too.
    decimal, thousands : str or None
        Signs of numbers in text; None where the settings need not name them.
    date_format : str or None
        Date format of most columns; None is ISO.
    lines : bool
        Whether rows are lines of orders.
    total : {'first', 'sum'} or None
        With lines, what the amount of a row is.
    same_lines : {'drop', 'add'}
        With lines, what becomes of identical ones.
    negative : bool
        Whether orders with an amount below 0 are rows of returns.
    several : bool
        Whether a customer has several rows, of which one stays.
    unused : sequence of str
        Names of the source's columns that are left out.
    """

    name: str
    source: TableEvidence
    columns: Sequence[ProposedColumn]
    decimal: str | None = None
    thousands: str | None = None
    date_format: str | None = None
    lines: bool = False
    total: Literal["first", "sum"] | None = None
    same_lines: Literal["drop", "add"] = "drop"
    negative: bool = False
    several: bool = False
    unused: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Proposal:
    """Settings for a source.

    Attributes
    ----------
    tables : sequence of ProposedTable
        Tables that were recognised.
    unused : sequence of TableEvidence
        Tables of the source that are left out.
    unread : mapping of str to str
        Why a table could not be looked at, by its name.
    questions : sequence of Question
        What is not answered yet.
    left_out : sequence of Reason
        What of the contract is left out though the source may hold it.
    currency : str or None
        Currency of the amounts; None where the source does not say.
    timezone : str or None
        Time zone that was answered; None where no time names a zone, or nobody was asked.
    """

    tables: Sequence[ProposedTable]
    unused: Sequence[TableEvidence]
    unread: Mapping[str, str]
    questions: Sequence[Question]
    left_out: Sequence[Reason]
    currency: str | None
    timezone: str | None
