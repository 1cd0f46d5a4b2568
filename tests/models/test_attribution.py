"""Attribution: equal to shap's and to LightGBM's own values, and additive."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable
from datetime import date

import lightgbm
import matplotlib.pyplot as plt
import numpy as np
import pytest

from churnml.definition import ChurnDefinition
from churnml.features.family_catalogue import catalogue
from churnml.models import attribution
from churnml.models.attribution import explanation, tree_contributions
from churnml.models.candidates.base import FitSettings
from churnml.models.candidates.blend import Blend
from churnml.models.candidates.lightgbm import LightGbm
from churnml.models.model import Model
from churnml.models.rows import TrainingFrame
from churnml.models.segments import Segment
from tests.drawn import card_of

MakeFrame = Callable[..., TrainingFrame]


@pytest.fixture(scope="module")
def frame(make_frame: MakeFrame) -> TrainingFrame:
    return make_frame(hidden=1.5, signal=2.0, snapshots=4, customers=300)


@pytest.fixture(scope="module")
def booster(frame: TrainingFrame) -> lightgbm.Booster:
    booster = LightGbm().fit(frame, FitSettings(seed=7, threads=1, trees=150)).boosters[0]
    assert booster is not None
    return booster


@pytest.fixture(autouse=True, params=[0, 2_000], ids=["many rows", "few rows"])
def few(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the rows of the tests for many, or for few."""
    monkeypatch.setattr(attribution, "_FEW", request.param)


def test_values_are_those_of_shap(booster: lightgbm.Booster, frame: TrainingFrame) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        explainer = shap.TreeExplainer(booster)
        expected = explainer.shap_values(frame.X)
    base, values = tree_contributions(booster, frame.X)
    np.testing.assert_allclose(values, expected, atol=1e-5)
    assert base == pytest.approx(float(np.ravel(explainer.expected_value)[-1]), abs=1e-9)


def test_values_are_those_of_lightgbm(booster: lightgbm.Booster, frame: TrainingFrame) -> None:
    own = booster.predict(frame.X.to_numpy(), pred_contrib=True)
    base, values = tree_contributions(booster, frame.X)
    np.testing.assert_allclose(values, own[:, :-1], atol=1e-5)
    assert base == pytest.approx(own[0, -1], abs=1e-9)


def test_values_add_up(booster: lightgbm.Booster, frame: TrainingFrame) -> None:
    base, values = tree_contributions(booster, frame.X)
    raw = booster.predict(frame.X.to_numpy(), raw_score=True)
    np.testing.assert_allclose(base + values.sum(axis=1), raw, atol=1e-12)


@pytest.mark.slow
def test_batches_change_nothing(
    booster: lightgbm.Booster, frame: TrainingFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, whole = tree_contributions(booster, frame.X)
    monkeypatch.setattr(attribution, "_BATCH", 333)
    _, parts = tree_contributions(booster, frame.X)
    np.testing.assert_allclose(parts, whole, atol=1e-6)  # woodelf's digits


@pytest.mark.slow
def test_customers_on_several_snapshots_may_share_an_index(booster: lightgbm.Booster, frame: TrainingFrame) -> None:
    X = frame.X.set_axis([f"c{code}" for code in frame.customers])
    _, values = tree_contributions(booster, X)
    np.testing.assert_array_equal(values, tree_contributions(booster, frame.X)[1])


class Imprecise:
    """Stands for woodelf with an error on every tenth row, or on all."""

    every = 10

    def __init__(self, booster: lightgbm.Booster) -> None:
        self.booster = booster

    def shap_values(self, X: object, verbose: bool) -> np.ndarray:
        values = self.booster.predict(X.to_numpy(), pred_contrib=True)[:, :-1]
        values[3 :: self.every, 0] += 0.001
        return values


@pytest.mark.parametrize("every", [10, 1])
def test_shap_is_asked_where_woodelf_is_off(
    booster: lightgbm.Booster, frame: TrainingFrame, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import woodelf
    monkeypatch.setattr(Imprecise, "every", every)
    monkeypatch.setattr(woodelf, "WoodelfExplainer", Imprecise)
    base, values = tree_contributions(booster, frame.X)
    raw = booster.predict(frame.X.to_numpy(), raw_score=True)
    np.testing.assert_allclose(base + values.sum(axis=1), raw, atol=1e-9)


def test_wrong_values_are_never_given(
    booster: lightgbm.Booster, frame: TrainingFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Off(lightgbm.Booster):
        def predict(self, *args: object, raw_score: bool = False, **settings: object) -> np.ndarray:
            return super().predict(*args, raw_score=raw_score, **settings) + 0.01 * raw_score

    off = Off(model_str=booster.model_to_string())
    with pytest.raises(ArithmeticError, match=r"SHAP values miss the log-odds by 0\.01"):
        tree_contributions(off, frame.X)


def test_a_model_of_one_leaf_explains_nothing(make_frame: MakeFrame) -> None:
    small = make_frame(customers=20, snapshots=1)
    booster = LightGbm().fit(dataclasses.replace(small, X=small.X * 0), FitSettings(7, 1, trees=3)).boosters[0]
    assert booster is not None
    base, values = tree_contributions(booster, small.X)
    assert base == pytest.approx(0.0, abs=1e-9)
    assert not values.any()


# --- the whole model -----------------------------------------------------------------------------------------------

LEVEL = "shop_churned_share_newest"


@pytest.fixture(scope="module")
def model(frame: TrainingFrame) -> Model:
    """A calibrated blend with a segment's offset and a level that follows the shop's own."""
    weights = {"rfm_logistic": 0.2, "spline_logistic": 0.3, "lightgbm": 0.5}
    weights = {name: weight for name, weight in weights.items() if Blend.members[name].suits(list(frame.X))}
    blend = Blend().fit(frame, FitSettings(7, 1, trees=60, weights=weights))
    features = catalogue().describe([*frame.X.columns, LEVEL])
    segments = (Segment("late", frame.X.columns[0], float(frame.X.iloc[:, 0].median()), None, 0.35),)
    return Model(blend, 1.4, -0.3, ChurnDefinition(), features, date(2025, 1, 1), card_of(), "", segments, LEVEL, 0.0)


def test_a_calibrated_blend_is_attributed_exactly(model: Model, frame: TrainingFrame) -> None:
    assert isinstance(model.candidate, Blend)
    X = frame.X.assign(**{LEVEL: 0.75})
    base, values = model.contributions(X)
    logodds = model.predict_logodds(X)
    np.testing.assert_allclose(base + values.sum(axis=1), logodds, atol=1e-9)
    # Each part by itself: the members' values times weight and slope, the segment's offset, and log 3 for the level.
    expected = np.zeros(X.shape)
    expected_base = 0.0
    for name, weight in model.candidate.weights.items():
        of_member, values_of_member = model.candidate.fitted[name].contributions(X)
        expected += 1.4 * weight * values_of_member
        expected_base += 1.4 * weight * of_member
    expected[:, 0] += 0.35 * (X.iloc[:, 0] >= X.iloc[:, 0].median())
    expected[:, -1] += np.log(3)
    np.testing.assert_allclose(values, expected, atol=1e-9)
    assert base == pytest.approx(expected_base - 0.3, abs=1e-9)


def test_shaps_own_plots_draw_the_values(model: Model, frame: TrainingFrame) -> None:
    X = frame.X.assign(**{LEVEL: 0.5})[:40]
    base, values = model.contributions(X)
    explained = explanation(base, values, X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import shap

        shap.plots.beeswarm(explained, show=False)
        assert plt.gca().get_xlabel()
        plt.close("all")
        shap.plots.waterfall(explained[0], show=False)
        texts = [text.get_text() for axes in plt.gcf().axes for text in axes.texts]
    plt.close("all")
    logodds = model.predict_logodds(X)[0]
    assert texts
    assert explained[0].base_values + explained[0].values.sum() == pytest.approx(logodds, abs=1e-9)
