"""What moves the effect of a contact, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from churnml.features.family_catalogue import catalogue
from churnml.features.sentences import Sentences
from churnml.models.effect import LinearEffect
from churnml.scoring.effect_reasons import explain_effects
from churnml.words import LANGUAGES, Language
from tests.models.test_uplift import a_model

COLUMNS = ("orders_90d", "orders_30d", "complaints_open", "churn_probability", "churn_probability_spread")


def explain(language: Language = "en", **values: float) -> str:
    known = catalogue()
    model = replace(
        a_model(),
        features=tuple(known[name].description() for name in COLUMNS[:3]),
        effect=LinearEffect(
            candidate="ridge",
            intercept=0.1,
            columns=COLUMNS,
            means=np.array([2.0, 1.0, 0.0, 0.5, 0.25]),
            weights=np.array([0.02, 0.01, 0.05, -0.1, 0.4]),
        ),
    )
    X = pd.DataFrame({"orders_90d": 2.0, "orders_30d": 1.0, "complaints_open": 0.0} | values, index=["7"])
    return explain_effects(model, X, pd.Series([0.5], ["7"]), Sentences(known, language))["7"]


def test_the_two_concepts_that_move_it_most_speak_with_their_sums() -> None:
    # Orders: .02 (5 - 2) + .01 (3 - 1) = +8 of 100, and most of it by those of 90 days; complaints: .05 x 1 = +5.
    said = explain(orders_90d=5.0, orders_30d=3.0, complaints_open=1.0)
    assert said == (
        "A contact keeps +23.0 of 100 such customers, it is expected. "
        "Moves that: 5 orders in the last 90 days (+8.0); 1 complaint still open (+5.0)."
    )


def test_who_speaks_moves_it_as_the_concept_does() -> None:
    # .02 (0 - 2) + .01 (3 - 1) = -2: of both the one that pulls down speaks.
    assert "No orders in the last 90 days (-2.0)" in explain(orders_90d=0.0, orders_30d=3.0)


def test_on_an_average_customer_nothing_moves_it() -> None:
    assert explain() == "A contact keeps +10.0 of 100 such customers, it is expected."


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_in_every_language(language: Language) -> None:
    said = explain(language, orders_90d=5.0)
    assert "{" not in said
    assert "5" in said
