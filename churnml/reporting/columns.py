"""What the columns of ranking and work list are called and mean, and what their codes are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from churnml.words import Language, words

Kind = Literal["text", "share", "money", "day", "count", "flag"]


@dataclass(frozen=True)
class Column:
    """A column in the words of one language.

    Attributes
    ----------
    name : str
        Name in the files for machines.
    kind : {'text', 'share', 'money', 'day', 'count', 'flag'}
        Kind of the values, which says how they are written.
    codes : str or None
        Kind of code that the column holds, for `churnml.words.names.name_of`; None where its values stand for
        themselves.
    title, meaning : str
        Title in the files for people, and what the column tells them.
    """

    name: str
    kind: Kind
    codes: str | None
    title: str
    meaning: str


def column(name: str, language: Language) -> Column:
    """Describe a column; one that churnml does not know is carried from the shop's customers.

    Examples
    --------
    >>> column("value_at_risk", "tr").title
    'Risk altındaki değer'
    >>> column("shop_region", "en").title
    'Shop region'
    >>> column("email", "de").title
    'E-Mail'
    """
    if is_carried(name):
        t = words(language)["carried"]
        title = t["titles"].get(name, name.replace("_", " ").capitalize())
        return Column(name, "text", None, title, t["meaning"])
    kind, codes = _COLUMNS[name]
    said = words(language)["columns"][name]
    return Column(name, kind, codes, said["title"], said["meaning"])


def is_carried(name: str) -> bool:
    """Check whether a column is one of the shop's customers that lists carry, and none of churnml's own."""
    return name not in _COLUMNS


def columns(language: Language) -> dict[str, Column]:
    """Describe every column that churnml knows, by name, in the order of a work list."""
    return {name: column(name, language) for name in _COLUMNS}


def names_in(language: Language) -> dict[str, dict[str, str]]:
    """Return the names of all codes in a language, by kind and code; ``column`` holds the columns' titles."""
    return {"column": {name: each.title for name, each in columns(language).items()}, **words(language)["codes"]}


_COLUMNS: Mapping[str, tuple[Kind, str | None]] = {
    "list_rank": ("count", None),
    "customer_id": ("text", None),
    "churn_probability": ("share", None),
    "risk_band": ("text", "risk_band"),
    "value_at_risk": ("money", None),
    "play": ("text", None),
    "reason_1": ("text", None),
    "reason_2": ("text", None),
    "reason_3": ("text", None),
    "contact_by": ("day", None),
    "change": ("text", "change"),
    "segment": ("text", "segment"),
    "lifecycle_stage": ("text", "lifecycle_stage"),
    "last_order_at": ("day", None),
    "expected_profit": ("money", None),
    "uplift": ("share", None),
    "contactable": ("flag", "flag"),
    "play_rule": ("text", None),
    "risk_rank": ("count", None),
    "reason_1_concept": ("text", "concept"),
    "reason_2_concept": ("text", "concept"),
    "reason_3_concept": ("text", "concept"),
    "holdout": ("flag", "flag"),
    "arm_until": ("day", None),
    "against": ("text", "excluded"),
    "place": ("count", None),
    "entered_on": ("day", None),
    "group": ("text", "group"),
    "usually_buys": ("text", None),
    "goes_with": ("text", None),
    "snapshot_date": ("day", None),
    "measure_on": ("day", None),
    "model_version": ("text", None),
    "owner": ("text", None),
    "contacted_on": ("day", None),
    "outcome": ("text", "outcome"),
    "note": ("text", None),
    "cost": ("money", None),
    "lists": ("text", None),
    "list": ("text", "list"),
    "expected_value": ("money", None),
    "return_value": ("money", None),
    "days_open": ("count", None),
    "opened_on": ("day", None),
    "complaints_open": ("count", None),
    "complaint_id": ("text", None),
    "order_id": ("text", None),
    "topic": ("text", None),
    "severity": ("text", None),
    "milestone": ("text", "milestone"),
    "milestone_on": ("day", None),
    "milestone_number": ("count", None),
    "milestone_tier": ("text", None),
}
