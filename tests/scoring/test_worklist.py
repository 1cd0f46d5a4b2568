from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pandas as pd

from churnml.analytics.risk_groups import groups_of
from churnml.config import ScoringSettings
from churnml.definition import ChurnDefinition
from churnml.scoring.declared_lists import DeclaredList
from churnml.scoring.plays import Play
from churnml.scoring.worklist import Worklist, against_list, make_worklist, take
from churnml.scoring.worklist import reasons_against as against_grouped

PLAYS = {
    "mail": Play("mail", "Mail", "Write.", "us", 1.0, 9.0, 30, True),
    "call": Play("call", "Call", "Call.", "us", 5.0, 0.0, 0, True),
    "nothing": Play(
        "nothing",
        "Nothing",
        "Wait.",
        "us",
        0.0,
        0.0,
        0,
        False,
    ),
}


def ranked(rows: int, **columns: list[object]) -> pd.DataFrame:
    usual: dict[str, object] = {
        "risk_rank": range(1, rows + 1),
        "customer_id": [f"c{row}" for row in range(rows)],
        "churn_probability": 0.5,
        "value_at_risk": [float(rows - row) for row in range(rows)],
        "expected_profit": [float(row) for row in range(rows)],
        "play": "mail",
        "contactable": pd.array([True] * rows, dtype="boolean"),
        "holdout": False,
        "contact_by": [date(2025, 1, 1) + timedelta(days=row) for row in range(rows)][::-1],
        "measure_on": date(2025, 3, 1),
    }
    return pd.DataFrame({**usual, **columns})


def reasons_against(
    frame: pd.DataFrame, known: pd.DataFrame, plays: dict[str, Play], settings: ScoringSettings
) -> pd.Series:
    group = groups_of(frame, known, ChurnDefinition(), settings)
    return against_grouped(frame.assign(group=group), known, plays, settings)


def listed(frame: pd.DataFrame, **settings: object) -> list[str]:
    chosen = make_worklist(frame, {}, PLAYS, ScoringSettings.model_validate(settings))
    assert list(chosen.frame.list_rank) == list(range(1, len(chosen.frame) + 1))
    return list(chosen.frame.customer_id)


def test_the_first_reason_that_holds_is_counted() -> None:
    frame = ranked(
        9,
        churn_probability=[0.9] * 3 + [0.2] + [0.9] * 5,
        contactable=pd.array([True] * 4 + [False, None, True, True, True], dtype="boolean"),
        play=["mail"] * 7 + ["nothing", "call"],
    )
    known = pd.DataFrame(
        {
            "overdue": [True, False, True, *[True] * 6],
            "lost": [True, False, False, *[False] * 6],
            "days_since_contact": [1.0, 1.0, 30.0, 1.0, 1.0, 31.0, None, 1.0, 1.0],
            "consent_unknown": False,
        }
    )
    assert list(reasons_against(frame, known, PLAYS, ScoringSettings()).fillna("")) == [
        "gone",
        "not_overdue",
        "cool_down",  # 30 days ago, cool-down of 30
        "unlikely",
        "no_consent",
        "",  # the shop does not tell consent, last offer 31 days ago
        "",  # never contacted
        "leave_alone",
        "",  # a play without a cool-down
    ]


def nothing_against(rows: int) -> pd.DataFrame:
    usual = {"overdue": True, "lost": False, "days_since_contact": float("nan"), "consent_unknown": False}
    return pd.DataFrame(usual, index=range(rows))


def test_unknown_consent_is_no_consent_unless_one_says_so() -> None:
    frame = ranked(3, contactable=pd.array([True, None, False], dtype="boolean"))
    known = nothing_against(3).assign(consent_unknown=[False, True, False])
    left_out = reasons_against(frame, known, PLAYS, ScoringSettings())
    included = reasons_against(frame, known, PLAYS, ScoringSettings(unknown_consent="include"))
    assert list(left_out.fillna("")) == ["", "consent_unknown", "no_consent"]
    assert list(included.fillna("")) == ["", "", "no_consent"]


def test_the_least_probability_is_likely_enough() -> None:
    frame = ranked(3, churn_probability=[0.24, 0.25, 0.26])
    found = reasons_against(frame, nothing_against(3), PLAYS, ScoringSettings(min_probability=0.25))
    assert list(found.isna()) == [False, True, True]


def test_a_play_without_a_cool_down_waits_for_none() -> None:
    plays = {
        "today": Play(
            "today",
            "Today",
            "Call.",
            "us",
            5.0,
            0.0,
            0,
            True,
        ),
        "tomorrow": Play(
            "tomorrow",
            "Tomorrow",
            "Call.",
            "us",
            5.0,
            0.0,
            1,
            True,
        ),
    }
    frame = ranked(3, play=["today", "tomorrow", "tomorrow"])
    known = nothing_against(3).assign(days_since_contact=[0.0, 1.0, 2.0])
    found = reasons_against(frame, known, plays, ScoringSettings())
    assert list(found.fillna("")) == ["", "cool_down", ""]


def test_a_contact_at_a_loss_is_no_profit() -> None:
    frame = ranked(3, expected_profit=[-1.0, 0.0, 0.01])
    known = nothing_against(3)
    by_value = reasons_against(frame, known, PLAYS, ScoringSettings())
    by_profit = reasons_against(frame, known, PLAYS, ScoringSettings(rank_by="expected_profit"))
    assert by_value.isna().all()
    assert list(by_profit.isna()) == [False, False, True]


def test_capacity_and_what_decides() -> None:
    frame = ranked(4, churn_probability=[0.9, 0.8, 0.7, 0.6])
    assert listed(frame, capacity=2) == ["c0", "c1"]
    assert listed(frame, capacity=2, rank_by="expected_profit") == ["c3", "c2"]
    assert listed(frame, capacity=3, rank_by="churn_probability") == ["c0", "c1", "c2"]
    assert listed(frame, capacity=3, order_by="urgency") == ["c2", "c1", "c0"]


def test_ties_go_to_the_customer_who_is_likelier_to_leave() -> None:
    # Two are worth 5, two 3; the rows stand in no order.
    frame = ranked(4, value_at_risk=[3.0, 5.0, 5.0, 3.0], risk_rank=[4, 3, 1, 2])
    assert listed(frame, capacity=4) == ["c2", "c1", "c3", "c0"]
    assert listed(frame, capacity=1) == ["c2"]
    # Equally urgent: by value, then by risk.
    same_day = ranked(
        4,
        value_at_risk=[3.0, 5.0, 5.0, 3.0],
        risk_rank=[4, 3, 1, 2],
        contact_by=[date(2025, 1, 2)] * 3 + [date(2025, 1, 1)],
    )
    assert listed(same_day, capacity=4, order_by="urgency") == ["c3", "c2", "c1", "c0"]


def test_the_budget_counts_contact_and_offer() -> None:
    # 10 for a mail with its offer, 5 for a call: 10 + 5 + 10 = 25.
    frame = ranked(4, play=["mail", "call", "mail", "call"])
    assert listed(frame, budget=25.0) == ["c0", "c1", "c2"]
    assert listed(frame, budget=24.99) == ["c0", "c1"]
    assert listed(frame, budget=0.0) == []
    # Who is held out costs nothing: 10 + 0 + 10.
    held = ranked(3, holdout=[False, True, False])
    assert listed(held, budget=20.0) == ["c0", "c2"]
    assert listed(held, budget=19.99) == ["c0"]


def made(frame: pd.DataFrame, **settings: object) -> Worklist:
    return make_worklist(frame, {}, PLAYS, ScoringSettings.model_validate(settings))


def test_the_holdout_uses_up_no_place() -> None:
    frame = ranked(6, holdout=[False, True, False, True, False, True])
    chosen = made(frame, capacity=2)
    assert list(chosen.frame.customer_id) == ["c0", "c2"]
    assert list(chosen.frame) == ["list_rank", *frame, "place"]
    assert chosen.excluded == {"held_out": 3, "beyond_capacity": 1}
    assert chosen.places.tolist() == [1, 2, 3, 4, 5, 6]


def test_who_stands_where_the_capacity_ends_is_listed_by_certainty_and_does_not_count() -> None:
    frame = ranked(6, holdout=[False, True, False, True, False, True])
    reach = made(frame, capacity=2).reach
    assert reach[["customer_id", "place", "counted"]].to_numpy().tolist() == [
        ["c0", 1, True],
        ["c1", 2, True],
        ["c2", 3, False],
    ]
    # A budget ends a list too: 10 for each mail.
    assert made(frame, budget=25.0).reach.customer_id.tolist() == ["c0", "c1", "c2"]
    assert made(frame, budget=25.0).reach.counted.tolist() == [True, True, False]


def test_where_nothing_ends_the_list_all_candidates_are_in_reach() -> None:
    frame = ranked(6, holdout=[False, True, False, True, False, True])
    reach = made(frame, capacity=10).reach
    assert reach.customer_id.tolist() == ["c0", "c1", "c2", "c3", "c4", "c5"]
    assert reach.counted.all()


def test_places_are_by_what_the_list_is_ranked_by_and_of_candidates_alone() -> None:
    frame = ranked(3)
    candidates = frame.iloc[[0, 2]]
    by_value = make_worklist(candidates, {"no_consent": 1}, PLAYS, ScoringSettings())
    by_profit = make_worklist(candidates, {"no_consent": 1}, PLAYS, ScoringSettings(rank_by="expected_profit"))
    assert by_value.places.to_dict() == {"c0": 1, "c2": 2}
    assert by_profit.places.to_dict() == {"c0": 2, "c2": 1}


def test_a_list_that_affords_nobody_reaches_nobody() -> None:
    assert made(ranked(2, holdout=[True, False]), budget=0.0).reach.empty


def test_nobody_left_is_an_empty_list() -> None:
    frame = ranked(2)
    chosen = make_worklist(frame.head(0), {"no_consent": 2}, PLAYS, ScoringSettings())
    assert len(chosen.frame) == 0
    assert "list_rank" in chosen.frame
    assert chosen.excluded == {"no_consent": 2}


def test_some_places_go_to_candidates_drawn_below_the_reach() -> None:
    # Four places, half of them for exploring: c0 is held out, c1 and c2 come first; of the seven below, by their
    # numbers, c9, c4 (held out) and c6 are looked at.
    lots = [0.0, 0.0, 0.0, 0.9, 0.2, 0.8, 0.3, 0.6, 0.7, 0.1]
    frame = ranked(10, holdout=[True, False, False, False, True, *[False] * 5], explore_lot=lots)
    chosen = make_worklist(frame, {}, PLAYS, ScoringSettings(capacity=4, explore_share=0.5))
    assert list(chosen.frame["customer_id"]) == ["c1", "c2", "c9", "c6"]
    reach = chosen.reach.set_index("customer_id")
    assert reach["place"].to_dict() == {"c0": 1, "c1": 2, "c2": 3, "c9": 10, "c4": 5, "c6": 7}
    # c2 and c6 stand there by certainty; three of seven were looked at.
    assert reach["counted"].to_dict() == {"c0": True, "c1": True, "c2": False, "c9": True, "c4": True, "c6": False}
    assert reach["explore_chance"].isna().tolist() == [True] * 3 + [False] * 3
    assert reach["explore_chance"].iloc[3:].tolist() == [3 / 7] * 3
    assert chosen.places.loc["c9"] == 10
    assert sum(chosen.excluded.values()) + len(chosen.frame) == 10
    urgent = make_worklist(frame, {}, PLAYS, ScoringSettings(capacity=4, explore_share=0.5, order_by="urgency"))
    assert set(urgent.frame["customer_id"]) == set(chosen.frame["customer_id"])


def test_nobody_is_explored_where_all_are_reached_or_the_budget_ends_before() -> None:
    frame = ranked(3, explore_lot=[0.1, 0.2, 0.3])
    whole = make_worklist(frame, {}, PLAYS, ScoringSettings(capacity=5, explore_share=0.4))
    assert list(whole.frame["customer_id"]) == ["c0", "c1", "c2"]
    assert whole.reach["counted"].all()
    assert whole.reach["explore_chance"].isna().all()
    # Ten a contact: the second is the last.
    spent = make_worklist(frame, {}, PLAYS, ScoringSettings(capacity=3, explore_share=0.34, budget=20))
    assert list(spent.frame["customer_id"]) == ["c0", "c1"]
    assert spent.reach["explore_chance"].isna().all()


def against_declared(
    frame: pd.DataFrame, known: pd.DataFrame, stopped: tuple[str, ...] = (), **declared: Any
) -> list[str]:
    of_list = DeclaredList.model_validate({"from": "ranking", "rank_by": "expected_value", **declared})
    return list(against_list(frame, known, of_list, PLAYS, ScoringSettings(), stopped).fillna(""))


def test_of_a_declared_list_only_what_it_names_speaks_against_customers() -> None:
    frame = ranked(5, group="gone", contactable=pd.array([True, True, False, None, True], dtype="boolean"))
    known = nothing_against(5).assign(
        asked=[False, True, True, True, True],
        consent_unknown=[False, False, False, True, False],
        open_complaint=[True, True, False, False, False],
    )
    of_consent = ["not_asked", "", "no_consent", "consent_unknown", ""]
    assert against_declared(frame, known, exclude=["no_consent"]) == of_consent
    assert against_declared(frame, known, exclude=[]) == ["not_asked", "", "", "", ""]
    of_complaints = ["not_asked", "open_complaint", "", "", ""]
    assert against_declared(frame, known, exclude=["open_complaint"]) == of_complaints


def test_a_declared_list_goes_by_its_own_play_or_by_that_of_the_rules() -> None:
    # A mail waits 30 days, a call none; the play of the first is stopped.
    frame = ranked(3, group="gone", play=["nothing", "mail", "call"])
    known = nothing_against(3).assign(asked=True, open_complaint=False, days_since_contact=3.0)
    assert against_declared(frame, known, exclude=["cool_down"]) == ["", "cool_down", ""]
    assert against_declared(frame, known, exclude=["cool_down"], play="mail") == ["cool_down"] * 3
    assert against_declared(frame, known, ("nothing",), exclude=[], holdout=True) == ["stopped", "", ""]
    assert against_declared(frame, known, ("nothing",), exclude=[], holdout=True, play="call") == ["", "", ""]
    assert against_declared(frame, known, ("nothing",), exclude=[], holdout=False) == ["", "", ""]


def test_places_are_the_order_where_they_are_not_told() -> None:
    frame = ranked(4, holdout=[False, True, False, False])
    chosen = take(frame, {}, "value_at_risk", 2)
    assert chosen.places.tolist() == [1, 2, 3, 4]
    assert list(chosen.frame.customer_id) == ["c0", "c2"]
    assert chosen.reach["place"].tolist() == [1, 2, 3]
    assert take(frame.assign(place=[4, 3, 2, 1]), {}, "value_at_risk", 2).places.tolist() == [4, 3, 2, 1]


def test_one_place_for_exploring_is_explored() -> None:
    frame = ranked(4, explore_lot=[0.0, 0.3, 0.2, 0.1])
    chosen = make_worklist(frame, {}, PLAYS, ScoringSettings(capacity=2, explore_share=0.5, order_by="urgency"))
    assert set(chosen.frame["customer_id"]) == {"c0", "c3"}
    assert list(chosen.frame) == ["list_rank", *frame, "place"]
    assert chosen.reach["explore_chance"].dropna().tolist() == [1 / 3]
