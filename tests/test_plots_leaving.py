"""Pictures of leaving and of experience: they show the table's numbers, and say where there are none."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from churnml.plots import (
    LEAVING_COLOUR,
    STAYING_COLOUR,
    plot_experience,
    plot_first_experience,
    plot_groups,
    plot_ratings,
    plot_reasons_of_leaving,
)

REASONS = pd.DataFrame(
    {
        "reason": ["late delivery", "none known"],
        "churned_share": [0.4, np.nan],
        "low": [0.3, np.nan],
        "high": [0.5, np.nan],
        "stayed_share": [0.1, 0.8],
        "stayed_low": [0.05, 0.7],
        "stayed_high": [0.2, 0.9],
    }
)
GROUPS = pd.DataFrame(
    {
        "group": ["tier", "tier", "country", "country"],
        "value": ["gold", "basic", "a $ land of which the name goes on and on and on", "TR"],
        "customers": [1_200, 9, 700, 509],
        "churn_rate": [0.5, 0.1, 0.3, 0.4],
        "low": [0.4, 0.0, 0.2, 0.3],
        "high": [0.6, 0.3, 0.4, 0.5],
        "difference": [0.4, -0.4, -0.1, 0.1],
        "differs": pd.array([True, True, False, None], dtype="boolean"),
        "is_small": [False, True, False, False],
    }
)
EXPERIENCE = pd.DataFrame({"period_end": pd.to_datetime(["2025-01-01", "2025-04-01", "2025-07-01"]).date})
for _name, _values in (("late_share", [0.1, np.nan, 0.2]), ("mean_rating_share", [0.8, 0.7, 0.9]), ("nps", [9, -3, 0])):
    EXPERIENCE[_name] = _values
    EXPERIENCE[f"{_name}_low"] = EXPERIENCE[_name] - 0.05
    EXPERIENCE[f"{_name}_high"] = EXPERIENCE[_name] + 0.05
FIRST = pd.DataFrame(
    {
        "experience": ["return", "any of these", "none of these"],
        "customers": [10, 10, 2_000],
        "retention_rate": [0.5, 0.5, 0.8],
        "low": [0.3, 0.3, 0.78],
        "high": [0.7, 0.7, 0.82],
    }
)
PLOTS = [
    (plot_reasons_of_leaving, REASONS),
    (plot_groups, GROUPS),
    (plot_experience, EXPERIENCE),
    (plot_ratings, EXPERIENCE),
    (plot_first_experience, FIRST),
]
every_plot = pytest.mark.parametrize(("plot", "table"), PLOTS)


def dots(ax: Axes) -> list[tuple[float, float, str]]:
    return [
        (float(x), float(y), str(line.get_color()))
        for line in ax.lines
        if line.get_marker() == "o"
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


@pytest.mark.slow
@every_plot
def test_every_plot_renders_on_the_axes_given_and_leaves_the_table_alone(
    plot: Callable[..., Axes], table: pd.DataFrame
) -> None:
    before = table.copy()
    ax = Figure().add_subplot()
    assert plot(table, ax=ax) is ax
    plot(table).figure.savefig(io.BytesIO(), format="png")
    pd.testing.assert_frame_equal(table, before)


@every_plot
def test_a_table_without_rows_says_so(plot: Callable[..., Axes], table: pd.DataFrame) -> None:
    ax = plot(table.iloc[:0])
    assert [text.get_text() for text in ax.texts] == ["nothing to show"]
    ax.figure.savefig(io.BytesIO(), format="png")


def test_figures_that_the_shop_did_not_bring_are_not_drawn() -> None:
    only_days = EXPERIENCE[["period_end"]]
    assert plot_experience(only_days).texts[0].get_text() == "nothing to show"
    assert plot_ratings(only_days).texts[0].get_text() == "nothing to show"
    legend = plot_experience(EXPERIENCE).get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["late deliveries (share)"]


def test_reasons_stand_in_pairs_of_left_and_stayed() -> None:
    found = dots(plot_reasons_of_leaving(REASONS))
    assert [(x, colour) for x, _, colour in found if x == x] == [
        (0.4, LEAVING_COLOUR),
        (0.1, STAYING_COLOUR),
        (0.8, STAYING_COLOUR),
    ]


def test_groups_have_headings_and_only_values_that_differ_are_coloured() -> None:
    ax = plot_groups(GROUPS)
    assert [label.get_text() for label in ax.get_yticklabels()] == [
        *("tier", "gold (1,200)", "basic (9)"),
        *("country", r"a \$ land of which the name ... (700)", "TR (509)"),
    ]
    found = dots(ax)
    assert [(x, y) for x, y, _ in found] == [(0.5, 1), (0.1, 2), (0.3, 4), (0.4, 5)]
    assert [colour for *_, colour in found][:2] == [LEAVING_COLOUR, STAYING_COLOUR]
    assert not {LEAVING_COLOUR, STAYING_COLOUR} & {colour for *_, colour in found[2:]}
    assert [line.get_markerfacecolor() for line in ax.lines][1] == "white"


def test_the_good_first_experience_is_blue() -> None:
    found = dots(plot_first_experience(FIRST))
    assert [colour for *_, colour in found] == [LEAVING_COLOUR, LEAVING_COLOUR, STAYING_COLOUR]
