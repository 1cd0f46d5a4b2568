"""Who enters a campaign with a list: the arms of those who may stand on it, and what of them goes into the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.campaigns import ledger as ledgers
from churnml.campaigns.holdout import HoldoutPlan, SoFar, draw, lot_numbers, share_for, smallest_effect
from churnml.campaigns.ledger import HELD_OUT, LISTED
from churnml.config import Config, HoldoutSettings
from churnml.data.contacted import contacted_since
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.scoring.plays import Play
from churnml.scoring.worklist import Worklist
from churnml.words.value_names import ALL_CAMPAIGNS

EARLIER_DAY, IN_SAMPLE, HELD_BACK = "earlier_day", "in_sample", "held_back"


@dataclass(frozen=True, kw_only=True)
class Lot:
    """The lot of a campaign: who is held out of it, by themselves.

    Attributes
    ----------
    campaign : str
        Name of the campaign.
    share : float
        Chance with which who enters is held out.
    key : str
        Text on which the lot depends.
    standing : pandas DataFrame
        Where customers stand from earlier lists, by id; see `churnml.campaigns.ledger.standing`.
    own_shares : pandas Series
        Chance of those for whom it is another, by id.
    """

    campaign: str
    share: float
    key: str
    standing: pd.DataFrame
    own_shares: pd.Series = field(default_factory=lambda: pd.Series(dtype="float64"))

    @property
    def holds_out(self) -> bool:
        """Whether somebody is held out, or may be."""
        before = self.standing
        return bool(self.share or (before["holds"] & (before["arm"] == HELD_OUT)).any())

    def arms(self, customers: pd.Series) -> pd.DataFrame:
        """Find the arm of customers: one that still holds, or the one that an entry would draw.

        Returns
        -------
        pandas DataFrame
            With the index of the customers: ``holdout`` (held out, by the arm that holds or by the one that would be
            drawn), ``holds`` (an arm from an earlier list holds), ``entry_number``, ``arm_before``, ``entered_on`` and
            ``arm_until`` (null where none holds), and ``chance``, with which one is held out who enters now.
        """
        before = self.standing.reindex(customers)
        holds = before["holds"].fillna(False).to_numpy(dtype=bool)
        number = before["entry_number"].fillna(0).to_numpy(dtype=np.int64) + ~holds
        chance = customers.map(self.own_shares).fillna(self.share).to_numpy(dtype=np.float64)
        drawn = np.zeros(len(customers), dtype=bool)
        if self.share:
            drawn = draw(customers, pd.Series(number), chance, self.campaign, self.key)
        return pd.DataFrame(
            {
                "holdout": np.where(holds, (before["arm"] == HELD_OUT).to_numpy(), drawn),
                "holds": holds,
                "chance": chance,
                "entry_number": number,
                "arm_before": before["arm"].astype("str").to_numpy(),
                "entered_on": before["entered_on"].where(holds, None).to_numpy(dtype=object),
                "arm_until": before["arm_until"].where(holds, None).to_numpy(dtype=object),
            },
            index=customers.index,
        )

    def explore(self, customers: pd.Series, day: date) -> NDArray[np.float64]:
        """Draw a number for each customer, by whose order a list of a day explores those below its reach."""
        return lot_numbers(customers, self.arms(customers)["entry_number"], f"{self.campaign}/explore/{day}", self.key)


@dataclass(frozen=True, kw_only=True)
class Lots:
    """The lots of a list: that of its campaign, and that of all campaigns together."""

    own: Lot
    of_all: Lot

    def arms(self, customers: pd.Series) -> pd.DataFrame:
        """Find the arm of customers in the campaign, with ``holdout`` for who is left alone by it or by all."""
        arms = self.own.arms(customers)
        return arms.assign(holdout=arms["holdout"] | self.of_all.arms(customers)["holdout"])


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
        Why this list enters nobody: ``earlier_day`` (a newer list did), ``in_sample`` or ``held_back`` (the data is
        broken); None where it may.
    plan, plan_of_all : HoldoutPlan or None
        What the holdout of the campaign can show, and that of all campaigns; None where nobody is held out.
    """

    ledger: pd.DataFrame
    new: pd.DataFrame
    replaced: pd.DataFrame
    why_none: str | None
    plan: HoldoutPlan | None
    plan_of_all: HoldoutPlan | None

    def renamed(self, public_ids: pd.Series) -> Entries:
        """Return the same with other customer ids, indexed by the shop's own."""

        def rename(rows: pd.DataFrame) -> pd.DataFrame:
            return rows.assign(customer_id=rows["customer_id"].map(public_ids))

        return replace(self, ledger=rename(self.ledger), new=rename(self.new), replaced=rename(self.replaced))


def find_lots(
    candidates: pd.DataFrame,
    ledger: pd.DataFrame,
    day: date,
    holdout: HoldoutSettings,
    *,
    campaign: str,
    capacity: int | None,
) -> Lots:
    """Find by which lots customers are held out on the day of a list.

    Parameters
    ----------
    candidates : pandas DataFrame
        Rows of the ranking against whom nothing speaks.
    ledger : pandas DataFrame
        Ledger of earlier lists.
    day : date
        Day of the list.
    holdout : HoldoutSettings
        Share, key and days of the holdout.
    campaign : str
        Campaign of the list.
    capacity : int or None
        Number of customers on it; None is no limit.
    """
    likely = candidates["churn_probability"].nlargest(len(candidates) if capacity is None else capacity)
    share = share_for(holdout, float(likely.mean()) if len(likely) else 0.5, len(likely))
    own, of_all = (
        Lot(campaign=name, share=of, key=holdout.key, standing=ledgers.standing(ledger, name, day))
        for name, of in ((campaign, share), (ALL_CAMPAIGNS, holdout.global_share))
    )
    return Lots(own=own, of_all=of_all)


def enter_list(
    worklist: Worklist,
    lots: Lots,
    ledger: pd.DataFrame,
    *,
    expected_value: pd.Series,
    plays: Mapping[str, Play],
    definition: ChurnDefinition,
    day: date,
    config: Config,
    in_sample: bool,
    held_back: bool = False,
) -> Entries:
    """Write down who enters the campaign with a list; see `churnml.campaigns.ledger.enter`.

    Parameters
    ----------
    worklist : Worklist
        The list, with who is in its reach.
    lots : Lots
        Lots by which customers are held out.
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
    held_back : bool, optional
        Whether the list is held back, since the data is broken.
    """
    campaign, holdout = lots.own.campaign, config.plays.holdout
    newest = [ledgers.newest_day(ledger, name) for name in [campaign, *[ALL_CAMPAIGNS] * (lots.of_all.share > 0)]]
    later = any(one is not None and day < one for one in newest)
    why_none = IN_SAMPLE if in_sample else HELD_BACK if held_back else EARLIER_DAY if later else None
    written = _written_by(ledger, campaign, day) & (why_none is None)
    ledger, replaced = ledger[~written], ledger[written]

    names = worklist.reach["play"]
    own, everywhere = (lot.arms(worklist.reach["customer_id"]) for lot in (lots.own, lots.of_all))
    reach = worklist.reach.drop(columns=list(own), errors="ignore").assign(
        expected_value=worklist.reach["customer_id"].map(expected_value),
        play_cost=names.map({name: play.cost for name, play in plays.items()}),
        play_offer=names.map({name: play.offer for name, play in plays.items()}),
    )
    # Who is left alone by all campaigns is in none of them.
    of_list = reach[~everywhere["holdout"]].join(own)
    of_all = reach.join(everywhere)
    # Another campaign's list of the same day may have let them enter.
    there = ledger["customer_id"][(ledger["campaign"] == ALL_CAMPAIGNS) & (ledger["entered_on"] == day)]
    of_all["holds"] |= of_all["customer_id"].isin(there)
    version = str(reach["model_version"].iloc[0]) if len(reach) else ""
    list_id = ledgers.identify(of_list, day, campaign, version)
    groups = [(lots.own, of_list), (lots.of_all, of_all)]
    new = _together(
        ledgers.enter(
            rows.assign(entered=~rows["holds"]),
            campaign=lot.campaign,
            day=day,
            definition=definition,
            holdout=holdout,
            ranked_by=worklist.ranked_by,
            model_version=version,
            list_id=list_id,
        )
        for lot, rows in groups
        if lot.share and why_none is None
    )
    ledger = _together([ledger, new])
    until = day + timedelta(days=definition.reach_days)
    plan, plan_of_all = (
        _plan(new, ledger, lot.share, lot.campaign, until) if lot.holds_out else None for lot, _ in groups
    )
    return Entries(ledger=ledger, new=new, replaced=replaced, why_none=why_none, plan=plan, plan_of_all=plan_of_all)


def _together(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    filled = [rows for rows in parts if len(rows)] or [ledgers.empty()]
    return filled[0] if len(filled) == 1 else pd.concat(filled, ignore_index=True)


def _written_by(ledger: pd.DataFrame, campaign: str, day: date) -> pd.Series:
    """Find the rows that an earlier list of the same campaign and day wrote, of the campaign and of all together."""
    of_day = ledger["entered_on"] == day
    others = ledger["list_id"][of_day & ~ledger["campaign"].isin([campaign, ALL_CAMPAIGNS])]
    written: pd.Series = of_day & ~ledger["list_id"].isin(others)
    return written


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


def _plan(new: pd.DataFrame, ledger: pd.DataFrame, share: float, campaign: str, until: date) -> HoldoutPlan:
    listed, held_out, effect = _can_show(new[new["counted"] & (new["campaign"] == campaign)])
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
        explored=int(new.loc[new["campaign"] == campaign, "explore_chance"].notna().sum()),
    )


def _can_show(rows: pd.DataFrame) -> tuple[int, int, float | None]:
    """Count those of each arm, and compute the smallest effect that they can show."""
    listed, held_out = int((rows["arm"] == LISTED).sum()), int((rows["arm"] == HELD_OUT).sum())
    rate = float(rows["churn_probability"].mean()) if len(rows) else 0.0
    return listed, held_out, smallest_effect(rate, listed, held_out)
