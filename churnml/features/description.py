"""What a feature is, in plain values: what a model carries of it, without how it is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Literal

Unit = Literal[
    "orders",
    "days",
    "hours",
    "minutes",
    "money",
    "complaints",
    "deliveries",
    "returns",
    "reviews",
    "stars",
    "visits",
    "pages",
    "products",
    "items",
    "categories",
    "points",
    "messages",
    "subscriptions",
    "topics",
    "number",
    "ratio",
    "share",
    "probability",
]
Tells = Literal["high", "low", "any"]

COMPUTED = ("name", "family", "unit", "window_days", "fill", "describe")
"""What a model's coefficients rely on: a feature that differs in one of these is another feature."""


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a feature is.

    Attributes
    ----------
    name : str
        Name of the column; carries unit and window.
    unit : str
        Unit of the number; it also decides how a sentence writes it.
    describe : str
        Description of the number for the data dictionary.
    family : str
        Name of its family, which fills it in.
    concept : str
        Concept that its reasons are about; empty takes its family's concept.
    fill : 0 or None
        Value where there is nothing to count: 0 where that means zero; None leaves null.
    window_days : int or None
        Length of the window in days; None looks at all days.
    tells : {'high', 'low', 'any'}
        Side of the shop's median that speaks for leaving: its sentence is a reason only there. ``any`` where the
        sentence's own condition says enough.
    """

    name: str
    unit: Unit
    describe: str
    family: str = ""
    concept: str = ""
    fill: Literal[0] | None = None
    window_days: int | None = None
    tells: Tells = "high"

    def description(self) -> Description:
        """Return the plain description of a feature that is declared with more."""
        return Description(**{field.name: getattr(self, field.name) for field in fields(Description)})


def describe(names: Iterable[str], known: Mapping[str, Description]) -> tuple[Description, ...]:
    """Describe features by name; one that is not known is a number of its name."""
    return tuple(
        known[name].description() if name in known else Description(name=name, unit="number", describe=name)
        for name in names
    )


def differences(was: Description, now: Description | None) -> list[str]:
    """Describe how a feature is computed differently than it was; None stands for one that is no longer computed."""
    if now is None:
        return [f"{was.name}: is not computed any more"]
    return [
        f"{was.name}: {key} was {getattr(was, key)!r}, is {getattr(now, key)!r}"
        for key in COMPUTED
        if getattr(was, key) != getattr(now, key)
    ]
