"""What a list can be expected to do, by hand, and in every language."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from churnml.campaigns.ledger import write_ledger
from churnml.campaigns.measured import Measured, MeasuredPlay, MeasuredShare
from churnml.config import ProfitSettings
from churnml.scoring.plan import make_plan
from churnml.scoring.play_effects import PlayEffects
from churnml.scoring.plays import Play
from churnml.words import LANGUAGES, Language
from churnml.words.plan import say_plan
from tests.campaigns.made_campaign import FIRST, make_ledger, make_tables
from tests.conftest import Run

PLAYS = {
    "call": Play("call", "Call 1", "Call.", "us", 5.0, 2.0, 30, True),
    "mail": Play("mail", "Mail 2", "Mail.", "us", 0.5, 0.0, 30, True),
}
WORKLIST = pd.DataFrame(
    {"play": ["call", "call", "mail"], "churn_probability": [0.8, 0.6, 0.5], "value_at_risk": [80.0, 30.0, 20.0]}
)


def test_a_play_by_hand_as_assumed() -> None:
    plan = make_plan(WORKLIST, make_ledger(400, 2), PlayEffects(assumed=ProfitSettings(taken_anyway_share=0.5)), PLAYS)
    call, mail = plan.plays.to_dict("records")
    # Of 1.4 who would leave .3 are kept, .3 -+ 1.96 x .15 of them.
    assert (call["customers"], call["leaving"], call["measured"]) == (2, pytest.approx(1.4), False)
    assert [call[name] for name in ("kept", "kept_low", "kept_high")] == pytest.approx([0.42, 0.0084, 0.8316], abs=1e-4)
    # .3 (110 - 2 x 1.4) - .5 x 2 x .6 - 2 x 5
    assert call["profit"] == pytest.approx(21.56)
    assert call["profit_low"] == pytest.approx(0.006 * 107.2 - 10.6, abs=0.01)
    assert mail["profit"] == pytest.approx(0.3 * 20 - 0.5)


def test_what_was_measured_takes_its_place() -> None:
    share = MeasuredShare(value=0.1, low=0.1, high=0.1, listed=900, held_out=100, assumed_before=0.3)
    measured = Measured(
        campaign="c",
        until=date(2025, 6, 1),
        definition={},
        save_share=share,
        plays={"mail": MeasuredPlay(save_share=share)},
    )
    plan = make_plan(WORKLIST, make_ledger(400, 2), PlayEffects(assumed=ProfitSettings(), measured=measured), PLAYS)
    assert plan.plays.measured.all()
    assert plan.plays.save_share_low.tolist() == pytest.approx([0.1, 0.1], abs=1e-4)


def test_it_says_what_the_list_can_show_and_how_long_learning_takes() -> None:
    ledger = make_ledger(400, 3)
    plan = make_plan(WORKLIST, ledger, PlayEffects(assumed=ProfitSettings()), PLAYS)
    newest = ledger[ledger.entered_on == FIRST + timedelta(days=14)]
    assert (plan.listed, plan.held_out) == ((newest.arm == "listed").sum(), (newest.arm == "held out").sum())
    assert plan.known_on == plan.so_far_on == FIRST + timedelta(days=44)
    assert plan.so_far_effect is not None
    assert plan.smallest_effect is not None
    assert plan.so_far_effect < plan.smallest_effect
    # 900 held out of 1,800, 400 a week.
    assert plan.learning_weeks == 5
    nothing = make_plan(WORKLIST, ledger.iloc[:0], PlayEffects(assumed=ProfitSettings()), PLAYS)
    assert (nothing.known_on, nothing.learning_weeks, nothing.smallest_effect) == (None, None, None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_is_said_in_every_language(language: Language) -> None:
    plan = make_plan(WORKLIST, make_ledger(400, 2), PlayEffects(assumed=ProfitSettings()), PLAYS)
    said = say_plan(plan, {name: play.title for name, play in PLAYS.items()}, language, "EUR")
    assert len(said) == 4
    assert "Call 1" in said[0]
    assert not any("{" in sentence for sentence in said)


@pytest.mark.slow
def test_the_command_reads_what_earlier_lists_brought(run: Run, tmp_path: Path) -> None:
    ledger = make_ledger(400, 2)
    (tmp_path / "shop").mkdir()
    for name, table in make_tables(ledger, effect=-0.2).items():
        table.to_parquet(tmp_path / "shop" / f"{name}.parquet", index=False)
    code, _, err = run("plan", "shop", "--list", "list")
    assert code == 3
    assert "holds no list yet" in err
    day = tmp_path / "list" / "lists" / "2025-03-10"
    day.mkdir(parents=True)
    ranking = WORKLIST.assign(play="call", list_rank=[1, 2, None], customer_id=list("abc"), segment="loyal")
    ranking.to_parquet(day / "ranking.parquet", index=False)
    write_ledger(ledger, tmp_path / "list" / "ledger.parquet")
    code, said, _ = run("plan", "shop", "--list", "list", "--json")
    told = json.loads(said)
    assert code == 0
    assert [(play["play"], play["customers"], play["measured"]) for play in told["plays"]] == [("call", 2, True)]
    assert told["known_on"] == "2025-04-09"
    code, said, _ = run("plan", "shop", "--list", "list", "--lang", "de")
    assert code == 0
    assert "Was von dieser Liste zu erwarten ist" in said
