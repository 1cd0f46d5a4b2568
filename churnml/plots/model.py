"""Pictures of a model: how right its probabilities are, what a list of it finds, and what goes with a risk."""

from __future__ import annotations

import textwrap
from itertools import accumulate
from typing import TYPE_CHECKING

from churnml.plots.axes import LEAVING_COLOUR, NEUTRAL, PALE, STAYING_COLOUR, as_label, new_axes, set_date_axis, tidy

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_LABEL_WIDTH = 46


def plot_reliability(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw predicted probability against what happened.

    Points on the diagonal were right; points above it left more often than was said. Bars are 95 % intervals.

    Parameters
    ----------
    table : pandas DataFrame
        Bins of predictions: ``mean_predicted, churned_share, low, high`` (shares from 0 to 1), as from
        `churnml.statistics.calibration.reliability_table`.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"mean_predicted": [0.2], "churned_share": [0.25], "low": [0.2], "high": [0.31]})
    >>> plot_reliability(table).get_xlabel()
    'Predicted probability of leaving (mean of the bin)'
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(5.5, 5.0)
    predicted, happened = table["mean_predicted"].to_numpy(), table["churned_share"].to_numpy()
    top = max([0.05, *predicted, *table["high"]]) * 1.05
    ax.plot([0, top], [0, top], color=NEUTRAL, linestyle="--", linewidth=1, label="perfectly calibrated")
    ax.vlines(predicted, table["low"].to_numpy(), table["high"].to_numpy(), color=STAYING_COLOUR, alpha=0.5)
    ax.plot(predicted, happened, color=STAYING_COLOUR, marker="o", label="this model (bar: 95 % interval)")
    ax.set(xlim=(0, top), ylim=(0, top), aspect="equal", title="Calibration")
    ax.set_xlabel("Predicted probability of leaving (mean of the bin)")
    ax.set_ylabel("Share of customers who left")
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    ax.legend(loc="upper left", frameon=False)
    tidy(ax)
    return ax


def plot_gains(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw which share of the leaving customers is on a list of a given length.

    Parameters
    ----------
    table : pandas DataFrame
        Shares by length of list: ``contacted_share, captured_share, best_share`` (0 to 1), as from
        `churnml.statistics.metrics.gains_table`.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> shares = [0.0, 0.5, 1.0]
    >>> table = pd.DataFrame({"contacted_share": shares, "captured_share": [0, 0.8, 1], "best_share": [0, 1, 1]})
    >>> plot_gains(table).get_ylabel()
    'Share of all leaving customers found'
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(5.5, 5.0)
    contacted = table["contacted_share"].to_numpy()
    ax.plot(contacted, table["best_share"].to_numpy(), color=NEUTRAL, linestyle=":", label="perfect order")
    ax.plot(contacted, table["captured_share"].to_numpy(), color=STAYING_COLOUR, linewidth=2, label="this model")
    ax.plot([0, 1], [0, 1], color=NEUTRAL, linestyle="--", linewidth=1, label="drawn at random")
    ax.set(xlim=(0, 1), ylim=(0, 1.02), title="Leaving customers found")
    ax.set_xlabel("Share of customers contacted, most likely to leave first")
    ax.set_ylabel("Share of all leaving customers found")
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    ax.legend(loc="lower right", frameon=False)
    tidy(ax)
    return ax


def plot_base_rates(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the churn rate of every snapshot, and how many customers it rests on.

    Parameters
    ----------
    table : pandas DataFrame
        Churn rates by snapshot, sorted by date: ``snapshot_date``, ``customers`` (count of eligible customers with a
        known label) and ``churn_rate`` (share from 0 to 1; null leaves a gap).
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default. The counts go on a second vertical axis at the right.

    Returns
    -------
    matplotlib Axes
        The axes of the churn rate.

    Examples
    --------
    >>> import pandas as pd
    >>> dates = pd.to_datetime(["2011-03-01", "2011-06-01"])
    >>> table = pd.DataFrame({"snapshot_date": dates, "customers": [900, 1100], "churn_rate": [0.64, 0.5]})
    >>> plot_base_rates(table).get_ylabel()
    'Churn rate (share of eligible customers)'
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter, StrMethodFormatter

    ax = ax if ax is not None else new_axes(7.5, 4.0)
    dates = table["snapshot_date"].to_numpy(dtype="datetime64[D]")
    counts = ax.twinx()
    width = min(8.0, 250.0 / max(len(table), 1))  # points; bars of many snapshots must not run together
    counts.vlines(dates, 0, table["customers"].to_numpy(), color=PALE, linewidth=width)
    counts.set_ylim(bottom=0)
    counts.set_ylabel("Eligible customers (grey bars)", color=NEUTRAL)
    counts.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    counts.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    counts.spines[["top"]].set_visible(False)
    # The second axes are drawn last unless told otherwise, and the bars would hide the line.
    ax.set_zorder(counts.get_zorder() + 1)
    ax.patch.set_visible(False)
    ax.plot(dates, table["churn_rate"].to_numpy(), color=LEAVING_COLOUR, marker="o", linewidth=2)
    ax.set(ylim=(0, 1), title="Churn rate by snapshot")
    ax.set_xlabel("Snapshot date")
    ax.set_ylabel("Churn rate (share of eligible customers)")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    set_date_axis(ax)
    tidy(ax)
    return ax


def plot_learning_curve(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how much more is lost where less is learnt from: fewer customers, or fewer snapshots.

    A line that still falls at its right end says that more would help. Bars are two standard errors.

    Parameters
    ----------
    table : pandas DataFrame
        Parts of the training rows: ``fewer`` (``customers`` or ``snapshots``), ``rows, behind, behind_error``, as from
        `churnml.learning_curve`.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"fewer": "customers", "rows": [4400, 9000], "behind": [0.01, 0.0]})
    >>> table["behind_error"] = [0.002, 0.0]
    >>> plot_learning_curve(table).get_ylabel()
    'Shape loss, less that with all rows'
    """
    from matplotlib.ticker import StrMethodFormatter

    ax = ax if ax is not None else new_axes(7.5, 4.0)
    for fewer, colour in (("customers", STAYING_COLOUR), ("snapshots", LEAVING_COLOUR)):
        part = table[table["fewer"] == fewer].dropna(subset=["behind"]).sort_values("rows")
        if len(part):
            rows, behind = part["rows"].to_numpy(), part["behind"].to_numpy()
            bars = 2 * part["behind_error"].to_numpy()
            ax.errorbar(rows, behind, bars, color=colour, marker="o", linewidth=2, label=f"fewer {fewer}")
    ax.axhline(0, color=NEUTRAL, linestyle="--", linewidth=1)
    ax.set_title("Learning curve")
    ax.set_xlabel("Rows learnt from")
    ax.set_ylabel("Shape loss, less that with all rows")
    ax.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.legend(loc="upper right", frameon=False)
    tidy(ax)
    return ax


def plot_lift_over_time(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how much more often the tenth with the highest risk left than everyone, on one snapshot after the other.

    Parameters
    ----------
    table : pandas DataFrame
        Lift by snapshot, sorted by date: ``snapshot_date`` and ``lift_at_10pct`` (churn rate of the tenth over that of
        all; 1 is drawn at random; null leaves a gap), as from `churnml.tracking.model_card.compute_lift_over_time`.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> dates = pd.to_datetime(["2011-03-01", "2011-06-01"])
    >>> plot_lift_over_time(pd.DataFrame({"snapshot_date": dates, "lift_at_10pct": [1.8, 2.1]})).get_title()
    'Lift by snapshot'
    """
    ax = ax if ax is not None else new_axes(7.5, 4.0)
    dates = table["snapshot_date"].to_numpy(dtype="datetime64[D]")
    lifts = table["lift_at_10pct"].to_numpy(dtype="float64")
    ax.plot(dates, lifts, color=STAYING_COLOUR, marker="o", linewidth=2, label="this model, on later or other rows")
    ax.axhline(1, color=NEUTRAL, linestyle="--", linewidth=1, label="drawn at random")
    ax.set_ylim(0, max([1.5, *lifts[lifts == lifts]]) * 1.1)  # a null is not equal to itself
    ax.set_title("Lift by snapshot")
    ax.set_xlabel("Snapshot date")
    ax.set_ylabel("Lift at 10 % (times the churn rate)")
    set_date_axis(ax)
    ax.legend(loc="lower left", frameon=False)
    tidy(ax)
    return ax


def plot_reasons(table: pd.DataFrame, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw what goes with a customer's probability: towards leaving in red, towards staying in blue.

    Parameters
    ----------
    table : pandas DataFrame
        Contributions to one prediction: ``label`` (a name or a sentence; long ones are wrapped) and ``contribution``
        (log-odds; above 0 towards leaving). The strongest in either direction is drawn on top.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure, as high as the labels need.
    title : str, optional
        Text above the axes; none by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"label": ["Complaints", "Overdue"], "contribution": [-0.2, 0.9]})
    >>> ax = plot_reasons(table, title="Customer 17850")
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['Overdue', 'Complaints']
    """
    rows = table.sort_values("contribution", key=abs, ascending=False, kind="stable")
    values = [float(value) for value in rows["contribution"]]
    labels = ["\n".join(map(as_label, textwrap.wrap(str(label), _LABEL_WIDTH))) for label in rows["label"]]
    # A label of several lines takes the room of as many.
    spans = [1.0 + 0.7 * label.count("\n") for label in labels]
    ax = ax if ax is not None else new_axes(8.0, 1.2 + 0.36 * sum(spans))
    positions = [end - span / 2 for end, span in zip(accumulate(spans), spans, strict=True)]
    bars = ax.barh(positions, values, color=[LEAVING_COLOUR if value > 0 else STAYING_COLOUR for value in values])
    ax.bar_label(bars, labels=[f"{value:+.2f}" for value in values], padding=3)
    ax.set_yticks(positions, labels=labels)
    ax.invert_yaxis()
    ax.axvline(0, color=NEUTRAL, linewidth=1)
    ax.margins(x=0.18)
    ax.set_xlabel("← towards staying        Weight (log-odds)        towards leaving →")
    if title is not None:
        ax.set_title(as_label(title))
    tidy(ax)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    return ax
