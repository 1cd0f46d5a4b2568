"""Plug-ins: modules of a shop that declare families of their own."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

from churnml.data.shop import Shop
from churnml.errors import ConfigError
from churnml.features.family import Family
from churnml.features.family_catalogue import code_of, own


def load_plugins(names: Iterable[str]) -> list[Family]:
    """Import the families of modules: of each the name ``FAMILY``, or all of ``FAMILIES``.

    Parameters
    ----------
    names : iterable of str
        Names of modules that can be imported, such as ``my_shop.features``, or paths of Python files.

    Raises
    ------
    ConfigError
        With every module that cannot be used, and why, and everything in their declarations that breaks a law.
    """
    failures: list[str] = []
    families: list[Family] = []
    for name in names:
        try:
            declared = _declared(_imported(name))
        except ConfigError as error:
            failures += error.failures
        except Exception as error:  # whatever a user's module raises while it is imported
            failures.append(f"features.plugins: {name} cannot be imported ({error!r}). Correct the module or its name.")
        else:
            families += declared
            if not declared:
                failures.append(f"features.plugins: {name} has no FAMILY and no FAMILIES. Declare one.")
    try:
        own().with_families(families)
    except ConfigError as error:
        failures += error.failures
    if failures:
        raise ConfigError(failures)
    return families


def with_plugins(shop: Shop, names: Iterable[str]) -> Shop:
    """Return a shop that has the families of modules too; one that has them already is given as it is.

    Raises
    ------
    ConfigError
        See ``load_plugins``.
    """
    known = {(family.name, family.code) for family in shop.families}
    new = [family for family in load_plugins(names) if (family.name, family.code) not in known]
    return shop.with_family(*new) if new else shop


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


def _declared(module: ModuleType) -> list[Family]:
    found = [getattr(module, "FAMILY", None), *getattr(module, "FAMILIES", ())]
    return [replace(family, code=code_of(module)) for family in found if isinstance(family, Family)]
