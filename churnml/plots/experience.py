"""Pictures of what customers experience after an order: over time, and after the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.plots.axes import (
    LEAVING_COLOUR,
    NEUTRAL,
    STAYING_COLOUR,
    new_axes,
    say_nothing,
    set_date_axis,
    tidy,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_RATES = (
    ("late_share", "late deliveries (share)", LEAVING_COLOUR, "o", "-"),
    ("complaint_rate", "complaints per order", "#7b3294", "s", "--"),
    ("return_rate", "returns per order", NEUTRAL, "^", ":"),
)


def plot_experience(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw late deliveries, complaints and returns period by period, as far as the table has them.

    Parameters
    ----------
    table : pandas DataFrame
        Figures by period: ``period_end`` and any of ``late_share``, ``complaint_rate``, ``return_rate`` with their
        ``_low`` and ``_high``, as from `churnml.analytics.experience.compute_experience`. Bands are 95 % intervals.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> rates = {"late_share": [0.1, 0.2], "late_share_low": [0.05, 0.15], "late_share_high": [0.2, 0.3]}
    >>> days = pd.to_datetime(["2025-03-01", "2025-06-01"])
    >>> plot_experience(pd.DataFrame({"period_end": days, **rates})).get_title(loc="left")
    'After the order'
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(7.5, 4.0)
    ax.set_title("After the order", loc="left")
    drawn = [rate for rate in _RATES if rate[0] in table and table[rate[0]].notna().any()]
    if not drawn:
        return say_nothing(ax)
    for name, label, colour, marker, style in drawn:
        _line(ax, table, name, label, colour, marker, style)
    ax.set_ylim(bottom=0)
    ax.set_ylabel("Share, or per order (band: 95 % interval)")
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    _date_periods(ax)
    ax.legend(frameon=False, ncols=3, fontsize="small", loc="lower right", bbox_to_anchor=(1.0, 1.0))
    return ax


def plot_ratings(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the mean rating period by period, and NPS on a second axis at the right where there is one.

    Parameters
    ----------
    table : pandas DataFrame
        Figures by period: ``period_end``, ``mean_rating_share`` (of the best of the scale) and, if any, ``nps``
        (points), with their ``_low`` and ``_high``, as from `churnml.analytics.experience.compute_experience`. Bands
        are 95 % intervals.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes of the mean rating.
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(7.5, 4.0)
    ax.set_title("Ratings", loc="left")
    if "mean_rating_share" not in table or table["mean_rating_share"].isna().all():
        return say_nothing(ax)
    _line(ax, table, "mean_rating_share", "mean rating", STAYING_COLOUR, "o", "-")
    ax.set_ylim(0, 1)
    ax.set_ylabel("Mean rating (share of the best)", color=STAYING_COLOUR)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    if "nps" in table and table["nps"].notna().any():
        points = ax.twinx()
        _line(points, table, "nps", "NPS", NEUTRAL, "s", "--")
        points.set_ylim(-100, 100)
        points.set_ylabel("NPS (points, dashed)", color=NEUTRAL)
        points.spines[["top"]].set_visible(False)
    _date_periods(ax)
    return ax


def plot_first_experience(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many came back after a bad first order (red) and after a good one (blue).

    Parameters
    ----------
    table : pandas DataFrame
        Retention by first experience: ``experience, customers, retention_rate, low, high``, as from
        `churnml.analytics.experience.compute_first_experience`; the last row is the good one. Bars are 95 % intervals.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure, as high as the rows need.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"experience": ["return"], "customers": [10], "retention_rate": [0.5], "low": [0.2], "high": [0.8]}
    >>> ax = plot_first_experience(pd.DataFrame(row))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['return (10)']
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(7.5, 1.4 + 0.4 * len(table))
    ax.set_title("Who came back after the first order", loc="left")
    if table.empty:
        return say_nothing(ax)
    rate, low, high = (table[name].to_numpy("float64") for name in ("retention_rate", "low", "high"))
    for place in range(len(table)):
        colour = STAYING_COLOUR if place == len(table) - 1 else LEAVING_COLOUR
        ax.hlines(place, low[place], high[place], color=colour, linewidth=2, alpha=0.5)
        ax.plot(rate[place], place, color=colour, marker="o")
    labels = [f"{name} ({count:,})" for name, count in zip(table["experience"], table["customers"], strict=True)]
    ax.set_yticks(range(len(labels)), labels=labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    tidy(ax)
    ax.grid(visible=False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    ax.set_xlabel("Ordered again (bar: 95 % interval; an association, not an effect)")
    return ax


def _line(ax: Axes, table: pd.DataFrame, name: str, label: str, colour: str, marker: str, style: str) -> None:
    days = table["period_end"].to_numpy(dtype="datetime64[D]")
    value, low, high = (table[column].to_numpy(dtype="float64") for column in (name, f"{name}_low", f"{name}_high"))
    ax.fill_between(days, low, high, color=colour, alpha=0.15, linewidth=0)
    ax.plot(days, value, color=colour, marker=marker, markersize=4, linestyle=style, label=label)


def _date_periods(ax: Axes) -> None:
    ax.set_xlabel("End of the period")
    set_date_axis(ax)
    tidy(ax)
