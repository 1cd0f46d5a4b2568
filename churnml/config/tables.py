"""Where the shop's tables are found, and how they are written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from churnml.config.section import Section

DATE_CODES = ("%Y", "%y", "%m", "%b", "%B", "%d", "%H", "%I", "%M", "%S", "%f", "%p", "%z", "%a", "%A", "%%")
"""Parts of a date format, as DuckDB's ``strptime`` has them; a dash (``%-d``) changes nothing when reading."""
EPOCH_FORMATS = ("epoch_s", "epoch_ms", "epoch_us")
"""Formats of times that are counted since 1970: in seconds, and thousandths and millionths of them."""
_CODE = re.compile("%-?(.)")
_NEEDED = ("Yy", "mbB", "d")


class ColumnSource(Section):
    """Where a column is found, and how its values are written where they are written in a way of their own."""

    model_config = ConfigDict(populate_by_name=True)

    from_: str | list[str] | None = Field(
        None,
        alias="from",
        description="Name of the column in the source; several make one value, with a dash between, or in a time a "
        "blank, such as a day and a clock.",
    )
    value: str | float | None = Field(None, description="Value of every row, where no column holds it.")
    date_format: str | None = Field(None, description="How the times of this column are written, such as %d.%m.%Y.")
    table: str | None = Field(None, description="Name of another table or file of the source that holds the column.")
    by: str | None = Field(None, description="With table: the column here whose values say which row of it is meant.")
    key: str | None = Field(None, description="With table: the column there that by meets; null: it has the same name.")
    times: str | None = Field(
        None, description="With sum: the column there that it is multiplied by, such as the pieces at a price."
    )
    sum: bool = Field(False, description="With table: whether its rows for one value of by are added up.")

    @field_validator("date_format")
    @classmethod
    def _known_format(cls, date_format: str | None) -> str | None:
        return _checked_format(date_format)

    @model_validator(mode="after")
    def _one_place(self) -> ColumnSource:
        if (self.from_ is None) == (self.value is None):
            raise ValueError("a column is taken from a column of the source or has one value: set from or value")
        if (self.table is None) != (self.by is None) or (self.table is None and (self.key or self.sum)):
            raise ValueError("a column of another table needs table and by; key and sum are for it alone")
        if self.times and not self.sum:
            raise ValueError("times is for what is added up: set sum")
        if self.from_ == [] or (not isinstance(self.from_, str) and self.table):
            raise ValueError("table is for one column: set from to its name")
        if self.from_ is None and self.date_format:
            raise ValueError("date_format is for columns of the source, and a value is none: take it out")
        return self


def _way(column: Any) -> str:
    return "as name" if isinstance(column, str) else "as column"


_Column = Annotated[Annotated[str, Tag("as name")] | Annotated[ColumnSource, Tag("as column")], Discriminator(_way)]


class TableSource(Section):
    """Where a table of the contract is found under other names, and how it is written."""

    name: str | None = Field(None, description="Name of the table or file in the source.")
    sheet: str | None = Field(None, description="Name of the sheet, where the file is a spreadsheet with several.")
    encoding: str | None = Field(None, description="Encoding of a text file, such as cp1254; null is UTF-8.")
    delimiter: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="Sign between two values of a text file; a blank stands for any white space; null finds it.",
    )
    header: bool = Field(
        True, description="Whether the first line of a text file names the columns; else they are column1, column2, ..."
    )
    skip: int = Field(0, ge=0, description="Number of lines of a text file above its header, such as a title.")
    footer: int = Field(
        0, ge=0, description="Number of lines at the end of a text file, or rows of a spreadsheet, that are no rows."
    )
    decimal: Literal[".", ","] | None = Field(
        None, description="Decimal sign of numbers in text; with it a currency sign is passed over. Null is a point."
    )
    thousands: Literal[".", ",", " ", "'"] | None = Field(
        None, description="Sign that groups thousands of numbers in text; null: they are not grouped."
    )
    date_format: str | None = Field(
        None,
        description="How times in text are written, such as %d.%m.%Y %H:%M, or what is counted since 1970: epoch_s, "
        "epoch_ms or epoch_us; null: the year first, as in ISO 8601.",
    )
    lines: bool = Field(
        False,
        description="For orders: whether a row is a line of an order. Lines become orders, and order_items where they "
        "hold products.",
    )
    total: Literal["first", "sum"] = Field(
        "sum",
        description="With lines, what the amount of a row is: sum: of the line, and lines are added up; first: of the "
        "whole order, on its first line or on all.",
    )
    negative: Literal["refuse", "returns"] = Field(
        "refuse",
        description="For orders, what becomes of those with an amount below 0: they are refused, or rows of returns.",
    )
    where: dict[str, list[str]] = Field(
        {},
        description="Column of the source: values. Rows with another value are left out, such as all but purchases of "
        "a log of events.",
    )
    several: Literal["refuse", "one"] = Field(
        "refuse",
        description="For customers, what becomes of several rows of one customer that differ, such as one for each of "
        "the addresses: they are refused, or one of each customer stays.",
    )
    columns: dict[str, _Column] = Field(
        {}, description="Contract column: the source's column, or {from: column, date_format: format}."
    )
    same_lines: Literal["drop", "add"] = Field(
        "drop",
        description="For order_items, rewards, and orders with lines, what becomes of identical lines: all but one are "
        "dropped, or their quantity, points or amount are added up.",
    )
    not_customers: list[str] = Field(
        [], description="Ids that are no customers, such as that of all guests: their rows of every table are left out."
    )

    @property
    def names(self) -> dict[str, str]:
        """The source's columns by those of the contract, where these are columns of the table itself."""
        named = {
            ours: theirs if isinstance(theirs, str) else theirs.from_
            for ours, theirs in self.columns.items()
            if isinstance(theirs, str) or theirs.table is None
        }
        return {ours: theirs for ours, theirs in named.items() if isinstance(theirs, str)}

    @property
    def composed(self) -> dict[str, ColumnSource]:
        """The contract's columns that are no column of the table itself: of another table, of several, or constant."""
        return {
            ours: theirs
            for ours, theirs in self.columns.items()
            if isinstance(theirs, ColumnSource) and ours not in self.names
        }

    def date_format_of(self, column: str) -> str | None:
        """Return how the times of a contract column are written; None: as in ISO 8601."""
        theirs = self.columns.get(column)
        own = theirs.date_format if isinstance(theirs, ColumnSource) else None
        return own or self.date_format

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str | None) -> str | None:
        try:
            "".encode(encoding or "utf-8")
        except (LookupError, UnicodeError) as error:
            raise ValueError("not a known encoding, such as utf-8, utf-16, cp1254 (Turkish) or cp1252") from error
        return encoding

    @field_validator("date_format")
    @classmethod
    def _known_format(cls, date_format: str | None) -> str | None:
        return _checked_format(date_format)

    @model_validator(mode="after")
    def _signs_differ(self) -> TableSource:
        if self.thousands == (self.decimal or "."):
            raise ValueError(
                "thousands and decimal are the same sign, so set both: decimal is a point where it is null"
            )
        return self


def _checked_format(date_format: str | None) -> str | None:
    if date_format is None or date_format in EPOCH_FORMATS:
        return date_format
    codes = _CODE.findall(date_format)
    unknown = [code for code in codes if f"%{code}" not in DATE_CODES]
    if unknown or len(set(codes) - {"%"}) < len([code for code in codes if code != "%"]):
        raise ValueError(f"not a date format: its parts are {' '.join(DATE_CODES)}, each at most once")
    if not all(any(code in needed for code in codes) for needed in _NEEDED):
        raise ValueError("not a date format: it needs day, month and year, such as %d.%m.%Y")
    return date_format


LINES = ("order_items", "rewards")
"""Tables whose lines can be added up; those of orders where they stand for ``lines``."""


def misplaced(sources: Mapping[str, TableSource]) -> list[str]:
    """Name the settings of tables for which they mean nothing.

    Examples
    --------
    >>> misplaced({"returns": TableSource(lines=True)})
    ['returns: tables.returns.lines is true, but only rows of orders are lines. Take it out.']
    """
    failures = []
    for name, table in sources.items():
        if table.lines and name != "orders":
            failures.append(f"{name}: tables.{name}.lines is true, but only rows of orders are lines. Take it out.")
        if table.negative == "returns" and name != "orders":
            failures.append(f"{name}: tables.{name}.negative is for orders alone. Take it out.")
        if table.several == "one" and name != "customers":
            failures.append(f"{name}: tables.{name}.several is for customers alone. Take it out.")
        if table.total == "first" and not (name == "orders" and table.lines):
            failures.append(f"{name}: tables.{name}.total is for orders with lines: true. Take it out, or set lines.")
        if table.same_lines == "add" and not (name in LINES or (name == "orders" and table.lines)):
            failures.append(
                f"{name}: tables.{name}.same_lines is add, but only {' and '.join(LINES)} have lines to add up, and "
                "orders with lines: true. Take it out."
            )
    return failures


class TableSettings(Section):
    """Where the tables are found under other names, and what the views of a DuckDB file may read."""

    allow: list[str] = Field([], description="Folders that views within a DuckDB file may read; empty allows none.")
    orders: TableSource | None = Field(None, description="Where the table orders is found.")
    order_items: TableSource | None = Field(None, description="Where the table order_items is found.")
    customers: TableSource | None = Field(None, description="Where the table customers is found.")
    deliveries: TableSource | None = Field(None, description="Where the table deliveries is found.")
    complaints: TableSource | None = Field(None, description="Where the table complaints is found.")
    returns: TableSource | None = Field(None, description="Where the table returns is found.")
    reviews: TableSource | None = Field(None, description="Where the table reviews is found.")
    visits: TableSource | None = Field(None, description="Where the table visits is found.")
    rewards: TableSource | None = Field(None, description="Where the table rewards is found.")
    contacts: TableSource | None = Field(None, description="Where the table contacts is found.")
    subscriptions: TableSource | None = Field(None, description="Where the table subscriptions is found.")

    @property
    def sources(self) -> dict[str, TableSource]:
        """The tables that are set, by name."""
        found = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: table for name, table in found.items() if isinstance(table, TableSource)}
