"""Plays: what to do for whom, by rules that a shop can read and change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from churnml.analytics.lifecycle import STAGES
from churnml.analytics.segments import NAMES_BEFORE, SEGMENTS
from churnml.config import json_schema
from churnml.definition import failures_of
from churnml.errors import ConfigError
from churnml.features.family_catalogue import Catalogue, catalogue
from churnml.words import Language, words
from churnml.yaml_file import read_yaml

BANDS = ((0.75, "very high"), (0.5, "high"), (0.25, "medium"), (0.0, "low"))
"""Least probability and name of each risk band."""
_PARTS = ("title", "wording", "owner")
_WIDTH = 120
_HERE = Path(__file__).parents[1]
_OWN = (_HERE / "configs" / "plays.yaml", _HERE.parent / "configs" / "plays.yaml")  # installed, and in a checkout


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Text = (
    Annotated[str, Field(min_length=1)] | Annotated[dict[str, Annotated[str, Field(min_length=1)]], Field(min_length=1)]
)
"""Words of one's own: a text for all languages, or texts by language, of which one serves where another is missing."""


class DeclaredPlay(_Part):
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


class When(_Part):
    """Conditions, all of which must hold; one that is left out always does."""

    concepts: list[str] | None = Field(None, description="One of the customer's reasons is about one of these.")
    segments: list[Literal[SEGMENTS]] | None = Field(  # type: ignore[valid-type]
        None, description="The RFM segment is one of these."
    )
    stages: list[Literal[STAGES]] | None = Field(  # type: ignore[valid-type]
        None, description="The lifecycle stage is one of these."
    )
    bands: list[Literal["very high", "high", "medium", "low"]] | None = Field(
        None, description="The risk band is one of these."
    )
    min_value: float | None = Field(None, description="The value at risk is at least this, in the shop's currency.")
    at_least: dict[str, float] = Field({}, description="Features and the least value of each.")
    at_most: dict[str, float] = Field({}, description="Features and the most of each.")

    @field_validator("segments", mode="before")
    @classmethod
    def _names_of_now(cls, given: Any) -> Any:
        named = given if isinstance(given, list) else []
        old = [f"{name} is now {NAMES_BEFORE[name]}" for name in named if name in NAMES_BEFORE]
        if old:
            raise ValueError(f"segments have new names: {', '.join(old)}. Write the new ones")
        return given

    @property
    def always(self) -> bool:
        """Whether there is no condition."""
        return self == When()


class Rule(_Part):
    """A play for the customers of whom the conditions hold; the first such rule decides."""

    name: Text = Field(description="Its name, unlike that of all others; one that churnml knows is told in its words.")
    when: When = Field(When(), description="Its conditions; the last rule has none.")
    play: str = Field(description="The play, by its name above.")

    @property
    def code(self) -> str:
        """What the column ``play_rule`` holds: the name as it is written, of a map the English or the first one."""
        return _told(self.name, None, "en")


class PlaysFile(_Part):
    """What to do for whom."""

    plays: dict[str, DeclaredPlay] = Field(min_length=1, description="Plays by name.")
    rules: list[Rule] = Field(min_length=1, description="Rules, from top to bottom.")


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
    """Plays by name, and the rules that choose among them, first ones first."""

    plays: Mapping[str, Play]
    rules: Sequence[Rule]
    language: Language

    @property
    def rule_names(self) -> dict[str, str]:
        """What people call the rules, by their codes."""
        return {rule.code: _rule_name(rule, self.language) for rule in self.rules}

    @property
    def features(self) -> list[str]:
        """Features that the rules look at."""
        looked_at = [name for rule in self.rules for name in (*rule.when.at_least, *rule.when.at_most)]
        return list(dict.fromkeys(looked_at))

    def choose(self, frame: pd.DataFrame, X: pd.DataFrame) -> pd.DataFrame:
        """Choose a play for every customer: that of the first rule whose conditions all hold.

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
        concepts = frame[[name for name in frame.columns if name.endswith("_concept")]].to_numpy()
        fired = [_holds(rule.when, frame, concepts, X) for rule in self.rules]
        first = np.argmax(np.array(fired), axis=0)
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
    return PlayBook(plays, declared.rules, language)


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
    concepts = set(known.concepts.values())
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
        unknown = set(rule.when.concepts or []) - concepts
        if unknown:
            listed = ", ".join(sorted(concepts))
            found.append(f"{here} names the concepts {', '.join(sorted(unknown))}. Take some of: {listed}.")
        unknown = {*rule.when.at_least, *rule.when.at_most} - set(known.features)
        if unknown:
            named = ", ".join(sorted(unknown))
            found.append(f"{here} names the features {named}, which nobody builds. See `churnml.features.dictionary`.")
        if rule.when.always and place < len(file.rules) - 1:
            found.append(f"{here} always holds, so the rules below it never do. Move it to the end.")
    if not file.rules[-1].when.always:
        found.append("rules: the last one has conditions. End with one that has none, so that everyone has a play.")
    return found


def _holds(when: When, frame: pd.DataFrame, concepts: NDArray[np.object_], X: pd.DataFrame) -> NDArray[np.bool_]:
    held = np.ones(len(frame), dtype=bool)
    if when.concepts is not None:
        held &= np.isin(concepts.astype(str), when.concepts).any(axis=1)
    for column, allowed in (
        ("segment", when.segments),
        ("lifecycle_stage", when.stages),
        ("risk_band", when.bands),
    ):
        if allowed is not None:
            held &= frame[column].isin(allowed).to_numpy()
    if when.min_value is not None:
        held &= frame["value_at_risk"].to_numpy() >= when.min_value
    for name, least in when.at_least.items():
        held &= _value(X, name) >= least
    for name, most in when.at_most.items():
        held &= _value(X, name) <= most
    return held


def _value(X: pd.DataFrame, name: str) -> NDArray[Any]:
    if name not in X:
        return np.full(len(X), np.nan)
    return X[name].to_numpy(dtype=np.float64)
