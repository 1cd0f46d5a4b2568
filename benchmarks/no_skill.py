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
import dataclasses
import tempfile
from datetime import date

from joblib import Parallel, delayed

import churnml
from churnml.config import Config
from churnml.data.simulator import Effects, simulate
from churnml.definition import ChurnDefinition
from churnml.models.candidates import CANDIDATES
from churnml.models.rows import TrainingFrame
from churnml.training.result import Training
from churnml.training.rows.study import Study, make_study, silent
from churnml.training.train import train
from tests.drawn import draw_frame, permuted

CHEAP = ["recency_rule", "bg_nbd", "rfm_logistic"]


def of_shop(shop: churnml.Shop, config: Config, as_of: date | None) -> Study:
    """Make the study of a shop, whose level does not follow the shop's."""
    return dataclasses.replace(make_study(shop, config, as_of), shop_rates={})


def of_frame(frame: TrainingFrame, config: Config) -> Study:
    """Make the study of drawn rows."""
    names = [name for name in config.training.candidates if CANDIDATES[name].suits(list(frame.X.columns))]
    definition, end = config.definition, date(2025, 1, 1)
    origin = {"first_day": "2023-01-01", "data_fingerprint": "drawn"}
    return Study(frame=frame, definition=definition, as_of=end, asked=config.training, candidates=names, origin=origin)


def simulated(customers: int, seed: int, config: Config) -> Training:
    """Train on a simulated shop without effects."""
    with tempfile.TemporaryDirectory() as folder:
        simulate(folder, customers=customers, seed=seed, effects=Effects.none(), jobs=1, kind="textbook")
        return train(of_shop(churnml.read(folder), config, None))


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
        work = (delayed(train)(of_frame(frame, config)) for frame in frames)
    else:
        study = of_shop(churnml.read(asked.shop), config, asked.as_of)
        studies = (dataclasses.replace(study, frame=permuted(study.frame, seed), progress=silent) for seed in seeds)
        work = (delayed(train)(one) for one in studies)
    promoted = 0
    for seed, found in zip(seeds, Parallel(n_jobs=asked.jobs, return_as="generator")(work), strict=True):
        if found.model is not None:
            promoted += 1
            print(f"seed {seed}: {found.card.candidate} was promoted", flush=True)
    print(f"{promoted} promotions in {asked.seeds} seeds")


if __name__ == "__main__":
    main()
