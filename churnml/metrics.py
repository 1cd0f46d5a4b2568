"""Figures of predictions and of shares: what the trainer judges by, for whoever wants to judge on their own."""

from churnml.statistics.bootstrap import bootstrap_interval, bootstrap_intervals, clustered_mean, paired_difference
from churnml.statistics.calibration import (
    calibration_error,
    calibration_error_if_perfect,
    calibration_slope_intercept,
    reliability_table,
)
from churnml.statistics.kaplan_meier import kaplan_meier, survival_at
from churnml.statistics.logodds import logit, sigmoid
from churnml.statistics.metrics import (
    auroc,
    average_precision,
    brier_score,
    brier_skill,
    gains_table,
    lift_at,
    log_loss,
    precision_at,
    shape_loss,
)
from churnml.statistics.profit import expected_maximum_profit, value_at_risk_captured
from churnml.statistics.shares import newcombe, wilson

__all__ = [
    "auroc",
    "average_precision",
    "bootstrap_interval",
    "bootstrap_intervals",
    "brier_score",
    "brier_skill",
    "calibration_error",
    "calibration_error_if_perfect",
    "calibration_slope_intercept",
    "clustered_mean",
    "expected_maximum_profit",
    "gains_table",
    "kaplan_meier",
    "lift_at",
    "log_loss",
    "logit",
    "newcombe",
    "paired_difference",
    "precision_at",
    "reliability_table",
    "shape_loss",
    "sigmoid",
    "survival_at",
    "value_at_risk_captured",
    "wilson",
]
