"""Lists besides the work list: who is on them, in which order, and who is left alone."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.campaigns.holdout import draw
from churnml.config import Config
from churnml.data.history import History
from churnml.data.milestones import milestones
from churnml.data.shop import Shop
from churnml.errors import ConfigError, InputError
from churnml.models.model import Model
from churnml.scoring.plays import read_plays
from churnml.scoring.ranking import Ranking
from churnml.scoring.scorer import Scorer
from churnml.words.value_names import ALL_CAMPAIGNS

DAY = date(2025, 3, 1)
OWN = """
plays:
  call: {cost: 5, offer: 0, cool_down_days: 14}
rules:
  - {name: all, play: call}
"""


@pytest.fixture(scope="module")
def ranking(shop: Shop, model: Model) -> Ranking:
    return Scorer(model).rank(shop, DAY)


def with_lists(folder: Path, lists: str) -> Config:
    file = folder / "plays.yaml"
    file.write_text(OWN + lists, encoding="utf-8")
    return Config.model_validate({"plays": {"file": str(file)}})


def test_the_gone_are_won_back_by_what_their_return_is_worth(ranking: Ranking) -> None:
    listed = ranking.of_list("win_back")
    gone = ranking.rows.frame().query("group == 'gone' and contactable")
    assert 0 < len(listed) < len(gone)
    assert set(listed.customer_id) <= set(gone.customer_id)
    assert set(listed.play) == {"win_back"}
    worth = gone.set_index("customer_id").if_stayed
    value = (1 - listed.churn_probability.to_numpy()) * worth.loc[listed.customer_id].to_numpy()
    assert listed.return_value.tolist() == pytest.approx(value.tolist(), rel=1e-12)
    assert (np.diff(listed.return_value) <= 0).all()
    assert listed.list_rank.tolist() == list(range(1, len(listed) + 1))


def test_a_list_with_a_holdout_is_a_campaign_of_its_own(ranking: Ranking) -> None:
    rows = ranking.ledger[ranking.ledger.campaign == "retention/win_back"]
    assert {"retention", "retention/win_back"} == set(ranking.ledger.campaign)
    again = draw(rows.customer_id, rows.entry_number, 0.1, "retention/win_back", "churnml")
    assert (rows.arm == np.where(again, "held out", "listed")).all()
    listed = ranking.of_list("win_back")
    assert set(rows.customer_id[rows.arm == "listed"]) == set(listed.customer_id)
    assert listed.entered_on.tolist() == [DAY] * len(listed)
    assert set(rows.ranked_by) == {"return_value"}


def test_every_open_complaint_is_on_its_list(ranking: Ranking, simulated: Path) -> None:
    complaints = pd.read_parquet(simulated / "complaints.parquet")
    day = pd.Timestamp(DAY)
    waits = (complaints.opened_at < day) & ~(complaints.resolved_at < day)
    first = complaints[waits].groupby("customer_id").opened_at.min()
    listed = ranking.of_list("complaints")
    assert sorted(listed.customer_id) == sorted(first.index)
    days = (day - first.dt.normalize()).dt.days
    assert listed.days_open.tolist() == days.loc[listed.customer_id].tolist()
    assert (np.diff(listed.days_open) <= 0).all()
    unranked = ~listed.customer_id.isin(ranking.frame.customer_id)
    assert listed.churn_probability.isna().tolist() == unranked.tolist()
    assert set(listed.play) == {"settle_complaint"}
    assert "retention/complaints" not in set(ranking.ledger.campaign)


def test_thanks_go_to_whom_one_may_write_and_who_waits_for_no_answer(ranking: Ranking, shop: Shop) -> None:
    reached = milestones(History(shop, DAY), 30)
    listed, complaints = ranking.of_list("thank_you"), ranking.of_list("complaints")
    assert len(listed) > 0
    assert set(listed.customer_id) <= set(reached.customer_id)
    assert not set(listed.customer_id) & set(complaints.customer_id)
    assert listed.contactable.all()
    assert (np.diff(listed.expected_value) <= 0).all()
    may = ranking.frame.query("contactable").customer_id
    waits = ranking.explainer.X.frame(["complaints_open"]).query("complaints_open >= 1").index
    expected = (set(reached.customer_id) & set(may)) - set(waits)
    assert set(listed.customer_id) == expected


@pytest.mark.slow
def test_milestones_count_since_the_last_list(ranking: Ranking, shop: Shop, model: Model) -> None:
    earlier = Scorer(model).rank(shop, date(2025, 2, 22), in_sample=True)
    before = earlier.frame.assign(list_rank=np.nan)
    later = Scorer(model).rank(shop, DAY, earlier=before)
    lately = set(milestones(History(shop, DAY), 7).customer_id)
    assert set(later.of_list("thank_you").customer_id) == lately & set(ranking.of_list("thank_you").customer_id)


def test_customers_on_several_lists_are_marked(ranking: Ranking) -> None:
    by_hand = {name: set(ranking.of_list(name).customer_id) for name in ("save", "win_back", "complaints", "thank_you")}
    assert set(ranking.on_lists) == set().union(*by_hand.values())
    for customer, names in ranking.on_lists.items():
        assert set(names) == {name for name, ids in by_hand.items() if customer in ids}
    assert any(len(names) > 1 for names in ranking.on_lists.values())
    with pytest.raises(InputError, match=re.escape("other: is no list. Name one of save, win_back, complaints, thank")):
        ranking.of_list("other")


def test_pseudonyms_carry_no_ids_and_words_of_the_shop(ranking: Ranking) -> None:
    ids = pd.concat([ranking.rows.ids(), *(one.rows.customer_id for one in ranking.lists.values())]).drop_duplicates()
    public = ranking.renamed(pd.Series([f"P{at}" for at in range(len(ids))], index=pd.Index(ids)))
    carried = {name: {*one.rows} - {"list_rank", "customer_id", "play", "place"} for name, one in public.lists.items()}
    assert carried == {
        "win_back": {"return_value"},
        "complaints": {"opened_on", "days_open", "complaints_open", "contactable", "expected_value"},
        "thank_you": {"milestone", "milestone_on", "milestone_number", "expected_value"},
    }
    assert all(one.rows.customer_id.str.startswith("P").all() for one in public.lists.values())


@pytest.mark.slow
def test_all_campaigns_leave_their_holdout_alone_but_for_complaints(shop: Shop, model: Model, ranking: Ranking) -> None:
    config = Config.model_validate({"plays": {"holdout": {"share": 0.0, "global_share": 0.5}}})
    found = Scorer(model, config).rank(shop, DAY)
    assert 0 < len(found.of_list("thank_you")) < len(ranking.of_list("thank_you"))
    for name in ("win_back", "thank_you"):
        listed = found.of_list(name).customer_id
        assert not draw(listed, pd.Series(1, index=listed.index), 0.5, ALL_CAMPAIGNS, "churnml").any()
    assert sorted(found.of_list("complaints").customer_id) == sorted(ranking.of_list("complaints").customer_id)


@pytest.mark.slow
def test_a_list_of_ones_own(shop: Shop, model: Model, tmp_path: Path, ranking: Ranking) -> None:
    lists = """
lists:
  save: {holdout: false}
  best: {who: {groups: [on_pace], stages: [VIP], at_least: {order_days_total: 3}}, rank_by: [risk_rank], capacity: 2}
"""
    found = Scorer(model, with_lists(tmp_path, lists)).rank(shop, DAY)
    assert list(found.lists) == ["best"]
    days = found.explainer.X.frame(["order_days_total"]).order_days_total
    asked = found.frame[(found.frame.group == "on_pace") & (found.frame.lifecycle_stage == "VIP")]
    asked = asked[(days.loc[asked.customer_id] >= 3).to_numpy()]
    listed = found.of_list("best")
    assert listed.customer_id.tolist() == asked.customer_id.tolist()[:2]
    assert set(listed.play) == {"call"}
    assert found.lists["best"].excluded == {"beyond_capacity": len(asked) - 2}
    assert found.holdout is None
    assert not found.frame.holdout.any()
    assert found.ledger.empty


def test_the_four_lists_come_without_a_play_that_a_file_lacks(tmp_path: Path) -> None:
    book = read_plays(with_lists(tmp_path, "").plays.file, "en")
    assert list(book.lists) == ["save", "win_back", "complaints", "thank_you"]
    assert book.lists["win_back"].play is None


def test_all_that_is_wrong_with_lists_is_said_at_once(tmp_path: Path) -> None:
    lists = """
lists:
  save: {capacity: 3}
  a: {play: post, who: {at_least: {moon: 1}}}
  b: {from: milestones, holdout: true, rank_by: days_open}
"""
    with pytest.raises(ConfigError) as told:
        read_plays(with_lists(tmp_path, lists).plays.file, "en")
    said = [failure.partition("plays.yaml: ")[2] for failure in told.value.failures]
    assert said == [
        "lists.save: capacity: is said by the settings scoring.* for this list. Leave it out.",
        "lists.a: names the play 'post'. Take one of: call.",
        "lists.a: who names the features moon, which nobody builds. See `churnml.features.dictionary`.",
        "lists.b: holdout is for lists from the ranking. Leave it out.",
        "lists.b: only open complaints are ranked by days_open. Rank it by something else.",
    ]
    for wrong in (
        "lists: {B: {}}",
        "lists: {b: {from: nowhere}}",
        "lists: {b: {rank_by: []}}",
        "lists: {b: {exclude: [old]}}",
    ):
        with pytest.raises(ConfigError):
            read_plays(with_lists(tmp_path, wrong).plays.file, "en")
