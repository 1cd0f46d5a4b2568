"""Pictures of leaving: what preceded it, and which groups leave more often."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from churnml.plots.axes import LEAVING_COLOUR, NEUTRAL, STAYING_COLOUR, as_label, new_axes, say_nothing, tidy

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_LABEL_WIDTH = 34
_NUMBERS = ("churn_rate", "low", "high", "difference")


def plot_reasons_of_leaving(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many of the customers who left had each reason, beside how many of those who stayed.

    Parameters
    ----------
    table : pandas DataFrame
        Shares by reason: ``reason, churned_share, low, high, stayed_share, stayed_low, stayed_high`` (0 to 1), as from
        `churnml.analytics.leaving.compute_reasons_of_leaving`; drawn in its order. Bars are 95 % intervals.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure, as high as the rows need.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> shares = {"churned_share": [0.4], "low": [0.3], "high": [0.5]}
    >>> shares |= {"stayed_share": [0.1], "stayed_low": [0.08], "stayed_high": [0.13]}
    >>> ax = plot_reasons_of_leaving(pd.DataFrame({"reason": ["late delivery"], **shares}))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['late delivery']
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(7.5, 1.6 + 0.45 * len(table))
    ax.set_title("What preceded leaving", loc="left")
    if table.empty:
        return say_nothing(ax)
    for shift, names, colour, label in (
        (-0.13, ("churned_share", "low", "high"), LEAVING_COLOUR, "of those who left"),
        (0.13, ("stayed_share", "stayed_low", "stayed_high"), STAYING_COLOUR, "of those who stayed"),
    ):
        share, low, high = (table[name].to_numpy(dtype="float64") for name in names)
        rows = [place + shift for place in range(len(table))]
        ax.hlines(rows, low, high, color=colour, linewidth=2, alpha=0.5)
        ax.plot(share, rows, color=colour, marker="o", linestyle="", label=label)
    _name_rows(ax, [_shown(reason) for reason in table["reason"]])
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    ax.set_xlim(left=0)
    ax.set_xlabel("Share of customers (bar: 95 % interval; one may have several reasons)")
    ax.legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)
    return ax


def plot_groups(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the churn rate of every value of every group.

    Values that differ from the rest of the shop are red (leave more often) or blue (less often), the others grey;
    small ones are hollow.

    Parameters
    ----------
    table : pandas DataFrame
        Churn rates by group: ``group, value, customers, churn_rate, low, high, difference, differs, is_small``, as from
        `churnml.analytics.groups.compute_retention_by_group`; drawn in its order. Bars are 95 % intervals.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure, as high as the rows need.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> rates = {"churn_rate": [0.4], "low": [0.3], "high": [0.5], "difference": [0.2], "differs": [True]}
    >>> row = {"group": ["tier"], "value": ["gold"], "customers": [90], **rates, "is_small": [False]}
    >>> [label.get_text() for label in plot_groups(pd.DataFrame(row)).get_yticklabels()]
    ['tier', 'gold (90)']
    """
    from matplotlib.ticker import PercentFormatter

    rows = len(table) + (table["group"].nunique() if len(table) else 0)
    ax = ax if ax is not None else new_axes(7.5, 1.4 + 0.24 * rows)
    ax.set_title("Churn rate by group", loc="left")
    if table.empty:
        return say_nothing(ax)
    # A group's name stands on a row of its own above its values.
    begins = ~table["group"].duplicated().to_numpy()
    places = [place + int(above) for place, above in enumerate(begins.cumsum())]
    rate, low, high, difference = (table[name].to_numpy("float64") for name in _NUMBERS)
    differs, small = table["differs"].to_numpy("bool", na_value=False), table["is_small"].to_numpy("bool")
    for place, row in zip(places, range(len(table)), strict=True):
        colour = NEUTRAL if not differs[row] else LEAVING_COLOUR if difference[row] > 0 else STAYING_COLOUR
        ax.hlines(place, low[row], high[row], color=colour, linewidth=1.5, alpha=0.5)
        face = "white" if small[row] else colour
        ax.plot(rate[row], place, color=colour, marker="o", markersize=5, markerfacecolor=face)
    labels = [""] * rows
    for place, begin, group, value, customers in zip(
        places, begins, table["group"], table["value"], table["customers"], strict=True
    ):
        labels[place] = f"{_shown(value)} ({customers:,})"
        if begin:
            labels[place - 1] = _shown(group)
    _name_rows(ax, labels)
    for place, begin in zip(places, begins, strict=True):
        if begin:
            ax.get_yticklabels()[place - 1].set_fontweight("bold")
    ax.tick_params(axis="y", labelsize="small")
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    ax.set_xlabel("Churn rate (bar: 95 % interval; red and blue: unlike the rest of the shop; hollow: few customers)")
    ax.xaxis.label.set_fontsize("small")
    return ax


def _shown(text: object) -> str:
    return as_label(textwrap.shorten(str(text), _LABEL_WIDTH, placeholder=" ..."))


def _name_rows(ax: Axes, labels: list[str]) -> None:
    ax.set_yticks(range(len(labels)), labels=labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    tidy(ax)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
