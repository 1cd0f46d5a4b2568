"""Public names of a package that are imported when they are first used, so that importing the package stays fast."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazily(
    package: str, homes: Mapping[str, str], moved: Mapping[str, str] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Make a package's ``__getattr__`` and ``__dir__`` (PEP 562).

    Parameters
    ----------
    package : str
        Name of the package.
    homes : mapping of str to str
        Module of each public name.
    moved : mapping of str to str, optional
        Replacement of each name that was public once.
    """

    def get(name: str) -> Any:
        if name not in homes:
            told = f". {moved[name]}" if moved and name in moved else ""
            raise AttributeError(f"module {package!r} has no attribute {name!r}{told}")
        value = getattr(importlib.import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def names() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return get, names
