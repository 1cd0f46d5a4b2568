"""The level: which churn rate is assumed for the day of the list, how far off that was before, and how to say it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t

from churnml.definition import ChurnDefinition
from churnml.models.card import LevelKind, LevelPart
from churnml.plain import plain
from churnml.statistics.logodds import Floats, logit, sigmoid

KINDS: tuple[LevelKind, ...] = ("partial", "none", "trailing", "last_year")
"""The ways to assume a level, the one first that is taken before enough is known to tell them apart."""
FEATURES: dict[LevelKind, str] = {
    "partial": "shop_churned_share_partial",
    "trailing": "shop_churned_share_newest",
    "last_year": "shop_churned_share_last_year",
}
"""The feature of a snapshot that a kind of level follows."""
COVERAGE = 0.9
_YEAR = 365
_NEAR_DAYS = 20
_LEAST_DAYS = 3
_Errors = Mapping[LevelKind, Floats]


@dataclass(frozen=True, kw_only=True)
class Level:
    """The churn rate that is assumed.

    Attributes
    ----------
    day : str
        The day whose level is assumed, as ISO text.
    kind : {'partial', 'none', 'trailing', 'last_year'}
        Way in which the level is assumed. ``partial``: from the share of the newest customers who have not come back in
        the first weeks of their window, which ended on the day, and from how many more or fewer have left by the end
        of the window, on average of the known snapshots; ``none``: the mean of all known snapshots; ``trailing``: that
        of the newest known one; ``last_year``: that of the snapshot a year before.
    rate : float
        The assumed churn rate.
    low, high : float
        Bounds of the interval, from how far off the level was that would have been assumed on past days (without
        such days: from how the rates vary).
    coverage : float
        Share of days whose churn rate the interval should hold.
    spread : float
        Root mean square of the error of the assumed level, in log-odds.
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
    partial : float or None
        Share of the customers of ``partial_day`` who have not come back in the first weeks; None unless the level is
        assumed from it.
    partial_usual : float or None
        The same share of the customers of the known snapshots, on average.
    partial_day : str or None
        The newest day of whose window the first weeks are known, as ISO text.
    partial_days : int or None
        Number of days of these first weeks.
    """

    day: str
    kind: LevelKind
    rate: float
    low: float
    high: float
    coverage: float
    spread: float
    newest: float
    newest_day: str
    last_year: float | None
    last_year_day: str | None
    tested_forward: bool
    partial: float | None = None
    partial_usual: float | None = None
    partial_day: str | None = None
    partial_days: int | None = None

    def to_card(self, logodds: float) -> LevelPart:
        """Give the level as the card tells it, with what is added to the log-odds so that its rate comes out."""
        return LevelPart.from_json(plain({**dataclasses.asdict(self), "logodds": logodds}))


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What is known on a day: levels of snapshots, and of first weeks, in log-odds."""

    days: NDArray[np.datetime64]
    customers: Floats
    levels: Floats
    firsts: Floats
    first: float

    def mean(self, values: Floats) -> float:
        return float(np.average(values, weights=self.customers))


def choose_level(
    base_rates: pd.DataFrame,
    day: np.datetime64,
    definition: ChurnDefinition,
    partial_rates: pd.DataFrame | None = None,
    tested_forward: bool = True,
) -> Level:
    """Choose how the level of a day is assumed, by how well each way told the levels of past days.

    The partial outcome of the newest customers is followed unless another way's squared error in log-odds was smaller
    by more than one standard error over at least three past days. The interval is ``found +- t(.95, m) s``, with s the
    root mean square of the errors on past days, each by the way that would have been chosen on it, and m the number of
    windows that fit side by side in these days: outcomes of windows that overlap are not independent.

    Parameters
    ----------
    base_rates : pandas DataFrame
        Churn rates of the labelled snapshots: ``snapshot_date``, ``customers`` and ``churn_rate``, oldest first; see
        `churnml.training.rows.frame.compute_base_rates`. Each is a past day.
    day : numpy datetime64
        Day whose level is assumed; only outcomes known by then are used.
    definition : ChurnDefinition
        Definition of leaving, which says after how many days an outcome is known.
    partial_rates : pandas DataFrame, optional
        The same columns of the first weeks of the window, for the snapshots and for the days whose first weeks end on
        one; see `churnml.training.rows.frame.compute_partial_rates`. Without them partial outcomes are not followed.
    tested_forward : bool, optional
        Whether folds looked forward in time.

    Returns
    -------
    Level
        Level with its interval.
    """
    rates, partials = _tables(base_rates, partial_rates)
    past = [at for at in rates.index.to_numpy(dtype="datetime64[D]") if at + definition.reach_days <= day]
    errors: dict[LevelKind, Floats] = {kind: np.full(len(past), np.nan) for kind in KINDS}
    own = np.full(len(past), np.nan)
    for position, at in enumerate(past):
        known = _known(rates, partials, at, definition)
        if not len(known.days):
            continue
        told = sum(earlier + definition.reach_days <= at for earlier in past)
        truth = _logit(rates.loc[[at]]).item()
        for kind in KINDS:
            errors[kind][position] = _assume(known, at, kind) - truth
        _, found = _chosen(known, at, {kind: error[:told] for kind, error in errors.items()})
        own[position] = found - truth
    known = _known(rates, partials, day, definition)
    kind, found = _chosen(known, day, errors)
    judged = np.isfinite(own)
    # Without past days to tell, each snapshot's rate is taken for a draw around what is assumed.
    off, days = (own[judged], np.array(past)[judged]) if judged.any() else (known.levels - found, known.days)
    spread = float(np.sqrt(np.mean(off**2)))
    windows = int((days[-1] - days[0]).astype(int)) // definition.reach_days + 1
    reach = float(t.ppf((1 + COVERAGE) / 2, windows)) * spread
    low, high = sigmoid([found - reach, found + reach])
    last_year = _near_a_year_before(known, day)
    first = definition.first_weeks
    seen = {
        "partial": float(sigmoid(known.first)),
        "partial_usual": float(sigmoid(known.mean(known.firsts))),
        "partial_day": str(day.astype("datetime64[D]") - first.reach_days),
        "partial_days": first.horizon_days,
    }
    return Level(
        day=str(day.astype("datetime64[D]")),
        kind=kind,
        rate=float(sigmoid(found)),
        low=float(low),
        high=float(high),
        coverage=COVERAGE,
        spread=spread,
        newest=float(rates.churn_rate.loc[known.days[-1]]),
        newest_day=str(known.days[-1]),
        last_year=None if last_year is None else float(sigmoid(known.levels[last_year])),
        last_year_day=None if last_year is None else str(known.days[last_year]),
        tested_forward=tested_forward,
        **(seen if kind == "partial" else {}),  # type: ignore[arg-type]  # each is of its field's type
    )


def assume(
    base_rates: pd.DataFrame,
    day: np.datetime64,
    definition: ChurnDefinition,
    partial_rates: pd.DataFrame | None = None,
) -> dict[LevelKind, float]:
    """Compute the churn rate that each way assumes of a day, where it can tell; see `choose_level`.

    Returns
    -------
    dict
        Churn rates by kind; empty where no outcome was known.
    """
    known = _known(*_tables(base_rates, partial_rates), day, definition)
    levels = {kind: _assume(known, day, kind) for kind in KINDS} if len(known.days) else {}
    return {kind: float(sigmoid(level)) for kind, level in levels.items() if np.isfinite(level)}


def _tables(base_rates: pd.DataFrame, partial_rates: pd.DataFrame | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    return _by_day(base_rates), _by_day(base_rates.iloc[:0] if partial_rates is None else partial_rates)


def _by_day(rates: pd.DataFrame) -> pd.DataFrame:
    return rates.set_index(rates.snapshot_date.to_numpy(dtype="datetime64[D]"))


def _known(rates: pd.DataFrame, partials: pd.DataFrame, day: np.datetime64, definition: ChurnDefinition) -> _Known:
    known = rates[rates.index.to_numpy(dtype="datetime64[D]") + definition.reach_days <= day]
    days = known.index.to_numpy(dtype="datetime64[D]")
    firsts = pd.Series(_logit(partials), partials.index)
    return _Known(
        days=days,
        customers=known.customers.to_numpy(dtype=np.float64),
        levels=_logit(known),
        firsts=np.asarray(firsts.reindex(known.index), dtype=np.float64),
        first=float(firsts.get(day - definition.first_weeks.reach_days, np.nan)),
    )


def _logit(rates: pd.DataFrame) -> Floats:
    # Half a customer on both sides: all or none may have left.
    return logit((rates.churn_rate * rates.customers + 0.5) / (rates.customers + 1.0))


def _assume(known: _Known, day: np.datetime64, kind: LevelKind) -> float:
    """Return the level that a kind assumes, in log-odds; NaN where it cannot."""
    if kind == "partial":
        return known.first + known.mean(known.levels - known.firsts)
    if kind == "none":
        return known.mean(known.levels)
    if kind == "trailing":
        return float(known.levels[-1])
    at = _near_a_year_before(known, day)
    return np.nan if at is None else float(known.levels[at])


def _near_a_year_before(known: _Known, day: np.datetime64) -> int | None:
    """Find the position of the snapshot nearest to a year before; None where it is not near."""
    off = np.abs((known.days - (day - _YEAR)).astype(int))
    return int(off.argmin()) if off.min() <= _NEAR_DAYS else None


def _chosen(known: _Known, day: np.datetime64, errors: _Errors) -> tuple[LevelKind, float]:
    """Return the kind, of those that can tell, that told past days best, and what it assumes."""
    assumed = {kind: _assume(known, day, kind) for kind in KINDS}
    able = [kind for kind in KINDS if np.isfinite(assumed[kind])]
    best = able[0]
    for kind in able:
        gain = errors[best] ** 2 - errors[kind] ** 2
        gain = gain[np.isfinite(gain)]
        if len(gain) >= _LEAST_DAYS and gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain)):
            best = kind
    return best, assumed[best]
