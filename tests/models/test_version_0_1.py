"""Models of the first version: an artefact that it wrote is read, scores a shop and is written about."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.data.shop import Shop
from churnml.models.artefact import load_model
from churnml.reporting.files import write_files
from churnml.scoring.ranking import Ranking
from churnml.scoring.scorer import Scorer

FOLDER = Path(__file__).parent / "version_0_1"
DAY = date(2025, 3, 1)
# What version 0.1 said of two customers of the shop that it was trained on.
FEATURES = {
    "orders_30d": [0.0, 1.0],
    "orders_60d": [1.0, 1.0],
    "orders_90d": [2.0, 2.0],
    "orders_180d": [5.0, 4.0],
    "orders_365d": [9.0, 5.0],
    "orders_total": [20.0, 5.0],
    "amount_sum_30d": [0.0, 11.72],
    "amount_sum_60d": [17.87, 11.72],
    "amount_sum_90d": [50.14, 44.52],
    "amount_sum_180d": [207.42, 74.98],
    "amount_sum_365d": [340.5, 99.12],
    "amount_sum_total": [657.93, 99.12],
    "amount_mean_365d": [37.833333333333336, 19.824],
    "amount_max_365d": [82.66, 32.8],
    "amount_last_order_day": [17.87, 11.72],
    "days_since_last_order": [33.0, 13.0],
    "days_since_first_order": [789.0, 214.0],
    "orders_90d_share_of_365d": [0.2222222222222222, 0.4],
    "amount_last_to_mean_ratio": [0.4723348017621145, 0.5912025827280064],
}
PROBABILITIES = [0.29743060447287617, 0.3242331344464845]


@pytest.fixture(scope="module")
def ranking(shop: Shop) -> Ranking:
    return Scorer(str(FOLDER)).rank(shop, DAY)


def test_it_says_what_it_said() -> None:
    model = load_model(FOLDER)
    assert (model.version, model.as_of) == ("f39c34b65caa", date(2024, 9, 1))
    np.testing.assert_array_equal(model.predict_proba(pd.DataFrame(FEATURES)), PROBABILITIES)


@pytest.mark.slow
def test_it_scores_another_shop_in_the_words_of_today(ranking: Ranking) -> None:
    assert len(ranking)
    assert set(ranking.frame["model_version"]) == {"f39c34b65caa"}
    assert set(ranking.drivers["concept"]) == {"order history", "recent orders", "spend"}
    assert ranking.explain(ranking.frame["customer_id"].iloc[0]).features["concept"].ne("").all()


@pytest.mark.slow
def test_its_card_is_on_the_page(ranking: Ranking, tmp_path: Path) -> None:
    write_files(ranking, tmp_path / "list", {})
    assert "f39c34b65caa" in (tmp_path / "list" / "report.html").read_text(encoding="utf-8")
