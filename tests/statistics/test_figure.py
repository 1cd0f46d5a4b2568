from __future__ import annotations

import math

import numpy as np
import pytest

from churnml.statistics.figure import error_from_sums, ratio


def test_a_ratio_and_its_error_by_hand() -> None:
    # 12 orders on 5 days: 2.4. Influences: (2 - 2.4) / 5, (4 - 4.8) / 5, (6 - 4.8) / 5 = -0.08, -0.16, 0.24.
    found = ratio([2, 4, 6], [1, 2, 2])
    assert found.value == 2.4
    assert found.moved == pytest.approx([-0.08, -0.16, 0.24])
    assert found.error == pytest.approx(math.sqrt(3 / 2 * (0.0064 + 0.0256 + 0.0576)))


def test_who_does_not_count_changes_nothing() -> None:
    assert ratio([2, 0, 4, 6], [1, 0, 2, 2]).error == ratio([2, 4, 6], [1, 2, 2]).error


def test_the_error_of_a_share_is_that_of_a_binomial() -> None:
    hits = np.r_[np.ones(30), np.zeros(70)]
    assert ratio(hits, np.ones(100)).error == pytest.approx(math.sqrt(0.3 * 0.7 / 99))


def test_nothing_has_no_value_and_one_customer_no_error() -> None:
    assert math.isnan(ratio([0, 0], [0, 0]).value)
    assert math.isnan(ratio([0, 0], [0, 0]).error)
    assert ratio([3], [2]).value == 1.5
    assert math.isnan(ratio([3], [2]).error)


def test_a_figure_less_itself_is_nothing_without_an_error() -> None:
    figure = ratio([1, 2, 5], [1, 1, 1])
    assert (figure - figure).value == 0
    assert (figure - figure).error == 0


def test_the_error_from_sums_is_that_of_the_customers() -> None:
    x, y = np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 2.0])
    found = error_from_sums([3, 1, 0], [12, 2, 0], [5, 1, 0], [56, 4, 0], [22, 2, 0], [9, 1, 0])
    assert found[0] == pytest.approx(ratio(x, y).error, rel=1e-12)
    assert np.isnan(found[1:]).all()


def test_errors_of_products_and_differences_are_those_of_resampled_customers() -> None:
    rng = np.random.default_rng(5)
    n = 400
    orders = rng.poisson(3, n) + 1.0
    money, later = orders * rng.gamma(2, 20, n), orders * rng.gamma(2, 22, n)
    product = ratio(money, orders) * ratio(orders, np.ones(n))
    change = ratio(later, orders) - ratio(money, orders)
    draws = [rng.integers(0, n, n) for _ in range(2_000)]
    products = [money[d].sum() / orders[d].sum() * orders[d].mean() for d in draws]
    changes = [(later[d].sum() - money[d].sum()) / orders[d].sum() for d in draws]
    assert product.error == pytest.approx(np.std(products), rel=0.08)
    assert change.error == pytest.approx(np.std(changes), rel=0.08)
