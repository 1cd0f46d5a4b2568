"""Parts of the card: values that are read from JSON and written to it as they are, and nothing else."""

from __future__ import annotations

import json
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

Number = int | float
"""A number that stays whole where it is."""

_MOST_NAMED = 3


def is_none(value: object) -> bool:
    """Say whether a value is not known, and is left out."""
    return value is None


class Part(BaseModel):
    """A part of the card: its keys and their types are these, and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @classmethod
    def from_json(cls, values: Any) -> Self:
        """Read what ``to_json`` gave.

        Raises
        ------
        ValueError
            Where a key is not known or missing, or a value is not of its type; the first of them are named.
        """
        try:
            return cls.model_validate_json(json.dumps(values, allow_nan=False))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            named = [f"{'.'.join(map(str, ('card', *one['loc'])))}: {one['msg']}" for one in found[:_MOST_NAMED]]
            raise ValueError("; ".join(named + ["..."] * (len(found) > _MOST_NAMED))) from error

    def to_json(self) -> dict[str, Any]:
        """Give the part as JSON-ready values."""
        return self.model_dump(mode="json")
