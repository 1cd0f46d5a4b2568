"""Numbers, money and days as the page writes them where no script does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from churnml.words import Language
from churnml.words.numbers import NOTHING, number_writer, write_decimal, write_percent, write_points

_LEAST, _MOST = 0.005, 0.995


@dataclass(frozen=True)
class Numbers:
    """Writes numbers in a language; what is null is a dash.

    Examples
    --------
    >>> write = Numbers("en", "EUR")
    >>> write.whole(1234), write.chance(0.999), write.sum(1234.56), write.money(2), write.day("2025-03-01")
    ('1,234', '>99%', '€1,235', '€2.00', 'Mar 1, 2025')
    >>> Numbers("tr", None).chance(0.001), Numbers("tr", None).day(None)
    ('<%1', '–')
    """

    language: Language
    currency: str | None

    def whole(self, number: float) -> str:
        """Write a count."""
        return str(format_decimal(round(number), locale=self.language))

    def decimal(self, number: float | None, decimals: int) -> str:
        """Write a number with so many decimals."""
        return write_decimal(number, decimals, self.language)

    def points(self, difference: float) -> str:
        """Write a difference of shares in points."""
        return write_points(difference, self.language)

    def share(self, share: float | None, decimals: int = 0) -> str:
        """Write a share in percent."""
        return write_percent(share, self.language, decimals)

    def chance(self, chance: float) -> str:
        """Write a probability in whole percents, but never as sure."""
        if 0 < chance < _LEAST:
            return f"<{self.share(0.01)}"
        return f">{self.share(0.99)}" if _MOST <= chance < 1 else self.share(chance)

    def money(self, amount: float | None) -> str:
        """Write an amount to the coin."""
        write: Callable[[float], str] = number_writer("money", self.language, self.currency)
        return NOTHING if amount is None else write(amount)

    def sum(self, amount: float | None) -> str:
        """Write a large amount without coins."""
        if amount is None:
            return NOTHING
        if self.currency is None:
            return self.whole(amount)
        pattern = str(Locale(self.language).currency_formats["standard"].pattern).replace(".00", "")
        return str(format_currency(amount, self.currency, pattern, self.language, currency_digits=False))

    def day(self, day: str | None) -> str:
        """Write a day of the form 2025-03-01."""
        if day is None:
            return NOTHING
        return str(format_date(date.fromisoformat(day), format="medium", locale=self.language))
