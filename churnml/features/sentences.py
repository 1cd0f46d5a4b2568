"""Sentences: what a feature says about a customer, in words, with their own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite
from string import Formatter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.features.family import Feature
from churnml.features.family_catalogue import Catalogue
from churnml.features.texts import COMPARED, USUAL, texts_of
from churnml.words import Language, capitalised
from churnml.words.numbers import Write, number_writer


class Sentences:
    """What the features of a catalogue say about customers, in one language.

    Parameters
    ----------
    known : Catalogue
        Features that speak.
    language : str, optional
        Language of the sentences; a feature that has none in it speaks in another.
    currency : str, optional
        ISO code of the shop's currency; None writes money as a plain number with two decimals.

    Attributes
    ----------
    known : Catalogue
        Features that speak.
    language : str
        Language of the sentences.
    currency : str or None
        ISO code of the shop's currency; None writes money as a plain number.

    See Also
    --------
    churnml.words.numbers.number_writer : How numbers are rounded and written.
    """

    def __init__(self, known: Catalogue, language: Language = "en", currency: str | None = None) -> None:
        self.known = known
        self.language: Language = language
        self.currency = currency
        self._spoken: dict[str, _Spoken] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel without what was prepared to speak."""
        return Sentences, (self.known, self.language, self.currency)

    def write(self, name: str, row: Mapping[str, float]) -> str | None:
        """Write what a feature says about one customer.

        Parameters
        ----------
        name : str
            Name of the feature that speaks.
        row : mapping of str to float
            Features of the customer by name: this one and those that its sentence names.

        Returns
        -------
        str or None
            Sentence without a full stop. None where a number is null, or where the feature has nothing to say.

        Examples
        --------
        >>> from churnml.features.family_catalogue import catalogue
        >>> english, turkish = (Sentences(catalogue(), language) for language in ("en", "tr"))
        >>> english.write("orders_90d", {"orders_90d": 3.0})
        '3 orders in the last 90 days'
        >>> turkish.write("orders_90d", {"orders_90d": 0.0})
        'Son 90 günde hiç sipariş vermedi'
        >>> row = {"overdue_ratio": 2.0, "days_since_last_order": 41.0, "pace_days": 20.5, "order_days_total": 9.0}
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
        for text, named, write_number in next((each.parts for each in spoken.variants if each.holds(row)), ()):
            written += text
            if named is not None:
                number = row[named]
                if number is None or not isfinite(number):
                    return None
                written += write_number(number)
        return capitalised(written, spoken.language) or None

    def speaks(self, name: str, X: pd.DataFrame) -> NDArray[np.bool_]:
        """Find the customers for whom ``write`` gives a sentence.

        Parameters
        ----------
        name : str
            Name of the feature that speaks.
        X : pandas DataFrame
            Features of the customers: this one and those that its sentence names.

        Returns
        -------
        array of bool
            Whether the feature speaks for each row, shape (rows,).

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
        left = np.ones(len(X), dtype=np.bool_)
        for variant in spoken.variants:
            where = left & variant.may_hold(X)
            if not variant.parts:
                told &= ~where
            for named in variant.names - {name}:
                told &= ~where | np.isfinite(X[named].to_numpy(dtype=np.float64))
            if variant.is_certain:
                left &= ~where
        return told if spoken.variants else np.zeros(len(X), dtype=np.bool_)

    def write_all(self, name: str, X: pd.DataFrame) -> list[str]:
        """Write what a feature says about many customers.

        Each sentence is that of ``write``, which is asked once for all rows with the same numbers.

        Raises
        ------
        ValueError
            Where the feature has nothing to say about a row; see ``speaks``.
        """
        spoken = self._of(name)
        names = [name, *sorted(set().union(*(variant.names for variant in spoken.variants)) - {name})]
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
        if name not in self._spoken:
            feature = self.known[name]
            language, texts = texts_of(feature, self.language)
            variants = (self._variant(feature, condition, text, language) for condition, text in texts.items())
            self._spoken[name] = _Spoken(language, tuple(variants))
        return self._spoken[name]

    def _variant(self, feature: Feature, condition: str, text: str, language: Language) -> _Variant:
        parts: list[_Part] = []
        for before, name, form, _ in Formatter().parse(text):
            if name is None:
                parts.append((before, None, str))
            else:
                named = self._named(feature, name)
                parts.append((before, named.name, number_writer(named.unit, language, self.currency, form or "")))
        if condition == USUAL:
            return _Variant(tuple(parts))
        left, right = COMPARED.split(condition)
        first = self._named(feature, left)
        if right[:1].isdigit():
            return _Variant(tuple(parts), first.name, number=float(right), below="<" in condition)
        second, write = self._named(feature, right), number_writer(first.unit, language, self.currency)
        return _Variant(tuple(parts), first.name, same_as=second.name, write=write)

    def _named(self, feature: Feature, name: str) -> Feature:
        return feature if name == "value" else self.known[name]


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


_Part = tuple[str, str | None, Write]
"""A text, the feature whose number follows it, and how that is written."""


@dataclass(frozen=True)
class _Variant:
    """One text of a sentence, and the condition under which it is said: a feature is a number, below it, or another."""

    parts: tuple[_Part, ...]
    feature: str | None = None
    number: float | None = None
    below: bool = False
    same_as: str | None = None
    write: Write = str

    def holds(self, row: Mapping[str, float]) -> bool:
        if self.feature is None:
            return True
        value = row[self.feature]
        if self.number is not None:
            return value is not None and (value < self.number if self.below else value == self.number)
        other = row[str(self.same_as)]
        known = all(number is not None and isfinite(number) for number in (value, other))
        return known and self.write(value) == self.write(other)

    @property
    def names(self) -> set[str]:
        """The features that must be known."""
        return {
            name for name in (self.feature, self.same_as, *(named for _, named, _ in self.parts)) if name is not None
        }

    @property
    def is_certain(self) -> bool:
        """Whether ``may_hold`` tells exactly where the condition holds."""
        return self.same_as is None

    def may_hold(self, X: pd.DataFrame) -> NDArray[np.bool_]:
        """Find the rows for which the text may be the one that is said."""
        if self.number is None:
            return np.full(len(X), self.same_as is None)
        values = X[str(self.feature)]
        return np.asarray(values < self.number if self.below else values == self.number)


@dataclass(frozen=True)
class _Spoken:
    """What a feature says, the first variant that holds, and in which language."""

    language: Language
    variants: tuple[_Variant, ...]
