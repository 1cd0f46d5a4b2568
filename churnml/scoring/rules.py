"""The language of rules: conditions on a customer of a ranking, which a shop can read and change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from churnml.analytics.lifecycle import STAGES
from churnml.analytics.risk_groups import GROUPS
from churnml.analytics.segments import NAMES_BEFORE, SEGMENTS
from churnml.features.family_catalogue import Catalogue

BANDS = ((0.75, "very high"), (0.5, "high"), (0.25, "medium"), (0.0, "low"))
"""Least probability and name of each risk band."""
Rows = NDArray[np.bool_]


class Part(BaseModel):
    """A part of the file of plays: unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class When(Part):
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
    any_at_least: dict[str, float] = Field({}, description="Features of which one is at least so much.")

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
        return self == type(self)()

    @property
    def features(self) -> list[str]:
        """Features that the conditions look at."""
        return [*self.at_least, *self.at_most, *self.any_at_least]


class Who(When):
    """Conditions of a list, all of which must hold; one that is left out always does."""

    groups: list[Literal[GROUPS]] | None = Field(  # type: ignore[valid-type]
        None, description="The group is one of these."
    )


def told_by(when: When, frame: pd.DataFrame, X: pd.DataFrame) -> Rows:
    """Find the customers of whom conditions hold.

    Parameters
    ----------
    when : When
        Conditions.
    frame : pandas DataFrame
        Rows of a ranking, with reasons, band, value, segment, stage, and the group where the conditions name one.
    X : pandas DataFrame
        Features of the same customers in the same order; one that is missing has no value.

    Returns
    -------
    array of bool, shape (rows,)
        Whether all conditions hold.
    """
    held = np.ones(len(frame), dtype=bool)
    if when.concepts is not None:
        held &= _about(when, frame).any(axis=1)
    codes = {"segment": when.segments, "lifecycle_stage": when.stages, "risk_band": when.bands}
    if isinstance(when, Who):
        codes["group"] = when.groups
    for column, allowed in codes.items():
        if allowed is not None:
            held &= frame[column].isin(allowed).to_numpy()
    if when.min_value is not None:
        held &= frame["value_at_risk"].to_numpy() >= when.min_value
    for name, least in when.at_least.items():
        held &= _value(X, name) >= least
    for name, most in when.at_most.items():
        held &= _value(X, name) <= most
    if when.any_at_least:
        held &= np.logical_or.reduce([_value(X, name) >= least for name, least in when.any_at_least.items()])
    return held


def places(when: When, frame: pd.DataFrame, held: Rows) -> NDArray[np.float64]:
    """Return the place of the first reason that conditions follow, from 0; infinite where they follow none, or fail."""
    if when.concepts is None:
        return np.full(len(held), np.inf)
    about = _about(when, frame)
    return np.where(held & about.any(axis=1), about.argmax(axis=1), np.inf)


def wrong_in(when: When, known: Catalogue) -> Iterator[str]:
    """Say which concepts and features of conditions are not known."""
    concepts = set(known.concepts.values())
    unknown = set(when.concepts or []) - concepts
    if unknown:
        listed = ", ".join(sorted(concepts))
        yield f"names the concepts {', '.join(sorted(unknown))}. Take some of: {listed}."
    unknown = set(when.features) - set(known.features)
    if unknown:
        named = ", ".join(sorted(unknown))
        yield f"names the features {named}, which nobody builds. See `churnml.features.dictionary`."


def _about(when: When, frame: pd.DataFrame) -> Rows:
    concepts = frame[[name for name in frame.columns if name.endswith("_concept")]].to_numpy()
    return np.isin(concepts.astype(str), when.concepts or [])


def _value(X: pd.DataFrame, name: str) -> NDArray[Any]:
    if name not in X:
        return np.full(len(X), np.nan)
    return X[name].to_numpy(dtype=np.float64)
