"""The lists besides the work list: their customers, in their order, and who of them enters a campaign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.campaigns.team import campaign_of
from churnml.config import Config
from churnml.data.history import History
from churnml.data.milestones import COLUMNS as MILESTONE
from churnml.data.milestones import milestones
from churnml.data.open_complaints import COLUMNS as COMPLAINT
from churnml.data.open_complaints import CONSENT, open_complaints
from churnml.data.stored_rows import RANK, StoredRows
from churnml.definition import ChurnDefinition
from churnml.models.value import STAYED
from churnml.scoring.declared_lists import MILESTONES, OPEN_COMPLAINTS, RANKING, DeclaredList
from churnml.scoring.entries import Entries, Lots, enter_list, find_lots
from churnml.scoring.plays import Play
from churnml.scoring.worklist import LOOKED_AT, Worklist, against_column, take

_NOT_ASKED = "not_asked"
_PLACED = ["list_rank", "customer_id", "play", "place"]
_WITH_PSEUDONYMS = {*_PLACED, "opened_on", "days_open", "complaints_open", CONSENT}
_WITH_PSEUDONYMS |= {"milestone", "milestone_on", "milestone_number"}  # neither ids nor words of the shop
_LONGEST_DAYS = 30
_ASCENDING = ("risk_rank",)
_OF_RANKING = (*LOOKED_AT, STAYED, RANK)


@dataclass(frozen=True, kw_only=True)
class NamedList:
    """A list besides the work list.

    Attributes
    ----------
    name, campaign : str
        Name of the list, and of its campaign.
    declared : DeclaredList
        What it is.
    rows : pandas DataFrame
        Its customers: ``list_rank`` (1 first), ``customer_id``, ``play``, ``place``, and what its source tells.
    excluded : mapping of str to int
        Number of customers who would be on it but for a reason, by reason.
    entries : Entries or None
        Who enters its campaign with it; None where nobody is held out of it.
    """

    name: str
    campaign: str
    declared: DeclaredList
    rows: pd.DataFrame
    excluded: Mapping[str, int]
    entries: Entries | None = None

    def renamed(self, public_ids: pd.Series) -> NamedList:
        """Return the same with other customer ids, and without ids and texts that only the shop knows."""
        known = [name for name in self.rows if name in _WITH_PSEUDONYMS or name in self.declared.rank_by]
        rows = self.rows[known].assign(customer_id=self.rows["customer_id"].map(public_ids))
        entries = None if self.entries is None else self.entries.renamed(public_ids)
        return replace(self, rows=rows, entries=entries)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What all further lists of a day are made from.

    Attributes
    ----------
    history : History
        The shop as known on the day.
    definition : ChurnDefinition
        Definition of leaving.
    plays : mapping of str to Play
        Plays by name.
    config : Config
        Campaign, holdout and consent.
    model_version : str
        Version of the model that ranks.
    in_sample : bool
        Whether it has seen what happened after the day.
    held_back : bool
        Whether the lists are held back, so that nobody enters with them.
    earlier : date or None
        Day of the list before; None where there is none.
    """

    history: History
    definition: ChurnDefinition
    plays: Mapping[str, Play]
    config: Config
    model_version: str
    in_sample: bool
    held_back: bool
    earlier: date | None


def campaigns_of(names: Iterable[str], config: Config) -> list[str]:
    """Name the campaigns of lists."""
    return [campaign_of(config.plays.campaign, name) for name in names]


def make_lists(
    declared: Mapping[str, DeclaredList], ranked: StoredRows, ledger: pd.DataFrame, asked: Asked
) -> tuple[dict[str, NamedList], pd.DataFrame]:
    """Make the lists besides the work list.

    Parameters
    ----------
    declared : mapping of str to DeclaredList
        Lists by name.
    ranked : StoredRows
        Rows of the ranking in their order, with why customers are not on each list.
    ledger : pandas DataFrame
        Ledger of all lists, the work list of the day included.
    asked : Asked
        What they are made from.

    Returns
    -------
    tuple of dict and pandas DataFrame
        The lists by name, and the ledger with their entries.
    """
    made = {}
    for name, one in declared.items():
        made[name] = _make(name, one, ranked, ledger, asked)
        entries = made[name].entries
        ledger = ledger if entries is None else entries.ledger
    return made, ledger


def _make(name: str, declared: DeclaredList, ranked: StoredRows, ledger: pd.DataFrame, asked: Asked) -> NamedList:
    campaign = campaign_of(asked.config.plays.campaign, name)
    candidates, against = _candidates(name, declared, ranked, asked)
    worth = candidates[STAYED].to_numpy(dtype=np.float64)
    play = candidates["play"] if declared.play is None else declared.play
    candidates = candidates.assign(
        play=play,
        expected_profit=candidates["expected_profit"].where(
            candidates["play"] == play
        ),  # of another play it is another
        expected_value=worth,
        return_value=(1.0 - candidates["churn_probability"].to_numpy(dtype=np.float64)) * worth,
        model_version=asked.model_version,
    )
    order = [*declared.rank_by, "customer_id"]
    candidates = candidates.sort_values(order, ascending=[by in (*_ASCENDING, "customer_id") for by in order])
    lots = find_lots(
        candidates,
        ledger,
        asked.history.snapshot_date,
        asked.config.plays.holdout,
        campaign=campaign,
        capacity=declared.capacity,
    )
    candidates = candidates.assign(holdout=_held_out(candidates["customer_id"], declared, lots))
    chosen = take(candidates, against, declared.rank_by[0], declared.capacity)
    entries = _enter(chosen, lots, ledger, candidates, asked) if declared.holdout else None
    source = (*COMPLAINT, CONSENT, *MILESTONE)
    of_source = [column for column in candidates if column in source or column in declared.rank_by]
    told = [column for column in of_source if column not in _OF_RANKING]
    return NamedList(
        name=name,
        campaign=campaign,
        declared=declared,
        rows=chosen.frame[[*_PLACED, *told]],
        excluded=chosen.excluded,
        entries=entries,
    )


def _candidates(
    name: str, declared: DeclaredList, ranked: StoredRows, asked: Asked
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Find who comes into question for a list, and count the others by reason."""
    column = against_column(name)
    if declared.source == RANKING:
        counts = {reason: count for (reason,), count in ranked.counts(column).items() if reason is not None}
        rows = ranked.where_null(column, [*_OF_RANKING])
    else:
        found = _of_source(declared.source, asked)
        of_ranking = ranked.of(found["customer_id"].tolist(), [*_OF_RANKING, column])
        rows = found.merge(of_ranking, on="customer_id", how="left" if declared.source == OPEN_COMPLAINTS else "inner")
        if "no_consent" in declared.exclude and CONSENT in rows:
            refused = rows[RANK].isna() & ~rows[CONSENT].fillna(asked.config.scoring.unknown_consent == "include")
            rows[column] = rows[column].mask(refused.astype(bool), "no_consent")
        counts = {str(reason): int(count) for reason, count in rows[column].value_counts().items()}
        rows = rows[rows[column].isna()].drop(columns=column)
    return rows, {reason: count for reason, count in counts.items() if reason != _NOT_ASKED}


def _of_source(source: str, asked: Asked) -> pd.DataFrame:
    if source == OPEN_COMPLAINTS:
        return open_complaints(asked.history)
    assert source == MILESTONES
    days = _LONGEST_DAYS
    if asked.earlier is not None:
        days = min(days, (asked.history.snapshot_date - asked.earlier).days)
    return milestones(asked.history, days)


def _held_out(customers: pd.Series, declared: DeclaredList, lots: Lots) -> NDArray[np.bool_]:
    """Say who is left alone: by the list, and by all campaigns; a complaint is answered whatever a lot says."""
    if declared.source == OPEN_COMPLAINTS:
        return np.zeros(len(customers), dtype=bool)
    arms = lots.arms(customers) if declared.holdout else lots.of_all.arms(customers)
    return arms["holdout"].to_numpy(dtype=bool)


def _enter(chosen: Worklist, lots: Lots, ledger: pd.DataFrame, candidates: pd.DataFrame, asked: Asked) -> Entries:
    return enter_list(
        chosen,
        lots,
        ledger,
        expected_value=candidates.set_index("customer_id")[STAYED],
        plays=asked.plays,
        definition=asked.definition,
        day=asked.history.snapshot_date,
        config=asked.config,
        in_sample=asked.in_sample,
        held_back=asked.held_back,
    )
