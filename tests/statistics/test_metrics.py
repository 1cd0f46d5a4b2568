"""Laws of the metrics, and their values against hand calculation and scikit-learn."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from churnml.statistics.calibration import (
    calibration_error,
    calibration_error_if_perfect,
    calibration_slope_intercept,
    reliability_table,
)
from churnml.statistics.logodds import logit, sigmoid
from churnml.statistics.metrics import (
    auroc,
    auroc_within,
    average_precision,
    brier_score,
    brier_skill,
    gains_table,
    lift_at,
    log_loss,
    precision_at,
    shape_loss,
)


def sample(seed: int, n: int = 500, decimals: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return outcomes and log-odds with many ties."""
    generator = np.random.default_rng(seed)
    z = generator.normal(-0.4, 1.2, n).round(decimals)
    return (generator.random(n) < sigmoid(z)).astype(float), z


@pytest.mark.parametrize("seed", range(4))
def test_order_metrics_agree_with_scikit_learn_on_ties(seed: int) -> None:
    y, z = sample(seed)
    assert auroc(y, z) == pytest.approx(sklearn_metrics.roc_auc_score(y, z), abs=1e-12)
    assert average_precision(y, z) == pytest.approx(sklearn_metrics.average_precision_score(y, z), abs=1e-12)
    assert log_loss(y, z) == pytest.approx(sklearn_metrics.log_loss(y, sigmoid(z)), rel=1e-12)
    assert brier_score(y, sigmoid(z)) == pytest.approx(sklearn_metrics.brier_score_loss(y, sigmoid(z)), rel=1e-12)


def test_auroc_counts_pairs_and_half_a_tie() -> None:
    # Pairs (churned, stayed): .9>.1, .9>.5, .5>.1 right, .5=.5 half: 3.5 of 4
    assert auroc([1, 0, 1, 0], [0.9, 0.1, 0.5, 0.5]) == 0.875


def test_average_precision_by_hand() -> None:
    # Found at rank 1 (precision 1), rank 3 (2/3): (1 + 2/3) / 2
    assert average_precision([1, 0, 1], [0.9, 0.8, 0.7]) == pytest.approx(5 / 6)


def test_order_metrics_see_only_the_order() -> None:
    y, z = sample(7)
    assert auroc(y, sigmoid(z)) == auroc(y, z)
    assert auroc(y, -z) == pytest.approx(1 - auroc(y, z))
    assert average_precision(y, 5 * z - 3) == average_precision(y, z)


def test_a_constant_prediction_has_no_order() -> None:
    y = np.array([1, 0, 0, 0])
    assert auroc(y, np.ones(4)) == 0.5
    assert average_precision(y, np.ones(4)) == 0.25


def test_shape_loss_of_a_constant_is_the_entropy_of_the_groups() -> None:
    # a: 1 of 2 churned -> log 2 per row. b: 1 of 4 -> -(1/4 log 1/4 + 3/4 log 3/4). Weighted by 2 and 4 rows.
    y = [1, 0, 1, 0, 0, 0]
    entropy_b = -(0.25 * np.log(0.25) + 0.75 * np.log(0.75))
    expected = (2 * np.log(2) + 4 * entropy_b) / 6
    assert shape_loss(y, [4, 4, -9, -9, -9, -9], ["a", "a", "b", "b", "b", "b"]) == pytest.approx(expected, abs=1e-12)


def test_shape_loss_rewards_no_level() -> None:
    y, z = sample(3)
    groups = np.arange(500) % 3
    levels = np.array([2.0, -7.0, 0.3])[groups]
    assert shape_loss(y, z + levels, groups) == pytest.approx(shape_loss(y, z, groups), rel=1e-10)
    assert shape_loss(y, z) <= log_loss(y, z)
    assert shape_loss(y, z, groups) <= shape_loss(y, z)


def test_shape_loss_of_one_outcome_is_nothing() -> None:
    assert 0 <= shape_loss([0, 0, 0], [5.0, 90.0, -3.0]) < 1e-12
    assert 0 <= shape_loss([1, 1], [5.0, -3.0]) < 1e-12


def test_brier_skill_is_one_for_perfect_zero_for_the_base_rate_and_negative_for_worse() -> None:
    y = [1, 0, 0, 0]
    assert brier_skill(y, [1.0, 0, 0, 0]) == 1.0
    assert brier_skill(y, [0.25] * 4) == pytest.approx(0.0, abs=1e-15)
    # Brier 1 over 1/4 * 3/4 = 3/16: 1 - 16/3
    assert brier_skill(y, [0.0, 1, 1, 1]) == pytest.approx(1 - 16 / 3)


def test_calibration_of_the_truth_is_slope_one_intercept_zero() -> None:
    # At 1/4 one of four churned, at 3/4 three of four
    z = logit([0.25] * 4 + [0.75] * 4)
    slope, intercept = calibration_slope_intercept([1, 0, 0, 0, 1, 1, 1, 0], z)
    assert slope == pytest.approx(1.0, abs=1e-10)
    assert intercept == pytest.approx(0.0, abs=1e-10)


def test_overconfidence_halves_the_slope_and_a_low_level_raises_the_intercept() -> None:
    y = [1, 0, 0, 0, 1, 1, 1, 0]
    z = logit([0.25] * 4 + [0.75] * 4)
    slope, intercept = calibration_slope_intercept(y, 2 * z)
    assert slope == pytest.approx(0.5, abs=1e-10)
    assert intercept == pytest.approx(0.0, abs=1e-10)
    slope, intercept = calibration_slope_intercept(y, z - 0.7)
    assert slope == pytest.approx(1.0, abs=1e-10)
    assert intercept == pytest.approx(0.7, abs=1e-10)


def test_calibration_slope_of_a_constant_is_undefined() -> None:
    slope, intercept = calibration_slope_intercept([1, 0, 0, 0], [0.0] * 4)
    assert np.isnan(slope)
    assert intercept == pytest.approx(np.log(1 / 3))


def test_calibration_error_by_hand() -> None:
    # Bins {.1, .2} with 0 of 2 and {.6, .9} with 1 of 2: (2 * |0 - .15| + 2 * |.5 - .75|) / 4 = .2
    assert calibration_error([0, 0, 1, 0], [0.1, 0.2, 0.6, 0.9], bins=2) == pytest.approx(0.2)


def test_calibration_error_in_one_bin_is_the_error_of_the_level() -> None:
    y, z = sample(5)
    p = sigmoid(z - 1)
    assert calibration_error(y, p, bins=1) == pytest.approx(abs(y.mean() - p.mean()))


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.1, 0.5, 0.9])), min_size=1, max_size=40))
def test_calibration_error_ignores_row_order_and_stays_in_range(rows: list[tuple[bool, float]]) -> None:
    y, p = np.array([row[0] for row in rows], dtype=float), np.array([row[1] for row in rows])
    error = calibration_error(y, p, bins=4)
    assert 0 <= error <= 1
    assert calibration_error(y[::-1], p[::-1], bins=4) == pytest.approx(error, abs=1e-12)
    assert reliability_table(y, p, bins=4)["customers"].sum() == y.size


def test_perfect_calibration_still_shows_the_error_of_its_size() -> None:
    # One bin of n rows at 1/2: mean |Binomial(n, 1/2) / n - 1/2|; for n = 2 that is 1/2 * 1/2 = 1/4
    assert calibration_error_if_perfect([0.5, 0.5], bins=1, draws=20_000, seed=1) == pytest.approx(0.25, abs=0.006)
    # For large n it is sqrt(2 / pi) * sqrt(p (1 - p) / n) by the normal approximation: .7979 * .5 / 20 = .01995
    assert calibration_error_if_perfect(np.full(400, 0.5), draws=4_000) == pytest.approx(0.01995, rel=0.05)


def test_perfect_calibration_is_met_by_labels_drawn_from_the_probabilities() -> None:
    generator = np.random.default_rng(0)
    p = generator.random(2_000)
    expected = calibration_error_if_perfect(p, draws=300, seed=2)
    observed = np.mean([calibration_error(generator.random(2_000) < p, p) for _ in range(100)])
    assert observed == pytest.approx(expected, rel=0.1)


def test_same_seed_same_number() -> None:
    p = np.linspace(0.01, 0.99, 50)
    assert calibration_error_if_perfect(p, seed=0) == calibration_error_if_perfect(p, seed=0)
    assert calibration_error_if_perfect(p, seed=0) != calibration_error_if_perfect(p, seed=1)


def test_precision_and_lift_by_hand() -> None:
    y, p = [1, 1, 0, 0, 0], [0.9, 0.3, 0.8, 0.2, 0.1]
    # Top 2: one churned -> 1/2; base rate 2/5; lift 1.25. More than there are: the base rate and lift 1.
    assert precision_at(y, p, 2) == 0.5
    assert lift_at(y, p, 2) == pytest.approx(1.25)
    assert precision_at(y, p, 99) == 0.4
    assert lift_at(y, p, 99) == 1.0


def test_ties_are_taken_in_the_order_given() -> None:
    assert precision_at([1, 0, 0], [0.5, 0.5, 0.5], 1) == 1.0
    assert precision_at([0, 0, 1], [0.5, 0.5, 0.5], 1) == 0.0


def test_reliability_table_holds_equal_counts_and_wilson_intervals() -> None:
    y = np.array([0, 1] * 10)
    table = reliability_table(y, np.linspace(0.01, 0.99, 20), bins=2)
    assert table["bin"].tolist() == [1, 2]
    assert table["customers"].tolist() == [10, 10]
    assert table["churned_share"].tolist() == [0.5, 0.5]
    # Wilson for 5 of 10: centre 1/2, half 1.96 / (1 + .38415) * sqrt(.025 + .0096036) = 1.41600 * .186021 = .26341
    np.testing.assert_allclose(table["low"], 0.5 - 0.26341, atol=1e-5)
    np.testing.assert_allclose(table["high"], 0.5 + 0.26341, atol=1e-5)
    # Means of .01 ... step .98/19: first ten average .01 + 4.5 * .98/19
    assert table["mean_predicted"][0] == pytest.approx(0.01 + 4.5 * 0.98 / 19)


def test_reliability_table_and_calibration_error_tell_the_same() -> None:
    y, z = sample(6)
    p = sigmoid(z)
    table = reliability_table(y, p, bins=7)
    gaps = (table["churned_share"] - table["mean_predicted"]).abs()
    assert (gaps * table["customers"]).sum() / 500 == pytest.approx(calibration_error(y, p, bins=7))
    assert table["mean_predicted"].is_monotonic_increasing
    assert ((table["low"] <= table["churned_share"]) & (table["churned_share"] <= table["high"])).all()


def test_gains_run_from_nobody_to_everybody_and_agree_with_precision_and_lift() -> None:
    y, z = sample(8, 250)
    table = gains_table(y, z)
    assert len(table) == 101
    assert table.iloc[0][["customers", "contacted_share", "captured_share", "best_share"]].tolist() == [0, 0, 0, 0]
    assert table.iloc[-1][["customers", "captured_share", "best_share", "lift"]].tolist() == [250, 1, 1, 1]
    row = table.iloc[20]
    k = int(row["customers"])
    assert k == 50
    assert row["precision"] == pytest.approx(precision_at(y, z, k))
    assert row["lift"] == pytest.approx(lift_at(y, z, k))
    assert row["captured_share"] == pytest.approx(precision_at(y, z, k) * k / y.sum())
    assert (table["captured_share"] <= table["best_share"]).all()


def test_gains_by_hand() -> None:
    # Two steps through five customers: half of them is 2.5, rounded up to 3. Two left, the first and the fourth.
    table = gains_table([1, 0, 0, 1, 0], [0.9, 0.8, 0.7, 0.6, 0.5], points=2)
    assert table["customers"].tolist() == [0, 3, 5]
    assert table["contacted_share"].tolist() == [0.0, 0.6, 1.0]
    assert table["captured_share"].tolist() == [0.0, 0.5, 1.0]
    assert table["best_share"].tolist() == [0.0, 1.0, 1.0]
    assert table["precision"].tolist()[1:] == pytest.approx([1 / 3, 2 / 5])
    assert table["lift"].tolist()[1:] == pytest.approx([0.5 / 0.6, 1.0])
    assert table.iloc[0][["precision", "lift"]].isna().all()
    assert gains_table([1, 0], [0.9, 0.8], points=1)["customers"].tolist() == [0, 2]
    # Seven in three steps: 2.33 and 4.67.
    assert gains_table([1, 0, 0, 0, 0, 0, 0], range(7), points=3)["customers"].tolist() == [0, 2, 5, 7]


def test_gains_of_few_customers_have_a_row_per_customer() -> None:
    assert gains_table([1, 0, 0], [0.9, 0.8, 0.1])["customers"].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("metric", [auroc, average_precision, log_loss, shape_loss, brier_score, brier_skill])
def test_no_rows_give_nan(metric: Callable[[list[float], list[float]], float]) -> None:
    assert np.isnan(metric([], []))


def test_no_rows_give_nan_or_an_empty_table_elsewhere() -> None:
    assert np.isnan(calibration_error([], []))
    assert np.isnan(calibration_error_if_perfect([]))
    assert np.isnan(calibration_slope_intercept([], [])).all()
    assert np.isnan(precision_at([], [], 5))
    assert np.isnan(lift_at([], [], 5))
    assert reliability_table([], []).empty
    assert gains_table([], [])["customers"].tolist() == [0]


def test_one_outcome_gives_nan_where_the_metric_needs_two() -> None:
    y, p = [0, 0, 0], [0.1, 0.2, 0.3]
    assert np.isnan([auroc(y, p), average_precision(y, p), brier_skill(y, p), lift_at(y, p, 2)]).all()
    assert np.isnan([auroc([1, 1], [0.1, 0.2]), brier_skill([1, 1], [0.1, 0.2])]).all()
    assert np.isnan(calibration_slope_intercept(y, p)).all()
    assert pd.isna(gains_table(y, p)["captured_share"]).all()


@pytest.mark.parametrize("metric", [brier_score, brier_skill, calibration_error, reliability_table])
def test_logodds_in_place_of_probabilities_are_refused(metric: Callable[[list[int], list[float]], object]) -> None:
    with pytest.raises(ValueError, match=re.escape("1 of 2 probabilities lie outside 0 to 1. Pass sigmoid(logodds).")):
        metric([1, 0], [1.5, 0.2])
    with pytest.raises(ValueError, match=re.escape("1 of 2 probabilities lie outside 0 to 1.")):
        metric([1, 0], [0.5, -0.1])
    metric([1, 0], [1.0, 0.0])


def test_counts_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("k=0: take at least one customer")):
        precision_at([1], [0.5], 0)
    with pytest.raises(ValueError, match=re.escape("bins=0: take at least one bin.")):
        calibration_error([1], [0.5], 0)
    with pytest.raises(ValueError, match=re.escape("points=0: take at least one step.")):
        gains_table([1], [0.5], 0)
    with pytest.raises(ValueError, match=re.escape("draws=0: take at least one draw.")):
        calibration_error_if_perfect([0.5], draws=0)


def test_auroc_within_groups_by_hand() -> None:
    churned = np.array([1.0, 0.0, 1.0, 0.0, 0.0, 1.0])
    logodds = np.array([2.0, 1.0, 5.0, 6.0, 4.0, 9.0])
    groups = np.array([0, 0, 1, 1, 1, 2])
    # Group 0: 1 of 1 pair is right; group 1: 1 of 2; group 2 has no pair: 2 of 3.
    assert auroc_within(churned, logodds, groups) == pytest.approx(2 / 3)
    assert auroc_within(churned, logodds, np.zeros(6)) == pytest.approx(auroc(churned, logodds))
    assert np.isnan(auroc_within(churned, logodds, np.arange(6)))


def test_a_level_does_not_change_auroc_within_groups() -> None:
    rng = np.random.default_rng(0)
    churned, logodds, groups = rng.integers(0, 2, 300).astype(float), rng.normal(size=300), np.repeat([0, 1, 2], 100)
    lifted = logodds + 4 * groups
    assert auroc_within(churned, lifted, groups) == auroc_within(churned, logodds, groups)
