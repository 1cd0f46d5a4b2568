"""A play that was stopped by what it brought: who of its customers is contacted all the same, and what is expected."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.campaigns.ledger import HELD_OUT, LISTED
from churnml.campaigns.measured import Measured, MeasuredPlay, MeasuredShare, write_measured
from churnml.config import Config, ProfitSettings
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.models.model import Model
from churnml.scoring.play_effects import PlayEffects
from churnml.scoring.ranking import Ranking
from churnml.scoring.relearning import STOPPED, relearn
from churnml.scoring.scorer import Scorer

DAY = date(2025, 3, 1)


def share(value: float, half: float) -> MeasuredShare:
    return MeasuredShare(value=value, low=value - half, high=value + half, listed=900, held_out=100, assumed_before=0.3)


def measured(*, stopped: str | None = None, definition: ChurnDefinition | None = None) -> Measured:
    plays = {"call": MeasuredPlay(save_share=share(0.0, 1.96 * 0.15)), "mail": MeasuredPlay()}
    if stopped is not None:
        plays[stopped] = MeasuredPlay(save_share=share(0.0, 0.01), stopped_on=date(2025, 2, 1))
    return Measured(
        campaign="retention",
        until=date(2025, 2, 20),
        definition={} if definition is None else definition.model_dump(mode="json"),
        save_share=share(0.2, 0.0),
        taken_anyway_share=share(0.6, 0.1),
        plays=plays,
    )


def test_a_measurement_is_weighed_with_what_is_assumed_play_by_play() -> None:
    effects = PlayEffects(assumed=ProfitSettings(), measured=measured())
    assert effects.save_share("call") == pytest.approx(0.15, abs=1e-5)  # as sure as the assumption: half of .3 and 0
    for unknown in ("mail", "new"):  # all together speak for a play of which nothing was measured
        assert effects.save_share(unknown) == pytest.approx(0.2)
    assert effects.taken_anyway_share == 0.6
    assert PlayEffects(assumed=ProfitSettings()).stopped == frozenset()


def test_the_first_candidates_whose_arm_is_drawn_now_are_the_learning_list() -> None:
    candidates = pd.DataFrame(
        {
            "customer_id": list("abcdefg"),
            "play": ["call", "mail", "call", "call", "call", "call", "call"],
            "value_at_risk": [7.0, 6, 5, 4, 3, 2, 1],
            "risk_rank": range(1, 8),
        }
    )
    standing = pd.DataFrame({"arm": [HELD_OUT, LISTED, LISTED], "holds": [True, True, False]}, index=list("acf"))
    config = Config.model_validate({"scoring": {"capacity": 20}})  # a tenth of 20 places are two
    found = relearn(candidates, standing, ["call"], config)
    assert found.chances.to_dict() == {"d": 0.5, "e": 0.5}
    assert found.left_out == ["c", "f", "g"]  # a stays held out, b has another play
    assert relearn(candidates, standing, [], config).left_out == []


@pytest.fixture(scope="module")
def most_frequent(shop: Shop, model: Model) -> str:
    frame = Scorer(model).rank(shop, DAY).frame
    return str(frame.play[frame.against.isna()].value_counts().index[0])


@pytest.fixture(scope="module")
def ranking(shop: Shop, model: Model, most_frequent: str, tmp_path_factory: pytest.TempPathFactory) -> Ranking:
    file = tmp_path_factory.mktemp("measured") / "measured.yaml"
    write_measured(measured(stopped=most_frequent, definition=model.definition), file)
    return Scorer(model, with_file(file)).rank(shop, DAY)


def with_file(file: Path) -> Config:
    scoring = {"capacity": 40, "profit": {"measured": str(file)}, "rank_by": "expected_profit"}
    return Config.model_validate({"scoring": scoring})


@pytest.mark.slow
def test_a_list_stops_a_play_and_learns_on(ranking: Ranking, most_frequent: str) -> None:
    frame = ranking.frame
    of_play = frame[frame.play == most_frequent]
    learning = of_play[of_play.against.isna()]
    # Although contacts with it are expected to cost more than they bring, four of 40 places learn on.
    assert len(learning) == 4
    assert (frame.against == STOPPED).sum() > 0
    assert ranking.excluded[STOPPED] == (frame.against == STOPPED).sum()
    new = ranking.ledger.set_index("customer_id").chance
    assert (new.reindex(learning.customer_id).dropna() == 0.5).all()
    assert set(new.drop(learning.customer_id, errors="ignore")) <= {0.1}
    assert set(ranking.worklist().customer_id).isdisjoint(frame.customer_id[frame.against == STOPPED])


@pytest.mark.slow
def test_profit_rests_on_what_was_measured_and_says_so(ranking: Ranking, most_frequent: str) -> None:
    frame = ranking.columns("play", "churn_probability", "expected_profit", "if_stayed", "if_left")
    rows = frame[frame.play == most_frequent]
    play = ranking.plays[most_frequent]
    p, lost = rows.churn_probability, rows.if_stayed - rows.if_left
    saves = ranking.effects.save_share(most_frequent)
    assert saves < 0.001
    profit = p * saves * (lost - play.offer) - (1 - p) * 0.6 * play.offer - play.cost
    np.testing.assert_allclose(rows.expected_profit.astype(float), profit, atol=0.0051)
    assert ranking.profit_source == "measured on 100 held out until Feb 20, 2025"
    assert play.title in ranking.measured_said[1]
