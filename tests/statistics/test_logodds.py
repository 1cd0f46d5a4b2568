"""Laws of log-odds and of the shifts and lines fitted to them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss as sklearn_log_loss

from churnml.statistics.logodds import logit, paired_arrays, row_log_loss, sigmoid
from churnml.statistics.shifts import fit_affine, fit_intercept, shift_per_group, shift_to


def sample(seed: int, n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    z = generator.normal(0.3, 1.5, n)
    y = (generator.random(n) < sigmoid(0.5 + 0.7 * z)).astype(float)
    return y, z


def test_logit_undoes_sigmoid() -> None:
    z = np.linspace(-30, 30, 61)
    # Near 1 a probability keeps only 1e-16 of absolute precision, hence log-odds of 30 only 1e-3 relative.
    np.testing.assert_allclose(logit(sigmoid(z[:45])), z[:45], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(sigmoid(logit([0.0, 0.25, 1.0])), [0.0, 0.25, 1.0])


def test_logit_of_four_fifths_is_log_four() -> None:
    # 0.8 / 0.2 = 4
    assert logit([0.8])[0] == pytest.approx(np.log(4), abs=1e-15)


def test_row_log_loss_equals_the_logarithm_of_the_probability() -> None:
    # sigmoid(log 3) = 3/4: churned loses -log(3/4), stayed loses -log(1/4)
    losses = row_log_loss([1, 0], np.log([3.0, 3.0]))
    np.testing.assert_allclose(losses, [-np.log(0.75), -np.log(0.25)])


def test_row_log_loss_stays_exact_where_probabilities_round() -> None:
    # log(1 + exp(-50)) = exp(-50) to double precision; certain and wrong loses the log-odds themselves
    np.testing.assert_allclose(row_log_loss([1, 0, 1], [50.0, 800.0, np.inf]), [np.exp(-50.0), 800.0, 0.0], rtol=1e-12)


def test_row_log_loss_agrees_with_scikit_learn_on_average() -> None:
    y, z = sample(1)
    assert row_log_loss(y, z).mean() == pytest.approx(sklearn_log_loss(y, sigmoid(z)), rel=1e-12)


def test_intercept_on_nothing_is_the_logit_of_the_base_rate() -> None:
    # 1 of 4 churned: log((1/4) / (3/4)) = log(1/3)
    assert fit_intercept([0, 1, 0, 0], np.zeros(4)) == pytest.approx(np.log(1 / 3), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_intercept_makes_predicted_and_churned_totals_equal(seed: int) -> None:
    y, z = sample(seed)
    shift = fit_intercept(y, z)
    assert sigmoid(z + shift).sum() == pytest.approx(y.sum(), abs=1e-9)


@pytest.mark.slow
@given(
    rows=st.lists(st.tuples(st.booleans(), st.floats(-200, 200)), min_size=2, max_size=30).filter(
        lambda rows: len({y for y, _ in rows}) == 2
    ),
    constant=st.floats(-50, 50),
)
def test_intercept_solves_its_equation_and_follows_a_constant(rows: list[tuple[bool, float]], constant: float) -> None:
    y, z = np.array([row[0] for row in rows], dtype=float), np.array([row[1] for row in rows])
    shift = fit_intercept(y, z)
    assert sigmoid(z + shift).sum() == pytest.approx(y.sum(), abs=1e-6)
    best = row_log_loss(y, z + shift).mean()
    assert row_log_loss(y, z + constant + fit_intercept(y, z + constant)).mean() == pytest.approx(best, rel=1e-9)
    for other in (shift - 0.1, shift + 0.1):
        assert row_log_loss(y, z + other).mean() >= best * (1 - 1e-9)


def test_intercept_of_one_outcome_is_bounded_by_thirty() -> None:
    assert fit_intercept([0, 0], [1.0, 5.0]) == -35.0
    assert fit_intercept([1, 1], [1.0, 5.0]) == 29.0


def test_weights_count_like_repeated_rows() -> None:
    y, z = sample(2, 60)
    weights = np.random.default_rng(3).integers(0, 4, 60)
    repeated = np.repeat(np.arange(60), weights)
    assert fit_intercept(y, z, weights) == pytest.approx(fit_intercept(y[repeated], z[repeated]), abs=1e-11)
    np.testing.assert_allclose(fit_affine(y, z, weights), fit_affine(y[repeated], z[repeated]), atol=1e-9)


def test_rows_without_weight_do_not_count_even_at_the_bounds() -> None:
    assert fit_intercept([1, 0, 0], [99.0, 0.0, 0.0], [0, 1, 1]) == -30.0


def test_shift_per_group_refits_each_group_on_its_own() -> None:
    # Group a: 2 of 3 churned -> log 2; group b: 1 of 4 -> -log 3, whatever level was predicted
    y = np.array([1, 0, 1, 0, 1, 0, 0])
    groups = np.array(["a", "b", "a", "b", "a", "b", "b"])
    y[[0, 2, 4]], y[[1, 3, 5, 6]] = [1, 1, 0], [1, 0, 0, 0]
    z = np.where(groups == "a", 8.0, -6.0)
    np.testing.assert_allclose(
        shift_per_group(y, z, groups), np.where(groups == "a", np.log(2), -np.log(3)), atol=1e-11
    )


def test_shift_per_group_ignores_levels_and_row_order() -> None:
    y, z = sample(4)
    groups = np.repeat(np.array(["2011-03-01", "2011-06-01", "2011-09-01", "2011-12-01"], dtype="datetime64[D]"), 100)
    levels = np.repeat([3.0, -2.0, 0.5, 9.0], 100)
    expected = shift_per_group(y, z, groups)
    np.testing.assert_allclose(shift_per_group(y, z + levels, groups), expected, atol=1e-10)
    shuffled = np.random.default_rng(0).permutation(400)
    np.testing.assert_allclose(
        shift_per_group(y[shuffled], z[shuffled], groups[shuffled]), expected[shuffled], atol=1e-10
    )


def test_shift_per_group_of_no_rows_is_empty() -> None:
    assert shift_per_group([], [], []).shape == (0,)


@pytest.mark.parametrize("seed", range(3))
def test_affine_fit_agrees_with_scikit_learn_without_penalty(seed: int) -> None:
    y, z = sample(seed)
    reference = LogisticRegression(C=np.inf, tol=1e-10, solver="newton-cholesky").fit(z[:, None], y)
    intercept, slope = fit_affine(y, z)
    assert intercept == pytest.approx(reference.intercept_[0], abs=1e-6)
    assert slope == pytest.approx(reference.coef_[0, 0], abs=1e-6)


def test_affine_fit_of_two_levels_meets_both_rates() -> None:
    # At z = 1, 3 of 4 churned: log 3. At z = 4, 1 of 3: -log 2. Slope (-log 2 - log 3) / 3 = -log(6) / 3.
    y = [1, 1, 1, 0, 1, 0, 0]
    z = [1, 1, 1, 1, 4, 4, 4]
    intercept, slope = fit_affine(y, z)
    assert slope == pytest.approx(-np.log(6) / 3, abs=1e-10)
    assert intercept == pytest.approx(np.log(3) + np.log(6) / 3, abs=1e-10)


def test_affine_fit_undoes_a_line() -> None:
    y, z = sample(5)
    intercept, slope = fit_affine(y, z)
    moved_intercept, moved_slope = fit_affine(y, 1e4 + 250.0 * z)
    # intercept' + slope' * (10,000 + 250 z) must be the same line in z
    assert moved_slope * 250 == pytest.approx(slope, rel=1e-8)
    assert moved_intercept + moved_slope * 1e4 == pytest.approx(intercept, abs=1e-7)


def test_affine_fit_of_constant_logodds_is_the_intercept_with_slope_one() -> None:
    intercept, slope = fit_affine([1, 0, 0, 0], [2.0, 2.0, 2.0, 2.0])
    assert slope == 1.0
    assert intercept == pytest.approx(np.log(1 / 3) - 2.0, abs=1e-11)


def test_affine_fit_of_one_outcome_is_the_bounded_intercept_with_slope_one() -> None:
    assert fit_affine([0, 0, 0], [0.0, 1.0, 2.0]) == (-32.0, 1.0)


def test_affine_fit_of_separated_outcomes_is_finite_and_meets_smoothed_targets() -> None:
    # n1 = 2 -> target 3/4, n0 = 3 -> target 1/5; two levels of z meet both: log 3 at 1, -log 4 at -1
    intercept, slope = fit_affine([1, 1, 0, 0, 0], [1, 1, -1, -1, -1])
    assert slope == pytest.approx((np.log(3) + np.log(4)) / 2, abs=1e-10)
    assert intercept == pytest.approx((np.log(3) - np.log(4)) / 2, abs=1e-10)
    _, reversed_slope = fit_affine([0, 0, 1, 1, 1], [1.0, 2.0, -1.0, -2.0, -3.0])
    assert -10 < reversed_slope < 0


@given(rows=st.lists(st.tuples(st.booleans(), st.integers(-40, 40)), min_size=1, max_size=25))
def test_affine_fit_is_finite_and_no_worse_than_an_intercept(rows: list[tuple[bool, int]]) -> None:
    y, z = np.array([row[0] for row in rows], dtype=float), np.array([row[1] for row in rows], dtype=float)
    intercept, slope = fit_affine(y, z)
    assert np.isfinite(intercept)
    assert np.isfinite(slope)
    overlap = 0 < y.mean() < 1 and z[y == 1].min() < z[y == 0].max() and z[y == 1].max() > z[y == 0].min()
    if overlap:
        fitted = row_log_loss(y, intercept + slope * z).mean()
        assert fitted <= row_log_loss(y, z + fit_intercept(y, z)).mean() * (1 + 1e-9)
        residual = sigmoid(intercept + slope * z) - y
        assert abs(residual.sum()) < 1e-5
        assert abs((residual * z).sum()) < 1e-4


@pytest.mark.parametrize(
    ("y", "z", "message"),
    [
        ([1, 0], [0.5], "Outcomes of shape (2,) and predictions of shape (1,) do not belong together."),
        ([1, 2], [0.5, 0.5], "1 of 2 outcomes are neither 0 nor 1."),
        ([1, np.nan], [0.5, 0.5], "1 of 2 outcomes are neither 0 nor 1."),
        ([1, 0], [np.nan, 0.5], "1 of 2 predictions are empty (nan)."),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(y: list[float], z: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        paired_arrays(y, z)


@pytest.mark.parametrize("fit", [fit_intercept, fit_affine])
def test_fits_refuse_nothing_infinity_and_bad_weights(fit: object) -> None:
    assert callable(fit)
    with pytest.raises(ValueError, match=re.escape("There is no row to fit on.")):
        fit([], [])
    with pytest.raises(ValueError, match=re.escape("1 of 2 log-odds are infinite.")):
        fit([1, 0], [np.inf, 0.0])
    for weights in ([1.0], [1.0, -1.0], [0.0, 0.0], [np.nan, 1.0]):
        with pytest.raises(ValueError, match="weights must be one finite number"):
            fit([1, 0], [1.0, 0.0], weights)


def test_groups_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("Groups of shape (1,) do not fit 2 rows.")):
        shift_per_group([1, 0], [0.0, 1.0], ["a"])


@pytest.mark.parametrize("rate", [0.001, 0.3, 0.98])
def test_shifted_log_odds_have_the_asked_mean_probability(rate: float) -> None:
    z = np.random.default_rng(0).normal(0, 2, 500)
    assert sigmoid(z + shift_to(rate, z)).mean() == pytest.approx(rate, abs=1e-9)
    assert shift_to(rate, np.zeros(3)) == pytest.approx(logit(rate))
