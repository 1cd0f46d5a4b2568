"""Plays: what to do for whom, by rules that a shop can read and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import yaml
from pydantic import Field, ValidationError

from churnml.campaigns.team import SAVE
from churnml.config import json_schema
from churnml.definition import failures_of
from churnml.errors import ConfigError
from churnml.features.family_catalogue import Catalogue, catalogue
from churnml.scoring.declared_lists import DeclaredList, wrong_lists
from churnml.scoring.rules import Part, When, places, told_by, wrong_in
from churnml.words import Language, words
from churnml.yaml_file import read_yaml

OPEN_COMPLAINTS = "complaints_open"
"""Feature that tells who has an open complaint."""
_PARTS = ("title", "wording", "owner")
_WIDTH = 120
_HERE = Path(__file__).parents[1]
_OWN = (_HERE / "configs" / "plays.yaml", _HERE.parent / "configs" / "plays.yaml")  # installed, and in a checkout


Text = (
    Annotated[str, Field(min_length=1)] | Annotated[dict[str, Annotated[str, Field(min_length=1)]], Field(min_length=1)]
)
"""Words of one's own: a text for all languages, or texts by language, of which one serves where another is missing."""


ListName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]


class DeclaredPlay(Part):
    """What one does for a customer."""

    title: Text | None = Field(None, description="What people call it; without it, churnml's words for its name.")
    wording: Text | None = Field(None, description="What to do, for the person who contacts; likewise.")
    owner: Text | None = Field(None, description="Who does it; likewise.")
    cost: float = Field(ge=0, description="Cost of the contact, in the shop's currency.")
    offer: float = Field(ge=0, description="Cost of the offer, in the shop's currency.")
    cool_down_days: int = Field(ge=0, description="Days after a message in which nobody is contacted again.")
    names_items: bool = Field(
        False, description="true: the wording goes on with what the customer usually buys, and what goes with it."
    )
    contact: bool = Field(True, description="false: nobody is contacted, so nobody with this play is on the work list.")


class Rule(Part):
    """A play for the customers of whom the conditions hold; the first such rule decides."""

    name: Text = Field(description="Its name, unlike that of all others; one that churnml knows is told in its words.")
    when: When = Field(When(), description="Its conditions; the last rule has none.")
    play: str = Field(description="The play, by its name above.")

    @property
    def code(self) -> str:
        """What the column ``play_rule`` holds: the name as it is written, of a map the English or the first one."""
        return _told(self.name, None, "en")


class PlaysFile(Part):
    """What to do for whom, and which lists are made."""

    plays: dict[str, DeclaredPlay] = Field(min_length=1, description="Plays by name.")
    rules: list[Rule] = Field(min_length=1, description="Rules, from top to bottom.")
    lists: dict[ListName, DeclaredList] | None = Field(
        None, description="Lists by name; without them, those of churnml's own file."
    )


@dataclass(frozen=True)
class Play:
    """What one does for a customer, in the words of one language.

    Attributes
    ----------
    name : str
        Name in the file; the column ``play`` holds it.
    title, wording : str
        Title that people read, and what to do.
    owner : str
        Person or team who does it.
    cost, offer : float
        Cost of the contact and of the offer, in the shop's currency.
    cool_down_days : int
        Number of days after a message in which nobody is contacted again.
    contact : bool
        Whether anybody is contacted at all.
    names_items : bool
        Whether the wording goes on with what the customer usually buys, and what goes with it.
    """

    name: str
    title: str
    wording: str
    owner: str
    cost: float
    offer: float
    cool_down_days: int
    contact: bool
    names_items: bool = False


@dataclass(frozen=True)
class PlayBook:
    """Plays by name, the rules that choose among them, first ones first, and the lists that are made."""

    plays: Mapping[str, Play]
    rules: Sequence[Rule]
    language: Language
    lists: Mapping[str, DeclaredList] = field(default_factory=dict)

    @property
    def further_lists(self) -> dict[str, DeclaredList]:
        """Lists besides the work list, by name."""
        return {name: declared for name, declared in self.lists.items() if name != SAVE}

    @property
    def rule_names(self) -> dict[str, str]:
        """What people call the rules, by their codes."""
        return {rule.code: _rule_name(rule, self.language) for rule in self.rules}

    @property
    def features(self) -> list[str]:
        """Features that rules and lists look at."""
        looked_at = [rule.when for rule in self.rules] + [declared.who for declared in self.lists.values()]
        return list(dict.fromkeys([name for when in looked_at for name in when.features] + [OPEN_COMPLAINTS]))

    def choose(self, frame: pd.DataFrame, X: pd.DataFrame) -> pd.DataFrame:
        """Choose a play for every customer: that of the first rule whose conditions all hold.

        Where that rule follows a reason, and others that hold do so too, the one whose reason is shown first decides.

        Parameters
        ----------
        frame : pandas DataFrame
            Rows of a ranking, with reasons, band, value, segment and stage.
        X : pandas DataFrame
            Features of the same customers in the same order; one that is missing has no value.

        Returns
        -------
        pandas DataFrame
            Columns ``play`` and ``play_rule`` (the rule's code) with the index of ``frame``.
        """
        fired = [told_by(rule.when, frame, X) for rule in self.rules]
        first = np.argmax(np.array(fired), axis=0)
        shown = np.array([places(rule.when, frame, held) for rule, held in zip(self.rules, fired, strict=True)])
        follows = np.array([rule.when.concepts is not None for rule in self.rules])
        first = np.where(follows[first], shown.argmin(axis=0), first)
        names = np.array([rule.code for rule in self.rules], dtype=object)
        plays = np.array([rule.play for rule in self.rules], dtype=object)
        return pd.DataFrame({"play": plays[first], "play_rule": names[first]}, index=frame.index, dtype="str")


def read_plays(file: str | Path | None, language: Language, known: Catalogue | None = None) -> PlayBook:
    """Read plays and rules.

    Parameters
    ----------
    file : str or Path or None
        YAML file such as ``configs/plays.yaml``; None takes that one.
    language : str
        Language of titles and wordings.
    known : Catalogue, optional
        Features and concepts that rules may name; None takes churnml's own.

    Raises
    ------
    ConfigError
        With everything that is wrong in the file, at once.
    """
    path = Path(file) if file is not None else _own_file()
    try:
        declared = PlaysFile(**read_yaml(path))
    except ValidationError as error:
        raise ConfigError([f"{path}: {failure}" for failure in failures_of(error)]) from error
    failures = [f"{path}: {failure}" for failure in _failures(declared, known or catalogue())]
    if failures:
        raise ConfigError(failures)
    plays = {
        name: Play(
            name=name,
            title=_told(play.title, known_words(name, "title", language), language),
            wording=_told(play.wording, known_words(name, "wording", language), language),
            owner=_told(play.owner, known_words(name, "owner", language), language),
            **play.model_dump(exclude=set(_PARTS)),
        )
        for name, play in declared.plays.items()
    }
    return PlayBook(plays, declared.rules, language, _lists(declared))


def write_plays(language: Language) -> str:
    """Write churnml's own plays and rules with all words in a language, as a file to start from.

    Parameters
    ----------
    language : str
        Language of titles and wordings.

    Returns
    -------
    str
        YAML that ends with a line break; it reads back as the same plays and rules.
    """
    read = read_yaml(_own_file())
    for name, play in read["plays"].items():
        said = {part: known_words(name, part, language) for part in _PARTS}
        read["plays"][name] = {**said, **play}
    for rule in read["rules"]:
        rule["name"] = words(language)["rules"][rule["name"]]
    written: str = yaml.safe_dump(read, allow_unicode=True, sort_keys=False, width=_WIDTH)
    return written


def known_words(name: str, part: str, language: Language) -> str | None:
    """Return churnml's own words for a part of a play of that name; None where it has none."""
    found: str | None = words(language)["plays"].get(name, {}).get(part)
    return found


def _told(text: Text | None, known: str | None, language: Language) -> str:
    """Return a text in a language: one's own, in another language where it has none in this one, or else churnml's."""
    if text is None:
        return str(known)
    if isinstance(text, str):
        return text
    return next(text[own] for own in (language, "en", *text) if own in text)


def _rule_name(rule: Rule, language: Language) -> str:
    known = words(language)["rules"].get(rule.name) if isinstance(rule.name, str) else None
    return str(known) if known else _told(rule.name, None, language)


def _own_file() -> Path:
    return next(own for own in _OWN if own.exists())


def plays_schema() -> dict[str, Any]:
    """Return the JSON Schema of a file of plays and rules."""
    return json_schema(PlaysFile)


def _failures(file: PlaysFile, known: Catalogue) -> list[str]:
    found = [
        f"plays.{name}: has no {part}, and churnml has none for that name. Write it, or take one of the names "
        f"{', '.join(words('en')['plays'])}."
        for name, play in file.plays.items()
        for part in _PARTS
        if getattr(play, part) is None and known_words(name, part, "en") is None
    ]
    names: set[str] = set()
    for place, rule in enumerate(file.rules):
        name = _rule_name(rule, "en")
        here = f"rules: {name!r}"
        if name in names:
            found.append(f"{here} is the name of two rules. Give each a name of its own.")
        names.add(name)
        if rule.play not in file.plays:
            found.append(f"{here} names the play {rule.play!r}. Take one of: {', '.join(file.plays)}.")
        found += [f"{here} {wrong}" for wrong in wrong_in(rule.when, known)]
        if rule.when.always and place < len(file.rules) - 1:
            found.append(f"{here} always holds, so the rules below it never do. Move it to the end.")
    if not file.rules[-1].when.always:
        found.append("rules: the last one has conditions. End with one that has none, so that everyone has a play.")
    return [*found, *wrong_lists(file.lists or {}, file.plays, known)]


def _lists(file: PlaysFile) -> dict[str, DeclaredList]:
    """Return the lists of a file, the work list first; those of churnml's own where it declares none."""
    lists = file.lists
    if lists is None:
        own = PlaysFile(**read_yaml(_own_file())).lists or {}
        lists = {name: declared.with_play_of(file.plays) for name, declared in own.items()}
    return {SAVE: lists.get(SAVE, DeclaredList(holdout=True)), **lists}
