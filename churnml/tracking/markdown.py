"""Markdown for people: paragraphs, lists of facts and tables from plain values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from churnml.printable import printable

# What makes an element, an entity, a link, an address that becomes one, code, emphasis, a line of a table, or a head,
# list or rule at the start of a line. An underscore within a word, as codes have it, makes nothing.
_ACTS = re.compile(
    r"[&<>\[\]`*~|\\]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?i:(?<=www))\.|@|^[#=]|^[+-](?=[\s-]|$)|(?<=^\d)[.)](?=\s)"
)


def paragraphs(parts: Iterable[str | None]) -> str:
    """Join the parts that are not empty by empty lines."""
    return "\n\n".join(part for part in parts if part)


def facts(values: Mapping[str, Any]) -> str:
    """Write a list of names and values."""
    return "\n".join(f"- {said(words(key))}: {said(value)}" for key, value in values.items())


def table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Write a table; nothing without rows."""
    if not rows:
        return ""
    lines = [list(names), ["---"] * len(names), *([said(value) for value in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def words(name: str) -> str:
    """Write a name in words."""
    return name.replace("_", " ").replace("10pct", "10 %")


def percent(share: float | None) -> str:
    """Write a share as a percentage."""
    return said(None) if share is None else f"{share:.1%}"


def said(value: Any) -> str:
    r"""Write a value for people; text is one line of text, whatever it holds.

    Examples
    --------
    >>> said("[a](http://b)\n# <c>"), said("no_order"), said([0.25, None])
    ('&#91;a&#93;(http&#58;//b) # &#60;c&#62;', 'no_order', '0.25, not known')
    """
    if value is None or (isinstance(value, float) and not np.isfinite(value)):
        return "not known"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{said(words(str(key)))} {said(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(map(said, value)) or "none"
    # No backslashes: they act in some places and by some programs only. A number of a character acts nowhere.
    return _ACTS.sub(lambda found: f"&#{ord(found[0])};", printable(" ".join(str(value).split())))
