from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from churnml.errors import ConfigError
from churnml.scoring.plays import PlayBook, read_plays, write_plays
from churnml.words import LANGUAGES, Language

PLAY = (
    "{{title: {{en: {0}, tr: {0} tr}}, wording: {{en: Do {0}., tr: Yap.}}, owner: us, cost: 1, offer: {1}, "
    "cool_down_days: 7}}"
)


def written(folder: Path, rules: str, plays: dict[str, float] | None = None) -> Path:
    path = folder / "plays.yaml"
    listed = "\n".join(f"  {name}: {PLAY.format(name, offer)}" for name, offer in (plays or {"a": 0, "b": 5}).items())
    path.write_text(f"plays:\n{listed}\nrules:\n{rules}", encoding="utf-8")
    return path


def ranked(**columns: list[object]) -> pd.DataFrame:
    usual: dict[str, object] = {
        "risk_band": "high",
        "value_at_risk": 10.0,
        "segment": "loyal_customers",
        "lifecycle_stage": "active",
        "reason_1_concept": None,
        "reason_2_concept": None,
        "reason_3_concept": None,
    }
    return pd.DataFrame({**usual, **columns}, index=range(len(next(iter(columns.values())))))


def test_the_first_rule_whose_conditions_all_hold_decides(tmp_path: Path) -> None:
    rules = """
  - {name: late, when: {concepts: [delivery, complaints], min_value: 20}, play: a}
  - {name: vip, when: {stages: [VIP], segments: [champions], bands: [high]}, play: b}
  - {name: rest, play: a}
"""
    book = read_plays(written(tmp_path, rules), "en")
    frame = ranked(
        reason_2_concept=["delivery", "delivery", "price", None],
        value_at_risk=[20.0, 19.99, 99.0, 99.0],
        lifecycle_stage=["VIP", "VIP", "VIP", "VIP"],
        segment=["champions", "champions", "loyal_customers", "champions"],
        risk_band=["high", "high", "high", "low"],
    )
    chosen = book.choose(frame, pd.DataFrame(index=frame.index))
    assert list(chosen.play_rule) == ["late", "vip", "rest", "rest"]
    assert list(chosen.play) == ["a", "b", "a", "a"]


def test_of_rules_that_follow_reasons_the_one_shown_first_decides(tmp_path: Path) -> None:
    rules = """
  - {name: late, when: {concepts: [delivery]}, play: a}
  - {name: waits, when: {concepts: [complaints], at_least: {complaints_open: 1}}, play: b}
  - {name: vip, when: {stages: [VIP]}, play: b}
  - {name: price, when: {concepts: [price]}, play: b}
  - {name: rest, play: a}
"""
    book = read_plays(written(tmp_path, rules), "en")
    frame = ranked(
        reason_1_concept=["complaints", "delivery", "complaints", "price", "price"],
        reason_2_concept=["delivery", "complaints", "delivery", "delivery", None],
        lifecycle_stage=["active", "active", "active", "VIP", "VIP"],
    )
    X = pd.DataFrame({"complaints_open": [1.0, 1.0, 0.0, 0.0, 0.0]})
    # The third has no open complaint, so their delivery decides; the fourth one's price stands before it; a rule that
    # follows no reason and comes first holds as before.
    assert list(book.choose(frame, X).play_rule) == ["waits", "late", "late", "price", "vip"]


def test_one_of_several_features_is_enough(tmp_path: Path) -> None:
    rules = """
  - {name: late, when: {any_at_least: {deliveries_late_365d: 2, orders_under_way_late: 1}}, play: b}
  - {name: rest, play: a}
"""
    book = read_plays(written(tmp_path, rules), "en")
    X = pd.DataFrame({"deliveries_late_365d": [2.0, 1.0, 1.0], "orders_under_way_late": [0.0, 1.0, 0.0]})
    assert list(book.choose(ranked(risk_band=["high"] * 3), X).play_rule) == ["late", "late", "rest"]


def test_a_feature_without_a_value_meets_no_bound(tmp_path: Path) -> None:
    rules = """
  - {name: open, when: {at_least: {complaints_open: 1}}, play: a}
  - {name: few, when: {at_most: {orders_total: 2}}, play: b}
  - {name: rest, play: a}
"""
    book = read_plays(written(tmp_path, rules), "en")
    assert book.features == ["complaints_open", "orders_total"]
    X = pd.DataFrame({"complaints_open": [1.0, 0.0, float("nan"), 0.0], "orders_total": [1.0, 2.0, float("nan"), 3.0]})
    assert list(book.choose(ranked(play=[0] * 4), X).play_rule) == ["open", "few", "rest", "rest"]
    assert list(book.choose(ranked(play=[0] * 4), X[[]]).play_rule) == ["rest"] * 4


def test_a_play_speaks_the_language_of_the_list(tmp_path: Path) -> None:
    path = written(tmp_path, "  - {name: rest, play: a}\n")
    assert (read_plays(path, "en").plays["a"].title, read_plays(path, "tr").plays["a"].title) == ("a", "a tr")


def test_words_in_one_language_or_in_none_serve_in_all(tmp_path: Path) -> None:
    own = "{title: {en: Call}, wording: {tr: Ara.}, owner: us, cost: 1, offer: 2, cool_down_days: 0}"
    file = tmp_path / "plays.yaml"
    file.write_text(f"plays:\n  call: {own}\nrules:\n- {{name: {{tr: herkes}}, play: call}}\n", encoding="utf-8")
    for language in ("en", "tr"):
        play = read_plays(file, language).plays["call"]
        assert (play.title, play.wording, play.owner) == ("Call", "Ara.", "us")
        assert read_plays(file, language).rule_names == {"herkes": "herkes"}
    file.write_text(file.read_text(encoding="utf-8").replace("{en: Call}", "{}"), encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape("plays.call.title")):
        read_plays(file, "en")


def test_words_that_are_missing_are_those_of_churnml_for_the_name(tmp_path: Path) -> None:
    file = tmp_path / "plays.yaml"
    costs = "cost: 1, offer: 2, cool_down_days: 0"
    plays = f"  call: {{owner: Ayşe, {costs}}}\n  ring: {{title: Ring, wording: Ring., {costs}}}\n"
    rules = "- {name: complaint, when: {bands: [high]}, play: call}\n- {name: the rest, play: call}\n"
    file.write_text(f"plays:\n{plays}rules:\n{rules}", encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape("plays.ring: has no owner, and churnml has none for that name.")):
        read_plays(file, "en")
    file.write_text(file.read_text(encoding="utf-8").replace("wording: Ring.", "wording: Ring., owner: us"), "utf-8")
    book = read_plays(file, "tr")
    assert (book.plays["call"].title, book.plays["call"].owner) == ("Telefonla ara", "Ayşe")
    frame = pd.DataFrame({"risk_band": ["high", "low"]})
    assert list(book.choose(frame, pd.DataFrame(index=frame.index)).play_rule) == ["complaint", "the rest"]
    assert book.rule_names == {"complaint": "şikâyet", "the rest": "the rest"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_with_words_is_that_of_the_names(language: Language, tmp_path: Path) -> None:
    file = tmp_path / "plays.yaml"
    file.write_text(write_plays(language), encoding="utf-8")
    written, own = read_plays(file, language), read_plays(None, language)
    assert written.plays == own.plays
    assert [rule.when for rule in written.rules] == [rule.when for rule in own.rules]
    assert read_plays(file, "en").plays == written.plays, "a text serves in all languages"


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    rules = """
  - {name: one, when: {concepts: [weather]}, play: c}
  - {name: two, play: a}
  - {name: two, when: {at_least: {orders_of_my_aunt: 1}}, play: b}
"""
    with pytest.raises(ConfigError) as found:
        read_plays(written(tmp_path, rules), "en")
    said = str(found.value)
    for part in (
        "'one' names the play 'c'. Take one of: a, b.",
        "'one' names the concepts weather.",
        "'two' is the name of two rules.",
        "'two' names the features orders_of_my_aunt",
        "'two' always holds, so the rules below it never do.",
        "the last one has conditions",
    ):
        assert part in said, part


def test_an_unknown_key_segment_or_negative_cost_is_refused(tmp_path: Path) -> None:
    rules = "  - {name: rest, when: {segment: [loyal_customers], segments: [Rich]}, play: a}\n"
    with pytest.raises(ConfigError, match=re.escape("the key is not known")) as found:
        read_plays(written(tmp_path, rules, {"a": -5}), "en")
    assert "segments" in str(found.value)
    assert "offer" in str(found.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_plays(tmp_path / "none.yaml", "en")


@pytest.fixture(scope="module")
def own() -> PlayBook:
    return read_plays(None, "en")


def test_churnmls_own_file_says_what_the_issue_of_a_retention_team_asks(own: PlayBook) -> None:
    frame = ranked(
        lifecycle_stage=["VIP", "VIP", "active", "active", "lapsed", "slowing", "active", "active"],
        reason_1_concept=["complaints", None, "complaints", "delivery", "price", None, "rewards", None],
        risk_band=["high"] * 7 + ["low"],
    )
    X = pd.DataFrame({"complaints_open": [1.0, 0.0, 1.0] + [0.0] * 5, "deliveries_late_365d": [0.0] * 3 + [1.0] * 5})
    assert list(own.choose(frame, X).play) == [
        "call",
        "free_shipping",
        "settle_complaint",
        "late_delivery",
        "win_back",
        "reminder",
        "points",
        "leave_alone",
    ]


def test_late_with_the_second_order_is_who_ordered_once_longer_ago_than_usual(own: PlayBook) -> None:
    stages = ["slowing", "at risk", "new", "slowing", "lapsed", "slowing", "slowing", "slowing", "VIP", "slowing"]
    reasons = [None] * 5 + ["reviews", "complaints", None, None, "rewards"]
    frame = ranked(lifecycle_stage=stages, reason_1_concept=reasons, risk_band=["high"] * 7 + ["low", "high", "high"])
    X = pd.DataFrame(
        {
            "order_days_total": [1, 1, 1, 2, 1, 1, 1, 1, 1, 1],
            # Days since the one order over the days after which half of those who came back had ordered again.
            "overdue_ratio": [1.1, 2.5, 0.9, 1.1, 7.0, 1.1, 1.1, 1.1, 1.1, 1.1],
            "complaints_open": [0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
        }
    ).astype(float)
    assert list(own.choose(frame, X).play) == [
        *("second_order", "second_order"),
        "ask_why",  # not late yet
        "reminder",  # ordered on two days
        "win_back",  # gone
        "ask_why",  # a bad review stands before
        "settle_complaint",  # and so does an open complaint
        "leave_alone",  # unlikely to leave
        "free_shipping",
        "second_order",
    ]
    nobody_came_back = own.choose(frame.head(1), X.head(1).assign(overdue_ratio=float("nan")))
    assert list(nobody_came_back.play) == ["reminder"], "without a usual pause nobody is late"


def test_no_play_says_because_and_all_speak_turkish(own: PlayBook) -> None:
    turkish = read_plays(None, "tr").plays
    for name, play in own.plays.items():
        assert "because" not in f"{play.title} {play.wording}".lower()
        assert "çünkü" not in turkish[name].wording
        assert turkish[name].title != play.title


def test_a_segment_of_before_is_told_its_new_name(tmp_path: Path) -> None:
    rules = "  - {name: one, when: {segments: [At risk, champions, Lost]}, play: a}\n  - {name: rest, play: a}\n"
    with pytest.raises(ConfigError, match="At risk is now slipping, Lost is now long_gone") as found:
        read_plays(written(tmp_path, rules), "en")
    assert "segments" in str(found.value)
