"""Segments in which calibration is looked at: one-time buyers, those who came lately, top spenders."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.models.segments import Segment

_NEW_DAYS = 90.0
_TOP_SHARE = 0.1


def find_segments(X: pd.DataFrame, among: NDArray[np.bool_] | None = None) -> list[Segment]:
    """Return the segments that these features can tell.

    Top spenders are the tenth with the highest spend of the last year, of all rows or among those of a mask.
    """
    segments = []
    if "order_days_total" in X:
        segments.append(Segment("one-time buyers", "order_days_total", None, 2.0))
    if "days_since_first_order" in X:
        segments.append(Segment("first order within 90 days", "days_since_first_order", None, _NEW_DAYS))
    if "amount_sum_365d" in X:
        spent = X["amount_sum_365d"].to_numpy(dtype=np.float64)
        spent = spent[np.isfinite(spent) if among is None else np.isfinite(spent) & among]
        if len(spent) and spent.max() > spent.min():
            segments.append(Segment("top spenders", "amount_sum_365d", float(np.quantile(spent, 1 - _TOP_SHARE)), None))
    return segments
