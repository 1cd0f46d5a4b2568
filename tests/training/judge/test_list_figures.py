"""Figures of those whom lists are made of, by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import numpy as np
import pandas as pd
import pytest

from churnml.config import ScoringSettings
from churnml.definition import ChurnDefinition
from churnml.models.rows import TrainingFrame
from churnml.statistics.logodds import sigmoid
from churnml.training.judge.list_figures import compute_list_figures
from churnml.training.rows.study import Study

# Pace 20, horizon 90: overdue after 20 days, lost after 90. The fifth is on pace, the sixth gone, the seventh unlikely.
SINCE = [50.0, 50.0, 50.0, 50.0, 5.0, 91.0, 50.0]
LOGODDS = np.array([0.0, 1.0, -0.5, 2.0, 2.0, 3.0, -2.0])
SPEND = [100.0, 10.0, 300.0, 0.0, 900.0, 900.0, 900.0]
CHURNED = np.array([1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0])


def study_of(columns: dict[str, list[float]], capacity: int = 2) -> Study:
    rows = TrainingFrame(
        pd.DataFrame(columns),
        CHURNED,
        np.arange(7),
        np.linspace(0, 0.9, 7),
        np.array(["2025-01-01"] * 7, dtype="datetime64[D]"),
    )
    scoring = ScoringSettings(capacity=capacity, min_probability=0.25)
    return cast(Study, SimpleNamespace(gate_rows=rows, definition=ChurnDefinition(), scoring=scoring))


def test_those_to_save_and_the_list_are_judged_apart() -> None:
    columns = {"days_since_last_order": SINCE, "pace_days": [20.0] * 7, "amount_sum_365d": SPEND}
    found = compute_list_figures(study_of(columns), LOGODDS)
    assert found is not None
    # To save: the first four. Of the pairs of one who left (1 and 4) and one who stayed (2 and 3), 0 > -0.5, 2 > 1 and
    # 2 > -0.5 are right, 0 > 1 is not.
    assert found["to_save"]["rows"] == 4
    assert found["to_save"]["predicted"] == pytest.approx(sigmoid(LOGODDS[:4]).mean())
    assert found["to_save"]["churned"] == 0.5
    assert found["to_save"]["auroc"]["value"] == 0.75
    # Probability times spend: 50, 7.3, 113 and 0, so the third and the first are listed.
    assert found["listed"]["rows"] == 2
    assert found["listed"]["predicted"] == pytest.approx(sigmoid(np.array([0.0, -0.5])).mean())
    assert found["listed"]["churned"] == 0.5
    assert found["listed"]["auroc"]["value"] == 1.0


def test_where_all_left_there_is_no_auroc() -> None:
    columns = {"days_since_last_order": SINCE, "pace_days": [20.0] * 7}
    found = compute_list_figures(study_of(columns, capacity=1), LOGODDS)
    assert found is not None
    assert found["listed"]["auroc"] is None  # without spend the fourth comes first
    assert found["listed"]["churned"] == 1.0
    assert found["listed"]["low"] is None


def test_without_a_pace_or_anybody_to_save_there_is_nothing() -> None:
    assert compute_list_figures(study_of({"days_since_last_order": SINCE}), LOGODDS) is None
    columns = {"days_since_last_order": [5.0] * 7, "pace_days": [20.0] * 7}
    assert compute_list_figures(study_of(columns), LOGODDS) is None
