"""Pictures of what lists brought: effects with their intervals, and the sequence of looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.plots.axes import NEUTRAL, STAYING_COLOUR, as_label, new_axes, say_nothing, set_date_axis, tidy

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


def plot_effects(effects: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the effects on churn with both intervals.

    Parameters
    ----------
    effects : pandas DataFrame
        ``outcome, estimand, effect, low, high, low_always, high_always`` and ``campaign``, as ``Readout.effects``; rows
        of outcomes in money are left out.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> row = {"outcome": "churned", "estimand": "ITT", "effect": -0.1, "low": -0.15, "high": -0.05, "campaign": "c"}
    >>> ax = plot_effects(pd.DataFrame([row | {"low_always": -0.2, "high_always": 0.0}]))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['c: churned, ITT']
    """
    from matplotlib.ticker import PercentFormatter

    rows = effects[effects["outcome"].str.startswith("churned")].reset_index(drop=True)
    ax = ax if ax is not None else new_axes(7.5, 1.6 + 0.45 * len(rows))
    ax.set_title("Effect on churn: listed less held out", loc="left")
    if rows.empty:
        return say_nothing(ax)
    places = list(range(len(rows)))
    ax.hlines(places, rows["low_always"], rows["high_always"], color=STAYING_COLOUR, linewidth=2, alpha=0.35)
    ax.hlines(places, rows["low"], rows["high"], color=STAYING_COLOUR, linewidth=5, alpha=0.6)
    ax.plot(rows["effect"], places, color=STAYING_COLOUR, marker="o", linestyle="")
    ax.axvline(0, color=NEUTRAL, linewidth=1)
    names = zip(rows["campaign"], rows["outcome"], rows["estimand"], strict=True)
    ax.set_yticks(places, [as_label(f"{campaign}: {outcome}, {estimand}") for campaign, outcome, estimand in names])
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    ax.set_xlabel("Points of the churn rate (thick: one look; thin: any number of looks)")
    tidy(ax)
    return ax


def plot_sequence(sequence: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the effect on churn after each list, with the interval that holds however often one looks.

    Parameters
    ----------
    sequence : pandas DataFrame
        ``entered_on, effect, low, high, low_always, high_always``, as ``Readout.sequence`` of one campaign.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(7.5, 3.6)
    ax.set_title("Effect on churn after each list", loc="left")
    rows = sequence.dropna(subset=["low_always"])
    if rows.empty:
        return say_nothing(ax)
    days = rows["entered_on"].astype("datetime64[s]").to_numpy()
    for low, high, alpha, label in (
        ("low_always", "high_always", 0.18, "any number of looks"),
        ("low", "high", 0.35, "one look"),
    ):
        below, above = (rows[name].to_numpy(dtype="float64") for name in (low, high))
        ax.fill_between(days, below, above, color=STAYING_COLOUR, alpha=alpha, linewidth=0, label=label)
    ax.plot(days, rows["effect"], color=STAYING_COLOUR, marker="o")
    ax.axhline(0, color=NEUTRAL, linewidth=1)
    ax.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    ax.set_ylabel("Listed less held out")
    set_date_axis(ax)
    ax.legend(frameon=False)
    tidy(ax)
    return ax
