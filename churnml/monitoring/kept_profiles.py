"""Profiles of the days of kept lists, so that a later look need not build the features of these days anew."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from churnml.campaigns.kept_lists import LISTS
from churnml.data.files import whole_file
from churnml.errors import InputError
from churnml.models.profile import FILE, Profile


class KeptProfile(BaseModel):
    """How features and predictions were spread on a day, in the bins of a model.

    Attributes
    ----------
    model_version : str
        Version of the model.
    profile : Profile
        Profile of the day alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    model_version: str
    profile: Profile

    def write(self, folder: Path) -> None:
        """Write it beside the list of its day; where the folder keeps none of that day nothing is written."""
        of_day = folder / LISTS / self.profile.days[0].isoformat()
        if of_day.is_dir():
            with whole_file(of_day / FILE) as path:
                path.write_text(self.model_dump_json() + "\n", encoding="utf-8")


def read_profile(folder: Path | None, day: date, model_version: str, own: Profile) -> Profile | None:
    """Read the profile of a day in the bins of a model's own; None where none is kept, or that of another model.

    Raises
    ------
    InputError
        Where the file cannot be read.
    """
    path = None if folder is None else folder / LISTS / day.isoformat() / FILE
    if path is None or not path.is_file():
        return None
    try:
        kept = KeptProfile.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path}: cannot be read. Remove it; the next look makes it again.") from error
    fits = kept.model_version == model_version and kept.profile.days == (day,) and kept.profile.has_bins_of(own)
    return kept.profile if fits else None
