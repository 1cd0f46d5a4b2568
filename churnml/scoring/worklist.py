"""The work list: whom to contact, in which order, and who is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.campaigns.holdout import HoldoutPlan, smallest_effect
from churnml.config import PlaySettings, ScoringSettings
from churnml.scoring.plays import Play

HOLDOUT = "in the holdout"
_BEYOND = "beyond capacity or budget"


@dataclass(frozen=True)
class Worklist:
    """Whom to contact.

    Attributes
    ----------
    frame : pandas DataFrame
        Customers to contact: ``list_rank`` (1 first) and the columns of the ranking.
    excluded : dict of str to int
        Number of customers of the ranking who are not on it, by reason; each is counted once, by the first that holds.
    holdout : HoldoutPlan or None
        Plan of its holdout, which says what it can show; None where nobody is held out.
    """

    frame: pd.DataFrame
    excluded: dict[str, int]
    holdout: HoldoutPlan | None


def reasons_against(
    frame: pd.DataFrame, known: pd.DataFrame, plays: Mapping[str, Play], settings: ScoringSettings
) -> pd.Series:
    """Find the first reason against contacting each customer, or null where there is none.

    Parameters
    ----------
    frame : pandas DataFrame
        Ranking, a row per customer.
    known : pandas DataFrame
        Further knowledge of the same customers, in the same order: ``overdue`` and ``lost`` (see `against_own_pace`),
        ``days_since_contact`` (days since an offer was sent, null for never) and ``consent_unknown`` (the shop tells
        consent, but not that of this customer).
    plays : mapping of str to Play
        Plays by name.
    settings : ScoringSettings
        Settings: least probability, what is done where consent is not known, and what the list is ranked by.

    Returns
    -------
    pandas Series
        First reason that holds, or null, with the index of ``frame``.
    """
    cool_down = frame["play"].map({name: play.cool_down_days for name, play in plays.items()}).to_numpy()
    without_contact = [name for name, play in plays.items() if not play.contact]
    conditions = {
        "already lost": known["lost"].to_numpy(),
        "not overdue against own pace": ~known["overdue"].to_numpy(),
        f"less than {settings.min_probability:.0%} likely to leave": frame["churn_probability"].to_numpy()
        < settings.min_probability,
        "no consent": ~frame["contactable"].fillna(True).to_numpy(dtype=bool),
        "consent unknown": known["consent_unknown"].to_numpy() & (settings.unknown_consent == "leave_out"),
        "contacted within the cool-down": (known["days_since_contact"].to_numpy() <= cool_down) & (cool_down > 0),
        "the play is to leave alone": frame["play"].isin(without_contact).to_numpy(),
    }
    if settings.rank_by == "expected_profit":
        conditions["a contact would cost more than it brings"] = frame["expected_profit"].to_numpy() <= 0
    found = np.select(list(conditions.values()), list(conditions), "")
    return pd.Series(found, index=frame.index, dtype="str").mask(found == "")


def make_worklist(
    frame: pd.DataFrame, against: pd.Series, plays: Mapping[str, Play], settings: ScoringSettings, playing: PlaySettings
) -> Worklist:
    """Choose the customers to contact.

    Parameters
    ----------
    frame : pandas DataFrame
        Ranking with arms, a row per customer.
    against : pandas Series
        Reason why a customer does not come into question, or null, as from `reasons_against`.
    plays : mapping of str to Play
        Plays by name, which say what contacting costs.
    settings : ScoringSettings
        Settings: capacity, budget, what decides and the order.
    playing : PlaySettings
        Settings of the campaign.

    Returns
    -------
    Worklist
        Customers to contact, in their order.
    """
    by = settings.rank_by
    candidates = frame[against.isna()]
    candidates = candidates.sort_values([by, "risk_rank"], ascending=[False, True])
    held_out = candidates["holdout"].to_numpy(dtype=bool)
    taken = ~held_out & _affordable(candidates, ~held_out, plays, settings)
    reached = np.flatnonzero(taken)[-1] + 1 if taken.any() else 0
    listed = candidates[taken]
    if settings.order_by == "urgency":
        listed = listed.sort_values(["contact_by", by, "risk_rank"], ascending=[True, False, True])
    listed = listed.reset_index(drop=True)
    listed.insert(0, "list_rank", range(1, len(listed) + 1))
    excluded = {str(reason): int(count) for reason, count in against.value_counts().items()} | {
        HOLDOUT: int(held_out.sum()),
        _BEYOND: int((~held_out & ~taken).sum()),
    }
    plan = None
    if frame["holdout"].any():
        # Those who would stand on the list too, but for the draw.
        passed_over = int(held_out[:reached].sum())
        rate = float(candidates["churn_probability"].iloc[:reached].mean())
        plan = HoldoutPlan(
            playing.campaign,
            float(frame["holdout"].mean()),
            len(listed),
            passed_over,
            smallest_effect(rate, len(listed), passed_over),
            frame["measure_on"].iloc[0],
        )
    return Worklist(listed, {reason: count for reason, count in excluded.items() if count}, plan)


def _affordable(
    candidates: pd.DataFrame, asked: NDArray[np.bool_], plays: Mapping[str, Play], settings: ScoringSettings
) -> NDArray[np.bool_]:
    """Find the customers for whom capacity and budget last; those who are not asked for use up neither."""
    within: NDArray[np.bool_] = np.cumsum(asked) <= settings.capacity
    if settings.budget is not None:
        cost = candidates["play"].map({name: play.cost + play.offer for name, play in plays.items()}).to_numpy(float)
        within &= np.cumsum(np.where(asked, cost, 0.0)) <= settings.budget + 1e-9
    return within
