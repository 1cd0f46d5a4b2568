"""BG/NBD: the published fit and forecast, closed forms against quadrature, and laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from churnml.statistics.bgnbd import (
    BGNBD,
    _negative_log_likelihood,
    expected_orders,
    expected_orders_if_alive,
    fit_bgnbd,
    no_order_probability,
    probability_alive,
)

# Fader, Hardie & Lee (2005), CDNOW, in weeks.
PUBLISHED = BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)


@pytest.fixture(scope="module")
def cdnow(shared_data: Path) -> pd.DataFrame:
    """Give x, t_x and T in days of the 1/10 sample, observed to 1997-09-30, orders of a day merged."""
    columns = ["master", "customer", "date", "cds", "dollars"]
    rows = pd.read_csv(shared_data / "cdnow" / "CDNOW_sample.txt", sep=r"\s+", names=columns)
    rows["day"] = pd.to_datetime(rows["date"].astype(str), format="%Y%m%d")
    days = rows[rows["day"] <= "1997-09-30"].drop_duplicates(["customer", "day"])
    by = days.groupby("customer")["day"]
    return pd.DataFrame(
        {"x": by.size() - 1, "t_x": (by.max() - by.min()).dt.days, "T": (pd.Timestamp("1997-09-30") - by.min()).dt.days}
    )


@pytest.mark.slow
def test_the_published_fit(cdnow: pd.DataFrame) -> None:
    assert len(cdnow) == 2_357
    found = fit_bgnbd(cdnow["x"], cdnow["t_x"] / 7, cdnow["T"] / 7)
    assert found is not None
    for name in ("r", "alpha", "a", "b"):
        assert getattr(found, name) == pytest.approx(getattr(PUBLISHED, name), abs=0.002), name


@pytest.mark.slow
def test_the_unit_of_time_changes_alpha_alone(cdnow: pd.DataFrame) -> None:
    weeks = fit_bgnbd(cdnow["x"], cdnow["t_x"] / 7, cdnow["T"] / 7)
    days = fit_bgnbd(cdnow["x"], cdnow["t_x"], cdnow["T"])
    assert weeks is not None
    assert days is not None
    assert days.alpha == pytest.approx(30.9, abs=0.02)
    assert [days.r, days.alpha / 7, days.a, days.b] == pytest.approx([weeks.r, weeks.alpha, weeks.a, weeks.b], rel=1e-4)


def test_the_published_forecast_of_a_customer() -> None:
    # The paper's customer 0001: x = 2, t_x = 30.43, T = 38.86, 39 weeks ahead: 1.226.
    assert float(expected_orders(PUBLISHED, 2, 30.43, 38.86, 39)) == pytest.approx(1.226, abs=5e-4)


def test_of_customers_who_are_alive_the_peer_expects_as_many_orders() -> None:
    # lifetimes 0.11.3 on the CDNOW sample to 1997-09-30, in days:
    #   data = summary_data_from_transaction_data(rows, "customer", "date", "dollars", observation_period_end=...)
    #   model = BetaGeoFitter().fit(data.frequency, data.recency, data["T"], tol=1e-12)
    #   x = data.frequency, data.recency, data["T"]
    #   model.conditional_expected_number_of_purchases_up_to_time(365, *x) / model.conditional_probability_alive(*x)
    # of the customers 1, 2, 3 and 6.
    model = BGNBD(0.24259454342106737, 30.89521901254167, 0.7929218333479034, 2.4259057287218644)
    found = expected_orders_if_alive(model, [2, 1, 0, 7], [272, 272, 272, 272], 365)
    assert found == pytest.approx([2.149939, 1.227556, 0.252290, 6.557018], abs=1e-6)


def by_quadrature(model: BGNBD, x: float, t_x: float, T: float, horizon: float, lead: float) -> tuple[float, float]:
    """Integrate over the posterior of a customer who is alive: no order in the window, and orders in it."""
    # The rate of orders is a gamma variable, the chance of leaving after each a beta variable.
    nodes, of_rate = special.roots_genlaguerre(80, model.r + x - 1)
    rate = nodes[:, None] / (model.alpha + T)
    nodes, of_leaving = special.roots_jacobi(80, model.b + x - 1, model.a - 1)
    leaving = (1 + nodes) / 2

    def mean(values: np.ndarray) -> float:
        return float(of_rate @ values @ of_leaving / of_rate.sum() / of_leaving.sum())

    order = mean(np.exp(-rate * leaving * lead) * (1 - np.exp(-rate * horizon)))
    # While alive, orders come at the rate, and the customer leaves at rate x chance.
    orders = mean((np.exp(-rate * leaving * lead) - np.exp(-rate * leaving * (lead + horizon))) / leaving)
    alive = float(probability_alive(model, x, t_x, T))
    return 1 - alive * order, alive * orders


@pytest.mark.parametrize("customer", [(0, 0.0, 30.0), (2, 30.43, 38.86), (9, 20.0, 60.0)])
@pytest.mark.parametrize(("horizon", "lead"), [(13.0, 0.0), (39.0, 8.0)])
def test_closed_forms_are_what_integration_gives(
    customer: tuple[float, float, float], horizon: float, lead: float
) -> None:
    for model in (PUBLISHED, BGNBD(r=1.4, alpha=9.0, a=2.0, b=3.5)):
        none, orders = by_quadrature(model, *customer, horizon, lead)
        assert float(no_order_probability(model, *customer, horizon, lead)) == pytest.approx(none, rel=1e-9)
        assert float(expected_orders(model, *customer, horizon, lead)) == pytest.approx(orders, rel=1e-9)


def test_being_alive_is_the_papers_formula() -> None:
    # 1 / (1 + a / (b + x - 1) x ((alpha + T) / (alpha + t_x)) ^ (r + x))
    expected = 1 / (1 + 0.793 / 3.426 * (43.274 / 34.844) ** 2.243)
    assert float(probability_alive(PUBLISHED, 2, 30.43, 38.86)) == pytest.approx(expected, rel=1e-12)
    assert float(probability_alive(PUBLISHED, 0, 0, 38.86)) == 1.0


parameters = st.builds(
    BGNBD,
    r=st.floats(0.01, 50),
    alpha=st.floats(0.1, 1e4),
    a=st.floats(0.01, 50),
    b=st.floats(0.01, 50),
)


@pytest.mark.slow
@settings(max_examples=150)
@given(
    model=parameters,
    x=st.integers(0, 500),
    recency=st.floats(0, 1),
    T=st.floats(0.1, 4000),
    horizon=st.floats(0.1, 2000),
    lead=st.floats(0, 500),
)
def test_forecasts_obey_their_laws(model: BGNBD, x: int, recency: float, T: float, horizon: float, lead: float) -> None:
    customer = (x, recency * T if x else 0.0, T)
    none = float(no_order_probability(model, *customer, horizon, lead))
    if_alive = float(expected_orders_if_alive(model, x, T, horizon, lead))
    longer = float(no_order_probability(model, *customer, 2 * horizon, lead))
    orders = float(expected_orders(model, *customer, horizon, lead))
    assert 0 <= longer <= none + 1e-9 <= 1 + 2e-9
    assert 0 <= float(probability_alive(model, *customer)) <= 1
    assert orders >= 1 - none - 1e-7, "whoever orders, orders at least once"
    assert if_alive >= orders, "who may have left orders no more"
    following = float(expected_orders(model, *customer, horizon, lead + horizon))
    both = float(expected_orders(model, *customer, 2 * horizon, lead))
    assert orders + following == pytest.approx(both, rel=1e-6, abs=1e-9)


def test_null_in_gives_null_out_and_rows_do_not_know_each_other() -> None:
    x, t_x, T = np.array([2.0, np.nan, 0.0]), np.array([30.43, 1.0, 0.0]), np.array([38.86, 9.0, 20.0])
    for forecast in (no_order_probability, expected_orders):
        found = forecast(PUBLISHED, x, t_x, T, 39)
        assert np.isnan(found[1])
        assert found[0] == forecast(PUBLISHED, 2, 30.43, 38.86, 39)


@pytest.mark.slow
def test_weights_stand_for_customers_and_the_order_of_rows_for_nothing() -> None:
    rng = np.random.default_rng(5)
    x = rng.poisson(1.5, 400)
    T = rng.integers(50, 300, 400)
    t_x = np.where(x > 0, (T * rng.random(400)).astype(int), 0)
    once = fit_bgnbd(x, t_x, T)
    assert once == fit_bgnbd(x[::-1], t_x[::-1], T[::-1])
    assert once == fit_bgnbd(np.repeat(x, 2), np.repeat(t_x, 2), np.repeat(T, 2), np.full(800, 0.5))


@pytest.mark.slow
def test_unequal_weights_of_one_history_are_added_in_one_order() -> None:
    # 300 rows share three histories; sums of such weights differ in their last digits between orders.
    rng = np.random.default_rng(8)
    kind = rng.integers(0, 3, 300)
    columns = (np.array([0, 1, 6])[kind], np.array([0, 9, 30])[kind], np.array([40, 40, 41])[kind], rng.random(300))
    once = fit_bgnbd(*columns)
    for _ in range(10):
        shuffled = rng.permutation(300)
        assert fit_bgnbd(*(column[shuffled] for column in columns)) == once


@pytest.mark.parametrize("histories", [([0, 0], [0, 0], [30, 20]), ([], [], []), ([1], [0], [0])])
def test_where_there_is_nothing_to_learn_there_is_no_model(histories: tuple[list, list, list]) -> None:
    assert fit_bgnbd(*histories) is None


@pytest.mark.parametrize(
    "histories", [([3], [20], [30]), ([2] * 50, [20] * 50, [30] * 50), ([0, 1], [0, 30], [30, 30])]
)
def test_too_few_or_too_alike_still_give_a_model(histories: tuple[list, list, list]) -> None:
    found = fit_bgnbd(*histories)
    assert found is not None
    assert np.isfinite(no_order_probability(found, *histories, 30)).all()


@pytest.mark.parametrize(
    ("histories", "said"),
    [
        (([1.5], [1], [2]), "not whole"),
        (([1], [3], [2]), "0 <= t_x <= T"),
        (([-1], [0], [2]), "negative"),
        (([np.nan], [0], [2]), "empty value"),
    ],
)
def test_impossible_histories_are_refused(histories: tuple[list, list, list], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fit_bgnbd(*histories)


# Made with mpmath 1.4.1 at 40 digits, lambda integrated by hand, per customer who is alive; A = r + x, k = alpha + T,
# h = horizon, l = lead, F(A, a, c, y) = mpmath.hyp2f1(A, a, c, -y):
#   orders = (a + b + x - 1) / (a - 1) * (F(A, a - 1, a + b + x - 1, l / k) - F(A, a - 1, a + b + x - 1, (l + h) / k))
#   none = 1 - F(A, a, a + b + x, l / k) + (k / (k + h)) ** A * F(A, a, a + b + x, l / (k + h))
REFERENCE = [
    (PUBLISHED, (2, 38.86, 39, 0), 1.68739930580531, 0.236659102324717),
    (BGNBD(0.243, 30.9, 0.793, 2.426), (300, 1000, 90, 14), 25.097294399732, 0.0105365670396432),
    (BGNBD(1.5, 60, 2.5, 0.3), (0, 5, 365, 30), 0.646306729622365, 0.454266026639842),
    (BGNBD(5, 0.1, 0.05, 12), (7, 3, 1000, 10), 3100.4545371171, 0.0536115607621288),
    (BGNBD(0.02, 300, 8, 1.4), (25, 700, 0.01, 200), 8.15325822932308e-5, 0.999918475477936),
]


@pytest.mark.parametrize(("model", "customer", "orders", "none"), REFERENCE)
def test_closed_forms_keep_their_digits(
    model: BGNBD, customer: tuple[float, float, float, float], orders: float, none: float
) -> None:
    x, T, horizon, lead = customer
    alive = float(probability_alive(model, x, T, T))
    found = float(expected_orders(model, x, T, T, horizon, lead))
    assert found / alive == pytest.approx(orders, rel=1e-10)
    assert 1 - float(no_order_probability(model, x, T, T, horizon, lead)) == pytest.approx(
        alive * (1 - none), rel=1e-10, abs=1e-13
    )


@pytest.mark.parametrize(("a", "b", "x"), [(1.0, 2.4, 3), (0.4, 0.6, 0)])
def test_nothing_breaks_where_the_papers_formula_divides_by_zero(a: float, b: float, x: int) -> None:
    # a = 1 and a + b + x = 1. The forecast is smooth in a, so the middle is the mean of both sides up to its curvature.
    at, below, above = (
        float(expected_orders(BGNBD(0.5, 5, a + shift, b), x, 20 if x else 0, 30, 26, 4)) for shift in (0, -1e-4, 1e-4)
    )
    assert at == pytest.approx((below + above) / 2, rel=1e-7)
    assert below > at > above, "who leaves sooner orders less"


def test_no_lead_is_the_limit_of_a_short_one() -> None:
    # Without lead no_order_probability needs no quadrature: two ways to one number.
    at = float(no_order_probability(PUBLISHED, 4, 30, 38, 13))
    assert float(no_order_probability(PUBLISHED, 4, 30, 38, 13, 1e-9)) == pytest.approx(at, rel=1e-9)


@pytest.mark.parametrize("theta", [[-1.4, -2.2, -0.2, 0.9], [1.5, 2.0, -3.0, 2.5], [-4.0, -1.0, 3.0, -4.0]])
def test_the_gradient_is_that_of_the_likelihood(theta: list[float]) -> None:
    x = np.array([0.0, 0.0, 1.0, 1.0, 4.0, 30.0])
    t_x = np.array([0.0, 0.0, 0.1, 0.9, 0.7, 1.1])
    rows = (x, t_x, np.array([1.0, 0.4, 0.8, 1.2, 1.4, 1.1]), np.array([0.3, 0.2, 0.2, 0.1, 0.15, 0.05]))
    point = np.array(theta)
    _, slope = _negative_log_likelihood(point, *rows)
    step = 1e-5 * np.eye(4)
    differences = [
        (_negative_log_likelihood(point + s, *rows)[0] - _negative_log_likelihood(point - s, *rows)[0]) / 2e-5
        for s in step
    ]
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-8)


@settings(max_examples=100)
@given(
    logs=st.tuples(*[st.floats(-3, 3)] * 3),
    log_alpha=st.floats(-6, 8),
    x=st.sampled_from([0, 1, 2, 50, 5_000, 1_000_000]),
    recency=st.floats(0, 1),
    T=st.floats(0, 1e5),
    horizon=st.floats(0, 1e5),
    lead=st.sampled_from([0.0, 1e-9, 7.0, 1e5]),
)
def test_every_model_that_a_fit_can_give_forecasts_finite_numbers(
    logs: tuple[float, float, float], log_alpha: float, x: int, recency: float, T: float, horizon: float, lead: float
) -> None:
    r, a, b = (10.0**value for value in logs)
    model, customer = BGNBD(r, 10.0**log_alpha, a, b), (x, recency * T, T)
    assert 0 <= float(probability_alive(model, *customer)) <= 1
    assert 0 <= float(no_order_probability(model, *customer, horizon, lead)) <= 1
    assert 0 <= float(expected_orders(model, *customer, horizon, lead)) < np.inf


@pytest.mark.slow
@settings(max_examples=60)
@given(rows=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 50), st.integers(0, 900)), min_size=1, max_size=12))
def test_a_fit_of_anything_is_finite_and_within_its_bounds(rows: list[tuple[int, int, int]]) -> None:
    x, t_x, rest = (np.array(column) for column in zip(*rows, strict=True))
    model = fit_bgnbd(x, t_x, t_x + rest)
    assert (model is None) == (not x.any() or not (t_x + rest).any())
    if model is not None:
        for value in (model.r, model.a, model.b):
            assert 0.999e-3 < value < 1.001e3
        assert np.isfinite(model.alpha)


def test_orders_are_never_negative_where_none_are_expected() -> None:
    # 300 purchases a day and p near 0.4: nobody is left after a lead of 78 days (mpmath: 0 to double precision).
    model = BGNBD(r=0.00163, alpha=0.000674, a=773.0, b=124.0)
    orders = float(expected_orders(model, 1_000, 3.27, 3.27, 509, 77.7))
    assert orders == pytest.approx(0, abs=1e-7)
    assert orders >= 0


@pytest.mark.parametrize("bad", [0.0, -1.0, np.inf, np.nan])
def test_parameters_must_be_positive(bad: float) -> None:
    with pytest.raises(ValueError, match="finite and above 0"):
        BGNBD(0.2, bad, 0.8, 2.4)


@pytest.mark.parametrize(("horizon", "lead"), [(-1.0, 0.0), (7.0, np.nan), (np.inf, 0.0)])
def test_impossible_windows_are_refused(horizon: float, lead: float) -> None:
    for forecast in (no_order_probability, expected_orders):
        with pytest.raises(ValueError, match="Horizon and lead"):
            forecast(PUBLISHED, 2, 30.43, 38.86, horizon, lead)
