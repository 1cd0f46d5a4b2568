"""The model: additive in log-odds, with a level that may follow the shop's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date

import numpy as np
import pytest

from churnml.definition import ChurnDefinition
from churnml.features.family_catalogue import catalogue
from churnml.models.artefact import load_model, save_model
from churnml.models.candidates import CANDIDATES
from churnml.models.candidates.base import FitSettings
from churnml.models.model import Model, level_logodds
from churnml.models.rows import TrainingFrame
from tests.drawn import card_of, verdict_of

MakeFrame = Callable[..., TrainingFrame]
NEWEST = "shop_churned_share_newest"


@pytest.fixture(scope="module")
def frame(make_frame: MakeFrame) -> TrainingFrame:
    return make_frame(customers=100, snapshots=3)


@pytest.fixture(scope="module")
def model(frame: TrainingFrame) -> Model:
    fitted = CANDIDATES["recency_rule"]().fit(frame, FitSettings(7, 1))
    features = catalogue().describe(["days_since_last_order", NEWEST])
    # On the day of the training half of the customers had left: log-odds 0.
    return Model(fitted, 0.9, 0.3, ChurnDefinition(), features, date(2025, 1, 1), card_of(), "", (), NEWEST, 0.0)


@pytest.mark.parametrize(
    ("share", "added"),
    # log(.75 / .25) = log 3; a share of 1 is held at 99.99 %; an unknown one changes nothing.
    [(0.5, 0.0), (0.75, np.log(3)), (1.0, np.log(9999)), (np.nan, 0.0)],
)
def test_the_level_follows_the_shops_own(model: Model, frame: TrainingFrame, share: float, added: float) -> None:
    X = frame.X.assign(**{NEWEST: share})
    expected = 0.3 + 0.9 * model.candidate.logodds(X) + added
    np.testing.assert_allclose(model.predict_logodds(X), expected, rtol=1e-9)
    base, contributions = model.contributions(X)
    np.testing.assert_allclose(base + contributions.sum(axis=1), expected, rtol=1e-9)
    np.testing.assert_allclose(contributions[NEWEST], added, atol=1e-9)


def test_the_level_is_kept_in_the_artefact(model: Model, frame: TrainingFrame, tmp_path: object) -> None:
    save_model(model, f"{tmp_path}/model")
    X = frame.X.assign(**{NEWEST: 0.8})
    np.testing.assert_array_equal(load_model(f"{tmp_path}/model").predict_logodds(X), model.predict_logodds(X))


def test_rates_have_finite_logodds() -> None:
    np.testing.assert_allclose(level_logodds([0.0, 0.5, 1.0]), [-np.log(9999), 0.0, np.log(9999)], rtol=1e-9)


def test_it_says_what_it_is_and_what_the_gate_found(model: Model) -> None:
    said = "recency rule, no_order within 90 days, learnt from what was known on 2025-01-01."
    verdict = "LightGBM beats chance and the recency rule; the list uses it."
    assert repr(model) == f"Model without a version: {said}\n{verdict}"


def test_it_gives_what_was_learnt_as_tables_and_pictures(frame: TrainingFrame, model: Model) -> None:
    losses = dict.fromkeys(["behind", "behind_error", "against_chance", "against_chance_error"], 0.0)
    compared = {"candidate": "recency_rule", "shape_loss": 0.5, "auroc": None, "chosen": True, **losses}
    gains = {"customers": 5, "contacted_share": 0.5, "captured_share": 0.8, "best_share": 1.0}
    card = card_of(
        verdict=verdict_of(because=None, chosen=None, said="It is better.").to_json(),
        comparison=[compared],
        base_rates=[{"snapshot_date": "2024-10-01", "customers": 10, "churned": 4, "churn_rate": 0.4}],
        figures={"auroc": {"value": 0.7, "low": 0.6, "high": 0.8}},
        gains=[{**gains, "precision": None, "lift": None}],
        reliability=[
            {"bin": 1, "customers": 10, "mean_predicted": 0.2, "churned_share": 0.25, "low": 0.2, "high": 0.3}
        ],
    )
    told = dataclasses.replace(model, card=card, version="abc")
    assert repr(told).endswith("2025-01-01.\nIt is better.")
    assert told.comparison["candidate"].to_list() == ["recency_rule"]
    assert told.base_rates["snapshot_date"].dt.year.to_list() == [2024]
    assert told.figures.loc["auroc", "high"] == 0.8
    for draw in (told.plot_base_rates, told.plot_gains, told.plot_reliability):
        ax = draw()
        assert ax.lines
        assert draw(ax) is ax
