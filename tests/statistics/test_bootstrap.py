"""Laws of clustered errors and bootstrap intervals."""

from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from churnml.statistics.bootstrap import bootstrap_interval, clustered_mean, paired_difference


def test_clustered_mean_by_hand() -> None:
    # Mean of 1, 2, 3, 6 is 3. Sums of deviations: a (1, 2): -3; b (3): 0; c (6): 3.
    # sqrt(3/2 * (9 + 0 + 9)) / 4 = sqrt(27) / 4
    mean, error = clustered_mean([1.0, 2.0, 3.0, 6.0], ["a", "a", "b", "c"])
    assert mean == 3.0
    assert error == pytest.approx(np.sqrt(27) / 4)


def test_one_row_per_customer_gives_the_ordinary_standard_error() -> None:
    values = np.random.default_rng(0).normal(5, 2, 300)
    mean, error = clustered_mean(values, np.arange(300))
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(300), rel=1e-12)


def test_copies_of_every_customers_rows_do_not_make_the_mean_surer() -> None:
    values = np.random.default_rng(1).normal(size=100)
    customers = np.arange(100)
    once = clustered_mean(values, customers)
    thrice = clustered_mean(np.tile(values, 3), np.tile(customers, 3))
    np.testing.assert_allclose(thrice, once, rtol=1e-12)


def test_clustered_error_equals_the_cluster_robust_regression_on_a_constant() -> None:
    generator = np.random.default_rng(2)
    customers = generator.integers(0, 40, 200)
    values = generator.normal(size=200) + customers % 3
    x = np.ones((200, 1))
    residuals = values - values.mean()
    meat = sum(np.outer(s, s) for s in (x[customers == g].T @ residuals[customers == g] for g in np.unique(customers)))
    groups = len(np.unique(customers))
    bread = np.linalg.inv(x.T @ x)
    expected = np.sqrt((groups / (groups - 1) * bread @ meat @ bread)[0, 0])
    assert clustered_mean(values, customers)[1] == pytest.approx(expected, rel=1e-12)


def test_row_order_and_names_of_customers_do_not_matter() -> None:
    generator = np.random.default_rng(3)
    customers, values = generator.integers(0, 30, 100), generator.normal(size=100)
    expected = clustered_mean(values, customers)
    shuffled = generator.permutation(100)
    names = np.array([f"customer {c}" for c in customers], dtype=object)
    np.testing.assert_allclose(clustered_mean(values[shuffled], customers[shuffled]), expected, rtol=1e-12)
    np.testing.assert_allclose(clustered_mean(values, names), expected, rtol=1e-12)


def test_too_few_customers_leave_the_error_undefined() -> None:
    mean, error = clustered_mean([1.0, 2.0], ["a", "a"])
    assert mean == 1.5
    assert np.isnan(error)
    assert np.isnan(clustered_mean([], [])).all()


def test_paired_difference_is_antisymmetric_and_zero_against_itself() -> None:
    generator = np.random.default_rng(4)
    a, b, customers = generator.random(50), generator.random(50), generator.integers(0, 20, 50)
    difference, error = paired_difference(a, b, customers)
    np.testing.assert_allclose(paired_difference(b, a, customers), (-difference, error))
    assert paired_difference(a, a, customers) == (0.0, 0.0)
    assert difference == pytest.approx(a.mean() - b.mean())


def test_pairing_removes_what_both_share() -> None:
    generator = np.random.default_rng(5)
    shared, noise, customers = generator.normal(0, 10, 400), generator.normal(0, 0.1, 400), np.arange(400)
    _, error = paired_difference(shared + noise, shared, customers)
    assert error == pytest.approx(noise.std(ddof=1) / 20, rel=1e-9)


def test_interval_of_a_mean_agrees_with_its_standard_error() -> None:
    generator = np.random.default_rng(6)
    customers = np.repeat(np.arange(400), generator.integers(1, 6, 400))
    values = generator.normal(size=customers.size) + generator.normal(size=400)[customers]
    mean, error = clustered_mean(values, customers)
    low, high = bootstrap_interval(lambda rows: float(values[rows].mean()), customers, draws=4_000)
    assert low == pytest.approx(mean - 1.96 * error, abs=0.12 * error)
    assert high == pytest.approx(mean + 1.96 * error, abs=0.12 * error)


def test_every_draw_takes_whole_customers() -> None:
    customers = np.array(["b", "a", "c", "a", "b", "a"])
    sizes = {"a": 3, "b": 2, "c": 1}
    draws: list[NDArray[np.intp]] = []

    def remember(rows: NDArray[np.intp]) -> float:
        draws.append(rows.copy())
        return 0.0

    assert bootstrap_interval(remember, customers, draws=50) == (0.0, 0.0)
    assert len(draws) == 50
    for rows in draws:
        times = np.bincount(rows, minlength=6)
        for name in "abc":
            assert len(set(times[customers == name])) == 1
        assert sum(np.count_nonzero(customers[rows] == name) / size for name, size in sizes.items()) == 3


def test_one_row_per_customer_is_plain_resampling_of_rows() -> None:
    sizes: list[int] = []

    def remember(rows: NDArray[np.intp]) -> float:
        sizes.append(rows.size)
        return 0.0

    bootstrap_interval(remember, list("dacb"), draws=20)
    assert sizes == [4] * 20


def test_same_seed_same_interval_and_row_order_does_not_matter() -> None:
    generator = np.random.default_rng(7)
    customers, values = generator.integers(0, 30, 120), generator.normal(size=120)

    def interval(v: np.ndarray, c: np.ndarray, seed: int) -> tuple[float, float]:
        return bootstrap_interval(lambda rows: float(v[rows].mean()), c, seed=seed)

    expected = interval(values, customers, 0)
    assert interval(values, customers, 0) == expected
    assert interval(values, customers, 1) != expected
    shuffled = generator.permutation(120)
    np.testing.assert_allclose(interval(values[shuffled], customers[shuffled], 0), expected, rtol=1e-9)


def test_a_higher_level_gives_a_wider_interval() -> None:
    values = np.random.default_rng(8).normal(size=100)
    narrow = bootstrap_interval(lambda rows: float(values[rows].mean()), np.arange(100), level=0.5)
    wide = bootstrap_interval(lambda rows: float(values[rows].mean()), np.arange(100), level=0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_undefined_draws_are_left_out() -> None:
    results = iter([np.nan, 1.0, np.nan, 3.0])
    assert bootstrap_interval(lambda rows: next(results), [1, 2], draws=4, level=0.5) == (1.5, 2.5)
    assert np.isnan(bootstrap_interval(lambda rows: np.nan, [1, 2], draws=4)).all()
    assert np.isnan(bootstrap_interval(lambda rows: 1.0, [])).all()


def test_null_customers_and_impossible_requests_are_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("1 of 2 rows have no customer (null).")):
        clustered_mean([1.0, 2.0], np.array(["a", None], dtype=object))
    with pytest.raises(ValueError, match=re.escape("Values of shape (1,) do not fit 2 customers.")):
        clustered_mean([1.0], ["a", "b"])
    with pytest.raises(ValueError, match=re.escape("Losses of shapes (1,) and (2,) are not paired.")):
        paired_difference([1.0], [1.0, 2.0], ["a", "b"])
    with pytest.raises(ValueError, match=re.escape("draws=0, level=0.95")):
        bootstrap_interval(lambda rows: 0.0, [1], draws=0)
    with pytest.raises(ValueError, match=re.escape("draws=1, level=1.0")):
        bootstrap_interval(lambda rows: 0.0, [1], draws=1, level=1.0)
