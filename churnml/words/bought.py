"""Sentences on what a customer usually buys and what goes with it, and on how good a guess that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from churnml.words import Language, words
from churnml.words.numbers import write_decimal, write_percent


def say_bought(usually_buys: str | None, goes_with: str | None, *, is_popular: bool, language: Language) -> str:
    """Write what a message can name.

    Parameters
    ----------
    usually_buys, goes_with : str or None
        What the customer usually buys, and what goes with it; None where it is not known.
    is_popular : bool
        Whether the second is merely popular in the shop.
    language : str
        Language of the sentences.

    Returns
    -------
    str
        A sentence for each; empty where nothing is known.

    Examples
    --------
    >>> say_bought("tea", "cup", is_popular=False, language="en")
    'Usually buys: tea. Others who buy the same also buy: cup.'
    >>> say_bought(None, None, is_popular=True, language="en")
    ''
    """
    t = words(language)["bought"]
    known = {"usually": usually_buys, "popular" if is_popular else "goes_with": goes_with}
    return " ".join(t[name].format(item=item) for name, item in known.items() if item is not None)


def say_guesses(judged: Mapping[str, Any] | None, language: Language) -> list[str]:
    """Write how often the next order held what was named.

    Parameters
    ----------
    judged : mapping of str to object or None
        ``usually_buys`` and ``goes_with`` with their figures, as in ``Association.to_json``; None says nothing.
    language : str
        Language of the sentences.
    """
    t = words(language)["bought"]
    if judged is None:
        return []
    said = []
    for name in ("usually_buys", "goes_with"):
        figures = judged[name]
        if not figures["customers"]:
            said.append(t[f"{name}_unknown"])
            continue
        shares = {
            key: write_percent(figures[key] / figures["customers"], language, 1) for key in ("hits", "popular_hits")
        }
        low, high = (write_decimal(100 * figures[end], 1, language, signed=True) for end in ("low", "high"))
        customers = write_decimal(figures["customers"], 0, language)
        text = t[f"{name}_{'better' if figures['is_better'] else 'no_better'}"]
        said.append(text.format(customers=customers, low=low, high=high, **shares))
    return said
