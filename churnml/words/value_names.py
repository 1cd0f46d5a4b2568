"""Names of a shop's own values: what people call a topic, reason, plan or channel that a table holds as it likes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

ALL_CAMPAIGNS = "global"
"""What stands for all campaigns together where a campaign is named."""


@dataclass(frozen=True)
class ValueNames:
    """What people call the values of a shop.

    Capitals and blanks do not count, as they do not where topics are counted.

    Attributes
    ----------
    given : mapping of str to str or mapping
        Names by value, for all columns; and maps of these by ``table.column``, which go before them.

    Examples
    --------
    >>> names = ValueNames({"other": "Diğer", "complaints.topic": {"Wrong item": "Yanlış ürün"}})
    >>> names.of("complaints.topic", "wrong  item"), names.of("returns.reason", "Other"), names.of("a.b", "web")
    ('Yanlış ürün', 'Diğer', 'web')
    """

    given: Mapping[str, str | Mapping[str, str]] = field(default_factory=dict)

    def of(self, column: str, value: str) -> str:
        """Return the name of a value; one that has none stands for itself.

        Parameters
        ----------
        column : str
            Column that the value stands in, as ``table.column``.
        value : str
            Value of the shop.
        """
        key = as_compared(value)
        return self._by_column.get(column, {}).get(key) or self._of_all.get(key) or value

    @cached_property
    def _of_all(self) -> dict[str, str]:
        return {as_compared(value): name for value, name in self.given.items() if isinstance(name, str)}

    @cached_property
    def _by_column(self) -> dict[str, dict[str, str]]:
        return {
            column: {as_compared(value): name for value, name in names.items()}
            for column, names in self.given.items()
            if isinstance(names, Mapping)
        }


def as_compared(value: str) -> str:
    """Return a value without what does not count: capitals, and all but single blanks between words."""
    return " ".join(value.casefold().split())
