"""What moved: features, weighted by how much the model looks at them, and predictions, against the same time last year.

The reference decides, not the statistic: against the last months a season is drift, against a year before it is not.
What moves every year is no news either: what grows with the age of the data, or hangs on numbers that are fitted to
each day, would drown all else (`steady_features`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from churnml.models.profile import Profile, Spread, last_year
from churnml.statistics.alarms import FEWEST
from churnml.statistics.drift import psi, shares_in_bins
from churnml.statistics.logodds import Floats

COLUMNS = (
    *("feature", "table", "psi_year", "psi_month", "weight", "weighted", "null_share", "null_share_before"),
    *("mean", "mean_before", "moved_logodds", "distance"),
)
"""Columns of the table of features."""
REPLAYED = ("weighted_year", "weighted_month", "predictions_year", "predictions_month")
"""Numbers of a day that are replayed."""
NEWEST = 12
"""Past days that tell what is usual: while a shop is young, its features move more than they will."""
_RECENT = 3
_NEAR_DAYS = 10
# Chosen on five simulated shops of 1,750 to 5,250 ranked customers, a year each: with 3 no quiet look was watched and a
# new segment was, at its third look in four and at its fourth in one; with 5 it took longer in two. On three others no
# quiet look was either. With all features in, nothing but a feed that stopped was ever seen.
_UNSTEADY_TIMES = 3.0


def steady_features(profile: Profile, since: date) -> frozenset[str]:
    """Name the features by whose movement news can be told: those that do not move by themselves.

    Left out are features that are the same for all customers of a day, such as the season, and those whose usual
    distance from the same time last year (from the three days before, where too few days have a year before) is more
    than three times that of the typical feature: they grow with the age of the data, or hang on what is fitted to it.

    Parameters
    ----------
    profile : Profile
        Profile whose last day is looked at; it tells nothing of what is usual.
    since : date
        First day with which others are compared; see `replay_drift`.
    """
    weighty = {name: spread for name, spread in profile.features.items() if spread.weight and not _is_clock(spread)}
    for references in zip(*(_references(profile, at, since) for at in range(len(profile.days) - 1)), strict=True):
        past = [(at, before) for at, before in enumerate(references) if before][-NEWEST:]
        if len(past) < FEWEST:
            continue
        usual = {
            name: float(np.median([_psi(spread, at, before) for at, before in past]))
            for name, spread in weighty.items()
        }
        most = _UNSTEADY_TIMES * float(np.median(list(usual.values()) or [0.0]))
        return frozenset(name for name, number in usual.items() if number <= most)
    return frozenset(weighty)


def measure_features(
    profile: Profile, tables: Mapping[str, str], steady: Collection[str], distances: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Compare the features of the last day of a profile with those of earlier days.

    Parameters
    ----------
    profile : Profile
        Profile whose last day is looked at.
    tables : mapping of str to str
        Table that each feature is read from, by its name; that of others is empty.
    steady : collection of str
        Names of the features that may raise an alarm; see `steady_features`.
    distances : mapping of str to float, optional
        Mean distance by which the values of each feature moved, by its name; None where they are not known.

    Returns
    -------
    pandas DataFrame
        A row per feature, that which moved the log-odds most first: ``feature, table, psi_year`` (population stability
        index against the same time last year; null where there is none), ``psi_month`` (against the three days before),
        ``weight`` (share of the model's SHAP values), ``weighted`` (of steady features, weight times that of last year,
        or of the days before where there is none; 0 of others), ``null_share, null_share_before, mean, mean_before``,
        ``moved_logodds`` (what the change of shares adds to the mean log-odds, by the mean SHAP value of each bin) and
        ``distance`` (null where it is not known).
    """
    now, year, month = _days(profile)
    before = month if year is None else [year]
    rows = []
    for name, spread in profile.features.items():
        of_year = None if year is None else _psi(spread, now, [year])
        of_month = _psi(spread, now, month)
        change = _shares(spread, [now]) - _shares(spread, before)
        known = [mean for at in before if (mean := spread.means[at]) is not None]
        rows.append(
            {
                "feature": name,
                "table": tables.get(name, ""),
                "psi_year": np.nan if of_year is None else of_year,
                "psi_month": of_month,
                "weight": spread.weight,
                "weighted": spread.weight * (of_month if of_year is None else of_year) if name in steady else 0.0,
                "null_share": _null_share(spread, [now]),
                "null_share_before": _null_share(spread, before),
                "mean": spread.means[now],
                "mean_before": float(np.mean(known)) if known else None,
                "moved_logodds": float(change @ np.array(spread.shap)),
                "distance": (distances or {}).get(name, np.nan),
            }
        )
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"mean": "float64", "mean_before": "float64"})
    order = (-table["moved_logodds"].abs()).argsort(kind="stable")
    return table.iloc[order.to_numpy()].reset_index(drop=True)


def replay_drift(profile: Profile, since: date, steady: Collection[str]) -> pd.DataFrame:
    """Compute the drift of every day of a profile, as it would have been seen then.

    Parameters
    ----------
    profile : Profile
        Profile of the days.
    since : date
        First day with which others are compared: before it the windows of features reach back beyond the data.
    steady : collection of str
        Names of the features that are summed; see `steady_features`.

    Returns
    -------
    pandas DataFrame
        A row per day with ``day``, ``weighted_year`` and ``weighted_month`` (features: sum of weight times population
        stability index, against the same time last year and against the three days before, which lie as long before as
        those of the last day do) and ``predictions_year`` and ``predictions_month``; null where there is no day to
        compare with.
    """
    summed = [
        (spread.weight, np.array(spread.counts, dtype=np.float64))
        for name, spread in profile.features.items()
        if name in steady
    ]
    predictions = np.array(profile.predictions.counts, dtype=np.float64)
    rows = []
    for at, day in enumerate(profile.days):
        of_year, of_month = (_drift(summed, predictions, at, one) for one in _references(profile, at, since))
        numbers = (of_year[0], of_month[0], of_year[1], of_month[1])
        rows.append({"day": day, **dict(zip(REPLAYED, numbers, strict=True))})
    return pd.DataFrame(rows)


def heaviest(table: pd.DataFrame, most: int = 3) -> list[str]:
    """Name the features that weigh most in the drift, one of each table: what one broken table moves has one cause."""
    order = table.sort_values("weighted", ascending=False, kind="stable")
    order = order[order["weighted"] > 0]
    alone = (order["table"] == "") | ~order.duplicated("table")
    return [str(name) for name in order.loc[alone, "feature"].head(most)]


def _days(profile: Profile) -> tuple[int, int | None, list[int]]:
    """Return the positions of the last day, of that a year before, and of those just before."""
    now = len(profile.days) - 1
    return now, last_year(profile.days[:now], profile.days[now]), list(range(max(now - _RECENT, 0), now))


def _references(profile: Profile, at: int, since: date) -> tuple[list[int], list[int]]:
    """Return the positions of the days that a day is compared with: a year before, and the three before."""
    days, day = profile.days, profile.days[at]
    gap = (days[-1] - days[-2]).days - _NEAR_DAYS if len(days) > 1 else 0
    year = last_year(days[:at], day)
    earlier = [one for one in range(at) if (day - days[one]).days >= gap and days[one] >= since]
    return [] if year is None or days[year] < since else [year], earlier[-_RECENT:]


def _is_clock(spread: Spread) -> bool:
    """Whether the customers of each day all lie in one bin, so that the feature tells of the day alone."""
    return all(sum(count > 0 for count in row) <= 1 for row in spread.counts)


def _drift(
    summed: Sequence[tuple[float, Floats]], predictions: Floats, now: int, before: list[int]
) -> tuple[float, float]:
    if not before:
        return np.nan, np.nan
    weighted = [weight * psi(counts[now], counts[before].sum(axis=0)) for weight, counts in summed]
    return float(np.sum(weighted)), psi(predictions[now], predictions[before].sum(axis=0))


def _psi(spread: Spread, now: int, before: Sequence[int]) -> float:
    return psi(spread.counts[now], _counts(spread, before)) if before else np.nan


def _counts(spread: Spread, at: Sequence[int]) -> Floats:
    counts: Floats = np.array([spread.counts[one] for one in at], dtype=np.float64).sum(axis=0)
    return counts


def _shares(spread: Spread, at: Sequence[int]) -> Floats:
    return shares_in_bins(_counts(spread, at) if at else np.zeros(len(spread.shap)))


def _null_share(spread: Spread, at: Sequence[int]) -> float:
    counts = _counts(spread, at) if at else np.zeros(1)
    return float(counts[-1] / counts.sum()) if counts.sum() else np.nan
