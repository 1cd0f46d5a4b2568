"""What counts as leaving: one object for labels, figures, trainer and scorer."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from churnml.days import Day, parse_day
from churnml.errors import ConfigError

_WEEK = 7
_PARTS = 3


_WENT = {
    "scoring.contact_chance": "the key went: contact_by is now the day on which the customer would count as lapsed. "
    "Remove it."
}


def failures_of(error: ValidationError, prefix: str = "") -> list[str]:
    """Turn pydantic's findings into sentences that name key, finding and value."""
    sentences = []
    for found in error.errors():
        way = [str(part) for part in found["loc"] if not str(part).startswith("as ")]  # one of several forms of a value
        key = ".".join(filter(None, [prefix, *way]))
        if found["type"] in ("extra_forbidden", "invalid_key") or found["loc"][-1:] == ("[key]",):
            key = key.removesuffix(".[key]")
            why = _WENT.get(key, "the key is not known. Remove it, or correct its spelling.")
            sentences.append(f"{key}: {why}")
        else:
            is_unquoted = found["type"] == "string_type" and isinstance(found["input"], int | float | date)
            remedy = 'Write it in quotes, such as "007".' if is_unquoted else "Correct the value."
            sentences.append(f"{key}: {found['msg']} (received {found['input']!r:.80}). {remedy}")
    return sentences


class ChurnDefinition(BaseModel):
    """Who may leave, what leaving is, and over which days.

    The window of a snapshot is ``[snapshot + lead_days, snapshot + lead_days + horizon_days)``. Where it ends after
    the data, the label is null (*censored*). Cancelled orders, as known on the day in question, do not count.

    Attributes
    ----------
    horizon_days : int
        Length in days of the window in which an order means that the customer stayed.
    lead_days : int
        Number of days between the snapshot and the window: the time that a campaign needs.
    active_days : int
        Greatest number of days since the last order of an eligible customer.
    kind : {'no_order', 'spend_drop', 'subscription_end'}
        ``no_order``: eligible with an order in ``[snapshot - active_days, snapshot)``, churned without one in the
        window.

        ``spend_drop``: eligible with spend above 0 in ``[snapshot - active_days, snapshot)``, churned if the spend in
        the window is below ``spend_share`` of the customer's own past rate, which is that past spend x
        ``horizon_days`` / the days of it: from the first known order to the snapshot, at most ``active_days``, and at
        least ``horizon_days`` (or ``active_days``, where that is less), so that the first order of a new customer
        is not taken for a daily habit.

        ``subscription_end``: eligible with a subscription that runs at the start of the snapshot (begun before, not
        cancelled, and without a planned end or with a later one, all as known), churned if none runs at the end of
        the window, as known then. ``active_days`` plays no part.
    spend_share : float
        Share of the past rate below which the spend has dropped; for ``spend_drop`` only, to three decimals.

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

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    horizon_days: int = Field(
        90, ge=1, le=3650, description="Length of the window in which a customer stays or leaves."
    )
    lead_days: int = Field(0, ge=0, le=365, description="Days between the snapshot and the start of the horizon.")
    active_days: int = Field(365, ge=1, le=3650, description="How recent the last order of an eligible customer is.")
    kind: Literal["no_order", "spend_drop", "subscription_end"] = Field(
        "no_order", description="What counts as leaving: no_order, spend_drop or subscription_end."
    )
    spend_share: float = Field(
        0.5,
        gt=0,
        le=1,
        multiple_of=0.001,
        description="spend_drop: share of the past rate below which a customer has left.",
    )

    def __init__(self, /, **values: Any) -> None:
        # Numbers computed elsewhere are often NumPy's own.
        plain = {name: value.item() if hasattr(value, "item") else value for name, value in values.items()}
        try:
            super().__init__(**plain)
        except ValidationError as error:
            raise ConfigError(failures_of(error, "definition")) from error

    def window(self, snapshot_date: Day) -> tuple[date, date]:
        """Return the half-open window ``[from, to)`` in which it shows whether a customer stayed."""
        start = parse_day(snapshot_date) + timedelta(days=self.lead_days)
        return start, start + timedelta(days=self.horizon_days)

    @property
    def reach_days(self) -> int:
        """Days from a snapshot to the end of its window."""
        return self.lead_days + self.horizon_days

    @property
    def first_weeks(self) -> ChurnDefinition:
        """The same with the first weeks of the horizon alone: a third of it, rounded up to whole weeks.

        Who has left by it has not come back in these weeks, which is known long before the window ends.
        """
        weeks = math.ceil(self.horizon_days / _PARTS / _WEEK)
        return self.model_copy(update={"horizon_days": min(weeks * _WEEK, self.horizon_days)})
