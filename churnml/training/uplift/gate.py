"""The gate of a ranking by effect: whether it keeps more customers than the ranking in use, forward in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from churnml.models.effect import Effect
from churnml.statistics.figure import Figure
from churnml.statistics.logodds import Floats
from churnml.statistics.sequences import LEVEL, mixture_half_width
from churnml.statistics.uplift import autoc, auuc, doubly_robust, list_value, mean_effect, qini
from churnml.training.uplift.recipe import fit_effect

PLANNED_BLOCKS = 12
"""Number of blocks at which the bound for any number of looks is to be narrowest."""
PLANNED_HELD_OUT = 900
"""Held-out customers whose outcome is known when the one planned look is taken."""
FEWEST_HELD_OUT = 20
"""Held-out customers of a block."""
_BEST_SHARE = 0.5
_ONE_SIDED = 1.6448536269514722


@dataclass(frozen=True, kw_only=True)
class Entrants:
    """Customers who entered a campaign, with their arms, what became of them, and what was known before.

    Attributes
    ----------
    X : pandas DataFrame, shape (n, columns)
        Features on the day of entry, and the columns that the risk model gives.
    listed : array of bool, shape (n,)
        Arm of each customer.
    kept, profit : array of float, shape (n,)
        Outcomes: 1 where kept; money.
    chance : array of float, shape (n,)
        Chance of being held out.
    kept_alone, profit_alone : array of float, shape (n,)
        Outcomes that were expected of them if left alone.
    cohort : array of int, shape (n,)
        Code of the day of entry, 0 for the first.
    in_use : array of float, shape (n,)
        Number by which the ranking in use ranked them within their cohort, the first has the highest.
    weights : array of float, shape (n,)
        One over the chance of being looked at: 1, but for those explored below the list's reach.
    """

    X: pd.DataFrame
    listed: NDArray[np.bool_]
    kept: Floats
    profit: Floats
    chance: Floats
    kept_alone: Floats
    profit_alone: Floats
    cohort: NDArray[np.int64]
    in_use: Floats
    weights: Floats

    def __len__(self) -> int:
        return len(self.kept)

    def take(self, rows: NDArray[np.bool_]) -> Entrants:
        """Give some of the rows."""
        return Entrants(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})

    def mean_effects(self) -> tuple[float, float]:
        """Return the mean effect on keeping, and on profit."""
        return self._mean(self.kept, self.kept_alone), self._mean(self.profit, self.profit_alone)

    def scores(self, effects: tuple[float, float]) -> tuple[Floats, Floats]:
        """Return doubly robust scores of keeping and of profit, given mean effects that others showed."""
        return (
            doubly_robust(self.listed, self.kept, self.chance, self.kept_alone, effects[0]),
            doubly_robust(self.listed, self.profit, self.chance, self.profit_alone, effects[1]),
        )

    def _mean(self, outcome: Floats, alone: Floats) -> float:
        return mean_effect(doubly_robust(self.listed, outcome, self.chance, alone, 0.0), self.weights).value


def fit(rows: Entrants) -> tuple[Effect, dict[str, float]]:
    """Fit the effect on keeping on all rows; see `fit_effect`."""
    return fit_effect(rows.scores(rows.mean_effects())[0], rows.X, rows.weights)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What one block of customers shows, ranked by a recipe that was fitted on the blocks before it.

    ``z_kept`` and ``z_profit`` are differences of the two rankings over their standard errors: of `qini`, and of the
    money that the better half of each cohort brings. ``held_out`` counts those up to it.
    """

    z_kept: float
    z_profit: float
    held_out: int


@dataclass(frozen=True, kw_only=True)
class Gate:
    """Verdict on ranking by effect.

    Attributes
    ----------
    open : bool
        Whether it ranks the list.
    looks : list of Look
        What each block shows, from the second on.
    figures : dict of str to Figure
        Of all blocks from the second on together: ``qini, autoc, auuc`` of the ranking by effect, ``qini_in_use`` of
        that in use, ``more_qini`` and ``more_profit``, the differences, ``more_kept`` (customers kept per contact that
        the better half by effect has more than the better half by the ranking in use), and ``effect``, the mean.
    """

    open: bool
    looks: list[Look]
    figures: dict[str, Figure] = field(repr=False)


def judge(rows: Entrants) -> Gate:
    """Judge a ranking by effect against the ranking in use, block by block forward in time.

    Each block of cohorts is ranked by what was fitted on the blocks before it, so that the differences over their
    errors are martingale differences (Wager 2024, "Sequential validation of treatment heterogeneity"); unlike those of
    cross-fitting they do not hang together where there is no effect. Where effects rank two customers alike, the
    ranking in use decides, so that a constant effect changes nothing.

    Parameters
    ----------
    rows : Entrants
        All whose outcome is known.

    Returns
    -------
    Gate
        Verdict and figures.
    """
    blocks = make_blocks(rows)
    looks, parts = [], []
    for at in range(1, int(blocks.max(initial=0)) + 1):
        before, block = rows.take(blocks < at), rows.take(blocks == at)
        effect, _ = fit(before)
        part = _Compared.of(block, effect, before.mean_effects())
        looks.append(part.look(int((~rows.listed[(blocks >= 0) & (blocks <= at)]).sum())))
        parts.append(part)
    return Gate(open=is_open(looks), looks=looks, figures=_Compared.joined(parts).figures() if parts else {})


def make_blocks(rows: Entrants) -> NDArray[np.int64]:
    """Join cohorts to blocks with enough customers held out, and listed; the last ones wait where they are too few."""
    days = int(rows.cohort.max(initial=-1)) + 1
    arms = [np.bincount(rows.cohort, mask, days) for mask in (rows.listed, ~rows.listed)]
    block_of, block, counts = np.full(days, -1), 0, np.zeros(2)
    start = 0
    for day in range(days):
        counts += [arm[day] for arm in arms]
        if counts.min() >= FEWEST_HELD_OUT:
            block_of[start : day + 1] = block
            block, start, counts = block + 1, day + 1, np.zeros(2)
    return np.asarray(block_of[rows.cohort], dtype=np.int64)


def is_open(looks: Sequence[Look]) -> bool:
    """Say whether the gate stands open after so many looks.

    It opens once the sums of both z since it closed last are above
    ``sqrt((m + r) log((m + r) / (r (2 alpha)^2)))``, and closes once either sum since it opened lies below the negative
    of it; see `churnml.statistics.sequences.mixture_half_width`. m counts the blocks in which the rankings differ:
    where the recipe knows of no difference z is 0 for sure, so that nothing can be claimed wrongly. One look is
    planned, and takes the usual bound ``1.645 sqrt(m)``: that at which 900 held-out customers are known, if the gate
    never stood open before.
    """
    stands, since = False, 0
    planned = next((at for at, look in enumerate(looks) if look.held_out >= PLANNED_HELD_OUT), None)
    z = np.array([[look.z_kept, look.z_profit] for look in looks]).reshape(-1, 2)
    for at in range(len(looks)):
        seen = z[since : at + 1]
        sums, counts = seen.sum(axis=0), (seen != 0).sum(axis=0)
        bounds = np.array([mixture_half_width(count, PLANNED_BLOCKS, 2 * LEVEL) for count in counts])
        if since == 0 and at == planned:
            bounds = _ONE_SIDED * np.sqrt(counts)
        if not stands and (sums > bounds).all():
            stands, since = True, at + 1
        elif stands and (sums < -bounds).any():
            stands, since = False, at + 1
    return stands


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """Two rankings of the same customers, as shares of their cohort from below, and the scores of these."""

    kept: Floats
    profit: Floats
    by_effect: Floats
    in_use: Floats
    weights: Floats

    @classmethod
    def of(cls, block: Entrants, effect: Effect, effects: tuple[float, float]) -> _Compared:
        kept, profit = block.scores(effects)
        expected = effect.predict(block.X)
        return cls(
            kept=kept,
            profit=profit,
            by_effect=_shares(block.cohort, (block.in_use, expected)),
            in_use=_shares(block.cohort, (block.in_use,)),
            weights=block.weights,
        )

    @classmethod
    def joined(cls, parts: Sequence[_Compared]) -> _Compared:
        return cls(**{name: np.concatenate([getattr(one, name) for one in parts]) for name in cls.__dataclass_fields__})

    def look(self, held_out: int) -> Look:
        return Look(z_kept=_z(self._more_qini()), z_profit=_z(self._more(self.profit)), held_out=held_out)

    def figures(self) -> dict[str, Figure]:
        return {
            "effect": mean_effect(self.kept, self.weights),
            **{of.__name__: of(self.kept, self.by_effect, self.weights) for of in (qini, autoc, auuc)},
            "qini_in_use": qini(self.kept, self.in_use, self.weights),
            "more_qini": self._more_qini(),
            "more_kept": self._more(self.kept),
            "more_profit": self._more(self.profit),
        }

    def _more_qini(self) -> Figure:
        return qini(self.kept, self.by_effect, self.weights) - qini(self.kept, self.in_use, self.weights)

    def _more(self, scores: Floats) -> Figure:
        """Difference per contact of the two lists, each the better half of its ranking."""
        lists = [
            list_value(scores, ranking > 1 - _BEST_SHARE, self.weights) for ranking in (self.by_effect, self.in_use)
        ]
        more = lists[0] - lists[1]
        return Figure(more.value / _BEST_SHARE, more.moved / _BEST_SHARE, more.counted)


def _z(figure: Figure) -> float:
    return figure.value / figure.error if figure.error > 0 else 0.0


def _shares(cohort: NDArray[np.int64], keys: tuple[Floats, ...]) -> Floats:
    """Rank customers within their cohort by the last key, ties by those before it: shares from below, in (0, 1)."""
    order = np.lexsort((*keys, cohort))
    counts = np.bincount(cohort)
    starts = np.cumsum(counts) - counts
    places = np.empty(len(cohort))
    places[order] = np.arange(len(cohort))
    shares: Floats = (places - starts[cohort] + 0.5) / counts[cohort]
    return shares
