"""What every section of the settings has in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the settings: unknown keys are refused, and nothing is changed once it is made."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
