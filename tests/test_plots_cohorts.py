"""Pictures of cohorts and of concentration: the numbers drawn are the table's, and nothing else is touched."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import pairwise

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from churnml.plots import plot_concentration, plot_retention_cohorts, plot_revenue_cohorts

matplotlib.use("Agg")

CONCENTRATION = pd.DataFrame({"customer_share": [0.1, 0.25, 1.0], "amount_share": [0.4, 0.72, 1.0]})


def cohorts(number: int, amount: float = 20.0) -> pd.DataFrame:
    """Make a triangle of so many months; the last one is not over."""
    firsts = pd.date_range("2020-01-01", periods=number, freq="MS")
    rows = [(first, month) for row, first in enumerate(firsts) for month in range(number - row)]
    table = pd.DataFrame(rows, columns=["cohort", "month"]).assign(size=1_234)
    table["retention_share"] = 1 / (1 + table["month"])
    table["amount_per_customer"] = amount / (1 + table["month"])
    last = firsts[-1]
    ends = [first + pd.DateOffset(months=int(month)) for first, month in rows]
    return table.assign(is_complete=[end < last for end in ends])


PLOTS: list[tuple[Callable[..., Axes], pd.DataFrame]] = [
    (plot_retention_cohorts, cohorts(3)),
    (plot_revenue_cohorts, cohorts(3)),
    (plot_concentration, CONCENTRATION),
]


def texts(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


@pytest.mark.slow
@pytest.mark.parametrize(("plot", "table"), PLOTS)
def test_every_plot_renders_and_leaves_pyplot_and_the_table_alone(
    plot: Callable[..., Axes], table: pd.DataFrame
) -> None:
    import matplotlib.pyplot as plt

    before = table.copy()
    ax = plot(table)
    assert isinstance(ax.figure, Figure)
    ax.figure.savefig(io.BytesIO(), format="png")
    assert plt.get_fignums() == []
    pd.testing.assert_frame_equal(table, before)
    given = Figure().add_subplot()
    assert plot(table, ax=given) is given


@pytest.mark.parametrize(("plot", "table"), PLOTS)
def test_an_empty_table_is_an_empty_frame_that_says_so(plot: Callable[..., Axes], table: pd.DataFrame) -> None:
    ax = plot(table.iloc[:0])
    assert texts(ax) == ["nothing to show"]
    assert isinstance(ax.figure, Figure)
    ax.figure.savefig(io.BytesIO(), format="png")


def test_cells_are_where_the_table_says_and_the_first_month_has_no_colour() -> None:
    ax = plot_retention_cohorts(cohorts(3))
    assert texts(ax) == ["100", "50", "(33)", "100", "(50)", "(100)"]
    nan = float("nan")
    drawn = np.ma.filled(ax.images[0].get_array(), nan)
    np.testing.assert_allclose(drawn, [[nan, 50, 100 / 3], [nan, 50, nan], [nan, nan, nan]])
    assert ax.images[0].get_clim() == (0, 50)
    assert ax.get_yticklabels()[0].get_text() == "2020-01 (1,234)"


@pytest.mark.parametrize(
    ("amount", "written"), [(8, ["8.0", "(4.0)"]), (20_000, ["20k", "(10k)"]), (300, ["300", "(150)"])]
)
def test_amounts_are_as_short_as_they_can_be(amount: float, written: list[str]) -> None:
    assert texts(plot_revenue_cohorts(cohorts(2, amount)))[:2] == written


@pytest.mark.slow
@pytest.mark.parametrize("months", [2, 26])
def test_no_number_touches_its_neighbour(months: int) -> None:
    for plot in (plot_retention_cohorts, plot_revenue_cohorts):
        ax = plot(cohorts(months, 9_999))
        figure = ax.figure
        assert isinstance(figure, Figure)
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in ax.texts]
        for row in range(months):
            beside = [box for box, text in zip(boxes, ax.texts, strict=True) if text.get_position()[1] == row]
            assert all(left.x1 < right.x0 for left, right in pairwise(beside))


def test_of_many_months_the_colours_alone_are_drawn() -> None:
    ax = plot_retention_cohorts(cohorts(60))
    assert texts(ax) == []
    assert [tick.get_text() for tick in ax.get_xticklabels()][:3] == ["0", "6", "12"]


def test_concentration_begins_at_nothing_and_marks_the_quarter() -> None:
    ax = plot_concentration(CONCENTRATION)
    np.testing.assert_array_equal(ax.lines[0].get_xdata(), [0, 0.1, 0.25, 1])
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [0, 0.4, 0.72, 1])
    assert texts(ax) == ["the best 25 % bring 72 %"]
    assert texts(plot_concentration(CONCENTRATION.iloc[[0, 2]])) == []
