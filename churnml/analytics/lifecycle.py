"""Where a customer stands against her own pace: overdue, and lost."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnml.definition import ChurnDefinition

PACE = ("days_since_last_order", "gap_median_days")
"""The features that tell it."""
_LOST_PACES = 3.0


def against_own_pace(X: pd.DataFrame, definition: ChurnDefinition) -> pd.DataFrame:
    """Say who is overdue against her own pace, and who is lost.

    Parameters
    ----------
    X
        Features of one snapshot, with ``days_since_last_order`` and ``gap_median_days``.
    definition
        Gives the horizon.

    Returns
    -------
    pandas DataFrame
        With the index of ``X``: ``pace_days`` (her median days between orders; with one order day the shop's median
        of these), ``overdue`` (the last order is longer ago than that) and ``lost`` (longer ago than three times
        her pace, and than the horizon).
    """
    since = X["days_since_last_order"]
    shop_pace = X["gap_median_days"].median()
    pace = X["gap_median_days"].fillna(float(definition.horizon_days) if np.isnan(shop_pace) else shop_pace)
    lost_after = (_LOST_PACES * pace).clip(lower=definition.horizon_days)
    return pd.DataFrame({"pace_days": pace, "overdue": since > pace, "lost": since > lost_after})
