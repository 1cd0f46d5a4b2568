"""Who enters a campaign with a list: the arms of those who may stand on it, and what of them goes into the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from churnml.campaigns import ledger as ledgers
from churnml.campaigns.holdout import HoldoutPlan, SoFar, draw, share_for, smallest_effect
from churnml.campaigns.ledger import HELD_OUT, LISTED
from churnml.config import Config
from churnml.data.contacted import contacted_since
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.scoring.plays import Play
from churnml.scoring.worklist import Worklist

EARLIER_DAY, IN_SAMPLE = "earlier_day", "in_sample"


@dataclass(frozen=True, kw_only=True)
class Arms:
    """Where customers stand in a campaign on the day of a list.

    Attributes
    ----------
    table : pandas DataFrame
        A row per customer of the ranking, in its order: ``holdout`` (held out, by the arm that holds or by the one that
        would be drawn), ``holds`` (an arm from an earlier list holds), ``entry_number``, ``arm_before``, ``entered_on``
        and ``arm_until`` (null where none holds).
    share : float
        Chance with which who enters is held out.
    """

    table: pd.DataFrame
    share: float


@dataclass(frozen=True, kw_only=True)
class Entries:
    """Who entered a campaign with a list, and before.

    Attributes
    ----------
    ledger : pandas DataFrame
        All rows of the ledger, those of this list included; see `churnml.campaigns.ledger`.
    new, replaced : pandas DataFrame
        Rows of this list, and of an earlier one of the same day, whose place they take.
    why_none : str or None
        Why this list enters nobody: ``earlier_day`` (a newer list did) or ``in_sample``; None where it may.
    plan : HoldoutPlan or None
        What the holdout can show; None where nobody is held out.
    """

    ledger: pd.DataFrame
    new: pd.DataFrame
    replaced: pd.DataFrame
    why_none: str | None
    plan: HoldoutPlan | None

    def renamed(self, public_ids: pd.Series) -> Entries:
        """Return the same with other customer ids, indexed by the shop's own."""

        def rename(rows: pd.DataFrame) -> pd.DataFrame:
            return rows.assign(customer_id=rows["customer_id"].map(public_ids))

        return replace(self, ledger=rename(self.ledger), new=rename(self.new), replaced=rename(self.replaced))


def find_arms(frame: pd.DataFrame, against: pd.Series, ledger: pd.DataFrame, day: date, config: Config) -> Arms:
    """Find the arm of every customer of a ranking: one that still holds, or the one that an entry would draw.

    Parameters
    ----------
    frame : pandas DataFrame
        Ranking without arms.
    against : pandas Series
        Code against contacting each customer, null for candidates.
    ledger : pandas DataFrame
        Ledger of earlier lists.
    day : date
        Day of the list.
    config : Config
        Campaign, share and capacity.
    """
    playing = config.plays
    likely = frame["churn_probability"][against.isna()].nlargest(config.scoring.capacity)
    share = share_for(playing.holdout, float(likely.mean()) if len(likely) else 0.5, len(likely))
    before = ledgers.standing(ledger, playing.campaign, day).reindex(frame["customer_id"])
    holds = before["holds"].fillna(False).to_numpy(dtype=bool)
    number = before["entry_number"].fillna(0).to_numpy(dtype=np.int64) + ~holds
    drawn = draw(frame["customer_id"], pd.Series(number), share, playing.campaign, playing.holdout.key)
    table = pd.DataFrame(
        {
            "holdout": np.where(holds, (before["arm"] == HELD_OUT).to_numpy(), drawn),
            "holds": holds,
            "entry_number": number,
            "arm_before": before["arm"].astype("str").to_numpy(),
            "entered_on": before["entered_on"].where(holds, None).to_numpy(dtype=object),
            "arm_until": before["arm_until"].where(holds, None).to_numpy(dtype=object),
        },
        index=frame.index,
    )
    return Arms(table=table, share=share)


def enter_list(
    worklist: Worklist,
    arms: Arms,
    ledger: pd.DataFrame,
    *,
    expected_value: pd.Series,
    plays: Mapping[str, Play],
    definition: ChurnDefinition,
    day: date,
    config: Config,
    in_sample: bool,
) -> Entries:
    """Write down who enters the campaign with a list; see `churnml.campaigns.ledger.enter`.

    Parameters
    ----------
    worklist : Worklist
        The list, with who is in its reach.
    arms : Arms
        Arms of the customers of the ranking.
    ledger : pandas DataFrame
        Ledger of earlier lists. Rows of the same day are written anew.
    expected_value : pandas Series
        What each customer is worth if they stay, by id.
    plays : mapping of str to Play
        Plays by name, which say what contacting costs.
    definition : ChurnDefinition
        Definition of leaving.
    day : date
        Day of the list.
    config : Config
        Campaign, and what decides.
    in_sample : bool
        Whether the model has seen what happened after the day.
    """
    playing = config.plays
    newest = ledgers.newest_day(ledger, playing.campaign)
    why_none = IN_SAMPLE if in_sample else EARLIER_DAY if newest is not None and day < newest else None
    reach = worklist.reach.drop(columns=["holdout", "entered_on", "arm_until"], errors="ignore")
    reach = reach.join(arms.table)
    names = reach["play"]
    reach = reach.assign(
        entered=~reach["holds"],
        expected_value=reach["customer_id"].map(expected_value),
        play_cost=names.map({name: play.cost for name, play in plays.items()}),
        play_offer=names.map({name: play.offer for name, play in plays.items()}),
    )
    new = ledgers.empty()
    if arms.share:
        new = ledgers.enter(
            reach,
            day=day,
            share=arms.share,
            definition=definition,
            playing=playing,
            ranked_by=config.scoring.rank_by,
            model_version=str(reach["model_version"].iloc[0]) if len(reach) else "",
        )
    replaced = ledgers.empty()
    if why_none is None:
        others = (ledger["campaign"] != playing.campaign) | (ledger["entered_on"] != day)
        ledger, replaced = ledger[others], ledger[~others]
        ledger = pd.concat([ledger, new], ignore_index=True) if len(ledger) else new
    else:
        new = ledgers.empty()
    until = day + timedelta(days=definition.reach_days)
    plan = (
        _plan(new, ledger, arms.share, playing.campaign, until) if arms.share or arms.table["holdout"].any() else None
    )
    return Entries(ledger=ledger, new=new, replaced=replaced, why_none=why_none, plan=plan)


def check_replaced(entries: Entries, shop: Shop, campaign: str, day: date) -> None:
    """Refuse another list of a day whose list was contacted already.

    Raises
    ------
    InputError
        Where the list would be another one, and contacts of the campaign were sent to those who entered with the first.
    """
    before, now = (rows["list_id"].tolist()[:1] for rows in (entries.replaced, entries.new))
    if not before or before == now:
        return
    reached = contacted_since(shop, day, campaign)
    contacted = [name for name in entries.replaced["customer_id"] if name in reached]
    if contacted:
        raise InputError(
            f"{day}: the list of this day was contacted already ({len(contacted):,} customers, such as "
            f"{', '.join(contacted[:3])}), and with these settings it would be another one. Use the settings of "
            "before, name another day, or replace it all the same with `force`."
        )


def with_entries(frame: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Return a ranking that says of those who enter with it since when, and until when their arm holds."""
    entered = new.set_index("customer_id")
    return frame.assign(
        **{
            name: pd.Series(
                list(map(entered[name].to_dict().get, frame["customer_id"], frame[name])), frame.index, dtype=object
            )
            for name in ("entered_on", "arm_until")
        }
    )


def _plan(new: pd.DataFrame, ledger: pd.DataFrame, share: float, campaign: str, until: date) -> HoldoutPlan:
    listed, held_out, effect = _can_show(new[new["counted"]])
    # Who enters again is read out apart.
    rows = ledger[(ledger["campaign"] == campaign) & (ledger["entry_number"] == 1) & ledger["counted"]]
    so_far = None
    if len(set(rows["entered_on"])) > 1:
        of_all = _can_show(rows)
        so_far = SoFar(listed=of_all[0], held_out=of_all[1], smallest_effect=of_all[2], on=max(rows["measure_on"]))
    return HoldoutPlan(
        campaign=campaign,
        share=share,
        listed=listed,
        held_out=held_out,
        smallest_effect=effect,
        until=until,
        so_far=so_far,
    )


def _can_show(rows: pd.DataFrame) -> tuple[int, int, float | None]:
    """Count those of each arm, and compute the smallest effect that they can show."""
    listed, held_out = int((rows["arm"] == LISTED).sum()), int((rows["arm"] == HELD_OUT).sum())
    rate = float(rows["churn_probability"].mean()) if len(rows) else 0.0
    return listed, held_out, smallest_effect(rate, listed, held_out)
