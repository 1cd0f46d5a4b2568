"""Labelled rows: features and outcomes of customers at many snapshots, one under the other."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.features.description import Description, describe
from churnml.statistics.logodds import Floats, logit

_EXACT = float(2**53)  # whole numbers up to this are exact in a float64


@dataclass(frozen=True)
class TrainingFrame:
    """Rows of customers at snapshots.

    Attributes
    ----------
    X : pandas DataFrame, shape (rows, features)
        Features, float64; null where a customer has no value.
    churned : array of float, shape (rows,)
        Outcomes: 1.0 churned, 0.0 stayed.
    customers : array of int, shape (rows,)
        Code of the customer: equal codes are the same customer at several snapshots.
    hashes : array of float, shape (rows,)
        Seeded hash of the customer in [0, 1), which does not depend on which other customers there are.
    snapshots : array of datetime64, shape (rows,)
        Snapshot of each row as datetime64[D]; sorted.
    weights : array of float, shape (rows,) or None
        Weight of each row in a fit, > 0; None counts every row once.
    treated : array of bool, shape (rows,) or None
        Whether something was sent to the customer in the window after the snapshot; None where that is not known.
    described : mapping of str to Description
        Descriptions of the features by name; one that is not among them is a number of its name.
    spend : mapping of int to array of float, shape (rows,)
        Net spend of each row over a number of days after the snapshot, by that number; null where the days are not over
        yet. Empty where it is not known.
    """

    X: pd.DataFrame
    churned: Floats
    customers: NDArray[np.int64]
    hashes: Floats
    snapshots: NDArray[np.datetime64]
    weights: Floats | None = None
    treated: NDArray[np.bool_] | None = None
    described: Mapping[str, Description] = field(default_factory=dict)
    spend: Mapping[int, Floats] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.churned)

    def take(self, rows: NDArray[np.bool_]) -> TrainingFrame:
        """Return the rows of a mask."""
        return dataclasses.replace(
            self,
            X=self.X.loc[rows].reset_index(drop=True),
            churned=self.churned[rows],
            customers=self.customers[rows],
            hashes=self.hashes[rows],
            snapshots=self.snapshots[rows],
            weights=None if self.weights is None else self.weights[rows],
            treated=None if self.treated is None else self.treated[rows],
            spend={days: spent[rows] for days, spent in self.spend.items()},
        )

    def repeated(self, counts: NDArray[np.int64]) -> TrainingFrame:
        """Return the rows, each as often as it counts."""
        at = np.repeat(np.arange(len(self)), counts)
        return dataclasses.replace(
            self,
            X=self.X.iloc[at].reset_index(drop=True),
            **{name: getattr(self, name)[at] for name in ("churned", "customers", "hashes", "snapshots")},
            weights=None if self.weights is None else self.weights[at],
            treated=None if self.treated is None else self.treated[at],
            spend={days: spent[at] for days, spent in self.spend.items()},
        )

    def describe(self, names: Iterable[str]) -> tuple[Description, ...]:
        """Describe features by their names."""
        return describe(names, self.described)

    def faded(self, half_life_days: int | None) -> TrainingFrame:
        """Return the rows with new weights, halved for each half-life that a snapshot is older.

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
        """Return the rows that ``drawn`` draws."""
        rows = self.drawn(most_rows, among)
        return self if rows.all() else self.take(rows)

    @cached_property
    def places(self) -> Floats:
        """Numbers in [0, 1) by which samples of customers are drawn, shape (rows,)."""
        return salted(self.hashes, "samples")

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


def customer_hashes(customers: pd.Index, seed: int) -> Floats:
    """Hash customer ids (SipHash) to numbers in [0, 1) that depend on id and seed alone, shape (n,)."""
    key = hashlib.blake2b(f"folds {seed}".encode(), digest_size=8).hexdigest()
    return _share_of(pd.util.hash_array(customers.to_numpy(dtype=object), hash_key=key, categorize=False))


def salted(hashes: Floats, salt: str) -> Floats:
    """Hash numbers in [0, 1) to others that tell nothing of them, and nothing of those with another salt.

    Parameters
    ----------
    hashes : array of float, shape (n,)
        Numbers in [0, 1) that stand for customers.
    salt : str
        Purpose of the new hashes.

    Returns
    -------
    array of float
        New hashes in [0, 1), shape (n,); the same for the same number and salt.
    """
    seed = int.from_bytes(hashlib.blake2b(salt.encode(), digest_size=8).digest())
    # pandas mixes whole numbers as splitmix64 does (Steele, Lea and Flood 2014), once for each of two salts.
    mixed = pd.util.hash_array((hashes * _EXACT).astype(np.uint64) ^ np.uint64(seed))
    return _share_of(pd.util.hash_array(mixed + np.uint64(seed)))


def _share_of(hashed: NDArray[np.uint64]) -> Floats:
    # The upper 53 bits are what a float64 holds; all 64 could be rounded up to 1.
    return (hashed >> np.uint64(11)).astype(np.float64) / _EXACT
