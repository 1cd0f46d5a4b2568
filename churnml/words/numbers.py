"""Numbers in words: how a number of a unit is written in a language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from math import isnan
from typing import Any

from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent, get_decimal_symbol, get_group_symbol

from churnml.words import Language, words

Write = Callable[[float], str]
NOTHING = "–"
"""What stands for a number that is not known."""

_CENTS = 2
_PER_DAY = {"hours": 24, "minutes": 24 * 60}
_LONG_DAYS = 2  # from here on hours and minutes are said in days
_REMEMBERED = 100_000


@cache
def number_writer(unit: str, language: Language, currency: str | None = None, form: str = "") -> Write:
    """Return the function that writes numbers of a unit in a language.

    Numbers are rounded (days, hours and counts to one decimal, minutes to whole ones, ratios to two, shares to whole
    percents, money to the currency's smallest coin), but never to 0, and a share never to 100 %: such a number keeps
    as many decimals as it needs. Hours and minutes that make two days or more are written in days.

    Parameters
    ----------
    unit : str
        Unit of the numbers: ``money``, ``share``, ``probability``, ``ratio``, ``number``, or a unit of the words.
    language : str
        Language of the text.
    currency : str, optional
        ISO code of the currency of money; None writes it as a plain number with two decimals.
    form : str, optional
        Form of the unit's words: ``number`` leaves the unit out; another one is a form that the language's catalogue
        declares, such as a case. Empty takes their usual form.

    Examples
    --------
    >>> number_writer("days", "en")(1), number_writer("days", "de", form="dative")(41)
    ('1 day', '41 Tagen')
    """
    if form == "number":
        return _plain(language)
    if unit == "money":
        return _money(language, currency)
    if unit in ("ratio", "number"):
        return _plain(language, decimals=2)
    if unit in ("share", "probability"):
        return _share(language)
    counted = _counted(unit, form, language, decimals=0 if unit == "minutes" else 1)
    if unit not in _PER_DAY:
        return counted
    in_days, per_day = _counted("days", form, language), _PER_DAY[unit]
    return lambda number: counted(number) if abs(number) < _LONG_DAYS * per_day else in_days(number / per_day)


def write_decimal(number: float | None, decimals: int, language: Language, *, signed: bool = False) -> str:
    """Write a number with so many decimals; what is null is a dash.

    Examples
    --------
    >>> write_decimal(1234.5, 2, "de"), write_decimal(-0.25, 1, "en", signed=True), write_decimal(None, 1, "tr")
    ('1.234,50', '-0.2', '–')
    """
    if number is None or isnan(number):
        return NOTHING
    pattern = f"#,##0.{'0' * decimals}".rstrip(".")
    return str(format_decimal(number, f"+{pattern};-{pattern}" if signed else pattern, locale=language))


def write_points(difference: float, language: Language) -> str:
    """Write a difference of shares in whole points; one below a point in its first digit, so that it is not 0.

    Examples
    --------
    >>> [write_points(difference, "en") for difference in (0.187, 0.0044, 0.0004)]
    ['19', '0.4', '0.04']
    """
    return str(format_decimal(100 * difference, "#,##0" if difference >= 0.01 else "@", language))


def write_percent(share: float | None, language: Language, decimals: int = 0) -> str:
    """Write a share in percent with so many decimals; what is null is a dash.

    Examples
    --------
    >>> write_percent(0.125, "en", 1), write_percent(0.4, "tr")
    ('12.5%', '%40')
    """
    if share is None or isnan(share):
        return NOTHING
    pattern = str(Locale(language).percent_formats[None].pattern)
    pattern = pattern.replace("0", f"0.{'0' * decimals}") if decimals else pattern
    return str(format_percent(share, format=pattern, locale=language))


def _plain(language: Language, decimals: int = 1) -> Write:
    locale = Locale(language)

    @lru_cache(_REMEMBERED)
    def spell(number: float) -> str:
        return format_decimal(_short(number), locale=locale, decimal_quantization=False)

    return lambda number: spell(_rounded(number, decimals))


def _counted(unit: str, form: str, language: Language, decimals: int = 1) -> Write:
    usual: Mapping[str, Any] = words(language)["units"][unit]
    declared = usual.get(form)
    nouns: Mapping[str, Any] = declared if isinstance(declared, Mapping) else usual
    plain, plural_form = _plain(language), Locale(language).plural_form
    none = str(nouns.get("zero") or usual.get("zero") or nouns["other"].format(n=0))

    @lru_cache(_REMEMBERED)
    def spell(number: float) -> str:
        if not number:
            return none
        return str(nouns.get(plural_form(_short(number)), nouns["other"])).format(n=plain(number))

    return lambda number: spell(_rounded(number, decimals))


def _share(language: Language) -> Write:
    locale = Locale(language)

    @lru_cache(_REMEMBERED)
    def spell(share: float) -> str:
        return format_percent(_short(share), locale=locale, decimal_quantization=False)

    def write_share(share: float) -> str:
        decimals = 2
        rounded = round(share, decimals)
        while rounded in (0, 1) and rounded != share:
            decimals += 1
            rounded = round(share, decimals)
        return spell(rounded)

    return write_share


def _money(language: Language, currency: str | None) -> Write:
    """Write amounts as Babel does, whose own function is too slow for millions of them: its answer is learned once."""
    locale = Locale(language)
    group, point = get_group_symbol(locale), get_decimal_symbol(locale)
    sample = "1" if currency is None else format_currency(1, currency, locale=locale)
    before, number = sample.split("1")
    after = number.lstrip(point + "0")
    decimals = _CENTS if currency is None else max(len(number) - len(after) - len(point), 0)
    coin = Decimal(1).scaleb(-decimals)
    symbols = str.maketrans({",": group, ".": point})

    def write_money(amount: float) -> str:
        exact = Decimal(str(float(amount)))
        rounded = exact.quantize(coin)
        if not rounded and exact:
            rounded = Decimal(f"{exact:.0e}")
        sign = "-" if rounded < 0 else ""
        return f"{sign}{before}{format(abs(rounded), ',f').translate(symbols)}{after}"

    return write_money


def _rounded(number: float, decimals: int) -> float:
    """Round a number, but not to 0: one near it keeps its first digit."""
    rounded = round(number, decimals)
    return rounded if rounded or not number else float(f"{number:.0e}")


def _short(number: float) -> Decimal:
    """Return a number without zeros at its end, by which languages choose the plural."""
    exact = Decimal(str(float(number)))
    return Decimal(int(exact)) if exact == int(exact) else exact
