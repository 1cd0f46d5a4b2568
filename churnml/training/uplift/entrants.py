"""Who entered a campaign, with what was known of them on that day: the rows that an effect is learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from churnml.campaigns.ledger import LISTED
from churnml.campaigns.readout import Readout
from churnml.campaigns.windows import read_definition
from churnml.config import Config
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.builder import build
from churnml.features.family import Feature
from churnml.models.uplift import with_risk
from churnml.statistics.logodds import Floats
from churnml.training.uplift.gate import Entrants

_YEAR = 365


def first_entries(readout: Readout, campaign: str) -> tuple[pd.DataFrame, ChurnDefinition]:
    """Take those who entered a campaign for the first time, by its newest definition, oldest first.

    Returns
    -------
    tuple of pandas DataFrame and ChurnDefinition
        Their rows, as ``Readout.rows``, in order of the day of entry and the place, and the definition.
    """
    rows = readout.rows
    rows = rows[(rows["campaign"] == (campaign if campaign in readout.campaigns else readout.campaigns[0]))]
    rows = rows[(rows["entry_number"] == 1)]
    newest = rows["definition"].iloc[-1]
    rows = rows[rows["definition"] == newest].sort_values(["entered_on", "place", "customer_id"], ignore_index=True)
    return rows, read_definition(str(newest))


def ranking_in_use(rows: pd.DataFrame) -> str:
    """Return what the newest list was ranked by that was not ranked by effect."""
    return str(rows["ranked_by"][rows["ranked_by"] != "uplift"].iloc[-1])


def make_entrants(
    shop: Shop, rows: pd.DataFrame, definition: ChurnDefinition, features: Sequence[Feature], config: Config
) -> Entrants:
    """Build the features of customers on the day on which they entered, and put them beside what became of them.

    Parameters
    ----------
    shop : Shop
        Shop whose customers they are.
    rows : pandas DataFrame
        Rows of the customers, from `first_entries`.
    definition : ChurnDefinition
        Definition of leaving.
    features : sequence of Feature
        Features to build.
    config : Config
        Margin.
    """
    parts = []
    for _, part in rows.groupby("entered_on", sort=True):
        X = build(History(shop, part["entered_on"].iloc[0]), definition, features)
        parts.append(X.reindex(pd.Index(part["customer_id"])).reset_index(drop=True))
    p = rows["churn_probability"].fillna(rows["churn_probability"].mean()).fillna(0.5).to_numpy(dtype=np.float64)
    worth = rows["expected_value"].fillna(0.0).to_numpy(dtype=np.float64) * definition.reach_days / _YEAR
    explored = rows["explore_chance"].to_numpy(dtype=np.float64)
    return Entrants(
        X=with_risk(pd.concat(parts, ignore_index=True).astype("float64"), p),
        listed=(rows["arm"] == LISTED).to_numpy(dtype=bool),
        kept=1 - rows["churned"].to_numpy(dtype=np.float64),
        profit=rows["profit"].to_numpy(dtype=np.float64),
        chance=rows["chance"].to_numpy(dtype=np.float64),
        kept_alone=1 - p,
        profit_alone=config.campaigns.margin * (1 - p) * worth,
        cohort=rows.groupby("entered_on", sort=True).ngroup().to_numpy().astype(np.int64),
        in_use=_in_use(rows, p),
        weights=np.where(np.isnan(explored), 1.0, 1 / explored),
    )


def _in_use(rows: pd.DataFrame, p: Floats) -> Floats:
    """Rank by the places on the lists, and where these are by effect, by what the ranking before looked at."""
    scores = {"churn_probability": p, "expected_profit": rows["expected_profit"].to_numpy(dtype=np.float64)}
    before = scores.get(ranking_in_use(rows), p * rows["expected_value"].fillna(0.0).to_numpy(dtype=np.float64))
    by_effect = (rows["ranked_by"] == "uplift").to_numpy(dtype=bool)
    return np.asarray(np.where(by_effect, before, -rows["place"].to_numpy(dtype=np.float64)), dtype=np.float64)
