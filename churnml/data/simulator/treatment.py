"""What contacts do to simulated customers who are about to leave."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from churnml.data.simulator.behaviour import Flags, Floats, Ints
from churnml.data.simulator.season import DAY
from churnml.errors import InputError
from churnml.yaml_file import read_yaml

TYPES = ("persuadable", "sure_thing", "lost_cause", "sleeping_dog")

_ROUNDING = 1e-9
_ACTS_FOR = 30 * DAY
_TIRES_FOR = 60 * DAY


@dataclass(frozen=True, kw_only=True)
class Treatment:
    """Effect of contacts that are fed back to the simulated shop.

    A contact acts on the pending decision alone: sent after the order (or at its second), and before the next one would
    be due by at most 30 days, it multiplies the hazard of leaving by 1 - strength where the customer is persuadable, by
    1 + harm where it wakes a sleeping dog, and by 1 otherwise. After another contact within the 60 days before it, it
    has half the effect. The contacts that act on a decision multiply. Who is kept before the decision orders when the
    next order would have come, and who comes back after it some days after the contact.

    Attributes
    ----------
    strength : float
        Share of the hazard of leaving that a contact takes from the persuadable; 0 keeps nobody.
    persuadable, sure_thing, lost_cause, sleeping_dog : float
        Shares of the types; together 1. They are those of customers of whom nothing speaks for a type; see
        `churnml.data.simulator.types.types_of`.
    harm : float
        Share by which a contact raises the hazard of leaving of sleeping dogs.
    delivery : float
        Share of the listed customers who get their contact.
    contamination : float
        Share of the held-out customers who get one all the same.
    permute : bool
        Whether the arms are drawn anew for the contacts: those of the ledger then say nothing of who was contacted, so
        that whoever finds an effect of being listed has found one that is not there.
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
    persuadable: float = 1.0
    sure_thing: float = 0.0
    lost_cause: float = 0.0
    sleeping_dog: float = 0.0
    harm: float = 0.3
    delivery: float = 1.0
    contamination: float = 0.0
    permute: bool = False
    cost: float = 1.0
    open_days: float = 0.0

    def __post_init__(self) -> None:
        """Refuse numbers that mean nothing."""
        failures = [
            f"treatment.{name}: is {value}. Give a number {range_}."
            for name, value, range_, fits in (
                ("strength", self.strength, "from 0 (no effect) to below 1", 0 <= self.strength < 1),
                *((name, getattr(self, name), "from 0 to 1", 0 <= getattr(self, name) <= 1) for name in TYPES),
                ("harm", self.harm, "of 0 or more", math.isfinite(self.harm) and self.harm >= 0),
                ("delivery", self.delivery, "from 0 to 1", 0 <= self.delivery <= 1),
                ("contamination", self.contamination, "from 0 to 1", 0 <= self.contamination <= 1),
                ("cost", self.cost, "of 0 or more", math.isfinite(self.cost) and self.cost >= 0),
                ("open_days", self.open_days, "of 0 or more", math.isfinite(self.open_days) and self.open_days >= 0),
            )
            if not fits
        ]
        if not failures and abs(sum(self.shares) - 1) > _ROUNDING:
            failures.append(
                f"treatment: {', '.join(TYPES)} are {', '.join(map(str, self.shares))}, together {sum(self.shares):g}. "
                "Give shares that add up to 1."
            )
        if failures:
            raise InputError(failures)

    @property
    def shares(self) -> tuple[float, float, float, float]:
        """Shares of the types, in the order of ``TYPES``."""
        return self.persuadable, self.sure_thing, self.lost_cause, self.sleeping_dog

    @property
    def strengths(self) -> Floats:
        """Share of the hazard that a contact takes away, by type: below 0 where it adds to it."""
        return np.array([self.strength, 0.0, 0.0, -self.harm])

    def acts_on(self, sent_at: Ints, ordered_at: Ints | int, due_at: Ints | int) -> Flags:
        """Tell which contacts act on a decision, by the seconds since 1970 of the contact, the order before and it."""
        open_until = due_at + int(DAY * self.open_days)
        return (ordered_at <= sent_at) & (sent_at < open_until) & (due_at <= sent_at + _ACTS_FOR)

    def hazard_shares(self, sent_at: Ints, ordered_at: int, due_at: int, kind: int = 0) -> tuple[Ints, Floats]:
        """Compute the share of a customer's hazard of leaving that is left after each contact.

        Parameters
        ----------
        sent_at : array of int
            All contacts of the customer in seconds since 1970, sorted.
        ordered_at, due_at : int
            The order before the decision and the decision, in seconds since 1970.
        kind : int, optional
            Place in ``TYPES`` of what the customer is at the decision.

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
        strength: Floats = np.full(sent_at.size, self.strengths[kind])
        strength[1:][np.diff(sent_at) <= _TIRES_FOR] /= 2
        acts = self.acts_on(sent_at, ordered_at, due_at)
        left: Floats = np.cumprod(1 - strength[acts], dtype=np.float64)
        return sent_at[acts], left


def read_treatment(path: Path) -> dict[str, Any]:
    """Read the settings of a treatment from a YAML file.

    Parameters
    ----------
    path : Path
        File with names and values of `Treatment`.

    Raises
    ------
    InputError
        Where it names another setting, or gives something that is no number, or for ``permute`` neither true nor false.
    ConfigError
        Where it is no YAML of names and values.
    """
    values, kinds = read_yaml(path), {field.name: field.type for field in fields(Treatment)}
    failures = []
    for name, value in values.items():
        if name not in kinds:
            failures.append(f"{path}: {name} is no setting of a treatment. Give some of {', '.join(kinds)}.")
        elif kinds[name] == "bool" and not isinstance(value, bool):
            failures.append(f"{path}: {name} is {value!r}. Give true or false.")
        elif kinds[name] == "float" and (isinstance(value, bool) or not isinstance(value, int | float)):
            failures.append(f"{path}: {name} is {value!r}. Give a number.")
    if failures:
        raise InputError(failures)
    return {name: float(value) if kinds[name] == "float" else value for name, value in values.items()}
