"""What a customer is worth in the list: as the model learned it, or by the simple rule."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pandas as pd
import pytest

from churnml.analytics.value import VALUE, expected_value
from churnml.config import Config, ScoringSettings
from churnml.data.history import History
from churnml.data.shop import Shop
from churnml.features.available import available
from churnml.features.builder import build
from churnml.models.model import Model
from churnml.models.value import LEFT, STAYED
from churnml.scoring.ranking import Ranking
from churnml.scoring.scorer import Scorer

DAY = date(2025, 4, 30)


@pytest.fixture(scope="module")
def ranking(shop: Shop, model: Model) -> Ranking:
    return Scorer(model).rank(shop, DAY)


def features_of(shop: Shop, model: Model, names: set[str]) -> pd.DataFrame:
    wanted = [feature for feature in available(shop) if feature.name in names]
    return build(History(shop, DAY), model.definition, wanted)


def test_what_is_at_risk_is_what_is_lost_by_leaving(shop: Shop, model: Model, ranking: Ranking) -> None:
    assert model.value is not None
    X = features_of(shop, model, {*model.value.reads, "return_amount_sum_365d"})
    worth = model.value.predict(X, 365).loc[ranking.frame["customer_id"]]
    frame = ranking.frame.set_index("customer_id")
    lost = (worth[STAYED] - worth[LEFT]).to_numpy()
    at_risk = np.maximum(frame["churn_probability"].to_numpy() * lost, 0.0)
    np.testing.assert_allclose(frame["value_at_risk"], at_risk, atol=0.0051)
    # p g (v1 - v0 - offer) - (1 - p) g0 offer - contact, with g = .3 and g0 = 1.
    p = frame["churn_probability"].to_numpy()
    plays = [ranking.plays[play] for play in frame["play"]]
    offer, cost = (np.array([getattr(play, name) for play in plays]) for name in ("offer", "cost"))
    profit = p * 0.3 * (lost - offer) - (1 - p) * offer - cost
    np.testing.assert_allclose(frame["expected_profit"].astype(float), profit, atol=0.0051)


def test_a_story_tells_what_the_customer_is_worth(ranking: Ranking) -> None:
    first = ranking.frame["customer_id"].iloc[0]
    story = ranking.explain(first)
    p, lost = story.row["churn_probability"], story.worth[STAYED] - story.worth[LEFT]
    assert story.row["value_at_risk"] == pytest.approx(max(p * lost, 0.0), abs=0.0051)
    ids = pd.Series(ranking.frame["customer_id"].to_numpy() + "-x", index=pd.Index(ranking.frame["customer_id"]))
    pd.testing.assert_series_equal(
        ranking.renamed(ids).explain(f"{first}-x").worth, story.worth, check_names=False, check_exact=True
    )


def test_a_model_of_before_keeps_the_simple_rule(shop: Shop, model: Model, ranking: Ranking) -> None:
    before = Scorer(dataclasses.replace(model, value=None)).rank(shop, DAY)
    X = features_of(shop, model, set(VALUE))
    value = expected_value(X, History(shop, DAY), 365).loc[before.frame["customer_id"]]
    at_risk = before.frame["churn_probability"].to_numpy() * value.to_numpy()
    np.testing.assert_allclose(before.frame["value_at_risk"], at_risk, atol=0.0051)
    pd.testing.assert_series_equal(before.frame["churn_probability"], ranking.frame["churn_probability"])


def test_fewer_days_are_worth_less(shop: Shop, model: Model, ranking: Ranking) -> None:
    month = Scorer(model, Config(scoring=ScoringSettings(value_days=30))).rank(shop, DAY)
    assert month.frame["value_at_risk"].sum() < ranking.frame["value_at_risk"].sum()
    worth = [one.columns("customer_id", STAYED).set_index("customer_id")[STAYED] for one in (month, ranking)]
    assert (worth[0] <= worth[1].loc[worth[0].index]).all()
