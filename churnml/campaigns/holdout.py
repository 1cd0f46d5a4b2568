"""Holdouts: who is left alone, and how large an effect that can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from churnml.config import HoldoutSettings

_LEVEL = 0.95
_POWER = 0.8
_LARGEST_SHARE = 0.5
_KEY_BYTES = 64
PLANNED_EFFECT = 0.1
"""Difference of churn rates for which a campaign is planned: when it can be seen, the planned day has come."""


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """What all lists of a campaign together can show: those who entered, and whose arms are compared.

    Attributes
    ----------
    listed, held_out : int
        Number of customers of each arm who entered on all lists up to this one.
    smallest_effect : float or None
        Smallest difference of churn rates that these can show; None where they can show none.
    on : date
        Day on which the outcome of all of them is known.
    """

    listed: int
    held_out: int
    smallest_effect: float | None
    on: date


@dataclass(frozen=True, kw_only=True)
class HoldoutPlan:
    """What a list's holdout is, and what it can show.

    Attributes
    ----------
    campaign : str
        Name of the campaign that the holdout belongs to.
    share : float
        Chance with which a customer who enters is held out, 0 to 1.
    listed : int
        Number of customers who entered with this list and are on it.
    held_out : int
        Number of customers who entered with this list and would be on it, but are in the holdout.
    smallest_effect : float or None
        Smallest difference of churn rates between the two that can be told from chance; None where none can.
    until : date
        Day on which the outcome of this list is known.
    so_far : SoFar or None
        The same of all lists of the campaign together; None where this is the first.
    explored : int
        Number of customers of both arms who entered below the list's reach, drawn by lot (``scoring.explore_share``).
    """

    campaign: str
    share: float
    listed: int
    held_out: int
    smallest_effect: float | None
    until: date
    so_far: SoFar | None = None
    explored: int = 0


def draw(
    customers: pd.Series, entry_numbers: pd.Series, share: ArrayLike, campaign: str, key: str
) -> NDArray[np.bool_]:
    """Draw customers into the holdout: each by their own id, whoever else is drawn.

    A customer is held out exactly where the keyed 64-bit hash of campaign, number of the entry and id, divided by 2^64,
    lies below the share. So nobody can choose who is in it, another campaign holds out others, an arm can be drawn
    again from the id alone, and arms of those who enter together are exchangeable.

    Parameters
    ----------
    customers : pandas Series
        Ids of the customers.
    entry_numbers : pandas Series
        Number of each customer's entry into the campaign: 1 for the first.
    share : float or array of float
        Chance of being held out, 0 to 1.
    campaign, key : str
        Texts that the hash depends on besides the id.

    Returns
    -------
    array of bool
        Whether each customer is held out, in the order of ``customers``.
    """
    places = lot_numbers(customers, entry_numbers, campaign, key)
    return np.asarray(places < np.asarray(share, dtype=np.float64), dtype=np.bool_)


def lot_numbers(customers: pd.Series, entry_numbers: pd.Series, campaign: str, key: str) -> NDArray[np.float64]:
    """Draw a number from 0 to below 1 for each customer: the keyed hash of `draw`, divided by 2^64."""
    secret = key.encode() if len(key.encode()) <= _KEY_BYTES else blake2b(key.encode()).digest()
    start = blake2b(f"{len(campaign)}:{campaign}:".encode(), digest_size=8, key=secret)
    hashed = bytearray()
    for customer, number in zip(customers.to_numpy(), entry_numbers.to_numpy(), strict=True):
        one = start.copy()
        one.update(f"{number}:{customer}".encode())
        hashed += one.digest()
    return np.asarray(np.frombuffer(bytes(hashed), dtype=">u8").astype(np.float64) / 2.0**64)


def smallest_effect(rate: float, listed: int, held_out: int) -> float | None:
    """Compute the smallest difference of churn rates that a holdout can show.

    ``(z(0.975) + z(0.8)) * sqrt(p (1 - p) (1 / n1 + 1 / n2))``: two-sided at 95 % with a power of 80 % (Fleiss,
    Levin and Paik 2003, "Statistical methods for rates and proportions", chapter 4, without continuity correction).

    Parameters
    ----------
    rate : float
        Churn rate without a contact, 0 to 1.
    listed, held_out : int
        Number of customers of each of the two groups.

    Returns
    -------
    float or None
        Difference of churn rates; None where a group is empty, and where not even contacts that keep everybody would
        show: no effect is larger than the churn rate itself.

    Examples
    --------
    >>> round(smallest_effect(0.6, 450, 50), 3)
    0.205
    >>> smallest_effect(0.6, 45, 1)
    """
    if not listed or not held_out:
        return None
    effect = float(_quantiles() * np.sqrt(rate * (1 - rate) * (1 / listed + 1 / held_out)))
    return effect if 0 < effect <= rate else None


def share_for(settings: HoldoutSettings, rate: float, listed: int) -> float:
    """Return the share that is held out: as set, or large enough to show the effect that is set.

    Parameters
    ----------
    settings : HoldoutSettings
        Settings of the holdout: a share, or an effect to be seen.
    rate : float
        Churn rate without a contact, 0 to 1.
    listed : int
        Number of customers on the work list, who are contacted.

    Returns
    -------
    float
        Share of the customers, at most 0.5; where that is not enough, ``smallest_effect`` of the result tells what can
        be seen.

    Examples
    --------
    >>> share_for(HoldoutSettings(effect=0.1), 0.5, 10_000)  # 200 held out of 10,200
    0.0196...
    """
    if settings.effect is None:
        return settings.share
    # With 1 / n1 + 1 / n2 from the formula of smallest_effect, n2 / (n1 + n2) is 1 / (n1 (1 / n1 + 1 / n2)).
    needed = rate * (1 - rate) * (_quantiles() / settings.effect) ** 2
    return float(min(needed / max(listed, 1), _LARGEST_SHARE))


def planned_information(rate: float, effect: float = PLANNED_EFFECT) -> float:
    """Compute how much must have entered for an effect to be seen: ``n1 n0 / (n1 + n0)``; see `smallest_effect`.

    Examples
    --------
    >>> round(planned_information(0.6), 1)
    188.4
    """
    return rate * (1 - rate) * (_quantiles() / effect) ** 2


def _quantiles() -> float:
    return float(norm.ppf(0.5 + _LEVEL / 2) + norm.ppf(_POWER))
