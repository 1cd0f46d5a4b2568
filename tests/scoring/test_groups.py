from __future__ import annotations

import pandas as pd

from churnml.analytics.risk_groups import groups_of
from churnml.config import ScoringSettings
from churnml.data.local_rows import RowsInMemory
from churnml.definition import ChurnDefinition
from churnml.scoring.groups import total_groups


def test_who_is_gone_to_save_and_on_pace() -> None:
    frame = pd.DataFrame({"churn_probability": [0.9, 0.25, 0.249, 0.9, 0.1]})
    pace = pd.DataFrame({"overdue": [True, True, True, False, True], "lost": [True, False, False, False, True]})
    told = groups_of(frame, pace, ChurnDefinition(), ScoringSettings(min_probability=0.25))
    assert list(told) == ["gone", "to_save", "on_pace", "on_pace", "gone"]
    # A running subscription has no pace: nobody is gone, and who is likely enough to end it is to save.
    told = groups_of(frame, pace, ChurnDefinition(kind="subscription_end"), ScoringSettings(min_probability=0.25))
    assert list(told) == ["to_save", "to_save", "on_pace", "to_save", "on_pace"]


def test_groups_are_added_up() -> None:
    frame = pd.DataFrame(
        {
            "group": ["gone", "to_save", "to_save", "gone"],
            "risk_band": ["very high", "high", "medium", "high"],
            "value_at_risk": [1.0, 20.5, 0.25, 3.0],
        }
    )
    assert total_groups(RowsInMemory(frame)) == {
        "gone": {"customers": 2, "at_high_risk": 2, "value_at_risk": 4.0},
        "to_save": {"customers": 2, "at_high_risk": 1, "value_at_risk": 20.75},
        "on_pace": {"customers": 0, "at_high_risk": 0, "value_at_risk": 0.0},
    }
