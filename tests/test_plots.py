"""Laws of the plots: the numbers drawn are the table's, the words are plain, nothing global is touched."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from churnml.plots import (
    LEAVING_COLOUR,
    STAYING_COLOUR,
    plot_base_rates,
    plot_gains,
    plot_reasons,
    plot_reliability,
)

matplotlib.use("Agg")

RELIABILITY = pd.DataFrame(
    {
        "bin": [1, 2, 3],
        "customers": [50, 50, 50],
        "mean_predicted": [0.1, 0.4, 0.8],
        "churned_share": [0.12, 0.36, 0.82],
        "low": [0.06, 0.25, 0.7],
        "high": [0.22, 0.49, 0.9],
    }
)
GAINS = pd.DataFrame(
    {"contacted_share": [0.0, 0.5, 1.0], "captured_share": [0.0, 0.8, 1.0], "best_share": [0.0, 1.0, 1.0]}
)
BASE_RATES = pd.DataFrame(
    {
        "snapshot_date": pd.to_datetime(["2011-03-01", "2011-06-01", "2011-09-01"]),
        "customers": [900, 1100, 1300],
        "churn_rate": [0.64, np.nan, 0.5],
    }
)
REASONS = pd.DataFrame(
    {
        "label": [
            "3 orders in 90 days",
            "No order for 84 days; she usually orders every 21 days and paid $5 or $6",
            "x",
        ],
        "contribution": [-0.3, 0.9, 0.1],
    }
)
PLOTS = [
    (plot_reliability, RELIABILITY),
    (plot_gains, GAINS),
    (plot_base_rates, BASE_RATES),
    (plot_reasons, REASONS),
]


@pytest.mark.slow
@pytest.mark.parametrize(("plot", "table"), PLOTS)
def test_every_plot_renders_and_leaves_pyplot_and_the_table_alone(
    plot: Callable[..., Axes], table: pd.DataFrame
) -> None:
    import matplotlib.pyplot as plt

    before = table.copy()
    ax = plot(table)
    assert isinstance(ax.figure, Figure)
    picture = io.BytesIO()
    ax.figure.savefig(picture, format="png")
    assert picture.getvalue().startswith(b"\x89PNG")
    assert plt.get_fignums() == []
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize(("plot", "table"), PLOTS)
def test_every_plot_draws_on_the_axes_given(plot: Callable[..., Axes], table: pd.DataFrame) -> None:
    ax = Figure().add_subplot()
    assert plot(table, ax=ax) is ax


@pytest.mark.slow
@pytest.mark.parametrize(("plot", "table"), PLOTS)
def test_every_plot_of_an_empty_table_is_an_empty_plot(plot: Callable[..., Axes], table: pd.DataFrame) -> None:
    ax = plot(table.iloc[:0])
    assert isinstance(ax.figure, Figure)
    ax.figure.savefig(io.BytesIO(), format="png")


def test_reliability_draws_the_points_of_the_table() -> None:
    ax = plot_reliability(RELIABILITY)
    line = next(line for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_array_equal(line.get_xdata(), RELIABILITY["mean_predicted"])
    np.testing.assert_array_equal(line.get_ydata(), RELIABILITY["churned_share"])
    assert ax.get_ylim()[1] >= 0.9
    assert ax.get_ylabel() == "Share of customers who left"


def test_gains_draw_model_perfect_order_and_chance() -> None:
    ax = plot_gains(GAINS)
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["perfect order", "this model", "drawn at random"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), GAINS["captured_share"])


def test_base_rates_are_drawn_above_the_counts_with_gaps_for_nulls() -> None:
    ax = plot_base_rates(BASE_RATES)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), BASE_RATES["churn_rate"])
    (counts,) = [other for other in ax.figure.axes if other is not ax]
    assert counts.get_zorder() < ax.get_zorder()
    assert counts.get_ylim()[0] == 0


def test_reasons_stand_strongest_on_top_in_red_and_blue() -> None:
    ax = plot_reasons(REASONS, title="Customer 17850")
    bars = [bar for bar in ax.patches if isinstance(bar, Rectangle)]
    assert [bar.get_width() for bar in bars] == [0.9, -0.3, 0.1]
    assert ax.yaxis_inverted()
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [LEAVING_COLOUR, STAYING_COLOUR, LEAVING_COLOUR]
    assert ax.get_title() == "Customer 17850"


def test_long_reasons_are_wrapped_and_money_is_no_formula() -> None:
    text = plot_reasons(REASONS).get_yticklabels()[0].get_text()
    assert "\n" in text
    assert max(len(line) for line in text.splitlines()) <= 48
    assert r"\$5 or \$6" in text.replace("\n", " ")


def test_importing_plots_does_not_load_matplotlib() -> None:
    code = "import sys, churnml.plots; sys.exit('matplotlib' in sys.modules or 'pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
