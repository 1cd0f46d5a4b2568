"""The pictures of the explanations, drawn with the package's own formulas where there is one."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Rectangle

from churnml.metrics import log_loss, logit, shape_loss, sigmoid
from churnml.plots import LEAVING_COLOUR, STAYING_COLOUR

GREY, LIGHT, DARK = "#8a94a0", "#e6eaee", "#1f3a5f"


def draw_explanations(folder: Path) -> None:
    """Draw all pictures into a folder, as SVG."""
    folder.mkdir(parents=True, exist_ok=True)
    drawings = {
        "two-clocks": _two_clocks,
        "windows": _windows,
        "skill-and-level": _skill_and_level,
        "folds": _folds,
        "gate": _gate,
        "reasons": _reasons,
        "value": _value,
    }
    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        for name, draw in drawings.items():
            draw().savefig(folder / f"{name}.svg", bbox_inches="tight", metadata={"Date": None})


def _axes(width: float, height: float, columns: int = 1) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, list(np.atleast_1d(np.asarray(figure.subplots(1, columns), dtype=object)))


def _bare(ax: Axes, x: tuple[float, float], y: tuple[float, float]) -> None:
    ax.set(xlim=x, ylim=y)
    ax.axis("off")


def _two_clocks() -> Figure:
    """One order, its delivery and its complaint, as known on two days."""
    figure, (ax,) = _axes(9, 4.3)
    _bare(ax, (-5.5, 30), (-0.4, 4.4))
    rows = {
        "order": (3, [(1, "ordered_at")], None),
        "delivery": (2, [(5, "promised_at"), (9, "delivered_at")], (1, 9)),
        "complaint": (1, [(11, "opened_at"), (24, "resolved_at")], (11, 24)),
    }
    for name, (y, points, span) in rows.items():
        ax.text(-5.4, y, name, va="center", weight="bold")
        ax.plot([0, 29], [y, y], color=LIGHT, zorder=0)
        if span:
            ax.plot(span, [y, y], color=GREY, linewidth=5, solid_capstyle="butt", alpha=0.5)
        for day, label in points:
            plan = label == "promised_at"
            ax.plot(day, y, "o", color="white" if plan else DARK, markeredgecolor=DARK, markersize=8)
            ax.text(day, y + 0.2, f"{label}\n{day} March", ha="center", va="bottom", fontsize=8)
    known = {
        7: "snapshot of 7 March:\nunder way, 2 days late,\nno complaint",
        18: "snapshot of 18 March:\ncame 4 days late, a complaint\nhas been open for 7 days",
    }
    for day, text in known.items():
        ax.axvline(day, ymin=0.14, ymax=0.93, color=LEAVING_COLOUR, linestyle="--")
        ax.text(day, 0.2, text, ha="center", va="top", fontsize=8.5, color=LEAVING_COLOUR)
    return figure


def _windows() -> Figure:
    """Draw the windows around a snapshot."""
    figure, (ax,) = _axes(9, 2.3)
    _bare(ax, (-390, 135), (-0.9, 1.5))
    parts = [
        (-365, 0, STAYING_COLOUR, "active_days: an order in here makes a customer eligible"),
        (0, 14, GREY, "lead_days"),
        (14, 104, LEAVING_COLOUR, "horizon_days:\nno order in here = left"),
    ]
    for start, end, colour, text in parts:
        ax.add_patch(Rectangle((start, 0), end - start, 0.5, color=colour, alpha=0.45))
        if end - start > 20:
            ax.text((start + end) / 2, 0.25, text, ha="center", va="center", fontsize=8.5)
    ax.annotate(
        "lead_days", (7, 0), (22, -0.75), ha="center", fontsize=8.5, arrowprops={"arrowstyle": "-", "color": GREY}
    )
    ax.axvline(0, ymin=0.36, ymax=0.78, color=DARK)
    ax.text(0, 1.05, "snapshot_date\n(its own rows are not known yet)", ha="center", va="bottom", fontsize=8.5)
    ax.annotate("measure_on", (104, 0.5), (104, 0.85), ha="center", fontsize=8.5, arrowprops={"arrowstyle": "-"})
    for day in (-90, -30):
        ax.plot([day, 0], [-0.2 - (day == -90) * 0.3] * 2, color=GREY)
        ax.text(
            day - 4, -0.2 - (day == -90) * 0.3, f"windows of features: {-day} days", ha="right", va="center", fontsize=8
        )
    return figure


def example_of_levels() -> dict[str, tuple[float, float]]:
    """Compute raw and shape loss of three forecasts for a day on which 64 % of 4,000 customers leave.

    Returns
    -------
    dict
        Log loss and shape loss by forecast.
    """
    rng = np.random.default_rng(7)
    signal = rng.normal(0.0, 0.45, 4_000)
    left = rng.random(4_000) < sigmoid(signal + 0.6)
    forecasts = {  # in log-odds
        "skill, level of last\nquarter (50 %)": signal,
        "no skill,\nlucky level (64 %)": np.full(4_000, logit(left.mean())),
        "skill, right level": signal + 0.6,
    }
    return {
        name: (float(log_loss(left, said)), float(shape_loss(left, said, np.zeros(4_000))))
        for name, said in forecasts.items()
    }


def _skill_and_level() -> Figure:
    figure, axes = _axes(9, 3.0, 2)
    found = example_of_levels()
    for at, (ax, title) in enumerate(zip(axes, ("Log loss", "Shape loss"), strict=True)):
        values = [losses[at] for losses in found.values()]
        colours = [STAYING_COLOUR, LEAVING_COLOUR, STAYING_COLOUR]
        bars = ax.barh(list(found), values, color=colours, alpha=0.75)
        ax.bar_label(bars, fmt="%.3f", padding=3)
        ax.set(title=f"{title} (lower is better)", xlim=(0.6, 0.7))
        ax.tick_params(length=0, labelleft=at == 0)
        ax.invert_yaxis()
    return figure


def _folds() -> Figure:
    """Forward folds, the embargo and the gate."""
    figure, (ax,) = _axes(9, 3.2)
    _bare(ax, (-5.5, 15.2), (-0.7, 4.9))
    labelled, horizon = 12, 3
    for row, (name, day) in enumerate((("fold 1", 6), ("fold 2", 7), ("fold 3", 8), ("gate", 11))):
        y = 3.8 - row
        ax.text(-5.4, y, name, va="center", weight="bold")
        for at in range(labelled):
            colour, text = LIGHT, ""
            if at <= day - horizon:
                colour, text = STAYING_COLOUR, "train"
            elif at < day:
                colour, text = GREY, "wait"
            elif at == day:
                colour, text = LEAVING_COLOUR, "test"
            ax.add_patch(Rectangle((at, y - 0.3), 0.9, 0.6, color=colour, alpha=0.5 if text else 1))
            ax.text(at + 0.45, y, text, ha="center", va="center", fontsize=8)
    ax.text(0, 4.5, "snapshots, every 30 days, whose outcome is known →", fontsize=9)
    ax.text(12.2, 3.8, "days that a recipe\nis chosen on", va="center", fontsize=8.5)
    ax.text(12.2, 0.8, "the newest day:\nnothing was\nchosen on it", va="center", fontsize=8.5)
    ax.text(
        0,
        -0.1,
        "wait: the horizon of these days had not ended by the day of the test, so nobody knew their outcome",
        fontsize=8.5,
    )
    return figure


def _gate() -> Figure:
    """Draw the three questions."""
    figure, (ax,) = _axes(9, 4.6)
    _bare(ax, (0, 10), (0, 6))
    questions = [
        (4.9, "1  Is it better than chance,\non the gate's day and on the folds?"),
        (3.2, "2  Is it better than the recency rule?"),
        (1.5, "3  Is it not significantly worse than the\nchampion's recipe on the same rows?"),
    ]
    answers = [
        "No model has skill: nothing is promoted\nand the exit code is 3. If only the rule has,\nthe rule ships",
        "The recency rule ships,\nand the list says so",
        "The champion stays, the new model\nwaits as challenger",
    ]
    for (y, question), answer in zip(questions, answers, strict=True):
        _box(ax, 0.3, y - 0.5, 4.3, 1.0, question, DARK, "white")
        _box(ax, 6.1, y - 0.5, 3.7, 1.0, answer, LIGHT, "black")
        _arrow(ax, (4.65, y), (6.05, y), "no")
    for y in (4.4, 2.7):
        _arrow(ax, (2.4, y), (2.4, y - 0.7), "yes")
    _arrow(ax, (2.4, 1.0), (2.4, 0.62), "yes")
    _box(ax, 0.3, 0.02, 4.3, 0.58, "Refitted on all labelled days, it becomes champion", STAYING_COLOUR, "white")
    return figure


def _box(ax: Axes, x: float, y: float, width: float, height: float, text: str, colour: str, ink: str) -> None:
    ax.add_patch(FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0.02", color=colour))
    ax.text(x + width / 2, y + height / 2, text, ha="center", va="center", color=ink, fontsize=9)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], text: str) -> None:
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=12, color=GREY))
    ax.text((start[0] + end[0]) / 2 + 0.08, (start[1] + end[1]) / 2 + 0.02, text, fontsize=8.5, color=DARK)


def _reasons() -> Figure:
    """From SHAP values of features to one reason per concept."""
    figure, axes = _axes(9, 3.2, 2)
    features = {
        "delivery_delay_last_days = 4": (0.62, -0.10),
        "deliveries_late_180d = 1": (0.31, -0.05),
        "days_since_last_order = 38": (0.28, 0.0),
        "visits_30d = 0": (0.12, 0.0),
        "review_stars_last = 5": (-0.15, 0.0),
    }
    pushes = [values[0] for values in features.values()]
    axes[0].barh(
        list(features), pushes, color=[LEAVING_COLOUR if one > 0 else STAYING_COLOUR for one in pushes], alpha=0.75
    )
    for at, (_, usual) in enumerate(features.values()):
        if usual:
            axes[0].plot([usual, usual], [at - 0.4, at + 0.4], color="black")
    axes[0].set_title("1. SHAP values of the features\n(black: mean of those without a late delivery)", fontsize=9.5)
    concepts = {"delivery": 1.08, "recent orders": 0.28, "visits": 0.12}
    axes[1].barh(list(concepts), list(concepts.values()), color=LEAVING_COLOUR, alpha=0.75)
    axes[1].axvline(0.2, color="black", linestyle="--")
    axes[1].set_title("2. Less that mean, and added up by concept\n(dashed: what is noise in this shop)", fontsize=9.5)
    for ax in axes:
        ax.axvline(0, color=GREY, linewidth=0.8)
        ax.set_xlabel("log-odds of leaving")
        ax.invert_yaxis()
        ax.tick_params(axis="y", length=0, labelsize=8.5)
    return figure


def _value() -> Figure:
    """Draw the value that is expected of a customer, and who comes first by value at risk."""
    figure, axes = _axes(9, 3.4, 2)
    spent, shop_rate, prior = np.linspace(0, 1_200, 50), 300.0, 0.5
    for years, colour in ((0.25, LEAVING_COLOUR), (1.0, STAYING_COLOUR)):
        label = "customer for a year or longer" if years == 1.0 else "customer for three months"
        axes[0].plot(spent, (spent + prior * shop_rate) / (years + prior), color=colour, label=label)
    axes[0].axhline(shop_rate, color=GREY, linestyle="--", linewidth=1)
    axes[0].text(1_190, shop_rate + 25, "mean of the shop", ha="right", fontsize=8.5, color=GREY)
    axes[0].set(xlabel="net spend in the last 365 days", ylabel="value of the next 365 days", title="Expected value")
    axes[0].legend(frameon=False, fontsize=8.5)
    chance = np.linspace(0.02, 1, 100)
    for at_risk in (100, 300, 600):
        axes[1].plot(chance, at_risk / chance, color=GREY, linewidth=1)
        axes[1].text(1.01, at_risk, f"{at_risk} at risk", va="center", fontsize=8.5, color=GREY)
    for name, (likely, value) in {"A": (0.95, 200), "B": (0.6, 900), "C": (0.3, 1_200)}.items():
        axes[1].plot(likely, value, "o", color=DARK, markersize=14)
        axes[1].text(likely, value, name, ha="center", va="center", color="white", fontsize=9)
    axes[1].set(
        xlim=(0, 1),
        ylim=(0, 1_500),
        xlabel="probability of leaving",
        ylabel="value if they stay",
        title="Value at risk",
    )
    axes[1].xaxis.set_major_formatter("{x:.0%}")
    return figure
