"""What the data gate or monitoring found, in codes and numbers; ``churnml.words.findings`` says it in a language."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from churnml.models.part import Number, Part, is_none

Grade = Literal["pass", "warn", "fail", "unknown"]
AskedOfData = Literal[
    "snapshots", "churned", "kept", "eligible", "missing", "history", "stale", "last day", "gaps", "jumps", "odd weeks"
]
"""What the data gate looks at."""
AskedInService = Literal[
    "feed",
    "amounts",
    "nulls",
    "late",
    "keys",
    "values",
    "ahead",
    "skill",
    "auroc",
    "level",
    "relation",
    "drift",
    "predictions",
    "domain",
]
"""What monitoring looks at."""
Asked = Literal[AskedOfData, AskedInService]


def _is_empty(value: object) -> bool:
    return value == ""


class Finding(Part):
    """One question that the data gate or monitoring asked; ``churnml.words.findings.say_finding`` says it.

    Attributes
    ----------
    grade : {'pass', 'warn', 'fail', 'unknown'}
        Grade of the answer; ``unknown`` where it cannot be told yet.
    name : str
        Name of what was looked at.
    number, bound : float
        Number that was found, and the bound from which on it is in order, in the unit that the sentence names.
    count : int or None
        Number of cases like it, where ``number`` is that of the worst; None where there is one number only.
    details : dict of str to float or str
        Further values of the sentence, by name; days are ISO text.
    examples : tuple of dict of str to float or str
        Values of the worst cases, by name.
    said : str or None
        English sentence of a card of before format 5, which has no codes; None in others.
    false_alarms_per_year : float or None
        Number of times a year that this alarm would have been raised in the past; None where that is not known.
    do : str
        Code of what to do, where monitoring advises something; empty for the data gate's own advice.
    """

    grade: Grade
    name: Asked
    number: Number
    bound: Number
    count: int | None = None
    details: dict[str, Number | str] = Field(default_factory=dict)
    examples: tuple[dict[str, Number | str], ...] = ()
    said: str | None = Field(None, exclude_if=is_none)
    false_alarms_per_year: float | None = Field(None, exclude_if=is_none)
    do: str = Field("", exclude_if=_is_empty)
