"""The catalogue: the feature families that are there for a shop, churnml's own and those that the shop has itself."""

from __future__ import annotations

import hashlib
import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from types import ModuleType

from churnml.data.shop import Shop
from churnml.data.supplied import SuppliedTable
from churnml.errors import ConfigError
from churnml.features import families as families_package
from churnml.features.declared import failures_of_family
from churnml.features.description import Description, describe
from churnml.features.family import Family, Feature, Supplied

LEVEL = "level"
"""The family of the shop's own level."""
OF_THE_DAY = frozenset({LEVEL, "calendar"})
"""Families that tell the same of all customers of a day, so that they give no reasons."""


@dataclass(frozen=True)
class Catalogue:
    """Families of features, and their features by name.

    Attributes
    ----------
    families : mapping of str to Family
        Families by name: churnml's own in the order of their names, then those of a shop.
    """

    families: Mapping[str, Family]

    def __getitem__(self, name: str) -> Feature:
        """Return a feature by name."""
        return self.features[name]

    def __contains__(self, name: object) -> bool:
        return name in self.features

    def __iter__(self) -> Iterator[Feature]:
        return iter(self.features.values())

    @cached_property
    def features(self) -> dict[str, Feature]:
        """All features by name, family after family."""
        return {feature.name: feature for family in self.families.values() for feature in family.features}

    @cached_property
    def concepts(self) -> dict[str, str]:
        """What each feature's reasons are about, by its name."""
        return {feature.name: feature.concept for feature in self}

    def is_actionable(self, concept: str) -> bool:
        """Check whether one can act on a concept: as families about it say, otherwise those with a feature about it."""
        about = [family for family in self.families.values() if family.concept == concept]
        others = [family for family in self.families.values() if any(own.concept == concept for own in family.features)]
        return any(family.actionable for family in about or others)

    def describe(self, names: Iterable[str]) -> tuple[Description, ...]:
        """Describe features by name, without how they are computed."""
        return describe(names, self.features)

    def with_families(self, families: Iterable[Family]) -> Catalogue:
        """Return a catalogue that holds more families; of two with one name, the later one is taken.

        Raises
        ------
        ConfigError
            With everything in their declarations that breaks a law, and every name that churnml itself uses.
        """
        failures: list[str] = []
        known = dict(self.families)
        for family in families:
            others = [other for name, other in known.items() if name != family.name]
            failures += failures_of_family(family, others)
            if family.name in own().families:
                failures.append(f"{family.name}: is the name of a family of churnml's own. Choose another name.")
            else:
                known[family.name] = family
        if failures:
            raise ConfigError(failures)
        return Catalogue(known)


def catalogue(shop: Shop | None = None) -> Catalogue:
    """Return all families of features, churnml's own and a shop's.

    Parameters
    ----------
    shop : Shop, optional
        Shop whose own families and supplied features are among them; None gives churnml's own alone.

    Raises
    ------
    ConfigError
        With everything that breaks a law in the declarations of families that the shop has itself.

    Examples
    --------
    >>> catalogue()["orders_90d"].describe
    'Orders in the 90 days before the snapshot'
    """
    if shop is None or not (shop.families or shop.supplied):
        return own()
    if catalogue not in shop.answers:
        supplied = [
            Family(name, table.concept or name.replace("_", " "), table.actionable, _declared(table))
            for name, table in shop.supplied.items()
        ]
        shop.answers[catalogue] = own().with_families([*shop.families, *supplied])
    found: Catalogue = shop.answers[catalogue]
    return found


@cache
def own() -> Catalogue:
    """Return churnml's own families: those that the modules of ``churnml.features.families`` declare."""
    modules = sorted(info.name for info in pkgutil.iter_modules(families_package.__path__))
    found = [importlib.import_module(f"{families_package.__name__}.{name}") for name in modules]
    return Catalogue({module.FAMILY.name: replace(module.FAMILY, code=code_of(module)) for module in found})


def code_of(module: ModuleType) -> str | None:
    """Hash the file of a module; None where it has none."""
    path = getattr(module, "__file__", None)
    return None if path is None else hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _declared(table: SuppliedTable) -> tuple[Feature, ...]:
    return table.features or tuple(_as_number(str(column)) for column in table.values)


def _as_number(name: str) -> Supplied:
    words = name.replace("_", " ")
    return Supplied(name=name, unit="number", describe=f"{words} (supplied)", sentence=f"{words}: {{value}}")
