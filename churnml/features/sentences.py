"""Sentences: what a feature says about a customer, in words, with their own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from churnml.features.description import Unit
from churnml.features.family import Feature
from churnml.features.family_catalogue import Catalogue

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


class Sentences:
    """What the features of a catalogue say about customers, in one language.

    Parameters
    ----------
    known
        The features.
    language
        Language of the sentences; a feature that has none in it speaks in another.
    currency
        ISO code of the shop's currency; None writes money as a plain number with two decimals.

    Attributes
    ----------
    known, language, currency
        As given.

    Notes
    -----
    Numbers are rounded (days, hours and counts to one decimal, minutes to whole ones, ratios to two, shares to whole
    percents, money to the currency's smallest coin), but never to 0, and a share never to 100 %: such a number keeps
    as many decimals as it needs. Hours and minutes that make two days or more are written in days.
    """

    def __init__(self, known: Catalogue, language: Language = "en", currency: str | None = None) -> None:
        self.known = known
        self.language: Language = language
        self.currency = currency
        self._templates: dict[str, _Spoken] = {}

    def write(self, name: str, row: Mapping[str, float]) -> str | None:
        """Write what a feature says about one customer.

        Parameters
        ----------
        name
            The feature that speaks.
        row
            The customer's features by name: this one and those that its sentence names.

        Returns
        -------
        str or None
            The sentence, without a full stop. None where a number is null, or where the feature has nothing to say.

        Examples
        --------
        >>> from churnml.features.family_catalogue import catalogue
        >>> english, turkish = (Sentences(catalogue(), language) for language in ("en", "tr"))
        >>> english.write("orders_90d", {"orders_90d": 3.0})
        '3 orders in the last 90 days'
        >>> turkish.write("orders_90d", {"orders_90d": 0.0})
        'Son 90 günde hiç sipariş vermedi'
        >>> row = {"overdue_ratio": 2.0, "days_since_last_order": 41.0, "gap_median_days": 20.5}
        >>> english.write("overdue_ratio", row)
        'No order for 41 days; usually orders once every 20.5 days'
        >>> Sentences(catalogue(), "tr", "TRY").write("amount_sum_90d", {"amount_sum_90d": 1250.0})
        'Son 90 günde ₺1.250,00 harcadı'
        """
        spoken = self._of(name)
        value = row[name]
        if value is None or not isfinite(value) or not self.known[name].speaks_if(value):
            return None
        written = ""
        for text, named, write_number in spoken.usual if value else spoken.of_zero:
            written += text
            if named is not None:
                number = row[named]
                if number is None or not isfinite(number):
                    return None
                written += write_number(number)
        return capitalised(written, spoken.language)

    def speaks(self, name: str, X: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell for which customers ``write`` gives a sentence.

        Parameters
        ----------
        name
            The feature that speaks.
        X
            Features of the customers: this one and those that its sentence names.

        Returns
        -------
        NDArray[np.bool_]
            Shape (rows,).

        Examples
        --------
        >>> from churnml.features.family_catalogue import catalogue
        >>> X = pd.DataFrame({"complaints_open": [2.0, 0.0, float("nan")]})
        >>> Sentences(catalogue()).speaks("complaints_open", X).tolist()
        [True, False, False]
        """
        spoken = self._of(name)
        values = X[name].to_numpy(dtype=np.float64)
        told: NDArray[np.bool_] = np.isfinite(values)
        told[told] = _for_each(self.known[name].speaks_if, values[told])
        for template, where in ((spoken.usual, values != 0), (spoken.of_zero, values == 0)):
            for named in {named for _, named, _ in template} - {None, name}:
                told &= ~where | np.isfinite(X[named].to_numpy(dtype=np.float64))
        return told

    def write_all(self, name: str, X: pd.DataFrame) -> list[str]:
        """Write what a feature says about many customers.

        Each sentence is that of ``write``, which is asked once for all rows with the same numbers.

        Raises
        ------
        ValueError
            Where the feature has nothing to say about a row; see ``speaks``.
        """
        spoken = self._of(name)
        named = [other for _, other, _ in (*spoken.usual, *spoken.of_zero) if other is not None]
        names = list(dict.fromkeys([name, *named]))
        written: dict[tuple[float, ...], str] = {}
        sentences = []
        for numbers in zip(*(X[other].to_numpy(dtype=np.float64).tolist() for other in names), strict=True):
            if numbers not in written:
                sentence = self.write(name, dict(zip(names, numbers, strict=True)))
                if sentence is None:
                    raise ValueError(f"{name}: has nothing to say of {numbers}.")
                written[numbers] = sentence
            sentences.append(written[numbers])
        return sentences

    def _of(self, name: str) -> _Spoken:
        if name not in self._templates:
            feature = self.known[name]
            language = _spoken(feature, self.language)
            usual, of_zero = (feature.en, feature.en_zero) if language == "en" else (feature.tr, feature.tr_zero)
            self._templates[name] = _Spoken(
                language,
                self._template(feature, usual, language),
                self._template(feature, usual if of_zero is None else of_zero, language),
            )
        return self._templates[name]

    def _template(self, feature: Feature, text: str, language: Language) -> _Template:
        parts: list[tuple[str, str | None, Write]] = []
        for before, name, form, _ in Formatter().parse(text):
            if name is None:
                parts.append((before, None, str))
                continue
            named = feature if name == "value" else self.known[name]
            writer = _plain(language) if form == "number" else number_writer(named.unit, language, self.currency)
            parts.append((before, named.name, writer))
        return tuple(parts)


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


@dataclass(frozen=True)
class _Spoken:
    """What a feature says usually and of exactly 0, and in which language."""

    language: Language
    usual: _Template
    of_zero: _Template


def _spoken(feature: Feature, language: Language) -> Language:
    """Give the language of a feature's sentence, numbers and all: another one where its own is missing."""
    told: dict[Language, str] = {"en": feature.en, "tr": feature.tr}
    return language if told[language].strip() else next(other for other, text in told.items() if text.strip())


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
