"""The figures of the gate."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from churnml.models.rows import TrainingFrame
from churnml.statistics import calibration, metrics
from churnml.statistics.logodds import sigmoid
from churnml.statistics.profit import expected_maximum_profit, value_at_risk_captured
from churnml.statistics.shifts import shift_per_group
from churnml.training.judge.figures import compute_figures, compute_untreated_figures

MakeFrame = Callable[..., TrainingFrame]


@pytest.fixture(scope="module")
def gate(make_frame: MakeFrame) -> tuple[TrainingFrame, np.ndarray]:
    frame = make_frame(customers=1_000, snapshots=1, levels=[0.4])
    return frame, 0.4 + 1.2 * (frame.X.days_since_last_order.to_numpy() - 183) / 100


def test_figures_are_those_of_the_metrics(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, logodds = gate
    figures = compute_figures(test, logodds, 30, 7)
    y, p = test.churned, sigmoid(logodds)
    spent, one_day = test.X.amount_sum_365d.to_numpy(), np.zeros(len(y))
    slope, intercept = calibration.calibration_slope_intercept(y, logodds)
    expected = {
        "auroc": metrics.auroc(y, logodds),
        "average_precision": metrics.average_precision(y, logodds),
        "shape_loss": metrics.shape_loss(y, logodds),
        "log_loss": metrics.log_loss(y, logodds),
        "brier_skill": metrics.brier_skill(y, p),
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "calibration_error": calibration.calibration_error(y, p),
        "calibration_error_of_shape": calibration.calibration_error(y, sigmoid(shift_per_group(y, logodds, one_day))),
        "expected_maximum_profit": expected_maximum_profit(y, logodds).profit,
        # A tenth of 1,000 customers.
        "lift_at_10pct": metrics.lift_at(y, p, 100),
        "precision_at_10pct": metrics.precision_at(y, p, 100),
        "value_captured_at_10pct": value_at_risk_captured(y, p * spent, spent, 100),
        "calibration_error_if_perfect": calibration.calibration_error_if_perfect(p, seed=7),
        "calibration_error_of_shape_if_perfect": calibration.calibration_error_if_perfect(
            sigmoid(shift_per_group(y, logodds, one_day)), seed=7
        ),
    }
    assert {name: figure["value"] for name, figure in figures.items()} == pytest.approx(expected)
    assert list(figures) == list(expected)
    for figure in figures.values():
        assert figure["low"] <= figure["high"]
    assert figures["auroc"]["low"] < figures["auroc"]["value"] < figures["auroc"]["high"]


def test_true_probabilities_look_right(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    figures = compute_figures(*gate, 100, 7)
    assert figures["calibration_slope"]["low"] < 1 < figures["calibration_slope"]["high"]
    assert figures["calibration_intercept"]["low"] < 0 < figures["calibration_intercept"]["high"]


def test_same_seed_same_figures(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    assert compute_figures(*gate, 20, 7) == compute_figures(*gate, 20, 7)
    assert compute_figures(*gate, 20, 7)["log_loss"] != compute_figures(*gate, 20, 8)["log_loss"]


def test_constant_predictions_have_figures(gate: tuple[TrainingFrame, np.ndarray]) -> None:
    test, _ = gate
    figures = compute_figures(test, np.zeros(len(test)), 20, 7)
    assert figures["auroc"] == {"value": 0.5, "low": 0.5, "high": 0.5}
    assert np.isnan(figures["calibration_slope"]["value"])


def test_one_customer_on_many_rows_widens_the_interval(make_frame: MakeFrame) -> None:
    frame = make_frame(customers=200, snapshots=1)
    logodds = (frame.X.days_since_last_order.to_numpy() - 183) / 100
    often = frame.take(np.ones(200, dtype=bool))
    repeated = TrainingFrame(
        often.X.loc[np.repeat(often.X.index, 5)].reset_index(drop=True),
        *(np.repeat(getattr(often, name), 5) for name in ("churned", "customers", "hashes", "snapshots")),
    )
    once = compute_figures(frame, logodds, 100, 7)["auroc"]
    five = compute_figures(repeated, np.repeat(logodds, 5), 100, 7)["auroc"]
    assert five["value"] == pytest.approx(once["value"])
    assert five["high"] - five["low"] == pytest.approx(once["high"] - once["low"], rel=0.25)


def test_figures_without_those_who_were_sent_something() -> None:
    # Of four who were sent something one left, of the four others three: alone they are ordered as at random.
    churned = np.array([1.0, 0, 0, 0, 1, 1, 1, 0])
    logodds = np.array([2.0, 0, 0, 0, 1, 1, 1, 1])
    sent = np.array([True] * 4 + [False] * 4)
    days = np.full(8, np.datetime64("2025-01-01"))
    frame = TrainingFrame(pd.DataFrame({"x": logodds}), churned, np.arange(8), np.linspace(0, 0.9, 8), days)
    assert compute_untreated_figures(frame, logodds, 20, 7) is None
    frame = dataclasses.replace(frame, treated=sent)
    found = compute_untreated_figures(frame, logodds, 20, 7)
    assert found is not None
    assert (found["rows"], found["treated"]) == (8, 4)
    assert (found["treated_churn_rate"], found["untreated_churn_rate"]) == (0.25, 0.75)
    assert found["figures"]["auroc"]["value"] == 0.5
    # -(3 log(.75) + log(.25)) / 4 = (3 * .287682 + 1.386294) / 4
    assert found["figures"]["shape_loss"]["value"] == pytest.approx(0.562335, abs=1e-6)
    assert compute_untreated_figures(dataclasses.replace(frame, treated=sent & ~sent), logodds, 20, 7) is None
    assert compute_untreated_figures(dataclasses.replace(frame, treated=~sent | sent), logodds, 20, 7) is None
