"""A ranking on PostgreSQL: ids, ranks and texts are equal, numbers to 1e-9; clusters have tests of their own."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from churnml.data.shop import Shop
from churnml.models.model import Model
from churnml.scoring.scorer import Scorer
from tests.engine_shops import SHOPS, on_duckdb


@pytest.mark.slow
def test_a_ranking_is_the_same_on_postgres(
    postgres: str, model: Model, engine_shop: Callable[[str, int], tuple[Shop, str]]
) -> None:
    day, scorer = SHOPS[0][1], Scorer(model)
    expected = scorer.rank(on_duckdb(0), day, in_sample=True)
    found = scorer.rank(engine_shop("postgres", 0)[0], day, in_sample=True)
    pd.testing.assert_frame_equal(found.frame, expected.frame, rtol=1e-9, atol=1e-12)
    assert found.groups == expected.groups
    assert found.excluded == expected.excluded
    assert found.explainer.constants.to_json().keys() == expected.explainer.constants.to_json().keys()
