"""What small shops are told, beside the truth: candidates, promotions, and the interval of the AUROC.

    python benchmarks/small_shops.py --customers 60 120 250 500 --shops 300

A pool of simulated customers of each kind is described once. A small shop is a draw from one half of them, and the
truth of what it ships is measured on the other half, on the day of the list. The weak kinds have the outcomes of 60 %
of the rows of each snapshot permuted, the random ones all of them. Shops are shared out among the kinds.

The first table says what each candidate loses on the truth, minus the loss of the churn rate, where it learns from all
rows of a small shop: below which size choosing among all of them (``--all``) pays less than the simple ones. The second
says how often the gate promotes, and how often the interval holds the truth. Widths are of the interval on the log-odds
scale, over that of DeLong's error clustered by customer, with the normal quantile.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

import churnml
from churnml.config import Config
from churnml.data.simulator import simulate
from churnml.errors import InputError
from churnml.models.candidates.base import Candidate
from churnml.models.rows import TrainingFrame
from churnml.statistics.auroc_interval import auroc_interval
from churnml.statistics.bootstrap import bootstrap_interval
from churnml.statistics.logodds import logit
from churnml.statistics.metrics import auroc, auroc_within, shape_loss
from churnml.training.choose.recipe import Recipe
from churnml.training.choose.selection import choose
from churnml.training.judge.gate import judge, shipped
from churnml.training.rows.study import Study, compared, make_study, silent

_POOL = 16_000
_FRESH = 10_000
_KINDS = ("gift", "fashion", "grocery", "textbook")
_MIXED = {"": 0.0, "weak": 0.6, "random": 1.0}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pool:
    """Rows of many customers of one law, of whom one half is drawn from and the other half tells the truth."""

    study: Study
    fresh: TrainingFrame
    newest: np.datetime64

    @classmethod
    def of(cls, kind: str) -> Pool:
        """Simulate a kind of shop and describe its customers; the last snapshot is the day of the lists."""
        with tempfile.TemporaryDirectory() as folder:
            simulate(folder, customers=_POOL, seed=11, kind=kind)
            study = make_study(churnml.read(folder), Config(features={"store": None}))
        frame, day = study.frame, study.frame.days[-1]
        known = frame.days[frame.days + study.definition.reach_days <= day]
        half = frame.hashes < 0.5
        study = dataclasses.replace(
            study,
            frame=frame.take(half & (frame.snapshots <= known[-1])),
            as_of=day.astype(object),
            asked=study.asked.model_copy(update={"threads": 1}),
            shop_rates={},
            partial_rates=None,
            day_rows=None,
            progress=silent,
        )
        fresh = np.flatnonzero(~half & (frame.snapshots == day))[:_FRESH]
        return cls(study=study, fresh=frame.take(np.isin(np.arange(len(frame)), fresh)), newest=day)

    def draw(self, customers: int, mixed: float, seed: int) -> tuple[Study, TrainingFrame]:
        """Draw a small shop, and give the truth with it, with a share of the outcomes permuted."""
        rng, frame = np.random.default_rng([seed, customers]), self.study.frame
        drawn = rng.choice(np.unique(frame.customers), customers, replace=False)
        rows = frame.take(np.isin(frame.customers, drawn))
        hashes = rng.random(customers)[np.unique(rows.customers, return_inverse=True)[1]]
        rows = dataclasses.replace(rows, hashes=hashes, churned=mix(rows, mixed, rng))
        study = dataclasses.replace(self.study, frame=rows)
        return study, dataclasses.replace(self.fresh, churned=mix(self.fresh, mixed, np.random.default_rng(0)))


def mix(frame: TrainingFrame, share: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Permute the outcomes of a share of the rows, within each snapshot."""
    churned = frame.churned.copy()
    for day in frame.days:
        rows = np.flatnonzero((frame.snapshots == day) & (rng.random(len(frame)) < share))
        churned[rows] = churned[rng.permutation(rows)]
    return churned


def one_shop(pool: Pool, kind: str, customers: int, seed: int, all_of_them: bool) -> dict[str, Any]:
    """Choose and judge on a small shop, and measure the truth of it."""
    study, fresh = pool.draw(customers, _MIXED[kind.partition(" ")[2]], seed)
    if not all_of_them:
        study = dataclasses.replace(study, candidates=compared(study.candidates, study.frame))
    told: dict[str, Any] = {"customers": customers, "kind": kind}
    try:
        choice = choose(study)
    except InputError:
        return told
    verdict, _ = judge(study, choice)
    recipe, logodds = shipped(choice, verdict)
    rows = study.gate_rows
    low, high = auroc_interval(rows.churned, logodds, rows.snapshots, rows.customers)
    true = auroc(fresh.churned, predicted(study, recipe, fresh))

    def drawn(at: NDArray[np.intp]) -> float:
        return auroc_within(rows.churned[at], logodds[at], rows.snapshots[at])

    before = bootstrap_interval(drawn, rows.customers)
    for candidate in ("recency_rule", "rfm_logistic", "bg_nbd", "lightgbm"):
        plain = dataclasses.replace(recipe, candidate=candidate, weights={}, slope=1.0, segments=())
        told[candidate] = gained(fresh, predicted(study, plain, fresh))
    told["chosen"] = gained(fresh, predicted(study, choice.chosen, fresh))
    return told | {
        "judged": 1.0,
        "forward": float(study.plan.forward),
        "promoted": float(verdict.decision != "no skill"),
        "truth": true,
        "holds": float(low <= true <= high),
        "bootstrap": float(before[0] <= true <= before[1]),
        "half_width": float(np.ptp(logit([low, high])) / 2),
        "delong": delong_half_width(rows, logodds),
    }


def predicted(study: Study, recipe: Recipe, fresh: TrainingFrame) -> NDArray[np.float64]:
    """Fit a recipe on all rows of a study and predict others."""
    fitted: Candidate = recipe.fit(study.frame, study.settings)
    return recipe.calibrate(fitted.logodds(fresh.X), fresh.X)


def gained(fresh: TrainingFrame, logodds: NDArray[np.float64]) -> float:
    """Compute the shape loss minus that of the churn rate."""
    return shape_loss(fresh.churned, logodds) - shape_loss(fresh.churned, np.zeros(len(fresh)))


def delong_half_width(rows: TrainingFrame, logodds: NDArray[np.float64]) -> float:
    """Compute 1.96 of DeLong's errors, clustered by customer, on the log-odds scale, by leaving out one at a time."""
    found = auroc_within(rows.churned, logodds, rows.snapshots)
    without = [
        auroc_within(rows.churned[kept], logodds[kept], rows.snapshots[kept])
        for kept in (rows.customers != one for one in np.unique(rows.customers))
    ]
    error = np.sqrt(((np.array(without) - np.mean(without)) ** 2).sum())
    return float(norm.ppf(0.975) * error / (found * (1 - found)))


def main() -> None:
    """Print what small shops were told, by size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[60, 120, 250, 500])
    parser.add_argument("--shops", type=int, default=300, help="shops of each size")
    parser.add_argument("--kinds", nargs="+", default=[*_KINDS, *(f"{kind} weak" for kind in _KINDS[:3])])
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--all", action="store_true", help="compare all candidates, however few the customers are")
    asked = parser.parse_args()
    pools = {name: Pool.of(name) for name in dict.fromkeys(kind.split()[0] for kind in asked.kinds)}
    shops = []
    for customers in asked.customers:
        for seed in range(asked.first, asked.first + asked.shops):
            kind = asked.kinds[seed % len(asked.kinds)]
            shops.append(one_shop(pools[kind.split()[0]], kind, customers, seed, asked.all))
    found = pd.DataFrame(shops)
    pd.set_option("display.width", 200)
    losses = ["recency_rule", "rfm_logistic", "bg_nbd", "lightgbm", "chosen"]
    print(found.groupby(["customers", "kind"])[losses].mean().round(4).to_string())
    print(found.groupby("customers")[losses].mean().round(4).to_string())
    for name, rows in {"all": found, "promoted": found[found.promoted == 1]}.items():
        told = rows.groupby("customers")[["judged", "forward", "promoted", "truth", "holds", "bootstrap"]].mean()
        told["width"] = rows.groupby("customers").half_width.mean() / rows.groupby("customers").delong.mean()
        told.insert(0, "shops", rows.groupby("customers").size())
        print(f"\n{name}\n{told.round(3).to_string()}")
    print(f"\npromoted by kind\n{found.pivot_table('promoted', 'kind', 'customers').round(3).to_string()}")


if __name__ == "__main__":
    main()
