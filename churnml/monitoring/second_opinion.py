"""A second opinion on what moved: customers of a day beside those of a year before, all features at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from churnml.models.finding import Finding
from churnml.models.rows import customer_hashes, salted
from churnml.monitoring.answers import Limits
from churnml.monitoring.left_alone import effective_size
from churnml.monitoring.past_days import MOST_ROWS
from churnml.monitoring.residuals import Judged
from churnml.statistics.drift import density_ratio, domain_auroc, wasserstein
from churnml.statistics.logodds import Floats, sigmoid
from churnml.statistics.shifts import fit_affine

_BY_CHANCE = 0.5
_ALIKE = 0.001  # a difference of less is by chance
_FEWEST_EFFECTIVE = 500


@dataclass(frozen=True, kw_only=True)
class SecondOpinion:
    """How the customers of a day differ from those of a year before.

    Attributes
    ----------
    before : date
        The day a year before.
    auroc : float
        How well a classifier tells the two days apart; 0.5 is by chance, nan with too few customers.
    distances : dict of str to float
        Mean distance by which the values of each feature moved, in its unit, by name; nan where a day has no value.
    """

    before: date
    auroc: float
    distances: dict[str, float]


def compare_days(
    X: pd.DataFrame, earlier: pd.DataFrame, before: date, steady: Collection[str], seed: int
) -> SecondOpinion:
    """Compare the customers of a day with those of a year before; of many, about 50,000 of each.

    Parameters
    ----------
    X : pandas DataFrame
        Features of the day's customers, by customer id.
    earlier : pandas DataFrame
        Features of those of the earlier day, or of a sample of them.
    before : date
        The earlier day.
    steady : collection of str
        Names of the features that the classifier sees: what moves by itself always tells two days apart.
    seed : int
        Seed of the sample, and of the halves of the customers.
    """
    places = salted(customer_hashes(X.index, seed), "samples")
    now = X.loc[places < MOST_ROWS / max(len(X), 1)]
    seen = [name for name in X.columns if name in steady]
    return SecondOpinion(
        before=before,
        auroc=domain_auroc(
            now[seen].to_numpy(dtype=np.float64),
            earlier[seen].to_numpy(dtype=np.float64),
            customer_hashes(now.index, seed),
            customer_hashes(earlier.index, seed),
        ),
        distances={str(name): wasserstein(now[name], earlier[name]) for name in X.columns},
    )


def usual_auroc(limits: Limits) -> float:
    """Return the AUROC up to which the replay told days from those of a year before; nan where it tells nothing."""
    days = () if limits.baseline is None else limits.baseline.days
    past = [max(day.domain - _BY_CHANCE, _ALIKE) for day in days if day.domain is not None]
    return _BY_CHANCE + limits.above(past).value


def tell(opinion: SecondOpinion, usual: float) -> list[Finding]:
    """Tell how well the two days can be told apart; it stands beside what moved, and raises nothing by itself."""
    if not np.isfinite(opinion.auroc):
        return []
    details: dict[str, int | float | str] = {"domain_auroc": opinion.auroc, "before_day": opinion.before.isoformat()}
    bound = usual if np.isfinite(usual) else _BY_CHANCE
    return [Finding(grade="pass", name="domain", number=opinion.auroc, bound=bound, details=details)]


def recalibrate(X: pd.DataFrame, logodds: Floats, judged: Judged, steady: Collection[str], seed: int) -> Floats | None:
    """Recalibrate what is said of a day on customers who were judged, by the weights with which they stand for the day.

    Slope and intercept of the log-odds are fitted on the judged, each weighing as much as customers like them are more
    common now (importance-weighted recalibration).

    Parameters
    ----------
    X : pandas DataFrame
        Features of the day's customers, by customer id.
    logodds : array of float, shape (rows,)
        What is said of them.
    judged : Judged
        Customers of the newest list whose outcome is known.
    steady : collection of str
        Names of the features by which customers are compared.
    seed : int
        Seed of the sample, and of the halves of the customers.

    Returns
    -------
    array of float, shape (rows,), or None
        Probabilities; None where the judged tell as little as fewer than 500 customers of equal weight.
    """
    hashes = customer_hashes(X.index, seed)
    few = salted(hashes, "samples") < MOST_ROWS / max(len(X), 1)
    seen = [name for name in X.columns if name in steady]
    now, then = (rows[seen].to_numpy(dtype=np.float64) for rows in (X.loc[few], judged.X))
    weights = judged.weights * density_ratio(now, then, hashes[few], judged.hashes)
    if not effective_size(weights) >= _FEWEST_EFFECTIVE:  # which is nan where the days are too small
        return None
    intercept, slope = fit_affine(judged.churned, judged.logodds, weights)
    return sigmoid(intercept + slope * logodds)
