"""Findings of a training in sentences: what the gate and the data gate say, and which level is assumed; from codes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from babel.dates import format_date

from churnml.words import Language, capitalised, for_count, words
from churnml.words.names import name_of
from churnml.words.numbers import number_writer, write_decimal, write_percent

if TYPE_CHECKING:
    from churnml.models.card import LearningPart, LevelPart, ListedPart, ValuePart, VerdictPart
    from churnml.models.finding import Finding

_ONE_SIDED = 1.645
_LITTLE = 0.05

APART = "apart"
"""Name of the gate, and the beginning of those of folds, where customers are kept apart."""


def say_verdict(verdict: VerdictPart, language: Language, champion_ahead: float | None = None) -> str:
    """Write the verdict of the gate as a sentence.

    Parameters
    ----------
    verdict : VerdictPart
        Verdict of a card; without codes, as in cards of version 0.1, its own English sentence is taken.
    language : str
        Language of the sentence.
    champion_ahead : float, optional
        Shape loss by which the champion's recipe is better, where the champion stays for it; None where it does not
        stay, or there is none.

    Examples
    --------
    >>> from churnml.models.card import VerdictPart
    >>> loss = dict.fromkeys(["against_chance", "against_chance_error", "against_rule", "against_rule_error"], 0.0)
    >>> verdict = VerdictPart(decision="model", because="beats both", chosen="lightgbm", skill=5.0, **loss)
    >>> say_verdict(verdict, "en")
    'LightGBM beats chance and the recency rule; the list uses it.'
    """
    if verdict.because is None:
        return verdict.said or ""
    t: Mapping[str, str] = words(language)["card"]
    sentences = [t[verdict.because].format(candidate=name_of("candidate", verdict.chosen, language))]
    told = verdict.simple_auroc
    if told:
        one = "recency" if len(told) == 1 else "both"
        how = "too little" if verdict.simple_tells else "none"
        listed = t["and"].join(
            t[f"auroc of {name}"].format(auroc=write_decimal(auroc, 2, language)) for name, auroc in told.items()
        )
        sentences.append(t[f"signal of {one}: {how}"].format(listed=listed))
    if champion_ahead is not None:
        sentences.append(t["champion stays"].format(loss=write_decimal(champion_ahead, 4, language)))
    return " ".join(capitalised(sentence, language) for sentence in sentences)


def say_level(level: LevelPart, language: Language) -> str:
    """Write as a sentence which share of customers is assumed to leave, and why.

    Parameters
    ----------
    level : LevelPart
        Level of a card; where it names no days, as in early cards of version 0.1, its own English sentence is taken.
    language : str
        Language of the sentence.
    """
    if level.day is None or level.newest_day is None:
        return level.said or ""
    t: Mapping[str, str] = words(language)["card"]
    share = number_writer("share", language)
    shares = {name: getattr(level, name) for name in ("newest", "rate", "low", "high", "coverage")}
    days = {"day": level.day, "newest_day": level.newest_day}
    parts = ["level"]
    if level.last_year is not None and level.last_year_day is not None:
        shares["last_year"], days["last_year_day"] = level.last_year, level.last_year_day
        parts.append("level last year")
    if level.partial is not None and level.partial_usual is not None and level.partial_day is not None:
        shares |= {"partial": level.partial, "partial_usual": level.partial_usual}
        days["partial_day"] = level.partial_day
        parts.append("level partial")
    parts.append("tested" if level.tested_forward else "not tested")
    return "".join(t[part] for part in parts).format(
        **{name: share(value) for name, value in shares.items()},
        **{name: _day(day, language) for name, day in days.items()},
        partial_days=level.partial_days,
    )


def say_listed(listed: ListedPart, language: Language) -> str:
    """Write what was done to rows of customers who entered a campaign.

    Examples
    --------
    >>> from churnml.models.card import ListedPart
    >>> counts = {"listed": 80, "held_out": 9, "treated_held_out": 0, "cut": 0}
    >>> say_listed(ListedPart(how="drop", **counts, as_they_ran=()), "en")[-66:]
    'left out, and nobody stands for them; 9 rows are of held-out ones.'
    """
    t: Mapping[str, str] = words(language)["trained_under_lists"]
    whole = number_writer("number", language, form="number")
    counts = {name: whole(getattr(listed, name)) for name in ("listed", "held_out", "treated_held_out", "cut")}
    said = t[listed.how].format(**counts)
    return said + (t["as they ran"].format(days=", ".join(listed.as_they_ran)) if listed.as_they_ran else "")


def say_learning(learning: LearningPart, language: Language) -> str:
    """Write as a sentence whether more customers would help.

    They would hardly where, beyond chance (one-sided 95 %), half of the customers lose less than 5 % of what is gained
    over chance; else they would where half lose anything, beyond chance.

    Parameters
    ----------
    learning : LearningPart
        Learning curve of a card.
    language : str
        Language of the sentence.

    Examples
    --------
    >>> from churnml.models.card import LearningPart
    >>> sizes = {"rows": 9000, "customers": 3000, "half_rows": 4400, "half_customers": 1500}
    >>> learning = LearningPart(**sizes, shape_loss=0.5, gained=0.1, behind=0.012, behind_error=0.002)
    >>> say_learning(learning, "en")
    'Learnt from 1,500 of 3,000 customers, the shape loss is +0.0120 (± 0.0020): more customers would help.'
    """
    t: Mapping[str, str] = words(language)["card"]
    whole, noise = number_writer("number", language, form="number"), _ONE_SIDED * learning.behind_error
    if learning.behind + noise < _LITTLE * learning.gained:
        key = "more would hardly help"
    else:
        key = "more would help" if learning.behind > noise else "more may help"
    return t["learning"].format(
        half=whole(learning.half_customers),
        customers=whole(learning.customers),
        behind=write_decimal(learning.behind, 4, language, signed=True),
        error=write_decimal(learning.behind_error, 4, language),
        finding=t[key],
    )


def say_value(value: ValuePart | None, language: Language) -> str:
    """Write as a sentence what the value of a customer rests on.

    Parameters
    ----------
    value : ValuePart or None
        Value of a card; None where a simple rule tells it.
    language : str
        Language of the sentence.

    Examples
    --------
    >>> say_value(None, "en")[:30]
    'A simple rule tells the value:'
    """
    t: Mapping[str, str] = words(language)["card"]
    if value is None:
        return t["value rule"]
    share, count = number_writer("share", language), number_writer("number", language, form="number")
    parts = ["value"]
    if value.value_days != value.days:
        parts.append("value carried" if value.ratio_known else "value carried on")
    if value.growth != 1:
        parts.append("value growth")
    if value.left is not None:
        parts.append("value left")
    return "".join(t[part] for part in parts).format(
        value_days=value.value_days,
        days=value.days,
        candidate=name_of("value_candidate", value.candidate, language),
        rows=count(value.rows),
        ratio=write_decimal(value.ratio, 2, language),
        growth=write_decimal(value.growth, 2, language),
        came_back=share(value.came_back),
        share=share(value.left_to_stayed),
    )


def say_finding(finding: Finding, language: Language) -> str:
    """Say what the data gate found, and what to do where it is not in order.

    Parameters
    ----------
    finding : Finding
        Finding of a card; in cards of before format 5, its own English sentence is taken.
    language : str
        Language of the sentence.

    Examples
    --------
    >>> from churnml.models.finding import Finding
    >>> say_finding(Finding(grade="pass", name="kept", number=936, bound=500), "en")
    '936 times customers stayed after a snapshot; at least 500 are wanted.'
    """
    if finding.said is not None:
        return finding.said
    t: Mapping[str, Any] = words(language)["findings"][finding.name]
    count = finding.count if finding.count is not None else finding.number
    values = {"number": finding.number, "bound": finding.bound, "count": count, **finding.details}
    key = "found" if finding.grade != "pass" else "passed"
    if not finding.details and "unknown" in t:
        key = "unknown"
    stated = t.get(key, t["found"])
    stated = for_count(stated, count, language)
    examples = "; ".join(t["example"].format(**_written(one, language)) for one in finding.examples)
    sentence = stated.format(**_written(values, language), examples=examples)
    if finding.grade in ("pass", "unknown"):
        return sentence
    remedy = words(language)["monitor"]["do"][finding.do] if finding.do else t.get("remedy")
    return f"{sentence} {remedy or words(language)['card']['more data']}"


def say_horizon(because: str, numbers: Mapping[str, float], language: Language) -> str:
    """Say why a horizon is recommended, or why none is.

    Parameters
    ----------
    because : str
        Code of the reason; see `churnml.analytics.horizon.HorizonAdvice`.
    numbers : mapping of str to float
        Numbers of the reason by name; ``share``, ``rule`` and ``within`` are shares.
    language : str
        Language of the sentence.

    Examples
    --------
    >>> say_horizon("nobody twice", {}, "en")
    'Nobody ordered twice, so the gaps tell nothing. Bring more history.'
    """
    plain = number_writer("number", language, form="number")
    written = {
        name: write_percent(number, language) if name in ("share", "rule", "within") else plain(number)
        for name, number in numbers.items()
    }
    return for_count(words(language)["horizon"][because], numbers.get("snapshots", 0), language).format(**written)


def say_fold(name: str, language: Language) -> str:
    """Name a fold or the gate of a card: a day stays as it is, customers kept apart are told by their part.

    Parameters
    ----------
    name : str
        Name in the card: a day, ``apart`` for all parts together, or ``apart 1/4`` for the first of four.
    language : str
        Language of the name.

    Examples
    --------
    >>> say_fold("2025-03-01", "en"), say_fold("apart", "en"), say_fold("apart 2/4", "en")
    ('2025-03-01', 'customers kept apart', 'customers, part 2 of 4')
    """
    t: Mapping[str, str] = words(language)["card"]
    if name == APART:
        return t["apart"]
    part = re.fullmatch(rf"{APART} (\d+(?:\+\d+)*)/(\d+)", name)
    return t["apart part"].format(part=t["and"].join(part[1].split("+")), of=part[2]) if part else name


def _written(values: Mapping[str, int | float | str], language: Language) -> dict[str, str]:
    """Write values by what their names say they are."""
    plain, share = number_writer("number", language, form="number"), number_writer("share", language)
    written = {}
    for name, value in values.items():
        if isinstance(value, str):
            is_day = name == "day" or name.endswith("_day")
            written[name] = _day(date.fromisoformat(value), language) if is_day else value
        elif name.endswith("auroc"):
            written[name] = write_decimal(value, 2, language)
        else:
            written[name] = (share if name == "share" or name.endswith("_share") else plain)(value)
    return written


def _day(day: date, language: Language) -> str:
    return str(format_date(day, format="medium", locale=language))
