"""Who was left alone: by the ledger, and never by whether something was sent.

Who is sent something depends on what they did after the list: with a perfect model, those to whom nothing was sent are
mostly those who ordered by themselves.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from churnml.campaigns.ledger import HELD_OUT, LISTED
from churnml.statistics.logodds import Floats

Basis = Literal["ledger", "no consent", "nobody listed"]
"""By what it is told who was left alone: the arms of the ledger; those without consent alone; or all, since no list was
contacted."""


def weigh(ranking: pd.DataFrame, ledger: pd.DataFrame, day: date, until: date) -> tuple[Floats, Basis]:
    """Weigh the customers of a list such that they stand for what happens if everybody is left alone.

    Parameters
    ----------
    ranking : pandas DataFrame
        Customers of the list: ``customer_id``, ``list_rank`` (null for who is not on the work list) and
        ``contactable``.
    ledger : pandas DataFrame
        Ledger of all campaigns.
    day, until : date
        Day of the list, and the day on which its window ends.

    Returns
    -------
    weights : array of float, shape (rows,)
        Weights: 0 for who was listed in the window, or holds that arm from before; 1 / chance for who was held out; 1
        for everybody else. Without anybody held out, 1 for those without consent and 0 for all others.
    basis : {'ledger', 'no consent', 'nobody listed'}
        By what it was told.
    """
    arms = _holding(ledger, day, until)
    weights = np.ones(len(ranking))
    if (arms["arm"] == HELD_OUT).any():
        each = np.where(arms["arm"] == LISTED, 0.0, 1.0 / arms["chance"].to_numpy(dtype=np.float64))
        weight = pd.Series(each).groupby(arms["customer_id"].to_numpy()).prod()
        weights[:] = ranking["customer_id"].map(weight).fillna(1.0)
        return weights, "ledger"
    if arms.empty and ranking["list_rank"].isna().all():
        return weights, "nobody listed"
    weights[:] = ranking["contactable"].eq(False).fillna(False)
    return weights, "no consent"


def arms_of(ranking: pd.DataFrame, ledger: pd.DataFrame, day: date, until: date) -> pd.Series:
    """Return the arm that customers of a list were in during its window, listed before held out; null for none."""
    arms = _holding(ledger, day, until).sort_values("arm", kind="stable").drop_duplicates("customer_id", keep="last")
    of_customer = arms.set_index("customer_id")["arm"]
    listed = ranking["list_rank"].notna().to_numpy()
    arm = ranking["customer_id"].map(of_customer).to_numpy(dtype=object)
    return pd.Series(np.where(listed & pd.isna(arm), LISTED, arm), index=ranking.index, dtype=object)


def effective_size(weights: Floats) -> float:
    """Compute how many customers of equal weight tell as much: ``(sum w)^2 / sum w^2``; 0 for none.

    Examples
    --------
    >>> effective_size(np.array([1.0, 1.0, 10.0, 0.0]))
    1.411764705882353
    """
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def _holding(ledger: pd.DataFrame, day: date, until: date) -> pd.DataFrame:
    """Return the rows of a ledger whose arm holds at some time in ``[day, until)``."""
    spans = zip(ledger["entered_on"], ledger["arm_until"], strict=True)
    return ledger[np.array([entered < until and ends > day for entered, ends in spans], dtype=bool)]
