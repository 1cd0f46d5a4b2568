"""A second opinion on what moved: customers of a day beside those of a year before, all features at once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.features.family import Feature
from churnml.models.finding import Finding
from churnml.models.rows import customer_hashes, salted
from churnml.statistics.drift import domain_auroc, wasserstein
from churnml.training.rows.study import build_sample

_MOST_ROWS = 50_000
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
    shop: Shop,
    X: pd.DataFrame,
    before: date,
    definition: ChurnDefinition,
    features: Sequence[Feature],
    steady: Collection[str],
    seed: int,
) -> SecondOpinion:
    """Compare the customers of a day with those of a year before; of many, about 50,000 of each.

    Parameters
    ----------
    shop : Shop
        Shop from which the earlier customers are built.
    X : pandas DataFrame
        Features of the day's customers, by customer id.
    before : date
        Day with whose customers they are compared.
    definition : ChurnDefinition
        Definition that says who is a customer of a day.
    features : sequence of Feature
        Features to build.
    steady : collection of str
        Names of the features that the classifier sees: what moves by itself always tells two days apart.
    seed : int
        Seed of the samples, and of the halves of the customers.
    """
    earlier = build_sample(shop, before, definition, features, _MOST_ROWS, seed)
    places = salted(customer_hashes(X.index, seed), "samples")
    now = X.loc[places < _MOST_ROWS / max(len(X), 1)]
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
