"""How often a model is promoted where there is nothing to learn.

    python benchmarks/no_skill.py SHOP --as-of 2011-09-01 --horizon 90 --active 365 --seeds 100 --cheap
    python benchmarks/no_skill.py --simulate 3000 --seeds 100 --cheap
    python benchmarks/no_skill.py --drawn 400 --seeds 100 --cheap

With a shop, its labels are permuted within each snapshot, another way for each seed; with ``--simulate``, each seed is
a simulated shop of so many customers whose leaving depends on nothing; with ``--drawn``, rows of so many customers are
drawn without a shop, recency telling who leaves, and their labels permuted. ``--cheap`` compares the rules alone;
without it all candidates are, end to end from the built features on.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import date

from joblib import Parallel, delayed

import churnml
from churnml.config import Config
from churnml.data.population import data_end, training_snapshots
from churnml.data.simulator import Effects, simulate
from churnml.definition import ChurnDefinition
from churnml.features.available import learnable
from churnml.models.rows import TrainingFrame
from churnml.tracking.trainer import Trainer
from churnml.training.result import Training
from churnml.training.rows.frame import build_training_frame
from tests.drawn import draw_frame, permuted

CHEAP = ["recency_rule", "bg_nbd", "rfm_logistic"]


def built(shop: churnml.Shop, config: Config, as_of: date | None) -> tuple[TrainingFrame, date, list[str]]:
    """Build all labelled rows of a shop, and give the end of its data and the features that are off."""
    definition = config.definition
    end = data_end(shop, as_of, definition.horizon_days)
    snapshots = training_snapshots(shop.first_day, end, definition, config.snapshots.every_days)
    features, off = learnable(shop, None, end)
    return build_training_frame(shop, definition, snapshots, features, end, config.training.max_rows, 7), end, off


def trained(frame: TrainingFrame, end: date, off: list[str], config: Config) -> Training:
    """Train on labelled rows."""
    return Trainer(config=config, track=False)._train_on(frame, config.training.candidates, end, {}, off=off)


def simulated(customers: int, seed: int, config: Config) -> Training:
    """Train on a simulated shop without effects."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(folder, customers=customers, seed=seed, effects=Effects.none(), jobs=1)
        return trained(*built(churnml.read(folder), config, None), config)


def main() -> None:
    """Count promotions over seeds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shop", nargs="?")
    parser.add_argument("--simulate", type=int, metavar="CUSTOMERS")
    parser.add_argument("--drawn", type=int, metavar="CUSTOMERS")
    parser.add_argument("--as-of", type=date.fromisoformat)
    parser.add_argument("--horizon", type=int, default=90)
    parser.add_argument("--active", type=int, default=365)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--cheap", action="store_true")
    parser.add_argument("--jobs", type=int, default=2, help="seeds at a time")
    asked = parser.parse_args()
    if [asked.shop, asked.simulate, asked.drawn].count(None) != 2:
        parser.error("name a shop, or --simulate or --drawn with a number of customers")
    definition = ChurnDefinition(horizon_days=asked.horizon, active_days=asked.active)
    candidates = {"candidates": CHEAP} if asked.cheap else {}
    config = Config(definition=definition, training={"bootstrap_draws": 20, "threads": 1, **candidates})
    seeds = range(asked.first, asked.first + asked.seeds)
    if asked.simulate:
        work = (delayed(simulated)(asked.simulate, seed, config) for seed in seeds)
    elif asked.drawn:
        frames = (permuted(draw_frame(asked.drawn, seed=seed), seed) for seed in seeds)
        work = (delayed(trained)(frame, date(2025, 1, 1), [], config) for frame in frames)
    else:
        frame, end, off = built(churnml.read(asked.shop), config, asked.as_of)
        work = (delayed(trained)(permuted(frame, seed), end, off, config) for seed in seeds)
    promoted = 0
    for seed, found in zip(seeds, Parallel(n_jobs=asked.jobs, return_as="generator")(work), strict=True):
        if found.model is not None:
            promoted += 1
            print(f"seed {seed}: {found.card['candidate']} was promoted", flush=True)
    print(f"{promoted} promotions in {asked.seeds} seeds")


if __name__ == "__main__":
    main()
