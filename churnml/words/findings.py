"""Findings of a training in sentences: what the gate says, and which level is assumed; from codes and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal

from churnml.days import parse_day
from churnml.words import Language, capitalised, words
from churnml.words.names import name_of
from churnml.words.numbers import number_writer


def say_verdict(verdict: Mapping[str, Any], language: Language) -> str:
    """Write the verdict of the gate as a sentence.

    Parameters
    ----------
    verdict : mapping of str to object
        Fields of `churnml.training.judge.gate.Verdict`, as a card holds them; without ``because``, as in cards of
        version 0.1, its own English sentence is taken.
    language : str
        Language of the sentence.

    Examples
    --------
    >>> say_verdict({"because": "beats both", "chosen": "lightgbm"}, "en")
    'LightGBM beats chance and the recency rule; the list uses it.'
    """
    if "because" not in verdict:
        return str(verdict.get("sentence") or "")
    t: Mapping[str, str] = words(language)["card"]
    sentences = [t[verdict["because"]].format(candidate=name_of("candidate", verdict["chosen"], language))]
    told = verdict.get("simple_auroc") or {}
    if told:
        one = "recency" if len(told) == 1 else "both"
        how = "too little" if verdict.get("simple_tells") else "none"
        listed = t["and"].join(
            t[f"auroc of {name}"].format(auroc=_decimal(auroc, 2, language)) for name, auroc in told.items()
        )
        sentences.append(t[f"signal of {one}: {how}"].format(listed=listed))
    if not verdict.get("replaces", True):
        sentences.append(t["champion stays"].format(loss=_decimal(verdict["against_champion"], 4, language)))
    return " ".join(capitalised(sentence, language) for sentence in sentences)


def say_level(level: Mapping[str, Any], language: Language) -> str:
    """Write as a sentence which share of customers is assumed to leave, and why.

    Parameters
    ----------
    level : mapping of str to object
        Fields of `churnml.training.judge.level.Level`, as a card holds them; where they name no days, as in cards of
        version 0.1, its own English sentence is taken.
    language : str
        Language of the sentence.
    """
    if "day" not in level:
        return str(level.get("sentence") or "")
    t: Mapping[str, str] = words(language)["card"]
    share = number_writer("share", language)
    shares = {
        name: share(level[name]) for name in ("last_year", "newest", "rate", "low", "high") if level[name] is not None
    }
    days = {
        name: format_date(parse_day(level[name]), format="medium", locale=language)
        for name in ("day", "newest_day", "last_year_day")
        if level[name]
    }
    parts = ["level", *["level last year"] * (level["last_year"] is not None)]
    parts.append("tested" if level["tested_forward"] else "not tested")
    return "".join(t[part] for part in parts).format(**shares, **days)


def _decimal(number: float, digits: int, language: Language) -> str:
    return str(format_decimal(number, "0." + "0" * digits, locale=language))
