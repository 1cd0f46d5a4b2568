"""How often intervals of a readout hold what is true, and how often they claim what is not.

Campaigns are drawn as arrays: customers with a probability of leaving (AUROC about .78), arms by lot, outcomes without
an effect or with one. For each cell: how often the 95 % interval holds the truth, on which side it misses, how often 52
weekly looks claim something by the fixed interval and by the sequence, and how wide the interval is beside Newcombe's.

    python benchmarks/effects.py [--campaigns 4000]
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from multiprocessing import Pool

import numpy as np

from churnml.campaigns.holdout import planned_information
from churnml.statistics.effects import Entered, effect_on_money, effect_on_share
from churnml.statistics.sequences import mixture_half_width
from churnml.statistics.shares import newcombe

SPREAD = 1.25  # of the log-odds: an AUROC of about .78
BASES = (0.6, 0.9, 0.3)
SIZES = (100, 200, 500, 1_000, 5_000)
SHARES = (0.05, 0.1, 0.3)
LOG_SDS = (0.5, 1.0, 1.5)
WEEKS = 52


def probabilities(rng: np.random.Generator, n: int, base: float) -> np.ndarray:
    """Draw probabilities whose mean is about the base rate."""
    middle = math.log(base / (1 - base)) * math.sqrt(1 + math.pi * SPREAD**2 / 8)
    return 1 / (1 + np.exp(-(middle + SPREAD * rng.normal(size=n))))


def share_campaign(rng: np.random.Generator, n: int, base: float, held: float, effect: float) -> tuple:
    """Draw a campaign's shares: interval, effect that is true, and width of Newcombe's interval."""
    p, listed = probabilities(rng, n, base), rng.random(n) >= held
    with_effect = np.clip(p + effect, 0, 1)
    y = (rng.random(n) < np.where(listed, with_effect, p)).astype(float)
    entered, kept = Entered.of(listed, np.zeros(n), p)
    if not len(entered):
        return math.nan, math.nan, math.nan, math.nan
    found, truth = effect_on_share(entered, y[kept]), float((with_effect - p).mean())
    low, high = newcombe(y[listed].sum(), listed.sum(), y[~listed].sum(), (~listed).sum())
    return *found.interval, truth, float(high - low)


def money_campaign(rng: np.random.Generator, n: int, log_sd: float, held: float, effect: float) -> tuple:
    """Draw a campaign's money: interval and effect that is true (a factor of spend)."""
    p, listed = probabilities(rng, n, 0.6), rng.random(n) >= held
    typical = rng.lognormal(4, 0.5, n)
    stays = rng.random(n) >= p
    y = stays * typical * rng.lognormal(-(log_sd**2) / 2, log_sd, n)
    y = np.where(listed, y * (1 + effect), y)
    truth = float(effect * ((1 - p) * typical).mean())
    entered, kept = Entered.of(listed, np.zeros(n), (1 - p) * typical)
    if not len(entered):
        return math.nan, math.nan, math.nan, math.nan
    found = effect_on_money(entered, y[kept])
    return *found.interval, truth, math.nan


def looks(rng: np.random.Generator, weekly: int) -> tuple[bool, bool]:
    """Say whether any of 52 weekly looks at a campaign without effect claims one: fixed, and by the sequence."""
    n = weekly * WEEKS
    p, listed, week = probabilities(rng, n, 0.6), rng.random(n) >= 0.1, np.repeat(np.arange(WEEKS), weekly)
    y = (rng.random(n) < p).astype(float)
    planned = planned_information(0.6) * 0.6 * 0.4
    fixed = always = False
    for last in range(WEEKS):
        seen = week <= last
        entered, kept = Entered.of(listed[seen], week[seen], p[seen])
        if not len(entered) or min(entered.arms) < 3:
            continue
        found = effect_on_share(entered, y[seen][kept])
        half = mixture_half_width(entered.information**2 * found.variance, planned) / entered.information
        fixed |= found.interval.low > 0 or found.interval.high < 0
        always |= abs(found.value) > half
    return fixed, always


def cells(campaigns: int) -> Iterator[tuple]:
    """Name all cells."""
    for effect in (0.0, -0.1, 0.1):
        for base in BASES:
            for n in SIZES:
                for held in SHARES if effect == 0 else (0.1,):
                    yield "share", n, base, held, effect, campaigns
    for effect in (0.0, 0.3, -0.3):
        for log_sd in LOG_SDS:
            for n in SIZES:
                for held in SHARES if effect == 0 else (0.1,):
                    yield "money", n, log_sd, held, effect, campaigns
    for weekly in (50, 100, 300):
        yield "looks", weekly, 0, 0.1, 0.0, max(campaigns // 4, 10)


def measure(cell: tuple) -> str:
    """Measure a cell, and write its line."""
    what, n, law, held, effect, campaigns = cell
    rng = np.random.default_rng([int(1000 * law), n, int(1000 * held), int(1000 * (1 + effect)), len(what)])
    if what == "looks":
        fixed, always = np.mean([looks(rng, n) for _ in range(campaigns)], axis=0)
        return f"| looks | {n} a week | | | any of {WEEKS} | fixed {fixed:.1%} | sequence {always:.1%} | |"
    draw = share_campaign if what == "share" else money_campaign
    low, high, truth, other = np.array([draw(rng, n, law, held, effect) for _ in range(campaigns)]).T
    there = np.isfinite(low)
    below, above = (high < truth)[there].mean(), (low > truth)[there].mean()
    beside = np.mean(high[there] - low[there]) / np.mean(other[there]) if what == "share" else math.nan
    return (
        f"| {what} | {n} | {law} | {held:.0%} | {effect:+.1f} | holds {1 - below - above:.3f} | "
        f"below {below:.3f} above {above:.3f} | none {1 - there.mean():.3f} | width {np.mean((high - low)[there]):.3f} "
        f"({beside:.3f} of Newcombe's) |"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=4_000, help="Campaigns per cell.")
    asked = parser.parse_args()
    with Pool(2) as pool:
        for line in pool.imap(measure, list(cells(asked.campaigns))):
            print(line, flush=True)
