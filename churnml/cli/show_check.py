"""Printing a check as a checklist: what is there and what it opens up, then what is missing and would add."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from churnml.cli.say import say
from churnml.words import for_count, words

if TYPE_CHECKING:
    from churnml.features.checklist import Item

_SHOWN = 10
_GOOD, _BAD, _MISSING = "[x]", "[!]", "[ ]"


def print_check(items: Sequence[Item], notes: Sequence[str], language: str) -> None:
    """Print the tables that are there, those that are missing, and what is tolerated."""
    said = words(language)["checklist"]
    missing = [item for item in items if not item.is_there]
    say(said["legend"], "")
    for item in (item for item in items if item.is_there):
        rows = for_count(said["rows"], item.rows or 0, language).format(n=f"{item.rows or 0:,}")
        say(f"{_BAD if item.failed else _GOOD} {item.table:<14} {rows}")
        say(*(f"      {line}" for line in _lines(item, said, language)))
    if missing:
        say("", f"{said['missing']}:")
        say(*(f"{_MISSING} {item.table:<14} {_would_bring(item, said, language)}" for item in missing))
    if notes:
        say("", f"{said['noticed']}:", *(f"  {note}" for note in notes))
    say("")


def _lines(item: Item, said: Any, language: str) -> Iterator[str]:
    for name, rows in list(item.files.items())[:_SHOWN]:
        yield said["in_file"].format(rows=f"{rows:,}", file=name)
    if len(item.files) > _SHOWN:
        rest = list(item.files.values())[_SHOWN:]
        yield said["more_files"].format(rows=f"{sum(rest):,}", n=f"{len(rest):,}")
    for key in ("columns", "kept", "unused"):
        if names := getattr(item, key):
            yield said["read" if key == "columns" else key].format(names=", ".join(names))
    yield said["brings"].format(what=said["tables"][item.table])
    if item.opened.concepts:
        yield _reasons(item, said, language)
    if item.opened.features:
        yield said["features"].format(n=item.opened.features, families=", ".join(item.opened.families))
    if item.adds:
        more = [
            for_count(said["more"], count, language).format(column=name, n=count) for name, count in item.adds.items()
        ]
        yield said["with_more"].format(names=", ".join(more))


def _would_bring(item: Item, said: Any, language: str) -> str:
    """Say in one line what a table would bring: what people see first, and how much a model learns from at last."""
    parts = [said["tables"][item.table]]
    if item.opened.concepts:
        parts.append(_reasons(item, said, language))
    if item.opened.features:
        parts.append(for_count(said["count"], item.opened.features, language).format(n=item.opened.features))
    return "; ".join(parts)


def _reasons(item: Item, said: Any, language: str) -> str:
    titles = words(language)["codes"]["concept"]
    text: str = said["reasons"].format(names=", ".join(titles[name] for name in item.opened.concepts))
    return text
