"""A second opinion on what moved: customers of a day beside those of a year before, all features at once."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from churnml.models.finding import Finding
from churnml.models.rows import customer_hashes, salted
from churnml.monitoring.past_days import MOST_ROWS
from churnml.statistics.drift import domain_auroc, wasserstein

_BY_CHANCE = 0.5


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


def tell(opinion: SecondOpinion) -> list[Finding]:
    """Tell how well the two days can be told apart; it stands beside what moved, and raises nothing by itself."""
    if not np.isfinite(opinion.auroc):
        return []
    details: dict[str, int | float | str] = {"domain_auroc": opinion.auroc, "before_day": opinion.before.isoformat()}
    return [Finding(grade="pass", name="domain", number=opinion.auroc, bound=_BY_CHANCE, details=details)]
