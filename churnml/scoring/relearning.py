"""Plays that are stopped: who of their customers is contacted all the same, to see whether they pay again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from churnml.campaigns.ledger import HELD_OUT
from churnml.config import Config

STOPPED = "stopped"
"""Code of why a customer of such a play is not on the list."""
_HELD_OUT_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Relearning:
    """What becomes of the candidates whose play is stopped.

    Attributes
    ----------
    chances : pandas Series
        Chance of being held out of those who are on the learning list, by id.
    left_out : list of str
        Ids of those who are not on it, and whom no arm from an earlier list leaves alone.
    """

    chances: pd.Series
    left_out: list[str]


def relearn(candidates: pd.DataFrame, standing: pd.DataFrame, stopped: Collection[str], config: Config) -> Relearning:
    """Choose the learning list of plays that are stopped: the first of their candidates whose arm is drawn now.

    Parameters
    ----------
    candidates : pandas DataFrame
        Rows of the ranking against whom nothing speaks.
    standing : pandas DataFrame
        Where customers stand from earlier lists, by id; see `churnml.campaigns.ledger.standing`.
    stopped : collection of str
        Names of the plays that are stopped.
    config : Config
        Capacity, what the list is ranked by, and the share of its places.
    """
    rows = candidates[candidates["play"].isin(stopped)]
    rows = rows.sort_values([config.scoring.rank_by, "risk_rank"], ascending=[False, True])
    before = standing.reindex(rows["customer_id"])
    holds = before["holds"].fillna(False).to_numpy(dtype=bool)
    drawn_now = rows["customer_id"][~holds]
    learning = drawn_now.head(round(config.plays.holdout.relearn_share * config.scoring.capacity))
    held_out = rows["customer_id"][holds & (before["arm"] == HELD_OUT).to_numpy()]
    return Relearning(
        chances=pd.Series(_HELD_OUT_SHARE, index=learning.to_numpy()),
        left_out=sorted(set(rows["customer_id"]) - set(learning) - set(held_out)),
    )
