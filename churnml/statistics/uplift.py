"""How well a ranking finds the customers on whom a contact acts: figures of doubly robust scores, with their errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from churnml.statistics.figure import Figure
from churnml.statistics.logodds import Floats


def doubly_robust(listed: ArrayLike, outcome: ArrayLike, chance: ArrayLike, alone: ArrayLike, effect: float) -> Floats:
    """Compute a score of each customer whose mean is the effect, whatever is expected of the outcome.

    ``G = mu1 - mu0 + w (y - mu1) / e - (1 - w)(y - mu0) / (1 - e)`` with ``mu1 = mu0 + effect`` and e the chance of
    being listed (Robins, Rotnitzky and Zhao 1994, "Estimation of regression coefficients when some regressors are not
    always observed", Journal of the American Statistical Association 89).

    Parameters
    ----------
    listed : array-like of bool, shape (n,)
        Arm of each customer: true where listed, false where held out.
    outcome : array-like, shape (n,)
        What became of each: 1 where kept, or money.
    chance : array-like, shape (n,)
        Chance of each of being held out, in (0, 1).
    alone : array-like, shape (n,)
        Outcome mu0 that was expected of each if left alone, before the draw.
    effect : float
        Mean effect that was found on others.

    Returns
    -------
    array of float, shape (n,)
        Scores.

    Examples
    --------
    One who was listed with a chance of .9, of whom .4 was expected if left alone and .5 if listed, and who was kept:

    >>> doubly_robust([True], [1.0], [0.1], [0.4], 0.1).round(4).tolist()  # .1 + .5 / .9
    [0.6556]
    """
    w, y, mu0 = np.asarray(listed, dtype=bool), np.asarray(outcome, np.float64), np.asarray(alone, np.float64)
    held = np.asarray(chance, dtype=np.float64)
    scores: Floats = effect + np.where(w, (y - mu0 - effect) / (1 - held), -(y - mu0) / held)
    return scores


@dataclass(frozen=True)
class _Ranked:
    """Customers in the order of a ranking; those with equal numbers share their places.

    ``groups`` numbers the places from the top; ``starts`` and ``ends`` are the shares of the customers above each of
    them and down to it, ``weights`` weigh one on average.
    """

    groups: NDArray[np.intp]
    starts: Floats
    ends: Floats
    weights: Floats

    @classmethod
    def of(cls, ranking: ArrayLike, weights: ArrayLike | None) -> _Ranked:
        order = np.asarray(ranking, dtype=np.float64)
        w = np.ones(len(order)) if weights is None else np.asarray(weights, dtype=np.float64)
        w = w / w.mean()
        groups = np.unique(-order, return_inverse=True)[1]
        shares = np.bincount(groups, w) / len(w)
        ends = np.cumsum(shares)
        ends[-1] = 1.0
        return cls(groups, np.append(0.0, ends[:-1]), ends, w)

    @property
    def from_top(self) -> Floats:
        """Share of the customers above each one."""
        middles: Floats = ((self.starts + self.ends) / 2)[self.groups]
        return middles

    def total_at_or_below(self, values: Floats) -> Floats:
        """Mean over all of what those at or below each one have, half of their equals."""
        within = np.bincount(self.groups, self.weights * values) / len(values)
        totals: Floats = (within[::-1].cumsum()[::-1] - within / 2)[self.groups]
        return totals

    def total_at_or_above(self, values: Floats) -> Floats:
        """Mean over all of what those at or above each one have, half of their equals."""
        within = np.bincount(self.groups, self.weights * values) / len(values)
        totals: Floats = (within.cumsum() - within / 2)[self.groups]
        return totals

    def figure(self, value: float, influence: Floats) -> Figure:
        return Figure(value, self.weights * influence / len(influence), len(influence))


def mean_effect(scores: ArrayLike, weights: ArrayLike | None = None) -> Figure:
    """Compute the mean of the scores: the effect on all."""
    g = np.asarray(scores, dtype=np.float64)
    ranked = _Ranked.of(np.zeros(len(g)), weights)
    value = float(np.average(g, weights=ranked.weights))
    return ranked.figure(value, g - value)


def qini(scores: ArrayLike, ranking: ArrayLike, weights: ArrayLike | None = None) -> Figure:
    """Compute the area between the gains of a ranking and those of contacting at random.

    ``E[G F(S)] - E[G] / 2``, F being the share of the customers below S: the rank-weighted average effect with linear
    weights (Yadlowsky, Fleming, Shah, Brunskill and Wager 2025, "Evaluating treatment prioritization rules via
    rank-weighted average treatment effects", Journal of the American Statistical Association). Each customer moves it
    by ``(F_i G_i + E[G 1{S >= S_i}] - 2 E[G F] - (G_i - E[G]) / 2) / n``.

    Parameters
    ----------
    scores : array-like, shape (n,)
        Doubly robust scores; see `doubly_robust`.
    ranking : array-like, shape (n,)
        Numbers by which the customers are ranked, the first to be contacted has the highest. Equal ones share a place,
        so that a ranking of equals has the figure 0.
    weights : array-like, shape (n,), optional
        Weight of each customer; None weighs all alike.

    Returns
    -------
    Figure
        The figure, 0 for a ranking that knows nothing.

    Examples
    --------
    Places of 1/6, 1/2 and 5/6 from the bottom: 2 x 5/6 / 3 + 1 x 1/2 / 3 + 0 - 1 / 2:

    >>> round(qini([2.0, 1.0, 0.0], [3, 2, 1]).value, 4)
    0.2222
    """
    g = np.asarray(scores, dtype=np.float64)
    ranked = _Ranked.of(ranking, weights)
    below = 1 - ranked.from_top
    area, mean = (float(np.average(values, weights=ranked.weights)) for values in (below * g, g))
    influence = below * g + ranked.total_at_or_above(g) - 2 * area - (g - mean) / 2
    return ranked.figure(area - mean / 2, influence)


def auuc(scores: ArrayLike, ranking: ArrayLike, weights: ArrayLike | None = None) -> Figure:
    """Compute the area under the gains of a ranking, per customer: `qini` and half of the mean effect."""
    half = mean_effect(scores, weights)
    return qini(scores, ranking, weights) - Figure(-half.value / 2, -half.moved / 2, half.counted)


def autoc(scores: ArrayLike, ranking: ArrayLike, weights: ArrayLike | None = None) -> Figure:
    """Compute by how much the effect on the top of a ranking exceeds that on all, averaged over all tops.

    ``E[G (-log u - 1)]``, u being the share of the customers above: the rank-weighted average effect with logarithmic
    weights, which looks at the first places most (the source of `qini`). Each customer moves it by
    ``((w_i G_i - AUTOC) - (E[G 1{S <= S_i} / u] - E[G])) / n``. The weight of a place is the mean of ``-log u - 1``
    over it, so that all weights add up to 0.

    Examples
    --------
    >>> round(autoc([1.0, 0.0], [2, 1]).value, 4)  # log(2) / 2: the upper half weighs log 2 on average
    0.3466
    """
    g = np.asarray(scores, dtype=np.float64)
    ranked = _Ranked.of(ranking, weights)
    starts, ends = ranked.starts, ranked.ends
    w = (-(xlogy(ends, ends) - xlogy(starts, starts)) / (ends - starts))[ranked.groups]
    value, mean = (float(np.average(values, weights=ranked.weights)) for values in (w * g, g))
    influence = w * g - value - (ranked.total_at_or_below(g / ranked.from_top) - mean)
    return ranked.figure(value, influence)


def list_value(scores: ArrayLike, listed: ArrayLike, weights: ArrayLike | None = None) -> Figure:
    """Compute what a list brings, per customer of all of whom it was chosen; who is on it is taken as it is.

    Examples
    --------
    >>> list_value([3.0, 1.0, 2.0, 0.0], [True, False, True, False]).value
    1.25
    """
    return mean_effect(np.where(np.asarray(listed, dtype=bool), np.asarray(scores, dtype=np.float64), 0.0), weights)
