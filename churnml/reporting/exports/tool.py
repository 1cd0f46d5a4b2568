"""What a tool takes: its columns, and how it wants cells written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from churnml.reporting.csv_files import guard

SEND_TO = r"\w[^\s@,;\"<>()]{0,63}@[^\s@,;\"<>()]+\.[^\s@,;\"<>().]{2,}"
"""Pattern of an address that a message can be sent to, and that no spreadsheet takes for a formula."""
AS_THEY_ARE = ("customer_id", "email", "phone")
"""Fields whose cells are identifiers: a changed one would be somebody else."""


def write_guarded(field: str, text: str) -> str:
    """Write a cell such that no spreadsheet takes it for a formula; identifiers stay as they are."""
    return text if field in AS_THEY_ARE else guard(text)


@dataclass(frozen=True, kw_only=True)
class Tool:
    """A tool that imports customers from a CSV file, by its public documentation.

    Attributes
    ----------
    name, title : str
        Name on the command line, and what people call it.
    headers : mapping of str to str
        Titles of the tool's own columns by field, in their order; a field is ``customer_id`` or a carried column.
    needs : tuple of str
        Fields by which the tool knows somebody: a customer without any of them is left out.
    email : str
        Pattern of the addresses that it takes.
    consent : tuple of str and str or None
        Title of the column that says that a customer agreed to messages, and the word for it; None where the import
        asks for it, or has no such thing.
    day : str
        Form of days, as for ``strftime``.
    has_properties : bool
        Whether it takes further columns, such as why a customer is on the list.
    write : callable
        Function of a field and its text that gives the cell.
    fewest : int
        Number of customers below which the tool advises against a list; 0 where it does not.
    """

    name: str
    title: str
    headers: Mapping[str, str]
    needs: tuple[str, ...]
    email: str = SEND_TO
    consent: tuple[str, str] | None = None
    day: str = "%Y-%m-%d"
    has_properties: bool = True
    write: Callable[[str, str], str] = write_guarded
    fewest: int = 0

    def takes_email(self, text: str) -> bool:
        """Check whether the tool takes an address."""
        return re.fullmatch(self.email, text) is not None
