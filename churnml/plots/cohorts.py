"""Pictures of customers in groups: cohorts month by month, and how much the best of them bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from churnml.plots.axes import NEUTRAL, STAYING_COLOUR, new_axes, say_nothing, tidy

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_WRITTEN = 26  # months beside each other; of more, the numbers would run together


def plot_retention_cohorts(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw which share of each cohort ordered in the months after its first order.

    The darker, the more came back; the month of the first order, in which everyone ordered, is left white. A month that
    is not over is written in brackets.

    Parameters
    ----------
    table : pandas DataFrame
        Cohorts by month: ``cohort, month, size, retention_share, is_complete``, as from
        `churnml.analytics.cohorts.compute_cohorts`.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure, as large as the triangle needs.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"cohort": pd.to_datetime(["2025-01-01"] * 2), "month": [0, 1], "size": [40, 40]})
    >>> table = table.assign(retention_share=[1.0, 0.3], is_complete=[True, False])
    >>> [text.get_text() for text in plot_retention_cohorts(table).texts]
    ['100', '(30)']
    """
    ax = _triangle(table, "retention_share", 100.0, ax)
    ax.set_title("Customers who ordered again, % of their cohort", loc="left")
    return ax


def plot_revenue_cohorts(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw what each cohort spent in the months after its first order, per customer of the cohort.

    Parameters
    ----------
    table : pandas DataFrame
        Cohorts by month: ``cohort, month, size, amount_per_customer, is_complete``, as from
        `churnml.analytics.cohorts.compute_cohorts`.
    ax : matplotlib Axes, optional
        Axes to draw on; by default a new figure, as large as the triangle needs.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"cohort": pd.to_datetime(["2025-01-01"] * 2), "month": [0, 1], "size": [40, 40]})
    >>> table = table.assign(amount_per_customer=[52.4, 12.6], is_complete=[True, True])
    >>> [text.get_text() for text in plot_revenue_cohorts(table).texts]
    ['52', '13']
    """
    ax = _triangle(table, "amount_per_customer", 1.0, ax)
    ax.set_title("Spent per customer of the cohort, in the month", loc="left")
    return ax


def plot_concentration(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw which share of the money comes from which share of the customers, the best first.

    Parameters
    ----------
    table : pandas DataFrame
        Shares of customers and money: ``customer_share`` and ``amount_share`` (0 to 1, rising), as from
        `churnml.analytics.concentration.compute_concentration`. The quarter is marked where it is among them.
    ax : matplotlib Axes, optional
        Axes to draw on; a new figure by default.

    Returns
    -------
    matplotlib Axes
        The axes drawn on.

    Examples
    --------
    >>> import pandas as pd
    >>> ax = plot_concentration(pd.DataFrame({"customer_share": [0.25, 1.0], "amount_share": [0.7, 1.0]}))
    >>> [text.get_text() for text in ax.texts]
    ['the best 25 % bring 70 %']
    """
    from matplotlib.ticker import PercentFormatter

    ax = ax if ax is not None else new_axes(5.5, 5.0)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), title="Where the money comes from")
    ax.set_xlabel("Share of customers, the best first")
    ax.set_ylabel("Share of the amount")
    ax.xaxis.set_major_formatter(PercentFormatter(1.0))
    ax.yaxis.set_major_formatter(PercentFormatter(1.0))
    tidy(ax)
    if table.empty:
        return say_nothing(ax)
    customers, amounts = [0.0, *table["customer_share"]], [0.0, *table["amount_share"]]
    ax.plot(
        customers,
        amounts,
        color=STAYING_COLOUR,
        marker="o",
        markersize=4,
        linewidth=2,
        label="this shop",
        clip_on=False,
    )
    ax.plot([0, 1], [0, 1], color=NEUTRAL, linestyle="--", linewidth=1, label="everyone the same")
    for share in table.loc[table["customer_share"] == 0.25, "amount_share"]:
        ax.annotate(
            f"the best 25 % bring {share * 100:.0f} %",
            (0.25, share),
            xytext=(10, -12),
            textcoords="offset points",
        )
    ax.legend(loc="lower right", frameon=False)
    return ax


def _triangle(table: pd.DataFrame, column: str, times: float, ax: Axes | None) -> Axes:
    """Draw one column of a table of cohorts as a heat map: a row for each cohort, a column for each month since."""
    cohorts = list(dict.fromkeys(table["cohort"]))
    months = int(table["month"].max()) + 1 if len(table) else 0
    values = [float(value) * times for value in table[column]]
    # The first month is left out of the scale: everyone ordered in it.
    top = max([1e-9, *(value for value, month in zip(values, table["month"], strict=True) if month > 0)])
    texts = [
        _short(value, top) if is_complete else f"({_short(value, top)})"
        for value, is_complete in zip(values, table["is_complete"], strict=True)
    ]
    if ax is None:
        wide, high = (0.14 + 0.065 * max(map(len, texts), default=0), 0.25) if months <= _WRITTEN else (0.15, 0.13)
        ax = new_axes(max(6.0, 2.0 + wide * months), max(2.8, 1.3 + high * len(cohorts)))
    ax.set_xlabel("Months since the first order")
    ax.spines[:].set_visible(False)
    if table.empty:
        return say_nothing(ax)
    rows = [cohorts.index(cohort) for cohort in table["cohort"]]
    grid = [[float("nan")] * months for _ in cohorts]
    for row, month, value, text in zip(rows, table["month"], values, texts, strict=True):
        if month > 0:
            grid[row][month] = value
        if months <= _WRITTEN:
            colour = "white" if month > 0 and value > 0.6 * top else "black"
            ax.text(month, row, text, ha="center", va="center", fontsize=7, color=colour)
    ax.imshow(grid, cmap="Blues", vmin=0, vmax=top, aspect="auto")
    size = dict(zip(table["cohort"], table["size"], strict=True))
    step = 1 if months <= _WRITTEN else 6
    ax.set_xticks(range(0, months, step))
    names = [f"{cohort:%Y-%m} ({size[cohort]:,})" for cohort in cohorts]
    ax.set_yticks(range(0, len(cohorts), step), labels=names[::step])
    ax.tick_params(labelsize=8, length=0)
    ax.set_ylabel("First order (customers)")
    return ax


def _short(value: float, top: float) -> str:
    if top < 10:
        return f"{value:.1f}"
    return f"{value:.0f}" if value < 10_000 else f"{value / 1_000:,.0f}k"
