"""What Excel can hold: names of sheets, texts, days and formats of numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from textwrap import wrap

import pandas as pd
from babel import Locale
from babel.numbers import get_currency_precision, get_currency_symbol

from churnml.reporting.columns import Kind
from churnml.words import Language, words

_LETTERS_PER_DIGIT = 1.12
_LONGEST = 32_767
_LONGEST_NAME = 31
_ZERO = datetime(1899, 12, 30)
_FIRST_DAY = 61  # it takes 1900 for a leap year, so its days are right from March on
_ILLEGAL = re.compile("[\ud800-\udfff\ufffe\uffff]")  # no XML, or no text at all


def sheet_names(titles: Sequence[str]) -> list[str]:
    """Make names of sheets of titles: legal, at most 31 characters long, and different from each other.

    Examples
    --------
    >>> sheet_names(["Call", "CALL", "Free shipping / returns?"])
    ['Call', 'CALL (2)', 'Free shipping returns']
    """
    found: list[str] = []
    taken = {"history"}  # Excel keeps it to itself
    for title in titles:
        legal = re.sub(r"[\[\]:*?/\\\x00-\x1f\x7f]|\s", " ", _ILLEGAL.sub(" ", title))
        legal = " ".join(legal.split()).strip("' ") or "-"
        name, place = _cut(legal, _LONGEST_NAME), 1
        while _folded(name) in taken:
            place += 1
            ending = f" ({place})"
            name = _cut(legal, _LONGEST_NAME - len(ending)) + ending
        taken.add(_folded(name))
        found.append(name)
    return found


def cell_values(values: pd.Series, kind: Kind) -> list[str | float | None]:
    """Return cells as text, numbers and nulls; days as Excel counts them."""
    numeric = pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)
    if numeric or kind in ("share", "money", "count"):
        return [value if math.isfinite(value) else None for value in values.astype("float64").tolist()]
    if kind == "day":
        days = pd.to_datetime(values)
        counted = ((days - _ZERO) / timedelta(days=1)).tolist()
        return [
            None if math.isnan(count) else count if count >= _FIRST_DAY else day.isoformat(" ")
            for count, day in zip(counted, days, strict=True)
        ]
    return [None if missing else legal(str(value)) for value, missing in zip(values, values.isna(), strict=True)]


def count_lines(text: str, width: int) -> int:
    """Estimate the lines of a text in a column, whose width is counted in digits."""
    fitting = round(width * _LETTERS_PER_DIGIT)
    return sum(1 if len(line) <= fitting else len(wrap(line, fitting)) for line in text.split("\n"))


def legal(text: str) -> str:
    """Return a text without what no spreadsheet holds, as long as a cell can be."""
    return _ILLEGAL.sub("\ufffd", text)[:_LONGEST]


def number_formats(language: Language, currency: str | None) -> dict[str, str]:
    """Return number formats by kind; programs other than Excel go by the language that they name."""
    locale, place = Locale(language), f"[$-{words(language)['sheet']['lcid']}]"
    percent = str(locale.percent_formats[None].pattern).replace("#,##0", "0")
    money = "#,##0.00"
    if currency is not None:
        symbol = get_currency_symbol(currency, locale).replace('"', "")
        decimals = get_currency_precision(currency)
        number = "#,##0" + ("." + "0" * decimals if decimals else "")
        money = str(locale.currency_formats["standard"].pattern).replace("#,##0.00", number)
        money = money.replace("¤", f'"{symbol}"')
    return {
        "text": "@",
        "flag": "@",
        "count": f"{place}#,##0",
        "share": percent,
        # A chance is never sure.
        "chance": f'[>=0.995]">{percent.replace("0", "99")}";[<0.005]"<{percent.replace("0", "1")}";{percent}',
        "money": f"{place}{money};[Red]{place}-{money}",
        "day": f"{place}{words(language)['sheet']['day_format']}",
    }


def _cut(name: str, length: int) -> str:
    """Cut a name where it has more of the units in which Excel counts."""
    units = name.encode("utf-16-le")
    if len(units) <= 2 * length:
        return name
    return units[: 2 * (length - 1)].decode("utf-16-le", "ignore").rstrip("' ") + "…"


def _folded(name: str) -> str:
    return name.translate({ord("İ"): "i", ord("ı"): "i"}).casefold()
