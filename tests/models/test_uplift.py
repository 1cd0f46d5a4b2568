"""A learned effect as a file: it comes back whole, and what is no such file is refused."""

from __future__ import annotations

import dataclasses
import json
import pickle
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.definition import ChurnDefinition
from churnml.errors import ModelError
from churnml.features.description import Description
from churnml.models.effect import LinearEffect, TreeEffect
from churnml.models.uplift import FILE, RISK, UpliftModel, load_uplift, save_uplift
from churnml.training.uplift.trees import grow_effect


def a_model(
    *, gate_open: bool = True, feature: str = "orders_90d", definition: ChurnDefinition | None = None
) -> UpliftModel:
    return UpliftModel(
        effect=LinearEffect(
            candidate="ridge",
            intercept=0.1,
            columns=(feature, RISK),
            means=np.array([2.0, 0.5]),
            weights=np.array([0.05, -0.2]),
        ),
        features=(Description(name=feature, unit="orders", describe="Orders."),),
        definition=definition or ChurnDefinition(),
        as_of=date(2025, 6, 1),
        against="value_at_risk",
        largest_place=50,
        gate_open=gate_open,
        sentence="It is open.",
        figures={"qini": 0.01, "autoc": None},
    )


def test_an_effect_is_a_sum_by_hand() -> None:
    X = pd.DataFrame({"orders_90d": [4.0, np.nan]})
    # .1 + .05 (4 - 2) - .2 (.9 - .5) = .12; without a value of orders: .1 - .2 (.5 - .5)
    assert a_model().predict(X, pd.Series([0.9, 0.5])).round(12).tolist() == [0.12, 0.1]


def test_it_comes_back_whole_and_its_version_is_that_of_its_file(tmp_path: Path) -> None:
    saved = save_uplift(a_model(), tmp_path)
    back = load_uplift(tmp_path)
    assert back.version == saved.version != ""
    assert {**vars(back), "effect": None} == {**vars(saved), "effect": None}
    assert [list(getattr(back.effect, name)) for name in ("means", "weights", "columns")] == [
        [2.0, 0.5],
        [0.05, -0.2],
        ["orders_90d", RISK],
    ]
    other = dataclasses.replace(a_model(), largest_place=51)
    assert save_uplift(other, tmp_path / "other").version != saved.version


@pytest.fixture(scope="module")
def trees() -> TreeEffect:
    X = pd.DataFrame({"orders_90d": np.repeat([0.0, 1.0, 2.0, 3.0], 100), RISK: 0.5})
    # The effect is .2, and .4 from two orders on; each tree that looks at it takes .05 of what is left.
    return grow_effect(np.where(X["orders_90d"] >= 2, 0.4, 0.2), X, np.ones(400))[1]


def test_grown_effects_add_up_and_come_back_whole(trees: TreeEffect, tmp_path: Path) -> None:
    X = pd.DataFrame({"orders_90d": [0.0, 1.0, 2.0, 3.0], "more": 7.0, RISK: [0.9, 0.1, 0.9, 0.1]})
    assert trees.predict(X) == pytest.approx([0.2, 0.2, 0.4, 0.4], abs=1e-3)
    assert trees.intercept + trees.contributions(X).sum(axis=1) == pytest.approx(trees.predict(X), abs=1e-12)
    assert trees.contributions(X)[:, 0] == pytest.approx([-0.1, -0.1, 0.1, 0.1], abs=1e-3)
    saved = save_uplift(dataclasses.replace(a_model(), effect=trees), tmp_path)
    back = load_uplift(tmp_path)
    assert (back.version, back.effect) == (saved.version, trees)
    assert back.predict(X, X[RISK]).tolist() == trees.predict(X).tolist()
    travelled = pickle.dumps(trees)
    assert pickle.loads(travelled) == trees
    assert b"Booster" not in travelled


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trees": "tree"}, "effect does not hold trees of LightGBM"),
        ({"columns": ["orders_90d"]}, "columns and trees differ in number"),
        ({"columns": ["orders_90d", "another"]}, "columns are no features"),
    ],
)
def test_edited_trees_are_refused(change: dict[str, object], message: str, trees: TreeEffect, tmp_path: Path) -> None:
    save_uplift(dataclasses.replace(a_model(), effect=trees), tmp_path)
    content = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(content | {"effect": content["effect"] | change}))
    with pytest.raises(ModelError, match=message):
        load_uplift(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "is of format 2"),
        ({"features": []}, "columns are no features"),
        ({"as_of": "soon"}, "cannot be read as a learned effect"),
        ({"effect": {}}, "cannot be read as a learned effect"),
        ({"definition": {"kind": "bored"}}, "cannot be read as a learned effect"),
    ],
)
def test_what_is_none_is_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    save_uplift(a_model(), tmp_path)
    (tmp_path / FILE).write_text(json.dumps(json.loads((tmp_path / FILE).read_text()) | change))
    with pytest.raises(ModelError, match=message):
        load_uplift(tmp_path)


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Train it again"):
        load_uplift(tmp_path)
