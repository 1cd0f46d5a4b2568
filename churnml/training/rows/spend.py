"""Over how many days spend is looked at: as many as the history of the shop allows."""

from __future__ import annotations

import numpy as np

from churnml.definition import ChurnDefinition
from churnml.models.rows import TrainingFrame

LEAST_SNAPSHOTS = 3
_DAYS = (180, 90)


def spend_days(value_days: int, definition: ChurnDefinition) -> list[int]:
    """List the numbers of days over which spend is added up: the value's own, 180, 90 and the horizon, up to the first.

    Examples
    --------
    >>> spend_days(365, ChurnDefinition(horizon_days=28))
    [28, 90, 180, 365]
    >>> spend_days(60, ChurnDefinition(horizon_days=90))
    [60]
    """
    return sorted({min(days, value_days) for days in (value_days, *_DAYS, definition.horizon_days)})


def longest_known(frame: TrainingFrame, reach_days: int, day: np.datetime64) -> int:
    """Find the greatest number of days over which three snapshots' spend is known, else the smallest number.

    Parameters
    ----------
    frame : TrainingFrame
        Labelled rows with their spend.
    reach_days : int
        Number of days after which it shows who stayed.
    day : numpy datetime64
        Day up to which spend is known.
    """
    known = {days: int(np.sum(frame.days + max(days, reach_days) <= day)) for days in frame.spend}
    return max((days for days, snapshots in known.items() if snapshots >= LEAST_SNAPSHOTS), default=min(known))
