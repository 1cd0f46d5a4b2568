"""Pictures of a shop: its key figures over time, and where its customers stand and go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from churnml.plots.axes import LEAVING_COLOUR, NEUTRAL, PALE, STAYING_COLOUR, new_axes, say_nothing, set_date_axis, tidy

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def plot_kpi(table: pd.DataFrame, unit: str = "number", ax: Axes | None = None) -> Axes:
    """Draw one key figure over time with its 95 % interval; a point is filled where the change was more than noise.

    Parameters
    ----------
    table : pandas DataFrame
        Rows of one figure, as from `churnml.analytics.kpis.compute_kpis`: ``kpi, period_end, value, low, high,
        is_noise``.
    unit : str, optional
        Unit of the figure; ``share`` is written in per cent.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(4.2, 2.6)
    known = table[table["value"].notna()]
    if known.empty:
        return say_nothing(ax)
    ends = known["period_end"].to_numpy(dtype="datetime64[D]")
    ax.fill_between(ends, known["low"], known["high"], color=STAYING_COLOUR, alpha=0.2, linewidth=0)
    ax.vlines(ends, known["low"], known["high"], color=STAYING_COLOUR, linewidth=1)
    ax.plot(ends, known["value"], color=STAYING_COLOUR, linewidth=1.5)
    face = ["white" if is_noise else STAYING_COLOUR for is_noise in known["is_noise"].fillna(True)]
    ax.scatter(ends, known["value"], c=face, edgecolors=STAYING_COLOUR, zorder=3)
    ax.set_title(str(known["kpi"].iloc[0]).replace("_", " "), loc="left", fontsize=10)
    if unit == "share":
        ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    set_date_axis(ax)
    tidy(ax)
    ax.tick_params(labelsize=8)
    return ax


def plot_kpis(table: pd.DataFrame, units: Mapping[str, str]) -> Figure:
    """Draw all key figures over time, one small picture each; see `plot_kpi`.

    Parameters
    ----------
    table : pandas DataFrame
        Figures by period, as from `churnml.analytics.kpis.compute_kpis`.
    units : mapping of str to str
        Unit of each figure by its name, as `churnml.analytics.kpis.UNITS_OF`.

    Returns
    -------
    matplotlib Figure
        Figure with all pictures.
    """
    from matplotlib.figure import Figure

    names = [name for name, rows in table.groupby("kpi", sort=False) if rows["value"].notna().sum() > 1]
    columns = 3
    rows = max(1, -(-len(names) // columns))
    figure = Figure(figsize=(4.2 * columns, 2.5 * rows), dpi=120, layout="constrained")
    for place, name in enumerate(names, 1):
        plot_kpi(table[table["kpi"] == name], units[str(name)], figure.add_subplot(rows, columns, place))
    if not names:
        say_nothing(figure.add_subplot())
    figure.suptitle("Key figures by the end of the period (bar: 95 %; filled: the change is more than noise)", size=10)
    return figure


def plot_standings(table: pd.DataFrame, column: str, ax: Axes | None = None) -> Axes:
    """Draw which share of the customers is in each stage of life or segment, on one day after the other.

    Parameters
    ----------
    table : pandas DataFrame
        Shares by day: ``snapshot_date``, the names, and ``share``, as from
        `churnml.analytics.lifecycle.compute_lifecycle` or `churnml.analytics.segments.compute_segments`.
    column : str
        Name of the column that holds the names: ``stage`` or ``segment``.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    from matplotlib.ticker import PercentFormatter

    names, days = list(dict.fromkeys(table[column])), list(dict.fromkeys(table["snapshot_date"]))
    ax = ax if ax is not None else new_axes(7.0, 1.4 + 0.45 * max(len(names), 2))
    if table.empty:
        return say_nothing(ax)
    height = 0.8 / len(days)
    shades = [PALE, "#92c5de", STAYING_COLOUR][-len(days) :] if len(days) <= 3 else [STAYING_COLOUR] * len(days)
    for place, (day, shade) in enumerate(zip(days, shades, strict=True)):
        shares = table[table["snapshot_date"] == day]["share"].to_numpy()
        at = [row + (place - (len(days) - 1) / 2) * height for row in range(len(names))]
        bars = ax.barh(at, shares, height=height, color=shade, label=str(day))
        if place == len(days) - 1:
            ax.bar_label(bars, labels=[f"{share:.0%}" for share in shares], padding=3, fontsize=8)
    ax.set_yticks(range(len(names)), labels=_in_words(names))
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.set_xlabel("Share of the eligible customers")
    ax.set_title(f"Customers by {column}", loc="left")
    tidy(ax)
    ax.legend(frameon=False, fontsize="small")
    return ax


def plot_moves(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the moves between stages or segments in the last period, in per cent of those who were there before.

    Parameters
    ----------
    table : pandas DataFrame
        Moves in each period: ``period_end, before, after, share``, as from
        `churnml.analytics.lifecycle.compute_transitions` or `churnml.analytics.segments.compute_migration`.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    newest = table[table["period_end"] == table["period_end"].max()]
    befores, afters = list(dict.fromkeys(newest["before"])), list(dict.fromkeys(newest["after"]))
    order = [*befores, *(name for name in afters if name not in befores)]
    afters = [name for name in order if name in afters]
    ax = ax if ax is not None else new_axes(2.5 + 0.6 * max(len(afters), 4), 1.8 + 0.35 * max(len(befores), 3))
    if newest.empty:
        return say_nothing(ax)
    grid = [[0.0] * len(afters) for _ in befores]
    rows: Iterable[Any] = newest.itertuples()
    for row in rows:
        y, x = befores.index(row.before), afters.index(row.after)
        grid[y][x] = float(row.share)
        if row.share >= 0.005:
            colour = "white" if row.share > 0.6 else "black"
            ax.text(x, y, f"{100 * row.share:.0f}", ha="center", va="center", fontsize=8, color=colour)
    ax.imshow(grid, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    ax.set_xticks(range(len(afters)), labels=_in_words(afters), rotation=40, ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(befores)), labels=_in_words(befores))
    ax.set_xlabel(f"Where they were on {newest['period_end'].iloc[0]} (%)")
    ax.set_ylabel(f"Where they were on {newest['period_start'].iloc[0]}")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0, labelsize=8)
    return ax


def plot_segments(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the share of the customers in each RFM segment beside the share of the money, on the last day.

    Parameters
    ----------
    table : pandas DataFrame
        Shares by segment: ``snapshot_date, segment, share, amount_share``, as from
        `churnml.analytics.segments.compute_segments`.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.
    """
    from matplotlib.ticker import PercentFormatter

    newest = table[table["snapshot_date"] == table["snapshot_date"].max()]
    ax = ax if ax is not None else new_axes(7.0, 1.4 + 0.4 * max(len(newest), 2))
    if newest.empty:
        return say_nothing(ax)
    rows = range(len(newest))
    ax.barh([row - 0.2 for row in rows], newest["share"], height=0.38, color=NEUTRAL, label="of the customers")
    money = ax.barh(
        [row + 0.2 for row in rows], newest["amount_share"], height=0.38, color=LEAVING_COLOUR, label="of the revenue"
    )
    ax.bar_label(money, labels=[f"{share:.0%}" for share in newest["amount_share"]], padding=3, fontsize=8)
    ax.set_yticks(list(rows), labels=_in_words(newest["segment"]))
    ax.invert_yaxis()
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    day = newest["snapshot_date"].iloc[0]
    ax.set_title(f"RFM segments on {day}: share of customers and of the revenue", loc="left")
    tidy(ax)
    ax.legend(frameon=False, fontsize="small", loc="lower right")
    return ax


def _in_words(codes: Iterable[str]) -> list[str]:
    return [str(code).replace("_", " ") for code in codes]
