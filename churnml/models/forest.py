"""Whether a text is a whole forest of LightGBM's, said before LightGBM reads it.

LightGBM trusts its own texts: an index out of range, a circle among nodes or a size that is too large lets it read
other memory, never come back or end the process. So a text is read here first, letter by letter as LightGBM writes it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence

_HEAD = {
    "version": "v4",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
}
_HEAD_KEYS = (
    *("version", "num_class", "num_tree_per_iteration", "label_index", "max_feature_idx", "objective"),
    *("feature_names", "feature_infos", "tree_sizes"),
)
_OF_SPLITS = (
    *("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child"),
    *("internal_value", "internal_weight", "internal_count"),
)
_OF_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
_TREE_KEYS = (
    *("num_leaves", "num_cat", "split_feature", "split_gain", "threshold", "decision_type", "left_child"),
    *("right_child", "leaf_value", "leaf_weight", "leaf_count", "internal_value", "internal_weight", "internal_count"),
    *("is_linear", "shrinkage"),
)
_WHOLE = {
    *("num_leaves", "num_cat", "split_feature", "decision_type", "left_child", "right_child"),
    *("leaf_count", "internal_count", "is_linear"),
}
_MAY_BE_INFINITE = {"split_gain", "threshold"}
"""A split behind all numbers sends missing ones to the other side; nothing is computed from gains."""
_DECISIONS = {0, 2, 8, 10}
"""Numbers, whose missing ones are none or NaN, to either side; not categories, and not zero for missing."""
_MOST_LEAVES = 128
_MOST_TREES = 10_000
_LARGEST_LEAF = 1e9
_LARGEST_WHOLE = 2**31 - 1
_INTEGER = re.compile(r"-?[0-9]{1,10}")
_NUMBER = re.compile(r"-?[0-9]{1,400}(\.[0-9]{1,400})?(e[+-][0-9]{1,3})?")
_INFO = re.compile(r"none|\[[-+.0-9a-z]{1,400}:[-+.0-9a-z]{1,400}\]")
_IMPORTANCE = re.compile(r"([^\s=]+)=[0-9]{1,10}")
_PARAMETER = re.compile(r"\[([a-z0-9_]+): ([-+.,0-9A-Za-z_]*)\]")
_PARAMETERS = {"boosting": "gbdt", "linear_tree": "0", "num_class": "1"}
"""Parameters that LightGBM takes from the text."""
_LAST = "pandas_categorical:null"


class _Lines:
    """The lines of a text, one after the other."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._at = 0

    def take(self) -> str:
        if self._at == len(self._lines):
            raise ValueError("the text ends too early")
        self._at += 1
        return self._lines[self._at - 1]

    def expect(self, *expected: str) -> None:
        for line in expected:
            if self.take() != line:
                raise ValueError(f"line {self._at} is not {line!r}")

    def value(self, key: str) -> str:
        name, _, value = self.take().partition("=")
        if name != key:
            raise ValueError(f"line {self._at} does not give {key}")
        return value

    def until(self, last: str) -> Iterator[str]:
        while (line := self.take()) != last:
            yield line

    @property
    def ended(self) -> bool:
        return self._at == len(self._lines)

    @property
    def number(self) -> int:
        return self._at


def check_forest(text: str, objective: str = "binary sigmoid:1") -> tuple[str, ...]:
    """Refuse a text that is not a whole forest of an objective, as LightGBM 4 writes it.

    Parameters
    ----------
    text : str
        Text of a LightGBM model.
    objective : str, optional
        Objective of the forest, as the text names it.

    Returns
    -------
    tuple of str
        Names of the columns that it reads.

    Raises
    ------
    ValueError
        Where a line is missing, not as LightGBM writes it, or not in accord with the others: sizes of the trees,
        indices of columns and nodes, each of which is reached once, counts of rows, and numbers, which are finite but
        for the ends of ranges.
    """
    lines = _Lines(text.split("\n"))
    lines.expect("tree")
    head = {key: lines.value(key) for key in _HEAD_KEYS}
    lines.expect("")
    for key, expected in (_HEAD | {"objective": objective}).items():
        if head[key] != expected:
            raise ValueError(f"{key} is not {expected}")
    names = tuple(head["feature_names"].split(" "))
    if not all(name.isprintable() and name for name in names) or len(set(names)) < len(names):
        raise ValueError("feature_names holds a name twice, or one that is none")
    if _whole(head["max_feature_idx"]) != len(names) - 1:
        raise ValueError("max_feature_idx does not fit to feature_names")
    infos = head["feature_infos"].split(" ")
    if len(infos) != len(names) or not all(map(_INFO.fullmatch, infos)):
        raise ValueError("feature_infos does not hold one range for each of feature_names")
    sizes = [_whole(size) for size in head["tree_sizes"].split(" ")]
    if len(sizes) > _MOST_TREES:
        raise ValueError(f"it holds more than {_MOST_TREES:,} trees")
    start = len("\n".join(["tree", *(f"{key}={head[key]}" for key in _HEAD_KEYS), "", ""]).encode())
    encoded = text.encode()
    for number, size in enumerate(sizes):
        # Within a tree each letter is a byte.
        first = lines.number
        try:
            lines.expect(f"Tree={number}")
            _check_tree({key: lines.value(key) for key in _TREE_KEYS}, len(names))
            lines.expect("", "")
        except ValueError as error:
            raise ValueError(f"tree {number}, from line {first + 1} on: {error}") from error
        end = start + size
        if size < 1 or encoded[start:end].count(b"\n") != lines.number - first or encoded[end - 1 : end] != b"\n":
            raise ValueError(f"tree_sizes does not tell the size of tree {number}")
        start = end
    lines.expect("end of trees", "", "feature_importances:")
    for line in lines.until(""):
        found = _IMPORTANCE.fullmatch(line)
        if found is None or found[1] not in names:
            raise ValueError(f"line {lines.number} is not the importance of a column")
    lines.expect("parameters:")
    parameters, asked = {}, _PARAMETERS | {"objective": objective.split(" ")[0]}
    for line in lines.until(""):
        found = _PARAMETER.fullmatch(line)
        if found is None or found[1] in parameters or asked.get(found[1], found[2]) != found[2]:
            raise ValueError(f"line {lines.number} is not a parameter of such a forest, or one that stands twice")
        parameters[found[1]] = found[2]
    lines.expect("end of parameters", "", _LAST, "")
    if not lines.ended:
        raise ValueError(f"something follows after line {lines.number}")
    return names


def _check_tree(written: dict[str, str], columns: int) -> None:
    leaves = _whole(written["num_leaves"])
    if not 1 <= leaves <= _MOST_LEAVES:
        raise ValueError(f"num_leaves is not between 1 and {_MOST_LEAVES}")
    if (written["num_cat"], written["is_linear"]) != ("0", "0"):
        raise ValueError("it has categories, or models in its leaves")
    _finite(written["shrinkage"])
    # A tree of one leaf says what it gives, and of how many rows.
    lengths = {**dict.fromkeys(_OF_SPLITS, leaves - 1), **dict.fromkeys(_OF_LEAVES, leaves)}
    lengths["leaf_weight"] = leaves if leaves > 1 else 0
    values = {key: _numbers(key, written[key], length) for key, length in lengths.items()}
    if any(not 0 <= column < columns for column in values["split_feature"]):
        raise ValueError("split_feature holds a column that is not there")
    if not _DECISIONS.issuperset(values["decision_type"]):
        raise ValueError("decision_type holds another one than those for numbers")
    if any(abs(value) > _LARGEST_LEAF for value in values["leaf_value"]):
        raise ValueError(f"leaf_value holds a number beyond {_LARGEST_LEAF:g}")
    if any(weight < 0 for weight in (*values["leaf_weight"], *values["internal_weight"])):
        raise ValueError("a weight is negative")
    if any(count < 1 for count in (*values["leaf_count"], *values["internal_count"])):
        raise ValueError("a node has no rows")
    _check_shape(
        [int(child) for child in values["left_child"]], [int(child) for child in values["right_child"]], values
    )


def _check_shape(left: Sequence[int], right: Sequence[int], values: dict[str, list[float]]) -> None:
    """Refuse nodes that are not reached once from the first, or whose rows are not those of their two children."""
    splits = len(left)
    if not splits:
        return

    def rows(child: int) -> float:
        return values["internal_count"][child] if child >= 0 else values["leaf_count"][~child]

    reached = [0]
    for node in reached:  # grows while it is read
        for child in (left[node], right[node]):
            if not -splits - 1 <= child < splits:
                raise ValueError("a child lies outside of the tree")
            if child >= 0:
                reached.append(child)
            if len(reached) > splits:
                raise ValueError("a node is reached twice")
        if values["internal_count"][node] != rows(left[node]) + rows(right[node]):
            raise ValueError("internal_count is not the sum of both children")
    if set(reached) != set(range(splits)):
        raise ValueError("a node is not reached")
    if sorted(~child for child in (*left, *right) if child < 0) != list(range(splits + 1)):
        raise ValueError("a leaf is not reached once")


def _numbers(key: str, text: str, length: int) -> list[float]:
    read: Callable[[str], float] = _whole if key in _WHOLE else _end if key in _MAY_BE_INFINITE else _finite
    values = [read(value) for value in text.split(" ")] if text else []
    if len(values) != length:
        raise ValueError(f"{key} holds {len(values)} numbers instead of {length}")
    return values


def _whole(text: str) -> int:
    if not _INTEGER.fullmatch(text) or abs(int(text)) > _LARGEST_WHOLE:
        raise ValueError(f"{text[:20]!r} is not a whole number")
    return int(text)


def _end(text: str) -> float:
    return float(text) if text in ("inf", "-inf") else _finite(text)


def _finite(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(f"{text[:20]!r} is not a finite number")
    return float(text)
