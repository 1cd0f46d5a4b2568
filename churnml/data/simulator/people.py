"""Who the customers of a simulated shop are."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from churnml.data.simulator.effects import Effects
from churnml.data.simulator.kinds import Kind

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64] | npt.NDArray[np.bool_]

_MEMORYLESS_PACE_DAYS = 75.0


@dataclass(frozen=True)
class People:
    """Who the customers of a chunk are, one value each.

    ``first_at`` is the second of the first order in the customers' own time, ``pace_days`` the usual gap between
    orders, ``base_hazard`` the hazard of leaving without any reason, ``discount_share`` the customary discount (0 where
    there is none), ``line_share`` how full the basket is, ``taste`` where in the catalogue they buy, 0 (cheap) to 1,
    ``bulk`` how many pieces at a time, 1 on a median customer.
    """

    first_at: Floats
    pace_days: Floats
    regularity: Floats
    base_hazard: Floats
    late_share: Floats
    discount_share: Floats
    line_share: Floats
    taste: Floats
    bulk: Floats

    def keep(self, rows: Rows) -> People:
        """Give some of them."""
        return People(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def draw_people(
    rng: np.random.Generator, customers: int, kind: Kind, effects: Effects, start: float, end: float
) -> People:
    """Draw customers.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of all draws.
    customers : int
        Number of customers.
    kind : Kind
        What makes the customers of the shop.
    effects : Effects
        What makes them leave. Where memoryless, all share one pace and have no hazard.
    start, end : float
        Seconds of the customers' own time between which first orders fall: ``[start, end)``.

    Returns
    -------
    People
        One value per customer.
    """
    pace = np.clip(kind.pace_days * rng.lognormal(0.0, kind.pace_spread, customers), *kind.pace_bounds_days)
    base = rng.gamma(6.0, kind.base_hazard / 6.0, customers)
    base[rng.random(customers) < kind.one_time_share] = 3.0  # one-time buyers: 95 % never come back
    if kind.twice_share:
        pace = np.where(rng.random(customers) < kind.twice_share, pace / 2, pace)
    if effects.memoryless:
        pace = np.full(customers, _MEMORYLESS_PACE_DAYS)
        base = np.zeros(customers)
    has_discount = rng.random(customers) < kind.discount_customers
    late_strength, basket_strength = 5.1, 5.0
    return People(
        first_at=start + (end - start) * rng.random(customers) ** kind.arrival_bend,
        pace_days=pace,
        regularity=rng.uniform(*kind.regularity, customers),
        base_hazard=base,
        # Carriers differ by region: few customers get most late parcels.
        late_share=_shares(rng, kind.late_share, late_strength, customers),
        discount_share=np.where(has_discount, rng.uniform(0.15, 0.20, customers), 0.0),
        line_share=_shares(rng, kind.full_basket_share, basket_strength, customers),
        taste=rng.beta(2.0, 2.5, customers),
        bulk=rng.lognormal(0.0, kind.bulk_spread, customers) if kind.bulk_spread else np.ones(customers),
    )


def _shares(rng: np.random.Generator, mean: float, strength: float, customers: int) -> Floats:
    return rng.beta(round(mean * strength, 12), round((1 - mean) * strength, 12), customers)
