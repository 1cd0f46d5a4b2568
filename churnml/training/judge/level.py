"""The level: which churn rate is assumed for the day of the list, how far off that was before, and how to say it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from churnml.definition import ChurnDefinition
from churnml.models.card import LevelKind, LevelPart
from churnml.plain import plain
from churnml.statistics.logodds import Floats, logit, sigmoid

KINDS: tuple[LevelKind, ...] = ("none", "trailing", "last_year")
FEATURES: dict[LevelKind, str] = {"trailing": "shop_churned_share_newest", "last_year": "shop_churned_share_last_year"}
"""The feature of a snapshot that a kind of level follows."""
_YEAR = 365
_NEAR_DAYS = 20
_LEAST_FOLDS = 3
_INTERVAL = 1.96


@dataclass(frozen=True, kw_only=True)
class Level:
    """The churn rate that is assumed.

    Attributes
    ----------
    day : str
        The day whose level is assumed, as ISO text.
    kind : {'none', 'trailing', 'last_year'}
        Way in which the level is assumed. ``none``: the mean of all known snapshots; ``trailing``: that of the newest
        known one; ``last_year``: that of the snapshot a year before.
    rate : float
        The assumed churn rate.
    low, high : float
        Bounds of the 95 % interval, from how far off the kind was on the folds (without folds: from how the rates
        vary).
    spread : float
        Standard deviation of the error of the assumed level, in log-odds.
    newest : float
        Churn rate of the newest snapshot whose outcome is known on the day.
    newest_day : str
        Day of the newest known snapshot, as ISO text.
    last_year : float or None
        Churn rate of the snapshot a year before; None where there is none.
    last_year_day : str or None
        Day of the snapshot a year before, as ISO text; None where there is none.
    tested_forward : bool
        Whether folds looked forward in time.
    """

    day: str
    kind: LevelKind
    rate: float
    low: float
    high: float
    spread: float
    newest: float
    newest_day: str
    last_year: float | None
    last_year_day: str | None
    tested_forward: bool

    def to_card(self, logodds: float) -> LevelPart:
        """Give the level as the card tells it, with what is added to the log-odds so that its rate comes out."""
        return LevelPart.from_json(plain({**dataclasses.asdict(self), "logodds": logodds}))


def choose_level(
    base_rates: pd.DataFrame, day: np.datetime64, folds: Sequence[np.datetime64], definition: ChurnDefinition
) -> Level:
    """Choose how the level of a day is assumed, by how well each way told the folds' levels.

    A way that looks at the season or at the newest rate replaces the plain mean only if its squared error in log-odds
    was smaller by more than one standard error over at least three folds.

    Parameters
    ----------
    base_rates : pandas DataFrame
        Churn rates of the labelled snapshots: ``snapshot_date``, ``customers`` and ``churn_rate``; see
        `compute_base_rates`.
    day : numpy datetime64
        Day whose level is assumed; only outcomes known by then are used.
    folds : sequence of numpy datetime64
        Snapshots of forward folds; empty where there are none.
    definition : ChurnDefinition
        Definition of leaving, which says after how many days an outcome is known.

    Returns
    -------
    Level
        Level with its interval.
    """
    errors: dict[LevelKind, Floats] = {kind: np.full(len(folds), np.nan) for kind in KINDS}
    rates = _by_day(base_rates)
    for at, fold in enumerate(folds):
        known = _known(rates, fold, definition)
        for kind in KINDS:
            assumed = _assume(known, fold, kind)
            if assumed is not None:
                errors[kind][at] = assumed - _logit(rates.loc[[fold]]).item()
    kind = _best(errors)
    known = _known(rates, day, definition)
    found = _assume(known, day, kind)
    if found is None:
        kind, found = "none", _assume(known, day, "none")
    assert found is not None
    own = errors[kind][np.isfinite(errors[kind])]
    # Without folds to tell, each snapshot's rate is taken for a draw around the mean.
    off = own if len(own) >= _LEAST_FOLDS else _logit(known) - found
    spread = float(np.sqrt(np.mean(off**2)))
    low, high = sigmoid([found - _INTERVAL * spread, found + _INTERVAL * spread])
    last_year = _near_a_year_before(known, day)
    return Level(
        day=str(day.astype("datetime64[D]")),
        kind=kind,
        rate=float(sigmoid(found)),
        low=float(low),
        high=float(high),
        spread=spread,
        newest=float(known.churn_rate.iloc[-1]),
        newest_day=str(known.snapshot_date.iloc[-1]),
        last_year=None if last_year is None else float(sigmoid(_logit(known)[last_year])),
        last_year_day=None if last_year is None else str(known.snapshot_date.iloc[last_year]),
        tested_forward=len(folds) > 0,
    )


def _by_day(base_rates: pd.DataFrame) -> pd.DataFrame:
    return base_rates.set_index(base_rates.snapshot_date.to_numpy(dtype="datetime64[D]"))


def _known(rates: pd.DataFrame, day: np.datetime64, definition: ChurnDefinition) -> pd.DataFrame:
    return rates[rates.index.to_numpy(dtype="datetime64[D]") + definition.reach_days <= day]


def _logit(rates: pd.DataFrame) -> Floats:
    # Half a customer on both sides: all or none may have left.
    return logit((rates.churn_rate * rates.customers + 0.5) / (rates.customers + 1.0))


def _assume(known: pd.DataFrame, day: np.datetime64, kind: LevelKind) -> float | None:
    if known.empty:
        return None
    levels = _logit(known)
    if kind == "none":
        return float(np.average(levels, weights=known.customers))
    if kind == "trailing":
        return float(levels[-1])
    at = _near_a_year_before(known, day)
    return None if at is None else float(levels[at])


def _near_a_year_before(known: pd.DataFrame, day: np.datetime64) -> int | None:
    """Find the position of the snapshot nearest to a year before; None where it is not near."""
    off = np.abs((known.index.to_numpy(dtype="datetime64[D]") - (day - _YEAR)).astype(int))
    return int(off.argmin()) if off.min() <= _NEAR_DAYS else None


def _best(errors: dict[LevelKind, Floats]) -> LevelKind:
    best: LevelKind = "none"
    for kind in KINDS:
        gain = errors[best] ** 2 - errors[kind] ** 2
        gain = gain[np.isfinite(gain)]
        if len(gain) >= _LEAST_FOLDS and gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)):
            best = kind
    return best
