"""The registry of feature families: every module of ``families`` that declares one, and those of users."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.errors import ConfigError
from churnml.features import families as families_package
from churnml.features.declared import failures_of_family
from churnml.features.family import Aggregate, Derived, Family, Feature, Supplied

LEVEL = "level"
"""The family of the shop's own level."""
_registered: dict[str, Family] = {}
_code: dict[str, str] = {}


def families() -> dict[str, Family]:
    """Give all families by name: churnml's own in the order of their names, then those of users."""
    return {**_own(), **_registered}


def register(family: Family) -> Family:
    """Add a family of one's own; it is then built, described, traced and spoken of like any other.

    Parameters
    ----------
    family
        The family; it takes the place of one that was registered under the same name before.

    Returns
    -------
    Family
        The same family.

    Raises
    ------
    ConfigError
        With everything in the declaration that breaks a law, or a name that churnml itself uses.

    Examples
    --------
    >>> from churnml.features.family import Aggregate, Family, count
    >>> from churnml.features.sources import ORDERS
    >>> app_orders = Aggregate(
    ...     name="app_orders_90d",
    ...     unit="orders",
    ...     describe="Orders by the app in the 90 days before the snapshot",
    ...     source=ORDERS,
    ...     reduce=count(),
    ...     only=lambda order: order.channel == "app",
    ...     needs=("channel",),
    ...     window_days=90,
    ...     fill=0,
    ...     en="{value} by the app in the last 90 days",
    ...     tr="Son 90 günde uygulamadan {value} verdi",
    ...     speaks_if=lambda value: value > 0,
    ...     tells="low",
    ... )
    >>> register(Family("app", concept="channel", actionable=False, features=(app_orders,))).name
    'app'
    >>> unregister("app")
    """
    _register(family, None)
    return family


def unregister(name: str) -> None:
    """Take a registered family away again; a name that is not registered is passed over."""
    _registered.pop(name, None)
    _code.pop(name, None)
    _forget()


def load_plugins(names: Iterable[str]) -> None:
    """Register the families of modules: of each the name ``FAMILY``, or all of ``FAMILIES``.

    Parameters
    ----------
    names
        Modules that can be imported, such as ``my_shop.features``, or paths of Python files.

    Raises
    ------
    ConfigError
        With every module that cannot be used, and why.
    """
    failures = []
    for name in names:
        try:
            module = _imported(name)
            declared = _declared(module)
            if not declared:
                failures.append(f"features.plugins: {name} has no FAMILY and no FAMILIES. Declare one.")
            for family in declared:
                _register(family, _hash_of(module))
        except ConfigError as error:
            failures += error.failures
        except Exception as error:
            failures.append(f"features.plugins: {name} cannot be imported ({error!r}). Correct the module or its name.")
    if failures:
        raise ConfigError(failures)


def family_of(feature: str) -> Family:
    """Give the family that declares a feature."""
    return _owners()[feature]


def concept_of(name: str) -> str:
    """Give the concept that a feature's reasons are about."""
    return feature(name).concept or family_of(name).concept


def feature(name: str) -> Feature:
    """Give a feature by name."""
    return _features()[name]


def contract_of(name: str) -> dict[str, str | int | None]:
    """Describe what a model relies on in a feature: a change of it makes older models unusable.

    Raises
    ------
    KeyError
        Where the feature is not known.
    """
    declared = feature(name)
    return {
        "name": declared.name,
        "unit": declared.unit,
        "window_days": declared.window_days,
        "fill": declared.fill,
        "describe": declared.describe,
        "family": family_of(name).name,
    }


def code_of(name: str) -> str:
    """Give a text that changes with the code of a family; for one without a file it is another one every time."""
    if name in _own():
        return _hash_of(sys.modules[f"{families_package.__name__}.{name}"]) or ""
    return _code.get(name) or uuid4().hex


def tables_of(features: Iterable[Feature]) -> set[str]:
    """Give the tables that features are read from."""
    return {feature.source.table for feature in features if isinstance(feature, Aggregate)}


def available(shop: Shop, names: Iterable[str] | None = None, day: date | None = None) -> list[Feature]:
    """List the features that a shop's tables and the chosen families allow, inputs before what is derived from them.

    Those of a family that measures in several ways are all among them, unless a day says which one fits.

    Parameters
    ----------
    shop
        The shop; features of tables or columns that it did not bring are left out.
    names
        Families to use; None uses all.
    day
        Where no families are named, those are left out whose shortest history is longer than that of this day; and of
        families with several measures, the features of those that do not fit the shop as known on it. None leaves none
        out.

    Raises
    ------
    ConfigError
        Where a family is not known.
    """
    everything = families()
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
    given = [feature for feature in chosen if _is_given(shop, feature)]
    there = {feature.name for feature in given}
    derived = []
    for feature in chosen:
        if isinstance(feature, Derived) and there.issuperset(feature.inputs):
            derived.append(feature)
            there.add(feature.name)
    return [*given, *derived]


def fitting(history: History, names: Iterable[str] | None = None) -> list[Feature]:
    """List the features of a shop as known on a day, however short its history; see ``available``."""
    return available(history.shop, families() if names is None else names, history.snapshot_date)


def learnable(shop: Shop, names: Iterable[str] | None, day: date) -> tuple[list[Feature], list[str]]:
    """List the features that a model may learn from, and the names of those that are off, which stand last.

    The shop's own level is left out: it tells snapshots apart, and no customers. Where no families are named, those are
    off whose shortest history is longer than that of the day; the folds may prefer them all the same.

    Parameters are those of ``available``.
    """
    known = fitting(History(shop, day), names)
    features = [feature for feature in known if family_of(feature.name).name != LEVEL]
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
        table = shop.supplied.get(family_of(feature.name).name)
        return table is not None and feature.name in table.values
    return (
        isinstance(feature, Aggregate)
        and shop.has(feature.source.table)
        and shop.has(feature.source.table, feature.needs)
    )


def _register(family: Family, code: str | None) -> None:
    others = {name: other for name, other in families().items() if name != family.name}
    failures = failures_of_family(family, others.values())
    if family.name in _own():
        failures.append(f"{family.name}: is the name of a family of churnml's own. Choose another name.")
    if failures:
        raise ConfigError(failures)
    _registered[family.name] = family
    _code.pop(family.name, None)
    if code is not None:
        _code[family.name] = code
    _forget()


def _forget() -> None:
    _owners.cache_clear()
    _features.cache_clear()


@cache
def _own() -> dict[str, Family]:
    modules = sorted(info.name for info in pkgutil.iter_modules(families_package.__path__))
    found = [importlib.import_module(f"{families_package.__name__}.{name}").FAMILY for name in modules]
    return {family.name: family for family in found}


@cache
def _features() -> dict[str, Feature]:
    return {feature.name: feature for family in families().values() for feature in family.features}


@cache
def _owners() -> dict[str, Family]:
    return {feature.name: family for family in families().values() for feature in family.features}


def _imported(name: str) -> ModuleType:
    if not name.endswith(".py"):
        return importlib.import_module(name)
    path = Path(name)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise ConfigError(f"features.plugins: {name}: there is no such file. Correct the path.")
    module = importlib.util.module_from_spec(spec)
    # Known by name, so that other processes can be sent what it declares.
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _declared(module: Any) -> list[Family]:
    found = [getattr(module, "FAMILY", None), *getattr(module, "FAMILIES", ())]
    return [family for family in found if isinstance(family, Family)]


def _hash_of(module: ModuleType) -> str | None:
    path = getattr(module, "__file__", None)
    return None if path is None else hashlib.sha256(Path(path).read_bytes()).hexdigest()
