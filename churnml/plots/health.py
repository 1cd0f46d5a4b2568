"""Pictures of a model in service: past lists, and what moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.plots.axes import (
    LEAVING_COLOUR,
    NEUTRAL,
    STAYING_COLOUR,
    as_label,
    new_axes,
    say_nothing,
    set_date_axis,
    tidy,
)

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_MOST = 12


def plot_matured(matured: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the AUROC of past lists with its interval, beside what their probabilities expected.

    Parameters
    ----------
    matured : pandas DataFrame
        ``snapshot_date, auroc, auroc_low, auroc_high, auroc_expected``, a row per list.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    ax = ax if ax is not None else new_axes(7.5, 3.6)
    ax.set_title("Past lists: how well leaving customers were told from staying ones", loc="left")
    rows = matured.dropna(subset=["auroc"])
    if rows.empty:
        return say_nothing(ax)
    days = rows["snapshot_date"].astype("datetime64[s]").to_numpy()
    ax.vlines(days, rows["auroc_low"], rows["auroc_high"], color=STAYING_COLOUR, linewidth=4, alpha=0.35)
    ax.plot(days, rows["auroc"], color=STAYING_COLOUR, marker="o", label="what happened")
    ax.plot(days, rows["auroc_expected"], color=NEUTRAL, linestyle="--", label="what the probabilities expected")
    ax.set_ylabel("AUROC of those left alone")
    set_date_axis(ax)
    ax.legend(frameon=False)
    tidy(ax)
    return ax


def plot_drift(drift: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw what the twelve features that moved most add to the mean log-odds.

    Parameters
    ----------
    drift : pandas DataFrame
        ``feature`` and ``moved_logodds``, the largest first, as ``Health.drift``.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> ax = plot_drift(pd.DataFrame({"feature": ["orders_90d"], "moved_logodds": [0.2]}))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['orders_90d']
    """
    rows = drift.head(_MOST)
    ax = ax if ax is not None else new_axes(7.5, 1.6 + 0.35 * len(rows))
    ax.set_title("What moved since the same time last year", loc="left")
    if rows.empty:
        return say_nothing(ax)
    places = list(range(len(rows)))
    colours = [LEAVING_COLOUR if moved > 0 else STAYING_COLOUR for moved in rows["moved_logodds"]]
    ax.barh(places, rows["moved_logodds"], color=colours)
    ax.axvline(0, color=NEUTRAL, linewidth=1)
    ax.set_yticks(places, [as_label(str(name)) for name in rows["feature"]])
    ax.invert_yaxis()
    ax.set_xlabel("Added to the mean log-odds of leaving")
    tidy(ax)
    return ax


def plot_decay(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the shape loss by the age of the model, less the mean of each judged day.

    Parameters
    ----------
    table : pandas DataFrame
        ``snapshot_date, age_days, shape_loss``, as ``Decay.table``.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    ax = ax if ax is not None else new_axes(7.5, 3.6)
    ax.set_title("How a model ages", loc="left")
    if table.empty:
        return say_nothing(ax)
    loss = table["shape_loss"] - table.groupby("snapshot_date")["shape_loss"].transform("mean")
    by_age = loss.groupby(table["age_days"]).mean()
    ax.plot(table["age_days"], loss, color=STAYING_COLOUR, marker="o", linestyle="", alpha=0.3)
    ax.plot(by_age.index, by_age, color=STAYING_COLOUR, label="mean")
    ax.axhline(0, color=NEUTRAL, linewidth=1)
    ax.set_xlabel("Days since the training")
    ax.set_ylabel("Shape loss less the day's mean")
    ax.legend(frameon=False)
    tidy(ax)
    return ax
