"""The residual scan: for which customers a list was wrong, as a tree of their features finds them.

Neither a distribution nor an estimated figure shows that the relation between features and leaving changed: only what
happened does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.statistics.logodds import Floats, sigmoid
from churnml.statistics.shifts import fit_intercept

if TYPE_CHECKING:
    from sklearn.tree import DecisionTreeRegressor

_DEPTH = 4
_LEAF_ROWS, _LEAF_SHARE = 60, 0.01


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Customers of a day with what was said of them and what happened.

    Attributes
    ----------
    X : pandas DataFrame, shape (rows, features)
        Features, null where a customer has no value.
    churned : array of float, shape (rows,)
        Outcomes 0 or 1.
    logodds : array of float, shape (rows,)
        Predicted log-odds.
    weights : array of float, shape (rows,)
        Weights >= 0; 0 leaves a customer out.
    hashes : array of float, shape (rows,)
        Hashes of the customers in [0, 1), by which they are split.
    """

    X: pd.DataFrame
    churned: Floats
    logodds: Floats
    weights: Floats
    hashes: Floats

    @property
    def probability(self) -> Floats:
        """Probabilities after refitting the level, shape (rows,)."""
        return sigmoid(self.logodds + fit_intercept(self.churned, self.logodds, self.weights))


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a scan of residuals says.

    Attributes
    ----------
    z : float
        How far residuals of one half of the customers follow a tree of the other half, in standard deviations; nan
        where there are too few.
    customers : int
        Number of customers of the node that stands out most.
    said, seen : float
        Share of these who were said to leave (after refitting the level), and who left.
    path : tuple of tuple of str, str, float
        Conditions that lead to the node: feature, ``<=`` or ``>``, and the number.
    """

    z: float
    customers: int = 0
    said: float = np.nan
    seen: float = np.nan
    path: tuple[tuple[str, str, float], ...] = ()


def scan(rows: Judged, before: Judged | None = None) -> Scan:
    """Look for customers of whom more or fewer left than was said.

    A tree on one half of the customers predicts the residuals g of the other half, both ways, and
    ``z = sum(w g r) / sqrt(sum(w^2 g^2 p (1 - p)))``. What a model misses every year is no news: a tree on the
    residuals of a year before is subtracted first, as far as it held there from one half of the customers to the other.
    What did not hold is noise, which would be the same for both halves now, and be taken for a relation.

    Parameters
    ----------
    rows : Judged
        Customers whose outcome is known.
    before : Judged, optional
        The same of a year before; None subtracts nothing.
    """
    used = np.flatnonzero(rows.weights > 0)
    if len(used) < 4 * _LEAF_ROWS:
        return Scan(z=np.nan)
    X, y, w = rows.X.iloc[used].to_numpy(dtype=np.float64), rows.churned[used], rows.weights[used]
    p = rows.probability[used]
    r = y - p
    if before is not None and (before.weights > 0).sum() >= 4 * _LEAF_ROWS:
        r = r - _habit(before, rows.X.columns, X)
    first = rows.hashes[used] < 0.5
    if min(first.sum(), (~first).sum()) < 2 * _LEAF_ROWS:
        return Scan(z=np.nan)
    g = _across(X, r, w, first)
    above, below = float((w * g * r).sum()), float(((w * g) ** 2 * p * (1 - p)).sum())
    if not below:
        return Scan(z=0.0)
    whole = _tree(X, r, w)
    # A leaf may be a part of those for whom it changed: all nodes below the root are looked at.
    members = whole.decision_path(X).toarray().astype(bool)[:, 1:]
    if not members.shape[1]:
        return Scan(z=above / math.sqrt(below))
    node = int(np.argmax([_strength(w, r, p, inside) for inside in members.T]))
    inside = members[:, node]
    return Scan(
        z=above / math.sqrt(below),
        customers=int(inside.sum()),
        said=float(np.average(p[inside], weights=w[inside])),
        seen=float(np.average(y[inside], weights=w[inside])),
        path=_path(whole, node + 1, list(rows.X.columns)),
    )


def _across(X: Floats, r: Floats, w: Floats, first: NDArray[np.bool_]) -> Floats:
    """Predict the residuals of each half of the customers by a tree on the other half, shape (rows,)."""
    g = np.empty(len(r))
    for half in (first, ~first):
        g[half] = _tree(X[~half], r[~half], w[~half]).predict(X[half])
    return g


def _habit(before: Judged, names: pd.Index, X: Floats) -> Floats:
    """Predict the residuals that customers like those of a year before had, drawn to 0 as far as they did not hold."""
    known = np.flatnonzero(before.weights > 0)
    then, w = before.X[names].iloc[known].to_numpy(dtype=np.float64), before.weights[known]
    r = (before.churned - before.probability)[known]
    first = before.hashes[known] < 0.5
    if min(first.sum(), (~first).sum()) < 2 * _LEAF_ROWS:
        return np.zeros(len(X))
    g = _across(then, r, w, first)
    size = float((w * g**2).sum())
    held = min(max(float((w * g * r).sum()) / size, 0.0), 1.0) if size else 0.0
    return np.asarray(held * _tree(then, r, w).predict(X), dtype=np.float64)


def _tree(X: Floats, r: Floats, w: Floats) -> DecisionTreeRegressor:
    from sklearn.tree import DecisionTreeRegressor

    least = max(_LEAF_ROWS, int(_LEAF_SHARE * len(X)))
    return DecisionTreeRegressor(max_depth=_DEPTH, min_samples_leaf=least, random_state=0).fit(X, r, w)


def _strength(w: Floats, r: Floats, p: Floats, inside: NDArray[np.bool_]) -> float:
    spread = float((w[inside] ** 2 * p[inside] * (1 - p[inside])).sum())
    return abs(float((w[inside] * r[inside]).sum())) / math.sqrt(max(spread, 1e-12))


def _path(tree: DecisionTreeRegressor, node: int, names: list[str]) -> tuple[tuple[str, str, float], ...]:
    """Return the conditions from the root to a node; of a feature that is asked twice the same way, the last one."""
    inner = tree.tree_
    path = []
    while node:
        at = int(np.flatnonzero((inner.children_left == node) | (inner.children_right == node))[0])
        side = "<=" if inner.children_left[at] == node else ">"
        path.append((names[inner.feature[at]], side, float(inner.threshold[at])))
        node = at
    kept = {(name, side): number for name, side, number in path[::-1]}
    return tuple((name, side, number) for (name, side), number in kept.items())
