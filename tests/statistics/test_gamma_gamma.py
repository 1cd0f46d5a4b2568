"""Gamma-gamma: the published fit, what a peer finds on the same data, and laws."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from churnml.statistics.gamma_gamma import GammaGamma, _negative_log_likelihood, expected_spend, fit_gamma_gamma

# Fader & Hardie (2013), CDNOW, in dollars.
PUBLISHED = GammaGamma(p=6.25, q=3.74, v=15.44)


@pytest.fixture(scope="module")
def cdnow(shared_data: Path) -> pd.DataFrame:
    """Give x and the mean value of the 1/10 sample's repeat order days, observed to 1997-09-30."""
    columns = ["master", "customer", "date", "cds", "dollars"]
    rows = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=columns)
    rows["day"] = pd.to_datetime(rows["date"].astype(str), format="%Y%m%d")
    days = rows[rows["day"] <= "1997-09-30"].groupby(["customer", "day"], as_index=False)["dollars"].sum()
    repeat = days[days["day"] > days.groupby("customer")["day"].transform("min")]
    return repeat.groupby("customer")["dollars"].agg(x="size", mean="mean")


def test_the_published_fit(cdnow: pd.DataFrame) -> None:
    assert len(cdnow) == 946
    found = fit_gamma_gamma(cdnow["x"], cdnow["mean"])
    assert found is not None
    assert vars(found) == pytest.approx(vars(PUBLISHED), abs=0.006)


def test_the_fit_and_the_forecast_of_a_peer(cdnow: pd.DataFrame) -> None:
    # lifetimes 0.11.3:
    #   data = summary_data_from_transaction_data(rows, "customer", "date", "dollars",
    #                                             observation_period_end="1997-09-30")
    #   repeat = data[data.frequency > 0]
    #   model = GammaGammaFitter()
    #   model.fit(repeat.frequency, repeat.monetary_value, tol=1e-7)    # it does not converge below
    #   spend = model.conditional_expected_average_profit(data.frequency, data.monetary_value)
    found = fit_gamma_gamma(cdnow["x"], cdnow["mean"])
    assert found is not None
    assert vars(found) == pytest.approx({"p": 6.24957, "q": 3.74422, "v": 15.44352}, abs=1e-4)
    spend = expected_spend(found, cdnow.reindex(range(1, 2_358))["x"].fillna(0), cdnow.reindex(range(1, 2_358))["mean"])
    # Customers 1, 2, 3 and 6, and the mean and extremes of all 2,357.
    assert spend[[0, 1, 2, 5]] == pytest.approx([24.653919, 18.910018, 35.170371, 71.464706], rel=1e-5)
    assert [spend.mean(), spend.min(), spend.max()] == pytest.approx([35.252273, 11.752579, 294.217190], rel=1e-5)


def test_spend_by_hand() -> None:
    # p = 2, q = 3, v = 10. All customers: 2 x 10 / (3 - 1) = 10. One with two orders of 40 on average:
    # 2 x (10 + 2 x 40) / (2 x 2 + 3 - 1) = 180 / 6 = 30, which is 4/6 x 40 + 2/6 x 10.
    found = expected_spend(GammaGamma(2, 3, 10), [0, 2, np.nan, 2], [np.nan, 40, 40, np.nan])
    np.testing.assert_array_equal(found, [10, 30, np.nan, np.nan])


def test_where_there_is_no_mean_nothing_is_said() -> None:
    # q = 0.5: p x + q - 1 is -0.5 without orders, -0.1 with one, and 0.3 with two: 0.4 x (1 + 2 x 3) / 0.3.
    found = expected_spend(GammaGamma(0.4, 0.5, 1), [0, 1, 2], [0, 3, 3])
    assert np.isnan(found[:2]).all()
    assert found[2] == pytest.approx(0.4 * 7 / 0.3)
    assert np.isnan(expected_spend(GammaGamma(0.4, 1.0, 1), 0, 0))


def test_simulated_customers_give_their_parameters_back() -> None:
    rng = np.random.default_rng(4)
    x = rng.geometric(0.3, 40_000)
    nu = rng.gamma(4.0, 1 / 20.0, 40_000)
    found = fit_gamma_gamma(x, rng.gamma(5.0 * x) / (nu * x))
    assert found is not None
    assert vars(found) == pytest.approx({"p": 5.0, "q": 4.0, "v": 20.0}, rel=0.1)


def test_the_unit_of_money_changes_v_alone(cdnow: pd.DataFrame) -> None:
    dollars = fit_gamma_gamma(cdnow["x"], cdnow["mean"])
    millionths = fit_gamma_gamma(cdnow["x"], cdnow["mean"] * 1e6)
    assert dollars is not None
    assert millionths is not None
    assert [millionths.p, millionths.q, millionths.v / 1e6] == pytest.approx(
        [dollars.p, dollars.q, dollars.v], rel=1e-5
    )


@pytest.mark.slow
def test_weights_stand_for_customers_and_the_order_of_rows_for_nothing() -> None:
    rng = np.random.default_rng(5)
    x, m = rng.integers(0, 6, 400), rng.integers(1, 60, 400) / 4
    once = fit_gamma_gamma(x, m)
    assert once == fit_gamma_gamma(x[::-1], m[::-1])
    assert once == fit_gamma_gamma(np.repeat(x, 2), np.repeat(m, 2), np.full(800, 0.5))
    kind, weights = rng.integers(0, 3, 300), rng.random(300)
    rows = (np.array([1, 2, 6])[kind], np.array([5.0, 9.0, 3.0])[kind], weights)
    for _ in range(10):
        shuffled = rng.permutation(300)
        assert fit_gamma_gamma(*(column[shuffled] for column in rows)) == fit_gamma_gamma(*rows)


def test_customers_without_repeat_orders_do_not_count() -> None:
    assert fit_gamma_gamma([0, 2, 1, 0, 4], [np.nan, 20, 10, 0, 15]) == fit_gamma_gamma([2, 1, 4], [20, 10, 15])
    assert fit_gamma_gamma([0, 2, 1, 4], [0, 20, 10, 15], [1, 1, 1, 0]) == fit_gamma_gamma([2, 1], [20, 10])
    for nothing in (([], []), ([0, 0], [0, 0]), ([2], [5], [0])):
        assert fit_gamma_gamma(*nothing) is None


@pytest.mark.parametrize("theta", [[1.8, 1.3, 2.7], [-1.0, 0.1, -0.5], [3.0, 2.5, -2.0]])
def test_the_gradient_is_that_of_the_likelihood(theta: list[float]) -> None:
    rows = (np.array([1.0, 1, 2, 7]), np.array([0.3, 1.2, 0.8, 2.0]), np.array([0.3, 0.3, 0.2, 0.2]))
    point = np.array(theta)
    _, slope = _negative_log_likelihood(point, *rows)
    step = 1e-5 * np.eye(3)
    differences = [
        (_negative_log_likelihood(point + s, *rows)[0] - _negative_log_likelihood(point - s, *rows)[0]) / 2e-5
        for s in step
    ]
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-8)


@pytest.mark.slow
@settings(max_examples=60)
@given(rows=st.lists(st.tuples(st.integers(0, 400), st.floats(1e-4, 1e9)), min_size=1, max_size=12))
def test_a_fit_of_anything_is_finite_and_within_its_bounds(rows: list[tuple[int, float]]) -> None:
    x, m = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    model = fit_gamma_gamma(x, m)
    assert (model is None) == (not x.any())
    if model is not None:
        assert 0.999e-3 < model.p < 1.001e3
        assert 0.999e-3 < model.q < 1.001e3
        spend = expected_spend(model, x, m)
        assert (spend[~np.isnan(spend)] > 0).all()


@settings(max_examples=60)
@given(
    p=st.floats(0.01, 100), q=st.floats(1.01, 100), v=st.floats(0.01, 1e4), x=st.integers(1, 500), m=st.floats(0, 1e6)
)
def test_spend_lies_between_her_own_mean_and_that_of_all(p: float, q: float, v: float, x: int, m: float) -> None:
    model = GammaGamma(p, q, v)
    everyone, hers = float(expected_spend(model, 0, 0)), float(expected_spend(model, x, m))
    assert min(m, everyone) * (1 - 1e-9) <= hers <= max(m, everyone) * (1 + 1e-9)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (([1.5], [1]), "1 of 1 rows have a number of repeat orders that is not whole."),
        (([1, 2], [1, np.nan]), "1 of 2 rows have an empty value (nan)."),
        (([1, 2], [0, 3]), "1 of 2 rows have repeat orders with a mean value of 0"),
        (([-1], [3]), "1 of 1 numbers of repeat orders are negative or infinite."),
        (([1], [-3]), "1 of 1 mean values are negative or infinite."),
        (([1, 2], [3]), "have the shapes (2,) and (1,)"),
        (([[1]], [[3]]), "of shape (1, 1) cannot be fitted"),
        (([1], [3], [-1]), "The weights must be one finite number >= 0"),
    ],
)
def test_impossible_rows_are_refused(rows: tuple[list, ...], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        fit_gamma_gamma(*rows)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
def test_parameters_must_be_positive(bad: float) -> None:
    with pytest.raises(ValueError, match="finite and above 0"):
        GammaGamma(6.25, bad, 15.44)
