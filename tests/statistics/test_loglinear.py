"""Log-linear regression of power 1.5, against scikit-learn and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import TweedieRegressor

from churnml.statistics.loglinear import fit_loglinear, tweedie_deviance

RNG = np.random.default_rng(5)
DESIGN = np.column_stack([np.ones(400), RNG.normal(size=400), RNG.normal(3, 2, 400)])
SPENT = RNG.gamma(2.0, np.exp(DESIGN @ [1.0, 0.4, -0.2])) * (RNG.random(400) < 0.8)


def test_without_a_penalty_it_is_the_tweedie_regression_of_scikit_learn() -> None:
    theirs = TweedieRegressor(power=1.5, alpha=0.0, link="log", tol=1e-10, max_iter=10_000).fit(DESIGN[:, 1:], SPENT)
    found = fit_loglinear(DESIGN, SPENT, [0.0, 0.0, 0.0])
    np.testing.assert_allclose(found, [theirs.intercept_, *theirs.coef_], atol=1e-5)


def test_the_unit_of_money_moves_the_constant_alone() -> None:
    euros, cents = (fit_loglinear(DESIGN, SPENT * unit, [0.0, 1.0, 1.0]) for unit in (1.0, 100.0))
    np.testing.assert_allclose(cents - euros, [np.log(100.0), 0.0, 0.0], atol=1e-8)


def test_an_offset_is_taken_as_known() -> None:
    found = fit_loglinear(DESIGN[:, :2], SPENT, [0.0, 0.0], offset=0.5 * DESIGN[:, 1])
    assert found[1] == pytest.approx(fit_loglinear(DESIGN[:, :2], SPENT, [0.0, 0.0])[1] - 0.5, abs=1e-6)


def test_a_penalty_draws_a_coefficient_towards_none() -> None:
    free, held = (fit_loglinear(DESIGN, SPENT, [0.0, penalty, 0.0])[1] for penalty in (0.0, 1e4))
    assert abs(held) < 0.05 * abs(free)


def test_a_column_that_never_varies_has_no_say() -> None:
    same = np.column_stack([DESIGN, np.zeros(400)])
    np.testing.assert_allclose(
        fit_loglinear(same, SPENT, [0.0, 0.0, 0.0, 1.0])[:3], fit_loglinear(DESIGN, SPENT, [0.0] * 3), atol=1e-8
    )


def test_nothing_spent_has_no_mean() -> None:
    with pytest.raises(ValueError, match="Nothing is above 0"):
        fit_loglinear(DESIGN, np.zeros(400), [0.0] * 3)


def test_the_deviance_is_least_where_the_mean_is_right() -> None:
    means = np.linspace(0.5, 8.0, 151)
    losses = [tweedie_deviance([1.0, 5.0, 0.0, 6.0], np.full(4, mean)).sum() for mean in means]
    # (1 + 5 + 0 + 6) / 4
    assert means[int(np.argmin(losses))] == pytest.approx(3.0)
