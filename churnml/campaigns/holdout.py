"""Holdouts: who is left alone, and how large an effect that can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from hashlib import blake2b

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from churnml.config import HoldoutSettings

_LEVEL = 0.95
_POWER = 0.8
_LARGEST_SHARE = 0.5
_KEY_BYTES = 64


@dataclass(frozen=True)
class HoldoutPlan:
    """What a list's holdout is, and what it can show.

    Attributes
    ----------
    campaign : str
        Name of the campaign that the holdout belongs to.
    share : float
        Share of the customers in the holdout, 0 to 1.
    listed : int
        Number of customers on the work list.
    held_out : int
        Number of customers who would be on the list too, but are in the holdout.
    smallest_effect : float or None
        Smallest difference of churn rates between list and holdout that can be told from chance; None where none can.
    until : date
        Day until which everyone keeps their arm.
    """

    campaign: str
    share: float
    listed: int
    held_out: int
    smallest_effect: float | None
    until: date


def assign(
    customers: pd.Series, strata: pd.Series, share: float, campaign: str, key: str, fixed: pd.Series
) -> NDArray[np.bool_]:
    """Assign customers to the holdout.

    In each stratum the customers with the smallest keyed hash of id and campaign are, so that the holdout looks like
    the others, nobody can choose who is in it, and another campaign holds out others. Whose arm is fixed keeps it.

    Parameters
    ----------
    customers : pandas Series
        Ids of the customers, unique.
    strata : pandas Series
        Stratum of each customer, same index.
    share : float
        Share of each stratum that is held out, 0 to 1; rounded so that the share of all fits.
    campaign, key : str
        Texts that the hash depends on besides the id.
    fixed : pandas Series
        Arms that are fixed, true for the holdout, indexed by customer id.

    Returns
    -------
    array of bool
        Whether each customer is in the holdout, in the order of ``customers``.
    """
    ids = customers.to_numpy()
    kept = pd.Series(ids).map(fixed).astype("boolean")
    held = kept.fillna(False).to_numpy(dtype=bool)
    free = kept.isna().to_numpy()
    if not share:
        return held
    order = np.lexsort((_hashes(ids, campaign, key), strata.to_numpy().astype(str)))
    codes = pd.factorize(strata.to_numpy()[order])[0]
    # Rounding goes on from stratum to stratum, so that many small ones do not add up to another share.
    sizes = np.bincount(codes)
    wanted = np.diff(np.floor(np.cumsum(sizes) * share + 0.5), prepend=0)
    missing = wanted - np.bincount(codes, weights=held[order], minlength=len(sizes))
    open_place = pd.Series(free[order]).groupby(codes).cumsum().to_numpy()
    held[order] |= free[order] & (open_place <= missing[codes])
    return held


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


def _quantiles() -> float:
    return float(norm.ppf(0.5 + _LEVEL / 2) + norm.ppf(_POWER))


def _hashes(ids: NDArray[np.object_], campaign: str, key: str) -> NDArray[np.uint64]:
    secret = key.encode() if len(key.encode()) <= _KEY_BYTES else blake2b(key.encode()).digest()
    start = blake2b(f"{len(campaign)}:{campaign}:".encode(), digest_size=8, key=secret)
    hashed = bytearray()
    for customer in ids:
        one = start.copy()
        one.update(str(customer).encode())
        hashed += one.digest()
    return np.frombuffer(bytes(hashed), dtype=">u8").astype(np.uint64)
