"""Lists as a shop declares them in its file of plays: who is on them, in which order, and what is done."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, WithJsonSchema, field_validator

from churnml.campaigns.team import SAVE
from churnml.features.family_catalogue import Catalogue
from churnml.scoring.rules import Part, Who, wrong_in

RANKING, OPEN_COMPLAINTS, MILESTONES = "ranking", "open_complaints", "milestones"
RankBy = Literal["risk_rank", "value_at_risk", "expected_profit", "expected_value", "return_value", "days_open"]
_RANKS = {
    "anyOf": [
        {"type": "string", "enum": list(get_args(RankBy))},
        {"type": "array", "items": {"type": "string", "enum": list(get_args(RankBy))}, "minItems": 1},
    ]
}
Against = Literal["gone", "not_overdue", "unlikely", "no_consent", "cool_down", "leave_alone", "open_complaint"]


class DeclaredList(Part):
    """A list: who is on it, in which order, and what is done for them."""

    source: Literal["ranking", "open_complaints", "milestones"] = Field(
        "ranking",
        alias="from",
        description="Where its customers come from: the ranking, open complaints (of all customers, ranked or not), or "
        "milestones since the last list (tenth order, anniversary, a tier, points for a reward).",
    )
    who: Who = Field(Who(), description="Conditions on customers of the ranking.")
    rank_by: Annotated[tuple[RankBy, ...], WithJsonSchema(_RANKS)] = Field(
        ("risk_rank",), min_length=1, description="What decides who comes first: one or several."
    )
    capacity: int | None = Field(None, ge=1, description="Most customers on it; empty is no limit.")
    holdout: bool = Field(
        False, description="Whether some who would be on it are left alone, so that its effect shows."
    )
    play: str | None = Field(None, description="The play, by its name; empty goes by the rules.")
    exclude: tuple[Against, ...] = Field((), description="Reasons for which customers are left out.")

    @field_validator("rank_by", mode="before")
    @classmethod
    def _several(cls, given: object) -> object:
        return tuple(given) if isinstance(given, list) else (given,) if isinstance(given, str) else given

    @field_validator("exclude", mode="before")
    @classmethod
    def _as_tuple(cls, given: object) -> object:
        return tuple(given) if isinstance(given, list) else given

    def with_play_of(self, plays: Collection[str]) -> Self:
        """Return the list with its play, where it is one of those."""
        return self if self.play is None or self.play in plays else self.model_copy(update={"play": None})


def wrong_lists(lists: Mapping[str, DeclaredList], plays: Collection[str], known: Catalogue) -> Iterator[str]:
    """Say what is wrong with declared lists.

    Parameters
    ----------
    lists : mapping of str to DeclaredList
        Lists by name.
    plays : collection of str
        Names of the plays.
    known : Catalogue
        Features and concepts that conditions may name.
    """
    for name, declared in lists.items():
        here = f"lists.{name}:"
        if name == SAVE:
            given = sorted(declared.model_fields_set - {"holdout"})
            if given:
                yield f"{here} {', '.join(given)}: is said by the settings scoring.* for this list. Leave it out."
            continue
        if declared.play is not None and declared.play not in plays:
            yield f"{here} names the play {declared.play!r}. Take one of: {', '.join(plays)}."
        if declared.holdout and declared.source != RANKING:
            yield f"{here} holdout is for lists from the ranking. Leave it out."
        if "days_open" in declared.rank_by and declared.source != OPEN_COMPLAINTS:
            yield f"{here} only open complaints are ranked by days_open. Rank it by something else."
        yield from (f"{here} who {wrong}" for wrong in wrong_in(declared.who, known))
