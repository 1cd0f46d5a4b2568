"""A ranking beside an earlier one: whose place changed, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from churnml.data.history import History
from churnml.scoring.changes import name_causes, name_changes, snapshot_of

if TYPE_CHECKING:
    from churnml.scoring.ranking import Ranking


def compare(ranking: Ranking, earlier: pd.DataFrame) -> Ranking:
    """Add to a ranking, in ``change``, what changed since an earlier one.

    Parameters
    ----------
    ranking : Ranking
        Ranking of the newer day.
    earlier : pandas DataFrame
        Table ``ranking.parquet`` of an earlier day; see `check_earlier`.
    """
    named = _named_changes(ranking, earlier).set_index("customer_id")["change"]
    change = ranking.frame["customer_id"].map(named).astype("str")
    return ranking.but(frame=ranking.frame.assign(change=change), earlier=earlier)


def explain_changes(ranking: Ranking, earlier: pd.DataFrame) -> pd.DataFrame:
    """Find what changed since an earlier ranking, and the feature that caused it; see ``name_causes``."""
    changes, explainer = _named_changes(ranking, earlier), ranking.explainer
    X = explainer.X.loc[explainer.X.index.isin(changes["customer_id"])]
    X_before = explainer.features_on(snapshot_of(earlier))
    X_before = X_before.loc[X_before.index.isin(X.index)]
    now, before = (ranking.model.contributions(rows)[1] for rows in (X, X_before))
    return name_causes(changes, X, now, before, explainer.sentences)


def _named_changes(ranking: Ranking, earlier: pd.DataFrame) -> pd.DataFrame:
    days = (ranking.snapshot_date - snapshot_of(earlier)).days
    listed, contacted = ranking.worklist()["customer_id"], _contacted_since(ranking, days)
    return name_changes(ranking.frame, listed, earlier, ranking.lost, contacted)


def _contacted_since(ranking: Ranking, days: int) -> pd.Series:
    """Find customers to whom an offer was sent in the last days, by id; null for all where the shop does not say."""
    ids = ranking.frame["customer_id"]
    if not ranking.shop.has("contacts"):
        return pd.Series(pd.NA, index=ids, dtype="boolean")
    history = History(ranking.shop, ranking.snapshot_date)
    sent = history.treatments(ranking.config.plays.campaign)
    reached = sent.filter(history.within(sent.sent_at, days)).select("customer_id").distinct().to_pandas()
    return pd.Series(np.isin(ids, ranking.explainer.ids.public(reached["customer_id"])), index=ids, dtype="boolean")
