"""What a feature family declares: features, units, fills and concept; a family of one's own brings its sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from churnml.data.history import History
from churnml.definition import ChurnDefinition
from churnml.features.description import Description

WINDOWS = (30, 60, 90, 180, 365)
SCALED_WINDOWS = (7, 14, 730, 1095)
"""Windows that a definition of leaving has besides, by its length; see `churnml.features.available.fits`."""

Reducer = Callable[[ir.Table, ir.BooleanValue | None, History], ir.Value]
Condition = Callable[[ir.Table], ir.BooleanValue]
Compute = Callable[..., NDArray[np.float64]]
Fit = Callable[[History, ChurnDefinition], Any]


@dataclass(frozen=True)
class Source:
    """Rows that a group-by reads.

    Attributes
    ----------
    name : str
        Name of the rows, which a trace shows beside them.
    table : str
        Name of the contract table that the shop must have brought.
    event_time : str
        Name of the time column by which windows choose rows.
    rows : callable
        Function that makes the rows of a history; they carry ``customer_id``.
    """

    name: str
    table: str
    event_time: str
    rows: Callable[[History], ir.Table]


@dataclass(frozen=True, kw_only=True)
class Feature(Description):
    """One column of the feature table: what it is, and how it is spoken of.

    Attributes
    ----------
    sentence : str or mapping of str to str
        Reason in a sentence: a text for all languages, or texts by language, which serve where others are missing.
        ``{value}`` is the customer's own number with its unit; another feature's name in braces is that feature's
        number, and ``{name:number}`` leaves its unit out. Empty takes the words of the catalogues, as churnml's own do.
    sentence_zero : str or mapping of str to str or None
        Sentence for exactly 0 where it needs other words; None takes ``sentence``.
    ago_days : int
        Number of days from the end of the window to the snapshot.
    speaks_if : callable
        Function that says for which values the sentence is true and worth saying; null is never spoken of. None speaks
        of every value.
    headline : int or None
        Rank of this sentence among those that speak for their concept before all others, wherever they are true; 1
        speaks first, None not before others. Features that say nearly the same share their weight by chance, so the
        weight alone would pick the sentence by chance too.
    measures : tuple of str
        Names of the measures of its family by which a shop has this feature; none means that every shop has it.
    scaled : bool
        Whether only definitions of leaving have it whose length its window fits.
    """

    sentence: str | Mapping[str, str] = field(default="", hash=False)
    sentence_zero: str | Mapping[str, str] | None = field(default=None, hash=False)
    ago_days: int = 0
    speaks_if: Callable[[float], bool] = lambda value: True
    headline: int | None = None
    measures: tuple[str, ...] = ()
    scaled: bool = False


@dataclass(frozen=True, kw_only=True)
class Aggregate(Feature):
    """A feature that one group-by of a source computes.

    Attributes
    ----------
    source : Source
        Rows that are read.
    reduce : callable
        Function that makes one number per customer of the rows that are left.
    only : callable or None
        Further condition on the rows; None takes all.
    needs : tuple of str
        Names of columns that the shop must have brought for the number to mean anything.
    """

    source: Source
    reduce: Reducer
    only: Condition | None = None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Derived(Feature):
    """A feature computed from other features of the same row, and from constants of the snapshot.

    Attributes
    ----------
    inputs : tuple of str
        Names of aggregate features, or of derived ones declared before.
    compute : callable
        NumPy function of the inputs' columns, after the constants where there is a ``fit``.
    fit : callable or None
        Function that finds the constants of a snapshot, once for all features that name the same function; where it
        returns None, the feature is null. None where no constants are needed.
    """

    inputs: tuple[str, ...]
    compute: Compute
    fit: Fit | None = None


@dataclass(frozen=True, kw_only=True)
class Supplied(Feature):
    """A feature that was computed elsewhere, and is joined in by customer and snapshot."""


@dataclass(frozen=True)
class Family:
    """A named group of features that speak of one concept.

    Attributes
    ----------
    name : str
        Name of the family.
    concept : str
        Concept that the reasons of its features are about, unless they say otherwise; families may share a concept.
    actionable : bool
        Whether the shop can act on the concept; other families give context.
    features : tuple of Feature
        Features of the family; here they learn their family, and their concept where they have none of their own.
    min_history_days : int
        Number of days of orders before the snapshot below which the family is off, unless it is chosen by name.
    measure : callable or None
        Function that finds the measure that fits a shop as known on a day; None where no feature names measures.
    note : str
        Text of the data dictionary about the family besides its features.
    code : str or None
        Hash of the file that declares it, by which kept features are known; None where there is none.
    """

    name: str
    concept: str
    actionable: bool
    features: tuple[Feature, ...]
    min_history_days: int = 0
    measure: Callable[[History], str] | None = None
    note: str = ""
    code: str | None = None

    def __post_init__(self) -> None:
        owned = (replace(own, family=self.name, concept=own.concept or self.concept) for own in self.features)
        object.__setattr__(self, "features", tuple(owned))


def count() -> Reducer:
    """Count the rows."""
    return lambda rows, where, history: rows.count(where=where)


def total(column: str) -> Reducer:
    """Add up a column of exact numbers."""
    return lambda rows, where, history: rows[column].sum(where=where)


def largest(column: str) -> Reducer:
    """Take the largest value."""
    return lambda rows, where, history: rows[column].max(where=where)


def mean(column: str) -> Reducer:
    """Divide the exact sum by the number of values."""
    return lambda rows, where, history: (
        rows[column].sum(where=where).cast("float64") / rows[column].count(where=where).cast("float64")
    )


def median(column: str) -> Reducer:
    """Take the median, the mean of the middle two where their number is even."""
    return lambda rows, where, history: rows[column].cast("float64").quantile(0.5, where=where)


def deviation(column: str) -> Reducer:
    """Take the sample standard deviation of whole numbers from their exact sums; null below two values."""

    def reduce(rows: ir.Table, where: ir.BooleanValue | None, history: History) -> ir.Value:
        values = rows[column]
        n, sums, squares = values.count(where=where), values.sum(where=where), (values * values).sum(where=where)
        spread = (n * squares - sums * sums).cast("float64")
        return (spread / (n * (n - 1)).nullif(0).cast("float64")).sqrt()

    return reduce


def at_last(column: str, key: str) -> Reducer:
    """Take the value in the row with the greatest key; rows of a customer that share a key share the value."""
    return lambda rows, where, history: rows[column].argmax(rows[key], where=where)


def days_since_last(column: str) -> Reducer:
    """Count the days from the newest time to the snapshot."""
    return lambda rows, where, history: history.days_since(rows[column].max(where=where))


def days_since_first(column: str) -> Reducer:
    """Count the days from the oldest time to the snapshot."""
    return lambda rows, where, history: history.days_since(rows[column].min(where=where))


def smallest(column: str) -> Reducer:
    """Take the smallest value."""
    return lambda rows, where, history: rows[column].min(where=where)


def distinct(column: str) -> Reducer:
    """Count the different values."""
    return lambda rows, where, history: rows[column].nunique(where=where)
