"""For whom the learned effect of a contact may rank: those of whom lists so far could tell something."""

from __future__ import annotations

from collections.abc import Set

import pandas as pd

from churnml.models.uplift import UpliftModel


def beyond_support(candidates: pd.DataFrame, uplift: UpliftModel | None) -> Set[str]:
    """Find the candidates on whom nobody knows the effect: no list reached as far down as they stand.

    Parameters
    ----------
    candidates : pandas DataFrame
        Rows of the ranking against whom nothing speaks.
    uplift : UpliftModel or None
        Learned effect; None where lists are not ranked by it, so that nobody is beyond it.

    Returns
    -------
    set of str
        Ids of those whose place by the ranking that the effect was judged against lies beyond all that were reached.
    """
    if uplift is None:
        return frozenset()
    ordered = candidates.sort_values([uplift.against, "risk_rank"], ascending=[False, True])
    return frozenset(ordered["customer_id"].iloc[uplift.largest_place :])
