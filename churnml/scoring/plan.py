"""What a list can be expected to do, before anything is sent: by what was measured, or is assumed, of each play."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from churnml.campaigns.holdout import smallest_effect
from churnml.campaigns.ledger import HELD_OUT, LISTED
from churnml.scoring.play_effects import PlayEffects
from churnml.scoring.plays import Play
from churnml.statistics.shares import NORMAL_95

NEEDED = ("play", "churn_probability", "value_at_risk")
"""Columns of a list that a plan reads."""
_LEARNING_HELD_OUT = 900
_LEARNING_SHARE = 0.5
_WEEK = 7


@dataclass(frozen=True, kw_only=True)
class CampaignPlan:
    """What a list can be expected to do.

    Attributes
    ----------
    plays : pandas DataFrame
        A row per play on the list: ``play, customers`` (whom it reaches), ``leaving`` (of these, expected to leave if
        left alone), ``save_share, save_share_low, save_share_high, kept, kept_low, kept_high`` (customers),
        ``profit, profit_low, profit_high`` (money over the days for which value is counted) and ``measured`` (whether
        this rests on a readout).
    listed, held_out : int
        Number of customers of each arm who entered with the newest list.
    smallest_effect : float or None
        Smallest difference of churn rates that these can show; None where they can show none.
    known_on : date or None
        Day on which their outcome is known; None where nobody entered.
    so_far_effect : float or None
        Smallest difference that all who entered so far can show.
    so_far_on : date or None
        Day on which the outcome of all of them is known.
    learning_weeks : int or None
        Weeks that a campaign with half held out takes, at the pace of the lists so far, until 900 held-out customers
        have entered, which the planned look of a ranking by effect asks for; None where nobody entered yet.
    """

    plays: pd.DataFrame
    listed: int
    held_out: int
    smallest_effect: float | None
    known_on: date | None
    so_far_effect: float | None
    so_far_on: date | None
    learning_weeks: int | None


def make_plan(
    worklist: pd.DataFrame, ledger: pd.DataFrame, effects: PlayEffects, plays: Mapping[str, Play]
) -> CampaignPlan:
    """Say what a list can be expected to do.

    Of the customers with a play, a share g of those who would leave is kept: ``kept = g sum(p)``, and they bring
    ``g (sum(p (v1 - v0)) - offer sum(p)) - g0 offer sum(1 - p) - n contact``; intervals are those of g.

    Parameters
    ----------
    worklist : pandas DataFrame
        Customers to contact, with ``NEEDED``.
    ledger : pandas DataFrame
        Rows of the campaign in the ledger, this list's included.
    effects : PlayEffects
        What is assumed or was measured of the plays.
    plays : mapping of str to Play
        Plays by name, with what they cost.
    """
    told = [_of_play(str(name), rows, effects, plays[str(name)]) for name, rows in worklist.groupby("play", sort=True)]
    first = ledger[(ledger["entry_number"] == 1) & ledger["counted"]]
    newest = first[first["entered_on"] == max(first["entered_on"], default=date.min)]
    return CampaignPlan(
        plays=pd.DataFrame(told, columns=list(_COLUMNS)),
        listed=int((newest["arm"] == LISTED).sum()),
        held_out=int((newest["arm"] == HELD_OUT).sum()),
        smallest_effect=_can_show(newest),
        known_on=max(newest["measure_on"], default=None),
        so_far_effect=_can_show(first),
        so_far_on=max(first["measure_on"], default=None),
        learning_weeks=_learning_weeks(first),
    )


_COLUMNS = (
    *("play", "customers", "leaving", "save_share", "save_share_low", "save_share_high"),
    *("kept", "kept_low", "kept_high", "profit", "profit_low", "profit_high", "measured"),
)


def _of_play(name: str, rows: pd.DataFrame, effects: PlayEffects, play: Play) -> dict[str, object]:
    value, error, measured = effects.belief(name)
    shares = value, max(value - NORMAL_95 * error, 0.0), min(value + NORMAL_95 * error, 1.0)
    p = rows["churn_probability"].astype("float64")
    leaving, n = float(p.sum()), len(rows)
    gain = float(rows["value_at_risk"].astype("float64").sum()) - play.offer * leaving
    spent = effects.taken_anyway_share * play.offer * (n - leaving) + n * play.cost
    profits = sorted(share * gain - spent for share in shares[1:])
    return {
        "play": name,
        "customers": n,
        "leaving": leaving,
        **dict(zip(("save_share", "save_share_low", "save_share_high"), shares, strict=True)),
        **dict(zip(("kept", "kept_low", "kept_high"), (share * leaving for share in shares), strict=True)),
        "profit": shares[0] * gain - spent,
        "profit_low": profits[0],
        "profit_high": profits[1],
        "measured": measured,
    }


def _can_show(rows: pd.DataFrame) -> float | None:
    if rows.empty:
        return None
    arms = (int((rows["arm"] == arm).sum()) for arm in (LISTED, HELD_OUT))
    return smallest_effect(float(rows["churn_probability"].mean()), *arms)


def _learning_weeks(first: pd.DataFrame) -> int | None:
    """Count weeks at the pace of the lists after the first, which takes all who waited; of one list, a week each."""
    days = sorted(set(first["entered_on"]))
    if not days:
        return None
    if len(days) == 1:
        a_week = float(len(first))
    else:
        a_week = float((first["entered_on"] != days[0]).sum()) * _WEEK / (days[-1] - days[0]).days
    return math.ceil(_LEARNING_HELD_OUT / _LEARNING_SHARE / a_week) if a_week else None
