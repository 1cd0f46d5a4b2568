"""The work list: whom to contact, in which order, and who is left out and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.analytics.risk_groups import GONE, ON_PACE
from churnml.config import ScoringSettings
from churnml.scoring.declared_lists import DeclaredList
from churnml.scoring.plays import Play
from churnml.scoring.relearning import STOPPED

LOOKED_AT = (
    *("customer_id", "churn_probability", "risk_band", "value_at_risk", "expected_profit", "uplift", "play"),
    "contact_by",
)
"""What decides among all customers, of what is said of each."""
EXPLORE_LOT = "explore_lot"
"""Number drawn for a customer, by whose order those below the reach are explored; null where nobody is."""
HOLDOUT = "held_out"
_BEYOND = "beyond_capacity"


@dataclass(frozen=True)
class Worklist:
    """Whom to contact.

    Attributes
    ----------
    frame : pandas DataFrame
        Customers to contact: ``list_rank`` (1 first) and the columns of the ranking.
    excluded : dict of str to int
        Number of customers of the ranking who are not on it, by reason; each is counted once, by the first that holds.
    reach : pandas DataFrame
        Candidates in its reach, listed or held out, as they stand in the ranking, with ``place`` (1 first) and
        ``counted``: those before the place at which capacity or budget ends, and whoever stands there, who is listed by
        certainty and does not count. Where neither ends, all candidates are in reach, and count. Those below who are
        explored follow, with the chance of being drawn to be (``explore_chance``, null for all others).
    places : pandas Series
        Place of each candidate among all, both arms counted, by id.
    ranked_by : str
        What decided the order.
    """

    frame: pd.DataFrame
    excluded: dict[str, int]
    reach: pd.DataFrame
    places: pd.Series
    ranked_by: str


def reasons_against(
    frame: pd.DataFrame,
    known: pd.DataFrame,
    plays: Mapping[str, Play],
    settings: ScoringSettings,
    stopped: Collection[str] = (),
) -> pd.Series:
    """Find the code of the first reason against contacting each customer, or null where there is none.

    Parameters
    ----------
    frame : pandas DataFrame
        Ranking with groups, a row per customer.
    known : pandas DataFrame
        Further knowledge of the same customers, in the same order: ``overdue`` (see `against_own_pace`),
        ``days_since_contact`` (days since an offer was sent, null for never) and ``consent_unknown`` (the shop tells
        consent, but not that of this customer).
    plays : mapping of str to Play
        Plays by name.
    settings : ScoringSettings
        Settings: least probability, what is done where consent is not known, and what the list is ranked by.
    stopped : collection of str, optional
        Names of plays that are stopped by what they brought, so that what they are expected to bring decides nothing.

    Returns
    -------
    pandas Series
        Code of the first reason that holds, or null, with the index of ``frame``: ``gone``, ``not_overdue`` (against
        the own pace), ``unlikely`` (to leave), ``no_consent``, ``consent_unknown``, ``cool_down`` (contacted lately),
        ``leave_alone`` (the play is to), ``costs_more`` (a contact than it brings).
    """
    conditions = _conditions(frame, known, frame["play"], plays, settings)
    if settings.rank_by == "expected_profit":
        judged = ~frame["play"].isin(stopped).to_numpy()
        conditions["costs_more"] = judged & (frame["expected_profit"].to_numpy() <= 0)
    return _first(conditions, frame.index)


def against_column(name: str) -> str:
    """Name the column that says why a customer of the ranking does not come into question for a list."""
    return f"against {name}"


def against_list(
    frame: pd.DataFrame,
    known: pd.DataFrame,
    declared: DeclaredList,
    plays: Mapping[str, Play],
    settings: ScoringSettings,
    stopped: Collection[str] = (),
) -> pd.Series:
    """Find the code of the first reason against having each customer on a declared list, or null where there is none.

    Parameters
    ----------
    frame : pandas DataFrame
        Ranking with groups, a row per customer.
    known : pandas DataFrame
        Further knowledge of the same customers, as for `reasons_against`, with ``asked`` (the list's own conditions
        hold) and ``open_complaint``.
    declared : DeclaredList
        The list.
    plays : mapping of str to Play
        Plays by name.
    settings : ScoringSettings
        Settings: what is done where consent is not known.
    stopped : collection of str, optional
        Names of plays that are stopped by what they brought.

    Returns
    -------
    pandas Series
        Code of the first reason that holds, or null: ``not_asked``, those that the list names, and ``stopped``.
    """
    play = frame["play"] if declared.play is None else pd.Series(declared.play, index=frame.index)
    conditions = _conditions(frame, known, play, plays, settings)
    conditions["open_complaint"] = known["open_complaint"].to_numpy()
    left_out = {"consent_unknown", *declared.exclude} if "no_consent" in declared.exclude else set(declared.exclude)
    named = {code: held for code, held in conditions.items() if code in left_out}
    is_stopped = declared.holdout & play.isin(stopped).to_numpy()
    return _first({"not_asked": ~known["asked"].to_numpy(), **named, STOPPED: is_stopped}, frame.index)


def _conditions(
    frame: pd.DataFrame, known: pd.DataFrame, play: pd.Series, plays: Mapping[str, Play], settings: ScoringSettings
) -> dict[str, NDArray[np.bool_]]:
    cool_down = play.map({name: each.cool_down_days for name, each in plays.items()}).to_numpy()
    without_contact = [name for name, each in plays.items() if not each.contact]
    return {
        GONE: (frame["group"] == GONE).to_numpy(),
        "not_overdue": (frame["group"] == ON_PACE).to_numpy() & ~known["overdue"].to_numpy(),
        "unlikely": (frame["group"] == ON_PACE).to_numpy(),
        "no_consent": ~frame["contactable"].fillna(True).to_numpy(dtype=bool),
        "consent_unknown": known["consent_unknown"].to_numpy() & (settings.unknown_consent == "leave_out"),
        "cool_down": (known["days_since_contact"].to_numpy() <= cool_down) & (cool_down > 0),
        "leave_alone": play.isin(without_contact).to_numpy(),
    }


def _first(conditions: Mapping[str, NDArray[np.bool_]], index: pd.Index) -> pd.Series:
    found = np.select(list(conditions.values()), list(conditions), "")
    return pd.Series(found, index=index, dtype="str").mask(found == "")


def make_worklist(
    candidates: pd.DataFrame, against: Mapping[str, int], plays: Mapping[str, Play], settings: ScoringSettings
) -> Worklist:
    """Choose the customers to contact.

    Parameters
    ----------
    candidates : pandas DataFrame
        Rows of the ranking against whom nothing speaks, with arms, and with ``explore_lot``, a number drawn for each,
        where some of the places are for exploring.
    against : mapping of str to int
        Number of other customers by the reason against contacting them; see `reasons_against`.
    plays : mapping of str to Play
        Plays by name, which say what contacting costs.
    settings : ScoringSettings
        Settings: capacity, budget, what decides and the order.

    Returns
    -------
    Worklist
        Customers to contact, in their order.
    """
    by = settings.rank_by
    candidates = candidates.sort_values([by, "risk_rank"], ascending=[False, True])
    candidates = candidates.assign(place=np.arange(1, len(candidates) + 1))
    reached, explored = len(candidates), round(settings.explore_share * settings.capacity)
    if explored:
        asked = np.cumsum(~candidates["holdout"].to_numpy(dtype=bool))
        reached = int(np.searchsorted(asked, settings.capacity - explored)) + 1
        below = candidates.iloc[reached:].sort_values(EXPLORE_LOT, kind="stable")
        candidates = pd.concat([candidates.iloc[:reached], below])
    within = np.ones(len(candidates), dtype=bool)
    if settings.budget is not None:
        cost = candidates["play"].map({name: play.cost + play.offer for name, play in plays.items()}).to_numpy(float)
        asked = ~candidates["holdout"].to_numpy(dtype=bool)
        within = np.cumsum(np.where(asked, cost, 0.0)) <= settings.budget + 1e-9
    chosen = take(candidates, against, by, settings.capacity, within)
    looked_at = len(chosen.reach) - reached
    if looked_at > 0:
        is_below = chosen.reach["place"].to_numpy() > reached
        chance = looked_at / (len(candidates) - reached)
        # Whoever stands at the last place above is listed by certainty too.
        counted = chosen.reach["counted"] & (chosen.reach["place"] != reached)
        reach = chosen.reach.assign(explore_chance=np.where(is_below, chance, np.nan), counted=counted)
        chosen = replace(chosen, reach=reach)
    if settings.order_by == "urgency":
        listed = chosen.frame.sort_values(["contact_by", by, "risk_rank"], ascending=[True, False, True])
        listed["list_rank"] = range(1, len(listed) + 1)
        chosen = replace(chosen, frame=listed.reset_index(drop=True))
    return chosen


def take(
    candidates: pd.DataFrame,
    against: Mapping[str, int],
    ranked_by: str,
    capacity: int | None,
    within: NDArray[np.bool_] | None = None,
) -> Worklist:
    """Take the first candidates who are not held out.

    Parameters
    ----------
    candidates : pandas DataFrame
        Candidates in their order, with ``holdout``, and ``place`` where that is not the order.
    against : mapping of str to int
        Number of other customers by the reason against having them on the list.
    ranked_by : str
        What decided the order.
    capacity : int or None
        Number of customers; None is no limit.
    within : array of bool, optional
        Whether the budget lasts up to each candidate; None is no limit.
    """
    if "place" not in candidates:
        candidates = candidates.assign(place=np.arange(1, len(candidates) + 1))
    held_out = candidates["holdout"].to_numpy(dtype=bool)
    taken = ~held_out if within is None else ~held_out & within
    if capacity is not None:
        taken = taken & (np.cumsum(~held_out) <= capacity)
    ends = int(taken.sum()) == capacity or bool((~held_out & ~taken).any())
    reached = (np.flatnonzero(taken)[-1] + 1 if taken.any() else 0) if ends else len(candidates)
    reach = candidates.iloc[:reached]
    listed = candidates[taken].reset_index(drop=True)
    listed.insert(0, "list_rank", range(1, len(listed) + 1))
    excluded = {
        **against,
        HOLDOUT: int(held_out.sum()),
        _BEYOND: int((~held_out & ~taken).sum()),
    }
    return Worklist(
        listed,
        {reason: count for reason, count in excluded.items() if count},
        reach.assign(counted=np.arange(1, reached + 1) < reached if ends else True, explore_chance=np.nan),
        candidates.set_index("customer_id")["place"],
        ranked_by,
    )
