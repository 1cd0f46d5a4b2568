"""What counts as leaving: one object for labels, figures, trainer and scorer."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from churnml.errors import ConfigError


def failures_of(error: ValidationError, prefix: str = "") -> list[str]:
    """Turn pydantic's findings into sentences that name key, finding and value."""
    sentences = []
    for found in error.errors():
        key = ".".join(filter(None, [prefix, *map(str, found["loc"])]))
        if found["type"] == "extra_forbidden":
            sentences.append(f"{key}: the key is not known. Remove it, or correct its spelling.")
        else:
            sentences.append(f"{key}: {found['msg']} (received {found['input']!r}). Correct the value.")
    return sentences


class ChurnDefinition(BaseModel):
    """Who may leave, what leaving is, and over which days.

    A customer is *eligible* at a snapshot with an order in ``[snapshot - active_days, snapshot)``. She has *churned*
    if she is eligible and places no order in ``[snapshot + lead_days, snapshot + lead_days + horizon_days)``.
    Cancelled orders, as known on the day in question, do not count. Where the window ends after the data, the label
    is null (*censored*).

    Parameters
    ----------
    horizon_days
        Length of the window in which an order means that she stayed.
    lead_days
        Days between the snapshot and the window: the time that a campaign needs.
    active_days
        How far back the last order of an eligible customer may lie.
    kind
        ``no_order``: as above.

    Raises
    ------
    ConfigError
        Where a value is out of range or a name is not known, all at once.

    Examples
    --------
    >>> definition = ChurnDefinition(horizon_days=90)
    >>> definition.window(date(2025, 1, 1))
    (datetime.date(2025, 1, 1), datetime.date(2025, 4, 1))
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    horizon_days: int = Field(90, ge=1, le=3650, description="Days without an order after which a customer has left.")
    lead_days: int = Field(0, ge=0, le=365, description="Days between the snapshot and the start of the horizon.")
    active_days: int = Field(365, ge=1, le=3650, description="How recent the last order of an eligible customer is.")
    kind: Literal["no_order"] = Field("no_order", description="What counts as leaving.")

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(failures_of(error, "definition")) from error

    def window(self, snapshot_date: date) -> tuple[date, date]:
        """Give the half-open window ``[from, to)`` in which an order means that a customer stayed."""
        start = snapshot_date + timedelta(days=self.lead_days)
        return start, start + timedelta(days=self.horizon_days)

    @property
    def reach_days(self) -> int:
        """Days from a snapshot to the end of its window."""
        return self.lead_days + self.horizon_days
