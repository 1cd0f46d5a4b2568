"""A text is read by LightGBM only where it is a whole forest: whatever is edited is refused, or harmless."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import lightgbm
import numpy as np
import pytest

from churnml.models.forest import check_forest

READ = """
import json, sys
import numpy
from churnml.models.candidates.lightgbm import LightGbm
for text in json.load(open(sys.argv[1])):
    try:
        forest = LightGbm.load({"trees.txt": text.encode()}).boosters[0]
    except ValueError:  # LightGBM says itself that a parameter is none
        continue
    rows = numpy.random.default_rng(0).normal(size=(20, forest.num_feature()))
    rows[::3, 0] = numpy.nan
    assert numpy.isfinite(forest.predict(rows, raw_score=True)).all()
    assert numpy.isfinite(forest.predict(rows, pred_contrib=True)).all()
"""
"""What another process does with texts that were not refused: LightGBM would take this one down with it."""


def grow(rows: int = 400, trees: int = 4, **settings: object) -> str:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(rows, 4))
    X[rng.random(X.shape) < 0.1] = np.nan
    X[:, 2] = np.round(X[:, 2])
    y = rng.random(rows) < 1 / (1 + np.exp(-np.nan_to_num(X[:, 0])))
    asked = {
        "objective": "binary",
        "num_leaves": 6,
        "num_threads": 1,
        "verbosity": -1,
        "seed": 0,
        "boost_from_average": False,
        "extra_trees": True,
        "deterministic": True,
        "force_col_wise": True,
        **settings,
    }
    names = ["orders_90d", "gap_mean_days", "visits_90d", "spent"]
    booster = lightgbm.train(asked, lightgbm.Dataset(X, y.astype(float), feature_name=names), trees)
    return re.sub(r"\[num_threads: \d+\]\n", "", booster.model_to_string(num_iteration=-1))


@pytest.fixture(scope="module")
def forest() -> str:
    return grow()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"num_leaves": 64, "extra_trees": False, "min_child_samples": 1},
        {"min_child_samples": 300},  # no split pays: one tree of one leaf
        {"bagging_fraction": 0.5, "bagging_freq": 1, "rows": 3000},
        {"trees": 120, "num_leaves": 2},
    ],
)
def test_what_lightgbm_writes_is_a_forest(settings: dict[str, object]) -> None:
    text = grow(**settings)
    assert check_forest(text) == ("orders_90d", "gap_mean_days", "visits_90d", "spent")
    again = lightgbm.Booster(model_str=text).model_to_string(num_iteration=-1)
    assert check_forest(again) == check_forest(text)


def changed(key: str, change: Callable[[list[str]], list[str]], tree: int = 1) -> Callable[[str], str]:
    """Give a function that changes the values of a key of a tree, and makes the sizes right."""

    def apply(text: str) -> str:
        parts = re.split(r"(?=^Tree=|^end of trees)", text, flags=re.MULTILINE)
        part = parts[1 + tree]
        found = re.search(rf"^{key}=(.*)$", part, flags=re.MULTILINE)
        assert found is not None
        parts[1 + tree] = part[: found.start(1)] + " ".join(change(found[1].split(" "))) + part[found.end(1) :]
        return sized("".join(parts))

    return apply


def sized(text: str) -> str:
    parts = re.split(r"(?=^Tree=|^end of trees)", text, flags=re.MULTILINE)
    sizes = " ".join(str(len(part.encode())) for part in parts[1:-1])
    return re.sub(r"^tree_sizes=.*$", f"tree_sizes={sizes}", text, flags=re.MULTILINE)


def first(value: str) -> Callable[[list[str]], list[str]]:
    return lambda values: [value, *values[1:]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed("split_feature", first("4")), "split_feature holds a column that is not there"),
        (changed("split_feature", first("-1")), "split_feature holds a column that is not there"),
        (changed("left_child", first("0")), "internal_count is not the sum of both children"),
        (changed("left_child", first("99")), "a child lies outside of the tree"),
        (changed("right_child", first("-99")), "a child lies outside of the tree"),
        (changed("left_child", first("-1")), "internal_count|not reached"),
        (changed("leaf_value", first("nan")), "'nan' is not a finite number"),
        (changed("leaf_value", first("1e999")), "'1e999' is not a finite number|is not a finite"),
        (changed("leaf_value", first("1e+30")), r"leaf_value holds a number beyond 1e\+09"),
        (changed("threshold", first("nan")), "'nan' is not a finite number"),
        (changed("threshold", first("")), "'' is not a finite number"),
        (changed("threshold", lambda values: values[1:]), "threshold holds 4 numbers instead of 5"),
        (changed("leaf_value", lambda values: [*values, "0"]), "leaf_value holds 7 numbers instead of 6"),
        (changed("decision_type", first("1")), "decision_type holds another one"),
        (changed("decision_type", first("6")), "decision_type holds another one"),
        (changed("leaf_count", first("0")), "a node has no rows"),
        (changed("internal_count", first("7")), "internal_count is not the sum of both children"),
        (changed("leaf_weight", first("-1")), "a weight is negative"),
        (changed("num_leaves", first("2000000000")), "num_leaves is not between 1 and 128"),
        (changed("num_leaves", first("5")), "holds 5 numbers instead of 4"),
        (changed("num_cat", first("1")), "it has categories"),
        (changed("is_linear", first("1")), "it has categories, or models in its leaves"),
        (changed("shrinkage", first("inf")), "'inf' is not a finite number"),
        (lambda text: text.replace("Tree=2", "Tree=7"), "tree 2, from line [0-9]+ on: line [0-9]+ is not 'Tree=2'"),
        (lambda text: re.sub("tree_sizes=[0-9]+", "tree_sizes=99999999", text), "tree_sizes does not tell the size"),
        (lambda text: re.sub("tree_sizes=[0-9]+ ", "tree_sizes=", text), "tree_sizes does not tell the size"),
        (lambda text: text.replace("max_feature_idx=3", "max_feature_idx=999999"), "max_feature_idx does not fit"),
        (lambda text: text.replace("spent", "visits_90d"), "feature_names holds a name twice"),
        (lambda text: text.replace("objective=binary sigmoid:1", "objective=regression"), "objective is not binary"),
        (lambda text: text.replace("label_index=0", "label_index=0\naverage_output"), "does not give max_feature_idx"),
        (lambda text: text.replace("[seed: 0]", "[seed: 0]\n[seed: 1]"), "or one that stands twice"),
        (lambda text: text.replace("[linear_tree: 0]", "[linear_tree: 1]"), "is not a parameter of such a forest"),
        (lambda text: text.replace("[boosting: gbdt]", "[boosting: dart]"), "is not a parameter of such a forest"),
        (lambda text: text.replace("null", "[[1]]"), "is not 'pandas_categorical:null'"),
        (lambda text: text + "more", "something follows|is not ''"),
        (lambda text: text[: len(text) // 2], "the text ends too early|does not give|numbers instead|is not"),
        (lambda text: "", "line 1 is not 'tree'"),
    ],
)
def test_each_part_is_looked_at(forest: str, change: Callable[[str], str], message: str) -> None:
    edited = change(forest)
    assert edited != forest
    with pytest.raises(ValueError, match=message):
        check_forest(edited)


NASTY = ["-1", "0", "1", "2", "5", "6", "99", "-99", "2147483647", "-2147483648", "9" * 30, "1e308", "-1e308", "1e999"]
NASTY += ["nan", "inf", "", " ", "x", "0x10", "1 1", "\x00", "\u0663", "-0", "1e-320", "1_000", "+1"]


def edit_at_random(text: str, rng: np.random.Generator) -> str:
    """Change a text in one of the ways in which files are edited or spoilt."""
    lines = text.split("\n")
    at, other = rng.integers(0, len(lines), 2)
    kind = rng.integers(0, 8)
    if kind < 4:  # a number, within a tree most of the time
        numbers = list(re.finditer(r"(?<=[= :])-?[0-9][-+.e0-9]*", text))
        number = numbers[rng.integers(0, len(numbers))]
        return text[: number.start()] + NASTY[rng.integers(0, len(NASTY))] + text[number.end() :]
    if kind == 4:
        del lines[at]
    elif kind == 5:
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == 6:
        lines.insert(at, lines[other])
    else:
        place = rng.integers(0, len(text))
        return text[:place] + chr(rng.integers(1, 300)) + text[place + rng.integers(0, 3) :]
    return "\n".join(lines)


@pytest.mark.slow
def test_whatever_is_edited_is_refused_or_harmless(forest: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(20)
    passed, refused = [], 0
    for _ in range(3_000):
        edited = edit_at_random(forest, rng)
        for text in {edited, sized(edited)}:
            try:
                check_forest(text)
            except ValueError:
                refused += 1
            else:
                passed.append(text)
    # Other numbers, where any number may stand, are another forest.
    assert refused > 3_000
    assert len(passed) > 100
    (tmp_path / "texts.json").write_text(json.dumps(passed), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "texts.json")], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
