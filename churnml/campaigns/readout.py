"""What lists brought: those who were listed beside those whom the lot held out, of everybody who entered together."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.campaigns import checks as checking
from churnml.campaigns.checks import Check
from churnml.campaigns.holdout import planned_information
from churnml.campaigns.ledger import HELD_OUT, LISTED, check_ledger, joined, read_ledger
from churnml.campaigns.outcomes import STAYED_AWAY, find_outcomes
from churnml.config import Config
from churnml.data.population import resolve_day
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.definition import ChurnDefinition
from churnml.errors import InputError, NothingToReadError
from churnml.statistics.effects import (
    FEWEST_ADJUSTED,
    NONE,
    Effect,
    Entered,
    Interval,
    Ratio,
    benjamini_hochberg,
    effect_on_money,
    effect_on_share,
    holm,
    ratio_of_effects,
    shrink,
)
from churnml.statistics.logodds import Floats
from churnml.statistics.sequences import mixture_half_width

GROUPS = ("play", "band", "segment", "entered_on")
"""What an effect can be told apart by."""
_YEAR = 365
_DELIVERED = 0.95
_SHARES = ("churned", STAYED_AWAY)
EFFECTS = (
    *("outcome", "estimand", "effect", "low", "high", "low_always", "high_always", "listed", "held_out"),
    *("mean_listed", "mean_held_out", "verdict", "campaign", "entry", "p_adjusted"),
)
"""Columns of ``Readout.effects``."""


@dataclass(frozen=True, kw_only=True)
class Readout:
    """What the lists of a campaign brought, as far as their outcome is known.

    Attributes
    ----------
    campaigns : tuple of str
        Names of the campaigns.
    as_of : date
        Day at which the data ends.
    effects : pandas DataFrame
        A row per campaign, entry, outcome and estimand: ``outcome, estimand`` (``ITT``: of being listed; ``CACE``: of
        being contacted), ``effect, low, high`` (of one look), ``low_always, high_always`` (of any number of looks),
        ``listed, held_out, mean_listed, mean_held_out, verdict, campaign, entry`` (``first`` or ``again``) and
        ``p_adjusted`` (Holm's, over campaigns). An effect is the outcome if listed less the outcome if held out.
    sequence : pandas DataFrame
        ITT on churn after each matured cohort of first entries, all up to it together: ``campaign, entered_on, cohorts,
        listed, held_out, effect, low, high, low_always, high_always``.
    checks : list of Check
        What was checked before anything is claimed.
    measured : dict
        By campaign: ``save_share`` and ``taken_anyway_share`` with ``value, low, high, listed, held_out``, as
        ``scoring.profit`` assumes them; ``value_kept``, an estimate; null where it cannot be told.
    planned_on : dict
        By campaign, the day on which a difference of 10 points can be seen by a single look; null before enough entered.
    waiting : pandas DataFrame
        Entries whose outcome is not known yet: ``campaign, measure_on, customers``.
    rows : pandas DataFrame
        A row per matured entry that counts, with its outcome; the columns of ledger and outcomes.
    """

    campaigns: tuple[str, ...]
    as_of: date
    effects: pd.DataFrame
    sequence: pd.DataFrame
    checks: list[Check]
    measured: dict[str, dict[str, dict[str, float | None] | float | None]]
    planned_on: dict[str, date | None]
    waiting: pd.DataFrame
    rows: pd.DataFrame = field(repr=False)

    def by(self, what: str) -> pd.DataFrame:
        """Tell the effect on churn apart, each within its own customers; see `compare_groups`."""
        return compare_groups(self.rows, what)


def read_out(
    shop: Shop,
    lists: pd.DataFrame | str | Path | Sequence[str | Path],
    as_of: Day | None = None,
    config: Config | None = None,
    campaign: str | None = None,
    real_ids: Mapping[str, str] | None = None,
) -> Readout:
    """Read out what lists brought: those who were listed beside those whom the lot held out.

    Customers are compared with those who entered the campaign with the same list, by intention to treat: whether they
    were really contacted or not. A claim is made only by an interval that holds however often one looks.

    Parameters
    ----------
    shop : Shop
        Shop whose orders tell what became of the customers.
    lists : path, sequence of paths, or pandas DataFrame
        Folders of lists with a ``ledger.parquet``, or a ledger; a table with ``customer_id, arm, entered_on`` and
        optionally ``chance`` and ``churn_probability`` is taken for arms that were drawn elsewhere.
    as_of : date or str, optional
        Day at which the data ends: nothing on or after it is seen. None takes the start of the last day with an order.
    config : Config, optional
        Settings of campaigns, plays and profit; None takes the defaults.
    campaign : str, optional
        Name of the campaign to read out; None reads out all.
    real_ids : mapping of str to str, optional
        Customer ids by the pseudonyms that stand for them in the ledger; None takes ids as they are.

    Returns
    -------
    Readout
        Effects, the checks that were made before, and what was measured.

    Raises
    ------
    InputError
        Where the ledger cannot be right, or a check refuses to compare the arms; all at once.
    NothingToReadError
        Where nobody was held out, or no outcome is known yet, with the day on which one will be.
    """
    config = config or Config()
    ledger = _ledger_of(lists, config)
    key: str | None = config.plays.holdout.key
    if real_ids is not None:
        known = ledger["customer_id"].map(dict(real_ids))
        ledger = ledger.assign(customer_id=known.fillna(ledger["customer_id"]))
    if campaign is not None:
        ledger = ledger[ledger["campaign"] == campaign]
    if "proof" in ledger and (ledger["proof"] == "").all():
        key = None
    end = resolve_day(shop, as_of, ChurnDefinition().horizon_days)
    matured = ledger[ledger["counted"] & np.array([day <= end for day in ledger["measure_on"]], dtype=bool)]
    waiting = ledger[ledger["counted"]].drop(matured.index)
    _refuse_nothing(ledger, matured, campaign)

    parts = []
    for definition, part in matured.groupby("definition", sort=True):
        parts.append(
            find_outcomes(shop, part, _definition(str(definition)), end, config.campaigns.margin).join(part)
        )
    rows = pd.concat(parts).sort_values(["campaign", "entered_on", "place", "customer_id"], ignore_index=True)
    unknown = rows["churned"].isna().to_numpy()
    found_checks = [checking.check_arms(rows, key), checking.check_share(rows), checking.check_lost(rows, unknown)]
    rows = rows[~unknown].reset_index(drop=True)
    rows["segment"] = rows.get("segment", pd.Series(pd.NA, index=rows.index, dtype="str"))

    effects, sequences, measured, planned_on = [], [], {}, {}
    for name, of_campaign in rows.groupby("campaign", sort=True):
        plan = _Plan.of(ledger[ledger["campaign"] == name])
        planned_on[str(name)] = plan.on
        first = of_campaign[of_campaign["entry_number"] == 1]
        for _, of_definition in of_campaign.groupby("definition", sort=True):
            for entry, part in (("first", of_definition[of_definition["entry_number"] == 1]),
                                ("again", of_definition[of_definition["entry_number"] > 1])):
                comparison = _Comparison.of(part)
                if not comparison.arms:
                    continue
                told = comparison.effects(config, plan, end)
                effects.append(told.assign(campaign=name, entry=entry))
                found_checks += comparison.checks(rows, ledger, str(name))
        comparison = _Comparison.of(first)
        sequences.append(_sequence(first, plan).assign(campaign=name))
        measured[str(name)] = comparison.measured()
    refused = [check for check in found_checks if check.status == "refuses"]
    if refused:
        from churnml.words.campaigns import say_check

        raise InputError([say_check(check, "en") for check in refused])
    table = pd.concat(effects, ignore_index=True) if effects else pd.DataFrame(columns=list(EFFECTS))
    table["p_adjusted"] = np.nan
    itt = (table["estimand"] == "ITT") & (table["entry"] == "first") & (table["outcome"] == "churned")
    table.loc[itt, "p_adjusted"] = holm(table.loc[itt, "p_value"].to_numpy())
    return Readout(
        campaigns=tuple(sorted(map(str, ledger["campaign"].unique()))),
        as_of=end,
        effects=table[list(EFFECTS)],
        sequence=pd.concat(sequences, ignore_index=True),
        checks=found_checks,
        measured=measured,
        planned_on=planned_on,
        waiting=waiting.groupby(["campaign", "measure_on"]).size().rename("customers").reset_index(),
        rows=rows,
    )


def compare_groups(rows: pd.DataFrame, what: str) -> pd.DataFrame:
    """Tell the effect on churn apart by play, risk band, segment or day of entry, each within its own customers.

    Groups are not drawn by lot: what differs between them may lie in their customers. Intervals are of the level
    ``1 - .05 / groups``; shrunken effects are drawn towards the mean of all by how unsure they are.

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
        mean_listed, mean_held_out, p_adjusted`` (Benjamini and Hochberg's). Below 10 held out, there is no interval of
        its own.

    Raises
    ------
    InputError
        Where effects cannot be told apart by it.
    """
    if what not in GROUPS:
        raise InputError(f"by: is one of {', '.join(GROUPS)} (received {what!r}). Correct the argument.")
    first = rows[rows["entry_number"] == 1]
    if first[what].isna().all():
        raise InputError(f"by: the lists do not tell the {what} of those who entered. Choose among {', '.join(GROUPS)}.")
    effects = {group: _Comparison.of(part).effect("churned") for group, part in first.groupby(what, sort=True)}
    level = 1 - 0.05 / max(len(effects), 1)
    enough = {group: min(one.listed, one.held_out) >= FEWEST_ADJUSTED for group, one in effects.items()}
    values = np.array([one.value if enough[group] else np.nan for group, one in effects.items()])
    errors = np.array([math.sqrt(one.variance) if enough[group] else np.nan for group, one in effects.items()])
    shrunk = shrink(values, errors)
    wide = abs(float(_normal_quantile(0.5 + level / 2)))
    table = pd.DataFrame(
        [
            {
                what: group,
                "effect": one.value,
                **_ends(one.at_level(level) if enough[group] else NONE, ("low", "high")),
                "listed": one.listed,
                "held_out": one.held_out,
                "mean_listed": one.mean_listed,
                "mean_held_out": one.mean_held_out,
            }
            for group, one in effects.items()
        ]
    )
    table.insert(4, "shrunken", shrunk.values)
    table.insert(5, "shrunken_low", shrunk.values - wide * shrunk.errors)
    table.insert(6, "shrunken_high", shrunk.values + wide * shrunk.errors)
    p_values = [one.p_value if enough[group] else math.nan for group, one in effects.items()]
    return table.assign(p_adjusted=benjamini_hochberg(p_values))


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What was fixed with the first cohort of a campaign: how much must have entered for an effect of 10 points.

    ``on`` is the day on which so much has matured, null before so much entered.
    """

    share: float
    information: float
    first: date
    on: date | None

    @classmethod
    def of(cls, ledger: pd.DataFrame) -> _Plan:
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
        if outcome in _SHARES:
            return self.information * self.share * (1 - self.share)
        spread = float(rows[outcome][rows["entered_on"] == min(rows["entered_on"])].var(ddof=0))
        return self.information * spread if spread > 0 else math.nan


class _Comparison:
    """The two arms of some entries, with what their rows tell."""

    def __init__(self, rows: pd.DataFrame, entered: Entered) -> None:
        self.rows, self.arms = rows, len(entered)
        self._entered = entered

    @classmethod
    def of(cls, rows: pd.DataFrame) -> _Comparison:
        """Take the cohorts with both arms."""
        entered, kept = Entered.of(
            rows["arm"] == LISTED,
            rows["campaign"] + " " + rows["entered_on"].astype(str),
            rows["churn_probability"].fillna(rows["churn_probability"].mean()).fillna(0.0),
            rows["chance"],
        )
        return cls(rows[kept], entered)

    @cached_property
    def _of_money(self) -> Entered:
        rows = self.rows
        days = np.array([(m - e).days for m, e in zip(rows["measure_on"], rows["entered_on"], strict=True)], dtype=float)
        expected = ((1 - rows["churn_probability"]) * rows["expected_value"] * days / _YEAR).fillna(0.0)
        return Entered.of(self._entered.listed, self._entered.cohort, expected, rows["chance"])[0]

    def entered(self, outcome: str) -> Entered:
        """Return the arms with the covariate that goes with an outcome."""
        return self._entered if outcome in _SHARES else self._of_money

    def effect(self, outcome: str) -> Effect:
        """Estimate the effect of being listed."""
        estimate = effect_on_share if outcome in _SHARES else effect_on_money
        return estimate(self.entered(outcome), self._values(outcome))

    def contacted(self, outcome: str) -> Ratio:
        """Estimate the effect of being contacted on those who are contacted because they are listed."""
        return ratio_of_effects(
            self.entered(outcome), self._values(outcome), self._values("treated"), shares=outcome in _SHARES
        )

    def effects(self, config: Config, plan: _Plan, as_of: date) -> pd.DataFrame:
        """Tell all outcomes: of being listed, and where not all of these were contacted, of being contacted."""
        asked = [*config.campaigns.outcomes]
        if "churned" in asked and self.rows[STAYED_AWAY].notna().all():
            asked.insert(1, STAYED_AWAY)
        treated = self._values("treated")
        told, partly = not np.isnan(treated).any(), False
        if told:
            listed = self._entered.listed
            partly = treated[listed].mean() < _DELIVERED or treated[~listed].any()
        table = []
        for outcome in asked:
            one = self.effect(outcome)
            always = _always(one, plan.variance(self.rows, outcome))
            planned = config.campaigns.looks == "planned" and plan.on is not None and plan.on <= as_of
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

    def checks(self, rows: pd.DataFrame, ledger: pd.DataFrame, campaign: str) -> list[Check]:
        """Check what these entries rest on."""
        found = []
        if self._entered.covariate.any() and min(self._entered.arms) >= FEWEST_ADJUSTED:
            found.append(checking.check_balance(self._entered, self.rows["churn_probability"].to_numpy(dtype=float)))
        found += checking.check_contacts(self.rows)
        found.append(checking.check_dominance(self._entered, self._values("churned")))
        others = ledger[ledger["campaign"] != campaign]
        if len(others):
            found.append(checking.check_overlap(self.rows, others))
        return found

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
        kept = -effect * float(self.rows["expected_value"][entered.listed].sum())
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


def _sequence(rows: pd.DataFrame, plan: _Plan) -> pd.DataFrame:
    """Tell the effect on churn after each cohort, all up to it together."""
    table = []
    days = sorted(rows["entered_on"].unique())
    for count, day in enumerate(days, 1):
        part = rows[np.array([entered <= day for entered in rows["entered_on"]], dtype=bool)]
        comparison = _Comparison.of(part)
        if not comparison.arms:
            continue
        one = comparison.effect("churned")
        always = _always(one, plan.variance(part, "churned"))
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


def _always(effect: Effect, planned: float) -> Interval:
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


def _normal_quantile(level: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(level))


def _definition(text: str) -> ChurnDefinition:
    try:
        return ChurnDefinition(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise InputError(f"ledger: definition cannot be read ({error}). Bring back the file that was there.") from error


def _ledger_of(lists: pd.DataFrame | str | Path | Sequence[str | Path], config: Config) -> pd.DataFrame:
    if isinstance(lists, pd.DataFrame):
        return check_ledger(lists) if "list_id" in lists else _from_elsewhere(lists, config)
    folders = [lists] if isinstance(lists, str | Path) else list(lists)
    missing = [str(folder) for folder in folders if not Path(folder).is_dir()]
    if missing:
        raise InputError(f"{', '.join(missing)}: is no folder. Name a folder that churnml score or run wrote.")
    return joined([read_ledger(folder) for folder in folders])


def _from_elsewhere(arms: pd.DataFrame, config: Config) -> pd.DataFrame:
    """Make a ledger of arms that were drawn elsewhere: ``customer_id, arm, entered_on`` and what else is known."""
    missing = [name for name in ("customer_id", "arm", "entered_on") if name not in arms]
    if missing:
        raise InputError(f"table: has no {', '.join(missing)}. Give customer_id, arm (listed, held out) and entered_on.")
    definition = config.definition
    try:
        days = pd.to_datetime(arms["entered_on"]).dt.date
    except (ValueError, TypeError) as error:
        raise InputError(f"table: entered_on holds what is no day ({error}). Write days as 2025-03-01.") from error
    number = pd.Series(np.nan, index=arms.index)
    share = (arms["arm"] == HELD_OUT).groupby(days).transform("mean")
    table = pd.DataFrame(
        {
            "campaign": config.plays.campaign,
            "customer_id": arms["customer_id"].astype("str"),
            "entry_number": 1,
            "entered_on": days,
            "measure_on": [day + timedelta(days=definition.reach_days) for day in days],
            "arm": arms["arm"].astype("str"),
            "chance": pd.to_numeric(arms["chance"]) if "chance" in arms else share,
            "arm_until": [day + timedelta(days=2 * definition.reach_days) for day in days],
            "counted": True,
            "proof": "",
            "churn_probability": pd.to_numeric(arms["churn_probability"]) if "churn_probability" in arms else number,
            "expected_value": number,
            "expected_profit": number,
            "play": pd.Series(pd.NA, index=arms.index, dtype="str"),
            "band": pd.Series(pd.NA, index=arms.index, dtype="str"),
            "play_cost": 0.0,
            "play_offer": 0.0,
            "place": 0,
            "definition": json.dumps(definition.model_dump(mode="json"), sort_keys=True),
        }
    )
    return check_ledger(table, "table")


def _refuse_nothing(ledger: pd.DataFrame, matured: pd.DataFrame, campaign: str | None) -> None:
    """Say so where there is nothing to read out, and when there will be."""
    which = "" if campaign is None else f" of the campaign {campaign}"
    if ledger.empty:
        raise NothingToReadError(
            f"The lists{which} have no ledger, or nobody entered: nobody was left alone by lot, so what they brought "
            "cannot be told. Make lists with plays.holdout.share above 0."
        )
    if matured.empty:
        day = min(ledger["measure_on"][ledger["counted"]], default=None)
        when = "" if day is None else f" The first will be on {day}: bring data up to that day."
        raise NothingToReadError(f"No outcome{which} is known yet.{when}")
    if not ((matured["arm"] == HELD_OUT).any() and (matured["arm"] == LISTED).any()):
        only = matured["arm"].iloc[0]
        raise NothingToReadError(
            f"All {len(matured):,} customers{which} whose outcome is known are {only}, so there is nothing to compare "
            "them with. Wait for further lists, or hold out a larger share."
        )
