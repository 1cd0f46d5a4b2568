"""The learning curve: what fewer customers or snapshots teach, held against fits made here."""

from __future__ import annotations

import dataclasses
import re
from datetime import date

import numpy as np
import pytest

import churnml.training.learning as learning_module
from churnml.config import Config
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import ModelError
from churnml.models.card import LearningPart
from churnml.models.rows import TrainingFrame
from churnml.statistics.bootstrap import paired_difference
from churnml.statistics.logodds import Floats, row_log_loss
from churnml.statistics.shifts import shift_per_group
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.selection import choose
from churnml.training.learning import compare_with_half, compute_learning_curve, learning_curve
from churnml.training.rows.study import Study
from churnml.training.train import train
from churnml.words.findings import say_learning
from tests.drawn import draw_frame, study_of

CANDIDATES = ["recency_rule", "rfm_logistic"]


@pytest.fixture(scope="module")
def frame() -> TrainingFrame:
    return draw_frame()


@pytest.fixture(scope="module")
def study(frame: TrainingFrame) -> Study:
    return study_of(frame, 60, candidates=CANDIDATES)


def losses_of(train: TrainingFrame, test: TrainingFrame, recipe: Recipe, study: Study) -> Floats:
    logodds = recipe.calibrate(recipe.fit(train, study.settings).logodds(test.X), test.X)
    return row_log_loss(test.churned, shift_per_group(test.churned, logodds, test.snapshots))


def test_half_of_the_customers_are_held_against_all_on_the_newest_fold(study: Study) -> None:
    choice = choose(study)
    found = compare_with_half(study, choice, choice.chosen)
    assert found is not None
    fold = study.plan.choice[-1]
    every, test = study.frame.take(fold.train), study.frame.take(fold.test)
    places = dict(zip(every.customers, every.places, strict=True))
    middle = np.median(list(places.values()))
    half = every.take(np.array([places[customer] < middle for customer in every.customers]))
    assert (found.rows, found.customers) == (len(every), len(places))
    assert (found.half_rows, found.half_customers) == (len(half), len(set(half.customers)))
    assert found.half_customers == len(places) // 2
    lost, of_half = (losses_of(train, test, choice.chosen, study) for train in (every, half))
    chance = row_log_loss(test.churned, shift_per_group(test.churned, np.zeros(len(test)), test.snapshots))
    behind, error = paired_difference(of_half, lost, test.customers)
    assert (found.behind, found.behind_error) == pytest.approx((behind, error), abs=1e-9)
    assert found.shape_loss == pytest.approx(lost.mean(), abs=1e-9)
    assert found.gained == pytest.approx(chance.mean() - lost.mean(), abs=1e-9)


def test_the_card_and_the_model_keep_it(study: Study) -> None:
    found = train(study)
    assert found.model is not None
    kept = found.card.learning
    assert kept is not None
    table = found.model.learning_curve()
    assert table.fewer.tolist() == ["customers", "customers"]
    assert table.rows.tolist() == [kept.half_rows, kept.rows]
    assert table.behind.tolist() == [kept.behind, 0.0]
    assert table.shape_loss.tolist() == pytest.approx([kept.shape_loss + kept.behind, kept.shape_loss])
    earlier = dataclasses.replace(found.model, card=found.card.model_copy(update={"learning": None}))
    assert earlier.learning_curve().empty
    assert earlier.learning_curve().columns.tolist() == table.columns.tolist()


def test_half_of_too_few_teaches_nothing(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    choice = choose(study)
    monkeypatch.setattr(learning_module, "_FEWEST", 10**6)
    assert compare_with_half(study, choice, choice.chosen) is None
    table = compute_learning_curve(study, choice.chosen)
    assert table[["rows", "shape_loss", "behind"]].isna().all(axis=None)


def test_the_curve_holds_every_part_against_all(study: Study) -> None:
    recipe = Recipe(tuple(study.frame.X.columns), "rfm_logistic")
    table = compute_learning_curve(study, recipe)
    assert table.fewer.tolist() == ["customers"] * 4 + ["snapshots"] * 3
    assert table.part.fillna(0).tolist() == [1 / 8, 1 / 4, 1 / 2, 0, 3, 6, 0]
    every = table[table.part.isna()]
    assert every.behind.tolist() == [0.0, 0.0]
    assert every.shape_loss.nunique() == 1
    np.testing.assert_allclose(table.shape_loss - every.shape_loss.iloc[0], table.behind, atol=1e-12)
    # Three snapshots of as many customers as there are.
    folds = study.plan.choice
    frame = study.frame
    newest = [fold.train & np.isin(frame.snapshots, np.unique(frame.snapshots[fold.train])[-3:]) for fold in folds]
    assert table.rows[4] == np.mean([rows.sum() for rows in newest])
    lost = [
        losses_of(frame.take(rows), frame.take(fold.test), recipe, study)
        for rows, fold in zip(newest, folds, strict=True)
    ]
    assert table.shape_loss[4] == pytest.approx(np.concatenate(lost).mean(), abs=1e-9)
    customers = np.mean([len(np.unique(frame.customers[fold.train])) for fold in folds])
    assert table.customers[:4].to_numpy() == pytest.approx(customers * np.array([1 / 8, 1 / 4, 1 / 2, 1]), abs=1)


def test_the_curve_of_a_model_takes_its_recipe_definition_and_day(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = train(study).model
    assert model is not None
    asked: list[tuple[ChurnDefinition, date]] = []

    def make(shop: object, config: Config, as_of: date, progress: object) -> Study:
        asked.append((config.definition, as_of))
        return study

    monkeypatch.setattr(learning_module, "make_study", make)
    shop = object.__new__(Shop)
    table = learning_curve(shop, model)
    assert asked == [(model.definition, model.as_of)]
    recipe = Recipe.from_card(model.card.recipe)
    assert table.equals(compute_learning_curve(study, recipe))
    fewer = dataclasses.replace(study.frame, X=study.frame.X.iloc[:, 1:])
    monkeypatch.setattr(learning_module, "make_study", lambda *_: dataclasses.replace(study, frame=fewer))
    message = f"The recipe reads features that are not there: {study.frame.X.columns[0]}. Bring the tables"
    with pytest.raises(ModelError, match=re.escape(message)):
        learning_curve(shop, model)


@pytest.mark.parametrize(
    ("behind", "error", "said"),
    [
        # 1.645 standard errors are .00329: .0120 - .00329 > 0, and more than 5 % of .1 may be lost.
        (0.012, 0.002, "the shape loss is +0.0120 (± 0.0020): more customers would help."),
        # .0010 + 1.645 x .0020 = .0043 < .005.
        (0.001, 0.002, "the shape loss is +0.0010 (± 0.0020): more customers would hardly help."),
        (-0.001, 0.002, "the shape loss is -0.0010 (± 0.0020): more customers would hardly help."),
        # .0030 + .00329 > .005, and .0030 < .00329.
        (0.003, 0.002, "the shape loss is +0.0030 (± 0.0020): whether more customers would help cannot be told."),
        # .0046 + .00017 < .005: what is gained for sure is little.
        (0.0046, 0.0001, "the shape loss is +0.0046 (± 0.0001): more customers would hardly help."),
    ],
)
def test_the_sentence_tells_whether_more_would_help(behind: float, error: float, said: str) -> None:
    sizes = {"rows": 9_000, "customers": 3_000, "half_rows": 4_400, "half_customers": 1_500}
    learning = LearningPart(**sizes, shape_loss=0.5, gained=0.1, behind=behind, behind_error=error)
    assert say_learning(learning, "en") == f"Learnt from 1,500 of 3,000 customers, {said}"
    assert "1.500 von 3.000" in say_learning(learning, "de")
    assert "3.000 müşterinin 1.500" in say_learning(learning, "tr")
