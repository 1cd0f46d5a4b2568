"""Until when to contact: the day on which a return by herself becomes unlikely."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.features.families.buy_till_you_die import INPUTS, Fitted
from churnml.statistics.bgnbd import no_order_probability
from churnml.statistics.logodds import Floats


def contact_days(X: pd.DataFrame, fitted: Fitted | None, chance: float) -> pd.Series:
    """Count the days until the chance that a customer orders within a horizon falls below a level, if they stay silent.

    The chance is that of the BG/NBD model of the shop (Fader, Hardie and Lee 2005), which goes by their own pace: every
    silent day lowers it, faster for customers who used to order often.

    Parameters
    ----------
    X : pandas DataFrame
        Features of the customers, with the columns ``INPUTS`` of the family.
    fitted : Fitted or None
        Model of the shop on the snapshot; None where there is none.
    chance : float
        Level of the chance, 0 to 1.

    Returns
    -------
    pandas Series
        Number of whole days with the index of ``X``: 0 where it is below already, null where it is not within the
        horizon or no model can be fitted.
    """
    days = pd.Series(np.nan, index=X.index, name="contact_days")
    if fitted is None or X.empty:
        return days
    order_days, since_first, since_last = X[list(INPUTS)].to_numpy(dtype=np.float64).T
    known = np.isfinite(order_days) & (order_days > 0)
    found = _first_day(fitted, order_days[known], since_first[known], since_last[known], chance)
    days[known] = found
    return days


def _first_day(fitted: Fitted, order_days: Floats, since_first: Floats, since_last: Floats, chance: float) -> Floats:
    """Search the first day by halving: the chance only falls."""

    def below(day: Floats) -> NDArray[np.bool_]:
        silent = no_order_probability(
            fitted.model,
            order_days - 1,
            since_first - since_last,
            since_first + day,
            horizon=fitted.horizon_days,
            lead=fitted.lead_days,
        )
        return np.asarray(1 - silent < chance)

    low = np.full(len(order_days), -1.0)  # not below yet
    high = np.full(len(order_days), float(fitted.horizon_days))  # below, if it is at all
    never = ~below(high)
    while ((high - low) > 1).any():
        middle = np.where(high - low > 1, np.floor((low + high) / 2), high)
        down = below(middle)
        high, low = np.where(down, middle, high), np.where(down, low, middle)
    return np.where(never, np.nan, high)
