"""What contacts do to simulated customers who are about to leave."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from churnml.data.simulator.behaviour import Flags, Floats, Ints
from churnml.data.simulator.season import DAY
from churnml.errors import InputError

_ACTS_FOR = 30 * DAY
_TIRES_FOR = 60 * DAY


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """Effect of contacts that are fed back to the simulated shop, the same for all customers.

    A contact acts on the pending decision alone: sent after the order (or at its second), and before the next one would
    be due by at most 30 days, it multiplies the hazard of leaving by 1 - strength. After another contact within the 60
    days before it, it has half the strength. The contacts that act on a decision multiply. Who is kept before the
    decision orders when the next order would have come, and who comes back after it some days after the contact.

    Attributes
    ----------
    strength : float
        Share of the hazard of leaving that a contact takes away; 0 changes nobody's life.
    delivery : float
        Share of the listed customers who get their contact.
    contamination : float
        Share of the held-out customers who get one all the same.
    cost : float
        Cost of a contact, in money.
    open_days : float
        Days after the decision to leave for which a contact can still turn it; 0 turns none that was taken.

    Raises
    ------
    InputError
        Where a number lies outside of its range.

    Examples
    --------
    >>> Treatment(strength=0.4).delivery
    1.0
    """

    strength: float = 0.0
    delivery: float = 1.0
    contamination: float = 0.0
    cost: float = 1.0
    open_days: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        failures = [
            f"treatment.{name}: is {value}. Give a number {range_}."
            for name, value, range_, fits in (
                ("strength", self.strength, "from 0 (no effect) to below 1", 0 <= self.strength < 1),
                ("delivery", self.delivery, "from 0 to 1", 0 <= self.delivery <= 1),
                ("contamination", self.contamination, "from 0 to 1", 0 <= self.contamination <= 1),
                ("cost", self.cost, "of 0 or more", math.isfinite(self.cost) and self.cost >= 0),
                ("open_days", self.open_days, "of 0 or more", math.isfinite(self.open_days) and self.open_days >= 0),
            )
            if not fits
        ]
        if failures:
            raise InputError(failures)

    def acts_on(self, sent_at: Ints, ordered_at: Ints | int, due_at: Ints | int) -> Flags:
        """Tell which contacts act on a decision, by the seconds since 1970 of the contact, the order before and it."""
        open_until = due_at + int(DAY * self.open_days)
        return (ordered_at <= sent_at) & (sent_at < open_until) & (due_at <= sent_at + _ACTS_FOR)

    def hazard_shares(self, sent_at: Ints, ordered_at: int, due_at: int) -> tuple[Ints, Floats]:
        """Compute the share of a customer's hazard of leaving that is left after each contact.

        Parameters
        ----------
        sent_at : array of int
            All contacts of the customer in seconds since 1970, sorted.
        ordered_at, due_at : int
            The order before the decision and the decision, in seconds since 1970.

        Returns
        -------
        tuple of array of int and array of float
            The contacts that act on the decision, and the factor of the hazard after each of them.

        Examples
        --------
        >>> day = 86_400
        >>> Treatment(strength=0.4).hazard_shares(np.array([1, 5]) * day, 0, 20 * day)[1]  # 0.6 * 0.8
        array([0.6 , 0.48])
        """
        strength: Floats = np.full(sent_at.size, self.strength)
        strength[1:][np.diff(sent_at) <= _TIRES_FOR] /= 2
        acts = self.acts_on(sent_at, ordered_at, due_at)
        left: Floats = np.cumprod(1 - strength[acts], dtype=np.float64)
        return sent_at[acts], left
