"""The gate of a ranking by effect: it opens where persuadables were planted, and not where risk is best."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnml.models.uplift import RISK, with_risk
from churnml.statistics.logodds import sigmoid
from churnml.training.uplift.gate import FEWEST_HELD_OUT, Entrants, Look, fit, is_open, judge, make_blocks
from churnml.training.uplift.recipe import fit_effect


def draw(seed: int, n: int, kind: str, held: float = 0.5, weeks: int = 20) -> Entrants:
    """Draw customers whose first two features make their risk, and whose third says whom a contact keeps."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 4))
    p = sigmoid(0.4 + 1.1 * x[:, 0] + 0.5 * x[:, 1])
    effect = {
        "none": np.zeros(n),
        "constant": 0.3 * p,
        "persuadable": 0.6 * p * ((p < 0.7) & (p > 0.35) & (rng.random(n) < sigmoid(3 * x[:, 2]))),
    }[kind]
    listed = rng.random(n) >= held
    kept = (rng.random(n) >= p - np.where(listed, effect, 0.0)).astype(float)
    return Entrants(
        X=with_risk(pd.DataFrame(x, columns=list("abcd")), p),
        listed=listed,
        kept=kept,
        profit=50 * kept - listed,
        chance=np.full(n, held),
        kept_alone=1 - p,
        profit_alone=50 * (1 - p),
        cohort=np.arange(n) * weeks // n,
        in_use=p,
        weights=np.ones(n),
    )


def test_planted_persuadables_are_found_and_a_list_by_them_is_better() -> None:
    gates = [judge(draw(seed, 4_000, "persuadable")) for seed in range(5)]
    assert sum(gate.open for gate in gates) >= 4
    rows = draw(9, 4_000, "persuadable")
    effect, _ = fit(rows)
    assert effect.candidate == "ridge"
    best = {
        by: np.argsort(-scores)[:2_000] for by, scores in (("effect", effect.predict(rows.X)), ("risk", rows.in_use))
    }
    p, c = rows.X[RISK].to_numpy(), rows.X["c"].to_numpy()
    kept = 0.6 * p * sigmoid(3 * c) * ((p > 0.35) & (p < 0.7))
    assert kept[best["effect"]].mean() > 1.2 * kept[best["risk"]].mean()


@pytest.mark.parametrize("kind", ["none", "constant"])
def test_where_risk_ranks_best_it_stays_closed(kind: str) -> None:
    assert not any(judge(draw(seed, 2_000, kind, weeks=10)).open for seed in range(12))


def test_a_constant_effect_leaves_the_order_to_the_ranking_in_use() -> None:
    rows = draw(1, 400, "none", weeks=4)
    gate = judge(Entrants(**{**vars(rows), "X": rows.X * 0.0}))
    assert [look.z_kept for look in gate.looks] == [0.0] * 3
    assert gate.figures["more_qini"].value == 0.0
    assert gate.figures["qini"].value == gate.figures["qini_in_use"].value


def test_cohorts_are_joined_until_enough_are_held_out() -> None:
    rows = draw(2, 1_000, "none", held=0.1, weeks=25)
    blocks = make_blocks(rows)
    whole = blocks >= 0
    assert (np.bincount(blocks[whole & ~rows.listed]) >= FEWEST_HELD_OUT).all()
    assert (~rows.listed[~whole]).sum() < FEWEST_HELD_OUT  # the last ones wait for more
    assert (np.diff(blocks[whole]) >= 0).all()
    for cohort in range(25):
        assert len(set(blocks[rows.cohort == cohort])) == 1


def test_what_comes_later_changes_no_look() -> None:
    rows = draw(3, 1_200, "persuadable", weeks=12)
    first = judge(rows.take(rows.cohort < 6)).looks
    assert judge(rows).looks[: len(first)] == first


def looks(*z: float, held_out: int = 0) -> list[Look]:
    return [Look(z_kept=one, z_profit=one, held_out=held_out + at) for at, one in enumerate(z)]


def test_it_opens_beyond_the_bound_and_closes_by_the_same_rule() -> None:
    # alpha .05, one side: -log .01 = 4.605; r = 12 / (4.605 + log 5.605) = 1.896; after one block
    # sqrt(2.896 (log(2.896 / 1.896) + 4.605)) = 3.816.
    assert is_open(looks(3.82))
    assert not is_open(looks(3.81))
    assert not is_open([Look(z_kept=9.0, z_profit=3.0, held_out=0)])
    assert is_open(looks(4.0, -3.81))
    assert not is_open(looks(4.0, -3.82))
    assert is_open(looks(4.0, -4.0, 4.0))


def test_a_block_without_a_difference_counts_as_no_look() -> None:
    assert is_open(looks(0.0, 0.0, 3.82))
    assert not is_open(looks(0.1, 0.1, 3.82))
    # Of profit two blocks count: r = 1.896, sqrt(3.896 (log(3.896 / 1.896) + 4.605)) = 4.556.
    kept_alone = Look(z_kept=5.0, z_profit=0.0, held_out=0)
    assert is_open(
        [kept_alone, Look(z_kept=5.0, z_profit=2.0, held_out=0), Look(z_kept=5.0, z_profit=2.56, held_out=0)]
    )
    assert not is_open(
        [kept_alone, Look(z_kept=5.0, z_profit=2.0, held_out=0), Look(z_kept=5.0, z_profit=2.55, held_out=0)]
    )


def test_one_look_is_planned() -> None:
    # Three blocks of 1: 3 > 1.645 sqrt 3 = 2.85 at the block with which 900 held-out customers are known, only there.
    assert is_open(looks(1.0, 1.0, 1.0, held_out=898))
    assert not is_open(looks(1.0, 1.0, 1.0, held_out=890))
    assert not is_open(looks(1.0, 1.0, 1.0, held_out=900))


def test_the_ridge_is_that_of_its_penalty_and_missing_values_are_the_mean() -> None:
    rng = np.random.default_rng(5)
    X = pd.DataFrame(rng.normal(size=(300, 2)), columns=["a", "b"])
    X.loc[::7, "b"] = np.nan
    scores = 0.2 + 3.0 * X["a"].to_numpy() + rng.normal(size=300)
    effect, criteria = fit_effect(scores, with_risk(X, rng.uniform(0.2, 0.8, 300)), np.ones(300))
    assert min(criteria, key=criteria.__getitem__) == effect.candidate == "ridge"
    assert effect.intercept == pytest.approx(scores.mean())
    told = dict(zip(effect.columns, effect.weights, strict=True))
    assert told["a"] == pytest.approx(3.0, abs=0.2)  # standard error 1 / sqrt(300) = .06
    row = pd.DataFrame({"a": [np.nan], "b": [np.nan], RISK: [np.nan], "churn_probability_spread": [np.nan]})
    assert effect.predict(row)[0] == pytest.approx(effect.intercept)
    # What each column adds, and the mean, are the prediction.
    shown = with_risk(X, np.full(300, 0.5))
    assert effect.predict(shown) == pytest.approx(effect.intercept + effect.contributions(shown).sum(axis=1))


def test_the_penalty_spares_what_risk_says() -> None:
    # Effect .5 p + .1 a with a = -1, 1 as often at each p: what risk says is .5 p, however much of .1 is taken away.
    p = np.tile([0.2, 0.5, 0.8, 0.2, 0.5, 0.8], 40)
    X = with_risk(pd.DataFrame({"a": np.tile(np.repeat([-1.0, 1.0], 3), 40)}), p)
    noise = np.tile(np.repeat([-0.4, 0.4], 6), 20)  # as often above as below at each p and a
    effect, criteria = fit_effect(0.5 * p + 0.1 * X["a"].to_numpy() + noise, X, np.ones(240))
    assert effect.candidate == "ridge"
    weights = dict(zip(effect.columns, effect.weights, strict=True))
    assert weights[RISK] == pytest.approx(0.5)
    assert weights["churn_probability_spread"] == pytest.approx(0.0, abs=1e-9)
    assert 0.08 < weights["a"] < 0.0999
    # By risk: .1^2 + .4^2 are left by three numbers.
    assert criteria["by_risk"] == pytest.approx(0.17 / (1 - 3 / 240) ** 2)


def test_risk_alone_is_three_numbers() -> None:
    rng = np.random.default_rng(6)
    p = rng.uniform(0.05, 0.95, 400)
    X = with_risk(pd.DataFrame(rng.normal(size=(400, 12))).rename(columns=str), p)
    effect, _ = fit_effect(0.5 * p + rng.normal(0.0, 0.05, 400), X, np.ones(400))
    assert effect.candidate == "by_risk"
    assert effect.weights[0] == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("planted", "rows", "chosen"),
    [("together", 100_000, "trees"), ("together", 99_999, "constant"), ("sum", 100_000, "ridge")],
)
def test_trees_learn_from_100_000_rows_on_where_no_sum_says_it(planted: str, rows: int, chosen: str) -> None:
    # +.1 where both have one sign and -.1 where not, of which no column alone says anything; or .1 per unit of one.
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(2, rows))
    effect = 0.1 * np.sign(a * b) if planted == "together" else 0.1 * a
    X = with_risk(pd.DataFrame({"a": a, "b": b}), np.full(rows, 0.5))
    found, errors = fit_effect(effect + rng.normal(size=rows), X, np.ones(rows))
    assert found.candidate == chosen
    assert ("trees" in errors) == (rows == 100_000)
    if chosen == "trees":
        assert np.corrcoef(found.predict(X), effect)[0, 1] > 0.9
        # Noise has a variance of 1, and .01 of the effect are left to a constant.
        assert errors["constant"] == pytest.approx(1.01, abs=0.02)
        assert errors["constant"] - errors["trees"] > 0.007
