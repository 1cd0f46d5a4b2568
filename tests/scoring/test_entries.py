"""Who enters a campaign: by lot, once, and so that those who entered together can be compared."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from churnml.campaigns.holdout import draw
from churnml.campaigns.ledger import HELD_OUT, empty
from churnml.config import Config
from churnml.data.reading import read
from churnml.data.shop import Shop
from churnml.definition import ChurnDefinition
from churnml.errors import InputError
from churnml.models.model import Model
from churnml.scoring.entries import Entries, check_replaced, enter_list, find_lots
from churnml.scoring.plays import Play
from churnml.scoring.scorer import Scorer
from churnml.scoring.worklist import make_worklist
from churnml.workflow import score

DAY = date(2025, 3, 1)
PLAYS = {"call": Play("call", "Call", "Call.", "us", 5.0, 2.0, 30, True)}
DEFINITION = ChurnDefinition(horizon_days=60)


def ranked(risk: pd.Series, seed: int = 0) -> pd.DataFrame:
    """Give a ranking of customers with their risks, in an order that has nothing to do with their arms."""
    value = np.random.default_rng(seed).permutation(len(risk)).astype(float)
    frame = pd.DataFrame({"customer_id": risk.index, "churn_probability": risk.to_numpy(), "value_at_risk": value})
    frame = frame.sort_values(["churn_probability", "customer_id"], ascending=[False, True], ignore_index=True)
    return frame.assign(
        risk_rank=range(1, len(frame) + 1),
        risk_band="high",
        play="call",
        expected_profit=1.0,
        contact_by=DAY,
        model_version="m",
    )


def listed(
    frame: pd.DataFrame, day: date, ledger: pd.DataFrame, *, in_sample: bool = False, **config: object
) -> Entries:
    settings = Config.model_validate(config)
    playing, capacity = settings.plays, settings.scoring.capacity
    lots = find_lots(frame, ledger, day, playing.holdout, campaign=playing.campaign, capacity=capacity)
    ids = frame["customer_id"]
    drawn = frame.assign(holdout=lots.arms(ids)["holdout"], explore_lot=lots.own.explore(ids, day))
    worklist = make_worklist(drawn, {}, PLAYS, settings.scoring)
    return enter_list(
        worklist,
        lots,
        ledger,
        expected_value=pd.Series(10.0, index=frame["customer_id"]),
        plays=PLAYS,
        definition=DEFINITION,
        day=day,
        config=settings,
        in_sample=in_sample,
    )


def test_who_entered_stays_in_their_arm_and_enters_once() -> None:
    frame = ranked(pd.Series(0.5, index=[f"c{at}" for at in range(300)]))
    first = listed(frame, DAY, empty())
    week = DAY + timedelta(days=7)
    second = listed(frame, week, first.ledger)
    # Nobody left: the same hundred are listed again, and nobody is new but those who stand where the list ends.
    assert len(first.new) > 100
    assert second.new.empty
    assert second.ledger.equals(first.ledger)
    # An arm that has run out is drawn with the next number, and those who enter again have been in one before.
    later = DAY + timedelta(days=120)
    third = listed(frame, later, first.ledger)
    assert set(third.new.entry_number) == {1, 2}
    again = third.new[third.new.entry_number == 2].set_index("customer_id")
    assert set(again.arm_before) == {"listed", HELD_OUT}
    was = first.ledger.set_index("customer_id").arm.loc[again.index]
    assert (was == again.arm_before).all()


def test_in_eight_weeks_each_entry_has_its_share_and_no_effect_is_seen_where_there_is_none() -> None:
    # As in a shop: the contacted leave the list, those who order leave it, the held out stay. Nothing has an effect.
    rng = np.random.default_rng(5)
    risk = pd.Series(rng.uniform(0.3, 0.9, 4_000), index=[f"c{at:04d}" for at in range(4_000)])
    leaves = pd.Series(rng.random(4_000) < risk, index=risk.index)
    ledger, here, contacted = empty(), risk.copy(), pd.Series(False, index=risk.index)
    for week in range(8):
        day = DAY + timedelta(days=7 * week)
        found = listed(ranked(here[~contacted.loc[here.index]], week), day, ledger)
        ledger = found.ledger
        reached = found.new.customer_id[found.new.arm == "listed"]
        contacted.loc[reached] = True
        here = here[~(~leaves.loc[here.index] & (rng.random(len(here)) < 0.08))]
    counted = ledger[ledger.counted]
    held = counted.arm == HELD_OUT
    assert counted.entered_on.nunique() == 8
    for _, cohort in counted.groupby("entered_on"):
        share = (cohort.arm == HELD_OUT).mean()
        assert abs(share - 0.1) <= 3 * np.sqrt(0.1 * 0.9 / len(cohort))
        arms = [leaves.loc[cohort.customer_id[cohort.arm == arm]] for arm in ("listed", HELD_OUT)]
        error = np.sqrt(sum(arm.mean() * (1 - arm.mean()) / max(len(arm), 1) for arm in arms))
        assert abs(arms[0].mean() - arms[1].mean()) <= 3 * max(error, 0.1)
    assert abs(held.mean() - 0.1) <= 0.03


def test_who_is_left_alone_by_all_campaigns_enters_none_of_them() -> None:
    frame = ranked(pd.Series(0.5, index=[f"c{at}" for at in range(600)]))
    plays = {"holdout": {"global_share": 0.3}, "campaign": "spring"}
    first = listed(frame, DAY, empty(), plays=plays, scoring={"capacity": 200})
    assert set(first.ledger.campaign) == {"spring", "global"}
    of_all, spring = (first.ledger[first.ledger.campaign == name] for name in ("global", "spring"))
    apart = set(of_all.customer_id[of_all.arm == HELD_OUT])
    # By hand: the keyed hash of campaign, entry and customer, and nothing else.
    drawn = draw(of_all.customer_id, of_all.entry_number, 0.3, "global", "churnml")
    assert set(of_all.customer_id[drawn]) == apart
    assert 60 < len(apart) < 130
    assert not apart & set(spring.customer_id)
    assert set(of_all.customer_id) == apart | set(spring.customer_id)
    assert (set(of_all.chance), set(spring.chance)) == ({0.3}, {0.1})
    assert set(first.ledger.list_id) == set(spring.list_id[:1])
    assert first.plan is not None
    assert first.plan_of_all is not None
    assert (first.plan.campaign, first.plan_of_all.campaign, first.plan_of_all.share) == ("spring", "global", 0.3)
    assert first.plan_of_all.held_out == len(apart)
    assert listed(frame, DAY, first.ledger, plays=plays, scoring={"capacity": 200}).ledger.equals(first.ledger)

    # Another campaign of the same day takes the arms as they are, and adds those whom it alone reaches.
    autumn = {"holdout": {"global_share": 0.3}, "campaign": "autumn"}
    second = listed(frame, DAY, first.ledger, plays=autumn, scoring={"capacity": 300})
    again = second.ledger[second.ledger.campaign == "global"]
    assert not again.duplicated("customer_id").any()
    assert again.head(len(of_all)).reset_index(drop=True).equals(of_all.reset_index(drop=True))
    assert len(again) > len(of_all)
    assert not apart & set(second.ledger.customer_id[second.ledger.campaign == "autumn"])
    # Written again, a list takes back what it wrote and nothing that another did.
    shorter = listed(frame, DAY, second.ledger, plays=autumn, scoring={"capacity": 10})
    assert shorter.ledger[shorter.ledger.campaign != "autumn"].equals(first.ledger)
    # Its arms hold although nobody is drawn any more.
    without = listed(frame, DAY + timedelta(days=7), first.ledger, plays={"campaign": "spring"})
    assert not apart & set(without.ledger.customer_id[without.ledger.campaign == "spring"])
    assert without.plan_of_all is not None


def test_with_a_holdout_of_all_campaigns_alone_only_they_enter() -> None:
    frame = ranked(pd.Series(0.5, index=[f"c{at}" for at in range(300)]))
    found = listed(frame, DAY, empty(), plays={"holdout": {"share": 0.0, "global_share": 0.2}})
    assert set(found.ledger.campaign) == {"global"}
    assert found.plan is None
    assert found.plan_of_all is not None
    assert len(found.ledger) == 100 + found.plan_of_all.held_out


def test_the_same_day_is_written_again_and_an_earlier_one_enters_nobody() -> None:
    frame = ranked(pd.Series(0.5, index=[f"c{at}" for at in range(300)]))
    first = listed(frame, DAY, empty())
    assert listed(frame, DAY, first.ledger).ledger.equals(first.ledger)
    shorter = listed(frame, DAY, first.ledger, scoring={"capacity": 10})
    assert 9 <= len(shorter.ledger) < 30
    assert shorter.replaced.equals(first.ledger)
    before = listed(frame, DAY - timedelta(days=1), first.ledger)
    assert (before.why_none, len(before.new)) == ("earlier_day", 0)
    assert before.ledger.equals(first.ledger)
    assert listed(frame, DAY, empty(), in_sample=True).why_none == "in_sample"


def test_a_plan_counts_who_entered_with_this_list_and_all_so_far() -> None:
    frame = ranked(pd.Series(0.5, index=[f"c{at}" for at in range(300)]))
    first = listed(frame, DAY, empty())
    assert first.plan is not None
    assert first.plan.so_far is None
    assert first.plan.listed == 99
    week = DAY + timedelta(days=7)
    gone = set(first.new.customer_id)
    second = listed(frame[~frame.customer_id.isin(gone)].reset_index(drop=True), week, first.ledger)
    assert second.plan is not None
    assert second.plan.so_far is not None
    assert second.plan.so_far.listed == 99 + second.plan.listed
    assert second.plan.so_far.held_out == first.plan.held_out + second.plan.held_out
    assert second.plan.so_far.on == week + timedelta(days=60)
    assert listed(frame, DAY, empty(), plays={"holdout": {"share": 0.0}}).plan is None


def test_another_list_of_a_day_is_refused_once_it_was_contacted() -> None:
    frame = ranked(pd.Series(0.5, index=[f"c{at}" for at in range(300)]))
    first = listed(frame, DAY, empty())
    reached = first.new.customer_id[first.new.arm == "listed"].iloc[0]
    orders = pd.DataFrame({"order_id": "o", "customer_id": reached, "ordered_at": ["2025-01-01"], "amount": 1.0})
    contacts = {"contact_id": "x", "customer_id": reached, "sent_at": ["2025-03-03"]}

    def shop(campaign: str) -> Shop:
        return read({"orders": orders, "contacts": pd.DataFrame({**contacts, "campaign": campaign})})

    other = listed(frame, DAY, first.ledger, scoring={"capacity": 10})
    with pytest.raises(InputError, match=f"contacted already \\(1 customers, such as {reached}"):
        check_replaced(other, shop("retention"), "retention", DAY)
    check_replaced(other, shop("news"), "retention", DAY)
    check_replaced(listed(frame, DAY, first.ledger), shop("retention"), "retention", DAY)


def test_explored_customers_stand_for_all_below_the_reach() -> None:
    frame = ranked(pd.Series(0.6, index=[f"c{number:04}" for number in range(1_000)]))
    config = {"scoring": {"capacity": 100, "explore_share": 0.4}, "plays": {"holdout": {"share": 0.3}}}
    entries = listed(frame, DAY, empty(), **config)
    new = entries.new
    explored = new[new["explore_chance"].notna()]
    assert entries.plan is not None
    assert entries.plan.explored == len(explored)
    assert (new["arm"] == "listed").sum() == 100
    assert (explored["arm"] == "listed").sum() == 40
    # Each of them stands for one over their chance, together for all who are below.
    below = 1_000 - new["place"][new["explore_chance"].isna()].max()
    assert (1 / explored["explore_chance"]).sum() == pytest.approx(below)
    assert explored["place"].min() > 1_000 - below
    # Places are drawn evenly: their mean is the middle, with a standard error of range / sqrt(12 n).
    middle = 1_000 - (below - 1) / 2
    assert abs(explored["place"].mean() - middle) < 3 * below / np.sqrt(12 * len(explored))
    # The lot of exploring is another than that of the arms, and another on another day.
    held = draw(explored["customer_id"], explored["entry_number"], 0.3, "retention", Config().plays.holdout.key)
    assert ((explored["arm"] == HELD_OUT) == held).all()
    other = listed(frame, DAY + timedelta(days=7), empty(), **config).new
    assert set(other["customer_id"][other["explore_chance"].notna()]) != set(explored["customer_id"])
    assert listed(frame, DAY, empty(), scoring={"capacity": 100}).new["explore_chance"].isna().all()


@pytest.mark.slow
def test_a_list_before_the_newest_is_written_below_lists_alone(shop: Shop, model: Model, tmp_path: Path) -> None:
    config = Config.model_validate({"reporting": {"periods": 0, "rows": 20}})
    score(shop, tmp_path, config, model=model, snapshot_date="2025-04-01")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    outcome = score(shop, tmp_path, config, model=model, snapshot_date=DAY)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert sorted(path.name for path in (tmp_path / "lists").iterdir() if path.is_dir()) == ["2025-03-01", "2025-04-01"]
    assert outcome.files[0] == tmp_path / "lists" / "2025-03-01" / "worklist.xlsx"
    assert outcome.ranking.frame.entered_on.isna().all()


@pytest.mark.slow
def test_old_days_are_dropped_once_their_outcome_is_known(shop: Shop, model: Model, tmp_path: Path) -> None:
    for keep, day in ((24, "2025-03-01"), (24, "2025-03-15"), (1, "2025-06-10")):
        config = Config.model_validate({"reporting": {"periods": 0, "rows": 20, "keep": keep}})
        score(shop, tmp_path, config, model=model, snapshot_date=day)
    # 90 days after the first of March is May 30; after the fifteenth it is June 13, still open.
    assert sorted(path.name for path in (tmp_path / "lists").iterdir() if path.is_dir()) == ["2025-03-15", "2025-06-10"]


@pytest.mark.slow
def test_the_ranking_says_who_comes_into_question_and_since_when(shop: Shop, model: Model) -> None:
    ranking = Scorer(model).rank(shop, DAY)
    frame, new = ranking.frame, ranking.entries.new.set_index("customer_id")
    assert frame.against.isna().sum() == frame.place.notna().sum() == frame.place.max()
    entered = frame[frame.entered_on.notna()].set_index("customer_id")
    assert sorted(entered.index) == sorted(new.index)
    assert (entered.place.astype(int) == new.place.loc[entered.index]).all()
    assert (entered.holdout == (new.arm.loc[entered.index] == HELD_OUT)).all()
    assert set(ranking.worklist().customer_id) == set(new.index[new.arm == "listed"])
    # An order by hand: candidates by value at risk, ties by risk.
    candidates = frame[frame.against.isna()].sort_values(["value_at_risk", "risk_rank"], ascending=[False, True])
    assert candidates.place.tolist() == list(range(1, len(candidates) + 1))


@pytest.mark.slow
def test_the_list_of_a_ranking_holds_those_who_are_explored(shop: Shop, model: Model) -> None:
    config = Config.model_validate({"scoring": {"capacity": 10, "explore_share": 0.3}})
    ranking = Scorer(model, config).rank(shop, DAY)
    new = ranking.entries.new
    explored = new[new["explore_chance"].notna() & (new["arm"] == "listed")]
    assert len(explored) == 3
    listed = ranking.worklist()
    assert len(listed) == 10
    assert set(explored["customer_id"]) < set(listed["customer_id"])
    assert set(listed["customer_id"]) == set(new["customer_id"][new["arm"] == "listed"])
    assert any("drawn by lot" in sentence for sentence in ranking.holdout_said)
