"""What a file about a platform says: its exports, their columns and formats, and the tables that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import ibis

from churnml.data.importers.platforms.values import DecimalSign

Kind = Literal["text", "code", "email", "phone", "number", "money", "time", "flag"]
# A column of an export by its name, or an expression of such columns, which ibis leaves without a type.
Value = Any


@dataclass(frozen=True, kw_only=True)
class Field:
    """A column of an export.

    Attributes
    ----------
    names : tuple of str
        Titles under which exports have it, the preferred first; capitals, blanks and signs do not matter.
    kind : {'text', 'code', 'email', 'phone', 'number', 'money', 'time', 'flag'}
        What its cells hold. A code is text of a few values, which are compared without capitals, blanks and signs.
    required : bool
        Whether a file without it is not this export.
    """

    names: tuple[str, ...]
    kind: Kind = "text"
    required: bool = False


def column(*names: str, kind: Kind = "text") -> Field:
    """Declare a column that an export may have."""
    return Field(names=names, kind=kind)


def needed(*names: str, kind: Kind = "text") -> Field:
    """Declare a column without which a file is not this export."""
    return Field(names=names, kind=kind, required=True)


@dataclass(frozen=True, kw_only=True)
class Export:
    """A kind of file that a platform exports.

    Attributes
    ----------
    where : str
        Place in the platform where it is exported, for people.
    fields : mapping of str to Field
        Its columns that are read, by the names that derivations use.
    key : str
        Field that says which lines belong together, such as the number of an order.
    table : str or None
        Name of the platform's table that holds the same, without the shop's prefix; None where none does.
    email, phone, customer : str or None
        Fields that name the customer: e-mail address, telephone, the platform's own number.
    filled : tuple of str
        Fields that stand in the first line of a key alone, and are filled into its other lines.
    decimal : {'.', ','}
        Decimal sign where a number could be read in two ways.
    day_first : bool or None
        Whether 03/04/2025 is a day of April; None refuses it.
    is_utc : bool
        Whether times without a zone are those of UTC; else they are the shop's wall clock.
    encoding : str
        Encoding of files that are not UTF-8.
    left_out : mapping of str to expression
        Lines that are left out, by the reason; the first that applies counts.
    noted : mapping of str to tuple of expression
        Lines that a note counts, by its sentence, with the amount that it adds up.
    """

    where: str
    fields: Mapping[str, Field]
    key: str
    table: str | None = None
    email: str | None = None
    phone: str | None = None
    customer: str | None = None
    filled: tuple[str, ...] = ()
    decimal: DecimalSign = "."
    day_first: bool | None = None
    is_utc: bool = False
    encoding: str = "cp1252"
    left_out: Mapping[str, Value] = field(default_factory=dict)
    noted: Mapping[str, tuple[Value, Value]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Derivation:
    """How rows of a contract table are made of an export.

    Attributes
    ----------
    table : str
        Name of the contract table; lines with the same key of it become one row.
    export : str
        Name of the export.
    columns : mapping of str to expression
        Value of each column, of one line. Of several lines the first value that is not null is taken.
    reduced : mapping of str to {'sum', 'min', 'max'}
        Columns whose values of several lines are reduced otherwise.
    newest : str or None
        Field by which the first line is the newest; None takes the file's order.
    carried : mapping of str to expression
        Personal columns, which come along only where they are asked for.
    needs : tuple of str
        Fields without which an export makes no such rows.
    """

    table: str
    export: str
    columns: Mapping[str, Value]
    reduced: Mapping[str, Literal["sum", "min", "max"]] = field(default_factory=dict)
    newest: str | None = None
    carried: Mapping[str, Value] = field(default_factory=dict)
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Platform:
    """A shop system, marketplace or tool whose exports can be imported.

    Attributes
    ----------
    title : str
        Name of the platform, for people.
    exports : mapping of str to Export
        Files that are read, by name.
    derivations : sequence of Derivation
        Rows that are made of them; of two that make the same row the first one's values count.
    needs : tuple of str
        Exports of which one at least has to be there.
    """

    title: str
    exports: Mapping[str, Export]
    derivations: Sequence[Derivation]
    needs: tuple[str, ...]

    @property
    def tables(self) -> list[str]:
        """Names of the contract tables that it makes."""
        return list(dict.fromkeys(derivation.table for derivation in self.derivations))

    @property
    def carried(self) -> list[str]:
        """Names of the personal columns that can come along."""
        return list(dict.fromkeys(name for derivation in self.derivations for name in derivation.carried))


def or_zero(amount: Value) -> Value:
    """Return an amount, and 0 where there is none."""
    return amount.fill_null(0)


def per_piece(amount: Value, quantity: Value) -> Value:
    """Return the price of one piece, of the amount of all; null where there are none."""
    return (amount / quantity.nullif(0)).round(4).cast("decimal(18, 4)")


def where(condition: Value, value: Value) -> Value:
    """Return a value where a condition holds, and null elsewhere."""
    return ibis.cases((condition, value))


def full_name(first: Value, last: Value) -> Value:
    """Return first and last name with a blank between them; null where there is neither."""
    return ibis.coalesce(first.concat(" ", last), first, last)
