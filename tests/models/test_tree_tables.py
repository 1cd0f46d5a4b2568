"""Tables of trees: the SHAP values of shap and of LightGBM, to the last few bits."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pytest

from churnml.models import tree_tables
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.lightgbm import LightGbm
from churnml.models.rows import TrainingFrame
from churnml.models.tree_tables import contributions_of, tables_of
from churnml.statistics.logodds import Floats

ROWS = 500
SETTINGS = FitSettings(seed=7, threads=1, trees=60)


def grown(X: Floats, y: Floats, **parameters: Any) -> lightgbm.Booster:
    asked = {"objective": "binary", "num_leaves": 8, "verbosity": -1, "seed": 1, "num_threads": 1} | parameters
    return lightgbm.train(asked, lightgbm.Dataset(X, y), 20)


@pytest.fixture
def columns() -> Floats:
    """Three columns: one whole, one with gaps, one of few values, zero among them."""
    X = np.random.default_rng(3).normal(size=(ROWS, 3))
    X[::3, 1] = np.nan
    X[:, 2] = np.round(X[:, 2])
    return X


@pytest.fixture
def outcome(columns: Floats) -> Floats:
    return (columns[:, 0] + np.nan_to_num(columns[:, 1], nan=1.5) * columns[:, 2] > 0).astype(float)


def assert_as_lightgbm(booster: lightgbm.Booster, X: Floats) -> None:
    own = booster.predict(X, pred_contrib=True)
    tables = tables_of(booster)
    assert tables is not None
    base, values = contributions_of(tables, X)
    np.testing.assert_allclose(values, own[:, :-1], rtol=0, atol=1e-13)
    assert base == pytest.approx(own[0, -1], rel=0, abs=1e-13)


@pytest.mark.parametrize("leaves", [2, 3, 8, 10])
def test_values_are_those_of_lightgbm(columns: Floats, outcome: Floats, leaves: int) -> None:
    assert_as_lightgbm(grown(columns, outcome, num_leaves=leaves), columns)


def test_a_gap_where_none_was_learned_from_goes_where_zero_goes(columns: Floats, outcome: Floats) -> None:
    booster = grown(np.nan_to_num(columns, nan=1.5), outcome)
    assert_as_lightgbm(booster, columns)


def test_values_are_those_of_shap(columns: Floats, outcome: Floats) -> None:
    booster = grown(columns, outcome)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        explainer = shap.TreeExplainer(booster)
        expected = explainer.shap_values(columns)
    base, values = contributions_of(tables_of(booster) or [], columns)
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-9)
    assert base == pytest.approx(float(np.ravel(explainer.expected_value)[-1]), abs=1e-9)


def test_one_split_by_hand() -> None:
    """Of ten rows, four are at most 1 and left: their leaf is 2, the other is -1, so the base is .2."""
    tree = {
        "split_index": 0,
        "split_feature": 1,
        "threshold": 1.0,
        "default_left": False,
        "missing_type": "NaN",
        "internal_count": 10,
        "left_child": {"leaf_value": 2.0, "leaf_count": 4},
        "right_child": {"leaf_value": -1.0, "leaf_count": 6},
    }

    class Booster:
        def dump_model(self) -> dict[str, Any]:
            return {"tree_info": [{"tree_structure": tree}]}

    base, values = contributions_of(tables_of(Booster()) or [], np.array([[9.0, 1.0], [9.0, 1.1], [9.0, np.nan]]))
    assert base == pytest.approx(0.2)
    np.testing.assert_allclose(values, [[0, 1.8], [0, -1.2], [0, -1.2]])


def test_two_features_share_what_they_do_together() -> None:
    """Both must be high for 8, one row in four: the base is 2, and of the 6 above it each did half."""
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    inner = {"split_index": 1, "split_feature": 1, "threshold": 0.5, "default_left": True, "missing_type": "None"}
    inner |= {"internal_count": 2, "left_child": {"leaf_value": 0.0, "leaf_count": 1}}
    inner |= {"right_child": {"leaf_value": 8.0, "leaf_count": 1}}
    tree = {"split_index": 0, "split_feature": 0, "threshold": 0.5, "default_left": True, "missing_type": "None"}
    tree |= {"internal_count": 4, "left_child": {"leaf_value": 0.0, "leaf_count": 2}, "right_child": inner}

    class Booster:
        def dump_model(self) -> dict[str, Any]:
            return {"tree_info": [{"tree_structure": tree}]}

    base, values = contributions_of(tables_of(Booster()) or [], X)
    assert base == pytest.approx(2.0)
    # Known alone, a high first is worth 4 and a low one 0, and so is the second.
    np.testing.assert_allclose(values, [[-1, -1], [-3, 1], [1, -3], [3, 3]])


def test_a_tree_without_a_split_gives_its_base() -> None:
    booster = grown(np.zeros((50, 2)), np.repeat([0.0, 1.0], 25))
    base, values = contributions_of(tables_of(booster) or [], np.zeros((3, 2)))
    assert base == pytest.approx(booster.predict(np.zeros((1, 2)), raw_score=True)[0])
    assert not values.any()


def test_trees_with_too_many_ways_have_no_tables(columns: Floats, outcome: Floats) -> None:
    assert tables_of(grown(columns, outcome, num_leaves=11, min_child_samples=5)) is None


def test_batches_change_no_bit(columns: Floats, outcome: Floats, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = tables_of(grown(columns, outcome)) or []
    whole = contributions_of(tables, columns)
    monkeypatch.setattr(tree_tables, "_BATCH", 7)
    parts = contributions_of(tables, columns)
    assert parts[0] == whole[0]
    np.testing.assert_array_equal(parts[1], whole[1])


@pytest.mark.parametrize("leaves", [8, 16])
def test_a_candidate_is_explained_alike_by_tables_and_by_shap(
    leaves: int, make_frame: Callable[..., TrainingFrame]
) -> None:
    frame = make_frame(hidden=1.5, signal=2.0, snapshots=4, customers=1_000)
    settings = FitSettings(seed=7, threads=1, trees=60, params={"num_leaves": leaves, "min_child_samples": 5})
    candidate = LightGbm().fit(frame, settings)
    base, values = candidate.contributions(frame.X)
    own = candidate.boosters[0].predict(frame.X.to_numpy(), pred_contrib=True)
    np.testing.assert_allclose(values, own[:, :-1], rtol=0, atol=1e-5)
    assert base == pytest.approx(own[0, -1], abs=1e-9)
    assert (tables_of(candidate.boosters[0]) is None) == (leaves == 16)


def test_a_candidate_that_learns_again_is_explained_anew(make_frame: Callable[..., TrainingFrame]) -> None:
    frame = make_frame(hidden=1.5, signal=2.0, snapshots=4, customers=100)
    candidate = LightGbm().fit(frame, SETTINGS)
    candidate.contributions(frame.X)
    candidate.fit(frame, FitSettings(seed=8, threads=1, trees=5))
    base, values = candidate.contributions(frame.X)
    np.testing.assert_allclose(base + values.sum(axis=1), candidate.logodds(frame.X), atol=1e-9)
