"""Judging a value: what was said of customers over what they spent, with the level apart from the shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.models.rows import TrainingFrame
from churnml.models.value import COLUMNS, Shop
from churnml.statistics.bootstrap import bootstrap_intervals
from churnml.statistics.logodds import Floats

_INTERVAL = 0.9
_ANY = Shop(1.0, 1.0)


@dataclass(frozen=True)
class Judged:
    """What was said of rows, and what they spent.

    Attributes
    ----------
    rows : TrainingFrame
        The rows.
    spent : array of float, shape (rows,)
        Net spend over the days that were learned, in money.
    if_stayed, if_left : array of float, shape (rows,)
        What was said of it for either outcome, in money.
    """

    rows: TrainingFrame
    spent: Floats
    if_stayed: Floats
    if_left: Floats

    def of(self, rows: NDArray[np.bool_]) -> Judged:
        """Return the rows of a mask."""
        return Judged(self.rows.take(rows), self.spent[rows], self.if_stayed[rows], self.if_left[rows])

    @property
    def stayed(self) -> Judged:
        """The rows of those who stayed."""
        return self.of(self.rows.churned == 0)

    @property
    def factors(self) -> Floats:
        """What those who stayed spent on each row's day over what was said of them; 1 where nothing was spent."""
        stayed = pd.DataFrame({"spent": self.spent, "said": self.if_stayed}) * (self.rows.churned == 0)[:, None]
        # By a column: pandas writes out an array of days before it takes it for one, which takes longer than to add up.
        totals = stayed.assign(day=self.rows.snapshots).groupby("day").transform("sum")
        factors = (totals["spent"] / totals["said"]).to_numpy()
        return np.where(factors > 0, factors, 1.0)


def judge_value(tested: Sequence[Judged], forward: bool, draws: int, seed: int) -> dict[str, Any]:
    """Compute the figures of a value.

    Parameters
    ----------
    tested : sequence of Judged
        What was said of rows by what was learned without them.
    forward : bool
        Whether these rows lie later than all that was learned from, so that the level is tested.
    draws, seed : int
        Number of bootstrap draws of whole customers for the 90 % intervals, and their seed.

    Returns
    -------
    dict
        ``level`` (forward only), ``shape`` by segment, ``left``, ``came_back`` and ``left_to_stayed``; see
        `churnml.models.card.ValuePart`.
    """
    X = pd.concat([one.rows.X for one in tested], ignore_index=True)
    churned = np.concatenate([one.rows.churned for one in tested])
    customers = np.concatenate([one.rows.customers for one in tested])
    spent = np.concatenate([one.spent for one in tested])
    if_stayed, if_left = (np.concatenate([getattr(one, name) for one in tested]) for name in ("if_stayed", "if_left"))
    factors = np.concatenate([one.factors for one in tested])

    def figure(rows: NDArray[np.bool_], said: Floats) -> dict[str, Any]:
        return said_over_spent(said[rows], spent[rows], customers[rows], draws, seed)

    stayed, left = churned == 0, churned == 1
    one, new = (COLUMNS[name](X, _ANY) == 1 for name in ("one_order_day", "new"))
    segments = {"all": stayed, "one order day": stayed & one, "new": stayed & new, "more order days": stayed & ~one}
    per_head = spent[stayed].mean()
    return {
        "level": figure(stayed, if_stayed) if forward else None,
        "shape": {name: figure(rows, if_stayed * factors) for name, rows in segments.items() if rows.any()},
        "left": figure(left, if_left * factors) if (spent[left] > 0).any() else None,
        "came_back": float((spent[left] > 0).mean()) if left.any() else 0.0,
        "left_to_stayed": float(spent[left].mean() / per_head) if left.any() and per_head > 0 else 0.0,
    }


def said_over_spent(said: Floats, spent: Floats, customers: NDArray[np.int64], draws: int, seed: int) -> dict[str, Any]:
    """Divide what was said of customers by what they spent.

    Parameters
    ----------
    said, spent : array of float, shape (rows,)
        What was said and what was spent, in money.
    customers : array of int, shape (rows,)
        Code of each row's customer.
    draws, seed : int
        Number of bootstrap draws of whole customers for the 90 % interval, and their seed.

    Returns
    -------
    dict
        ``rows``, ``said`` and ``spent`` (sums), ``ratio``, ``low`` and ``high``; null where nothing was spent.
    """
    # A customer's rows are drawn together: their sums stand for them.
    sums = pd.DataFrame({"said": said, "spent": spent, "of": customers}).groupby("of").sum().to_numpy()

    def ratio(drawn: NDArray[np.intp]) -> list[float]:
        total, true = sums[drawn].sum(axis=0)
        return [total / true if true > 0 else np.nan]

    ((low, high),) = bootstrap_intervals(ratio, np.arange(len(sums)), draws, seed, _INTERVAL)
    found = {"ratio": ratio(np.arange(len(sums)))[0], "low": float(low), "high": float(high)}
    return {
        "rows": len(said),
        "said": float(said.sum()),
        "spent": float(spent.sum()),
        **{name: number if np.isfinite(number) else None for name, number in found.items()},
    }
