"""Which features a shop has: those that its tables, the chosen families and the length of its history allow."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import ConfigError
from churnml.features.family import Aggregate, Derived, Family, Feature, Supplied
from churnml.features.family_catalogue import LEVEL, catalogue

_WINDOWS_PER_HORIZON = 4


def fits(feature: Feature, definition: ChurnDefinition) -> bool:
    """Check whether a definition of leaving has a feature: a scaled window lies between horizon / 4 and active days.

    What a customer did in the last days tells whether they come in the next weeks, and little of the next months; what
    they did in years tells something where years may lie between two orders.

    Examples
    --------
    >>> week = catalogue()["orders_7d"]
    >>> fits(week, ChurnDefinition(horizon_days=28)), fits(week, ChurnDefinition(horizon_days=90))
    (True, False)
    """
    if not feature.scaled or feature.window_days is None:
        return True
    return definition.horizon_days / _WINDOWS_PER_HORIZON <= feature.window_days <= definition.active_days


def tables_of(features: Iterable[Feature]) -> set[str]:
    """Return the tables that features are read from."""
    return {feature.source.table for feature in features if isinstance(feature, Aggregate)}


def available(
    shop: Shop,
    names: Iterable[str] | None = None,
    day: date | None = None,
    definition: ChurnDefinition | None = None,
) -> list[Feature]:
    """List the features that a shop's tables and the chosen families allow, inputs before what is derived from them.

    Those of a family that measures in several ways are all among them, unless a day says which one fits.

    Parameters
    ----------
    shop : Shop
        Shop whose tables decide; features of tables or columns that it did not bring are left out.
    names : iterable of str, optional
        Names of families to use; None uses all.
    day : date, optional
        Day on which the features shall be built: where no families are named, those are left out whose shortest history
        is longer than that of this day; and of families with several measures, the features of those that do not fit
        the shop as known on it. None leaves none out.
    definition : ChurnDefinition, optional
        Definition of leaving whose features are wanted, see ``fits``. None leaves none out.

    Raises
    ------
    ConfigError
        Where a family is not known.
    """
    everything = catalogue(shop).families
    history = None if day is None else History(shop, day)
    if names is None:
        wanted = [
            name
            for name, family in everything.items()
            if history is None or (history.snapshot_date - history.first_day).days >= family.min_history_days
        ]
    else:
        wanted = list(names)
        unknown = sorted(set(wanted) - set(everything))
        if unknown:
            raise ConfigError(
                f"features.families: {', '.join(unknown)} not known. Choose among {', '.join(everything)}."
            )
    chosen = [feature for name in everything if name in wanted for feature in _measured(everything[name], history)]
    chosen = [feature for feature in chosen if definition is None or fits(feature, definition)]
    given = [feature for feature in chosen if _is_given(shop, feature)]
    there = {feature.name for feature in given}
    derived = []
    for feature in chosen:
        if isinstance(feature, Derived) and there.issuperset(feature.inputs):
            derived.append(feature)
            there.add(feature.name)
    return [*given, *derived]


def fitting(history: History, definition: ChurnDefinition, names: Iterable[str] | None = None) -> list[Feature]:
    """List a definition's features of a shop as known on a day, however short its history; see ``available``."""
    named = catalogue(history.shop).families if names is None else names
    return available(history.shop, named, history.snapshot_date, definition)


def learnable(
    shop: Shop, definition: ChurnDefinition, names: Iterable[str] | None, day: date
) -> tuple[list[Feature], list[str]]:
    """List the features that a model may learn from, and the names of those that are off, which stand last.

    The shop's own level is left out: it tells snapshots apart, and no customers. Where no families are named, those are
    off whose shortest history is longer than that of the day; the folds may prefer them all the same.

    Parameters are those of ``available``.
    """
    known = fitting(History(shop, day), definition, names)
    features = [feature for feature in known if feature.family != LEVEL]
    on = {feature.name for feature in available(shop, names, day)}
    off = [feature for feature in features if feature.name not in on]
    return [*(feature for feature in features if feature.name in on), *off], [feature.name for feature in off]


def _measured(family: Family, history: History | None) -> tuple[Feature, ...]:
    """Leave out the features of measures that do not fit; no history leaves none out."""
    if history is None or family.measure is None:
        return family.features
    fits = family.measure(history)
    return tuple(feature for feature in family.features if not feature.measures or fits in feature.measures)


def _is_given(shop: Shop, feature: Feature) -> bool:
    if isinstance(feature, Supplied):
        table = shop.supplied.get(feature.family)
        return table is not None and feature.name in table.values
    return (
        isinstance(feature, Aggregate)
        and shop.has(feature.source.table)
        and shop.has(feature.source.table, feature.needs)
    )
