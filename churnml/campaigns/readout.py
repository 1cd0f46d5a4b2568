"""What lists brought: those who were listed beside those whom the lot held out, of everybody who entered together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from churnml.campaigns.calibration import compare_with_predicted
from churnml.campaigns.checks import Check, check_arms, check_lost, check_share
from churnml.campaigns.comparison import Comparison, Plan, compare_groups, follow
from churnml.campaigns.elsewhere import from_elsewhere
from churnml.campaigns.kept_lists import segments_of
from churnml.campaigns.ledger import HELD_OUT, LISTED, check_ledger, joined, read_ledger
from churnml.campaigns.outcomes import find_outcomes
from churnml.campaigns.windows import over, read_definition
from churnml.config import Config
from churnml.data.population import resolve_day
from churnml.data.shop import Shop
from churnml.days import Day
from churnml.errors import InputError, NothingToReadError
from churnml.plots.readout import plot_effects, plot_sequence
from churnml.statistics.several_effects import holm
from churnml.words.campaigns import say_check
from churnml.words.value_names import ALL_CAMPAIGNS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EFFECTS = (
    *("outcome", "estimand", "effect", "low", "high", "low_always", "high_always", "listed", "held_out"),
    *("mean_listed", "mean_held_out", "verdict", "campaign", "entry", "p_adjusted"),
)
"""Columns of ``Readout.effects``."""
_NOT_READ = ["list_id", "arm_before"]


class HasLedger(Protocol):
    """What holds a ledger, as a ranking does."""

    @property
    def ledger(self) -> pd.DataFrame:
        """Rows of the ledger."""


Lists = pd.DataFrame | HasLedger | str | Path | Sequence[str | Path | HasLedger]


@dataclass(frozen=True, kw_only=True)
class Readout:
    """What the lists of campaigns brought, as far as their outcome is known.

    Attributes
    ----------
    campaigns : tuple of str
        Names of the campaigns.
    as_of : date
        Day at which the data ends.
    effects : pandas DataFrame
        A row per campaign, entry, outcome and estimand: ``outcome, estimand`` (``ITT``: of being listed; ``CACE``: of
        being contacted), ``effect, low, high`` (of one look), ``low_always, high_always`` (of any number of looks),
        ``listed, held_out, mean_listed, mean_held_out, verdict`` (``less``, ``more``, ``unknown``, ``too_few``,
        ``too_few_sent``), ``campaign, entry`` (``first`` or ``again``) and ``p_adjusted`` (Holm's, over campaigns). An
        effect is the outcome if listed less the outcome if held out, so that of churn is good below 0.
    sequence : pandas DataFrame
        Effect on churn, by the newest definition, after each matured cohort of first entries, all up to it together:
        ``campaign, entered_on,
        cohorts, listed, held_out, effect, low, high, low_always, high_always``.
    checks : list of Check
        What was checked before anything is claimed.
    measured : dict
        By campaign: ``save_share`` and ``taken_anyway_share`` with ``value, low, high, listed, held_out``, as
        ``scoring.profit`` assumes them, and ``value_kept``, an estimate; None where it cannot be told.
    planned_on : dict
        By campaign, the day on which one look can show a difference of 10 points; None before enough entered.
    waiting : pandas DataFrame
        Entries whose outcome is not known yet: ``campaign, measure_on, customers``.
    looks : str
        ``always`` or ``planned``: by which interval verdicts go.
    calibration : pandas DataFrame or None
        Where nobody was held out: what was predicted of the listed and what happened, which is not causal; see
        `compare_with_predicted`.
    rows : pandas DataFrame
        A row per matured entry that counts, with its outcome: what is read of the ledger, and the columns of
        `churnml.campaigns.outcomes.find_outcomes`.
    window : int or None
        Days from entry over which outcomes are told; None where they are those of the definition.
    """

    campaigns: tuple[str, ...]
    as_of: date
    effects: pd.DataFrame
    sequence: pd.DataFrame
    checks: list[Check]
    measured: dict[str, dict[str, Any]]
    planned_on: dict[str, date | None]
    waiting: pd.DataFrame
    looks: str
    calibration: pd.DataFrame | None
    rows: pd.DataFrame = field(repr=False)
    window: int | None = None

    @property
    def causal(self) -> bool:
        """Whether it rests on a lot that was drawn."""
        return self.calibration is None

    def plot_effects(self, ax: Axes | None = None) -> Axes:
        """Draw the effects on churn; see `churnml.plots.plot_effects`."""
        return plot_effects(self.effects, ax)

    def plot_sequence(self, campaign: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the effect on churn after each list of a campaign, by default the first."""
        name = campaign or (self.campaigns or ("",))[0]
        sequence = self.sequence if self.sequence.empty else self.sequence[self.sequence["campaign"] == name]
        return plot_sequence(sequence, ax)

    def by(self, what: str) -> pd.DataFrame:
        """Tell the effect on churn apart by play, band, segment or day of entry; see `compare_groups`."""
        # Who entered a campaign entered all together with it.
        of_one = self.rows["campaign"] != ALL_CAMPAIGNS
        return compare_groups(self.rows[of_one] if of_one.any() else self.rows, what)


def read_out(
    shop: Shop,
    lists: Lists,
    as_of: Day | None = None,
    config: Config | None = None,
    *,
    campaign: str | None = None,
    window: int | None = None,
    real_ids: Mapping[str, str] | None = None,
) -> Readout:
    """Read out what lists brought: those who were listed beside those whom the lot held out.

    Customers are compared with those who entered the campaign with the same list, by intention to treat: whether they
    were really contacted or not. A claim is made only by an interval that holds however often one looks.

    Parameters
    ----------
    shop : Shop
        Shop whose orders tell what became of the customers.
    lists : path, Ranking, sequence of these, or pandas DataFrame
        Folders of lists with a ``ledger.parquet``, rankings, or a ledger. A table with ``customer_id, arm, entered_on``
        and optionally ``chance`` and ``churn_probability`` is taken for arms that were drawn elsewhere.
    as_of : date or str, optional
        Day at which the data ends: nothing on or after it is seen. None takes the start of the last day with an order.
    config : Config, optional
        Settings of campaigns, plays and profit; None takes the defaults.
    campaign : str, optional
        Name of the campaign to read out, or ``global`` for all together, whom a lot kept out of all; None reads out
        every one, but for lists that were not sent while others were.
    window : int, optional
        Days from entry over which outcomes are told, as long as arms hold: what the lists brought up to then, all
        together. None takes the days of the definition.
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
        Where no outcome is known yet, with the day on which one will be, or nobody was listed at all.
    """
    config = config or Config()
    sources = [lists] if isinstance(lists, str | Path) or not isinstance(lists, Sequence) else list(lists)
    folders = _folders(sources)
    ledger = joined([_ledger_of(source, config) for source in sources])
    ledger = ledger.drop(columns=_NOT_READ, errors="ignore")
    # The same long text stands in every row of a list.
    alike = [name for name in ("campaign", "definition", "model_version", "ranked_by") if name in ledger]
    ledger = ledger.astype(dict.fromkeys(alike, "category"))
    real_ids = {} if real_ids is None else dict(real_ids)
    if real_ids:
        ledger = ledger.assign(customer_id=[real_ids.get(name, name) for name in ledger["customer_id"]])
    campaigns = tuple(sorted(set(ledger["campaign"]) - {ALL_CAMPAIGNS}))
    if campaign is not None:
        ledger = ledger[ledger["campaign"] == campaign].reset_index(drop=True)
    if window is not None:
        ledger = over(ledger, window)
    end = resolve_day(shop, as_of, config.definition.horizon_days)
    if ledger.empty:
        return _without_holdout(shop, folders, end, real_ids)
    counted = ledger[ledger["counted"]]
    matured = counted[np.array([day <= end for day in counted["measure_on"]], dtype=bool)]
    _refuse_nothing(counted, matured)

    rows = _with_outcomes(shop, matured, end, config.campaigns.margin, campaigns)
    rows["segment"] = segments_of(folders, rows, real_ids)
    unknown = rows["churned"].isna().to_numpy()
    if unknown.all():
        raise InputError(
            f"ledger: the shop knows none of the {len(rows):,} customers (such as {rows['customer_id'].iloc[0]}). Name "
            "the lists of this shop, or, where pseudonyms stand for its customers, the folder of secrets."
        )
    proven = (rows["proof"] != "").all()
    checks = [
        check_arms(rows, config.plays.holdout.key if proven else None),
        check_share(rows),
        check_lost(rows, unknown),
    ]
    rows = rows[~unknown].reset_index(drop=True)
    if campaign is None:
        rows, unsent = _sent(rows)
        checks += unsent

    effects, sequences, measured, planned_on = [], [], {}, {}
    for name in sorted(rows["campaign"].unique()):
        of_campaign = rows[rows["campaign"] == name]
        plan = Plan.of(ledger[ledger["campaign"] == name])
        first = of_campaign["entry_number"] == 1
        for entry, part in (("first", of_campaign[first]), ("again", of_campaign[~first])):
            # Outcomes by different definitions are different things.
            for _, same in part.groupby("definition", sort=True, observed=True):
                comparison = Comparison.of(same)
                if comparison.arms:
                    found = comparison.effects(config.campaigns, plan, end)
                    effects.append(found.assign(campaign=name, entry=entry))
                    checks += comparison.checks(ledger, name)
        newest = of_campaign["definition"] == of_campaign["definition"].iloc[-1]
        sequences.append(follow(of_campaign[first & newest], plan).assign(campaign=name))
        measured[name] = Comparison.of(of_campaign[first & newest]).measured()
        planned_on[name] = plan.on
    if not effects:
        raise NothingToReadError(
            "No list has customers of both arms whose outcome is known, so there is nothing to compare. Wait for "
            "further lists, or hold out a larger share."
        )
    refused = [check for check in checks if check.status == "refuses"]
    if refused:
        raise InputError([say_check(check.name, check.status, check.numbers, "en") for check in refused])
    return Readout(
        campaigns=tuple(measured),
        as_of=end,
        effects=_adjusted(pd.concat(effects, ignore_index=True)),
        sequence=pd.concat(sequences, ignore_index=True),
        checks=checks,
        measured=measured,
        planned_on=planned_on,
        waiting=_waiting(counted.drop(matured.index)),
        looks=config.campaigns.looks,
        calibration=None,
        rows=rows,
        window=window,
    )


def _with_outcomes(
    shop: Shop, matured: pd.DataFrame, end: date, margin: float, campaigns: tuple[str, ...]
) -> pd.DataFrame:
    parts = [
        part.join(find_outcomes(shop, part, read_definition(str(text)), end, margin, campaigns))
        for text, part in matured.groupby("definition", sort=True, observed=True)
    ]
    order = ["campaign", "entered_on", "place", "customer_id"]
    rows = pd.concat(parts).sort_values(order, ignore_index=True, kind="stable")
    return rows.assign(cohort=rows.groupby(["campaign", "entered_on"], observed=True).ngroup())


def _sent(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Check]]:
    """Leave out campaigns of which nobody was contacted, where others were sent: a team need not use every list."""
    listed = rows[(rows["arm"] == LISTED) & (rows["campaign"] != ALL_CAMPAIGNS)]
    contacted = listed.groupby("campaign", observed=True)["treated"].max()
    unsent = sorted(map(str, contacted.index[contacted == 0]))
    if len(unsent) == len(contacted):
        return rows, []
    checks = [Check(name="delivery", status="warns", numbers={"share": 0.0}, campaign=name) for name in unsent]
    return rows[~rows["campaign"].isin(unsent)].reset_index(drop=True), checks


def _without_holdout(shop: Shop, folders: Sequence[Path], end: date, real_ids: Mapping[str, str]) -> Readout:
    calibration = compare_with_predicted(shop, folders, end, real_ids)
    if calibration.empty:
        raise NothingToReadError(
            "The lists have no ledger and no list whose outcome is known, so there is nothing to read out. Make lists "
            "with plays.holdout.share above 0."
        )
    nothing = pd.DataFrame()
    return Readout(
        campaigns=(),
        as_of=end,
        effects=pd.DataFrame(columns=list(EFFECTS)),
        sequence=nothing,
        checks=[],
        measured={},
        planned_on={},
        waiting=nothing,
        looks="always",
        calibration=calibration,
        rows=nothing,
    )


def _adjusted(effects: pd.DataFrame) -> pd.DataFrame:
    """Adjust the p-values of the campaigns' main effects for that there are several."""
    main = (effects["estimand"] == "ITT") & (effects["entry"] == "first") & (effects["outcome"] == "churned")
    effects["p_adjusted"] = np.nan
    effects.loc[main, "p_adjusted"] = holm(effects.loc[main, "p_value"].to_numpy())
    return effects[list(EFFECTS)]


def _waiting(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby(["campaign", "measure_on"], observed=True).size().rename("customers").reset_index()


def _folders(sources: Sequence[object]) -> list[Path]:
    folders = [Path(one) for one in sources if isinstance(one, str | Path)]
    missing = [folder for folder in folders if not folder.is_dir()]
    if missing:
        raise InputError([f"{folder}: is no folder. Name one that churnml score or run wrote." for folder in missing])
    return folders


def _ledger_of(source: pd.DataFrame | HasLedger | str | Path, config: Config) -> pd.DataFrame:
    if isinstance(source, str | Path):
        return read_ledger(source)
    if isinstance(source, pd.DataFrame):
        return check_ledger(source) if "list_id" in source else from_elsewhere(source, config)
    return source.ledger


def _refuse_nothing(counted: pd.DataFrame, matured: pd.DataFrame) -> None:
    """Say so where there is nothing to compare, and when there will be."""
    if matured.empty:
        day = min(counted["measure_on"], default=None)
        when = "" if day is None else f" The first will be known on {day}: bring data up to that day."
        raise NothingToReadError(f"No outcome is known yet.{when}")
    arms = set(matured["arm"])
    if arms != {LISTED, HELD_OUT}:
        raise NothingToReadError(
            f"All {len(matured):,} customers whose outcome is known are {arms.pop()}, so there is nobody to compare "
            "them with. Wait for further lists, or hold out a larger share."
        )
