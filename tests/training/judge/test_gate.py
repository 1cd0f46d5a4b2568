"""The gate: what ships has skill, and what has none is told from luck."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from churnml.models.candidates import RULE
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import sigmoid
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.selection import AtGate, Choice
from churnml.training.judge import gate as gate_module
from churnml.training.judge.gate import (
    Because,
    Decision,
    Verdict,
    against_champion,
    judge,
    name_signal,
    pass_gate,
    shipped,
    skill_of,
)
from churnml.training.result import Training
from churnml.training.rows.study import Study
from churnml.words.findings import say_verdict
from tests.drawn import permuted, study_of

MakeFrame = Callable[..., TrainingFrame]
TrainOn = Callable[..., Training]


def judged(
    test: TrainingFrame,
    chosen: np.ndarray,
    rule: np.ndarray,
    chosen_is_rule: bool,
    told_on_folds: Sequence[str] = ("chosen", "rule"),
) -> Verdict:
    candidate = RULE if chosen_is_rule else "lightgbm"
    return pass_gate(test, AtGate(candidate=candidate, by_choice=chosen, rule=rule, told_on_folds=told_on_folds))


@pytest.fixture
def gate(make_frame: MakeFrame) -> tuple[TrainingFrame, np.ndarray]:
    """Give 2,000 rows of one snapshot, whose outcomes follow the number beside them."""
    rng = np.random.default_rng(5)
    frame = make_frame(customers=2_000, snapshots=1)
    z = rng.normal(size=2_000)
    return dataclasses.replace(frame, churned=(rng.random(2_000) < sigmoid(z)).astype(float)), z


def told_apart(half: int, right: int, strength: float = 0.4) -> tuple[TrainingFrame, np.ndarray]:
    """Give twice ``half`` customers, half of whom leave, and log-odds that are right of ``right`` in each half."""
    churned = np.repeat([1.0, 0.0], half)
    frame = TrainingFrame(
        None,  # type: ignore[arg-type]
        churned,
        np.arange(2 * half),
        np.zeros(2 * half),
        np.repeat(np.datetime64("2025-01-01"), 2 * half),
    )
    right_rows = np.tile(np.arange(half) < right, 2)
    return frame, strength * np.where((churned == 1) == right_rows, 1.0, -1.0)


def a_verdict(decision: Decision, because: Because) -> Verdict:
    differences = {"against_chance": -0.1, "against_rule": -0.1}
    errors = {"against_chance_error": 0.1, "against_rule_error": 0.1}
    return Verdict(decision=decision, because=because, chosen="lightgbm", **differences, **errors)


def test_better_than_chance_and_than_the_rule(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, z = gate
    verdict = judged(test, z, 0.3 * z, False)
    assert verdict.decision == "model"
    assert verdict.because == "beats both"
    assert verdict.chosen == "lightgbm"
    assert verdict.against_chance < -0.05
    assert verdict.against_rule < -verdict.against_rule_error < 0


def test_an_equal_rule_ships(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, z = gate
    verdict = judged(test, z, z, False)
    assert verdict.decision == "rule"
    assert verdict.because == "rule as good"
    assert (verdict.against_rule, verdict.against_rule_error) == (0.0, 0.0)
    # The figures against chance are those of what ships.
    better = judged(test, 0.2 * z, z, False)
    assert better.decision == "rule"
    assert better.against_chance == verdict.against_chance


def test_the_rule_may_be_the_chosen_one(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, z = gate
    verdict = judged(test, z, z, True)
    assert verdict.decision == "rule"
    assert verdict.because == "rule chosen"


def test_a_rule_with_skill_ships_although_the_chosen_one_has_none(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, z = gate
    assert judged(test, -z, z, False).decision == "rule"


def test_a_rule_without_skill_does_not_ship() -> None:
    # 20 customers who leave and 20 who stay, all told apart by the one; the rule is almost flat and worth nothing.
    churned = np.repeat([1.0, 0.0], 20)
    frame = TrainingFrame(
        None,  # type: ignore[arg-type]
        churned,
        np.arange(40),
        np.zeros(40),
        np.repeat(np.datetime64("2025-01-01"), 40),
    )
    verdict = judged(frame, np.where(churned == 1, 2.0, -2.0), np.tile([0.1, -0.1], 20), False)
    assert verdict.decision == "model"
    assert verdict.because == "beats chance alone"


@pytest.mark.parametrize("chosen_is_rule", [True, False])
def test_noise_has_no_skill(gate: tuple[TrainingFrame, np.ndarray], chosen_is_rule: bool) -> None:
    test, _ = gate
    noise = np.random.default_rng(1).normal(size=2_000) / 10
    verdict = judged(test, noise, noise, chosen_is_rule)
    assert verdict.decision == "no skill"
    assert verdict.because == "nothing tells"


def test_the_wrong_way_round_is_no_skill(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, z = gate
    assert judged(test, -z, -0.5 * z, False).decision == "no skill"


def test_an_auroc_below_one_half_is_no_skill_whatever_the_loss() -> None:
    # Nine of ten who stay are told far below all others; the tenth stands above those who leave and many who stay a
    # bit: the loss is below chance, but a customer who leaves is not likelier to stand above one who stays.
    churned = np.repeat([1.0, 0.0, 0.0], [300, 350, 250])
    logodds = np.repeat([0.0, 0.05, -3.0], [300, 350, 250])
    frame = TrainingFrame(
        None,  # type: ignore[arg-type]
        churned,
        np.arange(900),
        np.zeros(900),
        np.repeat(np.datetime64("2025-01-01"), 900),
    )
    # AUROC: 250 of 600 pairs are right, .4167.
    verdict = judged(frame, logodds, logodds, True)
    assert verdict.against_chance + 2.33 * verdict.against_chance_error < 0
    assert verdict.decision == "no skill"


def test_a_level_makes_no_difference(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, z = gate
    one, other = judged(test, z, 0.3 * z, False), judged(test, z + 5, 0.3 * z - 7, False)
    assert one.decision == other.decision
    assert one.against_chance == pytest.approx(other.against_chance, abs=1e-9)
    assert one.against_rule == pytest.approx(other.against_rule, abs=1e-9)


def test_snapshots_with_moving_levels_earn_nothing(make_frame: MakeFrame) -> None:
    # Predictions that hit the level of every snapshot and nothing else are worth nothing.
    levels = [-2.0, 2.0, -1.0, 1.0]
    frame = make_frame(snapshots=4, levels=levels, signal=0.0)
    logodds = np.repeat(levels, 400) + np.random.default_rng(0).normal(size=1_600) / 100
    assert judged(frame, logodds, logodds, True).decision == "no skill"


def test_one_outcome_alone_is_no_skill(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, z = gate
    assert judged(dataclasses.replace(test, churned=np.ones(2_000)), z, z, False).decision == "no skill"


# More seeds: benchmarks/no_skill.py --drawn.


@pytest.mark.slow
def test_permuted_labels_are_not_promoted(make_frame: MakeFrame, train_on: TrainOn) -> None:
    for seed in range(3):
        training = train_on(permuted(make_frame(hidden=1.0, seed=seed), seed))
        assert training.card.forward
        assert training.verdict.decision == "no skill"
        assert training.model is None
        assert training.figures["auroc"]["value"] == pytest.approx(0.5, abs=0.1)


@pytest.mark.slow
def test_permuted_labels_are_not_promoted_on_parts_of_few_customers(make_frame: MakeFrame, train_on: TrainOn) -> None:
    for seed in range(3):
        frame = permuted(make_frame(customers=60, snapshots=10, seed=seed), seed)
        training = train_on(frame, ["recency_rule", "rfm_logistic"])
        assert not training.card.forward
        assert training.verdict.decision == "no skill"


@pytest.mark.slow
def test_the_unpermuted_frames_have_skill(make_frame: MakeFrame, train_on: TrainOn) -> None:
    for seed in range(3):
        training = train_on(make_frame(seed=seed), ["recency_rule", "rfm_logistic"])
        assert training.verdict.decision in {"rule", "model"}


@pytest.mark.parametrize(
    ("aurocs", "gained", "told"),
    [
        (
            {"recency_rule": 0.504, "rfm_logistic": 0.491},
            0.009,
            "Recency and frequency carry no signal here: on the folds the AUROC of recency alone is 0.50 and "
            "recency, frequency and spend together is 0.49, where 0.50 is chance.",
        ),
        (
            {"recency_rule": 0.56},
            0.011,
            "Recency carries too little signal to be told from chance: on the folds the AUROC of recency "
            "alone is 0.56, where 0.50 is chance.",
        ),
    ],
)
def test_without_skill_the_verdict_says_what_recency_and_frequency_told(
    aurocs: dict[str, float], gained: float, told: str
) -> None:
    comparison = pd.DataFrame({"candidate": [*aurocs, "lightgbm"], "auroc": [*aurocs.values(), 0.7]})
    comparison = comparison.assign(against_chance=-gained, against_chance_error=0.01)
    nothing = a_verdict("no skill", "nothing tells")
    found = say_verdict(name_signal(nothing, comparison).to_card(), "en")
    assert found.startswith(
        "Nothing tells leaving customers from staying ones better than chance, so no model is promoted"
    )
    assert "Bring more history or more tables" in found
    assert found.endswith(f"another `horizon_days`. {told}")
    ships = dataclasses.replace(nothing, decision="model")
    assert name_signal(ships, comparison) == ships


def test_what_told_nothing_on_the_folds_has_no_skill_at_the_gate(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, z = gate
    assert judged(test, z, 0.3 * z, False, ["rule"]).decision == "rule"
    assert judged(test, z, 0.3 * z, False, ["chosen"]).decision == "model"
    assert judged(test, z, 0.3 * z, False, []).decision == "no skill"
    assert judged(test, z, z, True, ["chosen"]).decision == "no skill"


def test_the_score_statistic_by_hand() -> None:
    # Two of four leave; y - p is +-1/2, l - mean is 1.5, 0.5, -0.5, -1.5 for the outcomes 1, 0, 1, 0.
    # Scores 0.75, -0.25, -0.25, 0.75: mean 0.25; deviations +-0.5, so the error is sqrt(4/3 * 4 * 0.25) / 4 = 0.28868.
    frame = TrainingFrame(
        None,  # type: ignore[arg-type]
        np.array([1.0, 0.0, 1.0, 0.0]),
        np.arange(4),
        np.zeros(4),
        np.repeat(np.datetime64("2025-01-01"), 4),
    )
    logodds = np.array([3.0, 2.0, 1.0, 0.0])
    assert skill_of(frame, logodds) == pytest.approx(0.25 / 0.2886751)
    assert skill_of(frame, 7 + 3 * logodds) == pytest.approx(skill_of(frame, logodds))
    assert skill_of(frame, -logodds) == pytest.approx(-skill_of(frame, logodds))
    # Two in the middle: scores 0.5, 0, 0, 0.5, mean 0.25, deviations +-0.25, error sqrt(4/3 * 4 * 0.0625) / 4.
    assert skill_of(frame, np.array([2.0, 1.0, 1.0, 0.0])) == pytest.approx(0.25 / 0.1443376)
    assert skill_of(frame, np.full(4, 0.3)) == 0.0
    assert skill_of(dataclasses.replace(frame, churned=np.ones(4)), logodds) == 0.0
    assert skill_of(frame, np.array([2.0, 0.0, 2.0, 0.0])) == np.inf


@pytest.mark.slow
def test_the_score_statistic_of_noise_is_standard_normal(make_frame: MakeFrame) -> None:
    rng = np.random.default_rng(8)
    frame = make_frame(customers=400, snapshots=3)
    drawn = []
    for _ in range(400):
        churned = (rng.random(len(frame)) < 0.1).astype(float)
        drawn.append(skill_of(dataclasses.replace(frame, churned=churned), rng.normal(size=len(frame))))
    assert np.mean(drawn) == pytest.approx(0, abs=0.15)
    assert np.std(drawn) == pytest.approx(1, abs=0.1)
    assert np.mean(np.array(drawn) > 2.33) < 0.03


def test_skill_begins_at_the_99_percent_quantile() -> None:
    # Every score is +-c: with n rows and q = share right - share wrong the statistic is q sqrt(n - 1) / sqrt(1 - q^2).
    # 88 of 148 right: q = 28/148 = .18919, .18919 * sqrt(147) / sqrt(.96421) = 2.3360; 68 of 112: q = 24/112 = .21429,
    # .21429 * sqrt(111) / sqrt(.95408) = 2.3113. The 99 % quantile of the normal distribution, 2.3263, lies between.
    for half, right, statistic, decision in ((74, 44, 2.3360, "rule"), (56, 34, 2.3113, "no skill")):
        test, z = told_apart(half, right)
        verdict = judged(test, z, z, True)
        assert verdict.skill == pytest.approx(statistic, abs=5e-5)
        assert verdict.against_chance < 0
        assert verdict.decision == decision


def test_a_champion_stays_from_the_95_percent_quantile_on() -> None:
    # The new one tells nothing: every row loses log 2. The champion says 3/4 or 1/4: a right row loses log 4/3, a wrong
    # one log 4. With the share r right the mean difference is r log 3 - log 2, its error log 3 sqrt(r (1 - r) / (n-1)).
    # 166 of 244 right: .05427 / .03287 = 1.6512; 200 of 296: .04916 / .02994 = 1.6417; the 95 % quantile is 1.6449.
    before = a_verdict("model", "beats both")
    for half, right, statistic, replaces in ((122, 83, 1.6512, False), (148, 100, 1.6417, True)):
        test, champion = told_apart(half, right, strength=np.log(3))
        verdict = against_champion(before, test, np.zeros(len(test)), champion)
        share = right / half
        difference = share * np.log(3) - np.log(2)
        error = np.log(3) * np.sqrt(share * (1 - share) / (len(test) - 1))
        assert difference / error == pytest.approx(statistic, abs=5e-5)
        assert verdict.against_champion == pytest.approx(difference)
        assert verdict.against_champion_error == pytest.approx(error)
        assert verdict.replaces is replaces
        assert verdict.decision == "model"
        # The other way round the new one is better, and replaces whatever the champion was.
        assert against_champion(before, test, champion, np.zeros(len(test))).replaces


def test_the_champion_is_compared_whatever_the_level() -> None:
    before = a_verdict("model", "beats both")
    test, champion = told_apart(122, 83, strength=np.log(3))
    one = against_champion(before, test, np.zeros(len(test)), champion)
    other = against_champion(before, test, np.full(len(test), 3.0), champion - 2)
    assert other.against_champion == pytest.approx(one.against_champion, abs=1e-9)
    alone = say_verdict(before.to_card(), "en")
    assert say_verdict(one.to_card(), "en", one.champion_ahead) == (
        f"{alone} But the champion's recipe loses 0.0543 less on the same rows, so the champion stays; this one is "
        "kept as challenger (churnml promote makes it champion)."
    )
    same = against_champion(before, test, champion, champion)
    assert (same.against_champion, same.against_champion_error) == (0.0, 0.0)
    assert same.replaces
    said = say_verdict(same.to_card(), "en", same.champion_ahead)
    assert said == "LightGBM beats chance and the recency rule; the list uses it."


def test_an_auroc_of_one_half_is_no_skill() -> None:
    # As above with half of those who stay far below and half a bit above: 300 of 600 pairs are right, exactly .5.
    churned = np.repeat([1.0, 0.0, 0.0], 300)
    logodds = np.repeat([0.0, 0.05, -3.0], 300)
    frame = dataclasses.replace(
        told_apart(450, 450)[0], churned=churned, customers=np.arange(900), hashes=np.zeros(900)
    )
    verdict = judged(frame, logodds, logodds, True)
    assert verdict.skill > 2.33
    assert verdict.against_chance < 0
    assert verdict.decision == "no skill"


@pytest.mark.parametrize("times", [4, 20])
def test_what_is_far_too_sure_is_no_skill(times: int, gate: tuple[TrainingFrame, np.ndarray]) -> None:
    # The order is as good as before, but so sure that its loss is above that of the churn rate.
    test, z = gate
    verdict = judged(test, times * z, times * z, True)
    assert verdict.skill > 2.33
    assert verdict.against_chance > 0
    assert verdict.decision == "no skill"


def test_the_chosen_one_ships_from_one_standard_error_on() -> None:
    # The rule is right of 70 in each half of 100. Where the chosen one is right and the rule is wrong, it loses .8 less
    # (log-odds of .4 to both sides). With u rows better and v worse, of n = 200, the mean difference over its error is
    # (u - v) sqrt(199 / 200) / sqrt(u + v - (u - v)^2 / 200): for 20 and 14 it is 5.985 / 5.816 = 1.029, for 22 and 16
    # it is 5.985 / 6.150 = .973.
    test, rule = told_apart(100, 70)
    for better, worse, decision in ((10, 7, "model"), (11, 8, "rule")):
        changed = np.tile((np.arange(100) < worse) | ((np.arange(100) >= 70) & (np.arange(100) < 70 + better)), 2)
        verdict = judged(test, np.where(changed, -rule, rule), rule, False)
        assert verdict.against_rule / -verdict.against_rule_error == pytest.approx(
            {"model": 1.0291, "rule": 0.9732}[decision], abs=1e-3
        )
        assert verdict.decision == decision
        assert verdict.replaces


def test_one_of_two_simple_ones_that_tells_is_too_little_signal() -> None:
    comparison = pd.DataFrame(
        {
            "candidate": ["recency_rule", "rfm_logistic"],
            "auroc": [0.51, 0.55],
            "against_chance": [-0.009, -0.011],
            "against_chance_error": [0.01, 0.01],
        }
    )
    nothing = a_verdict("no skill", "nothing tells")
    assert (nothing.skill, nothing.replaces, nothing.against_champion) == (0.0, True, None)
    assert not nothing.simple_tells
    named = name_signal(nothing, comparison)
    assert named.simple_auroc == {"recency_rule": 0.51, "rfm_logistic": 0.55}
    assert named.simple_tells


# --- with a champion -----------------------------------------------------------------------------------------------

CHOSEN, RULES, CHAMPION = Recipe(("a", "b"), "lightgbm"), Recipe(("a", "b")), Recipe(("a",), "rfm_logistic")


def a_choice(z: np.ndarray, rule: np.ndarray) -> Choice:
    comparison = pd.DataFrame({"candidate": ["lightgbm"], "auroc": 0.7, "against_chance": -1.0})
    at_gate = AtGate(candidate="lightgbm", by_choice=z, rule=rule)
    parts = {"predictions": None, "comparison": comparison, "segments": ()}
    return Choice(chosen=CHOSEN, rule=RULES, at_gate=at_gate, **parts)


@pytest.fixture
def against(gate: tuple[TrainingFrame, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Judge with a champion that knows all, and say which recipes were compared under the same cut."""
    test, z = gate
    asked: list[Recipe] = []

    def compared(study: Study, folds: object, recipes: Sequence[Recipe]) -> list[np.ndarray]:
        asked.extend(recipes)
        return [z, 4 * (test.churned - 0.5)]

    def judged_against(champion: Recipe | None, chosen: float, rule: float) -> tuple[Verdict, Verdict, list[Recipe]]:
        X = pd.DataFrame({"a": z, "b": z})
        study = study_of(dataclasses.replace(test, X=X))
        study.__dict__.update(plan=SimpleNamespace(gates=()), gate_rows=test)
        return *judge(study, a_choice(chosen * z, rule * z), champion), asked

    monkeypatch.setattr(gate_module, "predict", compared)
    return judged_against


@pytest.mark.parametrize("features", [("a",), ("a", "b")])
@pytest.mark.parametrize(("rule", "ships"), [(0.3, CHOSEN), (1.0, RULES)])
def test_a_champion_is_held_against_what_ships(
    against: Callable[..., Any], features: tuple[str, ...], rule: float, ships: Recipe
) -> None:
    champion = dataclasses.replace(CHAMPION, features=features)
    own, verdict, compared = against(champion, 1.0, rule)
    assert compared == [ships, champion]
    assert own.replaces
    assert not verdict.replaces, "the champion knows all"
    assert own.decision == verdict.decision == ("model" if ships is CHOSEN else "rule")


@pytest.mark.parametrize(
    ("champion", "chosen"), [(None, 1.0), (dataclasses.replace(CHAMPION, features=("a", "c")), 1.0), (CHAMPION, -1.0)]
)
def test_none_is_held_against_what_reads_other_features_or_ships_nothing(
    against: Callable[..., Any], champion: Recipe | None, chosen: float
) -> None:
    own, verdict, compared = against(champion, chosen, 0.3 * chosen)
    assert own is verdict
    assert not compared
    assert (own.decision == "no skill") == (chosen < 0)


def test_the_chosen_one_ships_unless_the_rule_is_as_good(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    _, z = gate
    choice = a_choice(z, 2 * z)
    nothing = a_verdict("no skill", "nothing tells")
    for decision, recipe, logodds in (("model", CHOSEN, z), ("no skill", CHOSEN, z), ("rule", RULES, 2 * z)):
        ships, said = shipped(choice, dataclasses.replace(nothing, decision=decision))
        assert ships is recipe
        np.testing.assert_array_equal(said, logodds)
