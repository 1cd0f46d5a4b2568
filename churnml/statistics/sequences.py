"""Intervals that hold however often one looks: confidence sequences by a normal mixture."""

from __future__ import annotations

import math

LEVEL = 0.05


def mixture_half_width(variance: float, planned: float, alpha: float = LEVEL) -> float:
    """Compute how far a sum may be from what it stands for, at all looks together.

    ``sqrt((V + r) log((V + r) / (r alpha^2)))`` with ``r = V* / (-log alpha^2 + log(1 - log alpha^2))``: the normal
    mixture of Robbins (1970, "Statistical methods related to the law of the iterated logarithm", Annals of Mathematical
    Statistics 41), as an asymptotic sequence (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2021, "Time-uniform
    central limit theory and asymptotic confidence sequences"). At the planned size it is 1.55 times as wide as an
    interval for one look.

    Parameters
    ----------
    variance : float
        Variance V of the sum so far.
    planned : float
        Variance V* at which the sequence is to be narrowest, fixed before the first look; above 0.
    alpha : float, optional
        Chance that the sequence misses at any look.

    Returns
    -------
    float
        Half of the interval's width, in units of the sum.

    Examples
    --------
    >>> round(mixture_half_width(100.0, 100.0) / (1.96 * 10), 2)
    1.55
    """
    square = 2 * math.log(alpha)
    r = planned / (-square + math.log(1 - square))
    return math.sqrt((variance + r) * (math.log((variance + r) / r) - square))
