"""The AUROC's interval: by hand on four rows, with scikit-learn's AUROC left out one by one, and in its laws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm, t
from sklearn.metrics import roc_auc_score

from churnml.statistics.auroc_interval import auroc_interval
from churnml.statistics.logodds import logit, sigmoid

ONE = np.zeros(80)


def rows_of(customers: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    churned = (rng.random(customers) < 0.4).astype(float)
    return churned, rng.normal(churned, 1.0)


def half_width(interval: tuple[float, float]) -> float:
    return float(np.diff(logit(np.array(interval)))[0] / 2)


def test_the_interval_of_four_kinds_of_rows_by_hand() -> None:
    # In twenty-fold: left 2, stayed 1, left 0, stayed -1. Three of four pairs are right: 0.75. Who left at 2 stands
    # above all who stayed (1), at 0 above half of them; who stayed at 1 below half of those who left, at -1 below all.
    # Each is 0.25 off, so that a customer moves the AUROC by 0.25 / 40, and the squares add up to 80 * (1 / 160)^2. All
    # move it alike: they count as 80.
    churned, logodds = np.tile([1.0, 0.0, 1.0, 0.0], 20), np.tile([2.0, 1.0, 0.0, -1.0], 20)
    error = np.sqrt(80 / 79 * 80 / 160**2) / (0.75 * 0.25)
    expected = sigmoid(np.log(3) + t.ppf([0.025, 0.975], 79) * error)
    assert auroc_interval(churned, logodds, ONE, np.arange(80)) == pytest.approx(expected.tolist(), abs=1e-12)
    narrow = auroc_interval(churned, logodds, ONE, np.arange(80), level=0.5)
    assert narrow == pytest.approx(sigmoid(np.log(3) + t.ppf([0.25, 0.75], 79) * error).tolist(), abs=1e-12)


def test_the_error_is_that_of_leaving_out_one_customer_after_another() -> None:
    churned, logodds = rows_of(2_000)
    everyone = np.arange(2_000)
    without = [roc_auc_score(np.delete(churned, one), np.delete(logodds, one)) for one in range(0, 2_000, 2)]
    found = roc_auc_score(churned, logodds)
    # The jackknife (Efron and Stein 1981), from every other customer.
    error = np.sqrt(1_999 / 2_000 * 2 * ((np.array(without) - np.mean(without)) ** 2).sum())
    width = half_width(auroc_interval(churned, logodds, np.zeros(2_000), everyone))
    assert width == pytest.approx(norm.ppf(0.975) * error / (found * (1 - found)), rel=0.05)


def test_one_who_moves_much_makes_it_wider() -> None:
    # Five of the rows at 2 are one customer's: 76 customers, of whom one moves the AUROC five times as far. The squares
    # add up to (25 + 75) / 160^2, the fourth powers to (625 + 75) / 160^4: they count as 100^2 / 700 = 14.29.
    churned, logodds = np.tile([1.0, 0.0, 1.0, 0.0], 20), np.tile([2.0, 1.0, 0.0, -1.0], 20)
    customers = np.arange(80)
    customers[:20:4] = 0
    equal = 100**2 / 700
    error = np.sqrt(equal / (equal - 1) * 100) / 160 / (0.75 * 0.25)
    freedom = 2 * 76 / (76 / equal - 1)
    assert freedom == pytest.approx(35.19, abs=0.01)
    width = half_width(auroc_interval(churned, logodds, ONE, customers))
    assert width == pytest.approx(t.ppf(0.975, freedom) * error)


def test_rows_that_stand_twice_say_no_more() -> None:
    churned, logodds = rows_of(300)
    once = auroc_interval(churned, logodds, np.zeros(300), np.arange(300))
    twice = auroc_interval(np.tile(churned, 2), np.tile(logodds, 2), np.repeat([1, 2], 300), np.tile(np.arange(300), 2))
    assert twice == pytest.approx(once, abs=1e-12)
    # As other customers they say more: the width falls by the square root of two.
    more = auroc_interval(np.tile(churned, 2), np.tile(logodds, 2), np.repeat([1, 2], 300), np.arange(600))
    assert half_width(more) == pytest.approx(half_width(once) / np.sqrt(2), rel=0.01)


def test_turned_round_it_is_mirrored_and_no_scale_of_the_log_odds_counts() -> None:
    churned, logodds = rows_of(100)
    low, high = auroc_interval(churned, logodds, np.zeros(100), np.arange(100))
    mirrored = auroc_interval(churned, -logodds, np.zeros(100), np.arange(100))
    assert mirrored == pytest.approx((1 - high, 1 - low), abs=1e-12)
    assert auroc_interval(churned, np.exp(logodds), np.zeros(100), np.arange(100)) == (low, high)
    shuffled = np.random.default_rng(1).permutation(100)
    again = auroc_interval(churned[shuffled], logodds[shuffled], np.zeros(100), shuffled)
    assert again == pytest.approx((low, high), abs=1e-12)


def test_an_order_without_a_fault_is_not_certain() -> None:
    # 4 pairs, all right: 3.5 of 4 are taken.
    low, high = auroc_interval(np.array([1.0, 1, 0, 0]), np.array([3.0, 2, 1, 0]), np.zeros(4), np.arange(4))
    assert 0 < low < 0.5 < 3.5 / 4 < high < 1
    error = np.sqrt(4 / 3 * 4 * (0.25 / 4) ** 2) / (0.875 * 0.125)
    assert half_width((low, high)) == pytest.approx(t.ppf(0.975, 3) * error)
    turned = auroc_interval(np.array([1.0, 1, 0, 0]), np.array([0.0, 1, 2, 3]), np.zeros(4), np.arange(4))
    assert turned == pytest.approx((1 - high, 1 - low))


def test_groups_without_pairs_say_nothing() -> None:
    churned, logodds = rows_of(60)
    alone = auroc_interval(churned, logodds, np.ones(60), np.arange(60))
    # Two who left on an earlier day, by themselves, and as one of the customers.
    more = np.append([1.0, 1.0], churned), np.append([0.0, 1.0], logodds), np.append([0, 0], np.ones(60))
    assert auroc_interval(*more, np.append([0, 0], np.arange(60))) == pytest.approx(alone, abs=1e-12)


def test_what_cannot_be_said() -> None:
    nothing = auroc_interval(np.ones(3), np.arange(3.0), np.zeros(3), np.arange(3))
    assert np.isnan(nothing).all()
    one = auroc_interval(np.array([1.0, 0, 1, 0]), np.array([3.0, 2, 1, 0]), np.zeros(4), np.zeros(4))
    assert one == (0.0, 1.0)


def test_two_customers_by_hand() -> None:
    # Three of four pairs are right, as above: who left at 3 and who stayed at 0 are 0.5 / 4 better than that each, the
    # two between them 0.5 / 4 worse. Of two customers who have one half each, one moves it by 0.25, one by -0.25.
    churned, logodds = np.array([1.0, 0, 1, 0]), np.array([3.0, 2, 1, 0])
    # Between them lies half of Student's distribution of one degree of freedom, from -1 to 1.
    width = half_width(auroc_interval(churned, logodds, np.zeros(4), np.array([0, 1, 1, 0]), level=0.5))
    assert width == pytest.approx(np.sqrt(2 * 2 * 0.25**2) / (0.75 * 0.25))
    # Where each has one of both, they are alike.
    assert auroc_interval(churned, logodds, np.zeros(4), np.array([0, 0, 1, 1])) == (0.75, 0.75)


def test_constant_predictions_are_certain_to_tell_nothing() -> None:
    churned, _ = rows_of(50)
    assert auroc_interval(churned, np.zeros(50), np.zeros(50), np.arange(50)) == (0.5, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize(("customers", "shift"), [(30, 0.5), (60, 1.5), (300, 1.0)])
def test_it_holds_the_truth_as_often_as_it_says(customers: int, shift: float) -> None:
    # Two normal distributions, one standard deviation wide and ``shift`` apart: AUROC = Phi(shift / sqrt(2)). Each
    # customer stands on three days with what is nearly the same.
    truth, held = norm.cdf(shift / np.sqrt(2)), 0
    for seed in range(400):
        rng = np.random.default_rng([seed, customers])
        churned = np.tile((rng.random(customers) < 0.4).astype(float), 3)
        logodds = np.tile(rng.normal(0, np.sqrt(0.9), customers), 3) + rng.normal(0, np.sqrt(0.1), 3 * customers)
        days, ids = np.repeat([1, 2, 3], customers), np.tile(np.arange(customers), 3)
        low, high = auroc_interval(churned, logodds + shift * churned, days, ids)
        held += low <= truth <= high
    # 95 of 100; three standard errors of 400 draws are 3.3 of 100.
    assert 0.917 < held / 400 < 0.983
