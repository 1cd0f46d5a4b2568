"""What is known of a source's tables before anything is guessed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from churnml.data.engines.layout import stem_of
from churnml.data.guessing.shapes import Shape, shape_of

ReceivedType = Literal["text", "whole", "number", "time", "zoned", "flag"]


@dataclass(frozen=True, kw_only=True)
class ColumnEvidence:
    """A column of a source.

    Attributes
    ----------
    name : str
        Name in the source.
    type : {'text', 'whole', 'number', 'time', 'zoned', 'flag'}
        Type in the source; of text files and spreadsheets all are text.
    filled : int
        Number of rows with a value.
    distinct : int
        Number of different values.
    sample : mapping of str to int
        Some of the different values as text, those of the smallest hashes, with their hashes.
    negative : int
        Number of values that begin with a minus sign, before or behind the sign of a currency.
    """

    name: str
    type: ReceivedType
    filled: int
    distinct: int
    sample: Mapping[str, int]
    negative: int = 0

    @cached_property
    def shape(self) -> Shape:
        """What the values look like."""
        return shape_of(self.type, list(self.sample), self.distinct)

    @property
    def examples(self) -> list[str]:
        """Three of the values."""
        return list(self.sample)[:3]

    def share_in(self, other: ColumnEvidence) -> float:
        """Estimate the share of the values that are values of another column too; exact where samples hold all.

        Samples are those of the smallest hashes: up to the smaller of both bounds, each holds all that there is.
        """
        bound = min(column.bound for column in (self, other))
        mine = [value for value, hashed in self.sample.items() if hashed <= bound]
        return sum(value in other.sample for value in mine) / len(mine) if mine else 0.0

    @property
    def bound(self) -> float:
        """Hash up to which the sample holds all values."""
        return max(self.sample.values()) if self.sample and len(self.sample) < self.distinct else float("inf")


@dataclass(frozen=True, kw_only=True)
class TableEvidence:
    """A table of a source.

    Attributes
    ----------
    name : str
        Name by which the settings would name it.
    sheet : str or None
        Name of the sheet of a spreadsheet with several.
    encoding : str or None
        Encoding of text that is not UTF-8.
    delimiter : str or None
        Sign between two values of text where it has to be named; a blank stands for any white space.
    header : bool
        Whether the first line of text names the columns.
    skip, footer : int
        Number of lines of text above the header, and below the rows.
    where : mapping of str to sequence of str
        Values of columns that the rows have which were looked at; others are no orders.
    rows : int
        Number of rows.
    columns : sequence of ColumnEvidence
        Columns, in their order.
    """

    name: str
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header: bool = True
    skip: int = 0
    footer: int = 0
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rows: int
    columns: Sequence[ColumnEvidence]

    @property
    def title(self) -> str:
        """Name of the table as people know it: that of the file or table, with its sheet."""
        return f"{self.name} [{self.sheet}]" if self.sheet else self.name

    @property
    def subject(self) -> str:
        """Name that says what the table holds: that of the sheet, or of the file without what it ends with."""
        return self.sheet or stem_of(self.name)

    @cached_property
    def column(self) -> Mapping[str, ColumnEvidence]:
        """Columns by name."""
        return {column.name: column for column in self.columns}

    def is_key(self, column: ColumnEvidence) -> bool:
        """Check whether every row has a value of its own."""
        return column.filled == column.distinct == self.rows > 0


@dataclass(frozen=True, kw_only=True)
class Source:
    """All tables of a source, and what could not be looked at.

    Attributes
    ----------
    tables : sequence of TableEvidence
        Tables, sorted by name.
    unread : mapping of str to str
        Why a table could not be looked at, by its name.
    """

    tables: Sequence[TableEvidence]
    unread: Mapping[str, str] = field(default_factory=dict)
