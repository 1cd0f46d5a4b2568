"""The groups of customers that headlines speak of: who is gone, who is to save, and who is on pace."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnml.config import ScoringSettings
from churnml.definition import ChurnDefinition

GONE, TO_SAVE, ON_PACE = GROUPS = ("gone", "to_save", "on_pace")


def groups_of(
    frame: pd.DataFrame, pace: pd.DataFrame, definition: ChurnDefinition, settings: ScoringSettings
) -> pd.Series:
    """Name the group of each customer; whether one may or can contact them does not matter.

    ``gone``: their stage is lapsed or lost; ``to_save``: not gone, overdue against their own pace, and as likely to
    leave as ``min_probability``; ``on_pace``: all others. Subscribers have no pace: a running subscription that is
    likely enough to end is to save.

    Parameters
    ----------
    frame : pandas DataFrame
        Rows of a ranking, with ``churn_probability``.
    pace : pandas DataFrame
        ``overdue`` and ``lost`` of the same customers, as from `against_own_pace`.
    definition : ChurnDefinition
        Definition of leaving.
    settings : ScoringSettings
        Settings with the least probability.

    Returns
    -------
    pandas Series
        Codes among ``GROUPS``, with the index of ``frame``.
    """
    likely = (frame["churn_probability"] >= settings.min_probability).to_numpy()
    gone, overdue = pace["lost"].to_numpy(dtype=bool), pace["overdue"].to_numpy(dtype=bool)
    if definition.kind == "subscription_end":
        gone, overdue = np.zeros_like(gone), np.ones_like(overdue)
    return pd.Series(np.select([gone, overdue & likely], [GONE, TO_SAVE], ON_PACE), index=frame.index, dtype="str")
