"""The picture of a recommended horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.plots.axes import LEAVING_COLOUR, NEUTRAL, STAYING_COLOUR, new_axes

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_horizon(
    curve: pd.DataFrame, horizons: pd.DataFrame, recommended_days: int | None, ax: Axes | None = None
) -> Axes:
    """Draw which share orders again within a number of days, with and without the gaps that are still open.

    Parameters
    ----------
    curve, horizons : pandas DataFrame
        Tables of the same names of `churnml.analytics.horizon.HorizonAdvice`.
    recommended_days : int or None
        Recommended horizon in days, which is marked; None marks none.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(7.5, 4.5)
    last = horizons["horizon_days"].max() * 1.1
    shown = curve[curve["duration"] <= last]
    days = shown["duration"].to_numpy()
    ax.fill_between(
        days, 1 - shown["high"], 1 - shown["low"], step="post", color=STAYING_COLOUR, alpha=0.2, linewidth=0
    )
    ax.step(days, 1 - shown["survival"], where="post", color=STAYING_COLOUR, label="ordered again (open gaps censored)")
    ended = shown["ended"].cumsum() / curve["ended"].sum()
    ax.step(days, ended, where="post", color=NEUTRAL, linestyle="--", label="of the gaps that ended alone: too many")
    told = horizons[horizons["base_rate"].notna()]
    low, high = told["base_rate"] - told["base_rate_min"], told["base_rate_max"] - told["base_rate"]
    ax.errorbar(
        told["horizon_days"],
        told["base_rate"],
        yerr=[low, high],
        color=LEAVING_COLOUR,
        fmt="o",
        markersize=4,
        linewidth=1,
        label="left: share of active customers (mean, lowest and highest snapshot)",
    )
    if recommended_days is not None:
        ax.axvline(recommended_days, color=NEUTRAL, linewidth=1, linestyle=":", zorder=0)
        ax.annotate(
            f"{recommended_days} days", (recommended_days, 1.01), ha="center", va="bottom", annotation_clip=False
        )
    ax.set(xlim=(0, last), ylim=(0, 1))
    ax.set_xlabel("Days")
    ax.set_ylabel("Share")
    ax.set_title("How long until the next order", loc="left", pad=18)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax
