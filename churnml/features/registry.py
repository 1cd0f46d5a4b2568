"""The registry of feature families: every module of ``families`` that declares one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

from churnml.data.shop import Shop
from churnml.errors import ConfigError
from churnml.features import families as families_package
from churnml.features.family import Aggregate, Derived, Family, Feature


@cache
def families() -> dict[str, Family]:
    """Give all families by name, in the order of their names."""
    modules = sorted(info.name for info in pkgutil.iter_modules(families_package.__path__))
    found = [importlib.import_module(f"{families_package.__name__}.{name}").FAMILY for name in modules]
    return {family.name: family for family in found}


def family_of(feature: str) -> Family:
    """Give the family that declares a feature."""
    return _owners()[feature]


def concept_of(name: str) -> str:
    """Give the concept that a feature's reasons are about."""
    return feature(name).concept or family_of(name).concept


def feature(name: str) -> Feature:
    """Give a feature by name."""
    return next(feature for feature in _owners()[name].features if feature.name == name)


@cache
def _owners() -> dict[str, Family]:
    owners: dict[str, Family] = {}
    for family in families().values():
        for feature in family.features:
            if feature.name in owners:
                raise ValueError(f"{feature.name}: declared by {owners[feature.name].name} and by {family.name}")
            owners[feature.name] = family
    return owners


def tables_of(features: Iterable[Feature]) -> set[str]:
    """Give the tables that features are read from."""
    return {feature.source.table for feature in features if isinstance(feature, Aggregate)}


def available(shop: Shop, names: Iterable[str] | None = None) -> list[Feature]:
    """List the features that a shop's tables and the chosen families allow, inputs before what is derived from them.

    Parameters
    ----------
    shop
        The shop; features of tables or columns that it did not bring are left out.
    names
        Families to use; None uses all.

    Raises
    ------
    ConfigError
        Where a family is not known.
    """
    wanted = list(families()) if names is None else list(names)
    unknown = sorted(set(wanted) - set(families()))
    if unknown:
        raise ConfigError(f"features.families: {', '.join(unknown)} not known. Choose among {', '.join(families())}.")
    chosen = [feature for name in families() if name in wanted for feature in families()[name].features]
    aggregates = [
        feature
        for feature in chosen
        if isinstance(feature, Aggregate)
        and shop.has(feature.source.table)
        and shop.has(feature.source.table, feature.needs)
    ]
    there = {feature.name for feature in aggregates}
    derived = []
    for feature in chosen:
        if isinstance(feature, Derived) and there.issuperset(feature.inputs):
            derived.append(feature)
            there.add(feature.name)
    return [*aggregates, *derived]
