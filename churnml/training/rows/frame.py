"""The training frame: features and labels of many snapshots, one under the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from churnml.data.draw import draw
from churnml.data.history import History
from churnml.data.population import count_churned, count_eligible, labels, treated
from churnml.data.shop import Shop
from churnml.data.spend import net_spend
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.builder import Aggregates, build
from churnml.features.family import Feature
from churnml.features.store import Progress, write_features
from churnml.models.rows import TrainingFrame, customer_hashes


def compute_base_rates(frame: TrainingFrame) -> pd.DataFrame:
    """Count customers and churn rate per snapshot.

    Returns
    -------
    pandas DataFrame
        Columns ``snapshot_date`` (ISO text), ``customers``, ``churned`` (customers) and ``churn_rate``.
    """
    table = pd.DataFrame({"snapshot_date": frame.snapshots.astype(str), "churned": frame.churned})
    table = table.groupby("snapshot_date").churned.agg(customers="size", churned="sum").reset_index()
    table["churned"] = table.churned.astype(int)
    table["churn_rate"] = table.churned / table.customers
    return table


def compute_partial_rates(
    shop: Shop, snapshots: Sequence[date], data_end: date, definition: ChurnDefinition
) -> pd.DataFrame:
    """Count customers, and who had not come back in the first weeks of their window, per day.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are counted.
    snapshots : sequence of date
        Days with complete label windows.
    data_end : date
        Day at which the data ends: nothing on or after it is used.
    definition : ChurnDefinition
        Definition of leaving, whose ``first_weeks`` are looked at.

    Returns
    -------
    pandas DataFrame
        Columns ``snapshot_date`` (ISO text), ``customers``, ``churned`` (customers who had not come back) and
        ``churn_rate``, of the snapshots and of the days whose first weeks end on a snapshot or with the data; a day
        without eligible customers is left out.
    """
    first = definition.first_weeks
    reach = timedelta(days=first.reach_days)
    begun = {day - reach for day in (*snapshots, data_end)}
    counted = [
        count_churned(History(shop, day + reach), first.reach_days, first) for day in sorted({*snapshots, *begun})
    ]
    rows = [(str(one.day), one.customers, one.churned, one.churned / one.customers) for one in counted if one]
    return pd.DataFrame(rows, columns=["snapshot_date", "customers", "churned", "churn_rate"])


def build_training_frame(
    shop: Shop,
    definition: ChurnDefinition,
    snapshots: Sequence[date],
    features: Sequence[Feature],
    data_end: date,
    max_rows: int,
    seed: int,
    progress: Progress | None = None,
    store: Path | None = None,
    spend_days: Sequence[int] = (),
    campaign: str = "",
) -> TrainingFrame:
    """Build features and labels snapshot by snapshot.

    Parameters
    ----------
    shop : Shop
        Shop whose customers are described and labelled.
    definition : ChurnDefinition
        Definition of leaving.
    snapshots : sequence of date
        Days with complete label windows, oldest first.
    features : sequence of Feature
        Features to build.
    data_end : date
        Day at which the data ends: nothing on or after it is used.
    max_rows : int
        Greatest number of rows, roughly: with more, a seeded sample of whole customers is used.
    seed : int
        Seed of the customers' hashes.
    progress : callable, optional
        Function that is called with a text, the steps done and all steps.
    store : Path, optional
        Folder in which built features are kept, so that a broken run resumes; None keeps none.
    spend_days : sequence of int, optional
        Numbers of days after a snapshot over which net spend is added up.
    campaign : str, optional
        Campaign whose contacts treat a customer whatever they hold; of others, those with an offer do.

    Returns
    -------
    TrainingFrame
        Labelled rows of all snapshots.
    """
    rows = sum(count_eligible(History(shop, day), definition) for day in snapshots)
    with draw(shop, min(max_rows / max(rows, 1), 1.0), seed) as drawn:
        return _build(drawn, definition, snapshots, features, data_end, seed, progress, store, spend_days, campaign)


def _build(
    shop: Shop,
    definition: ChurnDefinition,
    snapshots: Sequence[date],
    features: Sequence[Feature],
    data_end: date,
    seed: int,
    progress: Progress | None,
    store: Path | None,
    spend_days: Sequence[int],
    campaign: str,
) -> TrainingFrame:
    outcomes = [labels(shop, day, definition, data_end) for day in snapshots]
    described = {feature.name: feature.description() for feature in features}
    names = list(described)
    # One block of the whole length: joining blocks would need the memory twice.
    values = np.empty((len(names), sum(map(len, outcomes))))
    filled = 0
    built = _features_of(shop, definition, snapshots, features, progress, store)
    for day, X, outcome in zip(snapshots, built, outcomes, strict=True):
        if not X.index.equals(outcome.index):
            raise InputError(
                f"{day}: the shop's customers changed while their features were built ({len(outcome):,} were eligible, "
                f"{len(X):,} have features). Train on tables that stand still."
            )
        values[:, filled : filled + len(X)] = X.to_numpy(dtype=np.float64).T
        filled += len(X)
    ids = np.concatenate([outcome.index.to_numpy(dtype=object) for outcome in outcomes])
    codes, uniques = pd.factorize(ids, sort=True)
    return TrainingFrame(
        pd.DataFrame(values.T, columns=names, copy=False),
        np.concatenate([outcome.to_numpy() for outcome in outcomes]),
        codes.astype(np.int64),
        customer_hashes(pd.Index(uniques), seed)[codes],
        np.repeat(np.array(snapshots, dtype="datetime64[D]"), [len(outcome) for outcome in outcomes]),
        treated=np.concatenate(
            [
                outcome.index.isin(treated(shop, day, definition, campaign))
                for day, outcome in zip(snapshots, outcomes, strict=True)
            ]
        ),
        described=described,
        spend={
            days: np.concatenate(
                [
                    net_spend(shop, day, days, data_end, outcome.index).to_numpy()
                    for day, outcome in zip(snapshots, outcomes, strict=True)
                ]
            )
            for days in spend_days
        },
    )


def _features_of(
    shop: Shop,
    definition: ChurnDefinition,
    snapshots: Sequence[date],
    features: Sequence[Feature],
    progress: Progress | None,
    store: Path | None,
) -> Iterator[pd.DataFrame]:
    """Return the features of each snapshot, from the store where there is one."""
    if store is not None:
        for partition in write_features(shop, snapshots, definition, features, store, progress):
            yield partition.read()
        return
    aggregates = Aggregates(shop, definition, features, len(snapshots))
    for done, day in enumerate(snapshots):
        if progress is not None:
            progress("features", done, len(snapshots))
        yield build(History(shop, day), definition, features, aggregates)
    if progress is not None:
        progress("features", len(snapshots), len(snapshots))
