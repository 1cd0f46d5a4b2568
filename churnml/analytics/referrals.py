"""Referrals: whether customers whom another one brought, and those who bring others, stay longer."""

from __future__ import annotations

import numpy as np
import pandas as pd

from churnml.analytics.afterwards import with_rates
from churnml.data.history import History

REFERRED, NOT_REFERRED = "was referred", "was not referred"
REFERS, REFERS_NOBODY = "referred others", "referred nobody"


def compute_referrals(history: History, churned: pd.Series) -> pd.DataFrame:
    """Compare how many of the referred stayed with how many of the others did, and the same of those who refer.

    It is an association and no effect: those who come by a friend may differ from the others in other ways too.

    Parameters
    ----------
    history : History
        The shop as known at the start of the last complete horizon.
    churned : pandas Series
        Labels of that day, by customer id, as from `churnml.data.population.labels`.

    Returns
    -------
    pandas DataFrame
        Rows ``was referred``, ``was not referred``, ``referred others``, ``referred nobody``: ``value``, ``customers``,
        ``returned`` (those who stayed), ``retention_rate``, ``low``, ``high``, the ``difference`` of the first of each
        pair from the second, ``difference_low``, ``difference_high``, ``is_small``; see
        `churnml.analytics.afterwards.with_rates`. No rows where the shop does not tell who referred whom.
    """
    rows, others = [], []
    known = churned.dropna()
    if len(known) and history.shop.has("customers", ["referred_by"]):
        customers = history.table("customers")
        pairs = customers.drop_null(["referred_by"]).select("customer_id", "referred_by").to_pandas()
        stayed = known.to_numpy() == 0
        for column, names in (("customer_id", (REFERRED, NOT_REFERRED)), ("referred_by", (REFERS, REFERS_NOBODY))):
            of_pair = known.index.isin(pairs[column])
            counts = [(int(who.sum()), int((who & stayed).sum())) for who in (of_pair, ~of_pair)]
            rows += [(name, *count) for name, count in zip(names, counts, strict=True)]
            others += [counts[1], (np.nan, np.nan)]
    table = pd.DataFrame(rows, columns=["value", "customers", "returned"])
    table = table.astype({"value": "str", "customers": "int64", "returned": "int64"})
    return with_rates(table, pd.DataFrame(others, columns=["customers", "returned"], dtype=float))
