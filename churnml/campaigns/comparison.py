"""The two arms of those who entered together, and everything that is told of their difference."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.stats import norm

from churnml.campaigns import checks as checking
from churnml.campaigns.checks import Check
from churnml.campaigns.holdout import planned_information
from churnml.campaigns.ledger import HELD_OUT, LISTED
from churnml.config import CampaignSettings
from churnml.errors import InputError
from churnml.statistics.effect_ratios import Ratio, money_per_contact, ratio_of_effects
from churnml.statistics.effects import (
    FEWEST,
    FEWEST_ADJUSTED,
    NONE,
    Effect,
    Entered,
    Interval,
    effect_on_money,
    effect_on_share,
)
from churnml.statistics.logodds import Floats
from churnml.statistics.sequences import mixture_half_width
from churnml.statistics.several_effects import benjamini_hochberg, shrink
from churnml.words.campaigns import STAYED_AWAY
from churnml.words.value_names import ALL_CAMPAIGNS

GROUPS = ("play", "band", "segment", "entered_on")
"""What an effect can be told apart by."""
_YEAR = 365
SHARES = ("churned", STAYED_AWAY)
"""Outcomes of 0 or 1; the others are money."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What was fixed with the first cohort of a campaign: how much must have entered for an effect of 10 points.

    ``on`` is the day on which so much has matured, null before so much entered.
    """

    share: float
    information: float
    first: date
    on: date | None

    @classmethod
    def of(cls, ledger: pd.DataFrame) -> Plan:
        """Find the plan of a campaign from its ledger."""
        rows = ledger[(ledger["entry_number"] == 1) & ledger["counted"]]
        first = min(rows["entered_on"]) if len(rows) else date.min
        share = float(rows["churn_probability"][rows["entered_on"] == first].mean())
        if not 0 < share < 1:  # arms from elsewhere, without probabilities
            share = 0.5
        needed = planned_information(share)
        counts = rows.assign(held=rows["arm"] == HELD_OUT).groupby("measure_on")["held"].agg(["sum", "size"])
        reached = (counts["sum"] * (counts["size"] - counts["sum"]) / counts["size"]).cumsum()
        days = reached.index[reached >= needed]
        return cls(share=share, information=needed, first=first, on=min(days) if len(days) else None)

    def variance(self, rows: pd.DataFrame, outcome: str) -> float:
        """Return the variance of the sum at the planned size: of shares by the first cohort's probabilities."""
        if outcome in SHARES:
            return self.information * self.share * (1 - self.share)
        spread = float(rows[outcome][rows["entered_on"] == min(rows["entered_on"])].var(ddof=0))
        return self.information * spread if spread > 0 else math.nan


class Comparison:
    """The two arms of some entries, with what their rows tell."""

    def __init__(self, rows: pd.DataFrame, entered: Entered) -> None:
        self.rows, self.arms = rows, len(entered)
        self._entered = entered

    @classmethod
    def of(cls, rows: pd.DataFrame) -> Comparison:
        """Take the cohorts with both arms."""
        entered, kept = Entered.of(
            rows["arm"] == LISTED,
            rows["cohort"],
            rows["churn_probability"].fillna(rows["churn_probability"].mean()).fillna(0.0),
            rows["chance"],
        )
        return cls(rows[kept], entered)

    @cached_property
    def _of_money(self) -> Entered:
        rows = self.rows
        days = np.array(
            [(m - e).days for m, e in zip(rows["measure_on"], rows["entered_on"], strict=True)], dtype=float
        )
        expected = ((1 - rows["churn_probability"]) * rows["expected_value"] * days / _YEAR).fillna(0.0)
        return Entered.of(self._entered.listed, self._entered.cohort, expected, rows["chance"])[0]

    def entered(self, outcome: str) -> Entered:
        """Return the arms with the covariate that goes with an outcome."""
        return self._entered if outcome in SHARES else self._of_money

    def effect(self, outcome: str) -> Effect:
        """Estimate the effect of being listed."""
        estimate = effect_on_share if outcome in SHARES else effect_on_money
        return estimate(self.entered(outcome), self._values(outcome))

    def contacted(self, outcome: str) -> Ratio:
        """Estimate the effect of being contacted on those who are contacted because they are listed."""
        estimate = ratio_of_effects if outcome in SHARES else money_per_contact
        return estimate(self.entered(outcome), self._values(outcome), self._values("treated"))

    def effects(self, settings: CampaignSettings, plan: Plan, as_of: date) -> pd.DataFrame:
        """Tell all outcomes: of being listed, and where not all of these were contacted, of being contacted."""
        asked: list[str] = [*settings.outcomes]
        if "churned" in asked and self.rows[STAYED_AWAY].notna().all():
            asked.insert(1, STAYED_AWAY)
        treated = self._values("treated")
        told = not np.isnan(treated).any()
        listed = self._entered.listed
        partly = told and bool(treated[listed].mean() < checking.DELIVERED or treated[~listed].any())
        table = []
        for outcome in asked:
            one = self.effect(outcome)
            always = always_valid(one, plan.variance(self.rows, outcome))
            planned = settings.looks == "planned" and plan.on is not None and plan.on <= as_of
            interval = one.interval if planned else always
            table.append(
                {
                    "outcome": outcome,
                    "estimand": "ITT",
                    "effect": one.value,
                    **_ends(one.interval, ("low", "high")),
                    **_ends(always, ("low_always", "high_always")),
                    **_arms_of(one),
                    "verdict": _verdict(interval, one),
                    "p_value": one.p_value,
                }
            )
            if told and (partly or outcome == "profit"):
                ratio = self.contacted(outcome)
                interval = ratio.interval if ratio.kind == "interval" else Interval(-math.inf, math.inf)
                table.append(
                    {
                        "outcome": "profit_per_contact" if outcome == "profit" else outcome,
                        "estimand": "CACE",
                        "effect": ratio.value,
                        **_ends(interval, ("low", "high")),
                        **_ends(NONE, ("low_always", "high_always")),
                        **_arms_of(one),
                        "verdict": "unknown" if ratio.kind == "interval" else "too_few_sent",
                        "p_value": math.nan,
                    }
                )
        return pd.DataFrame(table)

    def checks(self, ledger: pd.DataFrame, campaign: str) -> list[Check]:
        """Check what these entries rest on."""
        found = []
        if self._entered.covariate.any() and min(self._entered.arms) >= FEWEST_ADJUSTED:
            found.append(checking.check_balance(self._entered, self.rows["churn_probability"].to_numpy(dtype=float)))
        found += checking.check_contacts(self.rows)
        found.append(checking.check_dominance(self._entered, self._values("churned")))
        others = ledger[~ledger["campaign"].isin([campaign, ALL_CAMPAIGNS])]
        if len(others) and campaign != ALL_CAMPAIGNS:
            both = checking.find_overlap(self.rows, others)
            apart = Comparison.of(self.rows[~self.rows["customer_id"].isin(both)])
            effect, without = (one.effect("churned").value for one in (self, apart))
            found.append(checking.check_overlap(len(both), len(self.rows), effect, without))
        return [replace(check, campaign=campaign) for check in found]

    def measured(self) -> dict[str, dict[str, float | None] | float | None]:
        """Tell what profit assumes, as measured: ``g = effect on churn / effect on churn without a contact``."""
        if not self.arms:
            return {"save_share": None, "taken_anyway_share": None, "value_kept": None}
        churned, treated = self._values("churned"), self._values("treated")
        entered = self._entered
        if np.isnan(treated).all():
            treated = entered.listed.astype(np.float64)
        saved = ratio_of_effects(entered, churned, churned * (1 - treated))
        sizes: dict[str, float | None] = {"listed": entered.arms[0], "held_out": entered.arms[1]}
        told = saved.kind == "interval"
        share = None if math.isnan(saved.value) else _plain(saved, told) | sizes
        effect = self.effect("churned").value
        kept = -effect * float(self.rows["expected_value"][entered.listed].sum(min_count=1))
        return {
            "save_share": share,
            "taken_anyway_share": self._taken_anyway(churned, treated, sizes),
            "value_kept": None if math.isnan(kept) else kept,
        }

    def _taken_anyway(
        self, churned: Floats, treated: Floats, sizes: dict[str, float | None]
    ) -> dict[str, float | None] | None:
        """Bound the share of the staying who take the offer all the same: a kept customer need not have redeemed."""
        redeemed, listed = self._values("redeemed"), self._entered.listed
        sent = listed & (treated > 0)
        if np.isnan(redeemed).any() or not sent.any():
            return None
        on_treated = ratio_of_effects(self._entered, churned, treated)
        share, kept = float(redeemed[sent].mean()), -on_treated.value
        left_alone = float(churned[sent].mean()) + kept
        if not left_alone < 1 or math.isnan(kept):
            return None
        high = min(share / (1 - left_alone), 1.0)
        return {"value": high, "low": min(max(0.0, share - kept) / (1 - left_alone), 1.0), "high": high} | sizes

    def _values(self, column: str) -> Floats:
        return self.rows[column].to_numpy(dtype=np.float64)


def follow(rows: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Tell the effect on churn after each cohort, all up to it together."""
    table = []
    days = sorted(rows["entered_on"].unique())
    for count, day in enumerate(days, 1):
        part = rows[np.array([entered <= day for entered in rows["entered_on"]], dtype=bool)]
        comparison = Comparison.of(part)
        if not comparison.arms:
            continue
        one = comparison.effect("churned")
        always = always_valid(one, plan.variance(part, "churned"))
        table.append(
            {
                "entered_on": day,
                "cohorts": count,
                "listed": one.listed,
                "held_out": one.held_out,
                "effect": one.value,
                **_ends(one.interval, ("low", "high")),
                **_ends(always, ("low_always", "high_always")),
            }
        )
    columns = ["entered_on", "cohorts", "listed", "held_out", "effect", "low", "high", "low_always", "high_always"]
    return pd.DataFrame(table, columns=columns)


def compare_groups(rows: pd.DataFrame, what: str) -> pd.DataFrame:
    """Tell the effect on churn apart by play, risk band, segment or day of entry, each within its own customers.

    Groups are not drawn by lot: what differs between them may lie in their customers. Intervals are of the level
    ``1 - .05 / groups``; shrunken effects are drawn towards the mean of all by how unsure they are. Below three
    customers in an arm there is no effect, below ten held out no interval.

    Parameters
    ----------
    rows : pandas DataFrame
        Matured entries with their outcome, as ``Readout.rows``.
    what : str
        ``play, band, segment`` or ``entered_on``.

    Returns
    -------
    pandas DataFrame
        A row per group: the group, ``effect, low, high, shrunken, shrunken_low, shrunken_high, listed, held_out,
        mean_listed, mean_held_out, p_adjusted`` (Benjamini and Hochberg's).

    Raises
    ------
    InputError
        Where effects cannot be told apart by it.
    """
    if what not in GROUPS:
        raise InputError(f"by: is one of {', '.join(GROUPS)} (received {what!r}). Correct the argument.")
    first = rows[rows["entry_number"] == 1]
    if first[what].isna().all():
        raise InputError(
            f"by: the lists do not tell the {what} of those who entered. Choose among {', '.join(GROUPS)}."
        )
    effects = {group: Comparison.of(part).effect("churned") for group, part in first.groupby(what, sort=True)}
    level = 1 - 0.05 / max(len(effects), 1)
    enough = {group: min(one.listed, one.held_out) >= FEWEST_ADJUSTED for group, one in effects.items()}
    values = np.array([one.value if enough[group] else np.nan for group, one in effects.items()])
    errors = np.array([math.sqrt(one.variance) if enough[group] else np.nan for group, one in effects.items()])
    shrunk = shrink(values, errors)
    wide = float(norm.ppf(0.5 + level / 2))
    table = pd.DataFrame(
        [
            {
                what: group,
                "effect": one.value if min(one.listed, one.held_out) >= FEWEST else math.nan,
                **_ends(one.at_level(level) if enough[group] else NONE, ("low", "high")),
                "listed": one.listed,
                "held_out": one.held_out,
                "mean_listed": one.mean_listed,
                "mean_held_out": one.mean_held_out,
            }
            for group, one in effects.items()
        ]
    )
    table.insert(4, "shrunken", shrunk.effects)
    table.insert(5, "shrunken_low", shrunk.effects - wide * shrunk.errors)
    table.insert(6, "shrunken_high", shrunk.effects + wide * shrunk.errors)
    p_values = [one.p_value if enough[group] else math.nan for group, one in effects.items()]
    return table.assign(p_adjusted=benjamini_hochberg(p_values))


def always_valid(effect: Effect, planned: float) -> Interval:
    """Return the interval that holds at all looks together; never within that of one look."""
    if not effect.variance > 0 or not planned > 0 or math.isnan(effect.interval.low):
        return NONE
    half = mixture_half_width(effect.information**2 * effect.variance, planned) / effect.information
    low, high = effect.interval
    return Interval(min(effect.value - half, low), max(effect.value + half, high))


def _verdict(interval: Interval, effect: Effect) -> str:
    if math.isnan(interval.low):
        return "too_few"
    if interval.high < 0:
        return "less"
    return "more" if interval.low > 0 else "unknown"


def _arms_of(effect: Effect) -> dict[str, float]:
    names = ("listed", "held_out", "mean_listed", "mean_held_out")
    return {name: getattr(effect, name) for name in names}


def _ends(interval: Interval, names: tuple[str, str]) -> dict[str, float]:
    return dict(zip(names, interval, strict=True))


def _plain(ratio: Ratio, told: bool) -> dict[str, float | None]:
    low, high = ratio.interval if told else (None, None)
    return {"value": ratio.value, "low": low, "high": high}
