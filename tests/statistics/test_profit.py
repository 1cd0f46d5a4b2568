"""Profit of a ranking: by hand, by law, and against another library."""

from __future__ import annotations

import re

import numpy as np
import pytest

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
    assert expected_maximum_profit([1, 0], [0.1, 0.9]) == pytest.approx(found)


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
    assert np.isnan(expected_maximum_profit([1, 1], [0.1, 0.2]).profit)
    assert np.isnan(expected_maximum_profit([], []).profit)


def test_impossible_costs_are_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("value=5, offer=10.0, contact=1.0: the value must exceed")):
        expected_maximum_profit([1, 0], [1, 0], value=5)


def test_value_captured_by_hand() -> None:
    y, p, values = [1, 0, 1, 1], [0.9, 0.8, 0.7, 0.6], [10.0, 1000.0, 30.0, 60.0]
    # 10 of 100, then the same (the second stayed), then 40, then all.
    assert [value_at_risk_captured(y, p, values, k) for k in (1, 2, 3, 9)] == [0.1, 0.1, 0.4, 1.0]
    assert np.isnan(value_at_risk_captured([0, 1], p[:2], [5.0, 0.0], 1))


@pytest.mark.parametrize("values", [[1.0], [1.0, -1.0], [1.0, np.nan]])
def test_impossible_values_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="one finite number >= 0 per row"):
        value_at_risk_captured([1, 0], [0.5, 0.4], values, 1)
