"""Effects of what was drawn by lot: against other libraries, by hand, and in laws."""

from __future__ import annotations

import math
from io import StringIO

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_ind

from churnml.statistics.effect_ratios import money_per_contact, ratio_of_effects
from churnml.statistics.effects import Effect, Entered, effect_on_money, effect_on_share
from churnml.statistics.several_effects import benjamini_hochberg, holm, shrink
from churnml.statistics.shares import newcombe

# Drawn with numpy's default_rng(11): 60 customers in three cohorts, W 1 where listed, X known before, Y 0 or 1, M
# money.
COHORT = [int(one) for one in "002111201012101022212101112020120211222122000121212120122220"]
W = [int(one) for one in "100110101000011100011100110000011010011010000111000110101001"]
Y = [int(one) for one in "111111110000111010100101000010001100000011001110100101101010"]
X = np.loadtxt(
    StringIO("""
0.3 0.78 0.69 0.54 0.63 0.65 0.72 0.84 0.22 0.6 0.21 0.45 0.73 0.82 0.71 0.13 0.39 0.23 0.9 0.22
0.3 0.39 0.15 0.8 0.61 0.23 0.5 0.16 0.59 0.29 0.13 0.19 0.54 0.61 0.36 0.61 0.38 0.2 0.35 0.42
0.83 0.19 0.17 0.55 0.87 0.83 0.66 0.15 0.75 0.65 0.22 0.47 0.14 0.74 0.67 0.74 0.71 0.31 0.73 0.3
""")
).ravel()
M = np.loadtxt(
    StringIO("""
0 23.6 0 0 0 7.8 0 0 0 28.9 0 0 0 0 12.8 17.7 22.0 2.0 24.3 7.2
0 4.6 0 0 0 106.3 0 0 0 3.0 0 0 13.1 0 0 8.5 4.6 16.1 0 14.1
0 0 13.2 0 0 0 0 0 42.1 152.1 0 0 36.9 0 0 0 0 0 33.2 19.8
""")
).ravel()


def entered(**changed: object) -> Entered:
    given = {"listed": np.array(W) == 1, "cohort": COHORT, "covariate": X} | changed
    return Entered.of(**given)[0]  # type: ignore[arg-type]


def test_it_is_the_ordinary_regression_of_statsmodels() -> None:
    # statsmodels 0.14: OLS(y, [w, x less its cohort's mean, cohort dummies]).fit(cov_type=...), parameter and variance.
    design = entered().design
    of_y, of_m = design.fit(np.array(Y, dtype=float)), design.fit(M)
    assert of_y.effect == pytest.approx(0.1709297956178383, abs=1e-12)
    assert of_m.effect == pytest.approx(-4.8480532048529685, abs=1e-10)
    for fit, power, variance in (
        (of_y, 0.5, 0.008915151103045816),
        (of_y, 1.0, 0.009682980790126361),
        (of_m, 0.5, 50.38532637664223),
        (of_m, 1.0, 54.87079461319353),
    ):
        moved = design.moved(fit, power)
        assert design.covariance(moved, moved) == pytest.approx(variance, rel=1e-10)
    # The same with all rows of one variance.
    free = 60 - 5
    assert of_m.residuals @ of_m.residuals / free * design.pulls @ design.pulls == pytest.approx(47.58905904452214)


def test_the_interval_of_a_share_is_that_with_two_pseudo_customers_per_arm() -> None:
    # statsmodels again, with four rows more: both arms with an outcome of 1 and of 0, at x = 0 and the cohorts' shares.
    found = effect_on_share(entered(), Y)
    assert found.value == pytest.approx(0.1709297956178383, abs=1e-12)
    assert found.variance == pytest.approx(0.008983019766888499, rel=1e-10)
    half = student.ppf(0.975, found.degrees) * math.sqrt(found.variance)
    assert found.interval == pytest.approx((0.15937468541479752 - half, 0.15937468541479752 + half))


def test_without_a_covariate_and_with_one_cohort_it_is_welchs_test() -> None:
    # tea-tasting 1.x: Mean("m", equal_var=False, use_t=True), which is Welch's test too.
    alone = Entered.of(np.array(W) == 1, np.zeros(60))[0]
    design = alone.design
    moved = design.moved(design.fit(M))
    half = student.ppf(0.975, design.degrees(moved)) * math.sqrt(design.covariance(moved, moved))
    assert design.fit(M).effect == pytest.approx(-2.811784511784511, abs=1e-10)
    assert design.fit(M).effect - half == pytest.approx(-15.541487947381661, abs=1e-10)
    assert design.fit(M).effect + half == pytest.approx(9.917918923812639, abs=1e-10)
    assert ttest_ind(M[np.array(W) == 1], M[np.array(W) == 0], equal_var=False).df == pytest.approx(
        design.degrees(moved)
    )


def test_swapping_the_arms_turns_the_sign_exactly() -> None:
    for estimate, outcome in ((effect_on_share, np.array(Y)), (effect_on_money, M)):
        one, other = estimate(entered(), outcome), estimate(entered(listed=np.array(W) == 0), outcome)
        assert other.value == pytest.approx(-one.value, abs=1e-12)
        assert other.interval == pytest.approx((-one.interval.high, -one.interval.low), abs=1e-9)


def test_an_effect_is_found_and_order_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    n = 20_000
    p, listed, cohort = rng.uniform(0.3, 0.9, n), rng.random(n) < 0.7, rng.integers(0, 5, n)
    y = (rng.random(n) < p - 0.1 * listed).astype(float)
    found = effect_on_share(Entered.of(listed, cohort, p)[0], y)
    assert abs(found.value + 0.1) <= 3 * math.sqrt(found.variance)
    assert found.interval.low < -0.1 < found.interval.high
    mixed = rng.permutation(n)
    again = effect_on_share(Entered.of(listed[mixed], cohort[mixed], p[mixed])[0], y[mixed])
    assert (again.value, again.interval) == (pytest.approx(found.value), pytest.approx(found.interval))
    # What was known before the draw narrows the interval.
    plain = effect_on_share(Entered.of(listed, cohort)[0], y)
    assert found.variance < 0.95 * plain.variance


def test_cohorts_with_one_arm_are_left_out_and_those_of_other_chances_weighed() -> None:
    listed = [True, True, False, True, True]
    found, kept = Entered.of(listed, ["a", "a", "a", "b", "b"])
    assert kept.tolist() == [True, True, True, False, False]
    assert found.cohorts == 1
    assert found.information == pytest.approx(2 / 3)  # 2 x 1 / 3
    weighed = Entered.of([True, False] * 2, ["a", "a", "b", "b"], chance=[0.1, 0.1, 0.4, 0.4])[0]
    # 1 / .9 and 1 / .1, then 1 / .6 and 1 / .4, each pair with a mean of 1.
    assert weighed.weights == pytest.approx([0.2, 1.8, 0.8, 1.2])
    assert (Entered.of([True, False], ["a", "a"], chance=[0.1, 0.1])[0].weights == 1).all()
    assert math.isnan(effect_on_share(Entered.of([True], ["a"])[0], []).value)


@pytest.mark.parametrize(("held_out", "kind"), [(2, "none"), (3, "newcombe"), (9, "newcombe"), (10, "adjusted")])
def test_few_held_out_have_another_interval_or_none(held_out: int, kind: str) -> None:
    listed = np.arange(100) >= held_out
    y = (np.arange(100) % 3 == 0).astype(float)
    rng = np.random.default_rng(1)
    found = effect_on_share(Entered.of(listed, np.zeros(100), rng.random(100))[0], y)
    low, high = newcombe(y[listed].sum(), listed.sum(), y[~listed].sum(), held_out)
    if kind == "none":
        assert math.isnan(found.interval.low)
    else:
        assert (found.interval == pytest.approx((float(low), float(high)))) is (kind == "newcombe")


def test_shares_that_are_all_alike_have_an_interval_all_the_same() -> None:
    listed = np.arange(200) >= 20
    found = effect_on_share(Entered.of(listed, np.zeros(200))[0], np.ones(200))
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert found.interval.low < -0.01
    assert found.interval.high > 0.01


def test_money_leans_as_the_estimate_does() -> None:
    rng = np.random.default_rng(2)
    listed, y = np.arange(1_000) >= 100, rng.lognormal(3, 1.2, 1_000)
    found = effect_on_money(Entered.of(listed, np.zeros(1_000))[0], y)
    below, above = found.value - found.interval.low, found.interval.high - found.value
    # The mean of the few held out is skewed to the right, so that the difference falls short by more than it exceeds.
    assert above > below
    # By hand: residuals of both arms together, and their third moment.
    e = np.where(listed, y - y[listed].mean(), y - y[~listed].mean())
    s = math.sqrt(e @ e / 998 * (1 / 900 + 1 / 100))
    a = (e**3).mean() * (1 / 900**2 - 1 / 100**2) / s**3 * (1.959964**2 - 1) / 6
    assert found.interval.low <= found.value - s * (1.959964 + a) + 1e-4
    assert found.interval.high >= found.value + s * (1.959964 - a) - 1e-4
    # A single whale among all: nothing can be said of money.
    whale = np.zeros(1_000)
    whale[0] = 1e6
    assert math.isnan(effect_on_money(Entered.of(listed, np.zeros(1_000))[0], whale).interval.low)


def test_the_variance_of_money_is_the_larger_of_the_two() -> None:
    # By hand: 2, 4, 6, 8 listed (mean 5) and 0, 1, 5 held out (mean 2). Squares 9 + 1 + 1 + 9 = 20 and 4 + 1 + 9 = 14.
    # Both arms together: 34 / 5 x (1/4 + 1/3) = 3.967. HC3, with leverages of 1/4 and 1/3:
    # 20 / (16 x .75^2) + 14 / (9 x (2/3)^2) = 2.222 + 3.5.
    found = effect_on_money(Entered.of([True] * 4 + [False] * 3, np.zeros(7))[0], [2, 4, 6, 8, 0, 1, 5])
    assert found.value == pytest.approx(3.0)
    assert found.variance == pytest.approx(5.7222, abs=1e-4)
    # With one spread of many and another of few, both together are the larger.
    few = effect_on_money(Entered.of([True] * 6 + [False] * 3, np.zeros(9))[0], [0, 10, 0, 10, 0, 10, 5, 5, 5])
    # Squares 6 x 25 = 150, of 7 free rows, times 1/6 + 1/3: 10.714; HC3: 150 / (36 x (5/6)^2) = 6.
    assert few.variance == pytest.approx(10.7143, abs=1e-4)


def test_where_exactly_the_listed_were_contacted_the_effect_of_contacting_is_that_of_listing() -> None:
    found, treated = entered(), np.array(W, dtype=float)
    ratio = ratio_of_effects(found, np.array(Y, dtype=float), treated)
    whole = effect_on_share(found, Y)
    assert ratio.value == pytest.approx(whole.value)
    assert ratio.interval == pytest.approx(whole.interval)
    money = money_per_contact(found, M, treated)
    assert money.value == pytest.approx(effect_on_money(found, M).value)
    assert money.interval == pytest.approx(effect_on_money(found, M).interval)


def test_where_few_were_contacted_any_effect_of_contacting_is_possible() -> None:
    treated = np.zeros(60)
    treated[0] = 1.0
    for ratio in (
        ratio_of_effects(entered(), np.array(Y, dtype=float), treated),
        money_per_contact(entered(), M, treated),
        money_per_contact(entered(), M, np.zeros(60)),
    ):
        assert ratio.kind != "interval" or ratio.interval.high - ratio.interval.low > 5


def test_contacting_is_told_from_listing_where_some_were_not_reached() -> None:
    rng = np.random.default_rng(8)
    n = 40_000
    listed, p = rng.random(n) < 0.5, rng.uniform(0.3, 0.9, n)
    treated = np.where(listed, rng.random(n) < 0.6, rng.random(n) < 0.1).astype(float)
    y = (rng.random(n) < p - 0.2 * treated).astype(float)
    found = Entered.of(listed, np.zeros(n), p)[0]
    assert effect_on_share(found, y).value == pytest.approx(-0.2 * 0.5, abs=0.02)
    ratio = ratio_of_effects(found, y, treated)
    assert ratio.kind == "interval"
    assert ratio.interval.low < -0.2 < ratio.interval.high
    spent = 100.0 * (1 - y) + rng.normal(0, 5, n)
    money = money_per_contact(found, spent, treated)
    assert money.interval.low < 20.0 < money.interval.high
    assert money.interval.high - money.interval.low < 6


def test_rows_of_one_customer_hang_together() -> None:
    rng = np.random.default_rng(4)
    listed, y = rng.random(400) < 0.5, rng.random(400)
    once = Entered.of(listed, np.zeros(400), customers=np.arange(400))[0]
    twice = Entered.of(np.tile(listed, 2), np.repeat([0, 1], 400), customers=np.tile(np.arange(400), 2))[0]
    single = once.design.moved(once.design.fit(y))
    double = twice.design.moved(twice.design.fit(np.tile(y, 2)))
    # Who is counted twice tells nothing more.
    assert twice.design.covariance(double, double) == pytest.approx(once.design.covariance(single, single), rel=0.01)


def test_groups_are_drawn_to_their_mean_by_how_unsure_they_are() -> None:
    # Two groups, 0 and 1, errors of .1: sum((tau - m)^2 / (.01 + t^2)) = 1 gives .5 / (.01 + t^2) = 1, so t^2 = .49:
    # each keeps .49 / .5 of its distance to .5.
    found = shrink([0.0, 1.0], [0.1, 0.1])
    assert found.spread**2 == pytest.approx(0.49, abs=1e-6)
    assert found.effects == pytest.approx([0.01, 0.99], abs=1e-6)
    alike = shrink([0.1, 0.12, np.nan], [0.1, 0.1, np.nan])
    assert alike.spread == 0
    assert alike.effects == pytest.approx([0.11] * 3)
    assert np.isnan(shrink([np.nan], [np.nan]).effects).all()


def test_p_values_are_adjusted_for_how_many_were_looked_at() -> None:
    assert holm([0.01, math.nan, 0.04]).tolist()[::2] == [0.02, 0.04]
    assert benjamini_hochberg([0.01, 0.02, 0.9]).round(3).tolist() == [0.03, 0.03, 0.9]
    assert np.isnan(holm([math.nan])).all()


def test_a_p_value_goes_with_the_interval() -> None:
    usual = {"interval": None, "information": 1.0, "listed": 9, "held_out": 9, "mean_listed": 0, "mean_held_out": 0}
    one = Effect(value=1.96, variance=1.0, degrees=1e9, **usual)  # type: ignore[arg-type]
    assert one.p_value == pytest.approx(0.05, abs=1e-4)
    assert one.at_level(0.95) == pytest.approx((0.0, 3.92), abs=1e-3)
