"""SHAP values of small trees: a row meets the splits of a tree in one of few ways, and each way has its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import factorial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from churnml.statistics.logodds import Floats

if TYPE_CHECKING:
    import lightgbm

_MOST_SPLITS = 9
_BATCH = 16_384  # rows whose columns stay in the cache of a core


@dataclass(frozen=True)
class TreeTable:
    """A tree, and the SHAP values of each way in which a row can meet its splits.

    Attributes
    ----------
    columns : array of int, shape (splits,)
        Position of the column that each split reads.
    thresholds : array of float, shape (splits,)
        Greatest value that goes left at each split.
    missing_left : array of bool, shape (splits,)
        Whether a missing value goes left at each split.
    features : array of int, shape (features,)
        Positions of the columns that the tree reads, each once.
    values : array of float, shape (features, 2 ** splits)
        SHAP values by feature and way; bit j of a way says whether the row goes left at split j.
    base : float
        Value before any feature is looked at.
    """

    columns: NDArray[np.intp]
    thresholds: Floats
    missing_left: NDArray[np.bool_]
    features: NDArray[np.intp]
    values: Floats
    base: float


def tables_of(booster: lightgbm.Booster) -> list[TreeTable] | None:
    """Make the tables of all trees of a LightGBM model.

    Returns
    -------
    list of TreeTable or None
        A table per tree; None where a tree has more than 9 splits, whose ways would be too many.
    """
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    splits = [_splits(tree) for tree in trees]
    if max(map(len, splits), default=0) > _MOST_SPLITS:
        return None
    return [_table(tree, of_tree) for tree, of_tree in zip(trees, splits, strict=True)]


def contributions_of(tables: Sequence[TreeTable], X: Floats) -> tuple[float, Floats]:
    """Compute the path-dependent SHAP values of a sum of trees, to the last few bits.

    They are those of Lundberg et al. (2020), "From local explanations to global understanding with explainable AI for
    trees".

    Parameters
    ----------
    tables : sequence of TreeTable
        Tables of the trees, as from `tables_of`.
    X : array of float, shape (rows, columns)
        Values of the columns; NaN is missing.

    Returns
    -------
    base : float
        Value before any feature is looked at.
    values : array of float, shape (rows, columns)
        SHAP values; with the base value they add up to the sum of the trees.
    """
    values = np.zeros(X.shape)
    for start in range(0, len(X), _BATCH):
        rows = np.asfortranarray(X[start : start + _BATCH])
        summed = np.zeros(rows.shape, order="F")
        for tree in tables:
            ways = _ways(tree, rows)
            for feature, by_way in zip(tree.features, tree.values, strict=True):
                summed[:, feature] += by_way[ways]
        values[start : start + _BATCH] = summed
    return sum(tree.base for tree in tables), values


def _ways(tree: TreeTable, rows: Floats) -> NDArray[np.intp]:
    ways = np.zeros(len(rows), dtype=np.uint16)
    for split, (column, threshold) in enumerate(zip(tree.columns, tree.thresholds, strict=True)):
        # A comparison with NaN is false.
        values = rows[:, column]
        goes_left = ~(values > threshold) if tree.missing_left[split] else values <= threshold
        ways |= goes_left.view(np.uint8).astype(np.uint16) << np.uint16(split)
    return ways.astype(np.intp)


def _splits(tree: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the splits of a tree, the first one first."""
    if "split_feature" not in tree:
        return []
    return [tree, *_splits(tree["left_child"]), *_splits(tree["right_child"])]


def _table(tree: Mapping[str, Any], splits: Sequence[Mapping[str, Any]]) -> TreeTable:
    features = sorted({split["split_feature"] for split in splits})
    place = {split["split_index"]: position for position, split in enumerate(splits)}
    ways = np.arange(2 ** len(splits))[:, None]
    known = np.arange(2 ** len(features))

    def expected(node: Mapping[str, Any]) -> Floats:
        """Return the value of a node by way and by what is known, shape (ways or 1, sets of features or 1)."""
        if "split_feature" not in node:
            return np.full((1, 1), float(node["leaf_value"]))
        left, right = expected(node["left_child"]), expected(node["right_child"])
        rows_left, rows_right = _rows(node["left_child"]), _rows(node["right_child"])
        followed = np.where(ways >> place[node["split_index"]] & 1, left, right)
        averaged = (rows_left * left + rows_right * right) / (rows_left + rows_right)
        return np.where(known >> features.index(node["split_feature"]) & 1, followed, averaged)

    by_set = np.broadcast_to(expected(tree), (len(ways), len(known)))
    return TreeTable(
        columns=np.array([split["split_feature"] for split in splits], dtype=np.intp),
        thresholds=np.array([split["threshold"] for split in splits], dtype=np.float64),
        missing_left=np.array([_missing_left(split) for split in splits], dtype=np.bool_),
        features=np.array(features, dtype=np.intp),
        values=np.ascontiguousarray((by_set @ _shapley_weights(len(features))).T),
        base=float(by_set[0, 0]),
    )


def _rows(node: Mapping[str, Any]) -> int:
    return int(node["internal_count"] if "split_feature" in node else node["leaf_count"])


def _missing_left(split: Mapping[str, Any]) -> bool:
    """Say where a missing value goes: as was learned, or as 0 does where none was missing."""
    return bool(split["default_left"] if split["missing_type"] == "NaN" else split["threshold"] >= 0)


@cache
def _shapley_weights(players: int) -> Floats:
    """Return what the value of each set counts for each player, shape (2 ** players, players)."""
    sets = np.arange(2**players)
    sizes = np.array([int(one).bit_count() for one in sets])
    # A set without the player counts by its size, negatively; one with them by its size without them.
    by_size = [
        factorial(size) * factorial(players - size - 1) / factorial(players) if size < players else 0.0
        for size in range(players + 1)
    ]
    weights = np.array(by_size)
    has = (sets[:, None] >> np.arange(players) & 1).astype(bool)
    counted: Floats = np.where(has, weights[np.maximum(sizes - 1, 0)][:, None], -weights[sizes][:, None])
    return counted
