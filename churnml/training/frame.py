"""The training frame: features and labels of many snapshots, one under the other."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.data.draw import draw
from churnml.data.history import History
from churnml.data.population import count_eligible, labels, treated
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.features.builder import Aggregates, build
from churnml.features.description import Description
from churnml.features.family import Feature
from churnml.features.store import Progress, write_features
from churnml.statistics.logodds import Floats, logit


@dataclass(frozen=True)
class TrainingFrame:
    """Rows of customers at snapshots.

    Attributes
    ----------
    X
        Features, float64, shape (rows, features); null where a customer has no value.
    churned
        1.0 churned, 0.0 stayed, shape (rows,).
    customers
        Customer codes, shape (rows,): equal codes are the same customer at several snapshots.
    hashes
        A seeded hash of the customer in [0, 1), shape (rows,), which does not depend on who else is there.
    snapshots
        Snapshot of each row as datetime64[D], shape (rows,); sorted.
    weights
        How much each row counts in a fit, shape (rows,), > 0; None counts every row once.
    treated
        Whether something was sent to the customer in the window after the snapshot, shape (rows,); None where that is
        not known.
    described
        What the features are, by name; one that is not among them is a number of its name.
    """

    X: pd.DataFrame
    churned: Floats
    customers: NDArray[np.int64]
    hashes: Floats
    snapshots: NDArray[np.datetime64]
    weights: Floats | None = None
    treated: NDArray[np.bool_] | None = None
    described: Mapping[str, Description] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.churned)

    def take(self, rows: NDArray[np.bool_]) -> TrainingFrame:
        """Give the rows of a mask."""
        return dataclasses.replace(
            self,
            X=self.X.loc[rows].reset_index(drop=True),
            churned=self.churned[rows],
            customers=self.customers[rows],
            hashes=self.hashes[rows],
            snapshots=self.snapshots[rows],
            weights=None if self.weights is None else self.weights[rows],
            treated=None if self.treated is None else self.treated[rows],
        )

    def describe(self, names: Iterable[str]) -> tuple[Description, ...]:
        """Say what features are, by their names."""
        return tuple(
            self.described.get(name, Description(name=name, unit="number", describe=name, concept=name))
            for name in names
        )

    def faded(self, half_life_days: int | None) -> TrainingFrame:
        """Give the same rows, those of a snapshot counting half as much for each half-life that it is older.

        The newest snapshot counts 1; None counts every row once.
        """
        if half_life_days is None:
            return self
        age = (self.snapshots[-1] - self.snapshots).astype(np.float64)
        return dataclasses.replace(self, weights=0.5 ** (age / half_life_days))

    def drawn(self, most_rows: int, among: NDArray[np.bool_] | None = None) -> NDArray[np.bool_]:
        """Draw about so many rows at most, of whole customers, of all or among the rows of a mask, shape (rows,)."""
        rows = np.ones(len(self), dtype=bool) if among is None else among
        count = int(rows.sum())
        if count <= most_rows:
            return rows
        drawn: NDArray[np.bool_] = rows & (self.places < np.quantile(self.places[rows], most_rows / count))
        return drawn

    def sample(self, most_rows: int, among: NDArray[np.bool_] | None = None) -> TrainingFrame:
        """Give the rows that ``drawn`` draws."""
        rows = self.drawn(most_rows, among)
        return self if rows.all() else self.take(rows)

    @cached_property
    def places(self) -> Floats:
        """Digits of the customers' hashes, in [0, 1), by which samples are drawn, shape (rows,).

        They are other ones than those that place customers into folds.
        """
        return (self.hashes * 1e6) % 1

    @property
    def days(self) -> NDArray[np.datetime64]:
        """The snapshots, oldest first."""
        return np.unique(self.snapshots)

    def level_offsets(self) -> Floats:
        """Log-odds of each row's own snapshot churn rate (half a customer added to both sides), shape (rows,).

        Candidates learn what differs from this, so that the season of a snapshot is not taken for a customer's trait.
        """
        offsets = np.empty(len(self))
        for day in self.days:
            rows = self.snapshots == day
            offsets[rows] = logit((self.churned[rows].sum() + 0.5) / (rows.sum() + 1.0))
        return offsets


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
) -> TrainingFrame:
    """Build features and labels snapshot by snapshot.

    Parameters
    ----------
    shop, definition, features
        What to look at.
    snapshots
        Days with complete label windows, oldest first.
    data_end
        Nothing on or after this day is used.
    max_rows
        With more rows, a seeded sample of whole customers is used, which keeps about so many.
    seed
        Seed of the customers' hashes.
    progress
        Called with a text, the steps done and all steps.
    store
        Folder in which built features are kept, so that a broken run resumes; None keeps none.

    Returns
    -------
    TrainingFrame
    """
    rows = sum(count_eligible(History(shop, day), definition) for day in snapshots)
    with draw(shop, min(max_rows / max(rows, 1), 1.0), seed) as drawn:
        return _build(drawn, definition, snapshots, features, data_end, seed, progress, store)


def _build(
    shop: Shop,
    definition: ChurnDefinition,
    snapshots: Sequence[date],
    features: Sequence[Feature],
    data_end: date,
    seed: int,
    progress: Progress | None,
    store: Path | None,
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
                outcome.index.isin(treated(shop, day, definition))
                for day, outcome in zip(snapshots, outcomes, strict=True)
            ]
        ),
        described=described,
    )


def _features_of(
    shop: Shop,
    definition: ChurnDefinition,
    snapshots: Sequence[date],
    features: Sequence[Feature],
    progress: Progress | None,
    store: Path | None,
) -> Iterator[pd.DataFrame]:
    """Give the features of each snapshot, from the store where there is one."""
    if store is not None:
        for partition in write_features(shop, snapshots, definition, features, store, progress):
            yield partition.read()
        return
    aggregates = Aggregates(shop, definition, features)
    for done, day in enumerate(snapshots):
        if progress is not None:
            progress("features", done, len(snapshots))
        yield build(History(shop, day), definition, features, aggregates)
    if progress is not None:
        progress("features", len(snapshots), len(snapshots))


def customer_hashes(customers: pd.Index, seed: int) -> Floats:
    """Hash customer ids (SipHash) to numbers in [0, 1) that depend on id and seed alone, shape (n,)."""
    key = hashlib.blake2b(f"folds {seed}".encode(), digest_size=8).hexdigest()
    hashed = pd.util.hash_array(customers.to_numpy(dtype=object), hash_key=key, categorize=False)
    # The upper 53 bits are what a float64 holds; all 64 could be rounded up to 1.
    return (hashed >> np.uint64(11)).astype(np.float64) / float(2**53)
