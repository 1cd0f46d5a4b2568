"""How strongly each driver makes simulated customers leave."""

from __future__ import annotations

import math
from dataclasses import dataclass

from churnml.errors import InputError

DRIVERS = ("late_delivery", "open_complaint", "price", "own_pace")


@dataclass(frozen=True)
class Effects:
    """Effects that an exposed order adds to the hazard of leaving.

    After an order a customer leaves with probability 1 - exp(-h), h = base + the hazards of the four drivers. A
    strength is the hazard that an exposure of ordinary gravity adds: 0.4 alone means that 33 % leave. With strength 0
    the exposure still happens and is still recorded, but makes nobody leave.

    Attributes
    ----------
    late_delivery : float
        Hazard added by a delivery that came two days or more after the promised day; more for more days, and where the
        one before was late.
    open_complaint : float
        Hazard added by a latest complaint that has been open for more than ten days, or is never resolved.
    price : float
        Hazard added by the end of the customary discount: full for the first order without it, less for the second and
        third.
    own_pace : float
        Hazard added by slowing down: the gap before this order was more than 1.6 times the usual one.
    memoryless : bool
        Whether every customer orders as the same Poisson process and nobody leaves, so that nothing predicts who stops.

    Raises
    ------
    InputError
        Where a strength is negative or not a finite number, or is above 0 although nobody leaves.

    Examples
    --------
    >>> Effects(price=0).late_delivery
    0.3
    >>> Effects.none().memoryless
    True
    """

    late_delivery: float = 0.3
    open_complaint: float = 0.4
    price: float = 0.35
    own_pace: float = 0.4
    memoryless: bool = False

    def __post_init__(self) -> None:
        """Refuse strengths that mean nothing."""
        failures = []
        for driver in DRIVERS:
            strength = getattr(self, driver)
            if not (math.isfinite(strength) and strength >= 0):
                failures.append(f"effects.{driver}: is {strength}. Give a hazard of 0 (switched off) or more.")
            elif self.memoryless and strength > 0:
                failures.append(f"effects.{driver}: is {strength}, but nobody leaves a memoryless shop. Set it to 0.")
        if failures:
            raise InputError(failures)

    @classmethod
    def none(cls) -> Effects:
        """Return the shop in which nothing predicts who stops: one Poisson process for everybody, no leaving."""
        return cls(late_delivery=0.0, open_complaint=0.0, price=0.0, own_pace=0.0, memoryless=True)
