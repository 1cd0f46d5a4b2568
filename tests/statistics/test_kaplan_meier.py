"""Kaplan-Meier: a published example and laws."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from churnml.statistics.kaplan_meier import kaplan_meier, survival_at

# Remission under 6-MP (Freireich et al. 1963), weeks: ended, and still in remission when last seen.
ENDED = {6: 3, 7: 1, 10: 1, 13: 1, 16: 1, 22: 1, 23: 1}
OPEN = {6: 1, 9: 1, 10: 1, 11: 1, 17: 1, 19: 1, 20: 1, 25: 1, 32: 2, 34: 1, 35: 1}
# As published in textbooks, with the standard error of Greenwood at 6 weeks: .0764.
SURVIVAL = {6: 0.857, 7: 0.807, 10: 0.753, 13: 0.690, 16: 0.627, 22: 0.538, 23: 0.448}


def freireich() -> pd.DataFrame:
    weeks = sorted({*ENDED, *OPEN})
    return kaplan_meier(weeks, [ENDED.get(week, 0) for week in weeks], [OPEN.get(week, 0) for week in weeks])


def test_the_published_example() -> None:
    table = freireich()
    assert table["at_risk"].iloc[0] == 21
    for week, expected in SURVIVAL.items():
        assert survival_at(table, week) == pytest.approx(expected, abs=5e-4)
    # log(-log S) at 6 weeks: S = 18/21, Greenwood sum 3 / (21 x 18); exp(+-1.96 x sqrt(sum) / |log S|) = 2.955, 0.338.
    spread = 1.959964 * np.sqrt(3 / (21 * 18)) / abs(np.log(18 / 21))
    assert survival_at(table, 6, "low") == pytest.approx((18 / 21) ** np.exp(spread), rel=1e-6)
    assert survival_at(table, 6, "high") == pytest.approx((18 / 21) ** np.exp(-spread), rel=1e-6)


def test_between_and_beyond_the_durations() -> None:
    table = freireich()
    assert survival_at(table, 5) == 1.0
    assert survival_at(table, 8.5) == survival_at(table, 7)
    assert np.isnan(survival_at(table, 36))


def test_without_open_ones_it_is_the_share_that_lasts_longer() -> None:
    table = kaplan_meier([3, 1, 2], [1, 2, 1], [0, 0, 0])
    assert table["survival"].to_list() == pytest.approx([0.5, 0.25, 0.0])
    assert table["low"].isna().to_list() == [False, False, True]


def test_open_ones_count_for_less_than_ended_ones() -> None:
    assert survival_at(kaplan_meier([1, 2], [1, 1], [5, 0]), 1) > survival_at(kaplan_meier([1, 2], [1, 1], [0, 0]), 1)


@pytest.mark.parametrize("arguments", [([1, 1], [1, 1], [0, 0]), ([1], [1, 2], [0]), ([1], [-1], [0])])
def test_what_is_no_table_of_counts_is_refused(arguments: tuple[list, list, list]) -> None:
    with pytest.raises(ValueError, match=r"Shapes|Durations repeat"):
        kaplan_meier(*arguments)
