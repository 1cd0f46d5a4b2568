"""Sentences: what a feature says about a customer, in words, with her own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from math import isfinite
from string import Formatter
from typing import Literal

import numpy as np
import pandas as pd
from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent, get_decimal_symbol, get_group_symbol
from numpy.typing import NDArray

from churnml.data.lateness import DAY, SECONDS
from churnml.features.family import Feature, Unit
from churnml.features.registry import feature as feature_of

Language = Literal["en", "tr"]
Write = Callable[[float], str]

# By Babel's plural forms; "none" stands for exactly 0. Turkish counts in the singular, and its "hiç" wants a negated
# verb, which a feature's ``tr_zero`` holds.
NOUNS: dict[Language, dict[Unit, dict[str, str]]] = {
    "en": {
        "orders": {"none": "no orders", "one": "{} order", "other": "{} orders"},
        "days": {"one": "{} day", "other": "{} days"},
        "hours": {"one": "{} hour", "other": "{} hours"},
        "minutes": {"one": "{} minute", "other": "{} minutes"},
        "complaints": {"none": "no complaints", "one": "{} complaint", "other": "{} complaints"},
        "deliveries": {"none": "no deliveries", "one": "{} delivery", "other": "{} deliveries"},
        "returns": {"none": "no returns", "one": "{} return", "other": "{} returns"},
        "reviews": {"none": "no reviews", "one": "{} review", "other": "{} reviews"},
        "stars": {"one": "{} star", "other": "{} stars"},
        "visits": {"none": "no visits", "one": "{} visit", "other": "{} visits"},
        "pages": {"none": "no pages", "one": "{} page", "other": "{} pages"},
        "products": {"none": "no products", "one": "{} product", "other": "{} products"},
        "items": {"none": "no items", "one": "{} item", "other": "{} items"},
        "categories": {"none": "no categories", "one": "{} category", "other": "{} categories"},
        "points": {"none": "no points", "one": "{} point", "other": "{} points"},
        "messages": {"none": "no messages", "one": "{} message", "other": "{} messages"},
        "subscriptions": {"none": "no subscriptions", "one": "{} subscription", "other": "{} subscriptions"},
        "topics": {"none": "no topics", "one": "{} topic", "other": "{} topics"},
    },
    "tr": {
        "orders": {"none": "hiç sipariş", "other": "{} sipariş"},
        "days": {"other": "{} gün"},
        "hours": {"other": "{} saat"},
        "minutes": {"other": "{} dakika"},
        "complaints": {"none": "hiç şikâyet", "other": "{} şikâyet"},
        "deliveries": {"none": "hiç teslimat", "other": "{} teslimat"},
        "returns": {"none": "hiç iade", "other": "{} iade"},
        "reviews": {"none": "hiç değerlendirme", "other": "{} değerlendirme"},
        "stars": {"other": "{} yıldız"},
        "visits": {"none": "hiç ziyaret", "other": "{} ziyaret"},
        "pages": {"none": "hiç sayfa", "other": "{} sayfa"},
        "products": {"none": "hiç ürün", "other": "{} ürün"},
        "items": {"none": "hiç parça", "other": "{} parça"},
        "categories": {"none": "hiç kategori", "other": "{} kategori"},
        "points": {"none": "hiç puan", "other": "{} puan"},
        "messages": {"none": "hiç mesaj", "other": "{} mesaj"},
        "subscriptions": {"none": "hiç abonelik", "other": "{} abonelik"},
        "topics": {"none": "hiç konu", "other": "{} konu"},
    },
}
_CENTS = 2
_LONG_DAYS = 2  # from here on hours and minutes are said in days
_REMEMBERED = 100_000


def write(feature_name: str, row: Mapping[str, float], language: Language, currency: str | None = None) -> str | None:
    """Write what a feature says about one customer.

    Parameters
    ----------
    feature_name
        The feature that speaks.
    row
        The customer's features by name: this one and those that its sentence names.
    language
        Language of the sentence; a feature that has none in it speaks in another.
    currency
        ISO code of the shop's currency; None writes money as a plain number with two decimals.

    Returns
    -------
    str or None
        The sentence, without a full stop. None where a number is null, or where the feature has nothing to say.

    Notes
    -----
    Numbers are rounded (days, hours and counts to one decimal, minutes to whole ones, ratios to two, shares to whole
    percents, money to the currency's smallest coin), but never to 0, and a share never to 100 %: such a number keeps
    as many decimals as it needs. Hours and minutes that make two days or more are written in days.

    Examples
    --------
    >>> write("orders_90d", {"orders_90d": 3.0}, "en")
    '3 orders in the last 90 days'
    >>> write("orders_90d", {"orders_90d": 0.0}, "tr")
    'Son 90 günde hiç sipariş vermedi'
    >>> write("overdue_ratio", {"overdue_ratio": 2.0, "days_since_last_order": 41.0, "gap_median_days": 20.5}, "en")
    'No order for 41 days; usually orders once every 20.5 days'
    >>> write("amount_sum_90d", {"amount_sum_90d": 1250.0}, "tr", "TRY")
    'Son 90 günde ₺1.250,00 harcadı'
    """
    speaks_if, spoken, usual, of_zero = _templates(feature_of(feature_name), language, currency)
    value = row[feature_name]
    if value is None or not isfinite(value) or not speaks_if(value):
        return None
    written = ""
    for text, name, write_number in usual if value else of_zero:
        written += text
        if name is not None:
            number = row[name]
            if number is None or not isfinite(number):
                return None
            written += write_number(number)
    return capitalised(written, spoken)


def speaks(feature_name: str, X: pd.DataFrame) -> NDArray[np.bool_]:
    """Tell for which customers ``write`` gives a sentence.

    Parameters
    ----------
    feature_name
        The feature that speaks.
    X
        Features of the customers: this one and those that its sentence names.

    Returns
    -------
    NDArray[np.bool_]
        Shape (rows,).

    Examples
    --------
    >>> speaks("complaints_open", pd.DataFrame({"complaints_open": [2.0, 0.0, float("nan")]})).tolist()
    [True, False, False]
    """
    speaks_if, _, usual, of_zero = _templates(feature_of(feature_name), "en", None)
    values = X[feature_name].to_numpy(dtype=np.float64)
    told: NDArray[np.bool_] = np.isfinite(values)
    told[told] = _for_each(speaks_if, values[told])
    for template, where in ((usual, values != 0), (of_zero, values == 0)):
        for name in {name for _, name, _ in template} - {None, feature_name}:
            told &= ~where | np.isfinite(X[name].to_numpy(dtype=np.float64))
    return told


def write_all(feature_name: str, X: pd.DataFrame, language: Language, currency: str | None = None) -> list[str]:
    """Write what a feature says about many customers.

    Each sentence is that of ``write``, which is asked once for all rows with the same numbers.

    Raises
    ------
    ValueError
        Where the feature has nothing to say about a row; see ``speaks``.
    """
    _, _, usual, of_zero = _templates(feature_of(feature_name), language, currency)
    names = list(dict.fromkeys([feature_name, *(name for _, name, _ in (*usual, *of_zero) if name is not None)]))
    written: dict[tuple[float, ...], str] = {}
    sentences = []
    for numbers in zip(*(X[name].to_numpy(dtype=np.float64).tolist() for name in names), strict=True):
        if numbers not in written:
            sentence = write(feature_name, dict(zip(names, numbers, strict=True)), language, currency)
            if sentence is None:
                raise ValueError(f"{feature_name}: has nothing to say of {numbers}.")
            written[numbers] = sentence
        sentences.append(written[numbers])
    return sentences


def capitalised(text: str, language: Language) -> str:
    """Write the first letter in upper case; the Turkish i keeps its dot.

    Examples
    --------
    >>> capitalised("ilk sipariş", "tr"), capitalised("in the last 30 days", "en")
    ('İlk sipariş', 'In the last 30 days')
    """
    first = "İ" if language == "tr" and text[:1] == "i" else text[:1].upper()
    return first + text[1:]


def _for_each(speaks_if: Callable[[float], bool], values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Ask a condition on a number for many: at once if it can be, otherwise once for each different number."""
    if speaks_if is Feature.speaks_if:
        return np.ones(len(values), dtype=np.bool_)
    try:
        said = np.asarray(speaks_if(values))  # type: ignore[arg-type]  # comparisons work on arrays too
        if said.dtype == np.bool_ and said.shape == values.shape:
            return said
    except (TypeError, ValueError):
        pass
    different, places = np.unique(values, return_inverse=True)
    said = np.array([speaks_if(value) for value in different.tolist()], dtype=np.bool_)
    return np.asarray(said[places])


_Template = tuple[tuple[str, str | None, Write], ...]


@cache
def _templates(
    feature: Feature, language: Language, currency: str | None
) -> tuple[Callable[[float], bool], Language, _Template, _Template]:
    """Give when a feature speaks, in which language, and what it says usually and of exactly 0."""
    spoken = _spoken(feature, language)
    usual, of_zero = (feature.en, feature.en_zero) if spoken == "en" else (feature.tr, feature.tr_zero)
    return (
        feature.speaks_if,
        spoken,
        _template(feature, usual, spoken, currency),
        _template(feature, usual if of_zero is None else of_zero, spoken, currency),
    )


def _spoken(feature: Feature, language: Language) -> Language:
    """Give the language of a feature's sentence, numbers and all: another one where its own is missing."""
    told: dict[Language, str] = {"en": feature.en, "tr": feature.tr}
    return language if told[language].strip() else next(other for other, text in told.items() if text.strip())


def _template(feature: Feature, text: str, language: Language, currency: str | None) -> _Template:
    parts: list[tuple[str, str | None, Write]] = []
    for before, name, form, _ in Formatter().parse(text):
        if name is None:
            parts.append((before, None, str))
            continue
        named = feature if name == "value" else feature_of(name)
        writer = _plain(language) if form == "number" else number_writer(named.unit, language, currency)
        parts.append((before, named.name, writer))
    return tuple(parts)


@cache
def number_writer(unit: Unit, language: Language, currency: str | None = None) -> Write:
    """Give the function that writes numbers of a unit in a language."""
    if unit == "money":
        return _money(language, currency)
    if unit in ("ratio", "number"):
        return _plain(language, decimals=2)
    if unit in ("share", "probability"):
        return _share(language)
    counted = _counted(NOUNS[language][unit], language, decimals=0 if unit == "minutes" else 1)
    if unit not in SECONDS:
        return counted
    in_days, per_day = _counted(NOUNS[language]["days"], language), DAY // SECONDS[unit]
    return lambda number: counted(number) if abs(number) < _LONG_DAYS * per_day else in_days(number / per_day)


def _plain(language: Language, decimals: int = 1) -> Write:
    locale = Locale(language)

    @lru_cache(_REMEMBERED)
    def spell(number: float) -> str:
        return format_decimal(_short(number), locale=locale, decimal_quantization=False)

    return lambda number: spell(_rounded(number, decimals))


def _counted(nouns: Mapping[str, str], language: Language, decimals: int = 1) -> Write:
    plain, plural_form = _plain(language), Locale(language).plural_form
    none = nouns.get("none", nouns["other"].format(0))

    @lru_cache(_REMEMBERED)
    def spell(number: float) -> str:
        if not number:
            return none
        return nouns.get(plural_form(_short(number)), nouns["other"]).format(plain(number))

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
    """Give a number without zeros at its end, by which languages choose the plural."""
    exact = Decimal(str(float(number)))
    return Decimal(int(exact)) if exact == int(exact) else exact
