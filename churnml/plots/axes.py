"""What all pictures share: colours, axes of a new figure, and a quiet frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from churnml.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Drawn: TypeAlias = "Axes | Figure"

# Red and blue as in ColorBrewer's RdBu: told apart with every common kind of colour blindness, and in grey print too.
LEAVING_COLOUR = "#ca0020"
STAYING_COLOUR = "#0571b0"
NEUTRAL = "#666666"
PALE = "#d9d9d9"


def new_axes(width: float, height: float) -> Axes:
    """Return the axes of a new figure (inches) that does not enter pyplot's global list."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=120, layout="constrained").add_subplot()


def save_picture(drawn: Drawn, path: Path) -> None:
    """Write what was drawn into a file of the kind that its name says; the same picture gives the same bytes."""
    figure = drawn.get_figure(root=True)
    assert figure is not None
    nothing_of_the_machine = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    figure.savefig(path, dpi=150, bbox_inches="tight", metadata=nothing_of_the_machine.get(path.suffix, {}))


def set_date_axis(ax: Axes) -> None:
    """Write days along the horizontal axis, as short as they can be told apart."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=2, maxticks=8)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    ax.margins(x=0.08)


def tidy(ax: Axes) -> None:
    """Take away what is not data: two of the four lines around it, and all but a pale grid behind it."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(visible=True, color=PALE, linewidth=0.6)
    ax.set_axisbelow(True)


def as_label(text: object) -> str:
    """Return a text of the shop as matplotlib draws it letter by letter: a dollar sign would switch it to formulas."""
    return printable(str(text)).replace("$", r"\$")


def say_nothing(ax: Axes) -> Axes:
    """Write into an empty frame that the table has no rows."""
    ax.text(0.5, 0.5, "nothing to show", transform=ax.transAxes, ha="center", va="center", color=NEUTRAL)
    ax.set_xticks([])
    ax.set_yticks([])
    return ax
