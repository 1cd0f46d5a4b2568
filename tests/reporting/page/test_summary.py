from __future__ import annotations

import json
from datetime import date

import pandas as pd
import pytest

from churnml.config import Config
from churnml.data.shop import Shop
from churnml.models.model import Model
from churnml.reporting.page import render_page, summarise
from churnml.scoring.ranking import Ranking
from churnml.scoring.scorer import Scorer

DAY = date(2025, 4, 30)


@pytest.fixture(scope="module")
def earlier(shop: Shop, model: Model) -> pd.DataFrame:
    ranking = Scorer(model).rank(shop, date(2025, 3, 31))
    ranks = ranking.worklist().set_index("customer_id")["list_rank"]
    return ranking.frame.assign(list_rank=ranking.frame["customer_id"].map(ranks))


@pytest.fixture(scope="module")
def ranking(shop: Shop, model: Model, earlier: pd.DataFrame) -> Ranking:
    return Scorer(model).rank(shop, DAY, earlier=earlier)


def test_a_summary_can_be_written_as_json_and_shown(ranking: Ranking) -> None:
    summary = summarise(ranking, rows=200)
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    assert render_page(summary) == render_page(summarise(ranking, rows=200))


def test_the_work_list_comes_first_then_other_lists_then_the_most_likely_to_leave(
    ranking: Ranking,
) -> None:
    listed = list(ranking.worklist()["customer_id"])
    further = [one for named in ranking.lists.values() for one in named.rows["customer_id"]]
    in_order = list(dict.fromkeys([*listed, *further, *ranking.frame["customer_id"]]))
    rows = len(set(listed) | set(further)) + 30
    shown = summarise(ranking, rows=rows)["customers"]
    assert [one["customer_id"] for one in shown] == in_order[:rows]
    assert [one["list_rank"] for one in shown] == [*range(1, len(listed) + 1), *[None] * (rows - len(listed))]
    for name, named in ranking.lists.items():
        ranks = {one["customer_id"]: one["ranks"][name] for one in shown if name in one["ranks"]}
        assert ranks == dict(zip(named.rows["customer_id"], named.rows["list_rank"].tolist(), strict=True))
    assert len(summarise(ranking, rows=3)["customers"]) == 3


def test_totals_look_at_everybody(ranking: Ranking) -> None:
    totals = summarise(ranking, rows=5)["totals"]
    frame, listed = ranking.frame, ranking.worklist()
    assert totals["customers"] == len(frame) == sum(told["customers"] for told in totals["groups"].values())
    for group, told in totals["groups"].items():
        own = frame[frame["group"] == group]
        assert told["customers"] == len(own)
        assert told["at_high_risk"] == (own["churn_probability"] >= 0.5).sum()
        assert told["value_at_risk"] == pytest.approx(own["value_at_risk"].sum(), abs=0.01)
    assert sum(totals["bands"].values()) == (frame["group"] != "gone").sum()
    assert totals["listed"] == len(listed)
    assert totals["listed_value_at_risk"] == pytest.approx(listed["value_at_risk"].sum(), abs=0.01)
    assert list(totals["bands"]) == ["very high", "high", "medium", "low"]


def test_a_customer_carries_her_row_and_her_story(ranking: Ranking) -> None:
    customers = summarise(ranking, rows=20)["customers"]
    stories = ranking.stories([one["customer_id"] for one in customers])
    for one in customers:
        row = ranking.frame.set_index("customer_id").loc[one["customer_id"]]
        story = stories[one["customer_id"]]
        assert one["churn_probability"] == pytest.approx(row["churn_probability"], abs=1e-4)
        assert one["last_order_at"] == str(row["last_order_at"].date())
        sentences = [row[f"reason_{place}"] for place in (1, 2, 3)]
        assert [reason["sentence"] for reason in one["leaving"]] == [said for said in sentences if pd.notna(said)]
        assert [text for _, _, text in one["events"]] == list(story.events["text"])
        assert one["weights"] == pytest.approx(dict(story.concepts), abs=0.0051)


def test_what_changed_is_counted_without_those_who_stayed_the_same(ranking: Ranking) -> None:
    summary = summarise(ranking)
    changes = ranking.changes
    assert changes is not None
    counts = summary["changes"]["counts"]
    assert sum(counts.values()) == (changes["change"] != "same").sum() > 0
    assert {row["change"] for row in summary["changes"]["rows"]} == set(counts)
    named = {one["customer_id"]: one["change"] for one in summary["customers"]}
    for row in summary["changes"]["rows"]:
        assert named.get(row["customer_id"], row["change"]) == row["change"]


def test_another_work_list_can_be_shown(ranking: Ranking) -> None:
    chosen = ranking.select(capacity=2)
    summary = summarise(ranking, worklist=chosen)
    assert summary["totals"]["listed"] == 2
    assert summary["excluded"] == chosen.excluded


def test_a_ranking_without_earlier_list_and_holdout_is_shown_too(shop: Shop, model: Model) -> None:
    settings = Config.model_validate({"plays": {"holdout": {"share": 0}}, "scoring": {"language": "tr"}})
    summary = summarise(Scorer(model, settings).rank(shop, DAY), rows=50)
    assert summary["changes"] is None
    assert summary["holdout"] == ["Kontrol grubu yok; bu yüzden iletişimin ne getirdiği anlaşılamayacak."]
    assert {one["change"] for one in summary["customers"]} == {None}
    page = render_page(summary)
    assert '<html lang="tr">' in page
    assert "Kontrol grubu yok" in page
