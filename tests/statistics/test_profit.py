"""Profit of a ranking: by hand, by law, and against another library."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy.stats import beta

from churnml.statistics.profit import expected_maximum_profit, value_at_risk_captured


def drawn(seed: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows)
    return (rng.random(rows) < 1 / (1 + np.exp(-(z - 1)))).astype(float), z


# from empulse.metrics import empc_score  # 0.13.1
# y, z = drawn(seed, rows); empc_score(y, 1 / (1 + np.exp(-z)))
@pytest.mark.parametrize(
    ("seed", "rows", "rounded", "profit"),
    [
        (0, 200, False, 8.818861765256576),
        (1, 1000, False, 10.16208613004409),
        (2, 5000, False, 10.601905905044582),
        (0, 200, True, 8.746051772232825),
        (1, 1000, True, 10.105349099956278),
        (2, 5000, True, 10.572226454490863),
    ],
)
def test_the_same_as_empulse(seed: int, rows: int, rounded: bool, profit: float) -> None:
    y, z = drawn(seed, rows)
    found = expected_maximum_profit(y, np.round(z, 1) if rounded else z)
    assert found.profit == pytest.approx(profit, abs=1e-12)


def test_a_perfect_order_by_hand() -> None:
    # Half of all leave. Contacting exactly these earns .5 (190 g - 1); the mean of g is 6 / 20 = .3: .5 * 56 = 28.
    # (Below g = 1/190 nobody is contacted, which hardly ever happens.)
    found = expected_maximum_profit([1, 0, 1, 0], [4, 2, 3, 1])
    assert found.profit == pytest.approx(28.0, abs=1e-6)
    assert found.contacted_share == pytest.approx(0.5, abs=1e-6)


def test_without_an_order_all_or_nobody_are_contacted() -> None:
    # All: .5 (190 g - 1) - .5 * 11 = 95 g - 6 pays from g = 6 / 95 on, nearly always: 95 * .3 - 6 = 22.5 and a bit.
    found = expected_maximum_profit([1, 0], [0.5, 0.5])
    assert found.profit == pytest.approx(22.5, abs=0.01)
    assert found.profit > 22.5
    assert found.contacted_share == pytest.approx(1.0, abs=1e-3)
    assert expected_maximum_profit([1, 0], [0.1, 0.9]) == pytest.approx(found)


@pytest.mark.parametrize(
    ("outcomes", "predictions"),
    [
        ([1, 1, 1, 0, 1, 0, 0, 0, 0], [9, 8, 8, 8, 7, 7, 7, 7, 6]),
        ([0, 1, 1, 0, 1, 0, 0, 0, 0], [9, 9, 8, 8, 7, 7, 6, 6, 6]),
        ([0, 1, 0, 0, 1, 0, 1, 0, 0], [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        # Of the first two a little more, or fewer, leave than of those behind them: .5 beside .45, or .525.
        ([1, 0] + [1] * 9 + [0] * 11 + [0] * 10, [9] * 2 + [8] * 20 + [7] * 10),
        ([1, 0] + [1] * 21 + [0] * 19 + [0] * 10, [9] * 2 + [8] * 40 + [7] * 10),
    ],
)
def test_the_profit_is_that_of_the_best_threshold_for_every_acceptance(
    outcomes: list[int], predictions: list[int]
) -> None:
    # The definition: the mean over g of the best P(g) among all thresholds, on a fine grid of g.
    y, z = np.array(outcomes), np.array(predictions)
    step = 1 / 100_000
    g = np.arange(step / 2, 1, step)
    on_list = [z >= threshold for threshold in (10, *np.unique(z))]
    profits = np.array([(y[rows].sum() * (50 * g - 3) - (1 - y[rows]).sum() * 13) / len(y) for rows in on_list])
    best, weights = profits.argmax(axis=0), beta.pdf(g, 2, 3) * step
    found = expected_maximum_profit(y, z, accept_alpha=2, accept_beta=3, value=60, offer=10, contact=3)
    assert found.profit == pytest.approx((profits.max(axis=0) * weights).sum(), abs=1e-6)
    contacted = np.array([rows.mean() for rows in on_list])
    assert found.contacted_share == pytest.approx((contacted[best] * weights).sum(), abs=1e-4)


def test_a_better_order_never_earns_less() -> None:
    y, z = drawn(3, 500)
    noise = np.random.default_rng(4).normal(size=500)
    profits = [expected_maximum_profit(y, z + strength * noise).profit for strength in (0.0, 1.0, 10.0)]
    assert profits == sorted(profits, reverse=True)
    assert expected_maximum_profit(y, y).profit > profits[0]


def test_order_of_rows_and_scale_do_not_matter() -> None:
    y, z = drawn(5, 300)
    order = np.random.default_rng(0).permutation(300)
    assert expected_maximum_profit(y[order], np.exp(z[order])) == pytest.approx(expected_maximum_profit(y, z))


def test_where_nothing_can_be_earned_nobody_is_contacted() -> None:
    y, z = drawn(6, 300)
    assert expected_maximum_profit(y, z, contact=500.0) == (0.0, 0.0)


def test_one_outcome_alone_has_no_profit() -> None:
    for outcomes in ([1, 1], [0, 0], []):
        found = expected_maximum_profit(outcomes, [0.1, 0.2][: len(outcomes)])
        assert np.isnan(found.profit)
        assert np.isnan(found.contacted_share)


def test_impossible_costs_are_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("value=5, offer=10.0, contact=1.0: the value must exceed")):
        expected_maximum_profit([1, 0], [1, 0], value=5)
    for costs in ({"value": 10.0}, {"offer": -0.5}, {"contact": -0.5}):
        with pytest.raises(ValueError, match="no cost may be negative"):
            expected_maximum_profit([1, 0], [1, 0], **costs)


def test_what_costs_nothing_is_offered_to_all_who_leave_and_nobody_else() -> None:
    # .5 x (g x 200 - 0) with the mean .3 of g: 30.
    found = expected_maximum_profit([1, 0], [1, 0], offer=0.0, contact=0.0)
    assert found.profit == pytest.approx(30.0)
    assert found.contacted_share == pytest.approx(0.5)
    # A value just above the offer: .5 x (.3 x 1 - 0), with an offer of 10 that only those who leave are made.
    assert expected_maximum_profit([1, 0], [1, 0], value=11.0, contact=0.0).profit == pytest.approx(0.15)


def test_value_captured_by_hand() -> None:
    y, p, values = [1, 0, 1, 1], [0.9, 0.8, 0.7, 0.6], [10.0, 1000.0, 30.0, 60.0]
    # 10 of 100, then the same (the second stayed), then 40, then all.
    assert [value_at_risk_captured(y, p, values, k) for k in (1, 2, 3, 9)] == [0.1, 0.1, 0.4, 1.0]
    assert np.isnan(value_at_risk_captured([0, 1], p[:2], [5.0, 0.0], 1))


def test_of_equal_ones_the_first_are_on_the_list() -> None:
    assert value_at_risk_captured([1, 1, 0, 1], [0.5] * 4, [10.0, 20.0, 40.0, 70.0], 2) == 0.3


def test_a_list_holds_at_least_one_customer() -> None:
    with pytest.raises(ValueError, match=re.escape("k=0: take at least one customer (k is a count, not a share).")):
        value_at_risk_captured([1, 0], [0.5, 0.4], [1.0, 1.0], 0)


def test_customers_of_no_value_are_allowed() -> None:
    assert value_at_risk_captured([1, 1, 1], [0.9, 0.8, 0.7], [0.0, 0.25, 0.75], 2) == 0.25


@pytest.mark.parametrize("values", [[1.0], [1.0, -1.0], [1.0, np.nan]])
def test_impossible_values_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="one finite number >= 0 per row"):
        value_at_risk_captured([1, 0], [0.5, 0.4], values, 1)
