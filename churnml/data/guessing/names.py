"""What the names of tables and columns mean, by a file of words in English, German and Turkish."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unicodedata import normalize

import yaml

from churnml.data.contract import plain_name

Meanings = frozenset[str]
# Longer ones first.
_ENDINGS = (
    *("lerinin", "larinin", "lerin", "larin", "leri", "lari", "innen", "ler", "lar", "nin", "nun", "den", "dan", "lik"),
    *("luk", "ern", "ing", "es", "ed", "en", "er", "em", "si", "su", "in", "un", "ye", "ya", "de", "da", "li", "lu"),
    *("s", "d", "e", "n", "a", "i", "u"),
)
_LINKS = ("", "s", "es", "n", "en", "e", "er")
_SHORTEST = 3
_NOISE = frozenset({"noise"})
_FOREIGN, _UNKNOWN, _BY_SUBJECT, _NET, _WEAKLY = 0.35, 0.12, 0.95, 0.5, 0.85


@cache
def _file() -> Mapping[str, Any]:
    loaded: Mapping[str, Any] = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text(encoding="utf-8"))
    return loaded


@cache
def _words() -> Mapping[str, Meanings]:
    """Return what each word means; some mean several things."""
    meanings: dict[str, set[str]] = {}
    for meaning, words in _file()["words"].items():
        for word in words:
            if " " not in word:
                meanings.setdefault(_folded(word), set()).add(meaning)
    return {word: frozenset(of) for word, of in meanings.items()}


def _folded(text: str) -> str:
    """Write a word without capitals and signs on letters.

    Examples
    --------
    >>> _folded("Sipariş"), _folded("Käufer"), _folded("KAEUFER"), _folded("İADE")
    ('siparis', 'kaufer', 'kaufer', 'iade')
    """
    text = text.replace("İ", "i").replace("I", "i").replace("ı", "i").replace("ß", "ss").lower()
    text = "".join(sign for sign in normalize("NFKD", text) if not "\u0300" <= sign <= "\u036f")
    return text.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def tokens(name: str) -> list[str]:
    """Divide a name into words.

    Examples
    --------
    >>> tokens("OrderDate"), tokens("Sipariş No."), tokens("customerID")
    (['order', 'date'], ['siparis', 'no'], ['customer', 'id'])
    >>> tokens("Number of Items")
    ['quantity', 'items']
    """
    apart = re.sub(r"(?<=[a-zçğıöşüäß])(?=[A-ZÇĞİÖŞÜÄ])|(?<=[A-ZÇĞİÖŞÜÄ])(?=[A-ZÇĞİÖŞÜÄ][a-zçğıöşüäß])", " ", name)
    parts = [_folded(part) for part in re.split(r"[\W_]+", apart) if part and not part.isdigit()]
    together = " ".join(parts)
    for regex, meaning in _phrases():
        together = regex.sub(meaning, together)
    return together.split()


@cache
def _phrases() -> list[tuple[re.Pattern[str], str]]:
    """Return expressions of the phrases, and a word for what they mean."""
    phrases = {phrase: meaning for meaning, of in _file()["phrases"].items() for phrase in of}
    words = {meaning: next(iter(_file()["words"][meaning])) for meaning in phrases.values()}
    return [(re.compile(rf"\b{_folded(phrase)}\b"), words[meaning]) for phrase, meaning in phrases.items()]


@cache
def meanings_of(name: str) -> tuple[Meanings, ...]:
    """Return what each word of a name means; nothing for a word that is not known."""
    found = (meanings for token in tokens(name) for meanings in _meanings(token))
    return tuple(meanings for meanings in found if meanings != _NOISE)


def _meanings(token: str) -> list[Meanings]:
    if (whole := _whole(token)) is not None:
        return [whole]
    return _divided(token) or [frozenset()]


def _whole(token: str) -> Meanings | None:
    """Return what a word means, with or without an ending."""
    words = _words()
    if token in words:
        return words[token]
    for ending in _ENDINGS:
        stem = token.removesuffix(ending)
        if stem != token and len(stem) >= _SHORTEST and stem in words:
            return words[stem]
    return None


@cache
def _divided(token: str) -> list[Meanings] | None:
    """Divide a compound into known words, the longest first; None where that leaves something."""
    words = _words()
    for end in range(len(token) - 2, _SHORTEST - 1, -1):
        if token[:end] not in words:
            continue
        for link in _LINKS:
            if token[end:].startswith(link) and (rest := token[end + len(link) :]):
                found = [_whole(rest)] if len(rest) > 1 and _whole(rest) is not None else _divided(rest)
                if found:
                    return [words[token[:end]], *(part for part in found if part is not None)]
    return None


def table_score(name: str, table: str) -> float:
    """Say how well a name fits a table, from 0 to 1."""
    if plain_name(name) == table:
        return 1.0
    target = _file()["tables"][table]
    return max(_fit(meanings_of(name), says, target["also"], []) for says in target["says"])


def column_score(name: str, table: str, column: str) -> float:
    """Say how well a name fits a column of a table, from 0 to 1."""
    if plain_name(name) == column:
        return 1.0
    subject = _file()["tables"][table]["subject"]
    tables = _file()["tables"]  # lines of orders have columns of order_items too
    target = tables[table]["columns"].get(column) or tables["order_items"]["columns"][column]
    meanings = meanings_of(name)
    spelled = [_fit(meanings, says, [*target["also"], *subject], []) for says in target.get("spelled", [])]
    weakly = [_WEAKLY * _fit(meanings, says, target["also"], subject) for says in target.get("weakly", [])]
    return max(*spelled, *weakly, *(_fit(meanings, says, target["also"], subject) for says in target["says"]), 0.0)


def _said(meanings: Sequence[Meanings], says: Sequence[str]) -> list[str]:
    """Return what is said, each by a word of its own."""
    if not says:
        return []
    first, *rest = says
    without = [_said(meanings, rest)]
    options = [
        [first, *_said([*meanings[:place], *meanings[place + 1 :]], rest)]
        for place, of in enumerate(meanings)
        if first in of
    ]
    return max([*options, *without], key=len)


def _fit(meanings: Collection[Meanings], says: list[str], also: list[str], subject: list[str]) -> float:
    said = _said(list(meanings), says)
    by_subject = [word for word in says if word not in said and word in subject]
    if len(said) + len(by_subject) < len(says) or not said:
        return 0.0
    allowed = {*says, *also, *subject}
    # Before or after taxes, an amount is one.
    foreign = sum(_NET if of == {"net"} else 1 for of in meanings if of and of.isdisjoint(allowed))
    unknown = sum(not of for of in meanings)
    # What goes without saying is not said of another thing.
    worth = _BY_SUBJECT - 2 * _FOREIGN * foreign if by_subject else 1.0 - _FOREIGN * foreign
    return max(0.0, worth - _UNKNOWN * unknown)
